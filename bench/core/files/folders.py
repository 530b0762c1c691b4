"""Replace folders with a single rename, by one process at a time."""

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

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # Linux, fcntl.h and stdio.h


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the lock for replacing this folder; other processes wait."""
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
    """Return a lock file next to a folder, or inside if its parent is not writable."""
    if place.is_dir() and not os.access(place.parent, os.W_OK):
        return place / LOCK
    return beside(place, ".lock")


def _alone(place: Path, file: Path) -> Iterator[None]:
    """Remove the remains of a stopped writer, and the lock file at the end."""
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
    """Replace a folder's files with a single rename, holding `only_writer`.

    A folder that cannot be renamed (a mount point, in a parent that is not writable) or should not
    be (the current folder is in it) stays, and its files are replaced one by one. If that is
    interrupted, old and new files are mixed, which their hashes reveal.

    Parameters
    ----------
    folder : Path
        The folder; of a link, its target is replaced. Other files in it are kept.
    contents : mapping of str to bytes
        The content of each file, by name.

    Raises
    ------
    OSError
        If something cannot be written; the folder is then unchanged.
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
    """Return whether a folder cannot be renamed, or contains the current folder."""
    if not place.is_dir():
        return False
    try:
        current = Path.cwd()
    except OSError:  # the current folder was removed
        current = Path("/")
    return (
        place in (current, *current.parents)
        or place.is_mount()
        or not os.access(place.parent, os.W_OK)
    )


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to fill, and move it into place with one rename when the block ends.

    The previous content is removed, or kept if the block fails; remains of a stopped writer are
    removed first. The lock `only_writer` of this folder or of one around it is held.
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
        if str(error.filename or part).startswith(str(part)):  # our temporary name
            error.filename, error.filename2 = str(folder), None
        raise
    finally:
        _remove(part)


def sync_tree(folder: Path) -> None:
    """Flush a folder's content to the disk, so that a rename never exposes missing data."""
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
    """Exchange two folders in one step, or in two if the system has no exchange."""
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
    """Return the temporary name of a folder on a system that needs two renames."""
    return beside(place, ".caopd-bench-old")


def _exchange(a: Path, b: Path) -> bool:
    """Exchange two names with one system call; return False if there is none."""
    call = _renameat2()
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM):
        return False  # unsupported by the kernel or the file system
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
    """Copy a file or folder, with hard links if the file system supports them."""
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
