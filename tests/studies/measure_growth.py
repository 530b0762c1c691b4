"""How the cost of the commands grows with rows, runs and groups.

    python tests/studies/measure_growth.py --into docs/benchmarks.md     # 40 minutes
    python tests/studies/measure_growth.py --most 100000 --only score

CPU seconds of whole processes with their children, one run each: the exponent of the time between
two sizes is ln(t2 / t1) / ln(n2 / n1), once the start of the command, which is the time of the
smallest size, is taken off. 1 means that twice the rows take twice the time.
"""

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parent / folder) for folder in ("speed", "bench")]
from children import Cost, command_of, run_once  # noqa: E402
from fill_page import fill_page  # noqa: E402

BEGIN, END = "<!-- growth: begin -->", "<!-- growth: end -->"
STATED = np.array([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1.0])
RESPONSE = (
    "We add the two numbers first. Then we take away what was used, and we look at the rest.\n"
    "Answer: {}\nConfidence: {}"
)


@dataclass(frozen=True)
class Growth:
    """A command whose work grows: its sizes, and the words of the command at a size."""

    work: str
    unit: str
    sizes: tuple[int, ...]
    words: Callable[[Path, int], list[str]]
    codes: tuple[int, ...] = (0,)


def _rows(n: int, seed: int, groups: int = 10) -> Iterator[str]:
    """Yield the lines of a CSV: items, stated confidences, right or wrong, a group."""
    rng = np.random.default_rng(seed)
    yield "item,confidence,correct,level"
    for first in range(0, n, 100_000):
        size = min(100_000, n - first)
        stated = rng.choice(STATED, size)
        right = rng.random(size) < stated - 0.1
        for i, (c, y) in enumerate(zip(stated.tolist(), right.tolist(), strict=True), first):
            yield f"q{i},{c},{int(y)},{i % groups}"


def _csv(folder: Path, n: int, seed: int = 0, groups: int = 10) -> str:
    path = folder / f"{n}-{seed}-{groups}.csv"
    if not path.exists():
        with path.open("w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in _rows(n, seed, groups))
    return str(path)


def _parquet(folder: Path, n: int) -> str:
    import pyarrow.csv
    import pyarrow.parquet

    path = folder / f"{n}.parquet"
    if not path.exists():
        pyarrow.parquet.write_table(pyarrow.csv.read_csv(_csv(folder, n)), path)
    return str(path)


def _texts(folder: Path, n: int) -> str:
    path = folder / f"texts-{n}.jsonl"
    if not path.exists():
        rng = np.random.default_rng(n)
        with path.open("w", encoding="utf-8") as file:
            for i, stated in enumerate(rng.choice(STATED, n).tolist()):
                answer = i % 997 + int(rng.random() > stated - 0.1)
                row = {"response": RESPONSE.format(answer, stated), "gold": str(i % 997)}
                file.write(json.dumps(row) + "\n")
    return str(path)


def _report(folder: Path, runs: list[str], *by: str) -> list[str]:
    return ["report", *runs, *by, "--output", str(folder / "report.html")]


def _many(folder: Path, runs: int) -> list[str]:
    return [f"r{i}={_csv(folder, 100, seed=i)}" for i in range(runs)]


WORKS = (
    Growth(
        "`score`, CSV",
        "rows",
        (10**3, 10**4, 10**5, 10**6, 10**7),
        lambda f, n: ["score", _csv(f, n)],
    ),
    Growth(
        "`score`, Parquet",
        "rows",
        (10**3, 10**4, 10**5, 10**6, 10**7),
        lambda f, n: ["score", _parquet(f, n)],
    ),
    Growth(
        "`rescore`, 120 characters",
        "rows",
        (10**3, 10**4, 10**5, 10**6),
        lambda f, n: ["rescore", _texts(f, n), "--response", "response", "--gold", "gold"],
    ),
    Growth(
        "`compare`, CSV",
        "rows",
        (10**3, 10**4, 10**5, 10**6),
        lambda f, n: ["compare", _csv(f, n), _csv(f, n, 1)],
    ),
    Growth(
        "`gate`, CSV",
        "rows",
        (10**3, 10**4, 10**5, 10**6),
        lambda f, n: ["gate", _csv(f, n, 1), "--reference", _csv(f, n)],
        (0, 1, 3),
    ),
    Growth(
        "`score --by level`, 100,000 rows",
        "groups",
        (1, 10, 100, 1000),
        lambda f, n: ["score", _csv(f, 100_000, groups=n), "--by", "level"],
    ),
    Growth(
        "`report`, 100 rows each",
        "runs",
        (2, 5, 20, 100, 500),
        lambda f, n: _report(f, _many(f, n)),
    ),
    Growth(
        "`report --by level`, 2 runs of 20,000 rows",
        "groups",
        (1, 10, 100, 1000),
        lambda f, n: _report(f, [_csv(f, 20_000, s, n) for s in (0, 1)], "--by", "level"),
    ),
)


def exponents(sizes: list[int], costs: list[Cost]) -> list[float]:
    """Return the exponent between each size and the one before, the start taken off."""
    start = costs[0].seconds
    found = [math.nan]
    for (n1, a), (n2, b) in zip(
        zip(sizes[:-1], costs[:-1], strict=True),
        zip(sizes[1:], costs[1:], strict=True),
        strict=True,
    ):
        t1, t2 = a.seconds - start, b.seconds - start
        # Under a tenth of a second more than the start, noise is larger than the work.
        known = t1 > 0.1 and t2 > 0.1
        found.append(math.log(t2 / t1) / math.log(n2 / n1) if known else math.nan)
    return found


def render(found: dict[Growth, dict[int, Cost]]) -> str:
    """Return the tables in Markdown."""
    lines = [
        "| command | size | CPU seconds | peak MB | exponent |",
        "|---|--:|--:|--:|--:|",
    ]
    for work, by_size in found.items():
        sizes, costs = list(by_size), list(by_size.values())
        for n, cost, exponent in zip(sizes, costs, exponents(sizes, costs), strict=True):
            cell = "" if math.isnan(exponent) else f"{exponent:.2f}"
            numbers = cost.problem or f"{cost.seconds:.2f} | {cost.megabytes:.0f} | {cell}"
            if cost.problem:
                numbers += " | | "
            unit = work.unit.removesuffix("s") if n == 1 else work.unit
            lines.append(f"| {work.work} | {n:,} {unit} | {numbers} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run the commands at every size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--most", type=int, default=10**7, help="largest number of rows")
    parser.add_argument("--only", default="", help="part of the name of a command")
    parser.add_argument("--into", type=Path, help="page whose part between the marks is written")
    options = parser.parse_args()
    found: dict[Growth, dict[int, Cost]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for work in WORKS:
            if options.only not in work.work:
                continue
            found[work] = {}
            for n in work.sizes:
                if n <= options.most:
                    words = [command_of(sys.executable), *work.words(Path(scratch), n)]
                    found[work][n] = run_once(words, codes=work.codes)
                    print(work.work, n, found[work][n], file=sys.stderr, flush=True)
    text = render(found)
    print(text)
    if options.into:
        fill_page(options.into, BEGIN, END, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
