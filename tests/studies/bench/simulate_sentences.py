"""Draw pairs of models whose difference is known, and tabulate which sentence `compare` opens with.

    python tests/studies/bench/simulate_sentences.py --draws 300 --seed 1 --output sentences.csv
    python tests/studies/bench/simulate_sentences.py table --output sentences.csv \\
        --page docs/compare.md

A family (`sentence_families.py`) has a truth that a draw of 200,000 items gives, all confidences
known. A sentence is false if it claims what the truth denies, by more than the tolerances below:
"better calibrated" of a confidence that did not itself come closer to its answers, "an unchanged
confidence" of one that changed, and so on. "Was seen" and "cannot be said" claim nothing about the
models, and "cannot be told apart" only that the mean confidence did not change by more than .15.
One CSV row a family and size; a run that was stopped goes on.
"""

import argparse
import csv
import runpy
import zlib
from pathlib import Path

import numpy as np

from caopd_bench.comparison.direction import weigh
from caopd_bench.comparison.one_task import compare_task
from caopd_bench.comparison.pairs import Side, TaskPair
from caopd_bench.comparison.sentence import say
from caopd_bench.metrics import auroc, confidence_when_wrong, corp, degradation

HERE = Path(__file__).parent
FAMILIES = runpy.run_path(str(HERE / "sentence_families.py"))
PAGE = runpy.run_path(str(HERE / "fill_page.py"))
SIZES = (100, 300, 1000)
TRUTH = 200_000
#: Differences up to here are none.
SMALL = 0.001
RANK = 0.002  # of AUROC
LARGE = 0.15  # of the mean confidence
STATED = 0.25  # of the change of accuracy, see `compare_judging.UNCHANGED`
MARK = "<!-- sentences: written by tests/studies/bench/simulate_sentences.py -->"
END = "<!-- end of sentences -->"


def to_pair(models):
    sides = [Side(np.where(m.parsed, m.stated, np.nan), m.right.astype(np.float64)) for m in models]
    item = models[0].item
    return TaskPair("t", *sides, item, int(item[-1]) + 1, [{}] * item.size)


def to_comparison(models, level=0.95):
    """Compare as the command does, less the table of every metric, which no sentence uses."""
    return compare_task(("base", "new"), to_pair(models), None, level, None, brief=True)


def truth(name):
    """Give what is true of a family, of all rows."""
    a, b = FAMILIES["draw_pair"](name, TRUTH, zlib.crc32(name.encode()))
    parts = [corp(m.stated, m.right) for m in (a, b)]
    same = a.right == b.right
    losses = [((m.stated - m.right) ** 2)[same].mean() for m in (a, b)]
    areas = [auroc(m.stated, m.right) for m in (a, b)]
    gaps = [m.stated.mean() - m.right.mean() for m in (a, b)]
    wrong = [confidence_when_wrong(m.stated, m.right) for m in (a, b)]
    strict = degradation((a.stated, a.right), (b.stated, b.right))["strict_auroc"]
    return {
        "accuracy": b.right.mean() - a.right.mean(),
        "stated": b.stated.mean() - a.stated.mean(),
        "parsed": b.parsed.mean() - a.parsed.mean(),
        "calibration": parts[1].miscalibration - parts[0].miscalibration,
        "discrimination": parts[1].discrimination - parts[0].discrimination,
        "own": losses[1] - losses[0],
        "auroc": areas[1] - areas[0],
        "auroc_of_new": areas[1],
        "distance": abs(gaps[1]) - abs(gaps[0]),
        "when_wrong": wrong[1] - wrong[0],
        "strict": -strict.worse_by,
    }


def claims(sentence):
    """Give what a sentence claims, as (claim, test of the truth)."""
    head = sentence.split(": ")[0].split(", and which of them")[0]
    if head.startswith("It cannot be said"):
        return {}

    def fit(t):
        return t["calibration"] - t["discrimination"]

    tests = {
        "is better calibrated": lambda t: t["calibration"] < -SMALL and t["own"] < -SMALL / 10,
        "is worse calibrated": lambda t: t["calibration"] > SMALL and t["own"] > SMALL / 10,
        "tells right answers from wrong ones better": lambda t: t["auroc"] > RANK,
        "less well": lambda t: t["auroc"] < -RANK,
        "no longer tells": lambda t: t["auroc"] < -RANK and t["auroc_of_new"] < 0.6,
        "fits its answers better": lambda t: fit(t) < -SMALL,
        "fits its answers worse": lambda t: fit(t) > SMALL,
        "sure of more": lambda t: t["strict"] < -RANK,
        "surer of its wrong answers": lambda t: t["when_wrong"] > SMALL,
        "right more often": lambda t: t["accuracy"] > SMALL,
        "right less often": lambda t: t["accuracy"] < -SMALL,
        "differs from base in its answers": lambda t: abs(t["accuracy"]) > SMALL,
        "unchanged confidence": lambda t: (
            abs(t["stated"]) <= max(STATED * abs(t["accuracy"]), 0.02)
        ),
        "to meet": lambda t: t["distance"] < -SMALL,
        "closer together": lambda t: t["distance"] < -SMALL,
        "away from": lambda t: t["distance"] > SMALL,
        "moved apart": lambda t: t["distance"] > SMALL,
        "states more confidence": lambda t: t["stated"] > SMALL,
        "states less confidence": lambda t: t["stated"] < -SMALL,
        "stated confidence rose": lambda t: t["stated"] > SMALL,
        "stated confidence fell": lambda t: t["stated"] < -SMALL,
        "discrimination moved": lambda t: abs(t["discrimination"]) > SMALL,
        "a usable confidence less often": lambda t: t["parsed"] < -SMALL,
        "a usable confidence more often": lambda t: t["parsed"] > SMALL,
        # Changes that no size of a run overlooks.
        "cannot be told apart": lambda t: abs(t["stated"]) <= LARGE,
    }
    return {claim: test for claim, test in tests.items() if claim in head}


def simulate(name, n, draws, seed):
    known = truth(name)
    verdicts, false, better, examples = {}, 0, 0, {}
    for i in range(draws):
        models = FAMILIES["draw_pair"](name, n, [seed, n, i, zlib.crc32(name.encode())])
        found = to_comparison(models)
        verdict, sentence = weigh(found).verdict, say(found)
        verdicts[verdict] = verdicts.get(verdict, 0) + 1
        wrong = [claim for claim, test in claims(sentence).items() if not test(known)]
        false += bool(wrong)
        better += "is better calibrated" in claims(sentence)
        for claim in wrong:
            examples[claim] = examples.get(claim, 0) + 1
    said = sorted(verdicts.items(), key=lambda item: -item[1])
    return {
        "family": name,
        "n": n,
        "draws": draws,
        **{key: f"{value:.4f}" for key, value in known.items()},
        "verdicts": "; ".join(f"{verdict} {count / draws:.2f}" for verdict, count in said),
        "better_calibrated": f"{better / draws:.4f}",
        "false": f"{false / draws:.4f}",
        "false_claims": "; ".join(f"{claim} {k / draws:.3f}" for claim, k in examples.items()),
    }


def run(options):
    done = set()
    if options.output.exists():
        with options.output.open(newline="", encoding="utf-8") as file:
            done = {(row["family"], row["n"]) for row in csv.DictReader(file)}
    for name in FAMILIES["FAMILIES"]:
        for n in SIZES:
            if (name, str(n)) in done or (options.only and options.only not in name):
                continue
            row = simulate(name, n, options.draws, options.seed)
            new = not options.output.exists()
            with options.output.open("a", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, row, lineterminator="\n")
                if new:
                    writer.writeheader()
                writer.writerow(row)
            print(f"{name:62} {n:5} {row['false']} {row['verdicts']} | {row['false_claims']}")


def _read(file):
    with file.open(newline="", encoding="utf-8") as source:
        return list(csv.DictReader(source))


def table(file, earlier=None):
    """Give the rows of the page: the truth of a family once, and what is said at each size.

    `earlier` is a file of another rule's figures on the same draws: family, n, better_calibrated
    and false; they stand behind the new ones.
    """
    rows = _read(file)
    others = {(row["family"], row["n"]): row for row in (_read(earlier) if earlier else ())}
    yield (
        "| family | accuracy | confidence | parse rate | MCB | DSC | own | n | verdicts | "
        f"“better calibrated”{' (before)' if others else ''} | "
        f"false{' (before)' if others else ''} |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    before = None
    for row in rows:
        known = [
            f"{float(row[key]):+.3f}".replace("-0.000", "+0.000")
            for key in ("accuracy", "stated", "parsed", "calibration", "discrimination", "own")
        ]
        # The truth stands once a family.
        head = [row["family"], *known] if row["family"] != before else [""] * 7
        before = row["family"]
        other = others.get((row["family"], row["n"]))
        shares = [
            _percent(row[key]) + (f" ({_percent(other[key])})" if other else "")
            for key in ("better_calibrated", "false")
        ]
        yield f"| {' | '.join(head)} | {row['n']} | {row['verdicts']} | {' | '.join(shares)} |"
    worst = max(rows, key=lambda row: float(row["false"]))
    yield ""
    families = len({row["family"] for row in rows})
    yield (
        f"{families} families, {rows[0]['draws']} draws a row. Most false sentences: "
        f"{_percent(worst['false'])} ({worst['family']}, n = {worst['n']})."
    )


def _percent(share):
    return f"{100 * float(share):.1f} %"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=["run", "table"], default="run")
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="families whose name has this")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--earlier", type=Path, help="another rule's figures on the same draws")
    options = parser.parse_args()
    if options.what == "run":
        run(options)
    elif options.page:
        made = "\n".join(table(options.output, options.earlier))
        PAGE["fill_page"](options.page, MARK, END, f"\n{made}\n")
    else:
        print("\n".join(table(options.output, options.earlier)))


if __name__ == "__main__":
    main()
