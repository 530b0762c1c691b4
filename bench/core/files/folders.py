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

from caopd_bench.core.errors import writing
from caopd_bench.core.files.locks import locked
from caopd_bench.core.files.parts import (
    LOCK,
    beside,
    is_part,
    keep_mode,
    part_of,
    parts_of,
    sync_folder,
    write_pieces,
)
from caopd_bench.core.files.write import replace_files

__all__ = ["aside_of", "only_writer", "replace_folder", "replacing_folder", "sync_tree"]

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # of Linux, fcntl.h and stdio.h


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the only process that replaces this folder; another one waits until this has done."""
    place = Path(os.path.realpath(folder))
    with writing(folder):
        place.parent.mkdir(parents=True, exist_ok=True)
    file = _lock_file(place)
    with locked(file, wait=False) as is_ours:
        if is_ours:
            yield from _alone(place, file)
            return
    print(f"{folder}: another process writes it; waiting", file=sys.stderr, flush=True)
    with locked(file, wait=True):
        yield from _alone(place, file)


def _lock_file(place: Path) -> Path:
    """Return a file beside a folder, or inside where nothing can be written beside it."""
    if place.is_dir() and not os.access(place.parent, os.W_OK):
        return place / LOCK
    return beside(place, ".lock")


def _alone(place: Path, file: Path) -> Iterator[None]:
    """Clean what a stopped writer left, and take the lock file away in the end."""
    try:
        aside = aside_of(place)
        if aside.is_dir() and not place.exists():  # stopped between the renames of `_swap`
            aside.rename(place)
        for left in parts_of(place):
            _remove(left)
        yield
    finally:
        file.unlink(missing_ok=True)


def replace_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Put a folder with these files in its place by one rename; `only_writer` is held.

    A folder that cannot be renamed (a mount point, in a parent that is not writable) or should not
    be (the current folder is in it) stays, and its files are replaced one by one: who stops that
    leaves files of two kinds, which their hashes tell.

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
    """
    place = Path(os.path.realpath(folder))
    if _is_fixed(place):
        replace_files({place / name: content for name, content in contents.items()})
        return
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


def _is_fixed(place: Path) -> bool:
    """Return whether a folder cannot be renamed, or takes the current folder with it."""
    if not place.is_dir():
        return False
    try:
        current = Path.cwd()
    except OSError:  # it was removed
        current = Path("/")
    return (
        place in (current, *current.parents)
        or place.is_mount()
        or not os.access(place.parent, os.W_OK)
    )


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to fill, and put it in its place by one rename when the block ends.

    What stood in the place goes, and stays if the block fails; what a stopped writer left beside it
    goes first. One process at a time: `only_writer` is held, of this folder or of one around it.
    """
    place = Path(os.path.realpath(folder))
    part = part_of(place)
    try:
        for left in parts_of(place):
            _remove(left)
        part.mkdir()
        if place.is_dir():
            shutil.copymode(place, part)
        yield part
        sync_tree(part)
        if place.is_dir() and any(place.iterdir()):
            _swap(part, place)
        else:
            part.rename(place)
        sync_folder(place.parent)
    except OSError as error:
        if str(error.filename or part).startswith(str(part)):  # a name that nobody gave
            error.filename, error.filename2 = str(folder), None
        raise
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
    aside = aside_of(place)
    _remove(aside)
    place.rename(aside)
    try:
        part.rename(place)
    except OSError:
        aside.rename(place)
        raise
    _remove(aside)


def aside_of(place: Path) -> Path:
    """Return where a folder stands between the two renames of a system that cannot exchange two."""
    return beside(place, ".caopd-bench-old")


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
    """Keep a file or folder: by another name of the same, where the file system has that."""
    if entry.is_dir() and not entry.is_symlink():
        shutil.copytree(entry, to, symlinks=True, copy_function=_link)
    else:
        _link(entry, to)


def _link(entry: str | Path, to: str | Path) -> None:
    try:
        os.link(entry, to, follow_symlinks=False)
    except OSError:
        shutil.copy2(entry, to, follow_symlinks=False)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
