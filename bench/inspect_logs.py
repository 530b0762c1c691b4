"""Read logs of Inspect (inspect_ai): `.eval`, a zip of JSON, and `.json`. Inspect is not needed.

Of each sample: the model's last output is the response, `target` the gold answer, `epoch` the
number of the sample. A sample that ended with an error is an `api_error`. Reasoning that the
model's interface gave apart from the text is thinking, and not part of the response.
"""

from __future__ import annotations

import errno
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from caopd_bench.errors import UsageError
from caopd_bench.lm_eval_provenance import section
from caopd_bench.logged_answers import GROUPS, Logged
from caopd_bench.terminal import inline

__all__ = ["is_inspect", "read_header", "read_inspect"]

ZSTD = 93  # the zip method of newer logs, which Python's zipfile reads from 3.14 on
MAX_BYTES = 1 << 30  # of one member, unpacked
ATTACHED = "attachment://"
#: What zipfile raises for members that are damaged, encrypted or packed by an unknown method.
UNREADABLE = (
    ValueError, RecursionError, zipfile.BadZipFile, zlib.error, struct.error, EOFError,
    NotImplementedError, RuntimeError, OSError,
)  # fmt: skip


def is_inspect(file: Path) -> bool:
    """Say whether a file is a log of Inspect, by its name."""
    return file.suffix in (".eval", ".json")


def read_header(file: Path) -> dict[str, Any]:
    """Give what the log says of the whole evaluation: its keys `eval`, `plan`, `status`."""
    if file.suffix == ".json":
        return _load_json(file)
    with _opened(file) as archive:
        names = archive.namelist()
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
    for name, sample in _samples(file):
        where = f"{file} {name}"
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
        yield Logged(
            where,
            None if failed else _response(sample, kept),
            target,
            str(sample.get("id")),
            question,
            {key: metadata[key] for key in keys if isinstance(metadata.get(key), (str, int))},
            _epoch(sample) - 1,
            failed,
        )


def _samples(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if file.suffix == ".json":
        samples = _load_json(file).get("samples")
        if not isinstance(samples, list):
            raise UsageError(f"{file}: not a log of Inspect with samples")
        found = [(f"sample {i}", sample) for i, sample in enumerate(samples, 1)]
    else:
        with _opened(file) as archive:
            names = [
                n for n in archive.namelist() if n.startswith("samples/") and n.endswith(".json")
            ]
            if not names:
                raise UsageError(f"{file}: a log of Inspect without samples")
            found = [(name, _member(archive, file, name)) for name in names]
    for name, sample in found:
        if not isinstance(sample, Mapping):
            raise UsageError(f"{file} {name}: not a sample of Inspect")
    # The archive's order is that of finishing.
    order = {id_: i for i, id_ in enumerate(dict.fromkeys(str(s.get("id")) for _, s in found))}
    yield from sorted(found, key=lambda e: (order[str(e[1].get("id"))], _epoch(e[1])))


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


def _opened(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise  # the disk, not the content
        raise UsageError(
            f"{file}: not a log of Inspect, or damaged: it is no zip archive"
        ) from None


def _member(archive: zipfile.ZipFile, file: Path, name: str) -> dict[str, Any]:
    info = archive.getinfo(name)
    if info.file_size > MAX_BYTES:
        raise UsageError(f"{file} {name}: {info.file_size:,} bytes unpacked; too large")
    try:
        data = _unpack_zstd(archive, info) if info.compress_type == ZSTD else archive.read(name)
        value = json.loads(data)
    except ImportError:
        raise UsageError(
            f"{file}: packed with zstd, which needs zstandard: pip install "
            '"caopd-bench[inspect]", or convert it: inspect log convert --to json'
        ) from None
    except UNREADABLE as error:
        said = inline(str(error), 120)
        raise UsageError(f"{file} {name}: damaged or cut off ({said})") from None
    if not isinstance(value, dict):
        raise UsageError(f"{file} {name}: not a log of Inspect")
    return value


def _unpack_zstd(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    import zstandard

    assert archive.fp is not None
    archive.fp.seek(info.header_offset)
    header = archive.fp.read(30)
    name_length, extra_length = struct.unpack("<26xHH", header)
    archive.fp.seek(name_length + extra_length, 1)
    packed = archive.fp.read(info.compress_size)
    try:
        with zstandard.ZstdDecompressor().stream_reader(packed) as stream:
            data: bytes = stream.read(info.file_size)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from None
    return data


def _load_json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        said = inline(str(error), 120)
        raise UsageError(
            f"{file}: not JSON ({said}); a log of Inspect, or rows as .jsonl"
        ) from None
    if not isinstance(value, dict) or "eval" not in value:
        raise UsageError(f"{file}: not a log of Inspect; rows go into .jsonl, .csv or .parquet")
    return value
