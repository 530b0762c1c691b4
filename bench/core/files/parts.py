"""What output is made of: names beside a place, bytes on the disk."""

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

#: How the name ends of what is not finished.
PART = ".part"
#: Of a folder beside which nothing can be written.
LOCK = ".caopd-bench.lock"
_TOKEN = r"[0-9a-f]{8}"


def is_part(name: str) -> bool:
    """Return whether a file or folder of this name is what a stopped command of ours left.

    Examples
    --------
    >>> is_part(".summary.json.0123abcd.part"), is_part("summary.json.part"), is_part("a.part")
    (True, True, False)
    """
    return name == LOCK or bool(
        re.fullmatch(rf"\..+\.{_TOKEN}\.part", name, re.DOTALL)
        # As earlier versions called theirs.
        or re.fullmatch(r"(rows\.jsonl\.gz|summary\.json|baseline\.json|CHANGES\.md)\.part", name)
    )


def part_of(place: Path) -> Path:
    """Return a new name beside a place, for what is not finished."""
    return beside(place, f".{secrets.token_hex(4)}{PART}")


def beside(place: Path, suffix: str) -> Path:
    """Return the hidden name beside a place with this suffix."""
    return place.with_name(f".{_short(place.name)}{suffix}")


def _short(name: str) -> str:
    """Leave room for a suffix: a name has up to 255 bytes."""
    return os.fsencode(name)[:200].decode(errors="ignore")


def parts_of(place: Path) -> list[Path]:
    """List what is not finished, or was left by a stopped command, of a place."""
    pattern = re.compile(rf"\.{re.escape(_short(place.name))}\.{_TOKEN}\.part")
    return [file for file in place.parent.iterdir() if pattern.fullmatch(file.name)]


def write_pieces(handle: int, pieces: Iterable[bytes]) -> None:
    """Write bytes, and bring them onto the disk."""
    for piece in pieces:
        left = memoryview(piece)
        while left:
            left = left[os.write(handle, left) :]
    os.fsync(handle)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last; some file systems cannot, and then nothing can be done."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def keep_mode(place: Path, handle: int) -> None:
    """Give a new file the mode of the one that stands in its place."""
    with suppress(OSError):
        os.fchmod(handle, stat.S_IMODE(place.stat().st_mode))
