"""Write the table of all metrics from their rows.

`python -m caopd_bench.metrics` prints it; `python -m caopd_bench.metrics docs/metrics/README.md`
puts it between the two marks of that page.
"""

from __future__ import annotations

import re
import sys
from math import isinf
from pathlib import Path

from caopd_bench.metrics.definition import BOTH, RIGHT, WRONG, Metric
from caopd_bench.metrics.registry import METRICS

START, END = "<!-- metrics -->", "<!-- end of metrics -->"
HEAD = "| metric | in words | range | better | undefined if | page |\n|---|---|---|---|---|---|"
RANKING = "scores.md#ranking-do-right-answers-get-more-confidence-than-wrong-ones"
SELECTIVE = "scores.md#selective-prediction-how-good-are-the-answers-that-are-kept"
#: Where the metrics of a file are explained, as far as there is a page.
PAGES = {
    "means": "[calibration](calibration.md)",
    "calibration": "[calibration](calibration.md)",
    "smooth": "[smooth](calibration.md#smooth-ece-the-calibration-error-without-bins)",
    "proper_scores": "[scores](scores.md)",
    "decomposition": "[scores](scores.md)",
    "ranking": f"[ranking]({RANKING})",
    "selective": f"[selective]({SELECTIVE})",
}
UNDEFINED = {"": "", RIGHT: "nothing right", WRONG: "nothing wrong", BOTH: "one class only"}


def render() -> str:
    """Return the table in Markdown: a line for each metric, in the order of `METRICS`.

    Examples
    --------
    >>> render().splitlines()[2][:41]
    '| `accuracy` | the share of right answers'
    """
    return "\n".join([HEAD, *(_line(name, row) for name, row in METRICS.items())])


def _line(name: str, row: Metric) -> str:
    better = {True: "higher", False: "lower", None: "0" if row.signed else "-"}
    low, high = (
        ("-" if end < 0 else "") + "infinity" if isinf(end) else f"{end:g}" for end in row.range
    )
    reasons = (UNDEFINED[row.needs], row.undefined)
    undefined = "; ".join(filter(None, reasons)) or "never"
    undefined += "; can be infinite" if row.infinite else ""
    page = PAGES.get(row.function.__module__.rpartition(".")[2], "")
    which = better[row.higher_is_better]
    return f"| `{name}` | {_words(row)} | {low} to {high} | {which} | {undefined} | {page} |"


def _words(row: Metric) -> str:
    """Take the first sentence of its docstring, which says what it returns."""
    first = " ".join((row.function.__doc__ or row.label).strip().partition("\n\n")[0].split())
    said = re.sub(r"(?::\w+:|`)`([^`]+)``?", r"`\1`", first.removeprefix("Return "))
    return said.removesuffix(".")


def replace_table(page: str) -> str:
    """Return a page with the table between its two marks replaced."""
    head, mark, rest = page.partition(START)
    _, end, tail = rest.partition(END)
    if not mark or not end:
        raise SystemExit(f"no {START} ... {END} in the page")
    return f"{head}{START}\n{render()}\n{END}{tail}"


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(render())
    for file in map(Path, sys.argv[1:]):
        file.write_text(replace_table(file.read_text(encoding="utf-8")), encoding="utf-8")
