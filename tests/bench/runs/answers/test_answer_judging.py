"""Each distinct answer is judged once; what a log knows of why a text ends; probabilities."""

import json

import pytest

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.answers import alone
from caopd_bench.runs.answers import judge as judging
from caopd_bench.runs.answers.golds import name_golds
from caopd_bench.runs.answers.judge import judge_all, judge_logged
from caopd_bench.runs.answers.notes import list_notes
from caopd_bench.runs.logged import Logged
from caopd_bench.runs.rescore import rescore


def logged(response="Answer: 1\nConfidence: 0.5", gold="1", **others):
    return Logged("log line 1", response, gold, None, None, {}, **others)


def test_equal_pairs_are_judged_once(monkeypatch):
    asked = []
    monkeypatch.setattr(alone, "verify", lambda a, g, **_: asked.append((a, g)) or a == g)
    text = "{} thoughts.\nAnswer: {}\nConfidence: 0.5"
    held = [logged(text.format(i, i % 2), str(i % 3)) for i in range(60)]
    judged = judge_all(held, "number")
    assert sorted(asked) == sorted({(str(i % 2), str(i % 3)) for i in range(60)})
    assert [v.correct for v in judged.verdicts] == [int(i % 2 == i % 3) for i in range(60)]


def test_options_belong_to_the_pair():
    held = [
        logged("Answer: red\nConfidence: 0.5", "A", options=options)
        for options in (("red", "green"), ("green", "red"), ())
    ]
    assert [v.correct for v in judge_all(held, "choice").verdicts] == [1, 0, 0]


def test_latex_is_judged_alike_in_several_processes(tmp_path, monkeypatch):
    pytest.importorskip("math_verify")
    monkeypatch.setattr("caopd_bench.core.process.share.WORTH", 0.0)
    monkeypatch.setattr(judging, "CHUNK_LATEX", 2)
    answers = [r"\sqrt{8}", r"2\sqrt{2}", r"\sqrt{9}", r"\frac{4}{\sqrt{2}}", "2", "pi"] * 3
    rows = [{"response": rf"Answer: ${a}$", "gold": r"2\sqrt{2}"} for a in answers]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    one, two = (rescore(path, kind="latex", workers=workers) for workers in (1, 2))
    assert one.rows == two.rows
    assert [row.correct for row in one.rows] == [1, 1, 0, 1, 0, 0] * 3


def test_the_first_wrong_right_answer_is_named():
    held = [logged(), logged(gold="x")._replace(where="log line 2"), logged(gold="y")]
    with pytest.raises(UsageError, match="log line 2: the gold answer 'x' is not a number"):
        judge_all(held, "number")
    with pytest.raises(UsageError, match="log line 1: the gold answer 'x'"):
        judge_logged(logged(None, "x"), "number", None)


@pytest.mark.parametrize(
    ("response", "stopped", "status"),
    [
        ("So far", "length", "unfinished"),
        ("", "length", "unfinished"),
        ("Answer: 1\nConfidence: 0.5", "length", "ok"),
        ("Answer: 1\nAnd then", "length", "no_confidence"),
        ("So far", "", "no_answer"),
        ("This was blocked.", "filter", "api_error"),
        (None, "filter", "api_error"),
        ("Answer: 1\nConfidence: 0.5", "filter", "ok"),
    ],
)
def test_why_a_text_ends(response, stopped, status):
    assert judge_logged(logged(response, stopped=stopped), "number", None).status == status


def test_what_a_filter_stopped_is_counted():
    held = [logged(), logged("Blocked.", stopped="filter"), logged(stopped="filter")]
    (note,) = list_notes(held, judge_all(held, "number"), "number")
    assert "2 of 3 responses were stopped by the provider's content filter; 1 of them" in note


def test_the_likeliest_option_is_the_answer():
    options = ("red", "green", "blue")
    made = logged(None, "green", options=options, probabilities=(0.2, 0.5, 0.3))
    assert judge_logged(made, "choice", None) == (0.5, 1, "ok", "green", None, (0.2, 0.5, 0.3), 1)
    for gold, right in (("A", 0), ("red", 0), ("2", 2), ("Blue.", 2)):
        verdict = judge_logged(made._replace(gold=gold), "choice", None)
        assert (verdict.correct, verdict.right_option) == (0, right)
    assert judge_logged(made._replace(options=(), gold="B"), "choice", None).answer == "B"
    for wrong in ({"gold": "yellow"}, {"gold": "7"}, {"probabilities": (0.0, 0.0, 0.0)}):
        with pytest.raises(UsageError, match="log line 1: the "):
            judge_logged(made._replace(**wrong), "choice", None)


def test_probabilities_are_shares_and_a_note_says_so():
    held = [logged(None, "A", probabilities=(0.2, 0.2)), logged(None, "A", probabilities=(1, 0))]
    judged = judge_all(held, "choice")
    assert [v.probabilities for v in judged.verdicts] == [(0.5, 0.5), (1.0, 0.0)]
    (note,) = list_notes(held, judged, "choice")
    assert "the probabilities of 1 of 2 rows do not sum to 1" in note


def test_decisions_become_rows_with_their_probabilities(tmp_path):
    path = tmp_path / "d.jsonl"
    shares = [{"yes": 0.7, "no": 0.3}, {"yes": 0.4, "no": 0.6}]
    rows = [{"probabilities": one, "gold": "yes"} for one in shares]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = rescore(path)
    (task,) = run.tasks
    assert [(r.confidence, r.correct, r.right_option) for r in run.rows] == [
        (0.7, 1, 0),
        (0.6, 0, 0),
    ]
    assert run.settings(task)["confidence"] == {"of": "option", "per": "given"}


def test_right_answers_take_one_form_in_a_log():
    options = ("5", "0", "1")
    texts = [logged(gold=gold, options=options) for gold in ("5", "0", "1")]
    assert [one.gold for one in name_golds(texts)] == ["A", "B", "C"]
    places = [logged(gold=gold, options=("x", "y", "z")) for gold in ("2", "0")]
    assert [one.gold for one in name_golds(places)] == ["C", "A"]
    letters = [logged(gold=gold, options=("B", "A")) for gold in ("B", "A")]
    assert [one.gold for one in name_golds(letters)] == ["B", "A"]
    with pytest.raises(UsageError, match="is both; write letters"):
        name_golds([logged(gold=gold, options=options) for gold in ("0", "1")])


def test_long_judging_tells_how_far_it_is(monkeypatch):
    told = []

    def track(items, what, unit, total):
        told.append((what, unit, total))
        return items

    monkeypatch.setattr(judging, "track", track)
    judge_all([logged(f"Answer: {i % 2}\nConfidence: 0.5") for i in range(6)], "number")
    assert told == [("reading answers", "answers", 6), ("judging", "different answers", 2)]


def test_a_flat_right_answer_may_be_a_whole_solution(tmp_path):
    golds = ["2+2 = 4 #### 4", "We add.\n#### 1,234", "5"]
    file = tmp_path / "a.jsonl"
    rows = [
        {"response": f"Answer: {answer}\nConfidence: 0.9", "gold": gold}
        for answer, gold in zip((4, 1234, 5), golds, strict=True)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for kind in ("number", "latex"):
        run = rescore(file, kind=kind)
        assert [row.correct for row in run.rows] == [1, 1, 1]
        assert [row.gold for row in run.rows] == ["4", "1,234", "5"]
        assert "2 of 3 right answers are whole solutions" in run.warnings[0].text
