"""The frozen test set of `caopd_math`: its file, its form and its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["FROZEN_PATH", "FROZEN_SHA256", "canonical_jsonl", "read_frozen"]

FROZEN_PATH = Path(__file__).parent / "data" / "caopd_math_v1.jsonl"
# Change this only together with the version of the set; see freeze.py.
FROZEN_SHA256 = "e87897dcde3771d912c8a770fbd997168d89ff071721cddd1421067b87a53306"


def canonical_jsonl(items: Iterable[dict[str, Any]]) -> bytes:
    """Encode items as JSON lines with sorted keys, the form that is frozen and hashed."""
    return "".join(json.dumps(item, sort_keys=True) + "\n" for item in items).encode()


def read_frozen(path: Path = FROZEN_PATH) -> list[dict[str, Any]]:
    """Read the frozen test set and check its hash.

    Raises
    ------
    ValueError
        If the file is not the frozen one.
    """
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != FROZEN_SHA256:
        raise ValueError(
            f"{path}: SHA-256 is {found}, expected {FROZEN_SHA256}; reinstall caopd-bench, "
            f"or restore the file with `git checkout`"
        )
    return [json.loads(line) for line in data.decode().splitlines()]
