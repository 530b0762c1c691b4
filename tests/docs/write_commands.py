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

#: Of each command: an example, the page that explains it, and its own exit codes. The codes that
#: all commands share stand once, at the top of the page.
ABOUT: dict[str, tuple[str, str, str]] = {
    "tasks": ("tasks --plan caopd_gsm8k_conf --limit 200", "tasks.md", ""),
    "fetch-model": (
        "fetch-model smollm2-135m --output smollm2",
        "installation.md#without-a-network-at-run-time",
        "1 the download failed",
    ),
    "score": (
        "score base=out/base new=out/new --by level --figure both.png",
        "score.md",
        "4 a stored run was edited, or the map was fitted to these rows",
    ),
    "rescore": (
        "rescore answers.jsonl --response output.text --gold vars.answer --kind phrase",
        "rescore.md",
        "",
    ),
    "compare": (
        "compare out/base out/new --by level",
        "compare.md",
        "4 the runs are not comparable, or a stored run was edited",
    ),
    "gate": (
        "gate --reference reference out/new --output gate.xml",
        "gate.md",
        "0 PASS, 1 FAIL, 3 INCONCLUSIVE, 4 the runs are not comparable or a stored run was edited "
        "([all of them](gate.md#exit-codes))",
    ),
    "baseline init": (
        'baseline init out/base --output reference --reason "release 1"',
        "gate.md#references",
        "1 the work failed, 4 the runs are not comparable or a stored run was edited",
    ),
    "baseline update": (
        'baseline update out/new --output reference --reason "release 2"',
        "gate.md#references",
        "1 the gate FAILs, 3 it cannot decide, 4 the items differ",
    ),
    "baseline show": ("baseline show reference", "gate.md#references", ""),
    "baseline verify": (
        "baseline verify reference",
        "gate.md#references",
        "1 a number differs from what its rows give",
    ),
    "report": (
        "report base=out/base new=out/new --output report.html",
        "report.md",
        "4 a stored run was edited",
    ),
    "recalibrate": (
        "recalibrate monday.csv -o map.json",
        "recalibrate.md",
        "4 a stored run was edited",
    ),
    "threshold": (
        "threshold monday.csv --max-risk 0.05 -o threshold.json",
        "threshold.md",
        "0 CERTIFIED, 1 NONE, 3 INCONCLUSIVE, 4 a stored run was edited, or a map was fitted to "
        "these rows",
    ),
    "check": (
        "check threshold.json tuesday.csv",
        "threshold.md#does-it-still-hold",
        "0 PASS, 1 FAIL, 3 INCONCLUSIVE, 4 these are the rows that the threshold was made from, "
        "or the threshold is for another task",
    ),
    "watch": (
        "watch outcomes.csv --threshold threshold.json --state state",
        "watch.md",
        "0 no alarm, 1 ALARM, 3 nothing can be concluded, 4 the state belongs to another threshold "
        "or to other options",
    ),
    "store": (
        "store --scrub references/ --check",
        "reliability.md#keys-passwords-and-private-paths",
        "1 with `--check`: something has to be cleaned",
    ),
    "train": (
        "train --method caopd --model YOUR_MODEL --task caopd_math_conf --output caopd",
        "train.md",
        "1 the training failed",
    ),
    "pretrain": ("", "train.md", ""),
    "sweep": (
        "sweep reference_runs/k-ablation/sweep.yaml --dry-run",
        "sweep.md",
        "1 a cell failed",
    ),
}

HEAD = f"""# Commands and options

Written by `python tests/docs/write_commands.py` from the parser: the texts are those of `--help`.

All commands share these exit codes. Each command lists those that mean something else to it.

| exit code | meaning |
|---|---|
| 0 | done |
| 2 | something that was given cannot be used: one line names it, with its value and a way out |
| 5 | an output (a file or standard output) cannot be written |
| 70 | an error of this program (`{DEBUG}=1` shows the traceback), or not enough memory |
| 129, 130, 143 | stopped by SIGHUP, SIGINT (Ctrl-C), SIGTERM |
| 141 | the reader of standard output has closed it, as `head` does |

`gate`, `threshold`, `check`, `watch`, `baseline verify` and `baseline update` end with the code of
their decision even if standard output cannot be written. The [glossary](glossary.md) explains the
words of the tables. `RUN` is a folder of lm-eval, a stored run or a flat file
([all forms](score.md)).

"""


def render_commands() -> str:
    """Give the page."""
    sections = list(_walk(build_parser(), ""))
    listed = ", ".join(f"[{name}](#{name.replace(' ', '-')})" for name, _, _ in sections)
    body = [_section(*section) for section in sections]
    return f"{HEAD}{listed}\n\n{chr(10).join(body)}\n{_flat_files(sections)}"


def _flat_files(sections: list[tuple[str, str, argparse.ArgumentParser]]) -> str:
    """Give the options that every command has that reads flat files, once."""
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
    example, page, codes = ABOUT.get(name, ("", "README.md", ""))
    text = " ".join((parser.description or "").split())
    if not text:
        text = f"{line[:1].upper()}{line[1:]}."
    parts = [f"## {name}", "", f"{_escape(text)} [More]({page})", "", "```", _usage(parser)]
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
    if codes:
        parts += [f"Exit codes: {codes}.", ""]
    if example:
        parts += ["```", f"caopd-bench {example}", "```", ""]
    return "\n".join(parts)


def _is_shown(action: argparse.Action) -> bool:
    return action.help != argparse.SUPPRESS and not isinstance(action, argparse._HelpAction)


def _usage(parser: argparse.ArgumentParser) -> str:
    """Name the command with what it must be given, the same on every Python."""
    words, rest = [parser.prog], False
    for action in filter(_is_shown, parser._actions):
        if not action.option_strings:
            value = _value(action)
            words.append(value if action.required else f"[{value}]")
        elif action.required:
            words.append(f"{action.option_strings[-1]} {_value(action)}")
        else:
            rest = True
    return " ".join([*words, *(["[options]"] if rest else [])])


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
    help_text = (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")
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
