"""The tables of docs/gate.md, from the rates that simulate_gate.py found.

"Before" is the verdict on the same draws without strict AUROC: by six numbers.
"""

import platform
import textwrap

import numpy as np


def row(cells):
    return f"| {' | '.join(cells)} |"


def table(heads, rows):
    return [row(heads), row(["---"] * len(heads)), *map(row, rows), ""]


def said(*words):
    """Give a paragraph."""
    return [*textwrap.wrap(" ".join(words), 120), ""]


def share(value):
    return f"{value:.3f}".lstrip("0") if 0 < value < 1 else f"{value:.0f}"


def both(cell, key):
    """Give a rate, and in brackets what it was before."""
    return f"{share(cell[key])} ({share(cell[f'{key} before'])})"


def most(cells, key):
    return share(max(cell[key] for cell in cells))


def write_tables(sim, found, scale):
    """Yield the lines of all tables; `sim` is simulate_gate."""
    made = f"Python {platform.python_version()}, NumPy {np.__version__}"
    fewer = "" if scale == 1 else f"; draws times {scale:g}"
    yield from said(
        f"Made with {made}; each cell has a seed made of its name{fewer}. In brackets: the same",
        "draws judged without `strict_auroc`, as before. Standard error of a rate of .05: .004",
        "with 3,000 draws, .009 with 600, .015 with 200; of a rate of .50: .009, .020, .035.",
    )
    yield from equal_models(sim, found)
    yield from the_papers_failure(sim, found)
    yield from saturated(sim, found)
    yield from better_models(sim, found)
    yield from worse_models(sim, found)
    yield from dependent(sim, found)
    yield from at_night(found)
    yield from items_needed(sim, found)


def by_size(sim, found, scenario, key, families=None, sizes=None):
    families = families or sim.F.FAMILIES
    return table(
        ["n", *families],
        [
            [f"{n:,}", *(both(found[scenario, f, n], key) for f in families)]
            for n in sizes or sim.SIZES
        ],
    )


def equal_models(sim, found):
    for key in ("FAIL", "PASS"):
        yield from said(f"**P({key} given an equal model)**, 3,000 draws a cell:")
        yield from by_size(sim, found, "equal", key)
    rule = f'"fail if the ECE rises by more than {sim.NAIVE}"'
    yield from said(f"The usual rule, {rule}, on these draws:")
    rows = [
        [f"{n:,}: {words}", *(share(found[scenario, f, n]["naive"]) for f in sim.F.FAMILIES)]
        for scenario, words in (("equal", "false alarms"), ("OPD", "OPD caught"))
        for n in sim.SIZES
    ]
    yield from table(["n", *sim.F.FAMILIES], rows)
    yield from said(
        "**Other shares of items answered again**, equal models: FAIL; PASS (600 draws a cell):",
    )
    yield from table(
        ["", *sim.F.FAMILIES],
        [
            [
                f"{scenario.removeprefix('equal ')}, n = {n:,}",
                *(
                    "; ".join(share(found[scenario, f, n][key]) for key in ("FAIL", "PASS"))
                    for f in sim.F.FAMILIES
                ),
            ]
            for scenario in ("equal 30 %", "equal 100 %")
            for n in (200, 1319)
        ],
    )
    yield from said(
        "**Several tasks**: five tasks of n items each in one gate, equal models: FAIL; PASS (400",
        "draws a cell):",
    )
    rows = []
    for n in sim.TASKS:
        cells = [found["tasks", f, n] for f in sim.FIVE]
        rows.append(
            [f"5 x {n:,}", *(f"{both(c, 'FAIL')}; {both(c, 'PASS')}" for c in map(filled, cells))]
        )
    yield from table(["", *sim.FIVE], rows)


def filled(cell):
    """Put 0 for what never happened."""
    return {**dict.fromkeys(("FAIL", "PASS", "FAIL before", "PASS before"), 0.0), **cell}


def the_papers_failure(sim, found):
    cells = [found["OPD", f, n] for f in sim.F.FAMILIES for n in sim.SIZES]
    yield from said(
        "**P(FAIL given an OPD-shaped change)**, 600 draws a cell; PASS never exceeded",
        f"{most(cells, 'PASS')}:",
    )
    yield from by_size(sim, found, "OPD", "FAIL")
    silent = [found["silent", f, n] for f in sim.F.FAMILIES for n in sim.SIZES]
    yield from said(
        f"**Silent on half of the rows**: most PASS {most(silent, 'PASS')}, least FAIL",
        share(min(cell["FAIL"] for cell in silent)),
        "(200 draws a cell).",
    )
    yield from said(
        "**Accuracy .95**: equal models FAIL; PASS, and OPD-shaped FAIL (600 and 300 draws):",
    )
    name = "accuracy .95"
    yield from table(
        ["n", "equal: FAIL", "equal: PASS", "OPD: FAIL"],
        [
            [
                f"{n:,}",
                both(found["equal", name, n], "FAIL"),
                both(found["equal", name, n], "PASS"),
                both(found["OPD", name, n], "FAIL"),
            ]
            for n in sim.SIZES
        ],
    )


def saturated(sim, found):
    bases = list(sim.F.BASES)
    yield "### References that are saturated already"
    yield ""
    for key in ("FAIL", "PASS"):
        yield from said(f"**P({key} given an equal model)**, 3,000 draws a cell:")
        yield from by_size(sim, found, "equal", key, bases, sim.PAPERS)
    cells = [
        found[s, f, n] for s in ("published", "published, fine") for f in bases for n in sim.PAPERS
    ]
    yield from said(
        "**P(FAIL given what the paper's OPD did to them)**, accuracy and mean as published,",
        f"AUROC .5; 600 draws a cell; PASS never exceeded {most(cells, 'PASS')}. In the first",
        "table 1.00 is stated, in the second .99 and more, in thousandths:",
    )
    for scenario in ("published", "published, fine"):
        yield from by_size(sim, found, scenario, "FAIL", bases, sim.PAPERS)
    hit = [*bases, "saturated"]
    yield from said(
        "**A quarter of the rows moves to 1.00**, right or wrong: PASS, 600 draws a cell; in the",
        "first table 60 % of the items are answered again, in the second the other rows are kept:",
    )
    for scenario in ("collapse", "collapse, rest kept"):
        yield from by_size(sim, found, scenario, "PASS", hit, sim.PAPERS)
    yield from said("FAIL, with 60 % answered again:")
    yield from by_size(sim, found, "collapse", "FAIL", hit, sim.PAPERS)


def better_models(sim, found):
    yield "### Better models, and harmless changes"
    yield ""
    yield from said(
        "**Truly better models**: most FAIL of any family (which; before), and PASS of the median",
        "family; 500 draws a cell, 600 where both directions of the gap count.",
    )
    rows = []
    for scenario in (
        "less sure when wrong",
        "recalibrated",
        "only more accurate",
        "less sure when wrong (both)",
        "only more accurate (both)",
    ):
        rows.append([scenario, *(best_and_worst(sim, found, scenario, n) for n in sim.SIZES)])
    yield from table(["change", *(f"n = {n:,}" for n in sim.SIZES)], rows)
    yield from said(
        "The same of saturated references, 500 draws a cell; and a model that is 8 points more",
        "accurate, states its top value in 6 to 8 points more of its answers, and tells right",
        "from wrong as well as before:",
    )
    rows = [
        [
            scenario,
            *(best_and_worst(sim, found, scenario, n, list(sim.F.BASES)) for n in sim.PAPERS),
        ]
        for scenario in sim.BETTER
    ]
    yield from table(["change", *(f"n = {n:,}" for n in sim.PAPERS)], rows)
    yield from said(
        "**Other words for the same**, equal models of saturated references: FAIL, 300 draws a",
        "cell. *Renamed*: .97 in place of .95, and .93 of .90. *Rounded to .05*: 1.00 takes the",
        "place of .98 and .99.",
    )
    for scenario in sim.RENAMED:
        yield from said(f"{scenario}:")
        yield from by_size(sim, found, scenario, "FAIL", list(sim.F.BASES), sim.PAPERS)


def best_and_worst(sim, found, scenario, n, families=None):
    families = families or sim.F.FAMILIES
    fails = {f: found[scenario, f, n]["FAIL"] for f in families}
    worst = max(fails, key=fails.get)
    passed = float(np.median([found[scenario, f, n]["PASS"] for f in families]))
    before = share(max(found[scenario, f, n]["FAIL before"] for f in families))
    which = f"{worst}; " if fails[worst] else ""
    return f"{share(fails[worst])} ({which}{before}); {share(passed)}"


def worse_models(sim, found):
    yield "### Worse models"
    yield ""
    for factor, words in (("2", "twice its margin"), ("1", "exactly its margin")):
        yield from said(
            f"**Worse by {words} in one metric**: most PASS of any family, then FAIL of the worst",
            "and of the median family; 200 draws a cell, families in which it can be.",
        )
        rows = []
        for metric in sim.F.METRICS:
            line = [metric]
            for n in sim.SIZES:
                cells = [found[f"worse {factor} {metric}", f, n] for f in sim.F.FAMILIES]
                cells = [cell for cell in cells if cell]
                fails = sorted(cell["FAIL"] for cell in cells)
                median = share(float(np.median(fails)))
                line.append(f"{most(cells, 'PASS')}; {share(fails[0])}, {median}")
            rows.append(line)
        yield from table(["metric", *(f"n = {n:,}" for n in sim.SIZES)], rows)
    yield from said(
        "**The same under `looks: 365`**, worse by twice the margin and OPD-shaped: FAIL of the",
        "worst and of the median family.",
    )
    rows = []
    for scenario in (*(f"worse 2 {metric}" for metric in sim.F.METRICS), "OPD"):
        line = [scenario.removeprefix("worse 2 ")]
        for n in sim.SIZES:
            cells = [found[scenario, f, n] for f in sim.F.FAMILIES]
            fails = sorted(cell["FAIL, looks: 365"] for cell in cells if cell)
            line.append(f"{share(fails[0])}, {share(float(np.median(fails)))}")
        rows.append(line)
    yield from table(["", *(f"n = {n:,}" for n in sim.SIZES)], rows)
    yield from said(
        "**A gap whose size grows by exactly the margin** (`direction: both`): how often its",
        "limit is below the margin, nominally .05; 3,000 draws a cell. Before, the sign of the",
        "reference's gap was always taken as known:",
    )
    rows = []
    for gap in sim.GAPS:
        for way, side in ((1, "the same side"), (-1, "the other side")):
            cells = [found["size of the gap", (gap, way), n] for n in (400, 1319)]
            rates = [f"{share(c['limit'])} ({share(c['sign by the reference'])})" for c in cells]
            rows.append([f"from {gap:g} to {side} of 0", *rates])
    yield from table(["", "n = 400", "n = 1,319"], rows)


def dependent(sim, found):
    yield "### Items that depend on each other"
    yield ""
    yield from said(
        "**Ten questions a template**, equal runs, each better or worse at a template by chance",
        "(standard deviation in logits; half of that in what it states). FAIL; PASS with",
        "`cluster` left out and given, 1,500 draws a cell:",
    )
    rows = []
    for effect in sim.EFFECTS:
        for n in sim.TEMPLATES:
            cell = found["templates", effect, n]
            rates = [
                "; ".join(share(cell.get(f"{key} {name}", 0.0)) for key in ("FAIL", "PASS"))
                for name in ("rows", "templates")
            ]
            rows.append([f"{effect}, {n} templates", *rates])
    yield from table(["", "row by row", "by template"], rows)
    cell = found["rows", "K = 8", 200]
    yield from said(
        "**Samples of one question are not independent**: 200 questions x 8 whose success rates",
        "move from run to run; a test of accuracy at a nominal .05 rejects equal models in",
        f"{share(cell['clustered'])} of 1,500 draws with the errors of the gate, and in",
        f"{share(cell['row by row'])} row by row.",
    )


def at_night(found):
    yield "### Every night"
    yield ""
    yield from said(
        "**A year of nights against one reference**, equal candidates, 40 years a cell: chance of",
        "any FAIL in the year; mean share of nights; worst year's share.",
    )
    rows = []
    for i, looks in enumerate(("looks: 1", "looks: 365")):
        for n in (200, 500, 1319):
            cells = [found["nights", f, n] for f in ("tied", "saturated")]
            rates = (
                "; ".join(share(cell[key][i]) for key in ("any", "share", "worst"))
                for cell in cells
            )
            rows.append([f"{looks}, n = {n:,}", *rates])
    yield from table(["", "tied", "saturated"], rows)


def items_needed(sim, found):
    yield "### Items needed"
    yield ""
    yield from said(
        "One answer each, the noisiest of the first families, 60 % answered again: ((1.645 + z) sd",
        "/ margin)^2 with z = 0.842 for one number, and 1.902 for seven, of which each may miss",
        "in .2 / 7:",
    )
    single = [f for f in sim.F.FAMILIES if f != "K = 8"]
    rows = []
    for metric, margin in sim.SHIPPED.items():
        sds = [found["equal", f, 1319]["sd"].get(metric) for f in single]
        sd = max(value for value in sds if value is not None)
        alone, all_of_them = ((z * sd / margin) ** 2 for z in (1.645 + 0.842, 1.645 + 1.902))
        sampled = found["equal", "K = 8", 200]["sd"][metric]
        rows.append(
            [
                metric,
                f"{margin:g}",
                f"{sd:.2f}",
                f"{alone:,.0f}",
                f"{all_of_them:,.0f}",
                f"{sampled:.2f}",
                f"{((1.645 + 1.902) * sampled / margin) ** 2:,.0f}",
            ]
        )
    yield from table(
        [
            "metric",
            "margin",
            "sd of an item",
            "PASS 80 %, this metric alone",
            "PASS 80 %, all seven",
            "sd, 8 samples",
            "questions x 8, all seven",
        ],
        rows,
    )
