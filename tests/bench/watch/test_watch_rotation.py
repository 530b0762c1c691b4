"""Logs that are renamed, copied or begun again under their old name: no row counts twice."""

import json

import pytest

HEAD = "confidence,correct\n"


def csv_of(rows):
    return "".join(f"{c},{y}\n" for c, y in rows)


def answers(folder):
    """Give how many answers were counted, of all logs."""
    state = json.loads((folder / "watch.json").read_text())
    return sum(sums[0] + sums[10] for one in state["sources"] for sums in one["days"].values())


@pytest.fixture
def log(watch, drawn, tmp_path):
    file = tmp_path / "log.csv"
    file.write_text(HEAD + csv_of(drawn(40, 3)))
    assert watch(file)[0] in (0, 3)
    return file


def test_a_renamed_log_is_read_on(watch, drawn, log, tmp_path):
    old = log.rename(tmp_path / "log.1.csv")
    with old.open("a") as stream:
        stream.write(csv_of(drawn(5, 4)))
    code, _, err = watch(old)
    assert code == 2
    assert "begins with the 40 rows that were already read as log.csv" in err
    code, out, _ = watch(old, "--changed", "renamed")
    assert code in (0, 3)
    assert "reading continues after its 40 rows" in out
    assert answers(tmp_path / "state") == 45
    log.write_text(HEAD + csv_of(drawn(7, 5)))  # a new log of the old name
    assert watch(log)[0] in (0, 3)
    assert answers(tmp_path / "state") == 52
    # The next rotation: both names move on.
    old.rename(tmp_path / "log.2.csv")
    log.rename(old)
    assert watch(old)[0] == 2
    assert watch(old, "--changed", "renamed")[0] in (0, 3)
    assert answers(tmp_path / "state") == 52
    assert watch(tmp_path / "log.2.csv", "--changed", "renamed")[0] in (0, 3)
    assert answers(tmp_path / "state") == 52


def test_a_log_is_still_known_after_another_took_its_name(watch, drawn, log, tmp_path):
    copy = tmp_path / "copy.csv"
    copy.write_bytes(log.read_bytes())
    log.write_text(HEAD + csv_of(drawn(7, 5)))
    assert watch(log, "--changed", "new")[0] in (0, 3)
    assert watch(copy)[0] == 2
    assert watch(copy, "--changed", "renamed")[0] in (0, 3)
    assert answers(tmp_path / "state") == 47
    # Counted again in place of itself, not of the log that had its name.
    log.write_text(HEAD + csv_of(drawn(9, 6)))
    assert watch(log, "--changed", "again")[0] in (0, 3)
    assert answers(tmp_path / "state") == 49


def test_outcomes_find_answers_of_a_renamed_log(watch, tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text('{"id": 1, "confidence": 1.0, "correct": null}\n')
    watch(log)
    old = log.rename(tmp_path / "log.1.jsonl")
    assert watch(old, "--changed", "renamed")[0] == 3
    log.write_text('{"id": 1, "correct": true}\n')
    assert watch(log)[0] == 0
    assert answers(tmp_path / "state") == 1


def test_rows_that_are_to_count_once_more(watch, log, tmp_path):
    copy = tmp_path / "copy.csv"
    copy.write_bytes(log.read_bytes())
    assert watch(copy, "--changed", "new")[0] in (0, 3)
    assert answers(tmp_path / "state") == 80
    # Two logs of the same rows: each goes on under its own name.
    assert watch(log, "--changed", "renamed")[0] in (0, 3)
    assert watch(copy, "--changed", "renamed")[0] in (0, 3)
    assert answers(tmp_path / "state") == 80


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "1e300", "-5", "2026-13-45"])
def test_a_day_that_is_none(watch, tmp_path, day):
    log = tmp_path / "log.csv"
    log.write_text(f"day,confidence,correct\n{day},1,1\n")
    code, _, err = watch(log, "--page", tmp_path / "page.html")
    assert code == 2
    assert "line 2: day must begin with a date" in err


def test_days_behind_a_blank_are_told_apart(watch, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("day,confidence,correct\n 2026-11-21,1,1\n 2026-11-22,1,1\n")
    watch(log)
    (source,) = json.loads((tmp_path / "state" / "watch.json").read_text())["sources"]
    assert [*source["days"]] == ["2026-11-21", "2026-11-22"]


def test_a_state_that_is_a_file(watch, log):
    code, _, err = watch(log, state=log)
    assert code == 2
    assert "is not a folder" in err
