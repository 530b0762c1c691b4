"""Read the texts of any task in lm-eval's logs as answers to judge: `caopd-bench rescore`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import inline, quote
from caopd_bench.runs.flat.paths import ABSENT, Column, find_columns, list_paths
from caopd_bench.runs.lm_eval.find import DATE, find_results, find_samples, is_results
from caopd_bench.runs.lm_eval.kinds import WHY_NOT, kind_of
from caopd_bench.runs.lm_eval.lines import group_of, name_item
from caopd_bench.runs.lm_eval.made import say_filters
from caopd_bench.runs.lm_eval.provenance import section
from caopd_bench.runs.lm_eval.read import (
    iterate_samples,
)
from caopd_bench.runs.lm_eval.rows import holds_parts, read_text
from caopd_bench.runs.logged import (
    GROUPS,
    AnswerColumns,
    Logged,
    read_gold,
    read_group,
    read_options,
)

__all__ = ["Texts", "choose_samples", "find_log_results", "holds_samples", "read_answers"]

#: Default names of the columns.
RESPONSE, GOLD = "response", "gold"
#: Key of the right answer in lm-eval's logs.
TARGET = "target"
#: Kinds of task whose responses are texts.
OF_TEXTS = ("answers", "ours", "ours, not judged", "unknown")
DOC = "doc"
#: Mark before the right answer at the end of a solution.
END = "####"


class Texts(NamedTuple):
    """A file of samples to read.

    Attributes
    ----------
    task : str
    file : Path
    first : Mapping
        Its first line.
    """

    task: str
    file: Path
    first: Mapping[str, Any]


def holds_samples(path: Path) -> bool:
    """Return whether a path is lm-eval's output with samples, or a single file of samples."""
    if path.is_file():
        return path.name.startswith("samples_") and _split_name(path) is not None
    found = path.rglob("samples_*.jsonl") if path.is_dir() else ()
    return any(_split_name(file) is not None for file in found)


def choose_samples(path: Path, task: str | None, results: Path | None) -> Texts:
    """Choose the samples of one task.

    Raises
    ------
    UsageError
        If there is no such task, or if there are several and none was named.
    """
    if results is None and path.is_dir():
        files = _list_samples(path)
    elif results is None:
        named = _split_name(path)
        files = {named[0] if named else path.name: path}
        task = None  # the user named the file itself
    else:
        files = find_samples(results)
    if task is not None and task not in files:
        raise UsageError(f"--task {task}: {path} has samples of", sorted(files))
    firsts = {
        name: next((sample for _, sample in iterate_samples(file)), {})
        for name, file in files.items()
        if task in (None, name)
    }
    kinds = {name: kind_of(first, {}) for name, first in firsts.items()}
    able = [name for name in firsts if kinds[name] in OF_TEXTS]
    if not able:
        other = next(iter(firsts), "")
        no_texts = (
            "its samples contain no answer texts; caopd-bench score RUN reads what they contain"
        )
        why = WHY_NOT.get(kinds.get(other, ""), no_texts)
        raise UsageError(f"{path}: {inline(other, 120)}: {why}")
    if len(able) > 1:
        raise UsageError(f"{path}: texts of {len(able)} tasks; choose one by --task:", able)
    return Texts(able[0], files[able[0]], firsts[able[0]])


def find_log_results(path: Path) -> Path | None:
    """Find the results file of a path; return None for samples without one."""
    if path.is_dir() and not any(map(is_results, path.rglob("*.json"))):
        return None
    return None if path.name.startswith("samples_") else find_results(path)


def _list_samples(folder: Path) -> dict[str, Path]:
    """Return the files of samples below a folder, by task."""
    found: dict[str, Path] = {}
    for file in sorted(folder.rglob("samples_*.jsonl")):
        named = _split_name(file)
        if named is not None and found.setdefault(named[0], file) != file:
            both = [found[named[0]], file]
            raise UsageError(f"{folder}: several samples files for one task; choose one:", both)
    return found


def _split_name(file: Path) -> tuple[str, str] | None:
    """Split samples_TASK_DATE.jsonl into the task and the date."""
    found = DATE.search(file.name)
    if found is None:
        return None
    return file.name[len("samples_") : found.start()], found[1]


def read_answers(
    texts: Texts, columns: AnswerColumns, kind: str, notes: list[str]
) -> Iterator[Logged]:
    """Yield the answers of all lines of the first filter.

    Parameters
    ----------
    texts : Texts
    columns : AnswerColumns
        Names or paths in a line or in its `doc`: `doc.answer` or `answer`. By default the raw texts
        (`resps`), and the right answer that lm-eval wrote (`target`).
    kind : str
        Kind of the right answers. A number at the end of a solution is the text after `####`
        (GSM8K).
    notes : list of str
        Receives notes after all answers were read.
    """
    plan = _Plan(texts, columns, kind in ("number", "latex"))
    filters: Counter[str] = Counter()
    copies: Counter[str] = Counter()
    parts = 0
    for number, sample in iterate_samples(texts.file):
        where = f"{texts.file} line {number}"
        chosen = str(sample.get("filter"))
        filters[chosen] += 1
        if chosen != next(iter(filters)):  # another filter of the same responses
            continue
        parts += holds_parts(sample)
        item = name_item(sample)
        copies[item] += 1
        if copies[item] > 1:
            item = f"{item}#{copies[item]}"
        yield from plan.read(sample, item, where)
    if len(filters) > 1:
        notes.append(say_filters(", ".join(map(quote, filters)), len(filters)))
    if parts:
        notes.append(f"{parts:,} replies are lists of content parts, whose texts are read")


class _Plan:
    """The locations of the needed values in a line."""

    def __init__(self, texts: Texts, columns: AnswerColumns, ends_solution: bool) -> None:
        self.ends_solution = ends_solution
        self.first, self.file = texts.first, texts.file
        doc = section(self.first, DOC)
        is_ours = kind_of(self.first, {}) in ("ours", "ours, not judged")
        # Our prompts ask for labelled lines; other tasks may ask for a single letter.
        self.is_bare = not is_ours
        gold = columns.gold
        if gold == GOLD and GOLD not in self.first and GOLD not in doc:
            gold = "doc.answer" if is_ours else TARGET
        question = columns.question or ("doc.question" if is_ours else None)
        self.gold_name = gold
        self.gold = self._find(gold, "--gold")
        self.item = self._find(columns.item, "--item") if columns.item else None
        self.question = self._find(question, "--question") if question else None
        self.options = self._find(columns.options, "--options") if columns.options else None
        self.options_name = columns.options or ""
        known = [key for key in GROUPS if key in doc and key not in columns.groups]
        self.groups = {
            **{key: self._find(key, "--by") for key in columns.groups},
            **{key: Column(key, DOC, (key,)) for key in known},
        }
        self.asked = columns.groups
        is_raw = columns.response in (RESPONSE, "resps")
        self.response = None if is_raw else self._find(columns.response, "--response")

    def _find(self, name: str, option: str) -> Column:
        """Find a column name in a line, or else in its document."""
        names = list(self.first)
        for place in (name, f"{DOC}.{name}"):
            found = find_columns([place], names).get(place)
            if found is not None and found.get(self.first) is not ABSENT:
                return found
        raise UsageError(
            f"{self.file}: {option} {name}: no such key in its lines; the keys are "
            f"{list_paths(self.first, [key for key in names if key != 'arguments'])}"
        )

    def read(self, sample: Mapping[str, Any], item: str, where: str) -> Iterator[Logged]:
        """Yield the answers of a line; several if each question was asked several times."""
        gold = read_gold(_value(self.gold, sample), where, self.gold_name)
        if self.ends_solution and END in gold:
            gold = gold.rpartition(END)[2].strip() or gold
        groups = {}
        for key, column in self.groups.items():
            value = _value(column, sample)
            if key in self.asked and value not in (None, ""):
                groups[key] = read_group(value, where, key)
            elif (short := group_of(value)) is not None:
                groups[key] = short
        options = (
            read_options(_value(self.options, sample), where, self.options_name)
            if self.options
            else ()
        )
        named = _value(self.item, sample) if self.item else None
        question = _value(self.question, sample) if self.question else None
        responses = self._texts(sample, where)
        for i, text in enumerate(responses):
            yield Logged(
                where,
                text,
                gold,
                item if named is None else str(named),
                None if question is None else str(question),
                groups,
                sample=i if len(responses) > 1 else None,
                options=options,
                is_bare=self.is_bare,
            )

    def _texts(self, sample: Mapping[str, Any], where: str) -> Sequence[str | None]:
        if self.response is not None:
            value = _value(self.response, sample)
            if isinstance(value, list) and len(value) == 1:
                value = value[0]
            return [read_text(value)]
        responses = sample.get("resps")
        if not isinstance(responses, list) or len(responses) != 1:
            count = len(responses) if isinstance(responses, list) else 0
            raise UsageError(
                f"{where}: {count} requests for one question; choose the text with --response, "
                "for example resps.0.0"
            )
        repeats = responses[0] if isinstance(responses[0], list) else [responses[0]]
        return [read_text(text) for text in repeats] or [None]


def _value(column: Column, sample: Mapping[str, Any]) -> Any:
    value = column.get(sample)
    return None if value is ABSENT else value
