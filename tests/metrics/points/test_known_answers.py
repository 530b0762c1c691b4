"""Answers that others printed, and answers worked out by hand."""

import numpy as np
import pytest

from caopd_bench.metrics import (
    accuracy,
    auprc,
    auroc,
    brier,
    brier_skill,
    confidence_when_wrong,
    corp,
    ece,
    log_score,
    mean_confidence,
    murphy,
    over_ece,
    overconfidence_gap,
    reliability_table,
    saturation,
    spr,
    tally,
    tie_rate,
)


@pytest.fixture
def three_values():
    """10 rows at .2 (3 right), 10 at .5 (4 right), 20 at .9 (15 right)."""
    c = np.repeat([0.2, 0.5, 0.9], [10, 10, 20])
    y = np.repeat([1, 0, 1, 0, 1, 0], [3, 7, 4, 6, 15, 5])
    return c, y


def test_calibration_by_hand(three_values):
    c, y = three_values
    assert accuracy(c, y) == pytest.approx(0.55)
    assert mean_confidence(c, y) == pytest.approx(0.625)
    assert overconfidence_gap(c, y) == pytest.approx(0.075)
    # (7 * .2 + 6 * .5 + 5 * .9) / 18
    assert confidence_when_wrong(c, y) == pytest.approx(8.9 / 18)
    assert saturation(c, y, at=0.9) == 0.5
    # |2 - 3| + |5 - 4| + |18 - 15| = 5 of 40 rows, of which 4 are over-confident.
    for strategy in ("width", "value", "sweep"):
        assert ece(c, y, strategy=strategy) == pytest.approx(0.125)
        assert over_ece(c, y, strategy=strategy) == pytest.approx(0.1)
        # (10 * .01 + 10 * .01 + 20 * .0225) / 40 = .01625
        l2 = ece(c, y, strategy=strategy, norm="l2")
        assert l2 == pytest.approx(0.1274755, abs=1e-7)
        assert ece(c, y, strategy=strategy, norm="max") == pytest.approx(0.15)
        # .01 - .21 / 9 and .01 - .24 / 9 are negative, .0225 - .1875 / 19 is not enough.
        assert ece(c, y, strategy=strategy, norm="l2", debias=True) == 0.0


def test_scores_by_hand(three_values):
    c, y = three_values
    # (3 * .64 + 7 * .04 + 10 * .25 + 15 * .01 + 5 * .81) / 40
    assert brier(c, y) == pytest.approx(0.2225)
    assert brier_skill(c, y) == pytest.approx(1 - 0.2225 / 0.2475)
    rows = 3 * np.log(0.2) + 7 * np.log(0.8) + 10 * np.log(0.5) + 15 * np.log(0.9)
    assert log_score(c, y) == pytest.approx(-(rows + 5 * np.log(0.1)) / 40)


def test_ranking_by_hand(three_values):
    c, y = three_values
    # 22 right and 18 wrong make 396 pairs: 4 * 7 + 15 * 13 = 223 ranked, 21 + 24 + 75 = 120 tied.
    assert spr(c, y) == pytest.approx(223 / 396)
    assert tie_rate(c, y) == pytest.approx(120 / 396)
    assert auroc(c, y) == pytest.approx(283 / 396)
    # Precision 15 / 20, 19 / 30 and 22 / 40, at 15, 4 and 3 right answers.
    expected = (15 * 15 / 20 + 4 * 19 / 30 + 3 * 22 / 40) / 22
    assert auprc(c, y) == pytest.approx(expected)


def test_decompositions_by_hand(three_values):
    c, y = three_values
    # The accuracies .3, .4, .75 increase, so they are the curve: it scores
    # (10 * .21 + 10 * .24 + 20 * .1875) / 40 = .20625, the base rate .55 * .45 = .2475.
    result = corp(c, y)
    assert result[:4] == pytest.approx((0.01625, 0.04125, 0.2475, 0.2225))
    assert result.curve == pytest.approx([0.3, 0.4, 0.75])
    # One value a bin, accuracies that rise: Murphy says the same.
    assert murphy(c, y) == pytest.approx((0.01625, 0.04125, 0.2475, 0.0, 0.0, 0.2225))


def test_torchmetrics_documentation():
    # (.5 + |2.05 - 3|) / 5
    c, y = [0.25, 0.25, 0.55, 0.75, 0.75], [0, 0, 1, 1, 1]
    assert ece(c, y, bins=2) == pytest.approx(0.29)
    assert ece(c, y, bins=2, norm="l2") == pytest.approx(0.2918, abs=5e-5)
    assert ece(c, y, bins=2, norm="max") == pytest.approx(0.3167, abs=5e-5)


def test_tests_of_scikit_learn():
    # (|1 - 1| + |3 - 4|) / 8, and (1 * 0 + 3 * 1) / 16 with weights 1 and 3
    c, y = [0.25] * 4 + [0.75] * 4, [0, 0, 0, 1, 1, 1, 1, 1]
    assert ece(c, y, bins=2) == pytest.approx(0.125)
    weighted = tally(c, y, weights=[1] * 4 + [3] * 4)
    assert ece(weighted, bins=2) == pytest.approx(0.1875)
    assert ece(weighted, bins=2, norm="max") == pytest.approx(0.25)
    assert ece(weighted, bins=2, norm="l2") == pytest.approx(0.2165063, abs=1e-7)


def test_documentation_of_calibration_curve():
    c, y = [0.1, 0.2, 0.3, 0.4, 0.65, 0.7, 0.8, 0.9, 1.0], [0, 0, 0, 0, 1, 1, 1, 1, 1]
    bins = reliability_table(tally(c, y), bins=3).bins
    assert bins.accuracy == pytest.approx([0.0, 0.5, 1.0])
    assert bins.mean_confidence == pytest.approx([0.2, 0.525, 0.85])


def test_tests_of_model_diagnostics_from_r():
    c, y = [0.4, 0.3, 0.2, 0.1, 0.5, 0.9], [0, 0, 0, 1, 1, 1]
    result = corp(c, y)
    assert result[:4] == pytest.approx((0.1016667, 0.125, 0.25, 0.2266667), abs=1e-7)
    assert log_score(c, y) == pytest.approx(0.6986228, abs=1e-7)
    # Its log loss after recalibration is MCB below that, and that of the base rate is ln 2.
    # The curve is 1 for two right answers, which is a certainty that came true.
    recalibrated = log_score(result.curve[[3, 2, 1, 0, 4, 5]], y)
    assert log_score(c, y) - recalibrated == pytest.approx(0.3237327, abs=1e-7)
    assert np.log(2) - recalibrated == pytest.approx(0.3182571, abs=1e-7)


def test_values_of_model_diagnostics():
    # model-diagnostics 1.5.0: decompose(y, c, SquaredError()) of these 500 rows
    i = np.arange(500)
    c = (i * 37 % 101) / 100
    y = ((i * i * 7 + 3 * i) % 11) / 11 < c
    theirs = (0.021757511644287936, 0.06769371164428792, 0.234624, 0.18868780000000002)
    assert corp(c, y)[:4] == pytest.approx(theirs, abs=1e-14)


def test_edges_alone_move_the_ece():
    # research: c in {.3, .35}, {.5, .55} and {.95, 1.} tell the conventions apart.
    assert ece([0.3, 0.35], [1, 0]) == pytest.approx(0.175)
    assert ece([0.3, 0.35], [1, 0], edges="paper") == pytest.approx(0.525)
    assert ece([0.5, 0.55], [1, 0]) == pytest.approx(0.025)  # right-closed: .525
    assert ece([0.95, 1.0], [1, 0]) == pytest.approx(0.475)  # an 11th bin: .525
