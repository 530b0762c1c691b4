"""The command line: each file of this folder or of `deploy` that offers `add` is a command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from caopd_bench._version import __version__
from caopd_bench.core.privacy.credentials import redact
from caopd_bench.core.process.command import Command
from caopd_bench.core.process.exits import HELP, ExitCode
from caopd_bench.core.process.progress import telling
from caopd_bench.core.terminal import inline

__all__ = ["build_parser", "read_command"]

#: The order in which --help lists the commands; others follow, by name.
ORDER = (
    *("tasks", "fetch_model", "score", "rescore", "compare", "gate", "baseline", "report"),
    *("recalibrate", "threshold", "check", "watch", "store", "train", "sweep"),
)
HERE = Path(__file__).parent


def read_command(words: Sequence[str] | None) -> Command:
    """Read a command line, that of the process by default; argparse ends it with `SystemExit`."""
    parser = build_parser()
    options, extra = parser.parse_known_args(words)
    if extra:
        said = options.explain_extra(options, extra) if "explain_extra" in options else None
        parser.error(said or f"unrecognized arguments: {' '.join(extra)}")
    if options.command is None:
        # Nothing was done, so it is no success, and a pipe gets nothing.
        parser.print_help(sys.stderr)
        return Command("", lambda: ExitCode.USAGE)
    work = partial(_tell_and_run, options)
    return Command(options.command, work, decides=getattr(options, "decides", False))


def _tell_and_run(options: argparse.Namespace) -> int:
    with telling(options.command):
        return int(options.run(options))


class _Parser(argparse.ArgumentParser):
    """Says what was wrong in one line; `fill` adds a command's options when they are needed."""

    def __init__(
        self, *, fill: Callable[[argparse.ArgumentParser], None] | None = None, **described: Any
    ) -> None:
        super().__init__(**described)
        self._fill = fill

    def fill(self) -> None:
        """Add the options that were not added yet."""
        fill, self._fill = self._fill, None
        if fill is not None:
            fill(self)

    def parse_known_args(self, *words: Any, **named: Any) -> Any:
        self.fill()
        return super().parse_known_args(*words, **named)

    def format_help(self) -> str:
        self.fill()
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        # argparse shows words as they were given: a newline in one would begin a line with it.
        super().error(inline(redact(message)))


def build_parser() -> argparse.ArgumentParser:
    """Describe the commands; imports nothing heavy."""
    parser = _Parser(
        prog="caopd-bench",
        description="Can I believe this model's stated confidence?",
        epilog=HELP,
    )
    parser.add_argument("--version", action="version", version=f"caopd-bench {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for add in _find_commands():
        add(commands)
    for command in commands.choices.values():
        command.epilog = command.epilog or HELP
    return parser


def _find_commands() -> Iterator[Callable[[Any], None]]:
    """Yield the `add` of each file: it adds its command, with `run`, to those of the parser."""
    place = {name: number for number, name in enumerate(ORDER)}
    found = {
        file.stem: f"caopd_bench.cli{within}.{file.stem}"
        for folder, within in ((HERE, ""), (HERE / "deploy", ".deploy"))
        for file in folder.glob("[!_]*.py")
    }
    for name in sorted(found, key=lambda name: (place.get(name, len(ORDER)), name)):
        module = import_module(found[name])
        if hasattr(module, "add"):
            yield module.add
