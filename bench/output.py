"""How files are written: beside their place first, then onto the disk, then renamed.

Whatever stops a command, by a signal or a power cut, a place holds either what it held before or
all of what was to be written. What a stopped command leaves beside a place (`.NAME.xxxxxxxx.part`)
goes with the next write to it.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from caopd_bench.errors import writing
from caopd_bench.locks import locked

__all__ = [
    "PART",
    "is_part",
    "only_writer",
    "replace_file",
    "replace_files",
    "replace_folder",
    "replacing_folder",
    "sync_tree",
]

#: How the name ends of what is not finished.
PART = ".part"
_TOKEN = r"[0-9a-f]{8}"
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # of Linux, fcntl.h and stdio.h


def is_part(name: str) -> bool:
    """Say whether a file or folder of this name is what a stopped command of ours left.

    Examples
    --------
    >>> is_part(".summary.json.0123abcd.part"), is_part("summary.json.part"), is_part("a.part")
    (True, True, False)
    """
    return bool(
        re.fullmatch(rf"\..+\.{_TOKEN}\.part", name, re.DOTALL)
        # As earlier versions called theirs.
        or re.fullmatch(r"(rows\.jsonl\.gz|summary\.json|baseline\.json|CHANGES\.md)\.part", name)
    )


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
            _keep_mode(place, handle)
            _write(handle, pieces)
        for part, place, _ in ready:
            file = place
            part.replace(place)
        for folder in {place.parent for _, place, _ in ready}:
            _sync_folder(folder)
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
        part = _part(place)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with suppress(OSError):  # a file system without locks, or `_clean_beside` looks at it now
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink:
            return part, handle
        os.close(handle)  # taken for a leftover before it was locked


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the only process that replaces this folder; another one waits until this has done."""
    place = Path(os.path.realpath(folder))
    with writing(folder):
        place.parent.mkdir(parents=True, exist_ok=True)
    file = _beside(place, ".lock")
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
        for name in _parts_of(place):
            _remove(place.with_name(name))
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
    """
    place = Path(os.path.realpath(folder))
    part = _part(place)
    part.mkdir()
    try:
        if place.is_dir():
            shutil.copymode(place, part)
            for entry in place.iterdir():
                if entry.name not in contents and not is_part(entry.name):
                    _copy(entry, part / entry.name)
        for name, content in contents.items():
            handle = os.open(part / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            try:
                _keep_mode(place / name, handle)
                _write(handle, (content,))
            finally:
                os.close(handle)
        _sync_folder(part)
        if place.is_dir() and any(place.iterdir()):
            _swap(part, place)
        else:
            part.rename(place)
        _sync_folder(place.parent)
    finally:
        _remove(part)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill, and put it in its place by one rename when the block ends.

    What stood in the place goes, and stays if the block fails; what a stopped writer left beside it
    goes first. One process at a time: `only_writer` is held, of this folder or of one around it.
    """
    place = Path(os.path.realpath(folder))
    for name in _parts_of(place):
        _remove(place.with_name(name))
    part = _part(place)
    part.mkdir()
    try:
        yield part
        sync_tree(part)
        if place.is_dir() and any(place.iterdir()):
            _swap(part, place)
        else:
            part.rename(place)
        _sync_folder(place.parent)
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
        _sync_folder(Path(root))


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
    return _beside(place, ".old")


def _part(place: Path) -> Path:
    return _beside(place, f".{secrets.token_hex(4)}{PART}")


def _beside(place: Path, suffix: str) -> Path:
    return place.with_name(f".{_short(place.name)}{suffix}")


def _short(name: str) -> str:
    """Leave room for a suffix: a name has up to 255 bytes."""
    return os.fsencode(name)[:200].decode(errors="ignore")


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


def _write(handle: int, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        left = memoryview(piece)
        while left:
            left = left[os.write(handle, left) :]
    os.fsync(handle)


def _sync_folder(folder: Path) -> None:
    """Make renames in a folder last; some file systems cannot, and then nothing can be done."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _place_of(file: Path) -> Path:
    """Follow links, but not what the system links to an open pipe: ``/dev/fd/63`` leads nowhere."""
    return file if _is_special(file) else Path(os.path.realpath(file))


def _is_special(file: Path) -> bool:
    """Say whether a file is written to and not replaced: a device, a pipe, a stream of ours."""
    path = os.path.abspath(file)  # noqa: PTH100, not resolved: where a stream goes may be a file
    if path.startswith(("/dev/std", "/dev/fd/", "/proc/")):
        return True
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _keep_mode(place: Path, handle: int) -> None:
    with suppress(OSError):
        os.fchmod(handle, stat.S_IMODE(place.stat().st_mode))


def _clean_beside(place: Path) -> None:
    """Remove what a stopped write of this file left; what another process writes now is locked."""
    for name in _parts_of(place):
        part = place.with_name(name)
        with suppress(OSError):
            handle = os.open(part, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()
            finally:
                os.close(handle)


def _parts_of(place: Path) -> list[str]:
    pattern = re.compile(rf"\.{re.escape(_short(place.name))}\.{_TOKEN}\.part")
    return [file.name for file in place.parent.iterdir() if pattern.fullmatch(file.name)]


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
