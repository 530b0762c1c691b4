"""`caopd-bench watch`: rows in, a verdict out; what came before is counted once."""

import datetime
import io
import json
import sys

import pytest

from caopd_bench.thresholds.promise import load_threshold
from caopd_bench.watch.look import look


def sums(folder):
    """Give the sums of all days and logs, rounded."""
    document = json.loads((folder / "watch.json").read_text())
    rows = [day for source in document["sources"] for day in source["days"].values()]
    return [round(sum(column), 6) for column in zip(*rows, strict=True)]


def write(file, rows):
    file.write_text("confidence,correct\n" + "".join(f"{c},{y}\n" for c, y in rows))
    return file


def test_the_law_of_the_promise_goes_on(watch, drawn, tmp_path):
    code, out, err = watch(write(tmp_path / "log.csv", drawn(1500, 2)))
    assert (code, err) == (0, "")
    assert out.startswith("NO ALARM: no evidence that the promise is broken")
    assert "the outcomes of all kept answers are known" in out


def test_a_worse_model_raises_an_alarm_that_stays(watch, drawn, tmp_path):
    log = write(tmp_path / "log.csv", drawn(1500, 2, drift=0.1))
    code, out, _ = watch(log)
    assert code == 1
    assert "risk: ALARM since " in out
    with log.open("a") as stream:
        stream.writelines("1.0,1\n" for _ in range(20_000))
    code, out, _ = watch(log)
    assert code == 1
    assert "risk: ALARM since " in out
    assert "  risk         quiet" in out  # the evidence itself is gone
    code, out, _ = watch(log, "--restart")
    assert code == 3, out
    assert "0 new rows" in out
    with log.open("a") as stream:
        stream.writelines("1.0,1\n" for _ in range(100))
    assert watch(log)[0] == 0


def test_a_log_that_grows_is_counted_once(watch, drawn, tmp_path):
    rows = drawn(900, 3)
    whole, grown = write(tmp_path / "whole.csv", rows), tmp_path / "grown.csv"
    watch(whole, state=tmp_path / "one")
    lines = whole.read_bytes()
    for end in (5, 200, 201, 4000, len(lines), len(lines)):
        grown.write_bytes(lines[:end])
        assert watch(grown, state=tmp_path / "many")[0] in (0, 3)
    assert sums(tmp_path / "many") == sums(tmp_path / "one")


def test_formats_agree(watch, drawn, tmp_path, monkeypatch):
    rows = drawn(300, 4)
    csv = write(tmp_path / "log.csv", rows)
    jsonl = tmp_path / "log.jsonl"
    jsonl.write_text("".join(json.dumps({"confidence": c, "correct": y}) + "\n" for c, y in rows))
    watch(csv, state=tmp_path / "csv")
    watch(jsonl, state=tmp_path / "jsonl")
    expected = sums(tmp_path / "csv")
    assert sums(tmp_path / "jsonl") == expected
    for name, file in (("csv-in", csv), ("jsonl-in", jsonl)):
        stdin = io.TextIOWrapper(io.BytesIO(file.read_bytes().rstrip(b"\n")))
        monkeypatch.setattr(sys, "stdin", stdin)
        watch("-", state=tmp_path / name)
        assert sums(tmp_path / name) == expected
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    parquet = tmp_path / "log.parquet"
    for n in (100, 300, 300):  # it is written again as it grows
        c, y = zip(*rows[:n], strict=True)
        pq.write_table(pa.table({"confidence": c, "correct": y}), parquet)
        assert watch(parquet, state=tmp_path / "parquet")[0] in (0, 3)
    assert sums(tmp_path / "parquet") == expected
    pq.write_table(pa.table({"confidence": [0.5], "correct": [1]}), parquet)
    code, _, err = watch(parquet, state=tmp_path / "parquet")
    assert code == 2
    assert "has 1 rows, fewer than before (300)" in err


def test_outcomes_come_later(watch, drawn, tmp_path):
    rows = drawn(400, 5)
    log = tmp_path / "log.jsonl"
    at_once = "".join(
        json.dumps({"id": i, "confidence": c, "correct": y, "day": "2026-11-01"}) + "\n"
        for i, (c, y) in enumerate(rows)
    )
    log.write_text(at_once)
    watch(log, state=tmp_path / "once")
    late = tmp_path / "late.jsonl"
    late.write_text(
        "".join(
            json.dumps({"id": i, "confidence": c, "day": "2026-11-01T23:00:00Z"}) + "\n"
            for i, (c, _) in enumerate(rows)
        )
    )
    code, out, _ = watch(late, state=tmp_path / "late")
    assert code == 3
    assert out.startswith("NO OUTCOMES")
    assert "(100.0%) have no outcome" in out
    with late.open("a") as stream:
        stream.writelines(
            json.dumps({"id": i, "correct": y}) + "\n" for i, (_, y) in enumerate(rows[:200])
        )
    code, out, _ = watch(late, state=tmp_path / "late")
    assert "a large share: have a random sample of them checked" in out
    # The others come in another file, and of a few answers nobody knows.
    outcomes = tmp_path / "outcomes.csv"
    tail = "".join(f"{i},{y}\n" for i, (_, y) in list(enumerate(rows))[200:])
    outcomes.write_text(f"id,correct\n{tail}777,1\n")
    code, out, _ = watch(outcomes, state=tmp_path / "late")
    assert "match no pending answer and do not count: 1" in out
    assert sums(tmp_path / "late") == sums(tmp_path / "once")


def test_an_answer_and_its_outcome_in_one_batch(watch, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("id,confidence,correct\na,1.0,\nb,1.0,\na,1.0,1\nb,,0\nb,1.0,\nc,,\nc,,1\n")
    code, out, _ = watch(log)
    assert code == 0
    # The second b opens again: it waits for an outcome of its own.
    assert "3 of 4 answers are kept" in out
    assert "pending answers, waiting for their outcome: 1" in out


def test_missing_outcomes_hold_an_alarm_back(watch, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("confidence,correct\n" + "1.0,0\n" * 30 + "1.0,1\n" * 70 + "1.0,\n" * 900)
    code, out, _ = watch(log, state=tmp_path / "any")
    assert code == 3
    assert out.startswith("SUSPECT")
    code, out, _ = watch(log, "--by-lot", state=tmp_path / "lot")
    assert code == 1
    assert "declared to be missing at random" in out


def test_a_log_that_was_changed_is_noticed(watch, drawn, tmp_path):
    log = write(tmp_path / "log.csv", drawn(300, 6))
    watch(log)
    before = sums(tmp_path / "state")
    text = log.read_text()
    log.write_text(text.replace("1.0,0", "1.0,1", 1))
    code, _, err = watch(log)
    assert code == 2
    assert "the part that was already read has changed" in err
    assert sums(tmp_path / "state") == before
    assert watch(log, "--changed", "again")[0] == 0
    assert sums(tmp_path / "state")[:2] == before[:2]
    assert sums(tmp_path / "state")[2] == before[2] - 1
    write(log, drawn(50, 7))  # rotated
    assert watch(log)[0] == 2
    assert watch(log, "--changed", "new")[0] == 0
    assert sum(sums(tmp_path / "state")[i] for i in (0, 10)) == 350


def test_another_threshold_or_other_options(watch, drawn, promise_file, tmp_path):
    log = write(tmp_path / "log.csv", drawn(300, 6))
    assert watch(log)[0] == 0
    code, _, err = watch(log, "--false-alarms", "0.01")
    assert code == 4
    assert "--false-alarms 0.05" in err
    other = tmp_path / "other.json"
    other.write_text(promise_file.read_text().replace('"max_risk": 0.05', '"max_risk": 0.06'))
    code, _, err = watch(log, threshold=other)
    assert code == 4
    assert "another threshold file" in err
    assert watch(log, "--restart", threshold=other)[0] == 3


def test_two_looks_at_once_are_refused(watch, drawn, tmp_path):
    from caopd_bench.watch.state import watching

    log = write(tmp_path / "log.csv", drawn(10, 6))
    with watching(tmp_path / "state"):
        code, _, err = watch(log)
    assert code == 2
    assert "in use by another watch" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("confidence,correct\n97,1\n", "line 2: confidence must be in [0, 1] or null, got 97.0"),
        ("confidence,correct\n1.0,1\n0.9,maybe\n", "line 3: correct must be 0, 1, true or false"),
        ("confidence,correct,day\n1.0,1,soon\n", "line 2: day must begin with a date"),
        ("a;b\n1;2\n", "separate fields with commas"),
        ("a,b\n1,2\n", "no column 'confidence'; its columns are a, b"),
        ("confidence\n1.0\n", "no column 'correct' or 'id'"),
        ("confidence,correct\n1.0\n", "line 2: 1 fields, but the header has 2"),
    ],
)
def test_what_cannot_be_used_is_named(watch, tmp_path, text, said):
    log = tmp_path / "log.csv"
    log.write_text(text)
    code, out, err = watch(log)
    assert (code, out) == (2, "")
    assert said in err
    assert not (tmp_path / "state" / "watch.json").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"looks":1', '"looks":-1'),
        ('"kind":"caopd-bench watch"', '"kind":"x"'),
        ('"pending":[', '"pending":[7'),
        ('"sources":[', '"sources":[3,'),
        ('"alarms":{', '"alarms":{"risk":1'),
        ("{", ""),
    ],
)
def test_a_damaged_state_is_refused_in_one_line(watch, drawn, tmp_path, old, new):
    log = write(tmp_path / "log.csv", drawn(10, 6))
    watch(log)
    file = tmp_path / "state" / "watch.json"
    file.write_text(file.read_text().replace(old, new, 1))
    code, out, err = watch(log)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "not a state of this version" in err


def test_the_pending_are_bounded(promise_file, tmp_path, monkeypatch):
    from caopd_bench.watch import count

    monkeypatch.setattr(count, "MAX_PENDING", 5)
    log = tmp_path / "log.csv"
    log.write_text("id,confidence,correct\n" + "".join(f"{i},1.0,\n" for i in range(8)))
    promise, day = load_threshold(promise_file), datetime.date(2026, 11, 30)
    found = look(log, promise, tmp_path / "state", today=day)
    assert (len(found.state.pending), found.state.given_up) == (5, 3)
    assert found.total.kept.missing == 8
    with log.open("a") as stream:
        stream.write("0,,0\n7,,0\n")
    found = look(log, promise, tmp_path / "state", today=day)
    assert found.total.kept.wrong == 1  # of 7; 0 waits no more
    assert next(iter(found.state.sources.values())).days.keys() == {"2026-11-30"}


def test_json_and_outputs_that_fail(watch, drawn, tmp_path):
    log = write(tmp_path / "log.csv", drawn(300, 6))
    code, out, err = watch(log, "--json", "-")
    assert code == 0
    assert json.loads(out)["verdict"] == "NO ALARM"
    assert err.startswith("NO ALARM")
    (tmp_path / "file").write_text("")
    code, out, err = watch(log, "--json", tmp_path / "file" / "x.json")
    assert code == 5
    assert "the state is kept, and the verdict is NO ALARM" in err
