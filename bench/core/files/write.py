"""Write files atomically: to a temporary file, flushed to the disk, then renamed.

Whatever stops a command, be it a signal or a power cut, a path holds either its old content or the
complete new one. Temporary files of a stopped command (`.NAME.xxxxxxxx.part`) are removed by the
next write to that path. `folders` does the same for folders.
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
    """Write all files to temporary names, then rename all: old content stays until then.

    Parameters
    ----------
    contents : mapping of Path to bytes, or to an iterable of bytes
        Content of each file; the folders must exist. Content too large for memory comes in pieces.
        A link's target is replaced; a special file (``/dev/stdout``, a pipe) is written to.

    Raises
    ------
    OSError
        If a file cannot be written. Then none is replaced, unless only a rename fails, after other
        files were renamed.
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
        # Name the output instead of the temporary file, but keep the name of an input file.
        named, ours = Path(str(error.filename or file)), _place_of(Path(str(file))).parent
        if error.filename is None or ours in (named, named.parent):
            error.filename, error.filename2 = str(file), None
        raise
    finally:
        for part, _, handle in ready:
            part.unlink(missing_ok=True)
            os.close(handle)


def _new_part(place: Path) -> tuple[Path, int]:
    """Create the temporary file; its lock tells `_clean_beside` that it is in use."""
    while True:
        part = part_of(place)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with suppress(OSError):  # no locks on this file system, or `_clean_beside` is testing it
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink:
            return part, handle
        os.close(handle)  # removed as a leftover before it was locked


def _place_of(file: Path) -> Path:
    """Follow links, except those to an open pipe: ``/dev/fd/63`` has no target."""
    return file if _is_special(file) else Path(os.path.realpath(file))


def _is_special(file: Path) -> bool:
    """Return whether a file is written to, not replaced: a device, a pipe, a standard stream."""
    path = os.path.abspath(file)  # noqa: PTH100, not resolved: where a stream goes may be a file
    if path.startswith(("/dev/std", "/dev/fd/", "/proc/")):
        return True
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _clean_beside(place: Path) -> None:
    """Remove temporary files of stopped writes; those in use by other processes are locked."""
    for part in parts_of(place):
        with suppress(OSError):
            handle = os.open(part, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()
            finally:
                os.close(handle)
