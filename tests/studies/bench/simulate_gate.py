"""Error rates of the gate: the tables of docs/gate.md.

    python tests/studies/bench/simulate_gate.py --cache gatesim.json --output docs/gate.md

Each cell of a table is drawn from a seed of its own and kept in the cache, so a run that was
stopped goes on. The functions are those that users get: `degradation`, `decide`, the shipped
margins. About 8 minutes of one core. `gate_tables.py` writes the tables.
"""

import argparse
import functools
import json
import math
import runpy
import zlib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from caopd_bench.gates.policy import SHIPPED
from caopd_bench.metrics import Cell, decide, degradation, ece, tally
from caopd_bench.metrics.limits.student import normal_quantile

HERE = Path(__file__)
F = SimpleNamespace(**runpy.run_path(str(HERE.with_name("gate_families.py"))))
SIZES = (100, 200, 500, 1319)
PAPERS = (100, 210, 500, 1319)  # the paper's test set has 210 questions
NAIVE = 0.02  # the usual rule: fail if the ECE rises by more
NEW = "strict_auroc"  # beside it, every rate is given without this number, as it was before
TASKS, TEMPLATES = (200, 500, 1319), (30, 50, 100)
FIVE, EFFECTS = ("tied", "saturated", "8B, tied"), ("0", "0.5", "1")
GAPS = (0.0, 0.02, 0.2)
BETTER = (
    "less sure when wrong",
    "recalibrated",
    "only more accurate",
    "more accurate and surer",
)
RENAMED = ("renamed", "rounded to .01", "rounded to .05")
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


def cells_of(base, cand, *, direction="over", clustered=True, cluster=None):
    """Give the cells of one task."""
    n, k = base[0].shape if base[0].ndim > 1 else (base[0].size, 1)
    question = np.repeat(np.arange(n), k) if k > 1 and clustered else None
    sides = [(c.ravel(), y.ravel()) for c, y in (base, cand)]
    found = degradation(*sides, question=question, cluster=cluster, direction=direction)
    return {
        name: Cell(
            *(d.worse_by, d.upper, d.p_value, d.standard_error, SHIPPED[name], d.items),
            *(d.extra, d.excess, d.least_items),
        )
        for name, d in found.items()
    }


def judge(cells, looks=(1,)):
    """Give the verdict for each number of looks, and the one before there was strict AUROC."""
    before = {key: cell for key, cell in cells.items() if NEW not in key}
    return [decide(cells, looks=many).outcome for many in looks], decide(before).outcome


def ece_rises(base, cand):
    values = []
    for stated, right in (base, cand):
        spoken = ~np.isnan(stated)
        values.append(ece(tally(stated[spoken], right[spoken].astype(int))))
    return values[1] - values[0] > NAIVE


@functools.cache
def strength(metric, family, factor):
    """Find how much to worsen a population for `factor` times the margin; None if it cannot be."""
    wanted = factor * SHIPPED[metric]
    whole = F.draw(family, 60_000 if family != "K = 8" else 8_000, np.random.default_rng(1))

    def reached(q):
        worse = F.worsen(metric, whole, q, np.random.default_rng(2))
        return cells_of(whole, worse)[metric].worse_by

    if not reached(1.0) > wanted:
        return None
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if reached(middle) < wanted else (low, middle)
    return high


def candidates(scenario, family, n, rng, q):
    share = {"equal 30 %": 0.3, "equal 100 %": 1.0, "collapse, rest kept": 0.0}.get(scenario, 0.6)
    base, cand = F.equal_pair(family, n, rng, share)
    if scenario.startswith("worse"):
        cand = F.worsen(scenario.split(" ")[2], cand, q, rng)
    elif scenario.startswith("less sure when wrong"):
        cand = F.less_sure_when_wrong(cand, rng)
    elif scenario.startswith("only more accurate"):
        cand = F.more_accurate(cand, rng)
    elif scenario.startswith("collapse"):
        cand = F.collapsed(cand, rng)
    elif scenario == "more accurate and surer":
        # All items anew: 8 points more accurate, its top value in 7 to 8 points more, same AUROC.
        cand = F.draw_base(family, n, rng, surer=0.2, gained=0.08)
    elif scenario.startswith("rounded"):
        cand = F.in_steps(cand, {"rounded to .01": 100, "rounded to .05": 20}[scenario])
    elif scenario.startswith("published"):
        cand = F.as_published(family, cand, rng, fine=scenario == "published, fine")
    elif not scenario.startswith("equal"):
        change = {"OPD": "opd_shaped", "silent": "silent"}.get(scenario, scenario)
        cand = getattr(F, change)(cand, rng)
    return base, cand


def run_cell(cell):
    """Simulate one cell: (scenario, family, n, draws)."""
    scenario, family, n, draws = cell
    rng = np.random.default_rng(zlib.crc32(repr(cell).encode()))
    special = {
        "nights": nights,
        "rows": rows_as_items,
        "tasks": several_tasks,
        "templates": of_templates,
        "size of the gap": size_of_the_gap,
    }
    if scenario in special:
        return special[scenario](family, n, draws, rng)
    q = None
    if scenario.startswith("worse"):
        q = strength(scenario.split(" ")[2], family, float(scenario.split(" ")[1]))
        if q is None:
            return None
    direction = "both" if scenario.endswith("(both)") else "over"
    counts, before, nightly, naive = Counter(), Counter(), Counter(), []
    looks = (1, 365) if scenario.startswith(("worse 2", "OPD")) else (1,)
    errors = {name: [] for name in F.METRICS}
    for _ in range(draws):
        base, cand = candidates(scenario, family, n, rng, q)
        found = cells_of(base, cand, direction=direction)
        outcomes, old = judge(found, looks=looks)
        counts[outcomes[0]] += 1
        nightly[outcomes[-1]] += 1
        before[old] += 1
        if scenario in ("equal", "OPD") and family in F.FAMILIES:
            naive.append(ece_rises(base, cand))
        if scenario == "equal":
            for name, d in found.items():
                errors[name].append(d.standard_error)
    return {
        **{key: counts[key] / draws for key in ("FAIL", "PASS")},
        **{f"{key} before": before[key] / draws for key in ("FAIL", "PASS")},
        "FAIL, looks: 365": nightly["FAIL"] / draws,
        "naive": float(np.mean(naive or [math.nan])),
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
            outcomes, _ = judge(cells_of(base, cand), looks=looks)
            failed[night] = [outcome == "FAIL" for outcome in outcomes]
        any_fail += failed.any(axis=0)
        share += failed.mean(axis=0)
        worst = np.maximum(worst, failed.mean(axis=0))
    return {"any": list(any_fail / years), "share": list(share / years), "worst": list(worst)}


def rows_as_items(_, n, draws, rng):
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
            rejected[i] += cells_of(base, cand, clustered=clustered)["accuracy"].p_value <= 0.05
    return {"clustered": rejected[0] / draws, "row by row": rejected[1] / draws}


def several_tasks(family, n, draws, rng, tasks=5):
    """Give the verdict on equal runs of five tasks of n items."""
    counts = Counter()
    for _ in range(draws):
        cells = {}
        for task in range(tasks):
            found = cells_of(*F.equal_pair(family, n, rng))
            cells.update({(task, name): cell for name, cell in found.items()})
        now, before = judge(cells)
        counts.update([*now, f"{before} before"])
    return {key: counts[key] / draws for key in ("FAIL", "PASS", "FAIL before", "PASS before")}


def of_templates(effect, groups, draws, rng):
    """Give the verdict on equal runs of ten questions a template, by rows and by templates."""
    counts = Counter()
    for _ in range(draws):
        base, cand, template = F.of_templates(groups, rng, float(effect))
        for name, cluster in (("rows", None), ("templates", template)):
            (outcome,), _ = judge(cells_of(base, cand, cluster=cluster))
            counts[f"{outcome} {name}"] += 1
    return {key: count / draws for key, count in counts.items()}


def size_of_the_gap(name, n, draws, rng):
    """Make a gap larger by exactly the margin: how often is its limit below the margin?

    The second figure is of a limit that takes the sign of the reference's gap as known always.
    """
    gap, way = name
    margin, below = SHIPPED["overconfidence_gap"], np.zeros(2)
    z = normal_quantile(0.9)
    for _ in range(draws):
        first, second = rng.random(n), rng.random(n)
        second = np.where(rng.random(n) < 0.6, second, first)
        base = (np.full(n, 0.5), (first < 0.5 - gap).astype(float))
        cand = (np.full(n, 0.5), (second < 0.5 - way * (gap + margin)).astype(float))
        a, b = base[0] - base[1], cand[0] - cand[1]
        sign = 1.0 if a.mean() >= 0 else -1.0
        known = max(
            s * b.mean() - sign * a.mean() + z * np.std(s * b - sign * a, ddof=1) / math.sqrt(n)
            for s in (1.0, -1.0)
        )
        upper = cells_of(base, cand, direction="both")["overconfidence_gap"].upper
        below += [upper < margin, known < margin]
    return {"limit": below[0] / draws, "sign by the reference": below[1] / draws}


def plan(scale):
    """List the cells of all tables; `scale` shrinks the draws."""
    cells = []
    for n in SIZES:
        for family in F.FAMILIES:
            cells += [("equal", family, n, 3000), ("OPD", family, n, 600)]
            for change in ("less sure when wrong", "only more accurate"):
                cells += [(change, family, n, 500), (f"{change} (both)", family, n, 600)]
            cells += [("recalibrated", family, n, 500), ("silent", family, n, 200)]
            for metric in F.METRICS:
                cells += [(f"worse {factor} {metric}", family, n, 200) for factor in (1, 2)]
            if n in (200, 1319):
                cells += [(f"equal {share} %", family, n, 600) for share in (30, 100)]
        cells += [("equal", "accuracy .95", n, 600), ("OPD", "accuracy .95", n, 300)]
    for n in PAPERS:
        for family in F.BASES:
            cells += [("equal", family, n, 3000)]
            cells += [(change, family, n, 600) for change in ("published", "published, fine")]
            cells += [(change, family, n, 500) for change in BETTER]
            cells += [(change, family, n, 300) for change in RENAMED]
        for family in (*F.BASES, "saturated"):
            cells += [(change, family, n, 600) for change in ("collapse", "collapse, rest kept")]
    cells += [("nights", f, n, 40) for n in (200, 500, 1319) for f in ("tied", "saturated")]
    cells.append(("rows", "K = 8", 200, 1500))
    cells += [("tasks", f, n, 400) for f in FIVE for n in TASKS]
    cells += [("templates", effect, n, 1500) for effect in EFFECTS for n in TEMPLATES]
    cells += [
        ("size of the gap", (gap, way), n, 3000)
        for gap in GAPS
        for way in (1, -1)
        for n in (400, 1319)
    ]
    return [(s, f, n, max(int(d * scale), 2)) for s, f, n, d in cells]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", type=Path, default=Path("gatesim.json"))
    parser.add_argument("--output", type=Path)
    parser.add_argument("--scale", type=float, default=1.0, help="of the draws")
    parser.add_argument("--workers", type=int, default=1)
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
    write_tables = runpy.run_path(str(HERE.with_name("gate_tables.py")))["write_tables"]
    text = "\n".join(write_tables(SimpleNamespace(**globals()), found, options.scale))
    if options.output:
        page = options.output.read_text()
        head, _, rest = page.partition(BEGIN)
        tail = rest.partition(END)[2]
        options.output.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}")
    else:
        print(text)


if __name__ == "__main__":
    main()
