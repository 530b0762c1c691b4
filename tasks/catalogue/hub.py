"""Load rows from the Hugging Face hub at the pinned revision, and verify them.

If the content of a dataset is known (`Source`), rows with different content are refused. If it is
not, the hash of the rows is kept in the cache when they are first loaded, and later loads must
return the same rows.
"""

from __future__ import annotations

import logging
import os
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from caopd_bench.tasks.catalogue.dataset import Hub, Source
from caopd_bench.tasks.catalogue.kept import cache_folder, replace_file
from caopd_bench.tasks.catalogue.rows import DataError, Row, hash_content, hash_rows

__all__ = ["is_offline", "load_hub"]

TIMEOUT = 10.0  # seconds to wait for a response
_log = logging.getLogger("lm_eval.caopd_bench")


def load_hub(source: Source, hub: Hub) -> list[Row]:
    """Load splits from the hub; without a network, only from its own cache.

    Raises
    ------
    DataError
        If the rows are unavailable, or are not those of the pinned revision.
    """
    if not is_offline() and not _answers(os.environ.get("HF_ENDPOINT", "https://huggingface.co")):
        # `datasets` would retry for half a minute before it reports this.
        raise DataError(f"{source.name}: the Hugging Face Hub did not respond; {source.help}")
    import datasets

    try:
        splits = [
            datasets.load_dataset(hub.path, hub.config, split=split, revision=hub.revision)
            for split in hub.splits
        ]
        rows = [dict(row) for split in splits for row in split]
    except Exception as error:
        reason = str(error).partition("\n")[0][:200] or type(error).__name__
        raise DataError(
            f"{source.name}: not on the Hugging Face Hub or in its cache ({reason}); {source.help}"
        ) from None
    if not rows:
        return rows
    if source.content is not None:
        found = hash_content(rows, source.fields)
        if found != source.content:
            raise DataError(
                f"{source.name}: the {len(rows):,} rows of {hub.path} have the content "
                f"{found[:12]}..., expected {source.content[:12]}... (revision "
                f"{_short(hub.revision)}); {source.help}"
            )
        return rows
    for split in splits:
        _check_revision(split, source, hub)
    if len(rows) != source.rows:
        raise DataError(
            f"{source.name}: {hub.path} has {len(rows):,} rows, expected {source.rows:,} (revision "
            f"{_short(hub.revision)}); {source.help}"
        )
    _check_first(rows, source, hub)
    return rows


def _check_revision(split: Any, source: Source, hub: Hub) -> None:
    """Refuse another revision: without a network `datasets` uses the latest one in its cache."""
    if hub.revision is None:
        return
    files = getattr(split, "cache_files", None) or []
    folders = [Path(file["filename"]).parent.name for file in files]
    found = next((name for name in folders if re.fullmatch("[0-9a-f]{40}", name)), None)
    if found == hub.revision or (found is None and not is_offline()):
        return
    held = f"holds revision {_short(found)}" if found else "does not say which revision it holds"
    raise DataError(
        f"{source.name}: the cache of datasets {held} of {hub.path}, and {_short(hub.revision)} is "
        f"pinned; clear its cache and load it once with a network, or {source.help}"
    )


def _check_first(rows: list[Row], source: Source, hub: Hub) -> None:
    """Compare the rows with those of the first load, or keep their hash if this is it."""
    file = cache_folder() / f"{source.name}-{_short(hub.revision)}.rows.sha256"
    found = hash_rows(rows)
    try:
        kept = file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        kept = ""
    if re.fullmatch("[0-9a-f]{64}", kept):
        if kept != found:
            raise DataError(
                f"{source.name}: the rows of {hub.path} at revision {_short(hub.revision)} have "
                f"SHA-256 {found[:12]}..., and had {kept[:12]}... when they were first loaded "
                f"({file}); clear the cache of datasets, or {source.help}"
            )
        return
    try:
        replace_file(file, f"{found}\n".encode())
    except OSError as error:
        _log.warning(
            "%s: cannot be written (%s): later loads are not compared with this one",
            file,
            error.strerror,
        )


def _short(revision: str | None) -> str:
    return revision[:12] if revision else "main"


def is_offline() -> bool:
    """Return whether the user's environment variables forbid the network."""
    flags = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")
    return any(os.environ.get(flag, "0").upper() in ("1", "ON", "YES", "TRUE") for flag in flags)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except (OSError, ValueError):
        return False
