"""The texts of an lm-eval run are held against its rows only where both say something."""

import json

import pytest

from caopd_bench import read_run
from caopd_bench.runs.check_texts import find_unlike_texts
from caopd_bench.runs.reparse import reparse
from caopd_bench.tasks.judge.judge import judge_samples
from caopd_bench.tasks.read.parse import PARSER_VERSION

N = 60
TASK = "caopd_math_conf"
#: Ways in which a log has no responses: taken out for privacy, or for size.
REMOVED = {
    "no key": ...,
    "no request": [],
    "null": [[None]],
    "flat null": [None],
    "empty": [[""]],
    "blank": [[" \n"]],
}


def honest(i):
    """Rows of every status, each as its text says."""
    right = int(i % 10 < 7)
    answer = i if right else i + 1
    return (
        (0.8, right, "ok", f"Answer: {answer}\nConfidence: 0.8"),
        (0.6, right, "ok", f"Answer: {answer}\nConfidence: 0.6"),
        (None, right, "no_confidence", f"Answer: {answer}"),
        (None, right, "bad_confidence", f"Answer: {answer}\nConfidence: 250"),
        (None, 0, "no_answer", "Confidence: 0.5"),
        (None, 0, "abstained", "Answer: I don't know\nConfidence: 0.1"),
    )[i % 6 if i % 4 == 0 else 0]


def answers(n=N):
    return [honest(i) for i in range(n)]


@pytest.fixture
def make(make_run, samples_of):
    """Write a run; `change(i, sample)` edits each line."""

    def make(rows, name="run", change=None, *, kind="number", budget=128):
        folder = make_run(rows, name, budget=budget)
        file = samples_of(folder)
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for i, line in enumerate(lines):
            line["doc"]["kind"] = kind
            if change:
                change(i, line)
            for key in [key for key, value in line.items() if value is ...]:
                del line[key]
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return folder

    return make


def without(responses, only=range(N)):
    """Take the responses out of some lines."""

    def change(i, sample):
        if i in only:
            sample |= {"resps": responses, "filtered_resps": responses}

    return change


def unlike(folder):
    return list(find_unlike_texts(read_run(folder)))


@pytest.mark.parametrize("kind", ["number", "latex"])
@pytest.mark.parametrize("removed", REMOVED)
def test_a_log_without_responses_is_not_called_edited(make, run, removed, kind):
    folder = make(answers(), "run", without(REMOVED[removed]), kind=kind)
    assert unlike(folder) == []
    code, out, err = run("gate", "--reference", folder, folder)
    assert "rows do not match" not in err
    assert code in (0, 3)
    assert out


def test_what_has_a_text_is_looked_at_beside_what_has_none(make):
    def change(i, sample):
        without([[None]], range(20))(i, sample)
        if i >= 50:
            sample["resps"] = [[f"Answer: {i}\nConfidence: 0.123"]]

    (found,) = unlike(make(answers(), "run", change))
    assert (found.rows, found.checked) == (10, 40)


@pytest.mark.parametrize("removed", REMOVED)
@pytest.mark.parametrize("few", [range(N), range(1)], ids=["all", "one"])
def test_nothing_is_read_again_from_no_text(make, run, tmp_path, removed, few):
    """All would be judged as if the model had said nothing."""
    folder = make(answers(), "run", without(REMOVED[removed], few))
    whole = make(answers(), "whole")
    for words in (
        ("score", folder, "--reparse", "--store", tmp_path / "new"),
        ("gate", "--reparse", "--reference", whole, folder),
        ("gate", "--reparse", "--reference", folder, whole),
    ):
        code, out, err = run(*words)
        assert (code, out) == (2, ""), words
        assert err.count("\n") == 1
        lost = sum(row[0] is not None or row[1] > 0 for row in answers()) if len(few) > 1 else 1
        assert f"{TASK}: {lost} of {N} rows have no text to parse again" in err
        assert "leave --reparse out" in err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("removed", REMOVED)
def test_nor_from_what_was_stored_of_it(make, run, tmp_path, removed):
    folder = make(answers(), "run", without(REMOVED[removed]))
    assert run("score", folder, "--store", tmp_path / "stored")[0] == 0
    code, out, err = run("score", tmp_path / "stored", "--reparse", "--store", tmp_path / "new")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "rows have no text to parse again" in err
    assert not (tmp_path / "new").exists()


def test_a_right_row_without_a_confidence_is_not_made_wrong(make, run):
    rows = [(0.8, 1), (None, 1, "no_confidence", "Answer: 1")]
    folder = make(rows, "run", without([[None]], [1]))
    code, _, err = run("score", folder, "--reparse")
    assert code == 2
    assert "1 of 2 rows have no text" in err


def test_rows_that_never_had_a_text_are_read_all_the_same(make):
    def change(i, sample):
        if i == 1:
            sample["resps"] = [[None]]
        if i == 2:
            sample["doc"] |= {"way": "twostage", "given": "2"}

    silent = [(None, 0, "api_error"), (None, 1, "no_confidence", ""), (None, 0, "no_answer", "")]
    folder = make([(0.8, 1), *silent], "run", change)
    again, changed = reparse(read_run(folder))
    assert changed == 0
    assert [row.correct for row in again.rows] == [1, 0, 1, 0]


def sampled(i, sample):
    """Four samples of a question, judged as the tasks do."""
    texts = [f"Answer: {i if k else i + 1}\nConfidence: 0.{k + 5}" for k in range(4)]
    judged = judge_samples(sample["doc"], texts)
    sample |= {key: judged[key] for key in ("acc", "confidence", "status", "majority")}
    sample |= {"resps": [[text] for text in texts]}


def test_samples_and_their_vote(make, run):
    assert unlike(make(answers(), "honest", sampled)) == []

    def change_vote(i, sample):
        sampled(i, sample)
        sample["majority"] = [1.0, 1.0]

    (found,) = unlike(make(answers(), "vote", change_vote))
    assert (found.rows, found.checked) == (N, 5 * N)

    def remove(i, sample):
        sampled(i, sample)
        sample["resps"] = [[None]] * 4 if i % 2 else [["Answer: 1\nConfidence: 0.5"], *[[""]] * 3]
        if not i % 2:
            sample["resps"][0] = [f"Answer: {i + 1}\nConfidence: 0.5"]

    folder = make(answers(), "removed", remove)
    assert unlike(folder) == []
    code, out, err = run("score", folder, "--reparse")
    assert (code, out) == (2, "")
    assert f"{TASK}: {N // 2 * 7} of {4 * N} rows have no text to parse again" in err


def test_a_vote_among_failed_requests_is_counted_again(make):
    """A request that failed has no text, and a part in the vote."""

    def change(i, sample):
        texts = [f"Answer: {i}\nConfidence: 0.5", f"Answer: {i}\nConfidence: 0.6", None, None]
        judged = judge_samples(sample["doc"], texts)
        sample |= {key: judged[key] for key in ("acc", "confidence", "status", "majority")}
        sample |= {"resps": [[text] for text in texts], "majority": [1.0, 1.0]}

    (found,) = unlike(make(answers(), "run", change))
    assert found.rows == N


@pytest.mark.parametrize("kind", ["number", "latex"])
def test_a_sample_without_a_status_has_none_to_differ_in(make, run, kind):
    def forget(_, sample):
        sample["status"] = ...

    folder = make(answers(), "run", forget, kind=kind)
    assert {row.status for row in read_run(folder).rows} == {"ok", "no_confidence"}
    assert unlike(folder) == []
    assert "rows do not match" not in run("gate", "--reference", folder, folder)[2]

    def edit(i, sample):
        forget(i, sample)
        sample["confidence"] = None if i < 20 else 0.99

    (found,) = unlike(make(answers(), "edited", edit, kind=kind))
    assert found.rows == N - sum(row[0] is None for row in answers()[:20])


def test_samples_whose_statuses_are_null(make):
    def forget(i, sample):
        sampled(i, sample)
        sample["resps"][0] = [f"Answer: {i + 1}\nConfidence: 250"]
        sample["confidence"][0] = None
        sample["status"] = [None] * 4

    assert unlike(make(answers(), "run", forget)) == []


def test_a_recorded_status_is_compared(make):
    def change(_, sample):
        if sample["confidence"] is None:
            sample["status"] = "api_error"

    (found,) = unlike(make(answers(), "run", change))
    assert found.rows == sum(row[0] is None for row in answers())


def parser_of(version, only, stated=0.123):
    """Name a parser in some lines, and edit the confidence of all."""

    def change(i, sample):
        sample["confidence"] = stated
        sample["status"] = "ok"
        if i in only:
            sample["doc"]["parser_version"] = version

    return change


def test_the_parser_is_that_of_each_row(make):
    first = make(answers(), "first", parser_of("1", range(1)))
    (found,) = unlike(first)
    assert (found.rows, found.checked) == (N - 1, N - 1)
    rest = make(answers(), "rest", parser_of("1", range(1, N)))
    (found,) = unlike(rest)
    assert (found.rows, found.checked) == (1, 1)
    assert unlike(make(answers(), "all", parser_of("1", range(N)))) == []
    # What names no parser, or none that could be one, is read by this one.
    for name, version in {"none": None, "number": int(PARSER_VERSION)}.items():
        (found,) = unlike(make(answers(), name, parser_of(version, range(N))))
        assert found.rows == N


@pytest.mark.parametrize("only", [range(1), range(1, N), range(N - 1, N)])
def test_another_parser_in_any_row_is_named(make, run, only):
    """Such rows are not read again, so the gate must not take them for rows of this parser."""

    def change(i, sample):
        if i in only:
            sample["doc"]["parser_version"] = "1"

    mixed, plain = make(answers(), "mixed", change), make(answers(), "plain")
    assert any("evaluated with parser 1" in str(warning) for warning in read_run(mixed).warnings)
    code, _, err = run("gate", "--reference", plain, mixed)
    assert code == 4
    assert "parser" in err


def test_a_latex_answer_cut_off_by_its_budget(make):
    """The row knows its budget of tokens and is unfinished; its text alone says no answer."""
    long = "so we add one and one more " * 10
    folder = make([(None, 0, "no_answer", long)] * 3, "run", kind="latex", budget=40)
    assert {row.status for row in read_run(folder).rows} == {"unfinished"}
    assert unlike(folder) == []


@pytest.mark.parametrize("kind", ["number", "latex"])
def test_probabilities_have_no_text(make, kind):
    """Two log-likelihoods make the confidence, whatever a text beside them states."""
    for name, said in {
        "scores": [[[-0.1, False]], [[-2.3, False]]],
        "texts": [["Answer: 1\nConfidence: 0.123"]],
    }.items():

        def change(i, sample, said=said):
            sample["doc"] |= {"way": "ptrue", "given": str(i)}
            sample["resps"] = said

        folder = make([(0.9, 1)] * 5, name, change, kind=kind)
        assert unlike(folder) == []
        assert reparse(read_run(folder))[1] == 0
