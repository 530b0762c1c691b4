"""A fingerprint of a local checkpoint's weights, taken when it is evaluated.

A path such as `./checkpoint` is reused by many models, so the path says little afterwards.
"""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path

__all__ = ["fingerprint_weights"]

# Two fine-tunes of one base have the same headers and sizes, so some of the content is hashed too:
# this many blocks, evenly spaced, in each file.
BLOCKS = 64
BLOCK_BYTES = 4096
MAX_HEADER_BYTES = 100_000_000  # the safetensors format allows no more


def fingerprint_weights(folder: str | Path) -> str | None:
    """Hash the headers, sizes and evenly spaced blocks of a folder's safetensors files.

    Parameters
    ----------
    folder : str or Path
        A checkpoint folder; anything else (a hub name) has no fingerprint.

    Returns
    -------
    str or None
        16 hexadecimal digits, or None where no safetensors file can be read. Equal weights give
        equal fingerprints; different weights give different ones unless they differ only between
        the sampled blocks (some 256 KiB a file are read, so that 100 GB cost milliseconds).
    """
    digest = hashlib.sha256()
    try:
        files = sorted(file for file in Path(folder).glob("*.safetensors") if file.is_file())
        for file in files:
            digest.update(os.fsencode(file.name))
            _add_file(digest, file)
    except (OSError, ValueError):
        # lm-eval is only loading the task here; loading the model will report the error.
        return None
    return digest.hexdigest()[:16] if files else None


def _add_file(digest: hashlib._Hash, file: Path) -> None:
    size = file.stat().st_size
    digest.update(struct.pack("<Q", size))
    with file.open("rb") as stream:
        head = stream.read(8)
        header_bytes = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        digest.update(stream.read(min(header_bytes, size, MAX_HEADER_BYTES)))
        start = stream.tell()
        step = max((size - start) // BLOCKS, BLOCK_BYTES)
        for offset in range(start, size, step):
            stream.seek(offset)
            digest.update(stream.read(BLOCK_BYTES))
