"""How often `caopd-bench watch` raises a false alarm, and how soon a true one.

    python tests/studies/deploy/simulate_watch.py --streams 1000 --seed 1

Every stream begins with a promise made on 1,000 fresh answers, as a user would make it, so that the
limits of Brier and gap that come from these rows are part of what is measured. Then 10,000 answers
come one by one, and one looks 60 times: after every 10 of the first 100, then after every 200. A
stream counts as alarmed if any look raised an alarm of any kind. Before the table: the risk alone,
looked at after every one of 10,000 kept answers, in 10,000 streams.

Laws, all with a true risk of the kept answers of max_risk (the worst case that the promise allows)
but the last:

- border: stated confidence and outcome independent, wrong with max_risk above the cut.
- few values, saturated: one value, 1.00, above the cut.
- late: outcomes come 1 to 500 answers later, the wrong ones soonest.
- gone: 40 % of the outcomes never come, whether right or wrong.
- only the wrong come: right answers get no outcome in 40 % of the cases; no alarm may be raised
  without "by lot", and many are with it.
- wandering: the risk is 0 in one half of the time and 2 max_risk in the other, changing every 200
  answers; its mean is max_risk from the second on.
- at ease: the law of the rows of the promise goes on, all five alarms are watched.
"""

import argparse
import functools
import math
import platform
from time import process_time

import numpy as np

from caopd_bench.maps.write import Fitted
from caopd_bench.metrics import tally
from caopd_bench.metrics.selection.anytime import Limits, log_evidence_above
from caopd_bench.thresholds.cut import Cut
from caopd_bench.thresholds.promise import Promise
from caopd_bench.thresholds.usual import Moments, usual_of
from caopd_bench.watch import evidence
from caopd_bench.watch.tallies import Day, sum_rows

NAN = math.nan
# Alarms need no intervals, and the limits of a promise are found once.
evidence.risk_sequence = evidence.mean_sequence = lambda *_, **__: Limits(0.0, 1.0)
for name in ("upper_loss", "upper_gap", "lower_gap"):
    setattr(Moments, name, functools.cache(getattr(Moments, name)))
LIMIT, ROWS, PROMISED = 0.05, 10_000, 1000
VALUES = np.array([0.5, 0.7, 0.9, 0.97, 0.99, 1.0])
SHARES = np.array([0.15, 0.15, 0.2, 0.2, 0.2, 0.1])
CUT = 0.9
NEVER = 10 * ROWS


def draw(n, rng, risk_above, *, is_saturated=False):
    """Draw answers: right as often as stated below the cut, wrong with a risk above it."""
    c = np.where(rng.random(n) < 0.7, 1.0, 0.5) if is_saturated else rng.choice(VALUES, n, p=SHARES)
    right = np.where(c >= CUT, 1.0 - risk_above, c)
    return c, (rng.random(n) < right).astype(np.int8)


def promise_on(c, y):
    """Make the promise that watch reads; its risk is not the estimate but the limit."""
    cut = Cut(
        None, "CERTIFIED", CUT, LIMIT, 0.95, 0.7, 0.6, 0.8, 0.03, 0.05, c.size, c.size,
        int((c >= CUT).sum()), None, None, "", "",
    )  # fmt: skip
    usual = usual_of([(tally(c, y), CUT)])
    fitted = Fitted("sim", c.size, c.size, None, "0" * 64, ())
    asked = {"max_risk": LIMIT}
    return Promise("sim", "max-risk", asked, 0.95, None, (cut,), fitted, None, {}, usual=usual)


def delays(law, y, rng):
    """Give how many answers later each outcome comes."""
    n = y.size
    if law == "late":
        return np.where(y == 0, rng.integers(1, 100, n), rng.integers(1, 500, n))
    if law == "gone":
        return np.where(rng.random(n) < 0.4, NEVER, 0)
    if law == "only the wrong come":
        return np.where((rng.random(n) < 0.4) & (y == 1), NEVER, 0)
    return np.zeros(n, np.int64)


def stream(law, rng, factor=1.0):
    """Give (promise, confidences, outcomes, when each outcome is known)."""
    is_saturated = law == "saturated"
    risk = np.full(ROWS, LIMIT * factor)
    if law == "wandering":
        risk = np.where(np.arange(ROWS) // 200 % 2 == 0, 0.0, 2.0 * LIMIT)
    before = 0.02 if law == "at ease" or factor > 1.0 else LIMIT
    if law == "at ease":
        risk[:] = before
    promise = promise_on(*draw(PROMISED, rng, before, is_saturated=is_saturated))
    c, y = draw(ROWS, rng, risk, is_saturated=is_saturated)
    return promise, c, y, np.arange(ROWS) + delays(law, y, rng)


def first_alarms(promise, c, y, known_at):
    """Give the answers at the first alarm: of any kind and of the risk, then both by lot."""
    first = np.full(4, NAN)
    day = np.zeros(ROWS, np.int64)
    for n in LOOKS:
        outcome = np.where(known_at[:n] < n, y[:n], -1).astype(np.int8)
        total = Day.of(sum_rows(c[:n], outcome, c[:n] >= CUT, day[:n], 1)[0])
        for alarm in evidence.assess(promise, total, {"": total}, evidence.Options()):
            sure = alarm.sure_evidence >= alarm.needed
            by_lot = sure or alarm.evidence >= alarm.needed
            is_risk = alarm.name == "risk"
            raised = [sure, sure and is_risk, by_lot, by_lot and is_risk]
            first[np.isnan(first) & raised] = n
        if not np.isnan(first).any():
            break
    return first


def evidence_table(longest):
    """Tabulate from how many wrong of n on the risk is alarmed."""
    needed, wrong, found = -math.log(evidence.RISK_SHARE * 0.05), 0, np.empty(longest + 1, np.int64)
    for n in range(longest + 1):
        while wrong <= n and log_evidence_above(wrong, n, LIMIT) < needed:
            wrong += 1
        found[n] = wrong
    return found


def every_row(streams, rng):
    """Look after every kept row of 10,000, at a risk on the border: the share that alarm."""
    table = evidence_table(ROWS)[1:]
    alarmed = 0
    for _ in range(streams):
        alarmed += bool((np.cumsum(rng.random(ROWS) < LIMIT) >= table).any())
    return alarmed / streams


LOOKS = np.unique(np.r_[np.arange(10, 101, 10), np.arange(200, ROWS + 1, 200)])
LAWS = ("border", "saturated", "late", "gone", "only the wrong come", "wandering", "at ease")


def run(streams, seed):
    """Print the tables."""
    began = process_time()
    rng = np.random.default_rng(seed)
    share = every_row(10_000, rng)
    print(f"risk alone, a look after every row, 10,000 looks, 10,000 streams: {share:.4f}")
    print("| law | any alarm | risk alarm | by lot: any alarm | by lot: risk alarm |")
    print("|---|--:|--:|--:|--:|")
    for i, law in enumerate(LAWS):
        rng = np.random.default_rng([seed, i])
        found = np.array([first_alarms(*stream(law, rng)) for _ in range(streams)])
        shares = 1.0 - np.isnan(found).mean(axis=0)
        print(f"| {law} | {' | '.join(f'{x:.3f}' for x in shares)} |", flush=True)
    print("| risk | outcomes | share alarmed within 10,000 | median answers | 90 % alarmed by |")
    print("|---|---|--:|--:|--:|")
    for factor in (1.5, 2.0, 4.0):
        for i, law in enumerate(("at once", "late", "gone")):
            rng = np.random.default_rng([seed, int(10 * factor), i])
            found = np.array(
                [first_alarms(*stream(law, rng, factor)) for _ in range(max(streams // 4, 1))]
            )
            for name, column in ((law, 0), (f"{law}, by lot", 2)):
                if law == "gone" or not column:
                    times = np.where(np.isnan(found[:, column]), np.inf, found[:, column])
                    half, most = np.quantile(times, [0.5, 0.9], method="higher")
                    share = np.isfinite(times).mean()
                    print(
                        f"| {factor:g}x | {name} | {share:.3f} | {half:,.0f} | {most:,.0f} |",
                        flush=True,
                    )
    print(
        f"seed {seed}, {streams} streams a law (a quarter as many for delays), "
        f""
        f"Python {platform.python_version()}, numpy {np.__version__}, "
        f"{process_time() - began:.0f} CPU s"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    run(**vars(parser.parse_args()))
