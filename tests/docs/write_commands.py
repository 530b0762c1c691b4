"""Write docs/commands.md, the page of all commands, from the parser that reads them.

    python tests/docs/write_commands.py     # after every change of an option or of its help

`tests/docs/test_commands.py` holds the page to the parser.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from caopd_bench.cli import build_parser
from caopd_bench.core.process.exits import DEBUG

#: The title of the group of options that many commands share.
FLAT = "flat files"
PAGE = Path(__file__).parents[2] / "docs" / "commands.md"

#: The page that explains each command.
PAGES = {
    "tasks": "tasks.md",
    "fetch-model": "installation.md#without-a-network-at-run-time",
    "score": "score.md",
    "rescore": "rescore.md",
    "compare": "compare.md",
    "gate": "gate.md",
    "baseline init": "gate.md#references",
    "baseline update": "gate.md#references",
    "baseline show": "gate.md#references",
    "baseline verify": "gate.md#references",
    "report": "report.md",
    "recalibrate": "recalibrate.md",
    "threshold": "threshold.md",
    "check": "threshold.md#does-it-still-hold",
    "watch": "watch.md",
    "store": "reliability.md#keys-passwords-and-private-paths",
    "train": "train.md",
    "sweep": "sweep.md",
}

HEAD = f"""# Commands and options

Written by `python tests/docs/write_commands.py` from the parser, with the texts of `--help`.

All commands share these exit codes. Each command lists the codes with a meaning of its own.

| exit code | meaning |
|---|---|
| 0 | success |
| 2 | invalid argument or input: one line names it, with its value and a fix |
| 5 | an output (a file or standard output) cannot be written |
| 70 | internal error (`{DEBUG}=1` shows the traceback), broken installation, or not enough memory |
| 129, 130, 143 | stopped by SIGHUP, SIGINT (Ctrl-C), SIGTERM |
| 141 | the reader of standard output closed the pipe, as `head` does |

`gate`, `threshold`, `check`, `watch`, `baseline verify` and `baseline update` keep the exit code of
their decision even if standard output cannot be written. The [glossary](glossary.md) explains the
words of the tables. `RUN` is a folder of lm-eval, a stored run or a flat file
([all forms](score.md)).

"""


def render_commands() -> str:
    """Return the page."""
    sections = list(_walk(build_parser(), ""))
    listed = ", ".join(f"[{name}](#{name.replace(' ', '-')})" for name, _, _ in sections)
    body = [_section(*section) for section in sections]
    return f"{HEAD}{listed}\n\n{chr(10).join(body)}\n{_flat_files(sections)}"


def _flat_files(sections: list[tuple[str, str, argparse.ArgumentParser]]) -> str:
    """Return the options shared by all commands that read flat files."""
    groups = (group for *_, parser in sections for group in parser._action_groups)
    group = next(group for group in groups if (group.title or "").startswith(FLAT))
    rows = [_row(action) for action in group._group_actions]
    return "\n".join(["## Flat files", "", "| option | meaning |", "|---|---|", *rows, ""])


def _walk(
    parser: argparse.ArgumentParser, name: str
) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """Yield each command that does something: its name, its line in the list, its parser."""
    parser.format_help()  # some commands add their options only now
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            lines = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for word, sub in action.choices.items():
                inner = list(_walk(sub, f"{name} {word}".strip()))
                yield from inner or [(f"{name} {word}".strip(), lines.get(word, ""), sub)]


def _section(name: str, line: str, parser: argparse.ArgumentParser) -> str:
    page = PAGES.get(name, "README.md")
    text = " ".join((parser.description or "").split())
    if not text:
        text = f"{line[:1].upper()}{line[1:]}."
    parts = [
        f"## {name}",
        "",
        f"{_escape(text)} [More]({page})",
        "",
        "```",
        parser.usage % {"prog": parser.prog},
    ]
    parts += ["```", ""]
    flat = False
    for group in parser._action_groups:
        shown = [action for action in group._group_actions if _is_shown(action)]
        if (group.title or "").startswith(FLAT):
            flat = True
        elif shown:
            is_usual = group.title in ("positional arguments", "options", "optional arguments")
            title = "argument" if shown[0].option_strings == [] else "option"
            head = title if is_usual else _escape(group.title or title)
            parts += [f"| {head} | meaning |", "|---|---|", *map(_row, shown), ""]
    if flat:
        parts += ["It also takes the [options of flat files](#flat-files).", ""]
    if parser.codes:
        parts += [f"Exit codes: {_escape(parser.codes)}.", ""]
    if parser.examples:
        parts += ["```", *(f"caopd-bench {example}" for example in parser.examples), "```", ""]
    return "\n".join(parts)


def _is_shown(action: argparse.Action) -> bool:
    return action.help != argparse.SUPPRESS and not isinstance(action, argparse._HelpAction)


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices and action.metavar is None:
        return "|".join(map(str, action.choices))
    metavar = action.metavar or (action.dest.upper() if action.option_strings else action.dest)
    shown = " ".join(metavar) if isinstance(metavar, tuple) else metavar
    return f"{shown}..." if action.nargs in ("+", "*") else shown


def _row(action: argparse.Action) -> str:
    value = _value(action)
    names = ", ".join(f"`{f'{name} {value}'.strip()}`" for name in action.option_strings)
    help_text = (action.help or "") % {**vars(action), "prog": ""}
    if not help_text and isinstance(action.default, str | int | float) and action.default != "":
        help_text = f"`{action.default}` by default"
    return f"| {(names or f'`{value}`').replace('|', chr(92) + '|')} | {_escape(help_text)} |"


def _escape(text: str) -> str:
    """Keep words as they are in a cell of Markdown."""
    for mark in ("|", "*", "_", "<", "["):
        text = text.replace(mark, f"\\{mark}")
    return text


if __name__ == "__main__":
    PAGE.write_text(render_commands(), encoding="utf-8")
    print(PAGE)
