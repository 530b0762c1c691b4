"""Hashes of rows: are they those that a summary was made for, and which is the first that is not?

One hash of all lines decides. Three bytes of each line's BLAKE2b, in base64 four characters a row,
only find the place.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode

__all__ = ["RowHashes"]

BYTES = 3


class RowHashes:
    """The hashes of lines, added one after the other.

    Unpacked lines: another zlib packs them into other bytes.
    """

    def __init__(self) -> None:
        self._whole = hashlib.sha256()
        self._rows = bytearray()

    def add(self, line: bytes) -> None:
        """Take a line, with its line feed."""
        self._whole.update(line)
        self._rows += hashlib.blake2b(line.rstrip(b"\n"), digest_size=BYTES).digest()

    @property
    def sha256(self) -> str:
        """Return the hash of all lines, in hexadecimal digits."""
        return self._whole.hexdigest()

    @property
    def digests(self) -> str:
        """Return the digest of each line, in base64."""
        return b64encode(self._rows).decode()

    def first_unlike(self, digests: str | None) -> int | None:
        """Find the first line whose digest is another, or that is missing or was added.

        Parameters
        ----------
        digests : str or None
            Kept from when the lines were written.

        Returns
        -------
        int or None
            Its index; None if none is found, or no digests were kept.
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
