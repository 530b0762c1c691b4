"""`caopd-bench`: one file per command, with its options and its work.

`exits` lists the exit codes (see also docs/gate.md). This file imports nothing at the top, so that
`main` can handle a signal or a broken installation during the imports. Start with `parser`, which
collects the commands; `rescore` is a short one.

Imports `comparison`, `core`, `gates`, `maps`, `report`, `runs`, `scores`, `sweep`, `tasks`,
`thresholds`, `train` and `watch`.
"""

from __future__ import annotations

import sys

# Type checkers treat this name as true; `typing` would be an import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from caopd_bench.core.process.command import Command

__all__ = ["main"]


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `exits` lists the codes.

    Parameters
    ----------
    words : sequence of str, optional
        The command line. By default that of the process, which then exits after the command.

    Raises
    ------
    SystemExit
        After `--help`, and where argparse rejects the command line.
    """
    try:
        from caopd_bench.core.process.command import run

        return run(lambda: _read(words), is_ours=words is None)
    except KeyboardInterrupt:  # at its very start or end
        _say("stopped")
        return 130
    except MemoryError:
        _say("not enough memory")
        return 70
    except SystemExit:  # raised by argparse
        raise
    except BaseException as error:  # the module that words errors is itself broken
        said = (str(error).splitlines() or [""])[0]
        _say(
            f"this installation is broken ({type(error).__name__}: {said}); reinstall from the "
            "checkout or wheel: pip install --force-reinstall PATH"
        )
        return 70


def build_parser() -> argparse.ArgumentParser:
    """Describe the commands; imports nothing heavy."""
    from caopd_bench.cli import parser as command_line

    return command_line.build_parser()


def _read(words: Sequence[str] | None) -> Command:
    from caopd_bench.cli.parser import read_command

    return read_command(words)


def _say(line: str) -> None:
    try:
        if sys.stderr is not None:  # otherwise print would use standard output
            print(f"caopd-bench: {ascii(line)[1:-1]}", file=sys.stderr, flush=True)
    except (OSError, ValueError, MemoryError):
        pass
