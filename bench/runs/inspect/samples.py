"""Iterate over the samples of a log of Inspect, one at a time and without duplicates.

An `.eval` is a zip with a member for each sample, `samples/ID_epoch_N.json`. A sample that was run
again is written again under the same name, and the last one counts. In the chunked layout, a sample
is a folder: `sample.json` without messages, events, attachments and metadata, which are stored next
to it as `messages/0.json`, `attachments/0.json`, `metadata.json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.json_stream import JsonStream
from caopd_bench.core.files.plain_json import largest_document, parse_json
from caopd_bench.core.files.zip_members import Archive, open_archive
from caopd_bench.core.terminal import inline
from caopd_bench.runs.inspect.fields import add_call, add_prompts, find_attached, take_sample

__all__ = ["iterate_samples", "read_header"]

PIECE = 1 << 20
#: Header keys that are read from a log that is a single JSON file.
KEPT_OF_HEADER = ("eval", "status", "results")
HEADERS = ("header.json", "_journal/start.json")
#: Names of an unchunked sample, of a chunked sample, and of another member of one.
WHOLE = re.compile(r"samples/.*_epoch_\d{1,9}\.json", re.DOTALL)
SHELL = re.compile(r"(samples/.*_epoch_\d{1,9}/)sample\.json", re.DOTALL)
CHUNK = re.compile(
    r"(samples/.*_epoch_\d{1,9}/)"
    r"(?:(messages|events|calls|attachments)/([0-9a-z]{1,15})|metadata|skeleton)\.json",
    re.DOTALL,
)


def read_header(file: Path) -> dict[str, Any]:
    """Return the log's header for the whole evaluation: the keys `eval`, `status`, `results`.

    Raises
    ------
    UsageError
        If the file is not a log of Inspect.
    """
    if file.suffix == ".json":
        with _reading(file) as stream:
            header = {}
            for key in stream.names():
                if key in KEPT_OF_HEADER:
                    header[key] = stream.value()
                is_over = key == "samples" and "eval" in header and "status" in header
                if is_over or len(header) == len(KEPT_OF_HEADER):
                    break  # the long samples come next
        if "eval" not in header:
            raise UsageError(f"{file}: not a log of Inspect; rows go into .jsonl, .csv or .parquet")
        return header
    with open_archive(file) as archive:
        name = next((name for name in HEADERS if name in archive.names), None)
        if name is None:
            raise UsageError(f"{file}: not a log of Inspect: it holds no header.json")
        header = _parse_member(archive, file, name)
        if not isinstance(header, dict):
            raise UsageError(f"{file} {name}: not a log of Inspect")
        return header


def iterate_samples(file: Path) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Yield the place of each sample, its fields, and whether it was written more than once."""
    if file.suffix == ".json":
        yield from _samples_of_json(file)
        return
    with open_archive(file) as archive:
        wholes, chunks = _sort_members(archive, file)
        for name in wholes:
            with _damage(f"{file} {name}"):
                stream = JsonStream(archive.stream(name), f"{file} {name}")
                fields = take_sample(stream)
                stream.finish()
            yield name, fields, name in archive.twice
        for name, parts in chunks.items():
            yield name, _read_chunks(archive, file, name, parts), name in archive.twice


@contextmanager
def _damage(where: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        said = inline(str(error), 120)
        raise UsageError(f"{where}: damaged or cut off ({said})") from None


@contextmanager
def _reading(file: Path) -> Iterator[JsonStream]:
    try:
        with file.open("rb") as stream:
            yield JsonStream(iter(lambda: stream.read(PIECE), b""), str(file))
    except ValueError as error:
        said = inline(str(error), 120)
        raise UsageError(
            f"{file}: not JSON ({said}); a log of Inspect, or rows as .jsonl"
        ) from None


def _samples_of_json(file: Path) -> Iterator[tuple[str, dict[str, Any], bool]]:
    found = False
    with _reading(file) as stream:
        for key in stream.names():
            if key != "samples" or stream.peek() != "[":
                continue
            found = True
            for place in stream.entries():
                if stream.peek() != "{":
                    raise UsageError(f"{file} sample {place + 1}: not a sample of Inspect")
                yield f"sample {place + 1}", take_sample(stream), False
        stream.finish()
    if not found:
        raise UsageError(f"{file}: not a log of Inspect with samples")


def _sort_members(archive: Archive, file: Path) -> tuple[list[str], dict[str, list[str]]]:
    """Return the names of unchunked samples, and chunked samples with their chunks."""
    wholes: list[str] = []
    chunks: dict[str, list[str]] = {}
    others: list[tuple[str, str]] = []
    for name in archive.names:
        if not name.startswith("samples/") or not name.endswith(".json"):
            continue
        if WHOLE.fullmatch(name):
            wholes.append(name)
        elif SHELL.fullmatch(name):
            chunks[name] = []
        elif found := CHUNK.fullmatch(name):
            others.append((f"{found[1]}sample.json", name))
        else:
            wholes.append(name)
    for shell, name in others:
        if shell not in chunks:
            raise UsageError(
                f"{file} {name}: a part of a sample without its sample.json; is the log complete?"
            )
        chunks[shell].append(name)
    if not wholes and not chunks:
        raise UsageError(
            f"{file}: a log of Inspect without samples; run the evaluation with them (without "
            "--no-log-samples)"
        )
    return wholes, chunks


def _read_chunks(archive: Archive, file: Path, name: str, parts: list[str]) -> dict[str, Any]:
    where = f"{file} {name}"
    with _damage(where):
        stream = JsonStream(archive.stream(name), where)
        fields = take_sample(stream)
        stream.finish()
    prefix = name.removesuffix("sample.json")
    if f"{prefix}metadata.json" in parts:
        fields["metadata"] = _parse_member(archive, file, f"{prefix}metadata.json")
    add_call(fields, (event for _, event in _entries_of(archive, file, parts, "events")))
    if fields.get("choices"):
        pool = [message for _, message in _entries_of(archive, file, parts, "messages")]
        add_prompts(fields, pool)
        fields["pool"] = pool if "call" in fields else []
    names = find_attached(fields)
    if names:
        fields["attachments"] = {
            str(place): text
            for place, text in _entries_of(archive, file, parts, "attachments", names)
        }
    return fields


def _entries_of(
    archive: Archive, file: Path, parts: list[str], sequence: str, names: set[str] | None = None
) -> Iterator[tuple[int, Any]]:
    """Yield the numbered entries of a chunked sequence; with `names`, only those numbers."""
    for part in parts:
        found = CHUNK.fullmatch(part)
        if found is None or found[2] != sequence or not found[3].isdecimal():
            continue  # such as `events/stats.json`
        where = f"{file} {part}"
        with _damage(where):
            stream = JsonStream(archive.stream(part), where)
            for place in stream.entries():
                number = int(found[3]) + place
                if names is None or str(number) in names:
                    yield number, stream.value()
            stream.finish()


def _parse_member(archive: Archive, file: Path, name: str) -> Any:
    where = f"{file} {name}"
    with _damage(where):
        return parse_json(archive.read(name, largest_document()), where)
