"""Get the rows of a dataset: from a local folder, pinned raw files, or the Hugging Face hub.

One loader for all tasks, and one rule for where rows come from:

1. `data_dir` (of `--metadata`) or the variable `CAOPD_BENCH_DATA` names a folder: the dataset's
   file must be there, and nothing is downloaded;
2. otherwise a set that has pinned raw files is downloaded from them once and kept in the cache;
3. otherwise the hub, through the library `datasets`.

Sources are never mixed: rows missing from one are not taken from another. Every set of rows comes
with a record of its source: origin, revision, and the SHA-256 of the rows, whatever their file.
Downloaded rows must have the expected content (`Source`); a local folder is the user's own, so
different content is only reported and recorded in the source.
"""

from __future__ import annotations

import hashlib
import logging
import os
import urllib.error
import urllib.request
from pathlib import Path

from caopd_bench.tasks.catalogue.dataset import FOLDER_VARIABLE, RawFile, Source
from caopd_bench.tasks.catalogue.hub import TIMEOUT, is_offline, load_hub
from caopd_bench.tasks.catalogue.kept import CACHE_VARIABLE, cache_folder, replace_file
from caopd_bench.tasks.catalogue.rows import (
    DataError,
    Row,
    hash_content,
    hash_rows,
    read_rows,
)

__all__ = ["find_present", "load_rows"]

MAX_BYTES = 200_000_000
SUFFIXES = (".jsonl", ".json", ".jsonl.gz", ".csv", ".parquet")

_log = logging.getLogger("lm_eval.caopd_bench")


def load_rows(source: Source, data_dir: str | Path | None = None) -> tuple[list[Row], Row]:
    """Load the rows of a dataset.

    Parameters
    ----------
    source : Source
        Source of the dataset.
    data_dir : str or Path, optional
        A folder that holds the dataset's file; by default `CAOPD_BENCH_DATA`, if set.

    Returns
    -------
    tuple of (list of dict, dict)
        The rows as they are in the file, and their source: `set`, `origin`, `revision`, `sha256`,
        and `expected`, the hash of the published content, if a local file has different content.

    Raises
    ------
    DataError
        In one line: the missing file, and the option to set.
    """
    folder = data_dir or os.environ.get(FOLDER_VARIABLE)
    if folder:
        path = _find_file(source, Path(folder).expanduser())
        if path is None:
            setting = "data_dir" if data_dir else FOLDER_VARIABLE
            raise DataError(
                f"{source.name}: no {source.name}.jsonl (or {', '.join(SUFFIXES[1:])}) in "
                f"{folder}; put it there (docs/data.md) or unset {setting}"
            )
        rows, origin, revision = read_rows(path), "local folder", None
    elif source.raw is not None:
        rows = read_rows(_fetch(source, source.raw))
        origin, revision = source.raw.url, source.raw.revision
    else:
        assert source.hub is not None, source.name
        rows = load_hub(source, source.hub)
        origin, revision = f"hub: {source.hub.path}", source.hub.revision
    if not rows:
        raise DataError(f"{source.name}: no rows in {origin}; is it the right file?")
    if len(rows) != source.rows and (source.content is None or not folder):
        # A local file may differ from published rows whose content is known: see the warning below.
        raise DataError(
            f"{find_present(source, data_dir)}: {len(rows):,} rows, but the entry of "
            f"{source.name} expects {source.rows:,}; use the complete file, or correct the number "
            "in the entry"
        )
    known = {
        "set": source.name,
        "origin": origin,
        "revision": revision,
        "sha256": hash_rows(rows),
    }
    if folder and source.content and hash_content(rows, source.fields) != source.content:
        known["expected"] = source.content
        _log.warning(
            "%s: the %d rows in %s differ from the published data set (%d rows, content %s...)",
            source.name,
            len(rows),
            folder,
            source.rows,
            source.content[:12],
        )
    return rows, known


def find_present(source: Source, data_dir: str | Path | None = None) -> str:
    """Describe briefly where the rows of a dataset would come from, without a download."""
    folder = data_dir or os.environ.get(FOLDER_VARIABLE)
    if folder:
        path = _find_file(source, Path(folder).expanduser())
        return str(path) if path else f"missing in {folder}"
    if source.raw is not None:
        kept = _kept(source, source.raw)
        return str(kept) if kept.is_file() else "will be downloaded"
    return f"hub: {source.hub.path if source.hub else ''}"


def _find_file(source: Source, folder: Path) -> Path | None:
    names = (f"{source.name}{suffix}" for suffix in SUFFIXES)
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _kept(source: Source, raw: RawFile) -> Path:
    return cache_folder() / f"{source.name}-{raw.sha256[:12]}{raw.suffix}"


def _fetch(source: Source, raw: RawFile) -> Path:
    """Return the cached copy of a raw file, downloaded and checked if it is not there yet."""
    kept = _kept(source, raw)
    if kept.is_file() and hashlib.sha256(kept.read_bytes()).hexdigest() == raw.sha256:
        return kept
    if is_offline():
        raise DataError(
            f"{source.name}: not found locally, and HF_HUB_OFFLINE is set; {source.help}"
        )
    try:
        with urllib.request.urlopen(raw.url, timeout=TIMEOUT) as response:
            data = response.read(MAX_BYTES)
    except (OSError, ValueError) as error:  # URLError is an OSError too
        reason = getattr(error, "reason", error)
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # the error holds the connection open
        raise DataError(
            f"{source.name}: cannot download {raw.url} ({reason}); {source.help}"
        ) from None
    found = hashlib.sha256(data).hexdigest()
    if found != raw.sha256:
        raise DataError(
            f"{source.name}: {raw.url} has SHA-256 {found[:12]}..., expected {raw.sha256[:12]}...; "
            f"nothing was kept; {source.help}"
        )
    try:
        replace_file(kept, data)
    except OSError as error:
        raise DataError(
            f"{kept}: cannot be written ({error.strerror}); set {CACHE_VARIABLE}"
        ) from None
    return kept
