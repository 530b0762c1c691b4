"""Draw pairs of models whose difference is known, and tabulate which sentence `compare` opens with.

    python tests/bench/simulate_sentences.py --draws 300 --seed 1 --output sentences.csv
    python tests/bench/simulate_sentences.py table --output sentences.csv --page docs/compare.md

A family (`sentence_families.py`) has a truth that a draw of 200,000 items gives, all confidences
known. A sentence is false if it claims what the truth denies, by more than the tolerances below:
"better calibrated" of a confidence that did not itself come closer to its answers, "an unchanged
confidence" of one that changed, and so on. "Cannot be told apart", "was seen" and "cannot be said"
claim nothing about the models. One CSV row a family and size; a run that was stopped goes on.
"""

import argparse
import csv
import runpy
import zlib
from pathlib import Path

import numpy as np

from caopd_bench import comparing
from caopd_bench.compare_judging import weigh
from caopd_bench.compare_sentence import say
from caopd_bench.metrics import corp
from caopd_bench.metrics.degradation import degradation
from caopd_bench.paired_rows import Side, TaskPair

HERE = Path(__file__).parent
FAMILIES = runpy.run_path(str(HERE / "sentence_families.py"))
SIZES = (100, 300, 1000)
TRUTH = 200_000
#: Differences up to here are none.
SMALL = 0.001
RANK = 0.002  # of AUROC
STATED = 0.25  # of the change of accuracy, see `compare_judging.UNCHANGED`
MARK = "<!-- sentences: written by tests/bench/simulate_sentences.py -->"
END = "<!-- end of sentences -->"


def to_pair(models):
    sides = [Side(np.where(m.parsed, m.stated, np.nan), m.right.astype(np.float64)) for m in models]
    item = models[0].item
    return TaskPair("t", *sides, item, int(item[-1]) + 1, [{}] * item.size)


def to_comparison(models, level=0.95):
    """Compare as the command does, less the table of every metric, which no sentence uses."""
    return comparing._compare(("base", "new"), to_pair(models), None, level, None, brief=True)


def truth(name):
    """Give what is true of a family, of all rows."""
    a, b = FAMILIES["draw_pair"](name, TRUTH, zlib.crc32(name.encode()))
    parts = [corp(m.stated, m.right) for m in (a, b)]
    same = a.right == b.right
    losses = [((m.stated - m.right) ** 2)[same].mean() for m in (a, b)]
    cell = degradation((a.stated, a.right), (b.stated, b.right))["auroc"]
    return {
        "accuracy": b.right.mean() - a.right.mean(),
        "stated": b.stated.mean() - a.stated.mean(),
        "parsed": b.parsed.mean() - a.parsed.mean(),
        "calibration": parts[1].miscalibration - parts[0].miscalibration,
        "discrimination": parts[1].discrimination - parts[0].discrimination,
        "own": losses[1] - losses[0],
        "auroc": -cell.worse_by if np.isfinite(cell.worse_by) else np.nan,
        "auroc_of_new": cell.candidate,
    }


def claims(sentence):
    """Give what a sentence claims, as (claim, test of the truth)."""
    head = sentence.split(": ")[0].split(", and which of them")[0]
    if head.startswith("Which of"):
        return {}

    def net(t):
        return t["calibration"] - t["discrimination"]

    tests = {
        "is better calibrated": lambda t: t["calibration"] < -SMALL and t["own"] < -SMALL / 10,
        "is better calibrated than base on average": lambda t: t["calibration"] < -SMALL,
        "is worse calibrated": lambda t: t["calibration"] > SMALL,
        "tells right answers from wrong ones better": lambda t: t["auroc"] > RANK,
        "less well": lambda t: t["auroc"] < -RANK,
        "no longer tells": lambda t: t["auroc"] < -RANK and t["auroc_of_new"] < 0.6,
        "fits its answers better": lambda t: net(t) < -SMALL,
        "fits its answers worse": lambda t: net(t) > SMALL,
        "its accuracy rose": lambda t: t["accuracy"] > SMALL,
        "its accuracy fell": lambda t: t["accuracy"] < -SMALL,
        "unchanged confidence": lambda t: (
            abs(t["stated"]) <= max(STATED * abs(t["accuracy"]), 0.02)
        ),
        "to meet": lambda t: t["calibration"] < -SMALL,
        "towards": lambda t: t["calibration"] < -SMALL,
        "away from": lambda t: t["calibration"] > SMALL,
        "differs from base in its answers": lambda t: abs(t["accuracy"]) > SMALL,
        "states a usable confidence less often": lambda t: t["parsed"] < -SMALL,
        "in discrimination": lambda t: abs(t["discrimination"]) > SMALL,
        "surer of its wrong answers": lambda t: t["own"] > 0,
    }
    found = {claim: test for claim, test in tests.items() if claim in head}
    if "is better calibrated than base on average" in found:
        del found["is better calibrated"]  # the weaker claim
    return found


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
        "verdicts": "; ".join(f"{verdict} {count / draws:.3f}" for verdict, count in said),
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


def table(file):
    """Give the page: the worst of the three sizes of each family, and the verdicts at each."""
    with file.open(newline="", encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    yield (
        "| family | accuracy | states | parsed | MCB | DSC | own | n | verdicts | "
        "“better calibrated” | false |"
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
        yield (
            f"| {' | '.join(head)} | {row['n']} | {row['verdicts']} | "
            f"{_percent(row['better_calibrated'])} | {_percent(row['false'])} |"
        )
    worst = max(rows, key=lambda row: float(row["false"]))
    yield ""
    families = len({row["family"] for row in rows})
    yield (
        f"{families} families, {rows[0]['draws']} draws a row. Most false sentences: "
        f"{_percent(worst['false'])} ({worst['family']}, n = {worst['n']})."
    )


def _percent(share):
    return f"{100 * float(share):.1f} %"


def write_page(file, page):
    text = page.read_text(encoding="utf-8")
    head, _, rest = text.partition(MARK)
    _, _, tail = rest.partition(END)
    if not tail:
        raise SystemExit(f"{page}: has no {MARK} and {END}")
    made = "\n".join(table(file))
    page.write_text(f"{head}{MARK}\n\n{made}\n\n{END}{tail}", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=["run", "table"], default="run")
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="families whose name has this")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    if options.what == "run":
        run(options)
    elif options.page:
        write_page(options.output, options.page)
    else:
        print("\n".join(table(options.output)))


if __name__ == "__main__":
    main()
