"""How often `caopd-bench check` is wrong, both ways; writes the table of docs/threshold.md.

    python tests/studies/thresholds/simulate_check.py docs/threshold.md --seed 1

Independent rows are enumerated: at a fixed cut the wrong ones among those kept are binomial, so
the chance of each verdict is a sum over counts. Clusters are simulated, in families that differ in
how the answers to one question depend on each other. Chains make a promise first, by
`certified_threshold`, and check it on rows of the same law, or of one that errs more often.
"""

import argparse
import runpy
import sys
from pathlib import Path

import numpy as np
from scipy import stats

from caopd_bench.metrics import certified_threshold, tally
from caopd_bench.metrics.selection.holds import check_cut
from caopd_bench.metrics.selection.tails import ROUNDING, at_least, at_most

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
from fill_page import fill_page

LEVEL = 0.95
ERROR = (1 - LEVEL) * (1 + ROUNDING)
TIMES = (0.25, 0.5, 1.0, 2.0, 4.0)
KEPT = (20, 60, 200, 1000, 5000)
LIMITS = (0.01, 0.05, 0.2)
CUT = 0.9
LAWS_FILE = Path(__file__).parents[1] / "metrics" / "threshold_families.py"
START, END = "<!-- check rates -->", "<!-- end of check rates -->"


def enumerate_verdicts(kept, limit, risk, looks=1):
    """Give the chances of PASS and of FAIL."""
    wrong = np.arange(kept + 1)
    mass = stats.binom.pmf(wrong, kept, min(risk, 1.0))
    rows = np.full(wrong.shape, kept)
    fails = at_least(wrong, rows, limit) * looks <= ERROR
    passes = (at_most(wrong, rows, limit) <= ERROR) & ~fails
    return float(mass[passes].sum()), float(mass[fails].sum())


def draw_clusters(family, questions, risk, rng):
    """Draw confidence, wrong and question of answers; risk among the kept is `risk` throughout."""
    if family == "unequal sizes":  # half have one answer, and these err less often
        size = np.where(rng.random(questions) < 0.5, 1, 8)
        mean = np.where(size == 1, risk / 2, risk * (1 + 1 / 16))  # (1/2 + 8 * 17/16) / 9 = 1
    else:
        size = np.full(questions, 8 if family == "8 answers, all alike" else 4)
        mean = np.full(questions, risk)
    if family == "8 answers, all alike":
        chance = (rng.random(questions) < mean).astype(float)
    elif family == "4 independent answers":
        chance = mean
    else:  # beta-binomial, errors of a question correlate at .5
        chance = rng.beta(mean, 1 - mean)
    question = np.repeat(np.arange(questions), size)
    wrong = rng.random(question.size) < chance[question]
    # A third of the answers is left, whatever the question.
    confidence = np.where(rng.random(question.size) < 2 / 3, 0.95, 0.5)
    return confidence, wrong, question


FAMILIES = (
    "4 independent answers",
    "4 answers, correlation .5",
    "8 answers, all alike",
    "unequal sizes",
)


def simulate_clusters(family, questions, limit, risk, times, rng):
    """Give the shares of PASS and FAIL, and of both if rows were taken as independent."""
    found = np.zeros(4)
    for _ in range(times):
        confidence, wrong, question = draw_clusters(family, questions, risk, rng)
        for i, labels in ((0, question), (2, None)):
            one = check_cut(tally(confidence, ~wrong, cluster=labels), CUT, limit, level=LEVEL)
            found[i : i + 2] += one.p_kept <= ERROR, one.p_broken <= ERROR
    return found / times


def simulate_chain(law, n, limit, times, simulations, rng):
    """Make promises and check each on n new rows of a law with `times` the risks."""
    found = np.zeros(3)
    for _ in range(simulations):
        rows, wrong = law.draw(n, 2, rng)
        made = certified_threshold(_tally(law, rows[0], wrong[0]), max_risk=limit, level=LEVEL)
        if made.outcome != "CERTIFIED":
            continue
        again = rng.binomial(rows[1], np.minimum(law.risk * times, 1.0))
        one = check_cut(_tally(law, rows[1], again), made.cut, limit, level=LEVEL)
        found += 1, one.p_kept <= ERROR, one.p_broken <= ERROR
    return found[0], *(found[1:] / max(found[0], 1))


def _tally(law, rows, wrong):
    value = np.repeat(law.values, rows)
    right = np.concatenate([np.arange(n) >= k for n, k in zip(rows, wrong, strict=True)])
    return tally(value, right)


def table_of_rows():
    """Enumerate independent rows."""
    head = ["limit", "kept", *(f"{x:g}x the limit" for x in TIMES)]
    rows, worst = [], [0.0, 0.0]
    for limit in LIMITS:
        for kept in KEPT:
            each = [enumerate_verdicts(kept, limit, x * limit) for x in TIMES]
            at = dict(zip(TIMES, each, strict=True))
            # Of a promise that is broken PASS is likeliest at the limit, of one that is kept FAIL.
            worst = [max(a, b) for a, b in zip(worst, at[1.0], strict=True)]
            cells = [f"{_percent(p)} / {_percent(f)}" for p, f in each]
            rows.append([f"{limit:g}", f"{kept:,}", *cells])
    note = (
        f"At the limit, where either is likeliest to be wrong, PASS has {worst[0]:.2%} at most and "
        f"FAIL {worst[1]:.2%}."
    )
    return (
        "**Independent answers**, enumerated, level .95: PASS / FAIL; the rest is INCONCLUSIVE.\n\n"
        + _table(head, rows) + f"\n\n{note}"
    )  # fmt: skip


def table_of_looks():
    """Enumerate a year of weekly checks."""
    head = ["kept a week", *(f"{x:g}x the limit" for x in (0.5, 0.75, 1.0, 2.0, 4.0))]
    rows = []
    for kept in (60, 200, 1000):
        row = [f"{kept:,}"]
        for x in (0.5, 0.75, 1.0, 2.0, 4.0):
            plain, shared = (enumerate_verdicts(kept, 0.05, x * 0.05, k)[1] for k in (1, 52))
            if x <= 1.0:
                row.append(" / ".join(_percent(1 - (1 - p) ** 52) for p in (plain, shared)))
            else:
                row.append(" / ".join(_weeks(p) for p in (plain, shared)))
        rows.append(row)
    return (
        "**A year of weekly checks**, limit .05, without and with `--looks 52`. Up to the "
        "limit: the chance of a false FAIL within the year; above it: weeks until the first FAIL, "
        "on average.\n\n" + _table(head, rows)
    )


def table_of_clusters(simulations, seed):
    """Simulate clusters."""
    times = (0.5, 1.0, 2.0, 4.0)
    head = ["answers of a question", "questions", *(f"{x:g}x the limit" for x in times),
            "at the limit, as if independent"]  # fmt: skip
    rows, worst = [], [0.0, 0.0]
    for family in FAMILIES:
        for questions in (60, 200, 1000):
            row = [family, f"{questions:,}"]
            for x in times:
                rng = np.random.default_rng([seed, FAMILIES.index(family), questions, int(x * 4)])
                found = simulate_clusters(family, questions, 0.05, 0.05 * x, simulations, rng)
                row.append(f"{_percent(found[0])} / {_percent(found[1])}")
                if x == 1.0:
                    naive = f"{_percent(found[2])} / {_percent(found[3])}"
                    worst = [max(a, b) for a, b in zip(worst, found[:2], strict=True)]
            rows.append([*row, naive])
    return (
        f"**Several answers to a question**, limit .05, level .95, {simulations:,} simulated sets "
        "a cell: PASS / FAIL.\n\n" + _table(head, rows) + "\n\nAt the limit PASS has "
        f"{worst[0]:.1%} at most and FAIL {worst[1]:.1%}."
    )


def table_of_chains(simulations, seed):
    """Simulate promises and their checks."""
    laws = runpy.run_path(str(LAWS_FILE))["LAWS"]
    times = (1.0, 2.0, 4.0)
    head = ["law", "answers", *(f"errors x {x:g}" for x in times)]
    rows = []
    for name in ("calibrated", "saturated", "two atoms", "worst at the top"):
        for n in (300, 1000, 5000):
            row = [name, f"{n:,}"]
            for x in times:
                law = laws[name](0.05)
                rng = np.random.default_rng([seed, n, int(x)])
                made, passed, failed = simulate_chain(law, n, 0.05, x, simulations, rng)
                row.append(f"{_percent(passed)} / {_percent(failed)}" if made >= 50 else "-")
            rows.append(row)
    return (
        f"**A promise and its check**, limit .05, level .95, {simulations:,} pairs of sets a cell; "
        "of those in which a cut was certified, PASS / FAIL on as many new answers of the same "
        "law, or with more errors at every confidence.\n\n" + _table(head, rows)
    )


def _weeks(chance):
    return f"{1 / chance:.0f}" if chance > 1e-4 else "over 10,000"


def _percent(share):
    if 0.0 < share < 0.0005:
        return "<.1 %"
    return f"{100 * share:.1f} %" if share < 0.0995 else f"{100 * share:.0f} %"


def _table(head, rows):
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(head)}", *lines[1:]])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", nargs="?", type=Path)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    text = "\n\n".join(
        [
            table_of_rows(),
            table_of_looks(),
            table_of_clusters(options.simulations, options.seed),
            table_of_chains(options.simulations, options.seed),
        ]
    )
    if options.page is None:
        print(text)
        return
    fill_page(options.page, START, END, text)


if __name__ == "__main__":
    main()
