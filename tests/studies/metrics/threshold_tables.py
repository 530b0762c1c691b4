"""The tables of `simulate_threshold.py`, in Markdown, and their place in a page."""

START, END = "<!-- threshold rates -->", "<!-- end of threshold rates -->"
RULES = {
    "ours": "certified", "first": "until the observed risk is above",
    "largest": "largest coverage with the observed risk within",
    "stated": "stated error within", "out of bag": "out of bag",
    "as rows": "certified, clusters taken as rows",
}  # fmt: skip
FEW = 0.005  # a coverage too small for a ratio


def place(page, text):
    """Put the tables between the marks of a page."""
    before, rest = page.split(START)
    return f"{before}{START}\n{text}\n{END}{rest.split(END)[1]}"


def write(records, versions, times, seed):
    """Write all tables."""
    names = list(dict.fromkeys(cell[0] for cell in records))
    made = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return "\n\n".join([
        "Written by `python tests/studies/metrics/simulate_threshold.py --page docs/threshold.md`: "
        f"{len(records)} cells, {times} simulated sets each (8 times as many "
        f"for border laws, a tenth for clustered ones), seed {seed}; {made}.",
        _overall(records), _broken(records, names), _rules(records, names),
        _coverage(records, names), _sizes(records, names),
    ])  # fmt: skip


def _overall(records):
    worst = []
    for level in sorted({cell[3] for cell in records}):
        cells = [(r["ours"]["broken"], r["times"]) for c, r in records.items() if c[3] == level]
        rate, count = max(cells)
        mean = sum(rate for rate, _ in cells) / len(cells)
        error = (level * (1 - level) / count) ** 0.5
        worst.append(
            f"at {level:g} it was broken in {mean:.1%} of sets on average and {rate:.1%} in the "
            f"worst of {len(cells)} cells (allowed {1 - level:.0%}; standard error of that cell at "
            f"the limit {error:.1%})"
        )
    return "The promise: " + "; ".join(worst) + "."


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _largest(records, name, level, rule):
    found = [r[rule]["broken"] for c, r in records.items()
             if c[0] == name and c[3] == level and rule in r]  # fmt: skip
    return f"{max(found):.1%}" if found else "-"


def _broken(records, names):
    sizes = sorted({cell[1] for cell in records})
    rows = []
    for name in names:
        row = [name]
        for level in (0.9, 0.95):
            for n in sizes:
                rates = [r["ours"]["broken"] for c, r in records.items()
                         if c[0] == name and c[1] == n and c[3] == level]  # fmt: skip
                row.append(f"{max(rates):.1%}" if rates else "-")
        rows.append(row)
    head = ["law", *(f"{level}, n = {n}" for level in (0.9, 0.95) for n in sizes)]
    return (
        "**How often the promise was broken** (the largest share over the limits .01, .05, .1, .2):"
        "\n\n" + _table(head, rows)
    )


def _rules(records, names):
    rows = [[name, *(_largest(records, name, 0.95, rule) for rule in RULES)] for name in names]
    return (
        "**Beside other rules**: the largest share of sets, over all n and limits, in which the "
        "true risk of the kept answers was above the limit (level .95; out of bag: 60 sets, n = "
        "200 and 1000):\n\n" + _table(["law", *RULES.values()], rows)
    )


def _coverage(records, names):
    rows, ratios = [], []
    for name in names:
        row = [name]
        for limit in sorted({cell[2] for cell in records}):
            found = [r for c, r in records.items() if c[:4] == (name, 1000, limit, 0.95)]
            if not found or "best" not in found[0]:
                row.append(f"{found[0]['ours']['coverage']:.2f}" if found else "-")
                continue
            ours, best = found[0]["ours"]["coverage"], found[0]["best"]
            if best >= FEW and not name.startswith("border"):
                ratios.append((ours / best, best, f"{name} at {limit:g}"))
            row.append(f"{ours:.2f} / {best:.2f}")
        rows.append(row)
    large = [x for x in ratios if x[1] >= 0.05]
    below = [f"{where} ({ratio:.0%})" for ratio, _, where in sorted(large) if ratio < 0.9]
    note = (
        f"Of {len(large)} cells in which the best reaches a coverage of .05, "
        f"{len(large) - len(below)} reach 90 % of it; below: {', '.join(below) or 'none'}. "
        f"Mean ratio {sum(x[0] for x in large) / max(len(large), 1):.0%}."
    )
    head = ["law", *(f"limit {limit:g}" for limit in sorted({cell[2] for cell in records}))]
    return (
        "**Coverage at n = 1000**, level .95: mean share of all answers that is kept, 0 where "
        "nothing is certified / the same of the best fixed sequence for one who knows the law (its "
        "start is chosen with the law; the same sets):\n\n" + _table(head, rows) + "\n\n" + note
    )


def _sizes(records, names):
    sizes = sorted({cell[1] for cell in records})
    rows = []
    for name in names:
        row = [name]
        for n in sizes:
            found = [r for c, r in records.items() if c[:4] == (name, n, 0.05, 0.95)]
            ours = found[0]["ours"] if found else None
            row.append(f"{ours['found']:.0%}, {ours['coverage']:.2f}" if ours else "-")
        rows.append(row)
    head = ["law", *(f"n = {n}" for n in sizes)]
    return (
        "**How often a cut is certified, and the mean coverage**, at a limit of .05 and a level of "
        ".95:\n\n" + _table(head, rows)
    )
