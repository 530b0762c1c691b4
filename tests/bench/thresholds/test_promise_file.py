"""The file of a threshold comes from anywhere: read to the bit, or refused in one line."""

import json
from functools import partial

import numpy as np
import pytest

from caopd_bench import load_threshold, recalibrate, threshold
from caopd_bench.core.errors import OutputError, UsageError
from caopd_bench.core.files.checked import MAX_BYTES

ROWS = [(0.99, int(i > 3)) for i in range(300)] + [(0.5, i % 2) for i in range(100)]
OTHER = [(c, int(i % 9 > 0)) for i, (c, _) in enumerate(ROWS)]
CUT = ("cuts", 0)


@pytest.fixture
def file(make_run, tmp_path):
    fitted = recalibrate(make_run(OTHER, "other"), method="platt")
    made = threshold(make_run(ROWS), max_risk=0.05, by="family", map=fitted)
    made.save(tmp_path / "t.json")
    return tmp_path / "t.json"


@pytest.fixture
def refusal(stored_files):
    return partial(stored_files.refusal, load_threshold)


@pytest.fixture
def put(stored_files):
    return stored_files.put


def test_what_is_written_is_read_to_the_bit(file):
    made = load_threshold(file)
    assert (made.source, made.outcome, made.by) == ("t.json", "CERTIFIED", "family")
    assert made.to_json() == file.read_text()
    assert made.map.method == "platt"
    json.loads(file.read_text(), parse_constant=lambda word: pytest.fail(word))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("kind",), "caopd-bench map", "has no 'kind'"),
        (("format",), 2, "format must be 1, got 2"),
        (("task",), "", "task must be a name"),
        (("form",), "risk", "form must be one of max-risk, min-coverage, cost"),
        (("form",), ["cost"], "form must be one of"),
        (("form",), "cost", "asked.cost_wrong must be a number above 0"),
        (("asked",), [], "asked must be an object"),
        (("asked", "max_risk"), 1.5, "asked.max_risk must be a number in [0, 1]"),
        (("asked", "max_risk"), True, "asked.max_risk must be a number in [0, 1]"),
        (("level",), 1, "level must be at least 0.5 and below 1"),
        (("level",), float("nan"), "level must be at least 0.5 and below 1"),
        (("by",), 3, "by must be a name or null"),
        (("by",), None, "cuts must be one, of group null"),
        (("cuts",), [], "cuts must be a list of 1 to 1,000 objects"),
        (("cuts",), [7], "cuts must be a list of 1 to 1,000 objects"),
        ((*CUT, "group"), {}, "cuts[0].group must be a text, a number"),
        ((*CUT, "group"), 10**400, "cuts[0].group must be a text, a number"),
        ((*CUT, "group"), "sum", "cuts must be of different groups"),
        ((*CUT, "outcome"), "PASS", "cuts[0].outcome must be one of CERTIFIED"),
        ((*CUT, "outcome"), "NONE", "cuts[0].cut must be null"),
        ((*CUT, "cut"), 99, "cuts[0].cut must be a number in [0, 1]"),
        ((*CUT, "cut"), "0.9", "cuts[0].cut must be a number in [0, 1]"),
        ((*CUT, "cut"), None, "cuts[0].cut must be a number in [0, 1]"),
        ((*CUT, "cut"), float("-inf"), "cuts[0].cut must be a number in [0, 1]"),
        ((*CUT, "max_risk"), ..., "cuts[0].max_risk must be a number in [0, 1]"),
        ((*CUT, "risk_bound"), -1, "cuts[0].risk_bound must be in [0, 1] or null"),
        ((*CUT, "n"), -1, "cuts[0].n must be a count"),
        ((*CUT, "n_kept"), 10**9, "n_kept must be at most n_parsed"),
        ((*CUT, "clusters"), 1.5, "cuts[0].clusters must be a count or null"),
        ((*CUT, "method"), "x" * 2000, "cuts[0].method must be a text"),
        ((*CUT, "cost"), "much", "cuts[0].cost must be a cost or null"),
        (("fitted", "sha256"), "x", "fitted.sha256 must be a SHA-256"),
        (("map",), [], "map: map must be an object"),
        (("map", "map", "method"), "histogram", "map: map.method must be one of"),
        (("provenance",), None, "provenance must be an object"),
    ],
)
def test_a_value_that_is_none_is_named(refusal, put, file, path, value, said):
    assert said in refusal(file, put(file, path, value))


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"\xff\xfe", b"[" * 100_000, b"{", b'{"kind": "caopd-bench threshold"}'],
)
def test_what_is_no_such_file_is_refused(refusal, file, content):
    assert "create one with: caopd-bench threshold RUN -o FILE" in refusal(file, content)


def test_a_file_that_is_too_large_or_absent(refusal, file, tmp_path):
    assert "more than 16 MB" in refusal(file, b" " * (MAX_BYTES + 1))
    with pytest.raises(UsageError, match="cannot be read"):
        load_threshold(tmp_path / "none.json")


def test_secrets_of_a_run_stay_out(make_run, results_of, tmp_path):
    folder = make_run(ROWS)
    results = json.loads(results_of(folder).read_text())
    results["config"]["model_args"]["token"] = "hf_abcdefghijklmnopqrstuvwxyz012345"
    results_of(folder).write_text(json.dumps(results))
    made = threshold(folder, max_risk=0.05)
    made.save(tmp_path / "t.json")
    assert "hf_abc" not in (tmp_path / "t.json").read_text()


def test_the_same_rows_in_any_order_give_the_same_bytes(tmp_path):
    lines = [f"{c},{y}" for c, y in ROWS]
    texts = []
    for folder, order in (("a", lines), ("b", lines[::-1])):
        file = tmp_path / folder / "rows.csv"
        file.parent.mkdir()
        file.write_text("\n".join(["confidence,correct", *order]) + "\n")
        made = json.loads(threshold(file, max_risk=0.05).to_json())
        made["provenance"] = None  # names the file by its hash
        texts.append(json.dumps(made))
    assert texts[0] == texts[1]


def test_it_replaces_its_own_kind_only(make_run, tmp_path):
    made = threshold(make_run(ROWS), max_risk=0.05)
    made.save(tmp_path / "t.json")
    threshold(make_run(ROWS), max_risk=0.1).save(tmp_path / "t.json")
    assert load_threshold(tmp_path / "t.json").asked == {"max_risk": 0.1}
    with pytest.raises(UsageError, match="contains the threshold for the run 'tiny', not 'mine'"):
        threshold(f"mine={make_run(ROWS)}", max_risk=0.1).save(tmp_path / "t.json")
    with pytest.raises(OutputError):
        made.save(tmp_path / "t.json" / "under.json")


def test_a_file_without_a_cut_is_refused_where_one_is_needed(make_run, tmp_path):
    threshold(make_run(ROWS[:10]), max_risk=0.05).save(tmp_path / "t.json")
    with pytest.raises(
        UsageError, match=r"t.json: (NONE|INCONCLUSIVE), so there is no cut to check"
    ):
        load_threshold(tmp_path / "t.json").require_cut("check")
    load_threshold(tmp_path / "t.json").keep([1.0])


def test_keep_takes_what_a_program_has(make_run):
    made = threshold(make_run(ROWS), max_risk=0.05)
    assert made.keep(0.99).shape == ()
    assert made.keep(np.array([[0.99, np.nan], [0.1, 1.0]])).tolist() == [
        [True, False],
        [False, True],
    ]
    assert made.keep([]).tolist() == []
    with pytest.raises(ValueError, match="divide percentages by 100"):
        made.keep([99])
    with pytest.raises(ValueError, match="one cut for all answers; leave it out"):
        made.keep([0.9], group=["a"])


def test_keep_maps_the_stated_confidence(file):
    made = load_threshold(file)
    kept = made.keep(
        [c for c, _ in ROWS], group=["product" if i % 2 else "sum" for i in range(400)]
    )
    assert kept.sum() == sum(one.n_kept for one in made.cuts)
    with pytest.raises(ValueError, match="group must have the shape"):
        made.keep([0.9, 0.9], group=["sum"])


def test_a_map_of_the_same_rows_would_choose_the_cuts(make_run):
    folder = make_run(ROWS)
    fitted = recalibrate(folder, method="isotonic")
    with pytest.raises(UsageError, match="was fitted to these same rows"):
        threshold(folder, max_risk=0.05, map=fitted)


def test_a_map_that_is_never_constant_changes_no_cut(make_run):
    """A map keeps the order: with one that merges no values the same answers are kept."""
    folder, other = make_run(ROWS), make_run(OTHER, "other")
    plain = threshold(folder, max_risk=0.05)
    mapped = threshold(folder, max_risk=0.05, map=recalibrate(other, method="platt"))
    stated = [c for c, _ in ROWS]
    assert (plain.keep(stated) == mapped.keep(stated)).all()
    assert mapped.cut != plain.cut
    assert mapped.settings == plain.settings


@pytest.mark.parametrize("level", [True, 0.3, 1.0, "0.9"])
def test_a_level_that_is_none(make_run, level):
    with pytest.raises(UsageError, match="level must be"):
        threshold(make_run(ROWS), max_risk=0.05, level=level)
