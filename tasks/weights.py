"""A fingerprint of a local checkpoint's weights, taken when it is evaluated.

A path such as `./checkpoint` is reused by many models, so the path says little afterwards.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

__all__ = ["fingerprint_weights"]

# Two fine-tunes of one base have the same headers and sizes, hence some of the bytes as well:
# this many blocks, evenly spaced, in each file.
BLOCKS = 64
BLOCK_BYTES = 4096


def fingerprint_weights(folder: str | Path) -> str | None:
    """Hash the headers, sizes and evenly spaced blocks of a folder's safetensors files.

    Parameters
    ----------
    folder : str or Path
        A checkpoint folder; anything else (a hub name) has no fingerprint.

    Returns
    -------
    str or None
        16 hexadecimal digits, or None where there is no safetensors file. Equal weights give equal
        fingerprints; different weights give different ones unless they differ only between the
        sampled blocks (some 256 KiB a file are read, so that 100 GB cost milliseconds).
    """
    try:
        files = sorted(Path(folder).glob("*.safetensors"))
    except (OSError, ValueError):
        return None
    if not files:
        return None
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        _add_file(digest, file)
    return digest.hexdigest()[:16]


def _add_file(digest: hashlib._Hash, file: Path) -> None:
    size = file.stat().st_size
    digest.update(struct.pack("<Q", size))
    with file.open("rb") as stream:
        head = stream.read(8)
        header_bytes = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        digest.update(stream.read(min(header_bytes, size)))
        start = stream.tell()
        step = max((size - start) // BLOCKS, BLOCK_BYTES)
        for offset in range(start, size, step):
            stream.seek(offset)
            digest.update(stream.read(BLOCK_BYTES))
