"""Error rates of the gate: the tables of docs/gate-rates.md.

    python tests/bench/simulate_gate.py --cache gatesim.json --output docs/gate-rates.md

Each cell of a table is drawn from a seed of its own and kept in the cache, so a run that was
stopped goes on. The functions are those that users get: `degradation`, `decide`, the shipped
margins. About 6 minutes on two cores.
"""

import argparse
import json
import math
import platform
import runpy
import zlib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from caopd_bench.gate_policy import SHIPPED
from caopd_bench.metrics import Cell, decide, degradation, ece, tally

F = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("gate_families.py"))))
SIZES = (100, 200, 500, 1319)
NAIVE = 0.02  # the usual rule: fail if the ECE rises by more
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


def judge(base, cand, *, direction="over", looks=(1,), clustered=True):
    """Give the verdict for each number of looks, and the cells."""
    n, k = base[0].shape
    item = np.repeat(np.arange(n), k) if k > 1 and clustered else None
    sides = [(c.ravel(), y.ravel()) for c, y in (base, cand)]
    found = degradation(*sides, question=item, direction=direction)
    cells = {
        name: Cell(d.worse_by, d.upper, d.p_value, d.standard_error, SHIPPED[name], d.items)
        for name, d in found.items()
    }
    return [decide(cells, looks=many).outcome for many in looks], found


def ece_rises(base, cand):
    values = []
    for stated, right in (base, cand):
        spoken = ~np.isnan(stated)
        values.append(ece(tally(stated[spoken], right[spoken].astype(int))))
    return values[1] - values[0] > NAIVE


def strength(metric, family, factor):
    """Find how much to worsen a population for `factor` times the margin; None if it cannot be."""
    wanted = factor * SHIPPED[metric]
    whole = F.draw(family, 60_000 if family != "K = 8" else 8_000, np.random.default_rng(1))

    def reached(q):
        worse = F.worsen(metric, whole, q, np.random.default_rng(2))
        return judge(whole, worse)[1][metric].worse_by

    if not reached(1.0) > wanted:
        return None
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if reached(middle) < wanted else (low, middle)
    return high


def candidates(scenario, family, n, rng, q):
    share = {"equal 30 %": 0.3, "equal 100 %": 1.0}.get(scenario, 0.6)
    base, cand = F.equal_pair(family, n, rng, share)
    if scenario.startswith("worse"):
        cand = F.worsen(scenario.split(" ")[2], cand, q, rng)
    elif scenario == "OPD":
        cand = F.opd_shaped(cand, rng)
    elif scenario.startswith("less sure when wrong"):
        cand = F.less_sure_when_wrong(cand, rng)
    elif scenario.startswith("only more accurate"):
        cand = F.more_accurate(cand, rng)
    elif scenario == "silent":
        cand = F.silent(cand, rng)
    return base, cand


def run_cell(cell):
    """Simulate one cell: (scenario, family, n, draws)."""
    scenario, family, n, draws = cell
    rng = np.random.default_rng(zlib.crc32(repr(cell).encode()))
    if scenario.startswith("nights"):
        return nights(family, n, draws, rng)
    if scenario == "rows":
        return rows_as_items(n, draws, rng)
    q = None
    if scenario.startswith("worse"):
        q = strength(scenario.split(" ")[2], family, float(scenario.split(" ")[1]))
        if q is None:
            return None
    direction = "both" if scenario.endswith("(both)") else "over"
    counts, nightly, naive = Counter(), Counter(), 0
    errors = {name: [] for name in F.METRICS}
    for _ in range(draws):
        base, cand = candidates(scenario, family, n, rng, q)
        (outcome, in_a_year), found = judge(base, cand, direction=direction, looks=(1, 365))
        counts[outcome] += 1
        nightly[in_a_year] += 1
        if scenario in ("equal", "OPD"):
            naive += bool(ece_rises(base, cand))
        if scenario == "equal":
            for name, d in found.items():
                errors[name].append(d.standard_error)
    return {
        "FAIL": counts["FAIL"] / draws,
        "PASS": counts["PASS"] / draws,
        "FAIL, looks: 365": nightly["FAIL"] / draws,
        "naive": naive / draws,
        "sd": {
            name: float(np.nanmedian(e)) * math.sqrt(n) if np.isfinite(e).any() else None
            for name, e in errors.items()
            if e
        },
    }


def nights(family, n, years, rng, length=365):
    """Compare a year of equal candidates with one reference."""
    looks = (1, 365)
    any_fail, share, worst = np.zeros(2), np.zeros(2), np.zeros(2)
    for _ in range(years):
        base = F.draw(family, n, rng)
        failed = np.zeros((length, 2), dtype=bool)
        for night in range(length):
            other = F.draw(family, n, rng)
            anew = rng.random((n, 1)) < 0.6
            cand = tuple(np.where(anew, b, a) for a, b in zip(base, other, strict=True))
            outcomes, _ = judge(base, cand, looks=looks)
            failed[night] = [outcome == "FAIL" for outcome in outcomes]
        any_fail += failed.any(axis=0)
        share += failed.mean(axis=0)
        worst = np.maximum(worst, failed.mean(axis=0))
    return {"any": list(any_fail / years), "share": list(share / years), "worst": list(worst)}


def rows_as_items(n, draws, rng):
    """Eight samples of a question, whose success rates move from run to run: accuracy at 5 %."""
    rejected = np.zeros(2)
    for _ in range(draws):
        ease = rng.normal(size=(n, 1))
        moved = 0.8 * ease + 0.6 * rng.normal(size=(n, 1))
        stated = np.full((n, 8), 0.8)
        base, cand = (
            (stated, (rng.random((n, 8)) < 1 / (1 + np.exp(-1.8 * e))).astype(float))
            for e in (ease, moved)
        )
        for i, clustered in enumerate((True, False)):
            rejected[i] += judge(base, cand, clustered=clustered)[1]["accuracy"].p_value <= 0.05
    return {"clustered": rejected[0] / draws, "row by row": rejected[1] / draws}


def plan(scale):
    """List the cells of all tables; `scale` shrinks the draws."""
    cells = []
    for n in SIZES:
        for family in F.FAMILIES:
            cells.append(("equal", family, n, 4000))
            cells.append(("OPD", family, n, 1000))
            cells.append(("less sure when wrong", family, n, 600))
            cells.append(("only more accurate", family, n, 600))
            cells.append(("less sure when wrong (both)", family, n, 600))
            cells.append(("only more accurate (both)", family, n, 600))
            cells.append(("silent", family, n, 200))
            for metric in F.METRICS:
                cells.append((f"worse 2 {metric}", family, n, 400))
                cells.append((f"worse 1 {metric}", family, n, 400))
            if n in (200, 1319):
                cells.append(("equal 30 %", family, n, 1000))
                cells.append(("equal 100 %", family, n, 1000))
        cells.append(("equal", "accuracy .95", n, 1000))
        cells.append(("OPD", "accuracy .95", n, 400))
    cells += [
        ("nights", family, n, 100) for n in (200, 500, 1319) for family in ("tied", "saturated")
    ]
    cells.append(("rows", "K = 8", 200, 2000))
    return [(s, f, n, max(int(d * scale), 2)) for s, f, n, d in cells]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", type=Path, default=Path("gatesim.json"))
    parser.add_argument("--output", type=Path)
    parser.add_argument("--scale", type=float, default=1.0, help="of the draws")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    done = json.loads(options.cache.read_text()) if options.cache.exists() else {}
    cells = plan(options.scale)
    missing = [cell for cell in cells if repr(cell) not in done]
    with ProcessPoolExecutor(options.workers) as pool:
        for i, (cell, result) in enumerate(zip(missing, pool.map(run_cell, missing), strict=True)):
            done[repr(cell)] = result
            if i % 10 == 9 or i == len(missing) - 1:
                options.cache.write_text(json.dumps(done))
                print(f"{i + 1} of {len(missing)} cells", flush=True)
    found = {cell[:3]: done[repr(cell)] for cell in cells}
    text = "\n".join(tables(found, options.scale))
    if options.output:
        page = options.output.read_text()
        head, _, rest = page.partition(BEGIN)
        tail = rest.partition(END)[2]
        options.output.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}")
    else:
        print(text)


def row(cells):
    return f"| {' | '.join(cells)} |"


def table(heads, rows):
    return [row(heads), row(["---"] * len(heads)), *map(row, rows), ""]


def share(value):
    return f"{value:.3f}".lstrip("0") if 0 < value < 1 else f"{value:.0f}"


def tables(found, scale):
    made = f"Python {platform.python_version()}, NumPy {np.__version__}"
    fewer = "" if scale == 1 else f"; draws times {scale:g}"
    yield f"Made with {made}; each cell has a seed made of its name{fewer}."
    yield ""
    names = [("FAIL", "equal", 4000), ("PASS", "equal", 4000)]
    for key, scenario, draws in names:
        yield f"**P({key} given an equal model)**, {draws:,} draws a cell:"
        yield ""
        yield from table(
            ["n", *F.FAMILIES],
            [[f"{n:,}", *(share(found[scenario, f, n][key]) for f in F.FAMILIES)] for n in SIZES],
        )
    yield f'The usual rule, "fail if the ECE rises by more than {NAIVE}", on the same draws:'
    yield ""
    yield from table(
        ["n", *F.FAMILIES],
        [
            [
                f"{n:,}: false alarms",
                *(share(found["equal", f, n]["naive"]) for f in F.FAMILIES),
            ]
            for n in SIZES
        ]
        + [
            [f"{n:,}: OPD caught", *(share(found["OPD", f, n]["naive"]) for f in F.FAMILIES)]
            for n in SIZES
        ],
    )
    yield (
        "**P(FAIL given an OPD-shaped change)**, 1,000 draws a cell; PASS never exceeded "
        + share(max(found["OPD", f, n]["PASS"] for f in F.FAMILIES for n in SIZES))
        + ":"
    )
    yield ""
    yield from table(
        ["n", *F.FAMILIES],
        [[f"{n:,}", *(share(found["OPD", f, n]["FAIL"]) for f in F.FAMILIES)] for n in SIZES],
    )
    for factor, words in (("2", "twice its margin"), ("1", "exactly its margin")):
        yield f"**Worse by {words} in one metric**: most PASS of any family, then FAIL of the worst"
        yield "and of the median family; 400 draws a cell, families in which it can be."
        yield ""
        rows = []
        for metric in F.METRICS:
            line = [metric]
            for n in SIZES:
                cells = [found[f"worse {factor} {metric}", f, n] for f in F.FAMILIES]
                cells = [cell for cell in cells if cell]
                fails = sorted(cell["FAIL"] for cell in cells)
                worst = max(cell["PASS"] for cell in cells)
                line.append(f"{share(worst)}; {share(fails[0])}, {share(float(np.median(fails)))}")
            rows.append(line)
        yield from table(["metric", *(f"n = {n:,}" for n in SIZES)], rows)
    yield "**The same under `looks: 365`**, worse by twice the margin and OPD-shaped: FAIL of the"
    yield "worst and of the median family."
    yield ""
    rows = []
    for scenario in (*(f"worse 2 {metric}" for metric in F.METRICS), "OPD"):
        line = [scenario.removeprefix("worse 2 ")]
        for n in SIZES:
            cells = [found[scenario, f, n] for f in F.FAMILIES]
            fails = sorted(cell["FAIL, looks: 365"] for cell in cells if cell)
            line.append(f"{share(fails[0])}, {share(float(np.median(fails)))}")
        rows.append(line)
    yield from table(["", *(f"n = {n:,}" for n in SIZES)], rows)
    yield "**Truly better models**: most FAIL of any family (which), and PASS of the median family;"
    yield "600 draws a cell."
    yield ""
    rows = []
    for scenario in (
        "less sure when wrong",
        "only more accurate",
        "less sure when wrong (both)",
        "only more accurate (both)",
    ):
        line = [scenario]
        for n in SIZES:
            fails = {f: found[scenario, f, n]["FAIL"] for f in F.FAMILIES}
            worst = max(fails, key=fails.get)
            passed = float(np.median([found[scenario, f, n]["PASS"] for f in F.FAMILIES]))
            which = f" ({worst})" if fails[worst] else ""
            line.append(f"{share(fails[worst])}{which}; {share(passed)}")
        rows.append(line)
    yield from table(["change", *(f"n = {n:,}" for n in SIZES)], rows)
    yield (
        "**Silent on half of the rows**: most PASS "
        + share(max(found["silent", f, n]["PASS"] for f in F.FAMILIES for n in SIZES))
        + ", least FAIL "
        + share(min(found["silent", f, n]["FAIL"] for f in F.FAMILIES for n in SIZES))
        + " (200 draws a cell)."
    )
    yield ""
    yield "**Other shares of items answered anew**, equal models: FAIL; PASS (1,000 draws a cell):"
    yield ""
    yield from table(
        ["", *F.FAMILIES],
        [
            [
                f"{scenario.removeprefix('equal ')}, n = {n:,}",
                *(
                    "; ".join(share(found[scenario, f, n][key]) for key in ("FAIL", "PASS"))
                    for f in F.FAMILIES
                ),
            ]
            for scenario in ("equal 30 %", "equal 100 %")
            for n in (200, 1319)
        ],
    )
    yield "**A year of nights against one reference**, equal candidates, 100 years a cell: chance"
    yield "of any FAIL in the year; mean share of nights; worst year's share."
    yield ""
    rows = []
    for i, looks in enumerate(("looks: 1", "looks: 365")):
        for n in (200, 500, 1319):
            cells = [found["nights", f, n] for f in ("tied", "saturated")]
            rows.append(
                [
                    f"{looks}, n = {n:,}",
                    *(
                        "; ".join(share(c[key][i]) for key in ("any", "share", "worst"))
                        for c in cells
                    ),
                ]
            )
    yield from table(["", "tied", "saturated"], rows)
    yield "**Accuracy .95**: equal models FAIL; PASS, and OPD-shaped FAIL:"
    yield ""
    name = "accuracy .95"
    yield from table(
        ["n", "equal: FAIL", "equal: PASS", "OPD: FAIL"],
        [
            [
                f"{n:,}",
                share(found["equal", name, n]["FAIL"]),
                share(found["equal", name, n]["PASS"]),
                share(found["OPD", name, n]["FAIL"]),
            ]
            for n in SIZES
        ],
    )
    rows_found = found["rows", "K = 8", 200]
    yield "**Samples of one question are not independent**: 200 questions x 8 whose success rates"
    yield "move from run to run; a test of accuracy at a nominal .05 rejects equal models in"
    yield (
        f"{share(rows_found['clustered'])} of 2,000 draws with the errors of the gate, and in "
        f"{share(rows_found['row by row'])} row by row."
    )
    yield ""
    yield "**Items needed** (one answer each, the noisiest family; 60 % answered anew):"
    yield ""
    single = [f for f in F.FAMILIES if f != "K = 8"]
    rows = []
    for metric, margin in SHIPPED.items():
        sds = [found["equal", f, 1319]["sd"].get(metric) for f in single]
        sd = max(value for value in sds if value is not None)
        alone, all_six = ((z * sd / margin) ** 2 for z in (1.645 + 0.842, 1.645 + 1.834))
        sampled = found["equal", "K = 8", 200]["sd"][metric]
        rows.append(
            [
                metric,
                f"{margin:g}",
                f"{sd:.2f}",
                f"{alone:,.0f}",
                f"{all_six:,.0f}",
                f"{sampled:.2f}",
                f"{((1.645 + 1.834) * sampled / margin) ** 2:,.0f}",
            ]
        )
    yield from table(
        [
            "metric",
            "margin",
            "sd of an item",
            "PASS 80 %, this metric alone",
            "PASS 80 %, all six",
            "sd, 8 samples",
            "questions x 8, all six",
        ],
        rows,
    )


if __name__ == "__main__":
    main()
