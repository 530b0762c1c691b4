"""Clean the provenance of rows into one fixed shape; values of another shape become None.

Only settings that identify the run are kept (`identity_names`); `left_out` names the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from caopd_bench.core.privacy.keep import Kept, keep_named
from caopd_bench.core.privacy.left_out import is_printable
from caopd_bench.core.privacy.names import RUN
from caopd_bench.runs.note import Note
from caopd_bench.runs.run import Row
from caopd_bench.tasks.read import PARSER_VERSION

__all__ = [
    "clean_provenance",
    "count_read_otherwise",
    "describe_cleaning",
    "is_on_parser",
    "parser_warnings",
]

LEFT = "left_out"
OTHER_PARSER = "evaluated with parser"
#: Parsers that agree with this one on answers with a usable confidence, except for `_may_change`.
ALIKE = ("2",)
PLAIN = re.compile(r"[-+]?[0-9.,]{1,40}")


def clean_provenance(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the provenance as plain values for strict JSON, with each task in the fixed shape.

    Settings that do not identify a run, and values that look like secrets, are left out; paths are
    shortened to their last parts. `left_out` names the removed settings.
    """
    cleaned: dict[str, Any] = describe_cleaning(raw).value
    return cleaned


def describe_cleaning(raw: Mapping[str, Any]) -> Kept:
    """Clean as `clean_provenance` does, and also describe the settings left out of `raw`."""
    kept = keep_named({key: raw[key] for key in raw if key != LEFT}, RUN)
    cleaned: dict[str, Any] = kept.value
    tasks = cleaned.pop("tasks", None)
    cleaned["tasks"] = {
        str(task): _clean_task(settings)
        for task, settings in (tasks if isinstance(tasks, Mapping) else {}).items()
    }
    names = list(dict.fromkeys([*_names(raw.get(LEFT)), *kept.left_out]))
    if names:
        cleaned[LEFT] = names
    return kept._replace(value=cleaned)


def _names(known: Any) -> list[str]:
    """Return the names that an earlier reading left out, which are now part of the data."""
    listed = known if isinstance(known, list) else []
    return [name for name in listed if isinstance(name, str) and is_printable(name)]


def parser_warnings(provenance: Mapping[str, Any], rows: Sequence[Row]) -> Iterator[Note]:
    """Yield a warning for each task with rows that this parser may read differently."""
    other = {
        task: settings["parser_version"]
        for task, settings in provenance["tasks"].items()
        if settings["parser_version"] not in (None, PARSER_VERSION)
    }
    of_task: dict[str, list[Row]] = {}
    for row in rows if other else ():
        of_task.setdefault(row.task, []).append(row)
    for task, version in other.items():
        count = count_read_otherwise(of_task.get(task, ()), version)
        if count:
            yield Note(
                task,
                f"{OTHER_PARSER} {version}; parser {PARSER_VERSION} may read {count:,} of "
                f"{len(of_task[task]):,} answers differently; statuses and confidences are the "
                "evaluation's",
            )


def count_read_otherwise(rows: Iterable[Row], version: Any) -> int:
    """Count the rows of another parser that this one may read or judge differently."""
    if version == PARSER_VERSION:
        return 0
    return sum(version not in ALIKE or _may_change(row) for row in rows)


def _may_change(row: Row) -> bool:
    """Return whether this parser may read or judge an answer differently from those in `ALIKE`."""
    if row.status != "ok":
        return row.status != "api_error"
    # Imported here because most rows were read by this version and need no parser.
    from caopd_bench.tasks.read.confidence import read_confidence

    if row.stated is not None and read_confidence(row.stated).value != row.confidence:
        return True
    # Versions may differ on wrong answers that are more than a number: sentences, options' texts,
    # mathematics.
    return not row.correct and row.answer is not None and not PLAIN.fullmatch(row.answer)


def is_on_parser(note: Note) -> bool:
    """Return whether a note comes from `parser_warnings`."""
    return note.task is not None and note.text.startswith(f"{OTHER_PARSER} ")


def _clean_task(raw: Any) -> dict[str, Any]:
    settings = raw if isinstance(raw, Mapping) else {}
    cleaned = {
        key: settings[key] if key in settings and is_right(settings[key]) else None
        for key, is_right in TASK_SHAPE.items()
    }
    return cleaned | {key: settings[key] for key in OPTIONAL if _is_mapping(settings.get(key))}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_version(value: Any) -> bool:
    return isinstance(value, (str, int, float))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_confidence(value: Any) -> bool:
    try:
        return isinstance(value, (str, int, float)) and 0 <= float(value) <= 1
    except (ValueError, OverflowError):
        return False


def _is_exemplars(value: Any) -> bool:
    """Check for the form `{"set": "a", "confidences": ["0.98", ...]}`."""
    if not isinstance(value, Mapping) or not isinstance(value.get("set"), (str, type(None))):
        return False
    stated = value.get("confidences", [])
    return isinstance(stated, list) and all(_is_confidence(item) for item in stated)


TASK_SHAPE: dict[str, Callable[[Any], bool]] = {
    "version": _is_version,
    "num_fewshot": _is_count,
    "task_hash": _is_text,
    "generation": _is_mapping,
    "effective_generation": _is_mapping,  # including the checkpoint's own settings (tasks/decoding)
    "source": _is_mapping,
    "way": _is_text,
    "samples": _is_count,
    "wording": _is_mapping,
    "thinking": _is_mapping,
    "exemplars": _is_exemplars,
    "weights": _is_text,
    "prompt_version": _is_text,
    "parser_version": _is_text,
}
#: Mappings that only some tasks have: the kind of a confidence that was not stated in the text, and
#: the way logged answers were read (`rescore`).
OPTIONAL = ("confidence", "reading")
