"""Logs of Inspect (inspect_ai): `.eval`, a zip of JSON, and `.json`. Inspect is not needed.

For each sample, the model's last output is the response, `target` the gold answer, and `epoch` the
number of the sample. A sample that ended with an error is an `api_error`. Reasoning that the
model's interface returns separately is thinking, and not part of the response.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.inspect.log import read_inspect
from caopd_bench.runs.inspect.samples import read_header
from caopd_bench.runs.inspect.texts import mapping
from caopd_bench.runs.logged import AnswerColumns
from caopd_bench.runs.readers.reader import Log, Reader
from caopd_bench.tasks.judge.verify import KINDS

__all__ = ["READER", "is_inspect"]

#: Name of our scorer (`caopd_bench.hosts.inspect`), whose options record the kind of answers.
SCORER = "stated_confidence"
UNDONE = "the Inspect log belongs to a run that did not finish; samples may be missing"


def is_inspect(path: Path) -> bool:
    """Return whether a file is a log of Inspect, by its name, or whether a folder holds some."""
    return path.suffix in (".eval", ".json") or bool(_logs_of(path))


def _logs_of(path: Path) -> list[Path]:
    return sorted(path.glob("*.eval")) if path.is_dir() else []


def _open(file: Path, columns: AnswerColumns, kind: str) -> Log:
    logs = _logs_of(file)
    if len(logs) > 1:
        raise UsageError(
            f"{file}: a folder with {len(logs)} logs of Inspect; rescore reads one at a time, and "
            "--store saves the result of each:",
            [str(log) for log in logs],
        )
    file = logs[0] if logs else file
    header = read_header(file)
    evaluated = mapping(header, "eval")
    known = _find_kind(header) if columns.is_open_kind else None
    budget = mapping(evaluated, "model_generate_config").get("max_tokens")
    notes = [UNDONE] if header and header.get("status") != "success" else []
    return Log(
        read_inspect(file, known or kind, columns.groups, notes),
        backend="inspect",
        model=_name(evaluated.get("model")),
        task=_name(evaluated.get("task")),
        max_tokens=budget if isinstance(budget, int) and budget > 0 else None,
        provenance={
            "gen_kwargs": evaluated.get("model_generate_config"),
            "packages": evaluated.get("packages"),
            "date": evaluated.get("created"),
        },
        # `read_inspect` adds notes to this list while the answers are read.
        warnings=notes,
        file=file,
        kind=known,
    )


def _find_kind(header: Mapping[str, Any]) -> str | None:
    """Return the kind of answers that our scorer judged; None if there is none, or several."""
    named = [
        (one.get("name"), mapping(one, "options"))
        for one in _objects_of(mapping(header, "eval"), "scorers")
    ]
    # If a log was scored later, only its results name the scorer.
    named += [
        (one.get("scorer"), mapping(one, "params"))
        for one in _objects_of(mapping(header, "results"), "scores")
    ]
    ours = (told for name, told in named if str(name).rpartition("/")[2] == SCORER)
    kinds = {kind for told in ours if isinstance(kind := told.get("kind"), str) and kind in KINDS}
    return kinds.pop() if len(kinds) == 1 else None


def _objects_of(whole: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    listed = whole.get(key)
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


READER = Reader("a log of Inspect", is_inspect, open_log=_open)
