"""How files are written: beside their place first, then onto the disk, then renamed.

Whatever stops a command, by a signal or a power cut, a place holds either what it held before or
all of what was to be written. What a stopped command leaves beside a place (`.NAME.xxxxxxxx.part`)
goes with the next write to it. Folders: `output_folders`.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from caopd_bench.core.files.parts import keep_mode, part_of, parts_of, sync_folder, write_pieces

__all__ = ["replace_file", "replace_files"]


def replace_file(file: Path, content: bytes) -> None:
    """Write one file; see `replace_files`."""
    replace_files({file: content})


def replace_files(contents: Mapping[Path, bytes | Iterable[bytes]]) -> None:
    """Write all beside, then rename all: what was there stays until everything is written.

    Parameters
    ----------
    contents : mapping of Path to bytes, or to an iterable of bytes
        Of files in folders that exist; what is too large to be held comes in pieces. Where a link
        stands the file that it names is replaced, and what is no ordinary file (``/dev/stdout``, a
        pipe) is written to.

    Raises
    ------
    OSError
        If one cannot be written: then none is replaced, but for one that stands in a folder of
        which the system refuses the rename alone.
    """
    ready: list[tuple[Path, Path, int]] = []
    file: Path | None = None
    try:
        for file, content in contents.items():
            place = _place_of(file)
            pieces = (content,) if isinstance(content, bytes) else content
            if _is_special(place):
                with place.open("wb") as stream:
                    stream.writelines(pieces)
                continue
            _clean_beside(place)
            part, handle = _new_part(place)
            ready.append((part, place, handle))
            keep_mode(place, handle)
            write_pieces(handle, pieces)
        for part, place, _ in ready:
            file = place
            part.replace(place)
        for folder in {place.parent for _, place, _ in ready}:
            sync_folder(folder)
    except OSError as error:
        # Not the name of the part; but that of another file, from which pieces are read.
        named, ours = Path(str(error.filename or file)), _place_of(Path(str(file))).parent
        if error.filename is None or ours in (named, named.parent):
            error.filename, error.filename2 = str(file), None
        raise
    finally:
        for part, _, handle in ready:
            part.unlink(missing_ok=True)
            os.close(handle)


def _new_part(place: Path) -> tuple[Path, int]:
    """Make the file that will be renamed; its lock tells `_clean_beside` that it is in use."""
    while True:
        part = part_of(place)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with suppress(OSError):  # a file system without locks, or `_clean_beside` looks at it now
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink:
            return part, handle
        os.close(handle)  # taken for a leftover before it was locked


def _place_of(file: Path) -> Path:
    """Follow links, but not what the system links to an open pipe: ``/dev/fd/63`` leads nowhere."""
    return file if _is_special(file) else Path(os.path.realpath(file))


def _is_special(file: Path) -> bool:
    """Return whether a file is written to and not replaced: a device, a pipe, a stream of ours."""
    path = os.path.abspath(file)  # noqa: PTH100, not resolved: where a stream goes may be a file
    if path.startswith(("/dev/std", "/dev/fd/", "/proc/")):
        return True
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _clean_beside(place: Path) -> None:
    """Remove what a stopped write of this file left; what another process writes now is locked."""
    for part in parts_of(place):
        with suppress(OSError):
            handle = os.open(part, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()
            finally:
                os.close(handle)
