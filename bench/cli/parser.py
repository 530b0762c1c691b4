"""The command line: each file of this folder or of `deploy` that defines `add` is a command."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from caopd_bench._version import __version__
from caopd_bench.core.privacy.credentials import redact
from caopd_bench.core.process.command import Command
from caopd_bench.core.process.exits import HELP, ExitCode, complain
from caopd_bench.core.process.progress import telling
from caopd_bench.core.terminal import inline

__all__ = ["build_parser", "read_command"]

#: The order in which --help lists the commands; others follow, by name.
ORDER = (
    *("tasks", "fetch_model", "score", "rescore", "compare", "gate", "baseline", "report"),
    *("recalibrate", "threshold", "check", "watch", "store", "train", "sweep"),
)
HERE = Path(__file__).parent
#: The help that lists the exit codes of all commands.
OVERVIEW = "caopd-bench --help"


def read_command(words: Sequence[str] | None) -> Command:
    """Read a command line, that of the process by default; argparse ends it with `SystemExit`."""
    parser = build_parser()
    options, extra = parser.parse_known_args(words)
    if extra:
        _take_more(options, extra)
    if options.command is None:
        # Without a command nothing was done: exit with an error and leave standard output empty.
        parser.print_help(sys.stderr)
        return Command("", lambda: ExitCode.USAGE)
    work = partial(_tell_and_run, options)
    return Command(options.command, work, decides=getattr(options, "decides", False))


def _tell_and_run(options: argparse.Namespace) -> int:
    with telling(options.command):
        return int(options.run(options))


def _take_more(options: argparse.Namespace, extra: list[str]) -> None:
    """Append the words that argparse left over to the list they belong to, or refuse them.

    argparse fills a list only once: the second RUN of `score RUN --by level RUN` is left over.
    """
    own = options.parser
    said = options.explain_extra(options, extra) if "explain_extra" in options else None
    if said is not None:
        own.error(said)
    if any(word.startswith("-") and word != "-" for word in extra):
        own.refuse_unknown(extra)
    if "more" not in options:
        own.error(f"too many arguments: {' '.join(extra)}", usage=True)
    setattr(options, options.more, [*getattr(options, options.more), *extra])


#: Error wordings of argparse, and ours.
_INVALID = re.compile(
    r"invalid choice: (?P<given>'.*?'|\".*?\"|\S+) \(choose from (?P<known>.*)\)$"
)
_REWORDED = (
    (re.compile(r"^argument (?=\S+: )"), ""),
    (re.compile(r"^the following arguments are required: (.*)$"), r"missing: \1"),
    (re.compile(r"expected one argument$"), "needs a value"),
    (re.compile(r"expected at least one argument$"), "needs at least one value"),
    (re.compile(r"expected (\d+) arguments$"), r"needs \1 values"),
    (re.compile(r"ignored explicit argument (.*)$"), r"takes no value, got \1"),
    (re.compile(r"invalid int value: (.*)$"), r"must be a whole number, got \1"),
    (re.compile(r"invalid float value: (.*)$"), r"must be a number, got \1"),
)


class _Formatter(argparse.HelpFormatter):
    """Keeps the lines of a text, wraps each with its own indentation, and never splits words."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        from textwrap import fill

        def wrap(line: str) -> str:
            column = re.match(r" *(?:\S+(?: \S+)*  +)?", line)  # first column of a table row
            hang = indent + " " * (column.end() if column else 0)
            first = indent + " " * (len(line) - len(line.lstrip()))
            return fill(
                line.lstrip(),
                width,
                initial_indent=first,
                subsequent_indent=hang,
                break_on_hyphens=False,
            )

        return "\n".join(map(wrap, text.splitlines()))

    def _split_lines(self, text: str, width: int) -> list[str]:
        from textwrap import wrap

        return wrap(" ".join(text.split()), width, break_on_hyphens=False)


class _Parser(argparse.ArgumentParser):
    """Reports errors in one line; `fill` adds a command's options when they are needed.

    `examples` are command lines without `caopd-bench`, `codes` the exit codes with a meaning
    specific to the command, and `more` further lines; --help shows all three at its end.

    Abbreviations are off: `--confidence 0.9` would abbreviate `--confidence-column` in a command
    without `--confidence`.
    """

    def __init__(
        self,
        *,
        fill: Callable[[argparse.ArgumentParser], None] | None = None,
        examples: Sequence[str] = (),
        codes: str = "",
        more: str = "",
        **described: Any,
    ) -> None:
        described.setdefault("formatter_class", _Formatter)
        super().__init__(allow_abbrev=False, **described)
        self._fill = fill
        self.examples, self.codes = examples, codes
        if self.epilog is None:
            self.epilog = self._compose_end(more)
        self.set_defaults(parser=self)

    def _compose_end(self, more: str) -> str:
        """Return the examples, further lines, and the command's own exit codes."""
        lines = [f"  caopd-bench {example}" for example in self.examples]
        shown = "\n".join([f"example{'s' if len(lines) > 1 else ''}:", *lines]) if lines else ""
        codes = f"exit codes: {self.codes}; others: {OVERVIEW}"
        if not self.codes:
            codes = f"exit codes: {OVERVIEW}"
        return "\n\n".join(part for part in (shown, more, codes) if part)

    def fill(self) -> None:
        """Add the command's options, once."""
        fill, self._fill = self._fill, None
        if fill is not None:
            fill(self)

    def parse_known_args(self, *words: Any, **named: Any) -> Any:
        self.fill()
        return super().parse_known_args(*words, **named)

    def format_help(self) -> str:
        self.fill()
        if self.usage is None and self._subparsers is None:
            self.usage = self._shorten_usage(others=True)
        return super().format_help()

    def error(self, message: str, *, usage: bool = False) -> NoReturn:
        """Exit with a one-line error that names the command's --help."""
        said, is_short = self._reword(message)
        if usage or is_short:
            said += f"; usage: {self._shorten_usage()}"
        # argparse repeats words verbatim; a newline in one would start a new line.
        said = inline(redact(f"{said}; see {self.prog} --help"))
        complain(self.prog.partition(" ")[2], said)
        self.exit(ExitCode.USAGE)

    def refuse_unknown(self, words: Sequence[str]) -> NoReturn:
        """Refuse unknown options and suggest a similar one."""
        shown = (action for action in self._actions if action.help != argparse.SUPPRESS)
        known = [option for action in shown for option in action.option_strings]
        wrong = next(word for word in words if word.startswith("-")).partition("=")[0]
        starts = [option for option in known if wrong != "-" and option.startswith(wrong)]
        close = starts or get_close_matches(wrong, known, n=1, cutoff=0.7)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        if wrong in ("--level", "--confidence"):
            hint = "; this command has no confidence level"
        self.error(f"unrecognized arguments: {' '.join(words)}{hint}")

    def _reword(self, message: str) -> tuple[str, bool]:
        """Return argparse's error in our wording, and whether the usage helps."""
        for pattern, said in _REWORDED:
            message = pattern.sub(said, message)
        found = _INVALID.search(message)
        if found:
            given = found["given"].strip("'\"")
            known = [word.strip("'\"") for word in found["known"].split(", ")]
            close = get_close_matches(given, known, n=1)
            said = f"did you mean {close[0]}?" if close else f"choose from {', '.join(known)}"
            message = f"{message[: found.start()]}invalid choice: {given!r}; {said}"
        return message, message.startswith("missing: ")

    def _shorten_usage(self, *, others: bool = False) -> str:
        """Return the command with its required arguments, and a word for its other options."""
        others &= any(o.option_strings and not o.required for o in self._actions[1:])
        words = [self.prog, *(["[options]"] if others else [])]
        for action in self._actions:
            value = action.metavar or (action.dest if action.nargs != 0 else "")
            shown = " ".join(value) if isinstance(value, tuple) else str(value)
            many = "..." if action.nargs in ("+", "*") else ""
            if not action.option_strings:
                words.append(f"{shown}{many}" if action.required else f"[{shown}{many}]")
            elif action.required:
                words.append(f"{action.option_strings[0]} {shown}{many}")
        return " ".join(words)


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
    return parser


def _find_commands() -> Iterator[Callable[[Any], None]]:
    """Yield the `add` of each file, which adds its command, with `run`, to the parser."""
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
