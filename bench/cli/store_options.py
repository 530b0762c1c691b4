"""The command line of `caopd-bench store`."""

from __future__ import annotations

import argparse
from typing import Any

from caopd_bench.cli import arguments

__all__ = ["add_store"]


def add_store(commands: Any) -> None:
    """Add the command; imports nothing heavy."""
    store = commands.add_parser(
        "store",
        help="take keys, passwords and private paths out of stored runs and references",
        description="Clean stored runs, references and the records of sweeps that an earlier "
        "version wrote: settings that may hold a secret are left out, and paths are shortened. "
        "Rows, numbers and hashes stay. Logs of lm-eval are not looked at.",
    )
    store.add_argument(
        "--scrub",
        nargs="+",
        type=arguments.path,
        required=True,
        metavar="DIR",
        help="rewrite what stands in these folders and below",
    )
    store.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit code 1 if something would be taken out",
    )
    store.set_defaults(run=_store)


def _store(options: argparse.Namespace) -> int:
    from caopd_bench.cli.store import run_store

    return run_store(options)
