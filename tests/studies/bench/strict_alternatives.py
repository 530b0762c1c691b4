"""Numbers that could see a saturated reference collapse, for docs/decisions/README.md.

    python tests/studies/bench/strict_alternatives.py

By how much each falls in populations of 200,000 rows (seeds 0 and 1); a share that rises is
shown with its sign turned, so that below 0 is worse everywhere.
"""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from caopd_bench.metrics import auroc, degradation, spr, tally

F = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("gate_families.py"))))
#: As a base that states .95 most often: the commonest value is not the top.
F.BASES["mostly .95"] = (((0.95, 0.98, 1.0), (50, 30, 20)), 0.60, 0.25)
ROWS = 200_000


def changes(family, base, rng):
    stated, right = base
    if family != "mostly .95":
        yield "as published", F.as_published(family, base, rng)
    yield "a quarter to 1.00", F.collapsed(base, rng)
    yield "8 points more accurate, surer", F.draw_base(family, ROWS, rng, surer=0.2, gained=0.08)
    surer = (right > 0) & (rng.random(right.shape) < 0.5)
    yield "half of the right answers surer", (np.where(surer, 1.0, stated), right)
    yield "eighths that know more", F.recalibrated(base, rng)


def numbers(reference, answers):
    stated, right = (side.ravel() for side in answers)
    rows = tally(stated, right.astype(int))
    values, at = np.unique(np.rint(100 * stated), return_inverse=True)
    of_right, of_wrong = (
        np.bincount(at, kind, values.size) / kind.sum() for kind in (right, 1.0 - right)
    )
    top = np.quantile(reference[0], 0.75, method="higher")
    # Against itself, so that strict AUROC is of all rows; sure is what the reference says.
    strict = degradation([side.ravel() for side in (reference[0], reference[1])], (stated, right))[
        "strict_auroc"
    ].candidate
    return {
        "AUROC": auroc(rows),
        "SPR": spr(rows),
        "AUROC, commonest tie lost": auroc(rows) - (of_right * of_wrong).max() / 2,
        "share at the top": -(stated >= top).mean(),
        "wrong answers at the top": -(stated[right == 0] >= top).mean(),
        "strict AUROC": strict,
    }


def main():
    for family in ("8B, tied", "8B, fine", "mostly .95", "3/4 at 1.00"):
        base = F.draw_base(family, ROWS, np.random.default_rng(0))
        before = numbers(base, base)
        print(f"\n| {family} | {' | '.join(before)} |\n|{' --- |' * (len(before) + 1)}")
        for name, after in changes(family, base, np.random.default_rng(1)):
            found = numbers(base, after)
            moved = (f"{found[key] - before[key]:+.3f}" for key in before)
            print(f"| {name} | {' | '.join(moved)} |")


if __name__ == "__main__":
    main()
