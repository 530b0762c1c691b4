"""Read members of a zip archive in bounded memory, whatever sizes the archive declares.

Python's `zipfile` unpacks bzip2 and LZMA without a limit, trusts the sizes in the index, and reads
the whole index at once. Here the size of the index is limited, members are unpacked in pieces, and
the unpacked data have the limits of `caopd_bench.core.files.packed`.
"""

from __future__ import annotations

import errno
import io
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import VARIABLE, Unpacked
from caopd_bench.core.terminal import inline

__all__ = ["Archive", "open_archive"]

ZSTD = 93  # the zip method of newer logs, which Python's zipfile reads from 3.14 on
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, ZSTD}
#: Limit on the bytes of the index: about 150,000 samples with Inspect's names.
MAX_INDEX = 1 << 24
PIECE = 1 << 20
#: Exceptions of zipfile for damaged or encrypted archives and members.
UNREADABLE = (
    ValueError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError,
    RuntimeError, OSError, LookupError,
)  # fmt: skip


class Archive:
    """An open archive.

    Attributes
    ----------
    names : list of str
        Names of the members, in the archive's order. If several members share a name the last one
        counts, as for writers that append.
    twice : list of str
        Names shared by several members.
    """

    def __init__(self, file: Path, found: zipfile.ZipFile, size: int) -> None:
        self._file, self._zip, self._size = file, found, size
        self._count = Unpacked(str(file), size)
        counts = Counter(found.namelist())
        self.names = list(counts)
        self.twice = [name for name, n in counts.items() if n > 1]

    def stream(self, name: str) -> Iterator[bytes]:
        """Unpack a member in pieces; its declared size and checksum are verified at the end.

        Raises
        ------
        UsageError
            If the member is damaged, unsupported or too large; the message names it and the reason.
        """
        info = self._zip.getinfo(name)
        where = f"{self._file} {name}"
        if info.compress_type not in METHODS:
            raise UsageError(
                f"{where}: packed by method {info.compress_type}; logs of Inspect are packed by "
                "deflate or zstd"
            )
        size = checksum = 0
        try:
            with self._open(info) as unpacking:
                while piece := unpacking.read(PIECE):
                    self._count.add(len(piece))
                    size, checksum = size + len(piece), zlib.crc32(piece, checksum)
                    yield piece
        except ImportError:
            raise UsageError(
                f"{self._file}: packed with zstd, which needs zstandard: pip install "
                '"caopd-bench[inspect]", or convert it: inspect log convert --to json'
            ) from None
        except UNREADABLE as error:
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                raise  # the disk, not the content
            said = inline(str(error), 120)
            raise UsageError(f"{where}: damaged or cut off ({said})") from None
        if size != info.file_size or checksum != info.CRC:
            raise UsageError(f"{where}: damaged or cut off (not what the archive says it holds)")

    def read(self, name: str, most: int) -> bytes:
        """Unpack a member of at most this many bytes; errors as for `stream`."""
        unpacked = io.BytesIO()
        for piece in self.stream(name):
            if unpacked.tell() + len(piece) > most:
                raise UsageError(
                    f"{self._file} {name}: more than {most:,} bytes unpacked; is it damaged? If it "
                    f"is not, set {VARIABLE} to the bytes of memory that it may take"
                )
            unpacked.write(piece)
        return unpacked.getvalue()

    def _open(self, info: zipfile.ZipInfo) -> Any:
        return self._open_zstd(info) if info.compress_type == ZSTD else self._zip.open(info)

    @contextmanager
    def _open_zstd(self, info: zipfile.ZipInfo) -> Iterator[Any]:
        import zstandard

        stream = self._zip.fp
        assert stream is not None
        if info.flag_bits & 1:
            raise RuntimeError("encrypted")
        stream.seek(info.header_offset)
        header = stream.read(30)
        name_length, extra_length = struct.unpack("<26xHH", header)
        start = stream.tell() + name_length + extra_length
        packed: Any = _Packed(stream, start, min(info.compress_size, self._size))
        try:
            with zstandard.ZstdDecompressor().stream_reader(packed, closefd=False) as unpacking:
                yield unpacking
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from None


class _Packed:
    """The packed bytes of a member as a file; other reads of the archive may interleave."""

    def __init__(self, archive: Any, start: int, size: int) -> None:
        self._archive, self._at, self._end = archive, start, start + size

    def read(self, size: int = -1) -> bytes:
        left = self._end - self._at
        self._archive.seek(self._at)
        piece: bytes = self._archive.read(left if size < 0 else min(size, left))
        self._at += len(piece)
        return piece


@contextmanager
def open_archive(file: Path) -> Iterator[Archive]:
    """Open an archive; raise UsageError if it cannot be read."""
    with _Bounded(io.FileIO(file)) as stream:
        size = stream.seek(0, io.SEEK_END)
        try:
            found = zipfile.ZipFile(stream)
        except UNREADABLE as error:
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                raise  # the disk, not the content
            raise UsageError(
                f"{file}: not a log of Inspect, or damaged: it is no zip archive"
            ) from None
        stream.limit = size
        with found:
            yield Archive(file, found, size)


class _Bounded(io.BufferedReader):
    """A file that limits each read to the maximum size of an index."""

    limit = MAX_INDEX

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self.limit:
            raise UsageError(
                f"{self.raw.name}: an index of {size:,} bytes; a log has at most "  # type: ignore[attr-defined]
                f"{self.limit:,}; is it damaged? Split the log, or convert it: inspect log "
                "convert --to json"
            )
        return super().read(size)
