"""What is kept of all answers, those without a confidence among them."""

import random

import pytest

from caopd_bench.runs.run import Row, count_rows
from caopd_bench.thresholds.coverage import share_kept


def counts_of(confidences, questions=None):
    """Count rows; None is an answer without a confidence."""
    return count_rows(
        [
            Row("t", str(q), i, {}, c, 1, "ok" if c is not None else "no_answer")
            for i, (c, q) in enumerate(
                zip(confidences, questions or range(len(confidences)), strict=True)
            )
        ]
    )


def test_answers_without_a_confidence_are_in_the_denominator():
    share, low, high = share_kept(counts_of([1.0] * 30 + [0.5] * 30 + [None] * 40), 1.0, 0.95)
    assert share == 0.3
    assert (low, high) == pytest.approx((0.2124, 0.3998), abs=5e-4)  # Clopper and Pearson


def test_a_cut_of_0_does_not_keep_what_stands_at_0():
    draw = random.Random(1)
    stated = [None if draw.random() < 0.2 else draw.choice([0.0, 0.5, 0.9]) for _ in range(240)]
    questions = [i // 4 for i in range(240)]
    higher = [None if c is None else c + 0.1 for c in stated]
    at_0 = share_kept(counts_of(stated, questions), 0.0, 0.95)
    above = share_kept(counts_of(higher, questions), 0.1, 0.95)
    assert at_0 == pytest.approx(above)
    assert at_0[0] == sum(c is not None for c in stated) / 240


def test_answers_to_one_question_widen_the_limits():
    stated = [1.0 if i % 8 < 4 else 0.5 for i in range(240)]
    share, low, high = share_kept(counts_of(stated, [i // 4 for i in range(240)]), 1.0, 0.95)
    alone = share_kept(counts_of(stated), 1.0, 0.95)
    assert share == alone[0] == 0.5
    assert high - low > 1.8 * (alone[2] - alone[1])


def test_one_parsed_answer_a_question_is_still_one_of_several():
    """The answers with a confidence are then independent; all answers are not."""
    stated = [1.0 if i % 4 == 0 else None for i in range(160)]
    counts = counts_of(stated, [i // 4 for i in range(160)])
    assert counts.parsed.clusters is None
    assert counts.filled.clusters is not None
    share, low, high = share_kept(counts, 1.0, 0.95)
    assert share == low == high == 0.25  # in every question alike
