"""No message names an option that no command which prints it has.

A message in `cli/` is of the command of its file; one in another room of a command that works with
that room. An option that stands behind the name of a command in the text itself ("caopd-bench
rescore FILE --response COL") is that command's. Of the columns of flat files, which five commands
read, every one of them is tried in `tests/bench/runs/flat/test_files.py`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import caopd_bench.cli
from caopd_bench.cli import build_parser

CLI = Path(caopd_bench.cli.__file__).parent
ROOM = CLI.parent
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z_-]+")
#: Programs of others whose options we name.
OTHERS = re.compile(r"lm_eval|lm-eval|pip |promptfoo|vllm|inspect |torchrun|accelerate|ray |git ")
#: Options of lm_eval, Inspect and lighteval, which messages name without the program each time.
FOREIGN = {
    *("--log_samples", "--output_path", "--num_fewshot", "--limit", "--gen_kwargs", "--metadata"),
    *("--use_cache", "--apply_chat_template", "--model_args", "--tasks", "--include_path"),
    *("--predict_only", "--no-log-samples", "--save-details"),
}
#: The commands that work with a room; the others may be used by any.
ROOMS = {
    "comparison": ["compare", "gate", "report"],
    "gates": ["gate", "baseline"],
    "report": ["report"],
    "runs": ["score", "rescore", "compare", "gate", "report", "baseline", "store"],
    "scores": ["score", "rescore", "compare", "gate", "report", "baseline"],
    "sweep": ["sweep"],
    "train": ["train", "sweep"],
}


def options_of(parser):
    """Give the options of a command and of its actions."""
    parser.fill() if hasattr(parser, "fill") else None
    found = set()
    for action in parser._actions:
        found.update(action.option_strings)
        for child in getattr(action, "choices", None) or {}:
            if isinstance(action.choices, dict):
                found |= options_of(action.choices[child])
    return found


def commands():
    parser = build_parser()
    (chosen,) = (a for a in parser._actions if isinstance(a.choices, dict))
    return {name: options_of(command) for name, command in chosen.choices.items()}


COMMANDS = commands()


def texts_of(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts of a file that are no docstrings; of an f-string its fixed parts, joined."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield (
                node.lineno,
                "".join(
                    part.value if isinstance(part, ast.Constant) else "X" for part in node.values
                ),
            )
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docs | parts
        ):
            yield node.lineno, node.value


def is_message(text):
    """Say whether a text is prose: words, and no lone name of an option."""
    return " " in text.strip() and bool(OPTION.search(text)) and "{ color-scheme" not in text


COMMAND = (
    r"caopd-bench ([a-z-]+)|\b(score|rescore|gate|compare|report|train|sweep|baseline|tasks)\b"
    r"(?= (?:RUN|FILE|--|X|init|update))"
)
NAMED = re.compile(COMMAND + r"|(--[a-z][a-z_-]+)|(;)")


def claimed(text):
    """Yield the options that a text names with the command that it names them of, or None."""
    command = None
    for full, short, option, end in NAMED.findall(text):
        if option:
            yield command, option
        elif end:
            command = None
        else:
            command = next((name for name in (full, short) if name in COMMANDS), command)


FILES = sorted(file for file in ROOM.rglob("*.py") if "__pycache__" not in file.parts)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOM)))
def test_every_option_that_a_message_names_is_there(file):
    room = file.relative_to(ROOM).parts[0]
    alone = file.stem.replace("_", "-") if room == "cli" else ""
    names = [alone] if alone in COMMANDS else ROOMS.get(room, COMMANDS)
    own = set().union(*(COMMANDS[name] for name in names))
    wrong = []
    for line, text in texts_of(file):
        if not is_message(text) or OTHERS.search(text):
            continue
        for command, option in claimed(text):
            if option in FOREIGN or option.endswith("-"):  # an f-string goes on
                continue
            there = COMMANDS[command] if command else own
            if option not in there:
                wrong.append(f"line {line}: {option} of {command or ', '.join(names)}: {text!r}")
    assert wrong == []


def test_the_scan_sees_what_a_message_names():
    said = (
        "round them (--decimals 4); caopd-bench rescore FILE --gold COL reads it; see --json FILE"
    )
    assert list(claimed(said)) == [(None, "--decimals"), ("rescore", "--gold"), (None, "--json")]
    assert "--by" not in COMMANDS["gate"]
    assert {"--confidence-column", "--aa"} <= COMMANDS["baseline"]
    found = [text for file in FILES for _, text in texts_of(file) if is_message(text)]
    assert len(found) > 150
