"""Building blocks of atomic output: temporary names, and bytes flushed to the disk."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

__all__ = [
    "LOCK",
    "PART",
    "beside",
    "is_part",
    "keep_mode",
    "part_of",
    "parts_of",
    "sync_folder",
    "write_pieces",
]

#: Suffix of unfinished files and folders.
PART = ".part"
#: Name of the lock file inside a folder whose parent is not writable.
LOCK = ".caopd-bench.lock"
_TOKEN = r"[0-9a-f]{8}"


def is_part(name: str) -> bool:
    """Return whether a name is that of a file or folder left by a stopped command of ours.

    Examples
    --------
    >>> is_part(".summary.json.0123abcd.part"), is_part("summary.json.part"), is_part("a.part")
    (True, True, False)
    """
    return name == LOCK or bool(
        re.fullmatch(rf"\..+\.{_TOKEN}\.part", name, re.DOTALL)
        # The names used by earlier versions.
        or re.fullmatch(r"(rows\.jsonl\.gz|summary\.json|baseline\.json|CHANGES\.md)\.part", name)
    )


def part_of(place: Path) -> Path:
    """Return a new temporary name next to a path, for unfinished output."""
    return beside(place, f".{secrets.token_hex(4)}{PART}")


def beside(place: Path, suffix: str) -> Path:
    """Return the hidden name next to a path, with this suffix."""
    return place.with_name(f".{_short(place.name)}{suffix}")


def _short(name: str) -> str:
    """Shorten a name to leave room for a suffix, since names have at most 255 bytes."""
    return os.fsencode(name)[:200].decode(errors="ignore")


def parts_of(place: Path) -> list[Path]:
    """List the unfinished output of a path, including that left by a stopped command."""
    pattern = re.compile(rf"\.{re.escape(_short(place.name))}\.{_TOKEN}\.part")
    return [file for file in place.parent.iterdir() if pattern.fullmatch(file.name)]


def write_pieces(handle: int, pieces: Iterable[bytes]) -> None:
    """Write bytes and flush them to the disk."""
    for piece in pieces:
        left = memoryview(piece)
        while left:
            left = left[os.write(handle, left) :]
    os.fsync(handle)


def sync_folder(folder: Path) -> None:
    """Flush renames in a folder to the disk, where the file system supports it."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def keep_mode(place: Path, handle: int) -> None:
    """Give a new file the mode of the file that it replaces."""
    with suppress(OSError):
        os.fchmod(handle, stat.S_IMODE(place.stat().st_mode))
