"""The reliability diagrams of runs and tasks, on one scale, and their file."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.figures.palette import give_styles
from caopd_bench.metrics import plot_reliabilities, reliability_table
from caopd_bench.runs.confidence_of import join_wordings, wording_of
from caopd_bench.runs.counts import Missing
from caopd_bench.runs.names import abbreviate
from caopd_bench.runs.run import AnyRun
from caopd_bench.scores.table import HEADS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_reliability", "render_figure"]


def draw_reliability(runs: Sequence[AnyRun], level: float, missing: Missing) -> Figure | None:
    """Draw a panel per run and task, on one scale; None if there is nothing to draw."""
    panels = [
        (run, task, counts)
        for run in runs
        for task in run.tasks
        if (counts := run.count(task).tally(missing)) is not None
    ]
    if not panels:
        return None
    tasks = {task for _, task, _ in panels}
    names = list(dict.fromkeys(run.name for run, _, _ in panels))
    titles = dict(zip(names, abbreviate(names, NAME_WIDTH), strict=True))
    tables, look, styles = {}, {}, give_styles(names)
    for run, task, counts in panels:
        title = titles[run.name]
        if len(tasks) > 1:
            title += f"\n{inline(task, NAME_WIDTH)}"
        if missing == "zero":
            title += f"\n{HEADS[missing]}"
        while title in tables:  # shortened task names may coincide
            title += "'"
        tables[title] = reliability_table(counts, level=level)
        look[title] = styles[run.name]  # the same colours as in a report of these runs
    wording = join_wordings(wording_of(run, task) for run, task, _ in panels)
    return plot_reliabilities(tables, confidence=wording.name, look=look)


def render_figure(figure: Figure, suffix: str) -> bytes:
    """Render a figure as the content of a .svg, .pdf or .png file."""
    # No date, no random ids: the same rows give the same bytes.
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {}}
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "caopd-bench"}), warnings.catch_warnings():
        # Names in a script that matplotlib's font lacks are drawn as boxes; no warning is needed.
        warnings.filterwarnings("ignore", "Glyph|Matplotlib currently does not support")
        image = io.BytesIO()
        figure.savefig(image, format=suffix[1:], dpi=160, metadata=metadata[suffix])
    return image.getvalue()
