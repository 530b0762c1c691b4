"""Simulate recalibration and print Markdown tables; scores are exact, only the fits are random.

    python tests/studies/metrics/simulate_recalibration.py scores --simulations 100 --seed 1

scores: how far each method is, out of sample, from the true probabilities.
ends: what is done with 0 and 1 before the fit.
cross: whether a cross-fitted score is that of new rows.
"""

import argparse
import runpy
import zlib
from pathlib import Path

import numpy as np

from caopd_bench.metrics import Tally, cross_recalibrate, recalibrate
from caopd_bench.metrics.points.proper_scores import brier, log_score

FILE = runpy.run_path(str(Path(__file__).with_name("populations.py")))
METHODS = ("constant", "temperature", "platt", "beta", "isotonic", "histogram")
EVERY = (*FILE["DISTRIBUTIONS"],)


def draw_tally(population, n, rng):
    """Draw the counts of n independent rows."""
    count = rng.multinomial(n, population.mass)
    used = count > 0
    right = rng.binomial(count[used], population.truth[used])
    return Tally(population.values[used], right, count[used] - right)


def excess(population, mapped):
    """Brier and log score of new rows, in thousandths above those of the true probabilities."""
    _, right, wrong = population.cells
    return [
        1000 * float(score(mapped, right, wrong) - score(population.truth, right, wrong))
        for score in (brier.cells, log_score.cells)
    ]


def draws(distribution, n, simulations, seed):
    """Give (population, tally, generator) of each simulation, over all truths."""
    for truth in FILE["TRUTHS"]:
        population = FILE["population"](distribution, truth)
        rng = np.random.default_rng([seed, n, zlib.crc32(population.name.encode())])
        for _ in range(simulations):
            yield population, draw_tally(population, n, rng), rng


def study_scores(distribution, n, simulations, seed):
    """Excess of each method, and of the stated confidence."""
    found = {name: [] for name in ("stated", *METHODS)}
    for population, tally, _ in draws(distribution, n, simulations, seed):
        found["stated"].append(excess(population, population.values))
        for method in METHODS:
            fitted = recalibrate(tally, method=method)
            found[method].append(excess(population, fitted.apply(population.values)))
    return found


def clipped(method, tally, population, end):
    """Excess when 0 and 1 are moved to ``end`` and 1 - ``end`` first."""
    moved = Tally(np.clip(tally.values, end, 1 - end), tally.right, tally.wrong)
    fitted = recalibrate(moved, method=method)
    return excess(population, fitted.apply(np.clip(population.values, end, 1 - end)))


def study_ends(distribution, n, simulations, seed):
    """Excess of the logistic methods when 0 and 1 are clipped, and as they are."""
    methods = ("temperature", "platt", "beta")
    found = {f"{m}, {what}": [] for m in methods for what in ("clip 1e-7", "clip .005", "ours")}
    for population, tally, _ in draws(distribution, n, simulations, seed):
        for m in methods:
            found[f"{m}, clip 1e-7"].append(clipped(m, tally, population, 1e-7))
            found[f"{m}, clip .005"].append(clipped(m, tally, population, 0.005))
            mapped = recalibrate(tally, method=m).apply(population.values)
            found[f"{m}, ours"].append(excess(population, mapped))
    return found


def like_for_like(tally, method, folds, rng):
    """Cross-fit with folds that also have equal shares of right rows: the trap."""
    parts = []
    for count in (tally.right, tally.wrong):
        dealt = np.tile(count // folds, (folds, 1))
        value = np.repeat(np.arange(count.size), count % folds)
        deck = rng.permuted(np.tile(np.arange(folds), (value.size // folds + 1, 1)), axis=1)
        np.add.at(dealt, (deck.ravel()[: value.size], value), 1)
        parts.append(dealt)
    total = 0.0
    for right, wrong in zip(*parts, strict=True):
        rest_right, rest_wrong = tally.right - right, tally.wrong - wrong
        used = rest_right + rest_wrong > 0
        fitted = recalibrate(
            Tally(tally.values[used], rest_right[used], rest_wrong[used]), method=method
        )
        rows = (right + wrong).sum()
        if rows:
            total += rows * float(brier.cells(fitted.apply(tally.values), right, wrong))
    return total / tally.n


def study_cross(distribution, n, simulations, seed):
    """Brier scores in thousandths: of the fit's rows, cross-fitted in two ways, of new rows."""
    found = {}
    for method in METHODS:
        rows = found[method] = []
        for population, tally, rng in draws(distribution, n, simulations, seed):
            fitted = recalibrate(tally, method=method)
            # A fifth is held out, so a fit of four fifths is the fair comparison.
            smaller = recalibrate(draw_tally(population, round(0.8 * n), rng), method=method)
            _, right, wrong = population.cells
            crossed = cross_recalibrate(tally, method=method, seed=rng)
            scores = (
                brier.cells(*fitted.apply(tally).cells),
                like_for_like(tally, method, 5, rng),
                brier.cells(*crossed.cells),
                brier.cells(smaller.apply(population.values), right, wrong),
            )
            rows.append([1000 * float(x) for x in scores])
    return found


def averages(values):
    """Means of the finite ones; the share that is infinite in brackets."""
    columns = np.asarray(values).T
    texts = []
    for column in columns:
        finite = np.isfinite(column)
        text = f"{column[finite].mean():.1f}" if finite.any() else "-"
        texts.append(text + (f" ({1 - finite.mean():.0%} inf)" if not finite.all() else ""))
    return texts


def run(study, distributions, sizes, simulations, seed):
    """Print the tables of a study."""
    function = {"scores": study_scores, "ends": study_ends, "cross": study_cross}[study]
    for n in sizes:
        print(f"\n{study}, n = {n}, {simulations} fits for each of 6 truths, seed {seed}")
        for distribution in distributions:
            for name, values in function(distribution, n, simulations, seed).items():
                print(f"| {distribution} | {name} | {' | '.join(averages(values))} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", choices=["scores", "ends", "cross"])
    parser.add_argument("--distributions", nargs="+", choices=EVERY, default=EVERY)
    parser.add_argument("--sizes", nargs="+", type=int, default=[100, 1000])
    parser.add_argument("--simulations", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    run(**vars(parser.parse_args()))
