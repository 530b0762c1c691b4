"""What one document's responses become, without lm-eval."""

import math
from pathlib import Path

import pytest

from caopd_bench.metrics import auroc_between, auroc_within, bootstrap, tally
from caopd_bench.tasks.judge import aggregates
from caopd_bench.tasks.judge.judge import judge, judge_given, judge_samples, judge_truth, vote

DOC = {"answer": "12", "kind": "number"}


def says(answer, confidence):
    return f"So.\nAnswer: {answer}\nConfidence: {confidence}"


def test_one_response():
    values = judge(DOC, [says("12.0", 0.8)])
    assert (values["acc"], values["confidence"], values["status"]) == (1.0, 0.8, "ok")
    assert values["ece"] == values["brier_stderr"] == (0.8, 1.0)
    values = judge(DOC, ["Answer: 12"])
    assert (values["acc"], values["parse_rate"], values["ece"]) == (1.0, 0.0, (None, 1.0))


def test_a_failed_request_is_an_api_error():
    values = judge(DOC, [None])
    assert (values["acc"], values["confidence"], values["status"]) == (0.0, None, "api_error")
    assert judge_samples(DOC, [None, says(12, 0.5)])["status"] == ["api_error", "ok"]
    assert judge_given({**DOC, "given": "12"}, [None])["status"] == "api_error"


@pytest.mark.parametrize(
    ("given", "text", "expected"),
    [
        ("12", "Confidence: 0.7", (1.0, 0.7, "ok")),
        ("13", "Confidence: 0.7", (0.0, 0.7, "ok")),
        # An answer in the second stage changes nothing: the first one is judged.
        ("13", "Answer: 12\nConfidence: 70%", (0.0, 0.7, "ok")),
        ("12", "I am sure.", (1.0, None, "no_confidence")),
        ("12", "Confidence: high", (1.0, None, "bad_confidence")),
        ("12", "<think>0.9", (0.0, None, "unfinished")),
        (None, "Confidence: 0.1", (0.0, None, "no_answer")),
        ("I don't know", "Confidence: 0.1", (0.0, None, "abstained")),
    ],
)
def test_a_confidence_for_a_given_answer(given, text, expected):
    values = judge_given({**DOC, "given": given}, [text])
    assert (values["acc"], values["confidence"], values["status"]) == expected


@pytest.mark.parametrize(
    ("true", "false", "confidence"),
    [(-1.0, -1.0, 0.5), (0.0, -math.log(3), 0.75), (-1e6, 0.0, 0.0), (0.0, -1e6, 1.0)],
)
def test_the_probability_of_true(true, false, confidence):
    values = judge_truth({**DOC, "given": "12"}, [(true, False), (false, False)])
    assert values["confidence"] == pytest.approx(confidence, abs=1e-12)
    assert values["acc"] == 1.0


def test_a_probability_that_is_none():
    nan = float("nan")
    values = judge_truth({**DOC, "given": "13"}, [(nan, False), (nan, False)])
    assert (values["confidence"], values["status"], values["acc"]) == (None, "bad_confidence", 0.0)
    infinite = [(-math.inf, False), (-math.inf, False)]
    assert judge_truth({**DOC, "given": "13"}, infinite)["confidence"] is None
    assert judge_truth({**DOC, "given": None}, [(0, True), (0, True)])["status"] == "no_answer"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["12", "13", "12.0", None], (0.5, 0)),
        (["13", "12"], (0.5, 0)),  # a tie: the first that was given
        ([None, None], (0.0, None)),
        ([None, "13", "12", "12"], (0.5, 2)),
    ],
)
def test_votes(answers, expected):
    assert vote(answers, "number") == expected


def test_samples_of_one_question():
    texts = [says(12, 0.9), says(13, 0.2), says("12", 0.8), "no idea"]
    values = judge_samples(DOC, texts)
    assert values["acc"] == [1.0, 0.0, 1.0, 0.0]
    assert values["confidence"] == [0.9, 0.2, 0.8, None]
    assert values["status"] == ["ok", "ok", "ok", "abstained"]
    assert values["majority"] == values["agreement_ece"] == (0.5, 1.0)
    assert values["parse_rate"] == values["parse_rate_stderr"] == [1.0, 1.0, 1.0, 0.0]
    assert values["copies"] == 0.0
    assert judge_samples(DOC, [says(12, 0.9)] * 3)["copies"] == 1.0


def test_every_key_is_a_metric_of_the_template():
    ways = Path(aggregates.__file__).parents[1] / "ways"
    for template, values in {
        "conf": judge(DOC, ["x"]),
        "sampled": judge_samples(DOC, ["x", "y"]),
        "stated": judge_given({**DOC, "given": "1"}, ["x"]),
        "truth": judge_truth({**DOC, "given": "1"}, [(0.0, True), (0.0, True)]),
    }.items():
        text = (ways / f"_{template}.yml").read_text()
        listed = [
            line.split("metric: ")[1].split(",")[0] for line in text.splitlines() if "{m" in line
        ]
        assert listed == sorted(set(listed), key=listed.index)
        assert set(listed) == set(values)
        without_arrow = {"confidence", "status", "overconfidence_gap", "copies"} & set(listed)
        for line in text.splitlines():
            if "{m" in line and "higher_is_better: null" in line:
                without_arrow -= {line.split("metric: ")[1].split(",")[0]}
        assert not without_arrow


PAIRS = [
    [(0.9, 1.0), (0.8, 1.0), (0.7, 0.0), (None, 1.0)],
    [(0.5, 0.0), (0.6, 1.0)],
    [(None, 0.0)],
    [(0.2, 0.0), (0.2, 0.0)],
]


def test_aggregates_of_sampled_questions_are_the_metrics_of_all_samples():
    rows = [(c, y, i) for i, pairs in enumerate(PAIRS) for c, y in pairs if c is not None]
    confidence, correct, question = zip(*rows, strict=True)
    questions = [
        tally(*zip(*[(c, y) for c, y, i in rows if i == q], strict=True)) for q in set(question)
    ]
    assert aggregates.share([[y for _, y in pairs] for pairs in PAIRS]) == 4 / 9
    assert aggregates.mean_confidence([[c for c, _ in p] for p in PAIRS]) == pytest.approx(3.9 / 7)
    assert aggregates.auroc_within_questions(PAIRS) == auroc_within(questions)
    assert aggregates.auroc_between_questions(PAIRS) == auroc_between(questions)
    from caopd_bench.metrics import auroc, brier

    assert aggregates.brier(PAIRS) == brier(confidence, correct)
    assert aggregates.auroc(PAIRS) == auroc(confidence, correct)


def test_a_question_is_one_draw_for_the_standard_error():
    once = [(0.9, 1.0), (0.7, 0.0), (0.8, 1.0), (0.3, 0.0), (0.6, 1.0), (0.4, 0.0)] * 5
    copied = [[pair] * 8 for pair in once]
    assert aggregates.brier_stderr(copied) == pytest.approx(aggregates.brier_stderr(once), rel=0.1)
    assert aggregates.share_stderr([[y] * 8 for _, y in once]) == pytest.approx(
        aggregates.share_stderr([y for _, y in once]), rel=0.1
    )


def rows(n_right, n, confidence=0.9):
    return [(confidence - 0.001 * i, float(i < n_right)) for i in range(n)]


@pytest.mark.parametrize("n_right", [0, 1, 2, 10, 19, 20])
@pytest.mark.parametrize("name", [*aggregates.SET_METRICS, "mean_confidence", "accuracy"])
def test_twice_the_standard_error_covers_the_interval_of_score(name, n_right):
    pairs = rows(n_right, 20)
    found = bootstrap(tally(*zip(*pairs, strict=True)), metrics=[name])[name]
    if name == "accuracy":
        error = aggregates.share_stderr([y for _, y in pairs])
    else:
        error = getattr(aggregates, f"{name}_stderr")(pairs)
    if math.isnan(found.low):
        assert error == "N/A"
        return
    reach = 1.96 * error
    assert reach >= max(found.estimate - found.low, found.high - found.estimate) > 0
    assert reach < 1.001 * (found.high - found.low)  # and by no more than it must


def test_one_right_answer_of_16_is_little_evidence():
    pairs = [(0.9, 1.0), *((0.95, 0.0) for _ in range(5)), *((0.8, 0.0) for _ in range(10))]
    assert aggregates.auroc(pairs) == pytest.approx(2 / 3)
    assert aggregates.auroc_stderr(pairs) > 0.2
    assert aggregates.share_stderr([1.0] * 20) > 0.05  # lm-eval gives 0


def test_with_many_rows_it_is_the_usual_standard_error():
    pairs = [(0.5 + 0.4 * (i % 5 > 1), float(i % 3 > 0)) for i in range(3000)]
    found = bootstrap(tally(*zip(*pairs, strict=True)), metrics=["brier", "auroc"])
    for name, interval in found.items():
        error = getattr(aggregates, f"{name}_stderr")(pairs)
        assert error == pytest.approx(interval.standard_error, rel=0.02)


def test_statuses_are_counted_in_words_and_the_table_explained_once(caplog):
    aggregates._explain_table.cache_clear()
    caplog.set_level("INFO", logger="lm_eval.caopd_bench")
    statuses = ["no_answer", "ok", ["ok", "api_error"], "no_answer"]
    assert aggregates.count_statuses(statuses) == "2 ok, 2 no_answer, 1 api_error"
    assert aggregates.count_statuses(["abstained"]) == "1 abstained"
    assert [record.getMessage() for record in caplog.records] == [aggregates.EXPLANATION]


def test_nothing_parsed_is_undefined():
    assert aggregates.auroc_within_questions([[(None, 1.0)]]) is None
    assert aggregates.auroc_between_questions([]) is None
    assert aggregates.auroc_within_questions_stderr([[]]) == "N/A"
    assert aggregates.share([]) is None
    assert aggregates.share_stderr([[], []]) == "N/A"
    assert aggregates.majority_accuracy_stderr([(None, 0.0)]) == "N/A"
    assert aggregates.majority_accuracy([(None, 0.0)]) is None
    assert aggregates.mean_confidence([[]]) is None
    assert aggregates.count_statuses([]) is None
