"""Rows that do not say what their responses say decide nothing; `--reparse` reads the texts."""

import json
import math

import pytest

from caopd_bench import gate, read_run
from caopd_bench.core.errors import NotComparableError
from caopd_bench.gates.policy import Policy
from caopd_bench.runs.check_texts import CHECKED, find_unlike_texts
from caopd_bench.tasks.read.parse import PARSER_VERSION

N = 300
TASK = "caopd_math_conf"


def answers(n=N, sure=False):
    """(confidence, right) that a mixed model states, or a saturated one."""
    found = []
    for i in range(n):
        right = int(i % 10 < 7)
        stated = 1.0 if sure else (0.9, 0.95, 0.8)[i % 3] if right else (0.5, 0.9, 0.6)[i % 3]
        found.append((stated, right))
    return found


def text_of(i, stated, right):
    return f"Answer: {i if right else i + 1}\nConfidence: {stated}"


@pytest.fixture
def make(make_run, samples_of):
    """Write a run whose numbers are `recorded`, and whose responses say `said`."""

    def make(name, recorded, said=None, *, kind="number", parser=PARSER_VERSION, only=range(N)):
        rows = []
        for i, (a, b) in enumerate(zip(recorded, said or recorded, strict=True)):
            rows.append((*a, "ok", text_of(i, *(b if i in only else a))))
        folder = make_run(rows, name, weights=name.ljust(16, "0"))
        file = samples_of(folder)
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            line["doc"] |= {"kind": kind, "parser_version": parser}
            if parser is None:
                del line["doc"]["parser_version"]
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return folder

    return make


@pytest.fixture
def reference(make):
    return make("reference", answers())


def test_rows_that_fit_decide(make, reference, run):
    code, out, _ = run("gate", "--reference", reference, make("cand", answers()))
    assert code == 0
    assert out.startswith("PASS")
    assert list(find_unlike_texts(read_run(reference))) == []


@pytest.mark.parametrize(
    ("recorded", "said", "shown"),
    [
        (answers(), answers(sure=True), "confidence 0.9, right (ok), its text confidence 1, right"),
        (answers(), [(c, 0) for c, _ in answers()], "confidence 0.9, wrong (ok)"),
    ],
    ids=["confidence", "answer"],
)
@pytest.mark.parametrize("parser", [PARSER_VERSION, None])
def test_texts_that_say_the_opposite(make, reference, run, recorded, said, shown, parser):
    cand = make("cand", recorded, said, parser=parser)
    code, out, err = run("gate", "--reference", reference, cand)
    assert (code, out) == (4, "")
    assert err.count("\n") == 1
    assert "rows do not match their texts" in err
    assert shown in err
    assert "gate --reparse" in err
    # As a reference it decides no more.
    assert run("gate", "--reference", cand, reference)[0] == 4
    # The texts decide, whatever stands beside them.
    code, out, _ = run("gate", "--reparse", "--reference", reference, cand)
    assert code == 1
    assert out.startswith("FAIL")
    assert f"parsed again by parser {PARSER_VERSION}, which changed no row" in out
    assert f"parsed again by parser {PARSER_VERSION}, which changed " in out.replace("no row", "")


def test_the_texts_may_say_better_too(make, reference, run):
    cand = make("cand", answers(sure=True), answers())
    assert run("gate", "--reference", reference, cand)[0] == 4
    code, out, _ = run("gate", "--reparse", "--reference", reference, cand)
    assert (code, out.split()[0]) == (0, "PASS")
    rows = sum(a != b for a, b in zip(answers(sure=True), answers(), strict=True))
    assert f"which changed {rows} of {N} rows" in out


def test_a_stored_reference_is_read_again_too(make, reference, run, tmp_path):
    words = ("--output", tmp_path / "ref", "--reason", "r")
    assert run("baseline", "init", reference, *words)[0] == 0
    cand = make("cand", answers())
    code, out, _ = run("gate", "--reparse", "--reference", tmp_path / "ref", cand)
    assert (code, out.split()[0]) == (0, "PASS")
    assert out.count("which changed no row") == 2


def test_a_reference_without_texts(reference, run, tmp_path):
    lines = "".join(f"{i:016x},{c},{r}\n" for i, (c, r) in enumerate(answers()))
    (tmp_path / "flat.csv").write_text("item,confidence,correct\n" + lines)
    assert run("score", tmp_path / "flat.csv", "--store", tmp_path / "flat")[0] == 0
    words = ("--output", tmp_path / "ref", "--reason", "r")
    assert run("baseline", "init", tmp_path / "flat", *words)[0] == 0
    for one in (tmp_path / "flat.csv", tmp_path / "flat", tmp_path / "ref"):
        code, out, err = run("gate", "--reparse", "--reference", one, reference)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        assert "--reparse" in err


@pytest.mark.parametrize("words", [("--plan",), ("--self-test",), ("--suggest-margins",)])
def test_it_is_for_a_verdict(reference, run, words):
    code, out, err = run("gate", *words, "--reparse", "--reference", reference)
    assert (code, out) == (2, "")
    assert "--reparse is only for a verdict" in err


def test_some_rows_are_enough_to_look_at(make, make_run):
    """Evenly over the file: one edited row in 300 may be missed, a tenth of them is not."""
    tenth = make("tenth", answers(), answers(sure=True), only=range(200, 230))
    (found,) = find_unlike_texts(read_run(tenth))
    assert (found.task, found.checked) == (TASK, N)
    assert found.rows == 30
    (found,) = find_unlike_texts(read_run(tenth), most=30)
    assert found.checked == 30
    assert 2 <= found.rows <= 4
    assert CHECKED == 200
    long = make_run([(0.5, 1)] * 5, "long")
    assert list(find_unlike_texts(read_run(long))) == []


def test_other_parsers_are_another_matter(make):
    """They read the same text otherwise: `score --reparse` is for that, and the gate names it."""
    old = make("old", answers(), answers(sure=True), parser="1")
    assert list(find_unlike_texts(read_run(old))) == []


def test_a_latex_answer_is_not_worked_out(make):
    """Whether it is right takes algebra; what it states does not."""
    wrong = make("wrong", answers(), [(c, 0) for c, _ in answers()], kind="latex")
    assert list(find_unlike_texts(read_run(wrong))) == []
    sure = make("sure", answers(), answers(sure=True), kind="latex")
    assert len(list(find_unlike_texts(read_run(sure)))) == 1
    odd = make("odd", answers(), answers(sure=True), kind="a kind of a later version")
    assert list(find_unlike_texts(read_run(odd))) == []


def test_from_python(make, reference):
    cand = make("cand", answers(), answers(sure=True))
    with pytest.raises(NotComparableError, match="rows do not match their texts"):
        gate(cand, Policy(version=1), reference=reference)
    result = gate(cand, Policy(version=1), reference=reference, reparse=True)
    assert result.outcome == "FAIL"
    # A run that was read before is taken as it is.
    taken = gate(read_run(cand), Policy(version=1), reference=reference)
    assert taken.outcome == "PASS"
    assert math.isfinite(taken.cells[0].upper)
    again = gate(read_run(cand), Policy(version=1), reference=reference, reparse=True)
    assert again.cells == result.cells


def test_no_reference_is_made_of_such_rows(make, reference, run, tmp_path):
    cand = make("cand", answers(), answers(sure=True))
    words = ("--output", tmp_path / "ref", "--reason", "r")
    code, _, err = run("baseline", "init", cand, *words)
    assert code == 4
    assert "rows do not match their texts" in err
    assert not (tmp_path / "ref").exists()
    assert run("baseline", "init", reference, *words, "--aa", cand)[0] == 4
    assert run("score", cand, "--reparse", "--store", tmp_path / "again")[0] == 0
    assert run("baseline", "init", tmp_path / "again", *words)[0] == 0


def test_a_kind_that_cannot_be_judged_is_a_line(make, reference, run):
    odd = make("odd", answers(), kind="a kind of a later version")
    code, out, err = run("gate", "--reparse", "--reference", reference, odd)
    assert (code, out) == (2, "")
    assert "line 1: cannot be judged again: unknown kind of answer" in err
