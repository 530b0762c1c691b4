"""`sweep` as the command line has it: imports nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any

from caopd_bench.cli import arguments

__all__ = ["add_sweep"]


def add_sweep(commands: Any) -> None:
    """Add `sweep`."""
    sweep = commands.add_parser(
        "sweep",
        help="a grid of models, methods and settings: a row of cells.csv each",
        description="Train (or take) and evaluate every cell of a grid. Finished cells are never "
        "run again. docs/sweep.md",
    )
    sweep.add_argument("file", type=arguments.path, metavar="FILE", help="YAML of the grid")
    sweep.add_argument(
        "--output", type=arguments.path, metavar="DIR", help="instead of the file's (its folder)"
    )
    sweep.add_argument(
        "--dry-run", action="store_true", help="show the cells that are missing, and how long"
    )
    sweep.add_argument("--only", metavar="PATTERN", help="cells whose name the pattern finds")
    sweep.add_argument(
        "--workers",
        type=arguments.count,
        metavar="N",
        help="processes (one a core; 1 where cells name a model)",
    )
    sweep.add_argument(
        "--tables",
        action="store_true",
        help="run nothing; compute cells.csv, summary and figures again from the stored rows",
    )
    cluster = sweep.add_argument_group("on a cluster")
    cluster.add_argument(
        "--engine", choices=("local", "ray"), default="local", help="local (default) or ray"
    )
    cluster.add_argument(
        "--address",
        metavar="A",
        help="of the Ray cluster; by default RAY_ADDRESS, else one is started here",
    )
    cluster.add_argument("--gpus", type=arguments.positive, metavar="N", help="of a cell (0)")
    cluster.add_argument("--cpus", type=arguments.positive, metavar="N", help="of a cell (1)")
    sweep.set_defaults(run=_sweep)


def _sweep(options: argparse.Namespace) -> int:
    from caopd_bench.cli.sweep import run_sweep

    return run_sweep(options)
