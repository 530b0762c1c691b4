"""Members of a zip archive, read in bounded memory, whatever the archive says of itself.

Python's `zipfile` unpacks bzip2 and LZMA without a limit, takes any size that the index states, and
reads the whole index at once. Here the index has a limit, members are unpacked a piece at a time,
and all that is unpacked has the limits of `caopd_bench.core.files.packed`.
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
#: Bytes of the index: some 150,000 samples with names as Inspect gives them.
MAX_INDEX = 1 << 24
PIECE = 1 << 20
#: What zipfile raises for archives and members that are damaged or encrypted.
UNREADABLE = (
    ValueError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError,
    RuntimeError, OSError, LookupError,
)  # fmt: skip


class Archive:
    """An open archive.

    Attributes
    ----------
    names : list of str
        Of the members, in the archive's order.
    """

    def __init__(self, file: Path, found: zipfile.ZipFile, size: int) -> None:
        self._file, self._zip, self._size = file, found, size
        self._count = Unpacked(str(file), size)
        self.names = found.namelist()
        twice = next((name for name, n in Counter(self.names).items() if n > 1), None)
        if twice is not None:
            raise UsageError(f"{file} {twice}: two members have this name; is it damaged?")

    def read(self, name: str, most: int) -> bytes:
        """Unpack a member of at most so many bytes.

        Raises
        ------
        UsageError
            If it is damaged, packed in a way that is not read, or too much: says what and where.
        """
        info = self._zip.getinfo(name)
        where = f"{self._file} {name}"
        if info.compress_type not in METHODS:
            raise UsageError(
                f"{where}: packed by method {info.compress_type}; logs of Inspect are packed by "
                "deflate or zstd"
            )
        unpacked = io.BytesIO()
        try:
            with self._open(info) as stream:
                while piece := stream.read(PIECE):
                    self._count.add(len(piece))
                    if unpacked.tell() + len(piece) > most:
                        raise UsageError(
                            f"{where}: more than {most:,} bytes unpacked; a sample of a log has "
                            f"at most so many (or set {VARIABLE} to the bytes of memory that it "
                            "may take)"
                        )
                    unpacked.write(piece)
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
        data = unpacked.getvalue()
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise UsageError(f"{where}: damaged or cut off (not what the archive says it holds)")
        return data

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
        stream.seek(name_length + extra_length, io.SEEK_CUR)
        packed = stream.read(min(info.compress_size, self._size))
        try:
            with zstandard.ZstdDecompressor().stream_reader(packed) as unpacking:
                yield unpacking
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from None


@contextmanager
def open_archive(file: Path) -> Iterator[Archive]:
    """Open an archive; one that cannot be read is a UsageError."""
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
    """A file of which no more is read at once than an index may have."""

    limit = MAX_INDEX

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self.limit:
            raise UsageError(
                f"{self.raw.name}: an index of {size:,} bytes; a log has at most "  # type: ignore[attr-defined]
                f"{self.limit:,}; is it damaged? Split the log, or convert it: inspect log "
                "convert --to json"
            )
        return super().read(size)
