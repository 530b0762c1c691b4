"""Show a sweep's progress: cells done, running and failed, and the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from caopd_bench.core.terminal import inline
from caopd_bench.sweep.grid.cells import Cell
from caopd_bench.sweep.grid.folder import Folder

__all__ = ["Display", "show_seconds"]

#: Seconds between two lines in a log file, and between two updates on a terminal.
LOG, TERMINAL = 30.0, 1.0


class Display:
    """A progress line on standard error: rewritten on a terminal, repeated at times in a log."""

    def __init__(self, folder: Folder, cells: Sequence[Cell], expected: dict[str, float]) -> None:
        self.folder, self.cells, self.expected = folder, list(cells), expected
        self.began, self.last = time.monotonic(), 0.0
        self.first = {cell.name for cell in cells if folder.is_finished(cell)}
        self.done: set[str] = set(self.first)
        self.is_terminal = sys.stderr.isatty()

    def show(self, *, final: bool = False) -> None:
        """Write the progress line, if it is due."""
        now = time.monotonic()
        if not final and now - self.last < (TERMINAL if self.is_terminal else LOG):
            return
        self.last = now
        rest = [cell for cell in self.cells if cell.name not in self.done]
        self.done |= {cell.name for cell in rest if self.folder.is_finished(cell)}
        rest = [cell for cell in rest if cell.name not in self.done]
        running = [cell for cell in rest if self.folder.is_claimed(cell)]
        failed = {cell.name for cell in rest if self.folder.failure(cell)}
        left = self._left([cell for cell in rest if cell.name not in failed], running, now)
        line = (
            f"{len(self.done)} of {len(self.cells)} cells done, {len(running)} running, "
            f"{len(failed)} failed{left}"
        )
        if running and not final:
            line += f" · {inline(', '.join(cell.name for cell in running[:2]), 70)}"
        if self.is_terminal:
            sys.stderr.write(f"\r\x1b[K{line}" + ("\n" if final else ""))
            sys.stderr.flush()
        else:
            print(line, file=sys.stderr, flush=True)

    def _left(self, rest: Sequence[Cell], running: Sequence[Cell], now: float) -> str:
        """Estimate the time left from the speed so far, measured in the plan's own unit."""
        made = sum(self.expected.get(name, 0.0) for name in self.done - self.first)
        if not made:
            return ""
        # Count running cells as half done: if cells are long, they are much of the work so far.
        half = sum(self.expected.get(cell.name, 0.0) for cell in running) / 2.0
        made += half
        left = sum(self.expected.get(cell.name, 0.0) for cell in rest) - half
        if not left:
            return ""
        return f", about {show_seconds((now - self.began) * left / made)} left"


def show_seconds(seconds: float) -> str:
    """Format a duration."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"
