"""The introduction of the page in two sentences, and the limits of its numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from caopd_bench.core.numbers import is_number
from caopd_bench.report.build import Report
from caopd_bench.report.entries import Cell
from caopd_bench.report.page.markup import name, text
from caopd_bench.report.page.table import name_within
from caopd_bench.report.tendencies import say_share
from caopd_bench.runs.confidence_of import OF_OPTION
from caopd_bench.runs.flat.read import FLAT_TASK
from caopd_bench.tasks.catalogue.datasets import DATASETS
from caopd_bench.tasks.catalogue.ways import WAYS

__all__ = ["render_lead", "render_limits"]

#: Maximum number of tasks named in the first sentence.
MOST_TASKS = 4


def render_lead(report: Report, glossary: str) -> str:
    """Return the sentences under the title.

    Parameters
    ----------
    report : Report
    glossary : str
        Link to the section that explains the terms.
    """
    cells = [cell for entry in report.entries for cell in entry.cells.values()]
    runs = len(report.entries)
    who = "One run" if runs == 1 else f"{runs:,} runs"
    most = "" if runs == 1 else ", and which run's can be trusted most"
    return (
        f"{who} {_say_questions(report, cells)}{_say_stated(report, cells)} This page shows how "
        f"far that confidence can be trusted{most}.{_say_confidence(report)} Its terms are "
        f"explained under {glossary}."
    )


def _say_questions(report: Report, cells: Sequence[Cell]) -> str:
    if len(report.tasks) > 1:
        named = ", ".join(name(task) for task in report.tasks[:MOST_TASKS])
        more = len(report.tasks) - MOST_TASKS
        some = f" and {more} more" if more > 0 else ""
        answers = sum(cell.n for cell in cells)
        return (
            f"answered questions of {len(report.tasks)} tasks ({named}{some}): {answers:,} answers"
        )
    (task,) = report.tasks
    digests = {cell.aligned.digest if cell.aligned else None for cell in cells}
    # Rows of a flat file have no task, and the placeholder name would mean nothing to readers.
    of = "" if task == FLAT_TASK else f" of the task {name(task)}{_describe(task)}"
    first = cells[0].aligned
    if len(digests) == 1 and first is not None:
        same = "the same " if len(cells) > 1 else ""
        times = cells[0].n // first.items
        often = f", {times:,} times each" if times > 1 else ""
        questions = "question" if first.items == 1 else "questions"
        return f"answered {same}{first.items:,} {questions}{of}{often}"
    low, high = min(cell.n for cell in cells), max(cell.n for cell in cells)
    each = " each" if len(cells) > 1 else ""
    count = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"gave {count} answers{each}{of and f' to questions{of}'}"


def _describe(task: str) -> str:
    """Return the content and format of one of our tasks, in brackets; "" for other tasks."""
    found = re.fullmatch(r"caopd_(.+?)_(conf|conf_t1|sc8|twostage|ptrue|priv|priv_sc8)", task)
    if found is None or found[1] not in DATASETS:
        return ""
    # Omit the number of questions, since the runs may have answered only some.
    about = DATASETS[found[1]].about.replace("{:,} ", "").partition(",")[0]
    return f" ({text(about)}; {text(WAYS[found[2]].about)})"


def _say_stated(report: Report, cells: Sequence[Cell]) -> str:
    """Return a sentence on the number of answers that have a confidence."""
    shares = sorted(cell.n_parsed / cell.n for cell in cells if cell.n) or [0.0]
    wording, is_whole = report.wording(), shares[0] == 1.0
    low, high = say_share(shares[0]), say_share(shares[-1])
    of = "every answer" if is_whole else f"{low} of the answers"
    if low != high:
        of = f"{low} to {high} of the answers"
    usable = "" if is_whole else "usable "
    if wording.is_stated:
        return f", and stated a {usable}confidence from 0 to 1 with {of}."
    return f"; {of} came with a {usable}confidence from 0 to 1."


def _say_confidence(report: Report) -> str:
    """Return an explanation of the confidence, unless all runs state it."""
    wording = report.wording()
    if wording.is_stated:
        return ""
    if wording.name == OF_OPTION:
        return f" It is the {text(wording.full)}."
    of = [name(task) for task in report.tasks if not report.wording(task).is_stated]
    return f" Of {', '.join(of)} it is, wherever the runs do not state it, the {OF_OPTION}."


def render_limits(report: Report) -> str:
    """Return conclusions that the standings do not support, as markup."""
    listed = "".join(f"<li>{one}</li>" for one in _say_limits(report))
    return f'<h3>Limits</h3><ul class="limits-of">{listed}</ul>'


def _say_limits(report: Report) -> Iterator[str]:
    cells = [cell for entry in report.entries for cell in entry.cells.values()]
    yield (
        "The intervals cover the choice of questions, not the training: another seed may give "
        "other numbers."
    )
    if len(report.tasks) == 1 < len(report.entries):
        yield "There is one task only: on others the order may differ."
    key = name_within(report)
    if key:
        yield (
            f"The numbers mix {_say_groups(cells, key)}: a run that only knows the {key} of a "
            f"question can have a high AUROC. AUROC within {key} compares answers of the same "
            f"{key} only; the section of each run has all numbers by {key}."
        )
    else:
        yield (
            "No levels of difficulty are known: a run that only tells easy questions from hard "
            "ones can have a high AUROC."
        )
    if len(report.entries) > 1:
        yield (
            "Runs are tested against each other in Brier skill and accuracy only. The interval of "
            "any other number describes one run; that two of them do not overlap is no test, and "
            "takes no account of how many runs are compared."
        )
    if not any(entry.given.method or entry.given.note for entry in report.entries):
        yield "How the models were trained is not recorded in the runs; --models FILE adds it."


def _say_groups(cells: Sequence[Cell], key: str) -> str:
    """Return the values of a key in words: "levels 1 to 5" or "12 subjects"."""
    values = {value for cell in cells for value in cell.groups.get(key, ())}
    numbers = [value for value in values if is_number(value)]
    if len(numbers) == len(values) > 1:
        return f"{key}s {min(numbers):g} to {max(numbers):g}"
    return f"{len(values):,} {key}s"
