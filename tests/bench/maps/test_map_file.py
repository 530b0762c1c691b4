"""The file of a map comes from anywhere: read to the bit, or refused in one line."""

import json
from functools import partial

import pytest

from caopd_bench import load_map, recalibrate
from caopd_bench.core.errors import OutputError, UsageError
from caopd_bench.core.files.checked import MAX_BYTES

ROWS = [(0.5, 0), (0.5, 1), (0.9, 1), (0.9, 1), (0.9, 0), (1.0, 1)] * 5


@pytest.fixture
def file(make_run, tmp_path):
    recalibrate(make_run(ROWS)).save(tmp_path / "map.json")
    return tmp_path / "map.json"


@pytest.fixture
def refusal(stored_files):
    return partial(stored_files.refusal, load_map)


@pytest.fixture
def put(stored_files):
    return stored_files.put


def test_what_is_written_is_read_to_the_bit(file):
    fitted = load_map(file)
    assert fitted.source == "map.json"
    assert fitted.to_json() == file.read_text()
    json.loads(file.read_text(), parse_constant=lambda word: pytest.fail(word))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("kind",), "policy", "has no 'kind'"),
        (("format",), 2, "format must be 1, got 2"),
        (("format",), True, "format must be 1, got True"),
        (("task",), "", "task must be a name, got ''"),
        (("task",), 7, "task must be a name, got 7"),
        (("map",), [], "map must be an object"),
        (("map", "method"), "histogram", "map.method must be one of isotonic, beta, platt"),
        (("map", "method"), ["isotonic"], "map.method must be one of"),
        (("map", "version"), 9, "version must be 1, got 9"),
        (("map", "n"), 0, "n must be a positive number"),
        (("map", "n"), 10**400, "n must be a positive number"),
        (("map", "parameters"), {}, "parameters of isotonic must be values, probabilities"),
        (("map", "parameters", "values"), [0.9, 0.5, 1.0], "values must ascend"),
        (("map", "parameters", "values"), [0.5, 0.9], "differ in length"),
        (("map", "parameters", "values"), [0.5, "0.9", 1.0], "values must hold numbers"),
        (("map", "parameters", "values"), [0.5, None, 1.0], "values must hold numbers"),
        (("map", "parameters", "values"), [0.5, 0.9, 10**400], r"must be finite and in [0, 1]"),
        (("map", "parameters", "probabilities"), [0.9, 0.5, 1.0], "probabilities must not fall"),
        (("map", "parameters", "probabilities"), [0.5, 0.9, float("nan")], "must be finite"),
        (("map", "parameters", "probabilities"), [0.5, 0.9, float("inf")], "must be finite"),
        (("fitted", "run"), None, "fitted.run must be a name"),
        (("fitted", "rows"), -1, "fitted.rows must be a count"),
        (("fitted", "rows"), 10**400, "fitted.rows must be a count"),
        (("fitted", "parsed"), 1.5, "fitted.parsed must be a count"),
        (("fitted", "questions"), "3", "fitted.questions must be a count or null"),
        (("fitted", "sha256"), "x", "fitted.sha256 must be a SHA-256"),
        (("fitted", "parsers"), [3], "fitted.parsers must be a list of texts"),
        (("fitted", "parsers"), ["1"] * 101, "fitted.parsers must be a list of texts"),
        (("estimate",), ..., "estimate must be an object, got None"),
        (("estimate", "level"), 1.5, "estimate.level must be a number below 1"),
        (("estimate", "seed"), "0", "estimate.seed must be a count"),
        (("estimate", "gains"), [3], r"estimate.gains[0] must be an object, got 3"),
        (("estimate", "gains", 0, "metric"), "magic", "metric must be the name of a metric"),
        (("estimate", "gains", 0, "metric"), [], "metric must be the name of a metric"),
        (("estimate", "gains", 0, "after"), [1, 2], "after must be three numbers or null"),
        (("estimate", "gains", 0, "after"), [float("nan")] * 3, "three numbers or null"),
        (("provenance",), "x", "provenance must be an object"),
    ],
)
def test_a_value_that_cannot_be_is_named(refusal, put, file, path, value, said):
    assert said in refusal(file, put(file, path, value))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "[" * 5000, b"\xff\xfe", '{"kind": "caopd-bench map"}', "1" * 5000],
)
def test_what_is_no_map_is_refused(refusal, file, text):
    assert "caopd-bench recalibrate RUN -o FILE" in refusal(file, text)


def test_a_file_without_end_is_not_read(refusal, file):
    assert "more than 16 MB" in refusal(file, " " * (MAX_BYTES + 1))
    with pytest.raises(UsageError, match="cannot be read"):
        load_map(file.parent)
    with pytest.raises(UsageError, match="cannot be read"):
        load_map(file.with_name("none.json"))


def test_control_characters_do_not_reach_the_terminal(refusal, put, file):
    text = put(file, ("fitted", "sha256"), "\x1b[31m::error::x\n")
    said = refusal(file, text)
    assert "\x1b" not in said
    assert "::error::" not in said


def test_secrets_of_a_file_are_left_out(put, file):
    file.write_text(put(file, ("provenance", "model"), "https://u:pw123456@host/m"))
    assert "pw123456" not in repr(load_map(file).provenance)


def test_a_map_is_replaced_and_nothing_else(make_run, file, tmp_path):
    other = recalibrate(make_run(ROWS), seed=4)
    other.save(file)
    assert load_map(file).estimate.seed == 4
    named = recalibrate(f"named={make_run(ROWS)}")
    with pytest.raises(UsageError, match="contains the map for the run 'tiny', not 'named'"):
        named.save(file)
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    with pytest.raises(UsageError, match="exists and is not a map"):
        named.save(notes)
    assert notes.read_text() == "mine"
    with pytest.raises(OutputError):
        named.save(notes / "below.json")
