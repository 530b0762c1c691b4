"""Check or write the frozen test set: `python -m caopd_bench.tasks.problems.freeze --check`.

Writing is for a new version of the set only: it prints the hash that frozen.py must then hold.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence

from caopd_bench.tasks.problems.frozen import FROZEN_PATH, FROZEN_SHA256, canonical_jsonl
from caopd_bench.tasks.problems.generate import generate

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return 0 if file, code and hash agree, and 1 if they do not."""
    parser = argparse.ArgumentParser(prog="python -m caopd_bench.tasks.problems.freeze")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="compare file, generator and hash")
    mode.add_argument("--write", action="store_true", help="write the file and print its hash")
    options = parser.parse_args(argv)
    data = canonical_jsonl(generate())
    found = hashlib.sha256(data).hexdigest()
    if options.write:
        FROZEN_PATH.write_bytes(data)
        print(f'wrote {FROZEN_PATH}\nFROZEN_SHA256 = "{found}"')
        return 0
    if not FROZEN_PATH.is_file() or FROZEN_PATH.read_bytes() != data:
        print(f"{FROZEN_PATH} differs from what the generator writes", file=sys.stderr)
        return 1
    if found != FROZEN_SHA256:
        print(f"FROZEN_SHA256 is {FROZEN_SHA256}, the file has {found}", file=sys.stderr)
        return 1
    print(f"{FROZEN_PATH}: {found}, as generated")
    return 0


if __name__ == "__main__":
    sys.exit(main())
