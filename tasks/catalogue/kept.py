"""Write the files of tasks and the cache so that a kill leaves the old file or the new one.

Each file is written beside its place, flushed to disk and renamed, as in
`bench/core/files/write.py`, which tasks may not import.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

__all__ = ["CACHE_VARIABLE", "cache_folder", "replace_file"]

CACHE_VARIABLE = "CAOPD_BENCH_CACHE"


def cache_folder() -> Path:
    """Return the folder in which downloads are kept."""
    return Path(
        os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "caopd-bench"
    ).expanduser()


def replace_file(file: Path, content: bytes) -> None:
    """Write a file beside its place and rename it; create the folder, and clean up after a kill.

    Raises
    ------
    OSError
        If it cannot be written; the old file is then unchanged.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    _clean(file)
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with suppress(OSError):  # some file systems have no locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        left = memoryview(content)
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
        part.replace(file)
        _sync(file.parent)
    finally:
        part.unlink(missing_ok=True)
        os.close(handle)


def _clean(file: Path) -> None:
    """Remove leftovers of a killed process; files that another one is writing are locked."""
    pattern = re.compile(rf"\.{re.escape(file.name)}\.[0-9a-f]{{8}}\.part")
    for part in file.parent.iterdir():
        if not pattern.fullmatch(part.name):
            continue
        with suppress(OSError):
            handle = os.open(part, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()
            finally:
                os.close(handle)


def _sync(folder: Path) -> None:
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
