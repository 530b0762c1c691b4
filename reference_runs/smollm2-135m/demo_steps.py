"""A step of the demo: a command, what it needs, and what is kept of it, so that it is done once.

`DIR/steps` holds the output and the log of each command, and `steps.json`: its words, exit code and
seconds. A step is done again if its command is another, or its files are gone, or a step that it
needs was done again.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from demo_progress import Expected, Progress, count_problems

ROOT = Path(__file__).resolve().parents[2]
#: The programs of the environment that runs this, whatever PATH has.
PROGRAMS = Path(sys.executable).parent
TICK = 0.25


class Step(NamedTuple):
    """A command of the demo."""

    name: str
    title: str
    command: list[str]
    expected: Expected
    needs: tuple[str, ...] = ()
    makes: str = ""
    """A file or folder in the demo's folder."""
    batch: int = 0
    """Problems that an evaluation answers at once."""
    verdicts: dict[int, str] = {0: ""}  # noqa: RUF012
    """Exit codes that are no failure, with what they mean."""
    shown: str = ""
    """Of the output, lines that this pattern matches; of all, if it is empty."""
    lines: int = 0
    """Lines that are shown; all, if 0."""


class DemoError(Exception):
    """A command failed: the demo stops, and goes on from there when it is started again."""


class Demo:
    """The folder of the demo, and what is done in it.

    Parameters
    ----------
    folder : Path
        It is made; one that holds other things is refused.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = folder / "steps"
        if folder.exists() and not self.logs.is_dir() and any(folder.iterdir()):
            raise DemoError(
                f"{folder}: holds files but no demo of this version; "
                "delete it, or give another folder with --output"
            )
        self.logs.mkdir(parents=True, exist_ok=True)
        self._file = self.logs / "steps.json"
        self.records: dict[str, dict[str, Any]] = (
            json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else {}
        )

    def is_done(self, step: Step) -> bool:
        """Whether the same command was done before, and what it made is there."""
        there = not step.makes or (self.folder / step.makes).exists()
        return there and self.records.get(step.name, {}).get("command") == step.command

    def list_open(self, steps: Sequence[Step]) -> list[Step]:
        """Give the steps that are to be done, those that need another one of them included."""
        names: set[str] = set()
        for step in steps:
            if names & {*step.needs} or not self.is_done(step):
                names.add(step.name)
        return [step for step in steps if step.name in names]

    def do(self, steps: Sequence[Step]) -> float:
        """Do what is open, show all, and give the seconds that the open ones took."""
        todo = self.list_open(steps)
        for step in todo:  # stopped on the way, none of them counts as done
            self.records.pop(step.name, None)
        self._save()
        progress = Progress([step.expected for step in todo], sys.stderr)
        for number, step in enumerate(steps, 1):
            print(f"\n# {number} of {len(steps)}: {step.title}")
            print(f"$ {shlex.join(step.command)}", flush=True)
            if step in todo:
                progress.begin(number, len(steps))
                self._run(step, progress)
            self._show(step, is_new=step in todo)
        return float(sum(self.records[step.name]["seconds"] for step in todo))

    def _run(self, step: Step, progress: Progress) -> None:
        """Run a command, its output and its log into files; keep what came of it."""
        made = self.folder / step.makes
        if step.makes and made.is_dir():
            shutil.rmtree(made)  # of an evaluation that was stopped, or of another command
        out, log = (self.logs / f"{step.name}.{end}" for end in ("txt", "log"))
        before, began = os.times(), time.monotonic()
        with out.open("wb") as stdout, log.open("wb") as stderr:
            program, *words = step.command
            process = subprocess.Popen(
                [str(PROGRAMS / program), *words],
                cwd=ROOT, env=make_environment(), stdout=stdout, stderr=stderr,
            )  # fmt: skip
            try:
                while process.poll() is None:
                    time.sleep(TICK)
                    if step.batch and (found := count_problems(read(log), step.batch)):
                        progress.count(*found)
                    progress.look()
            finally:
                progress.end()
                if process.poll() is None:
                    process.terminate()
                    process.wait()
        after = os.times()
        if process.returncode not in step.verdicts:
            tail = "".join(f"  {line}\n" for line in read(log).splitlines()[-5:])
            raise DemoError(
                f"{step.command[0]} failed (exit code {process.returncode}):\n{tail}{log}"
            )
        self.records[step.name] = {
            "command": step.command,
            "code": process.returncode,
            "seconds": round(time.monotonic() - began, 1),
            "core_seconds": round(
                after.children_user + after.children_system
                - before.children_user - before.children_system, 1
            ),
        }  # fmt: skip
        self._save()

    def _save(self) -> None:
        self._file.write_text(json.dumps(self.records, indent=1) + "\n", encoding="utf-8")

    def _show(self, step: Step, *, is_new: bool) -> None:
        """Print of the output what is short, where the rest is, and the verdict."""
        text = self.logs / f"{step.name}.txt"
        lines = [line.rstrip() for line in read(text).strip("\n").splitlines()]
        shown = [line for line in lines if re.search(step.shown, line)]
        shown = shown[: step.lines or None]
        print("\n".join(shown))
        if len(shown) < len(lines):
            print(f"... all {len(lines)} lines: {name_path(text)}")
        record = self.records[step.name]
        if verdict := self.verdict(step):
            print(f"exit code {record['code']}: {verdict}")
        if not is_new:
            print(f"(done before, in {record['seconds']:.0f} s)")
        sys.stdout.flush()

    def verdict(self, step: Step) -> str:
        """Give what the exit code of a command means."""
        return step.verdicts[self.records[step.name]["code"]]


def make_environment() -> dict[str, str]:
    """Give the variables of a command: our programs first on PATH, and no look-ups on the hub."""
    path = f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "HF_HUB_OFFLINE": "1", "PYTHONIOENCODING": "utf-8"}


def read(file: Path) -> str:
    """Read a log, on which the terminal's lines may have been written over."""
    return file.read_bytes().decode("utf-8", "replace").replace("\r", "\n")


def name_path(path: Path) -> str:
    """Name a path as it is typed in the checkout."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def count_megabytes(folder: Path) -> float:
    """Add up what a folder takes on the disk, as `du -sm` does: a file with two names once."""
    sizes: dict[tuple[int, int], int] = {}
    for place, _, files in os.walk(folder):
        for file in files:
            state = os.lstat(Path(place) / file)
            sizes[state.st_dev, state.st_ino] = getattr(state, "st_blocks", 0) * 512
    return sum(sizes.values()) / 2**20
