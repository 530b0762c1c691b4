"""Folders that are put in their place by one rename, by one process at a time."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from caopd_bench.errors import UsageError, writing
from caopd_bench.locks import locked
from caopd_bench.output_parts import (
    beside,
    is_part,
    keep_mode,
    part_of,
    parts_of,
    sync_folder,
    write_pieces,
)

__all__ = ["only_writer", "replace_folder", "replacing_folder", "sync_tree"]

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # of Linux, fcntl.h and stdio.h


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the only process that replaces this folder; another one waits until this has done."""
    place = Path(os.path.realpath(folder))
    with writing(folder):
        place.parent.mkdir(parents=True, exist_ok=True)
    file = beside(place, ".lock")
    with locked(file, wait=False) as is_ours:
        if is_ours:
            yield from _alone(place, file)
            return
    print(f"{folder}: another process writes it; waiting", file=sys.stderr, flush=True)
    with locked(file, wait=True):
        yield from _alone(place, file)


def _alone(place: Path, file: Path) -> Iterator[None]:
    """Clean what a stopped writer left, and take the lock file away in the end."""
    try:
        aside = _aside(place)
        if aside.is_dir() and not place.exists():  # stopped between the renames of `_swap`
            aside.rename(place)
        for left in parts_of(place):
            _remove(left)
        yield
    finally:
        file.unlink(missing_ok=True)


def replace_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Put a folder with these files in its place by one rename; `only_writer` is held.

    Parameters
    ----------
    folder : Path
        Where a link stands the folder that it names is replaced. Other files in it are kept.
    contents : mapping of str to bytes
        Of files, by name.

    Raises
    ------
    OSError
        If something cannot be written: then the folder is as it was.
    UsageError
        If it is the current folder.
    """
    place = Path(os.path.realpath(folder))
    with replacing_folder(folder) as part:
        for entry in place.iterdir() if place.is_dir() else ():
            if entry.name not in contents and not is_part(entry.name):
                _copy(entry, part / entry.name)
        for name, content in contents.items():
            handle = os.open(part / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            try:
                keep_mode(place / name, handle)
                write_pieces(handle, (content,))
            finally:
                os.close(handle)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill, and put it in its place by one rename when the block ends.

    What stood in the place goes, and stays if the block fails; what a stopped writer left beside it
    goes first. One process at a time: `only_writer` is held, of this folder or of one around it.
    """
    place = Path(os.path.realpath(folder))
    if place == Path.cwd():
        raise UsageError(
            f"{folder}: is the current folder, which a rename would leave to nobody; go to another "
            "folder (cd ..) and name it from there"
        )
    for left in parts_of(place):
        _remove(left)
    part = part_of(place)
    part.mkdir()
    try:
        if place.is_dir():
            shutil.copymode(place, part)
        yield part
        sync_tree(part)
        if place.is_dir() and any(place.iterdir()):
            _swap(part, place)
        else:
            part.rename(place)
        sync_folder(place.parent)
    finally:
        _remove(part)


def sync_tree(folder: Path) -> None:
    """Bring all that a folder holds onto the disk: what a rename makes visible must be there."""
    for root, _, names in os.walk(folder):
        for name in names:
            file = Path(root, name)
            if file.is_file() and not file.is_symlink():
                handle = os.open(file, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)
        sync_folder(Path(root))


def _swap(part: Path, place: Path) -> None:
    """Exchange two folders in one step; where the system has none, in two."""
    if _exchange(part, place):
        return
    aside = _aside(place)
    _remove(aside)
    place.rename(aside)
    try:
        part.rename(place)
    except OSError:
        aside.rename(place)
        raise
    _remove(aside)


def _aside(place: Path) -> Path:
    return beside(place, ".old")


def _exchange(a: Path, b: Path) -> bool:
    """Exchange two names by the system's one call; False where it has none."""
    call = _renameat2()
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM):
        return False  # the kernel or the file system has no exchange
    raise OSError(number, os.strerror(number), str(b))


@lru_cache(maxsize=1)
def _renameat2() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is not None:
        call.argtypes = [
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_uint,
        ]
    return call


def _copy(entry: Path, to: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.copytree(entry, to, symlinks=True)
    else:
        shutil.copy2(entry, to, follow_symlinks=False)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
