"""`caopd-bench check` as a user types it: verdicts, refusals, groups, clusters, maps."""

import json
from dataclasses import replace

import pytest

from caopd_bench import check, load_threshold, read_run, recalibrate, threshold
from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.tasks.read.parse import PARSER_VERSION

TASK = "caopd_math_conf"


def answers(kept, wrong, left=100):
    """Give so many answers at .9, so many of them wrong, and answers at .5."""
    return [
        *((0.9, int(i >= wrong)) for i in range(kept)),
        *((0.5, i % 2) for i in range(left)),
    ]


@pytest.fixture
def csv(tmp_path):
    """Write rows as a flat file: confidence, correct, then what `head` names."""

    def write(name, rows, head="confidence,correct"):
        file = tmp_path / name
        lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
        file.write_text("\n".join([head, *lines]) + "\n")
        return file

    return write


@pytest.fixture
def promise(csv, tmp_path):
    """A promise of 5 % on 300 of 400 answers, 3 of them wrong."""
    file = tmp_path / "threshold.json"
    threshold(csv("made.csv", answers(300, 3)), max_risk=0.05).save(file)
    assert load_threshold(file).cut == 0.9
    return file


@pytest.mark.parametrize(
    ("wrong", "code", "word", "said"),
    [
        (3, 0, "PASS", "3 of 200 kept answers are wrong (1.5%), at most 3.9% with 95% confidence"),
        (40, 1, "FAIL", "40 of 200 kept answers are wrong (20.0%), at least 15.4% with 95%"),
        (9, 3, "INCONCLUSIVE", "9 of 200 kept answers are wrong (4.5%), not shown to be within"),
    ],
)
def test_a_verdict_and_its_exit_code(run, csv, promise, wrong, code, word, said):
    found, out, err = run("check", promise, csv("new.csv", answers(200, wrong)))
    assert (found, err) == (code, "")
    assert out.split()[0] == word
    assert f"threshold.json on new: {said}" in out
    assert check(promise, csv("new.csv", answers(200, wrong))).exit_code == code


def test_how_many_answers_would_decide(run, csv, promise):
    _, out, _ = run("check", promise, csv("new.csv", answers(40, 1, left=40)))
    assert "about 780 answers in total would show it (PASS) with 80 % power" in out
    assert "if 2.5% of the kept answers are wrong and 50.0% are kept, as now (80)" in out
    _, out, _ = run("check", promise, csv("new.csv", answers(40, 4, left=40)))
    assert "would show it (FAIL)" in out
    _, out, _ = run("check", promise, csv("new.csv", answers(40, 2, left=40)))
    assert "more answers like these may not decide" in out
    code, out, _ = run("check", promise, csv("new.csv", answers(0, 0, left=40)))
    assert code == 3
    assert "no answer is kept, so the risk cannot be tested" in out


def test_the_level_is_the_promises_and_may_be_given(run, csv, promise):
    new = csv("new.csv", answers(200, 5))
    assert run("check", promise, new)[0] == 3
    assert run("check", promise, new, "--level", "0.9")[0] == 0
    assert run("check", promise, new, "--level", "0.9")[0] == 0
    code, _, err = run("check", promise, new, "--level", "0.4")
    assert code == 2
    assert "at least 0.5" in err
    with pytest.raises(UsageError, match=r"level must be at least 0.5 and below 1, got 95"):
        check(promise, new, level=95)
    with pytest.raises(UsageError, match="looks must be a whole number, 1 or more, got 0"):
        check(promise, new, looks=0)


def test_looks_share_the_error_rate_of_a_fail_alone(run, csv, promise):
    bad, good = csv("bad.csv", answers(200, 20)), csv("good.csv", answers(200, 3))
    assert [run("check", promise, bad, "--looks", n)[0] for n in (1, 52)] == [1, 3]
    assert [run("check", promise, good, "--looks", n)[0] for n in (1, 52)] == [0, 0]
    one, many = (check(promise, bad, looks=n).cuts[0] for n in (1, 52))
    assert many.adjusted == pytest.approx(52 * one.adjusted)


def test_the_rows_that_it_was_made_on_are_refused(run, csv, promise):
    for rows in (answers(300, 3), answers(300, 3)[::-1]):
        code, out, err = run("check", promise, csv("again.csv", rows))
        assert (code, out, err.count("\n")) == (4, "", 1)
        assert "in-sample" in err
        assert "threshold.json was made on" in err
    assert run("check", promise, csv("new.csv", answers(300, 4)))[0] == 0


def test_what_cannot_be_used_is_said_in_a_line(run, csv, tmp_path, promise):
    new = csv("new.csv", answers(200, 3))
    none = tmp_path / "none.json"
    threshold(csv("few.csv", answers(20, 0, left=0)), max_risk=0.05).save(none)
    for file, said in (
        (none, "none.json: INCONCLUSIVE, so there is no cut to check"),
        (tmp_path / "absent.json", "absent.json"),
        (new, "new.csv"),
    ):
        code, out, err = run("check", file, new)
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert said in err
    code, _, err = run("check", promise, tmp_path / "absent.csv")
    assert (code, err.count("\n")) == (2, 1)
    code, _, err = run("check", promise, new, "--output", tmp_path / "x.pdf")
    assert code == 2
    assert "must end in .json, .md, .xml" in err


def test_another_task_is_refused(run, make_run, tmp_path):
    file = tmp_path / "t.json"
    threshold(make_run(answers(300, 3)), max_risk=0.05).save(file)
    other = make_run(answers(200, 3), name="o", task="caopd_gsm8k_conf")
    code, out, err = run("check", file, other)
    assert (code, out) == (4, "")
    assert f"for the task {TASK}" in err
    assert "caopd-bench threshold RUN --task NAME" in err
    assert run("check", file, make_run(answers(200, 3), name="same"))[0] == 0


def test_a_file_without_the_groups_of_the_threshold(run, tmp_path):
    rows = "".join(f"1,{int(i > 0)},{'ab'[i % 2]}\n" for i in range(400))
    (tmp_path / "old.csv").write_text(f"confidence,correct,kind\n{rows}")
    threshold(tmp_path / "old.csv", max_risk=0.05, by="kind").save(tmp_path / "t.json")
    (tmp_path / "new.csv").write_text("confidence,correct\n1,1\n")
    code, _, err = run("check", tmp_path / "t.json", tmp_path / "new.csv")
    assert code == 2
    assert "no column 'kind'; it has 'confidence', 'correct'; --by must name a column" in err


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("prompt_version", "0", "prompt version 1 and 0"),
        ("parser_version", "1", f"parsed by parser {PARSER_VERSION} and by parser 1"),
        ("confidence", {"of": "option"}, "stated confidence and the probability of the chosen"),
    ],
)
def test_rows_of_another_kind_are_refused(make_run, key, value, said):
    made = threshold(make_run(answers(300, 3)), max_risk=0.05)
    new = read_run(make_run(answers(200, 3), name="new"))
    tasks = {TASK: {**new.settings(TASK), key: value}}
    unlike = replace(new, provenance={**new.provenance, "tasks": tasks})
    with pytest.raises(NotComparableError, match=said):
        check(made, unlike)


def test_another_model_and_the_same_questions_are_notes(make_run):
    made = threshold(make_run(answers(300, 3)), max_risk=0.05)
    new = make_run(answers(200, 3), name="new", model="org/other", weights="0" * 16)
    notes = " ".join(check(made, new).notes)
    assert "the threshold was made on another model" in notes
    assert "the questions are from the set that the promise was made on" in notes


GROUPS = "confidence,correct,topic"


def grouped(**counts):
    """Give (kept, wrong) answers of each topic, and left ones."""
    return [
        (*row, topic) for topic, (kept, wrong) in counts.items() for row in answers(kept, wrong, 50)
    ]


@pytest.fixture
def promises(csv, tmp_path):
    """Promises for a and b; none for c, which has too few rows."""
    file = tmp_path / "groups.json"
    made = csv("made.csv", grouped(a=(300, 2), b=(300, 3), c=(20, 0)), GROUPS)
    threshold(made, max_risk=0.05, by="topic").save(file)
    assert [cut.outcome for cut in load_threshold(file).cuts][:2] == ["CERTIFIED"] * 2
    return file


def test_every_group_must_keep_its_promise(run, csv, promises):
    def outcome(**counts):
        return run("check", promises, csv("new.csv", grouped(**counts), GROUPS))

    code, out, _ = outcome(a=(200, 2), b=(200, 3), c=(50, 0))
    assert code == 0
    assert "the risk is shown to be within its limit at all 2 cuts" in out
    assert "topic: c: without a certified cut, so none of their answers are kept (16.7%" in out
    code, out, _ = outcome(a=(200, 2), b=(200, 9))
    assert code == 3
    assert "topic=b: 9 of 200 kept answers are wrong" in out
    code, out, _ = outcome(a=(200, 30), b=(200, 9))
    assert code == 1
    assert "topic=a: 30 of 200" in out
    assert "topic=b: 9" not in out.splitlines()[0]


def test_a_fail_of_one_of_several_groups_is_adjusted(csv, promises):
    new = csv("new.csv", grouped(a=(200, 2), b=(200, 16)), GROUPS)
    found = {cut.group: cut for cut in check(promises, new).cuts}
    assert found["b"].p_broken < 0.05 < found["b"].adjusted
    assert found["b"].outcome == "INCONCLUSIVE"
    assert found["b"].adjusted == pytest.approx(2 * found["b"].p_broken)


def test_missing_and_new_groups_are_named(run, csv, promises):
    rows = [*grouped(a=(200, 2), z=(100, 0)), *((0.9, 1, None) for _ in range(10))]
    code, out, _ = run("check", promises, csv("new.csv", rows, GROUPS))
    assert code == 3  # nothing is shown of b
    assert "topic: b: not in these rows, so they are not tested" in out
    assert "topic: z: new, without a cut, so none of their answers are kept" in out
    code, out, err = run("check", promises, csv("none.csv", answers(200, 2)))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "topic" in err


def test_answers_to_one_question_are_no_evidence_of_their_own(csv, promise):
    rows = [(*row, f"q{i}") for i, row in enumerate(answers(200, 4))]
    once = csv("once.csv", rows, "confidence,correct,item")
    four = csv("four.csv", [row for row in rows for _ in range(4)], "confidence,correct,item")
    ours, copies = (check(promise, file).cuts[0] for file in (once, four))
    assert (ours.clusters, copies.clusters) == (None, 300)
    assert copies.n_kept == 4 * ours.n_kept
    assert copies.high > ours.high
    assert ours.outcome == "PASS"


def test_the_map_in_the_file_is_applied(run, csv, tmp_path):
    fitted = recalibrate(csv("fit.csv", [*answers(200, 2), *answers(100, 20)]), method="beta")
    made = threshold(csv("made.csv", answers(300, 3)), max_risk=0.05, map=fitted)
    file = tmp_path / "mapped.json"
    made.save(file)
    assert made.cut != 0.9  # of the mapped confidence
    code, out, _ = run("check", file, csv("new.csv", answers(200, 3)))
    assert code == 0
    assert "3 of 200 kept answers are wrong" in out
    assert "every stated confidence was mapped by" in out
    code, _, err = run("check", file, csv("again.csv", answers(300, 3)))
    assert code == 4
    assert "in-sample" in err


def test_min_coverage_is_checked_by_the_bound_that_was_found(run, csv, tmp_path):
    file = tmp_path / "c.json"
    made = threshold(csv("made.csv", answers(300, 6)), min_coverage=0.7)
    made.save(file)
    found = check(made, csv("new.csv", answers(2000, 20, left=700)))
    assert found.cuts[0].max_risk == made.cuts[0].risk_bound
    assert found.outcome == "PASS"
    _, out, _ = run("check", file, csv("new.csv", answers(300, 60)))
    assert out.startswith("FAIL")
    assert "the bound found for the requested coverage" in out


def test_cost_is_checked_by_the_risk_above_which_a_person_is_cheaper(run, csv, tmp_path):
    file = tmp_path / "cost.json"
    threshold(csv("made.csv", answers(600, 6)), cost_wrong=20, cost_human=1).save(file)
    code, out, _ = run("check", file, csv("new.csv", answers(300, 5)))
    assert code == 0
    assert "5 of 300 kept answers are wrong (1.7%), at most 3.5%" in out
    assert "0.05 is allowed" in out
    assert "cost of an answer" in out
    code, out, _ = run("check", file, csv("new.csv", answers(300, 60)))
    assert code == 1
    assert "WARNING: the mean cost of an answer is 3.25 (at least" in out


def test_less_coverage_and_fewer_usable_answers_are_warnings(csv, promise):
    fewer = check(promise, csv("new.csv", answers(200, 1, left=300)))
    assert fewer.outcome == "PASS"
    (line,) = fewer.warnings
    assert line.startswith("fewer answers are kept: 40.0%, down from 75.0% when the promise was")
    silent = [(None, 0)] * 60
    (line, other) = check(promise, csv("new.csv", [*answers(200, 1), *silent])).warnings[:2]
    assert "fewer answers are kept: 55.6%" in line
    assert "more answers have no usable confidence: 16.7%, up from 0.0%" in other
    assert check(promise, csv("new.csv", answers(290, 3))).warnings == []


def test_limits_of_a_change_join_those_of_both_shares(csv, promise):
    found = check(promise, csv("new.csv", answers(200, 1, left=300))).cuts[0]
    coverage = found.changes[0]
    assert (coverage.name, coverage.then, coverage.now) == ("coverage", 0.75, 0.4)
    # Newcombe's method by Clopper-Pearson limits: .704 to .792 of 400, .357 to .444 of 500.
    assert coverage.low == pytest.approx(-0.35 - (0.0432**2 + 0.0417**2) ** 0.5, abs=2e-3)
    assert coverage.high == pytest.approx(-0.35 + (0.0445**2 + 0.0455**2) ** 0.5, abs=2e-3)


def test_json_has_all_numbers(run, csv, promise, tmp_path):
    file = tmp_path / "new" / "check.json"
    assert run("check", promise, csv("new.csv", answers(200, 9)), "--output", file)[0] == 3
    found = json.loads(file.read_text())
    assert next(iter(found)) == "verdict"
    assert (found["verdict"], found["exit_code"], found["made_on"]) == ("INCONCLUSIVE", 3, "made")
    (cut,) = found["cuts"]
    assert (cut["n_kept"], cut["wrong"], cut["group"]) == (200, 9, None)
    assert cut["low"] < cut["risk"] == 0.045 < cut["high"]


def test_needed_answers_count_those_without_a_usable_confidence(csv, promise):
    rows = answers(40, 1, left=40)
    alone, silent = (
        check(promise, csv("new.csv", [*rows, *extra])).cuts[0].items_needed
        for extra in ([], [(None, 0)] * 80)
    )
    assert silent == pytest.approx(2 * alone, abs=1)


def test_needed_answers_are_those_of_an_adjusted_test(csv, promise, promises):
    rows = answers(100, 9, 50)
    one = check(promise, csv("one.csv", rows))
    assert one.outcome == "INCONCLUSIVE"
    two = check(promises, csv("two.csv", grouped(a=(100, 9), b=(100, 9)), GROUPS))
    assert [cut.items_needed > one.cuts[0].items_needed for cut in two.cuts] == [True, True]
    looks = check(promises, csv("two.csv", grouped(a=(100, 9), b=(100, 9)), GROUPS), looks=5)
    assert looks.cuts[0].items_needed > two.cuts[0].items_needed
