"""`certified_threshold`: what it promises, refuses and cannot depend on."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import isotonic_regression

from caopd_bench.metrics import (
    Tally,
    certified_threshold,
    certified_thresholds,
    cheapest_threshold,
    risk_at_coverage,
    tally,
)
from caopd_bench.metrics.selection import clustered


def drawn(n=800, seed=1, continuous=False):
    rng = np.random.default_rng(seed)
    values = rng.beta(7, 1, n) if continuous else rng.choice([1.0, 0.95, 0.9, 0.7, 0.5], n)
    return values, rng.random(n) < 0.4 + 0.6 * values


@pytest.mark.parametrize("continuous", [True, False])
def test_a_certified_cut_is_shown_by_the_exact_test(continuous):
    confidence, correct = drawn(3000, continuous=continuous)
    found = certified_threshold(confidence, correct, max_risk=0.1)
    kept = confidence >= found.cut
    wrong = int((~correct[kept]).sum())
    assert found.outcome == "CERTIFIED"
    assert (found.n_kept, found.risk) == (kept.sum(), wrong / kept.sum())
    assert found.coverage == kept.mean()
    # A tenth of the error rate has gone to the sequence with the early start.
    assert stats.binomtest(wrong, int(kept.sum()), 0.1, alternative="less").pvalue <= 0.045
    limit = stats.beta.ppf(0.955, wrong + 1, kept.sum() - wrong)
    assert limit - 1e-9 <= found.risk_bound <= 0.1
    both = stats.binomtest(int(kept.sum()), 3000).proportion_ci(0.95, "exact")
    assert (found.coverage_low, found.coverage_high) == pytest.approx((both.low, both.high))


@pytest.mark.parametrize("continuous", [True, False])
def test_the_order_of_the_rows_never_matters(continuous):
    confidence, correct = drawn(continuous=continuous)
    question = np.arange(confidence.size) // 4
    order = np.random.default_rng(3).permutation(confidence.size)
    for cluster in (None, question):
        moved = None if cluster is None else cluster[order]
        a = certified_threshold(confidence, correct, max_risk=0.1, cluster=cluster)
        b = certified_threshold(confidence[order], correct[order], max_risk=0.1, cluster=moved)
        assert repr(a) == repr(b)


def test_a_tally_and_its_parts_are_the_rows():
    confidence, correct = drawn()
    whole = certified_threshold(confidence, correct, max_risk=0.1)
    parts = tally(confidence[:300], correct[:300]) + tally(confidence[300:], correct[300:])
    assert certified_threshold(parts, max_risk=0.1) == whole
    alone = tally(confidence, correct, cluster=np.arange(confidence.size))
    assert certified_threshold(alone, max_risk=0.1) == whole  # every row its own cluster


@pytest.mark.parametrize("value", [0.2, 0.9, 1.0])
def test_a_constant_confidence_gives_all_or_nothing(value):
    # What states .2 is set aside, and has a tenth of the error rate.
    few = 4 if value > 0.5 else 2
    for wrong, outcome in ((0, "CERTIFIED"), (few, "CERTIFIED"), (9, "INCONCLUSIVE"), (60, "NONE")):
        correct = np.arange(200) >= wrong
        found = certified_threshold(np.full(200, value), correct, max_risk=0.05)
        assert found.outcome == outcome
        if outcome == "CERTIFIED":
            assert (found.cut, found.coverage) == (value, 1.0)


def test_tied_rows_are_kept_together():
    """Half of the answers at 1.00: there is no cut inside them."""
    confidence = np.repeat([1.0, 0.4], [500, 500])
    correct = np.concatenate([np.arange(500) >= 10, np.arange(500) >= 300])
    found = certified_threshold(confidence, correct, max_risk=0.05)
    assert (found.cut, found.n_kept, found.risk) == (1.0, 500, 0.02)


def test_monotone_in_the_limit_and_in_the_level():
    confidence, correct = np.full(400, 0.9), np.arange(400) >= 12
    limits = [certified_threshold(confidence, correct, max_risk=r) for r in (0.03, 0.05, 0.1)]
    assert [x.outcome for x in limits] == ["INCONCLUSIVE", "CERTIFIED", "CERTIFIED"]
    levels = [certified_threshold(confidence, correct, max_risk=0.05, level=x) for x in (0.9, 0.99)]
    assert [x.outcome for x in levels] == ["CERTIFIED", "INCONCLUSIVE"]
    bounds = [risk_at_coverage(confidence, correct, min_coverage=1, level=x).risk_bound
              for x in (0.8, 0.9, 0.95)]  # fmt: skip
    assert bounds == sorted(bounds)


def test_more_rows_of_one_law_never_loosen_the_result_in_expectation():
    coverage, bounds = [], []
    for n in (100, 300, 1000, 3000):
        found = [certified_threshold(*drawn(n, seed), max_risk=0.1) for seed in range(40)]
        coverage.append(np.mean([0.0 if np.isnan(x.coverage) else x.coverage for x in found]))
        limits = [risk_at_coverage(*drawn(n, seed), min_coverage=0.5) for seed in range(40)]
        bounds.append(np.mean([x.risk_bound for x in limits]))
    assert coverage == sorted(coverage)
    assert bounds == sorted(bounds, reverse=True)


def test_too_few_rows_and_rows_that_cannot_tell_say_how_many_are_needed():
    few = certified_threshold([0.9] * 40, [1] * 40, max_risk=0.05)
    assert (few.outcome, few.n_kept) == ("INCONCLUSIVE", 0)
    assert "61" in few.reason
    assert few.items_needed >= 61
    rows = np.full(300, 0.9), np.arange(300) >= 9
    more = certified_threshold(*rows, max_risk=0.05)
    assert more.outcome == "INCONCLUSIVE"
    # With that many rows of the observed risk it is certified in four of five sets.
    rng = np.random.default_rng(4)
    n = more.items_needed
    again = [certified_threshold(np.full(n, 0.9), rng.random(n) >= 0.03, max_risk=0.05)
             for _ in range(200)]  # fmt: skip
    assert np.mean([x.outcome == "CERTIFIED" for x in again]) > 0.72


def test_few_rows_do_not_show_that_no_cut_keeps_the_limit():
    """Of 40 rows the surest 14 are all right: that 40 are not says nothing of a cut between."""
    confidence = np.repeat([0.99, 0.5], [14, 26])
    few = certified_threshold(confidence, np.arange(40) < 20, max_risk=0.05)
    assert few.outcome == "INCONCLUSIVE"
    by_question = certified_threshold(
        confidence.repeat(2), np.arange(80) < 40, max_risk=0.05, cluster=np.arange(40).repeat(2)
    )
    assert by_question.outcome == "INCONCLUSIVE"
    many = certified_threshold(
        np.repeat([0.99, 0.5], [14, 586]), np.arange(600) < 300, max_risk=0.05
    )
    assert many.outcome == "NONE"
    assert "30 answers or more" in many.reason


def test_no_cut_is_said_only_where_it_is_shown():
    """At its surest cut the risk is shown to be above the limit, as at all others."""
    confidence = np.repeat([1.0, 0.9], [100, 100])
    bad = certified_threshold(confidence, np.arange(200) % 4 > 0, max_risk=0.05)
    assert bad.outcome == "NONE"
    assert "at its surest the model errs at 25.0%" in bad.reason
    assert (bad.items_needed, bad.risk) == (None, 0.25)
    unsure = np.concatenate([np.arange(100) >= 6, np.arange(100) >= 50])
    assert certified_threshold(confidence, unsure, max_risk=0.05).outcome == "INCONCLUSIVE"


def test_clusters_count_once():
    """Eight samples that are all alike are worth one row each; the error rate is halved."""
    questions = np.arange(100)
    correct = np.repeat(questions >= 0, 8)
    found = certified_threshold(np.full(800, 0.9), correct, max_risk=0.05,
                                cluster=np.repeat(questions, 8))  # fmt: skip
    assert (found.outcome, found.clusters) == ("CERTIFIED", 100)
    assert found.risk_bound == pytest.approx(1 - 0.0225 ** (1 / 100))
    few = certified_threshold(np.full(560, 0.9), correct[:560], max_risk=0.05,
                              cluster=np.repeat(questions[:70], 8))  # fmt: skip
    assert few.outcome == "INCONCLUSIVE"  # 74 questions without an error are too few too
    assert (
        certified_threshold(np.full(560, 0.9), correct[:560], max_risk=0.05).outcome == "CERTIFIED"
    )


def test_clusters_keep_the_promise_where_rows_would_break_it():
    """All samples of a question are wrong together, at a risk just above the limit."""
    rng = np.random.default_rng(5)
    broken = np.zeros(2)
    for _ in range(60):
        wrong = np.repeat(rng.random(80) < 0.101, 8)
        question = np.repeat(np.arange(80), 8)
        counted = tally(np.full(640, 0.9), ~wrong, cluster=question)
        broken += [certified_threshold(x, max_risk=0.1, level=0.9).outcome == "CERTIFIED"
                   for x in (counted, Tally(*counted.cells))]  # fmt: skip
    assert broken[0] <= 0.1 * 60 < broken[1]


def test_rows_of_small_clusters_have_the_same_chance():
    sizes = np.array([1, 4] * 300)
    question = np.repeat(np.arange(600), sizes)
    counted = tally(np.full(question.size, 0.9), sizes[question] == 4, cluster=question)
    kept, wrong = np.sum([(p.rows[-1], p.wrong[-1]) for p in clustered.picks(counted)], axis=0)
    assert wrong / kept == pytest.approx(0.2, abs=0.01)  # one row of five is wrong, not one of two


def test_a_few_sure_answers_above_hopeless_ones_are_found():
    """Where the others are so bad that the main sequence starts among them, at any limit."""
    confidence = np.repeat([1.0, 0.9], [200, 1300])
    correct = np.concatenate([np.arange(200) >= 1, np.arange(1300) >= 650])
    for limit in (0.05, 0.1, 0.2, 0.3):
        found = certified_threshold(confidence, correct, max_risk=limit)
        assert (found.outcome, found.cut) == ("CERTIFIED", 1.0)


def test_groups_share_the_error_rate():
    easy, hard = (np.full(70, 0.9), np.ones(70)), (np.full(70, 0.5), np.zeros(70))
    assert certified_threshold(*easy, max_risk=0.05).outcome == "CERTIFIED"
    found = certified_thresholds({"easy": easy, "hard": tally(*hard)}, max_risk=0.05)
    assert [x.outcome for x in found.values()] == ["INCONCLUSIVE", "NONE"]
    assert {x.level for x in found.values()} == {0.975}
    with pytest.raises(ValueError, match="groups must have at least one"):
        certified_thresholds({}, max_risk=0.05)
    with pytest.raises(ValueError, match="group 'easy': correct must be 0/1"):
        certified_thresholds({"easy": ([0.9], [0.5])}, max_risk=0.05)


def test_the_other_direction():
    confidence, correct = drawn()
    found = risk_at_coverage(confidence, correct, min_coverage=0.5)
    above = np.unique(confidence[confidence > found.cut])
    assert found.coverage >= 0.5 > (confidence >= above[0]).mean()
    assert found.max_risk == found.risk_bound > found.risk
    question = np.arange(confidence.size) // 2
    wider = risk_at_coverage(confidence, correct, min_coverage=0.5, cluster=question)
    assert wider.cut == found.cut
    assert wider.risk_bound > found.risk_bound
    assert risk_at_coverage(confidence, correct, min_coverage=1).coverage == 1.0


def test_the_other_direction_where_chance_chooses_the_cut():
    """Enumerated for the law that a search found worst: the surest value is the worst one."""
    n, top, error, missed = 24, 0.5179, 0.1, {True: 0.0, False: 0.0}
    risk = np.array([0.926, 0.1859])
    over = top * risk[0] + (1 - top) * risk[1]
    for first in range(1, n):
        for a in range(first + 1):
            for b in range(n - first + 1):
                chance = (stats.binom.pmf(first, n, top) * stats.binom.pmf(a, first, risk[0])
                          * stats.binom.pmf(b, n - first, risk[1]))  # fmt: skip
                if chance < 1e-6:
                    continue
                counts = np.array([n - first - b, first - a]), np.array([b, a])
                found = risk_at_coverage(Tally(np.array([0.5, 0.9]), *counts),
                                         min_coverage=0.5, level=1 - error)  # fmt: skip
                true = risk[0] if found.cut == 0.9 else over
                missed[True] += chance * (found.risk_bound < true)
                alone = stats.beta.ppf(1 - error, a + b + 1, max(n - a - b, 1e-9))
                limit = alone if found.cut == 0.5 else found.risk_bound
                missed[False] += chance * (limit < true)
    assert missed[True] <= error < missed[False]


def test_the_cheapest_cut():
    rng = np.random.default_rng(6)
    confidence = rng.choice([0.5, 0.9, 0.99], 4000)
    correct = rng.random(4000) < np.where(
        confidence < 0.6, 0.5, np.where(confidence < 0.95, 0.9, 0.998)
    )
    found = cheapest_threshold(confidence, correct, cost_wrong=20, cost_human=1)
    kept = confidence >= found.cut
    assert (found.outcome, found.cut, found.break_even) == ("CERTIFIED", 0.99, 0.05)
    cost = (20 * (~correct[kept]).sum() + (~kept).sum()) / 4000
    assert found.cost == pytest.approx(cost)
    assert cost < found.cost_bound < 1.0
    lower = cheapest_threshold(confidence, correct, cost_wrong=5, cost_human=1)
    assert lower.cut == 0.9  # ten wrong of a hundred are cheaper than a hundred people
    never = cheapest_threshold(confidence, correct, cost_wrong=20000, cost_human=1)
    assert (never.outcome, np.isnan(never.cut)) == ("INCONCLUSIVE", True)
    question = np.arange(4000) // 4
    wider = cheapest_threshold(confidence, correct, cost_wrong=20, cost_human=1, cluster=question)
    assert wider.cost_bound > found.cost_bound


def test_what_is_refused():
    rows = [0.9, 0.8], [1, 0]
    weighted = tally(*rows, weights=[1.0, 2.0])
    for call in (
        lambda: certified_threshold(weighted, max_risk=0.05),
        lambda: risk_at_coverage(weighted, min_coverage=0.5),
        lambda: cheapest_threshold(weighted, cost_wrong=2, cost_human=1),
    ):
        with pytest.raises(ValueError, match="tally must not be weighted"):
            call()
    for risk in (0.0, 1.0, 5, True, "0.05", None):
        with pytest.raises(ValueError, match="max_risk must be between 0 and 1"):
            certified_threshold(*rows, max_risk=risk)
    with pytest.raises(ValueError, match="level must be between 0 and 1"):
        certified_threshold(*rows, max_risk=0.05, level=95)
    with pytest.raises(ValueError, match="min_coverage must be above 0"):
        risk_at_coverage(*rows, min_coverage=0)
    with pytest.raises(ValueError, match="cost_wrong must be above cost_human"):
        cheapest_threshold(*rows, cost_wrong=1, cost_human=1)
    with pytest.raises(ValueError, match="cost_human must be a number above 0"):
        cheapest_threshold(*rows, cost_wrong=1, cost_human=-1)
    with pytest.raises(ValueError, match="divide percentages by 100"):
        certified_threshold([90, 80], [1, 0], max_risk=0.05)


def test_a_map_fitted_on_the_same_rows_voids_the_promise():
    """Pooled errors fall into the lowest steps: what docs/threshold.md warns of is real."""
    rng = np.random.default_rng(1)
    broken = np.zeros(2)
    for _ in range(120):
        confidence, wrong = rng.beta(8, 1, 500), rng.random(500) < 0.1001
        order = np.argsort(confidence)
        mapped = np.empty(500)
        mapped[order] = isotonic_regression((~wrong[order]).astype(float)).x
        broken += [certified_threshold(x, ~wrong, max_risk=0.1, level=0.9).outcome == "CERTIFIED"
                   for x in (confidence, mapped)]  # fmt: skip
    assert broken[0] <= 12 + 2 * np.sqrt(120 * 0.1 * 0.9)
    assert broken[1] > broken[0] + 4
