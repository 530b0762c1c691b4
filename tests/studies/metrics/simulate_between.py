"""Coverage of the interval of `auroc_between`: the table of docs/metrics/scores.md.

    python tests/studies/metrics/simulate_between.py

Questions differ in difficulty (Beta(a, a)); the model states the success rate with some noise, the
same for all samples of a question, and some for each sample. The truth is that of 20,000 questions.
"""

import numpy as np

from caopd_bench.metrics import auroc_between, bootstrap_between, tally

REPLICATES = 300


def draw(generator, n, k, spread, noise):
    """Give a tally for each question."""
    rate = generator.beta(spread, spread, n)
    stated = np.clip(rate + noise * generator.normal(size=n), 0, 1)
    right = generator.random((n, k)) < rate[:, None]
    each = np.clip(stated[:, None] + 0.1 * generator.normal(size=(n, k)), 0, 1).round(1)
    return [tally(each[i], right[i].astype(int)) for i in range(n)]


def main():
    generator = np.random.default_rng(0)
    print("| questions | K | difficulty | noise | AUROC between | coverage of 95 % |")
    print("|---|---|---|---|---|---|")
    for spread, noise in ((0.3, 0.1), (0.3, 0.5), (1.0, 0.3), (5.0, 0.3)):
        truth = auroc_between(draw(generator, 20_000, 4, spread, noise))
        for n, k in ((20, 4), (60, 1), (60, 8), (200, 8)):
            found = [
                bootstrap_between(draw(generator, n, k, spread, noise)) for _ in range(REPLICATES)
            ]
            covered = np.mean([i.low <= truth <= i.high for i in found])
            print(
                f"| {n} | {k} | Beta({spread}, {spread}) | {noise} | {truth:.3f} | {covered:.3f} |"
            )


if __name__ == "__main__":
    main()
