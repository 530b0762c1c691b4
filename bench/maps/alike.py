"""Check whether a run matches the rows that a map or a threshold was made on.

A run with a different prompt, parser or kind of confidence is refused, as in the gate. Differences
that may matter become notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from caopd_bench.comparison.comparability import find_differences
from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.maps.fit import hash_rows
from caopd_bench.maps.write import Fitted
from caopd_bench.runs.confidence_of import wording_of, wording_of_settings
from caopd_bench.runs.note import Note
from caopd_bench.runs.provenance import count_read_otherwise
from caopd_bench.runs.run import AnyRun, CountedRun, Run, main_tasks
from caopd_bench.tasks.read import PARSER_VERSION

__all__ = [
    "Made",
    "Words",
    "find_task",
    "has_the_rows",
    "name_made",
    "notes_on_settings",
    "refuse_unlike",
]

MAX_SETTINGS = 3
PROMPT = "prompt version"


class Made(Protocol):
    """A map or a threshold, with the rows that it was made on."""

    @property
    def task(self) -> str:
        """The task of the rows."""

    @property
    def source(self) -> str:
        """The name of its file, or an empty string."""

    @property
    def fitted(self) -> Fitted:
        """A description of the rows."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """The provenance of the run."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the task."""


class Words(NamedTuple):
    """The words for a map or a threshold in messages.

    Attributes
    ----------
    noun : str
        "map".
    verb : str
        The relation to the rows: "fitted to".
    again, for_task : str
        The advice for other rows, and for another task.
    """

    noun: str
    verb: str
    again: str
    for_task: str


def name_made(made: Made, words: Words) -> str:
    """Return its name for messages, with the file if it has one."""
    return inline(made.source, NAME_WIDTH) if made.source else f"the {words.noun}"


def find_task(run: AnyRun, made: Made, words: Words) -> str:
    """Find its task in a run; files of rows do not record their task.

    Raises
    ------
    NotComparableError
        If the run has no such task.
    """
    if run.has(made.task):
        return made.task
    found = main_tasks(run.tasks)
    if len(found) == 1 and (_is_flat(run.settings(found[0])) or _is_flat(made.settings)):
        return found[0]
    has = ", ".join(inline(task, NAME_WIDTH) for task in found)
    raise NotComparableError(
        f"{name_made(made, words)} was made for the task {inline(made.task, NAME_WIDTH)}, but "
        f"{inline(run.path, 200)} has {has}; {words.for_task}"
    )


def refuse_unlike(run: AnyRun, task: str, made: Made, words: Words) -> None:
    """Refuse a run with another parser or another kind of confidence.

    Raises
    ------
    NotComparableError
        If a setting differs; the message contains both values.
    UsageError
        If the run's confidences are mapped already.
    """
    ours, theirs = made.settings, run.settings(task)
    if (theirs.get("confidence") or {}).get("of") == "map":
        raise UsageError(f"{inline(run.name, NAME_WIDTH)}: its confidences are already mapped")
    where = f"{name_made(made, words)} and {inline(run.name, NAME_WIDTH)}: "
    where += inline(task, NAME_WIDTH)
    version = theirs.get("parser_version")
    if version is not None and made.fitted.parsers and str(version) not in made.fitted.parsers:
        rows = None if isinstance(run, CountedRun) else run.task_rows(task)
        unlike = rows is None or count_read_otherwise(rows, version) > 0
        if unlike or PARSER_VERSION not in made.fitted.parsers:
            raise NotComparableError(
                f"{where}: parsed by parser {inline(made.fitted.parsers[0], 40)} and by parser "
                f"{inline(str(version), 40)}; parse the older run again (caopd-bench score RUN "
                f"--reparse --store DIR), or {words.again}"
            )
    prompts = ours.get("prompt_version"), theirs.get("prompt_version")
    if None not in prompts and prompts[0] != prompts[1]:
        shown = [inline(str(one), 40) for one in prompts]
        raise NotComparableError(f"{where}: {PROMPT} {shown[0]} and {shown[1]}; {words.again}")
    if not (_is_flat(ours) or _is_flat(theirs)):
        kinds = wording_of_settings(ours), wording_of(run, task)
        if kinds[0] != kinds[1]:
            raise NotComparableError(
                f"{where}: the confidence is the {kinds[0].full} and the {kinds[1].full}; "
                f"{words.again}"
            )


def has_the_rows(run: AnyRun, task: str, made: Made) -> bool:
    """Return whether the rows of a run are those that it was made on, in any order."""
    return (
        run.count(task).n_parsed == made.fitted.parsed
        and hash_rows(run, task) == made.fitted.sha256
    )


def notes_on_settings(run: AnyRun, task: str, made: Made, words: Words) -> Iterator[Note]:
    """Yield notes on unknown settings, another model, and other prompt settings."""
    ours, theirs = made.settings, run.settings(task)
    if _is_flat(ours) or _is_flat(theirs):
        if made.task != task or not (_is_flat(ours) and _is_flat(theirs)):
            named = inline(made.task, NAME_WIDTH)
            yield Note(
                task,
                f"the {words.noun} was made for the task {named}; a flat file does not record its "
                "prompts and parser, so this was not checked",
            )
        return
    weights = ours.get("weights"), theirs.get("weights")
    models = made.provenance.get("model"), run.provenance.get("model")
    pair = weights if None not in weights else models
    if pair[0] != pair[1]:
        yield Note(
            task,
            f"the {words.noun} was {words.verb} another model "
            f"({inline(made.fitted.run, NAME_WIDTH)}), and may not fit this model's confidence",
        )
    origin = Run(made.fitted.run, made.source, (), made.provenance)
    found = [
        str(one)
        for one in find_differences(origin, run, [task])
        if one.setting not in (PROMPT, "parser")
    ]
    if found:
        more = len(found) - MAX_SETTINGS
        listed = "; ".join(found[:MAX_SETTINGS]) + (f"; and {more} more" if more > 0 else "")
        yield Note(task, f"the rows of the {words.noun} had other settings: {listed}")


def _is_flat(settings: Mapping[str, Any]) -> bool:
    return "columns" in (settings.get("source") or {})
