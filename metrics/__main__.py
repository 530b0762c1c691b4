"""Write the tables of all metrics, of confidences and of probability vectors, in Markdown.

`python -m caopd_bench.metrics` prints them; `python -m caopd_bench.metrics docs/metrics/README.md`
replaces them in that page, each between its two marker comments.
"""

from __future__ import annotations

import re
import sys
from math import isinf
from pathlib import Path

from caopd_bench.metrics.definition import Metric
from caopd_bench.metrics.metric_parts import BOTH, RIGHT, WRONG
from caopd_bench.metrics.points.classes import CLASS_METRICS
from caopd_bench.metrics.registry import METRICS

START, END = "<!-- {} -->", "<!-- end of {} -->"
HEAD = "| metric | in words | range | better | undefined if | page |\n|---|---|---|---|---|---|"
RANKING = "scores.md#ranking-do-right-answers-get-more-confidence-than-wrong-ones"
SELECTIVE = "scores.md#selective-prediction-how-good-are-the-answers-that-are-kept"
#: The page that explains the metrics of a file; a file without an entry has no page.
PAGES = {
    "means": "[calibration](calibration.md)",
    "calibration": "[calibration](calibration.md)",
    "smooth": "[smooth](calibration.md#smooth-ece-the-calibration-error-without-bins)",
    "proper_scores": "[scores](scores.md)",
    "decomposition": "[scores](scores.md)",
    "ranking": f"[ranking]({RANKING})",
    "selective": f"[selective]({SELECTIVE})",
}
OF_CLASSES = "[classes](scores.md#probabilities-of-all-classes)"
UNDEFINED = {"": "", RIGHT: "nothing right", WRONG: "nothing wrong", BOTH: "one class only"}


def render() -> str:
    """Return the table in Markdown: one line per metric, in the order of `METRICS`.

    Examples
    --------
    >>> render().splitlines()[2][:41]
    '| `accuracy` | the share of right answers'
    """
    return "\n".join([HEAD, *(_line(name, row) for name, row in METRICS.items())])


def render_classes() -> str:
    """Return the table of the metrics of probability vectors, which are not keys of `METRICS`.

    Examples
    --------
    >>> render_classes().splitlines()[2][:41]
    '| `brier_classes` | the Brier score over '
    """
    lines = [
        f"| `{name}` | {_first_sentence(row.function.__doc__)} | {row.range[0]:g} to "
        f"{row.range[1]:g} | lower | never | {OF_CLASSES} |"
        for name, row in CLASS_METRICS.items()
    ]
    return "\n".join([HEAD, *lines])


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
    words = _first_sentence(row.function.__doc__ or row.label)
    return f"| `{name}` | {words} | {low} to {high} | {which} | {undefined} | {page} |"


def _first_sentence(doc: str | None) -> str:
    """Return the first sentence of a docstring without "Return" and the full stop."""
    first = " ".join((doc or "").strip().partition("\n\n")[0].split())
    said = re.sub(r"(?::\w+:|`)`([^`]+)``?", r"`\1`", first.removeprefix("Return "))
    return said.removesuffix(".")


def replace_table(page: str) -> str:
    """Return a page with each table replaced between its two markers."""
    for name, table in TABLES.items():
        start, stop = START.format(name), END.format(name)
        head, mark, rest = page.partition(start)
        _, end, tail = rest.partition(stop)
        if not mark or not end:
            raise SystemExit(f"the page has no {start} ... {stop}; add both markers")
        page = f"{head}{start}\n{table()}\n{stop}{tail}"
    return page


TABLES = {"metrics": render, "metrics of classes": render_classes}


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(*(table() for table in TABLES.values()), sep="\n\n")
    for file in map(Path, sys.argv[1:]):
        file.write_text(replace_table(file.read_text(encoding="utf-8")), encoding="utf-8")
