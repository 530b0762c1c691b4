"""The README's commands, run as they are typed from a checkout, print what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
#: What is shown of a long line, or of what follows.
CUT = "..."


def _list_shown() -> list[tuple[str, list[str]]]:
    """Give each command with the lines that are shown below it: some of its output, in order."""
    shown: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```\n(\$ .*?)^```$", README, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if line.startswith("$ "):
                shown.append((line[2:], []))
            else:
                shown[-1][1].append(line)
    return shown


@pytest.mark.parametrize(("command", "lines"), _list_shown())
def test_it_prints_what_is_shown(command, lines):
    """Exit codes 0 and 1 are decisions; every line stands in the output, after the one before."""
    program, *words = command.split()
    assert program == "caopd-bench"
    env = {**os.environ, "CAOPD_BENCH_PROGRESS": "0", "COLUMNS": "120"}
    done = subprocess.run(
        [sys.executable, "-m", "caopd_bench", *words],
        cwd=ROOT, env=env, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    printed = iter(done.stdout.splitlines())
    for line in lines:
        if line.endswith(CUT):
            found = any(each.startswith(line.removesuffix(CUT)) for each in printed)
        else:
            found = any(each == line for each in printed)
        assert found, f"{line!r} is not in the output, or not in this place:\n{done.stdout}"


def test_the_three_questions_are_shown():
    verbs = [command.split()[1] for command, _ in _list_shown()]
    assert verbs == ["score", "compare", "gate", "gate", "threshold", "threshold"]
    assert all(lines for _, lines in _list_shown())


def test_it_is_short():
    """A stranger has five minutes."""
    assert len(README.splitlines()) <= 120
