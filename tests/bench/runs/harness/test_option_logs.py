"""Logs with a probability of every option: batches with log probabilities, and decisions."""

import json
import math

import pytest

from caopd_bench.cli import main
from caopd_bench.core.errors import UsageError
from caopd_bench.runs.readers.harness.letters import Letters, find_letters, find_options, spread
from caopd_bench.runs.rescore import rescore


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def notes_of(run):
    return [note.text for note in run.warnings]


def token(text, **top):
    """Make a token of chat completions; `top` are letters with their probabilities."""
    space = " " if text.startswith(" ") else ""
    listed = [{"token": f"{space}{key}", "logprob": math.log(p)} for key, p in top.items()]
    return {"token": text, "logprob": -0.1, "top_logprobs": listed}


def answer(name, text, tokens=None, *, gold=None, **choice):
    """Make a row of a batch's output."""
    one = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": None if tokens is None else {"content": tokens, "refusal": None},
        "finish_reason": "stop",
        **choice,
    }
    body = {"id": "c", "object": "chat.completion", "model": "m-1", "choices": [one]}
    response = {"status_code": 200, "request_id": "r", "body": body}
    row = {"id": "batch_req_1", "custom_id": name, "response": response, "error": None}
    return row if gold is None else {**row, "gold": gold}


FAILED = {"custom_id": "x", "response": None, "error": {"code": "batch_expired"}, "gold": 1}
REFUSED = {"custom_id": "y", "response": {"status_code": 400, "body": {"error": {}}}, "gold": 1}


def test_stated_confidences_of_a_batch(tmp_path):
    rows = [
        answer("b", "Answer: 5\nConfidence: 0.6", gold=4),
        answer("a", "Answer: 4\nConfidence: 0.9", gold=4),
        FAILED,
        {**REFUSED, "error": None},
        answer("c", None, gold=4, finish_reason="length"),
    ]
    run = rescore(write(tmp_path / "out.jsonl", rows))
    assert [(r.confidence, r.correct) for r in run.rows[:2]] == [(0.6, 0), (0.9, 1)]
    assert [r.status for r in run.rows[2:]] == ["api_error", "api_error", "unfinished"]
    assert (run.name, len({r.item_hash for r in run.rows})) == ("m-1", 5)


def test_two_batches_pair_by_custom_id_in_any_order(tmp_path):
    rows = [answer(f"q{i}", f"Answer: {i}\nConfidence: 0.9", gold=i) for i in range(5)]
    one = rescore(write(tmp_path / "a.jsonl", rows))
    other = rescore(write(tmp_path / "b.jsonl", rows[::-1]))
    assert {r.item_hash for r in one.rows} == {r.item_hash for r in other.rows}


def test_several_choices_of_a_request_are_samples(tmp_path):
    row = answer("a", "Answer: 4\nConfidence: 0.9", gold=4)
    again = {"index": 1, "message": {"content": "Answer: 5\nConfidence: 0.2"}}
    row["response"]["body"]["choices"].append(again)
    run = rescore(write(tmp_path / "out.jsonl", [row]))
    assert [(r.sample, r.confidence, r.correct) for r in run.rows] == [(0, 0.9, 1), (1, 0.2, 0)]


def test_responses_and_completions(tmp_path):
    said = "Answer: 4\nConfidence: 0.9"
    parts = [{"type": "output_text", "text": said}]
    output = [{"type": "reasoning", "summary": []}, {"type": "message", "content": parts}]
    bodies = [
        {"output": output},
        {"choices": [{"text": said}]},
        {"choices": [{"message": {"content": [{"type": "text", "text": said}]}}]},
    ]
    rows = [
        {"custom_id": str(i), "response": {"status_code": 200, "body": body}, "gold": "4"}
        for i, body in enumerate(bodies)
    ]
    run = rescore(write(tmp_path / "out.jsonl", rows))
    assert [(r.confidence, r.correct) for r in run.rows] == [(0.9, 1)] * 3


def test_a_batch_without_right_answers_says_what_to_do(tmp_path):
    file = write(tmp_path / "out.jsonl", [answer("a", "Answer: 4")])
    with pytest.raises(
        UsageError, match=r"line 1: no right answer; .* add a column gold by custom"
    ):
        rescore(file)
    row = answer("a", "Answer: 4")
    row["response"]["body"]["metadata"] = {"right": "4"}
    run = rescore(write(file, [row]), gold="response.body.metadata.right", by=["right"])
    assert (run.rows[0].correct, run.rows[0].groups) == (1, {"right": 4})


CHOICES = [
    answer("q1", "B", [token("B", A=0.2, B=0.6, C=0.15, D=0.05)], gold="B"),
    answer("q2", "Answer: C", [token("Answer"), token(":"), token(" C", C=0.5, A=0.3)], gold="A"),
    answer("q3", "I do not know", [token("I"), token(" do")], gold="D"),
]


def test_log_probabilities_of_a_batch(tmp_path):
    run = rescore(write(tmp_path / "out.jsonl", CHOICES), kind="choice")
    assert run.rows[0].probabilities == pytest.approx((0.2, 0.6, 0.15, 0.05))
    assert [(r.confidence, r.correct) for r in run.rows] == [
        (pytest.approx(0.6), 1),
        (pytest.approx(0.625), 0),
        (None, 0),
    ]
    first, *others = notes_of(run)[:3]
    assert "the most likely letter among the 4 options A to D" in first
    assert "in 1 of 3 answers top_logprobs lacks an option" in others[0]
    assert "in 1 of 3 answers no token with top_logprobs is the letter" in others[1]
    assert run.settings("logged")["confidence"] == {"of": "option", "per": "given"}


def test_a_stated_confidence_comes_before_log_probabilities(tmp_path):
    said = "Answer: B\nConfidence: 0.7"
    tokens = [token("Answer"), token(":"), token(" B", A=0.1, B=0.9), token("\n")]
    run = rescore(
        write(tmp_path / "out.jsonl", [answer("a", said, tokens, gold="B")]), kind="choice"
    )
    assert (run.rows[0].confidence, run.rows[0].probabilities) == (0.7, ())


def test_another_letter_than_the_likeliest_is_counted(tmp_path):
    row = answer("a", "B", [token("B", A=0.7, B=0.3)], gold="B")
    run = rescore(write(tmp_path / "out.jsonl", [row]), kind="choice")
    assert run.rows[0].correct == 0
    assert any("the sampled letter is not the most likely one" in note for note in notes_of(run))


@pytest.mark.parametrize(
    ("text", "pieces", "found"),
    [
        ("B", ["B"], 0),
        ("(B)", ["(", "B", ")"], 1),
        ("**Answer:** B", ["**", "Answer", ":**", " B"], 3),
        ("Answer: (B) a tunnel", ["Answer", ":", " (", "B", ")", " a", " tunnel"], 3),
        ("B or C? Answer: B", ["B", " or", " C", "?", " Answer", ":", " B"], 6),
        ("Answer: B\n\nB is it.", ["Answer", ":", " B", "\n\n", "B", " is", " it", "."], 2),
        ("The answer is B.", ["The", " answer", " is", " B", "."], 3),
        ("<answer>B</answer>", ["<", "answer", ">", "B", "</", "answer", ">"], 3),
    ],
)
def test_the_token_of_the_answer(text, pieces, found):
    """Each token has its place as the probability of A, so that one sees which was taken."""
    tokens = [token(piece, A=(i + 1) / 100, B=0.5) for i, piece in enumerate(pieces)]
    assert find_letters(text, tokens).probability["A"] == pytest.approx((found + 1) / 100)


@pytest.mark.parametrize("tokens", [None, [], [1], [{}], [{"token": "B"}], {"token": "B"}])
def test_tokens_that_are_none(tokens):
    assert find_letters("B", tokens) is None


def test_two_tokens_of_one_letter_count_together():
    listed = [{"token": text, "logprob": math.log(0.25)} for text in ("B", " B", "A", "no")]
    found = find_letters("B", [{"token": "B", "top_logprobs": listed}])
    assert found.probability == pytest.approx({"B": 0.5, "A": 0.25})
    assert spread(Letters("B", {}), "AB") == ()


DECISIONS = [
    {"id": 1, "probabilities": {"yes": 0.8, "no": 0.2}, "gold": "yes", "topic": "loans"},
    {"id": 2, "probabilities": [0.4, 0.6], "labels": ["yes", "no"], "gold": "yes", "topic": "x"},
    {"id": 3, "probs": [{"label": "yes", "score": 0.1}, {"label": "no", "score": 0.9}], "label": 1},
    {"id": 4, "probabilities": None, "gold": "no"},
]


def test_decisions(tmp_path):
    run = rescore(write(tmp_path / "d.jsonl", DECISIONS), by=["topic"])
    assert [(r.confidence, r.correct, r.status, r.answer) for r in run.rows] == [
        (0.8, 1, "ok", "yes"),
        (0.6, 0, "ok", "no"),
        (0.9, 1, "ok", "no"),
        (None, 0, "api_error", None),
    ]
    assert [r.right_option for r in run.rows] == [0, 0, 1, -1]
    assert run.rows[0].groups == {"topic": "loans"}
    assert run.settings("logged")["confidence"] == {"of": "option", "per": "given"}


@pytest.mark.parametrize("kind", ["number", "choice", "phrase"])
def test_decisions_need_no_kind(tmp_path, kind):
    run = rescore(write(tmp_path / "d.jsonl", DECISIONS[:3]), kind=kind)
    assert [r.correct for r in run.rows] == [1, 0, 1]


def test_decisions_in_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [
        {"probabilities": {"a": 0.25, "b": 0.75, "c": None}, "gold": "b"},
        {"probabilities": {"a": 0.5, "b": None, "c": 0.5}, "gold": "c"},
    ]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "d.parquet")
    run = rescore(tmp_path / "d.parquet")
    assert [(r.probabilities, r.right_option) for r in run.rows] == [
        ((0.25, 0.75), 1),
        ((0.5, 0.5), 1),
    ]


def test_decisions_in_csv(tmp_path):
    (tmp_path / "d.csv").write_text('probabilities,gold\n"[0.25, 0.75]",b\n', encoding="utf-8")
    with pytest.raises(UsageError, match="2 probabilities without as many options or labels"):
        rescore(tmp_path / "d.csv")
    text = 'probabilities,gold\n"{""a"": 0.25, ""b"": 0.75}",b\n'
    (tmp_path / "d.csv").write_text(text, encoding="utf-8")
    assert rescore(tmp_path / "d.csv").rows[0].probabilities == (0.25, 0.75)


def test_a_label_that_is_the_prediction_is_noticed(tmp_path):
    rows = [{"probabilities": {"a": 0.7, "b": 0.3}, "label": "a"} for _ in range(20)]
    assert any(
        "is this column the model's choice?" in note
        for note in notes_of(rescore(write(tmp_path / "d.jsonl", rows)))
    )
    run = rescore(write(tmp_path / "d.jsonl", rows), gold="label")
    assert not any("the model's choice" in note for note in notes_of(run))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"probabilities": {"a": 0.5, "b": 0.6}, "gold": "a"}, "sum to 1.1, not 1"),
        ({"probabilities": {"a": 0.5, "b": 0.3}, "gold": "a"}, "sum to 0.8, not 1"),
        ({"probabilities": {"a": 50, "b": 50}, "gold": "a"}, "must be in [0, 1], got 50"),
        ({"probabilities": {"a": float("nan"), "b": 1}, "gold": "a"}, "must be in [0, 1], got nan"),
        ({"probabilities": {"a": "0.5", "b": 0.5}, "gold": "a"}, "must be in [0, 1], got '0.5'"),
        ({"probabilities": {"a": True, "b": 0}, "gold": "a"}, "must be in [0, 1], got True"),
        ({"probabilities": {"a": 1}, "gold": "a"}, "1 options with 1 distinct"),
        ({"probabilities": [1, 0], "labels": ["a", "a"], "gold": "a"}, "2 options with 1 distinct"),
        ({"probabilities": [1, 0], "labels": ["a"], "gold": "a"}, "without as many options"),
        ({"probabilities": {"a": 0.5, "b": 0.5}, "gold": "c"}, "'c' is not among the 2 options"),
        ({"probabilities": {"a": 0.5, "b": 0.5}, "gold": 2}, "'2' is not among the 2 options"),
        ({"probabilities": {"a": 0.5, "b": 0.5}}, "no right answer; give a column gold or label"),
        ({"probabilities": 3, "gold": "a"}, "must be an object or a list, got 3"),
        ({"probabilities": [], "labels": [], "gold": "a"}, "must be an object or a list"),
    ],
)
def test_decisions_that_cannot_be_used(tmp_path, row, said, capsys):
    file = write(tmp_path / "d.jsonl", [DECISIONS[0], row])
    assert main(["rescore", str(file)]) == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert "d.jsonl line 2" in error
    assert said in error


def test_an_option_has_one_place_in_all_rows(tmp_path):
    rows = [
        {"probabilities": {"yes": 0.8, "no": 0.2}, "gold": "yes"},
        {"probabilities": {"no": 0.9, "yes": 0.1}, "gold": "yes"},
        {"probabilities": [0.3, 0.7], "labels": ["no", "yes"], "gold": 0},
    ]
    run = rescore(write(tmp_path / "d.jsonl", rows))
    assert [r.probabilities for r in run.rows] == [(0.8, 0.2), (0.1, 0.9), (0.7, 0.3)]
    assert [r.right_option for r in run.rows] == [0, 0, 1]  # 0 was the place of "no"


def test_many_classes(tmp_path):
    shares = {f"class {i}": 0.001 for i in range(500)} | {"class 7": 0.501}
    run = rescore(write(tmp_path / "d.jsonl", [{"probabilities": shares, "gold": "class 7"}]))
    assert (run.rows[0].correct, run.rows[0].right_option) == (1, 7)


def test_a_file_of_answers_with_probabilities_beside_them_is_one_of_answers(tmp_path):
    row = {"response": "Answer: 4\nConfidence: 0.3", "gold": 4, "probabilities": [0.1, 0.9]}
    assert rescore(write(tmp_path / "a.jsonl", [row])).rows[0].confidence == 0.3


def test_places_of_decisions_count_from_1_where_the_last_occurs_and_0_never(tmp_path):
    def read(*golds):
        shares = {"yes": 0.2, "no": 0.7, "later": 0.1}
        rows = [{"probabilities": shares, "gold": gold} for gold in golds]
        run = rescore(write(tmp_path / "d.jsonl", rows))
        return [r.right_option for r in run.rows], " ".join(notes_of(run))

    assert read(0, 1, 2) == ([0, 1, 2], "")
    right, said = read(1, 2, 3)
    assert right == [0, 1, 2]
    assert "counted from 1, because the last position occurs" in said
    right, said = read(1, 2)
    assert right == [1, 2]
    assert "counted from 0, but neither 0 nor the last position occurs" in said
    assert read("yes", 1) == ([0, 1], "")
    with pytest.raises(UsageError, match="'3' is not among the 3 options"):
        read(0, 3)
    with pytest.raises(UsageError, match="'3' is not among the 3 options"):
        read("yes", 3)


def listed(**tops):
    """Make the token of an answer; names of letters end in "_" for a space before them."""
    return [
        {
            "token": "A",
            "top_logprobs": [
                {"token": f" {key[0]}" if key.endswith("_") else key, "logprob": math.log(share)}
                for key, share in tops.items()
            ],
        }
    ]


def read_batch(tmp_path, *tops, gold="A"):
    rows = [answer(f"q{i}", "A", listed(**top), gold=gold) for i, top in enumerate(tops)]
    run = rescore(write(tmp_path / "out.jsonl", rows), kind="choice")
    return run, " ".join(notes_of(run))


def test_right_answers_alone_do_not_tell_the_options(tmp_path):
    run, said = read_batch(tmp_path, {"A": 0.6, "A_": 0.2, "B": 0.1})
    assert "among the 2 options A to B" in said
    assert run.rows[0].confidence == pytest.approx(0.8 / 0.9)
    assert "10.0% of the probability at the token of the answer belongs to no option" in said
    run, said = read_batch(tmp_path, {"A": 0.6, "D": 0.3, "B": 0.06, "C": 0.04})
    assert run.rows[0].probabilities == pytest.approx((0.6, 0.06, 0.04, 0.3))
    assert "left out" not in said


def test_tokens_that_begin_other_words_are_no_options(tmp_path):
    # A sentence may begin with "I", and one answer in a thousand with anything.
    run, said = read_batch(tmp_path, {"A": 0.5, "B": 0.3, "I": 0.15, "T": 0.05})
    assert "among the 2 options A to B" in said
    assert run.rows[0].confidence == pytest.approx(0.5 / 0.8)
    assert "20.0% of the probability" in said
    many = [{"A": 0.9, "B": 0.1}] * 299 + [{"A": 0.9, "B": 0.06, "C": 0.04}]
    assert "among the 2 options A to B" in read_batch(tmp_path, *many)[1]


def test_one_letter_has_no_share(tmp_path):
    run, said = read_batch(tmp_path, {"A": 0.7, "A_": 0.2}, {"A": 1.0})
    assert [row.confidence for row in run.rows] == [None, None]
    assert [row.correct for row in run.rows] == [1, 1]
    assert "top_logprobs contains no letter but A" in said


def test_a_token_that_is_listed_twice_counts_once():
    twice = [{"token": text, "logprob": math.log(0.25)} for text in ("B", "B", " B", "A")]
    found = find_letters("B", [{"token": "B", "top_logprobs": twice}])
    assert found.probability == pytest.approx({"B": 0.5, "A": 0.25})


def test_options_reach_up_to_the_highest_letter_with_a_share():
    def find(golds, **shares):
        return find_options([Letters("A", shares)], golds)

    assert find("D", A=1.0) == "ABCD"
    assert find("A", A=0.9, C=0.06) == "ABC"
    assert find("A", A=0.9, B=0.002) == "A"
    assert find("H", A=0.8, I=0.1) == "ABCDEFGHI"
    assert find("G", A=0.8, I=0.1) == "ABCDEFG"
    assert find_options([], "B") == "AB"


def lettered(count):
    tops = {"A": 0.5, "B": 0.3, "C": 0.15, "D": 0.05}
    return [answer(f"q{i}", "A", [token("A", **tops)], gold="ABCD"[i % 4]) for i in range(count)]


@pytest.mark.parametrize(
    "text", ["Answer: A\nConfidence: 0.9", "A\nConfidence: 90%", "A\nConfidence: high"]
)
def test_one_stated_confidence_does_not_drop_the_probabilities(tmp_path, text):
    rows = [*lettered(40), answer("z", text, gold="A")]
    run = rescore(write(tmp_path / "out.jsonl", rows), kind="choice")
    assert [r.confidence for r in run.rows[:40]] == pytest.approx([0.5] * 40)
    assert sum(r.correct for r in run.rows[:40]) == 10
    assert run.rows[40].confidence is None
    assert run.settings("logged")["confidence"]["of"] == "option"
    told = [note for note in notes_of(run) if note.startswith("1 of 41 texts state a confidence")]
    assert len(told) == any(letter.isdigit() for letter in text)


def test_probabilities_beside_stated_confidences_are_counted(tmp_path):
    said = [answer(f"s{i}", "Answer: A\nConfidence: 0.9", gold="A") for i in range(9)]
    run = rescore(write(tmp_path / "out.jsonl", [*lettered(4), *said]), kind="choice")
    assert [r.confidence for r in run.rows] == [None] * 4 + [0.9] * 9
    assert [r.status for r in run.rows[:4]] == ["no_confidence"] * 4
    assert [r.correct for r in run.rows[:4]] == [1, 0, 0, 0]
    assert any(
        note.startswith("4 of 13 answers have log probabilities of a letter, which are not used")
        for note in notes_of(run)
    )


def test_letters_alone_count_without_log_probabilities(tmp_path):
    rows = [answer(f"q{i}", "AB"[i % 2], gold="B") for i in range(6)]
    run = rescore(write(tmp_path / "out.jsonl", rows), kind="choice")
    assert [(r.status, r.correct) for r in run.rows] == [("no_confidence", i % 2) for i in range(6)]


def test_several_right_options_of_lighteval(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    def row(name, gold, logs, text):
        doc = {"query": f"q{name}", "choices": [" x", " y", " z"], "gold_index": gold, "id": name}
        return {"doc": doc, "model_response": {"logprobs": logs, "text": text}, "metric": ["acc"]}

    def read(rows, kind):
        parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "details_a.parquet")
        return rescore(tmp_path / "details_a.parquet", kind=kind)

    logs = [-1.0, -2.0, -3.0]
    golds = [[0], [0, 1], [1, 2]]
    run = read([row(str(i), gold, logs, []) for i, gold in enumerate(golds)], "number")
    assert [r.correct for r in run.rows] == [1, 1, 0]
    assert [len(r.probabilities) for r in run.rows] == [3, 0, 0]
    assert run.settings(run.tasks[0])["confidence"]["of"] == "option"
    assert [note[:44] for note in notes_of(run)] == ["2 of 3 questions have several right options,"]
    rows = [row(str(i), golds[i], [], ["CBC"[i]]) for i in range(3)]
    assert [r.correct for r in read(rows, "choice").rows] == [0, 1, 1]
