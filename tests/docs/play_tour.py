"""Run the commands of docs/tour.md as they are typed, and write what they print into the page.

    python tests/docs/play_tour.py          # after a change of what a command prints

`test_tour.py` holds the page to what is printed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tour.md"
#: A block of commands, and what they print: that of the last one, which is the only one shown.
BLOCK = re.compile(r"^```\n((?:\$ (?:[^\n]*\\\n)*[^\n]+\n)+)(.*?)^```$", re.DOTALL | re.MULTILINE)


def play(page: str, folder: Path) -> str:
    """Give the page with what its commands print in this folder, where `docs` must be found."""

    def fill(found: re.Match[str]) -> str:
        joined = found[1].replace("\\\n", " ")
        commands = [line.removeprefix("$ ") for line in joined.splitlines()]
        for command in commands:
            printed = _run(command, folder)
        return f"```\n{found[1]}{printed.strip(chr(10))}\n```"

    return BLOCK.sub(fill, page)


def _run(command: str, folder: Path) -> str:
    words = command.split()
    if words[0] == "caopd-bench":
        words[:1] = [sys.executable, "-m", "caopd_bench"]
    env = {**os.environ, "CAOPD_BENCH_PROGRESS": "0", "COLUMNS": "120"}
    done = subprocess.run(
        words, cwd=folder, env=env, capture_output=True, text=True, encoding="utf-8", check=True
    )
    return done.stdout


def main() -> None:
    """Fill the page."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "docs").symlink_to(ROOT / "docs")
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(play(page, Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
