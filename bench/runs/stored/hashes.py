"""Hash rows, to check that they belong to a summary and to find the first changed row.

A single hash of all lines decides. Three bytes of each line's BLAKE2b, which are four characters of
base64 per row, only locate the change.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode

__all__ = ["RowHashes"]

BYTES = 3


class RowHashes:
    """Hashes of lines that are added one after the other.

    The lines are hashed uncompressed, since different versions of zlib compress differently.
    """

    def __init__(self) -> None:
        self._whole = hashlib.sha256()
        self._rows = bytearray()

    def add(self, line: bytes) -> None:
        """Add a line with its line feed."""
        self._whole.update(line)
        self._rows += hashlib.blake2b(line.rstrip(b"\n"), digest_size=BYTES).digest()

    @property
    def sha256(self) -> str:
        """Return the hash of all lines in hexadecimal digits."""
        return self._whole.hexdigest()

    @property
    def digests(self) -> str:
        """Return the digests of all lines in base64."""
        return b64encode(self._rows).decode()

    def first_unlike(self, digests: str | None) -> int | None:
        """Find the first line whose digest differs, or that is missing or was added.

        Parameters
        ----------
        digests : str or None
            The digests from when the lines were written.

        Returns
        -------
        int or None
            Index of the line; None if there is none, or if no digests were kept.
        """
        try:
            kept = b64decode(digests or "", validate=True)
        except ValueError:
            return None
        if not kept:
            return None
        for at in range(0, max(len(kept), len(self._rows)), BYTES):
            if kept[at : at + BYTES] != self._rows[at : at + BYTES]:
                return at // BYTES
        return None
