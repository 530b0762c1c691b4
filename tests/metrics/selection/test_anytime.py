"""Evidence at every look: exact where it can be enumerated, additive, and never too eager."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from caopd_bench.metrics.selection.anytime import (
    PRIOR_ROWS,
    Sums,
    log_evidence_above,
    log_evidence_below,
    log_evidence_mean_above,
    log_evidence_mean_below,
    mean_sequence,
    risk_sequence,
    sums_of,
)


@pytest.mark.parametrize("risk", [0.02, 0.3])
@pytest.mark.parametrize("evidence", [log_evidence_above, log_evidence_below])
def test_the_mean_is_one_at_the_limit_and_never_more_beyond(evidence, risk):
    """Summed over every number of wrong rows, with its exact probability."""
    for n in (1, 7, 60):
        wrong = np.arange(n + 1)
        e = np.exp([evidence(int(k), n, risk) for k in wrong])
        assert (e * stats.binom.pmf(wrong, n, risk)).sum() == pytest.approx(1.0)
        kept = 0.7 * risk if evidence is log_evidence_above else risk + 0.3 * (1 - risk)
        assert (e * stats.binom.pmf(wrong, n, kept)).sum() < 1.0


def test_the_closed_form_is_the_integral():
    risk, wrong, rows = 0.1, 9, 40
    prior = stats.beta(PRIOR_ROWS * risk, PRIOR_ROWS * (1 - risk))

    def bet(q):
        return (q / risk) ** wrong * ((1 - q) / (1 - risk)) ** (rows - wrong) * prior.pdf(q)

    mixture = integrate.quad(bet, risk, 1)[0] / prior.sf(risk)
    assert math.exp(log_evidence_above(wrong, rows, risk)) == pytest.approx(mixture)


def test_false_alarms_over_every_look():
    """Outcomes at exactly the limit, looked at after every row: Ville's inequality."""
    rng = np.random.default_rng(1)
    goal = math.log(10)
    alarms = {"above": 0, "mean": 0, "outside": 0}
    for _ in range(80):
        outcomes = rng.random(300) < 0.1
        wrong = np.cumsum(outcomes)
        rows = range(1, 301, 6)
        alarms["above"] += any(log_evidence_above(int(wrong[n - 1]), n, 0.1) >= goal for n in rows)
        counts = [Sums(n, float(wrong[n - 1]), float(wrong[n - 1])) for n in rows]
        alarms["mean"] += any(log_evidence_mean_above(s, 0.1) >= goal for s in counts)
        limits = [risk_sequence(s.total, s.rows, 0.9) for s in counts[::5]]
        alarms["outside"] += any(not low <= 0.1 <= high for low, high in limits)
    assert max(alarms.values()) <= 8 + 3 * math.sqrt(80 * 0.1 * 0.9)
    assert max(alarms.values()) > 0


def test_a_real_change_is_noticed():
    assert log_evidence_above(40, 400, 0.05) > math.log(100)
    assert log_evidence_below(5, 400, 0.05) > math.log(20)
    assert log_evidence_above(1, 400, 0.05) < -2


def test_bounded_rows_may_take_the_place_of_outcomes():
    """The mean of e over rows in [0, 1] is at most one at the limit: by simulation of one step."""
    rng = np.random.default_rng(2)
    rows = rng.beta(2, 6, (40_000, 5))
    mean = 0.25
    for evidence in (log_evidence_above, log_evidence_below):
        e = np.exp([evidence(float(x.sum()), 5, mean) for x in rows[:4000]])
        assert e.mean() <= 1.0
    for side in (log_evidence_mean_above, log_evidence_mean_below):
        e = np.exp([side(sums_of(x), mean) for x in rows[:4000]])
        assert 0.9 < e.mean() <= 1.01


def test_parts_add_up_in_any_order():
    rng = np.random.default_rng(3)
    gap = rng.uniform(-1, 1, 90)
    parts = [sums_of(gap[i::3]) for i in (2, 0, 1)]
    together = Sums().plus(parts[0]).plus(parts[1]).plus(parts[2])
    assert together == pytest.approx(sums_of(gap))
    assert mean_sequence(together, low=-1, high=1) == pytest.approx(
        mean_sequence(sums_of(gap), low=-1, high=1)
    )


def test_sequences_shrink_and_contain_the_mean():
    widths = []
    for n in (20, 200, 2000):
        low, high = risk_sequence(0.1 * n, n)
        assert low < 0.1 < high
        narrow = mean_sequence(sums_of(np.tile([0.05, 0.15], n // 2)))
        assert narrow.low < 0.1 < narrow.high
        widths.append((high - low, narrow.high - narrow.low))
    assert widths == sorted(widths, reverse=True)
    assert widths[-1][1] < widths[-1][0]  # rows that vary little say more
    assert risk_sequence(0, 0) == (0.0, 1.0)
    assert mean_sequence(Sums(), low=-1.0) == (-1.0, 1.0)
    assert risk_sequence(0, 50).low == 0.0
    assert risk_sequence(50, 50).high == 1.0


def test_the_sequence_inverts_the_bets():
    low, high = mean_sequence(sums_of([0.1, 0.3, 0.2] * 60), 0.9)
    goal = math.log(20)
    rows = sums_of([0.1, 0.3, 0.2] * 60)
    assert log_evidence_mean_above(rows, low) == pytest.approx(goal, abs=1e-6)
    assert log_evidence_mean_below(rows, high) == pytest.approx(goal, abs=1e-6)


def test_what_is_refused():
    with pytest.raises(ValueError, match="wrong must be between 0 and rows"):
        log_evidence_above(3, 2, 0.05)
    with pytest.raises(ValueError, match="risk must be between 0 and 1"):
        log_evidence_above(1, 2, 5)
    with pytest.raises(ValueError, match="limit must be between -1 and 1"):
        log_evidence_mean_above(Sums(), 2.0, low=-1)
    with pytest.raises(ValueError, match="sums must be of rows between 0 and 1"):
        mean_sequence(sums_of([-0.5]))
    with pytest.raises(ValueError, match="level must be between 0 and 1"):
        risk_sequence(1, 2, 95)
