"""Read logs of Inspect (inspect_ai): `.eval`, a zip of JSON, and `.json`. Inspect is not needed.

Of each sample: the model's last output is the response, `target` the gold answer, `epoch` the
number of the sample. A sample that ended with an error is an `api_error`. Reasoning that the
model's interface gave apart from the text is thinking, and not part of the response.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import MAX_LINE
from caopd_bench.core.files.plain_json import largest_document, parse_json, read_json
from caopd_bench.core.files.zip_members import Archive, open_archive
from caopd_bench.core.terminal import inline
from caopd_bench.runs.lm_eval.provenance import section
from caopd_bench.runs.logged import GROUPS, AnswerColumns, Logged
from caopd_bench.runs.readers.reader import Log, Reader

__all__ = ["READER", "is_inspect", "read_header", "read_inspect"]

#: Characters of an answer, of what was asked, and of the right answer.
MAX_TEXT = MAX_LINE
ATTACHED = "attachment://"
UNDONE = "the log of Inspect is of a run that did not finish; samples may be missing"


def is_inspect(file: Path) -> bool:
    """Say whether a file is a log of Inspect, by its name."""
    return file.suffix in (".eval", ".json")


def read_header(file: Path) -> dict[str, Any]:
    """Give what the log says of the whole evaluation: its keys `eval`, `plan`, `status`."""
    if file.suffix == ".json":
        return _load_json(file)
    with open_archive(file) as archive:
        names = archive.names
        name = next((n for n in ("header.json", "_journal/start.json") if n in names), None)
        if name is None:
            raise UsageError(f"{file}: not a log of Inspect: it holds no header.json")
        return _member(archive, file, name)


def read_inspect(file: Path, kind: str, by: Sequence[str] = ()) -> Iterator[Logged]:
    """Yield the answers of a log, by sample and epoch.

    Parameters
    ----------
    file : Path
        `.eval` or `.json`.
    kind : str
        Of the gold answers: several targets are alternatives for `phrase`, letters for `choice`;
        else the first counts.
    by : sequence of str
        Keys of the samples' metadata to group by, beside `GROUPS`.

    Raises
    ------
    UsageError
        If it is no such log, is damaged, or is packed in a way that needs a package.
    """
    keys = dict.fromkeys([*GROUPS, *by])
    # Of a sample, which may hold every call of an agent, only the answer is kept.
    found = [
        (_epoch(sample), _read_sample(sample, f"{file} {name}", kind, keys))
        for name, sample in _samples(file)
    ]
    # The archive's order is that of finishing.
    order = {item: i for i, item in enumerate(dict.fromkeys(one.item for _, one in found))}
    found.sort(key=lambda pair: (order[pair[1].item], pair[0]))
    yield from (one for _, one in found)


def _read_sample(sample: Mapping[str, Any], where: str, kind: str, keys: Iterable[str]) -> Logged:
    kept = section(sample, "attachments")
    question = _text(sample.get("input"), kept)
    target = sample.get("target")
    if isinstance(target, Sequence) and not isinstance(target, str):
        words = [str(word) for word in target]
        if kind == "phrase" and words:
            target = json.dumps(words)
        else:
            target = "".join(words if kind == "choice" else words[:1])
    if not isinstance(target, str) or not target:
        raise UsageError(f"{where}: no target; a log without right answers cannot be judged")
    metadata = section(sample, "metadata")
    failed = bool(sample.get("error"))
    response = None if failed else _response(sample, kept)
    for text in (question, target, response or ""):
        if len(text) > MAX_TEXT:
            raise UsageError(
                f"{where}: a text of {len(text):,} characters; an answer and what was asked have "
                f"at most {MAX_TEXT:,}"
            )
    return Logged(
        where,
        response,
        target,
        str(sample.get("id")),
        question,
        {key: metadata[key] for key in keys if isinstance(metadata.get(key), (str, int))},
        _epoch(sample) - 1,
        failed,
    )


def _samples(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the samples, one at a time if the log is an archive."""
    if file.suffix == ".json":
        samples = _load_json(file).get("samples")
        if not isinstance(samples, list):
            raise UsageError(f"{file}: not a log of Inspect with samples")
        for i, sample in enumerate(samples, 1):
            if not isinstance(sample, Mapping):
                raise UsageError(f"{file} sample {i}: not a sample of Inspect")
            yield f"sample {i}", sample
        return
    with open_archive(file) as archive:
        names = [n for n in archive.names if n.startswith("samples/") and n.endswith(".json")]
        if not names:
            raise UsageError(f"{file}: a log of Inspect without samples")
        for name in names:
            yield name, _member(archive, file, name)


def _epoch(sample: Mapping[str, Any]) -> int:
    epoch = sample.get("epoch")
    return epoch if isinstance(epoch, int) else 1


def _response(sample: Mapping[str, Any], kept: Mapping[str, Any]) -> str | None:
    choices = section(sample, "output").get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        return None
    return _text(section(choices[0], "message").get("content"), kept)


def _text(content: Any, kept: Mapping[str, Any]) -> str:
    """Give the text of a message's content, or of a list of messages; reasoning is left out.

    Inspect keeps long texts apart, as attachments; `kept` are those of the sample.
    """
    if isinstance(content, str):
        apart = kept.get(content.removeprefix(ATTACHED)) if content.startswith(ATTACHED) else None
        return apart if isinstance(apart, str) else content
    if not isinstance(content, list):
        return ""
    pieces = []
    for part in content:
        if isinstance(part, Mapping):
            if isinstance(part.get("text"), str) and part.get("type", "text") == "text":
                pieces.append(_text(part["text"], kept))
            elif "role" in part:
                pieces.append(_text(part.get("content"), kept))
    return "\n".join(pieces)


def _member(archive: Archive, file: Path, name: str) -> dict[str, Any]:
    where = f"{file} {name}"
    try:
        value = parse_json(archive.read(name, largest_document()), where)
    except ValueError as error:
        said = inline(str(error), 120)
        raise UsageError(f"{where}: damaged or cut off ({said})") from None
    if not isinstance(value, dict):
        raise UsageError(f"{where}: not a log of Inspect")
    return value


def _load_json(file: Path) -> dict[str, Any]:
    try:
        value = read_json(file)
    except ValueError as error:
        said = inline(str(error), 120)
        raise UsageError(
            f"{file}: not JSON ({said}); a log of Inspect, or rows as .jsonl"
        ) from None
    if not isinstance(value, dict) or "eval" not in value:
        raise UsageError(f"{file}: not a log of Inspect; rows go into .jsonl, .csv or .parquet")
    return value


def _open(file: Path, columns: AnswerColumns, kind: str) -> Log:
    header = read_header(file)
    evaluated = section(header, "eval")
    budget = section(evaluated, "model_generate_config").get("max_tokens")
    return Log(
        read_inspect(file, kind, columns.groups),
        backend="inspect",
        model=_name(evaluated.get("model")),
        task=_name(evaluated.get("task")),
        max_tokens=budget if isinstance(budget, int) and budget > 0 else None,
        provenance={
            "gen_kwargs": evaluated.get("model_generate_config"),
            "packages": evaluated.get("packages"),
            "date": evaluated.get("created"),
        },
        warnings=(UNDONE,) if header and header.get("status") != "success" else (),
    )


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


READER = Reader("a log of Inspect", is_inspect, open_log=_open)
