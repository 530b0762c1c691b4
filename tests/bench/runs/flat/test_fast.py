"""The fast readers of CSV and JSONL against the plain ones, over files with every odd value."""

import csv
import gzip
import io
import json

import numpy as np
import pytest

from caopd_bench import read_run, score
from caopd_bench.core.errors import UsageError
from caopd_bench.runs.flat import fast_csv, fast_json
from caopd_bench.runs.flat.files import CHUNK, column_names, read_chunks
from caopd_bench.runs.flat.names import list_names
from caopd_bench.runs.flat.plain import read_plain_csv, read_plain_json
from caopd_bench.runs.flat.values import Wanted
from caopd_bench.runs.records import render_json

CONFIDENCES = [0.5, 0.7, 0.9, 1, 0, 1.0, 0.30000000000000004, 0.123456789]
ODD_CONFIDENCES = [
    *(None, "", "NA", "nan", "NaN", "null", " 0.5 ", "+0.5", ".5", "5.", "5e-1", "1e-400", "-0.0"),
    *("90%", "95", "-1.2", "inf", "-nan", "1_0", "abc", True, 2, -1, float("inf"), 10**400),
    *("0x1", "１", [0.5], {"p": 1}, "1" + "0" * 120, "0." + "1" * 120),
]
ODD_OUTCOMES = [True, False, "true", "False", "1.0", " 1 ", 1.0, None, "", "yes", 0.5, 2]
ODD_ITEMS = [
    *("", "a,b", 'say "x"', "x\ny", "a\r\nb", "größer", "名" * 90, "x" * 250, 7, -0, 10**30),
    *(None, 1.5, True, " q", "\u2028", "\ud800", "\0"),
]
ODD_GROUPS = [
    *(None, "", "NA", 1, "1", 1.0, "1.0", "01", True, "true", 1.5, "x" * 190, "x" * 250, [1]),
    *({"a": 1}, "größer", "a\nb", float("inf"), 10**30, -0.0, "-0"),
]
#: What a damaged file has in the wrong place.
CRUMBS = ['"', ",", "\n", "\r", "\0", '""', '"x"', " ", "\n\n", "{", "}", "},{", "}\n{", "[", "1"]


def make_rows(rng, n, share):
    """Give rows, so large a share of whose values are odd."""
    repeats = int(rng.integers(1, 4))

    def odd(value, others):
        return others[rng.integers(len(others))] if rng.random() < share else value

    return [
        {
            "confidence": odd(CONFIDENCES[rng.integers(8)], ODD_CONFIDENCES),
            "correct": odd(int(rng.integers(2)), ODD_OUTCOMES),
            "item": odd(f"q{i // repeats}", ODD_ITEMS),
            "level": odd(int(rng.integers(1, 4)), ODD_GROUPS),
            "text": 'He said: "yes,\nno" {x} [y] é' if rng.random() < 0.3 else "plain",
        }
        for i in range(n)
    ]


def make_csv(rng, rows):
    text = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if rng.random() < 0.5 else csv.QUOTE_MINIMAL
    writer = csv.writer(text, lineterminator=str(rng.choice(["\n", "\r\n"])), quoting=quoting)
    writer.writerow(rows[0])
    writer.writerows(["" if value is None else value for value in row.values()] for row in rows)
    return text.getvalue()


def make_jsonl(rng, rows):
    is_ascii = bool(rng.random() < 0.5)
    return "".join(json.dumps(row, ensure_ascii=is_ascii) + "\n" for row in rows)


def damage(rng, text):
    for _ in range(int(rng.integers(1, 3)) if rng.random() < 0.3 else 0):
        at = int(rng.integers(len(text) + 1))
        text = text[:at] + str(rng.choice(CRUMBS)) + text[at:]
    data = text.encode("utf-8", "surrogatepass")
    data = data.rstrip(b"\r\n") if rng.random() < 0.1 else data
    data += b"\xff\n" if rng.random() < 0.05 else b""
    return b"\xef\xbb\xbf" + data if rng.random() < 0.1 else data


def read(chunks):
    """Give all rows of the chunks, or the message of what is wrong."""
    found = {"confidence": [], "correct": [], "items": [], "level": []}
    try:
        for chunk in chunks:
            found["confidence"] += chunk.confidence.tolist()
            found["correct"] += chunk.correct.tolist()
            found["items"] += list_names(chunk.items)
            level = chunk.groups["level"]
            found["level"] += [repr(level.values[i]) if i >= 0 else "" for i in level.codes]
    except UsageError as error:
        return str(error)
    return str(found)  # NaN is not equal to itself


@pytest.fixture(params=["pyarrow", "csv"])
def small_blocks(request, monkeypatch):
    """Blocks of a few rows, read by pyarrow or without it."""
    monkeypatch.setattr(fast_csv, "PAYS", 0 if request.param == "pyarrow" else 1 << 60)
    monkeypatch.setattr(fast_csv, "PACKED_PAYS", fast_csv.PAYS)
    for module, name in ((fast_csv, "ARROW_SIZE"), (fast_csv, "SIZE"), (fast_json, "SIZE")):
        monkeypatch.setattr(module, name, 900)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("share", [0.0, 0.003, 0.05])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "csv.gz"])
def test_the_same_rows_or_the_same_message(tmp_path, kind, share):
    """Row by row, and to the letter: 40 files of each kind and share, some of them damaged."""
    rng = np.random.default_rng([ord(kind[0]), len(kind), int(1000 * share)])
    plain = read_plain_json if kind == "jsonl" else read_plain_csv
    outcomes = set()
    for number in range(40):
        rows = make_rows(rng, int(rng.choice([1, 5, 60, 200])), share)
        data = damage(rng, (make_jsonl if kind == "jsonl" else make_csv)(rng, rows))
        file = tmp_path / f"{number}.{kind}"
        file.write_bytes(gzip.compress(data) if kind.endswith("gz") else data)
        wanted = Wanted("confidence", "correct", "item", ("level",))
        try:
            names = column_names(file)
        except UsageError:
            continue
        if set(wanted.columns) <= set(names):
            expected = read(plain(file, wanted, CHUNK))
            assert read(read_chunks(file, wanted)) == expected, file.read_bytes()
            outcomes.add(expected.startswith("{"))
    assert True in outcomes
    assert share == 0 or False in outcomes


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_plain_files_are_read_by_the_fast_readers_alone(tmp_path, monkeypatch, kind):
    """Quoted texts with line ends in them, and nested objects, are plain enough."""
    for module, name in ((fast_csv, "chunk_csv"), (fast_json, "chunk_json")):
        monkeypatch.setattr(module, name, None)
    rng = np.random.default_rng(3)
    rows = make_rows(rng, 200, 0.0)
    file = tmp_path / f"a.{kind}"
    file.write_text((make_jsonl if kind == "jsonl" else make_csv)(rng, rows), encoding="utf-8")
    assert len(read_run(file).rows) == 200


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("share", [0.0, 0.1])
def test_what_is_counted_is_what_is_kept(tmp_path, repeats, share):
    """`score` counts the rows of a path, and those of a run that was read are kept."""
    rng = np.random.default_rng([repeats, int(10 * share)])
    file = tmp_path / "a.jsonl"
    rows = [
        {
            "confidence": None if rng.random() < share else float(rng.choice(CONFIDENCES[:5])),
            "correct": int(rng.integers(2)),
            "item": f"q{i // repeats}",
            "level": None if rng.random() < share else int(rng.integers(3)),
            "none": None,
        }
        for i in range(400)
    ]
    file.write_text(make_jsonl(rng, rows), encoding="utf-8")
    for keys in ([], ["level"]):
        kept = score(read_run(file, by=keys), by=keys)
        assert render_json(score(file, by=keys)) == render_json(kept)
    with pytest.raises(UsageError, match="--by none: task answers has no such group"):
        score(file, by=["none"])


def test_no_limit_of_memory_refuses_a_million_rows(tmp_path, run, monkeypatch):
    """As many as are kept elsewhere are counted, whatever they state."""
    monkeypatch.setattr("caopd_bench.runs.flat.count.MAX_HELD", 10)
    file = tmp_path / "a.csv"
    lines = (f"{i / 1000},{i % 2},q{i // 2}\n" for i in range(100))
    file.write_text("confidence,correct,item\n" + "".join(lines))
    code, out, _ = run("score", file)
    assert (code, "50 questions, 100 answers" in out) == (0, True)
    monkeypatch.setattr("caopd_bench.runs.flat.read.MAX_ROWS", 99)
    assert "too many questions" in run("score", file, "--decimals", 1)[1]


def test_different_problems_are_told_by_labels(tmp_path, run):
    """No row is kept, and the note is that of kept rows; a stored run has its rows."""
    for name, first in (("a", 0), ("b", 20), ("c", 0)):
        lines = (f"0.5,{i % 2},q{i}\n" for i in range(first, first + 60))
        (tmp_path / f"{name}.csv").write_text("confidence,correct,item\n" + "".join(lines))
    a, b, c = (tmp_path / f"{name}.csv" for name in "abc")
    said = "a and b answered different problems of answers: 60 and 60, 40 of them shared"
    assert said in run("score", a, b)[1]
    assert "answered different" not in run("score", a, c)[1]
    assert run("score", a, "--store", tmp_path / "a")[0] == 0
    assert said in run("score", f"a={tmp_path / 'a'}", b)[1]
