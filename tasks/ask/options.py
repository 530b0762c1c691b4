"""Check the options that `--metadata` may pass to a task; refuse others in one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

__all__ = ["OPTIONS", "one_line", "read_whole", "refuse_misspelt"]

OPTIONS = (
    *("exemplars", "levels", "problem_seed", "data_dir", "answers", "rollouts"),
    *("k", "allow_copies", "first"),
)
#: Names that other tools use for our options, and that no model takes as an argument.
SYNONYMS = {
    **dict.fromkeys(("samples", "n_samples", "num_samples", "kk", "K"), "k"),
    **dict.fromkeys(("data", "data_folder", "folder", "datadir"), "data_dir"),
    **dict.fromkeys(("run", "answers_from"), "answers"),
}


@contextmanager
def one_line() -> Iterator[None]:
    """Let a ValueError pass, so that it is shown as one line if nothing catches it.

    Callers of lm-eval from Python get an ordinary exception. In the command `lm_eval`, which
    catches nothing, the interpreter would print fifty lines of lm-eval's own code before ours.
    """
    try:
        yield
    except ValueError as error:
        ours, shown_otherwise = error, sys.excepthook

        def show(kind: type[BaseException], value: BaseException, trace: Any) -> None:
            if value is ours:
                # Keep the message on one line, even if a value contains a newline.
                print(f"caopd_bench: {' '.join(str(value).splitlines())}", file=sys.stderr)
            else:
                shown_otherwise(kind, value, trace)

        sys.excepthook = show
        raise


def refuse_misspelt(options: Mapping[str, Any]) -> None:
    """Refuse a name that is nearly one of ours; any other is an argument of the model."""
    for name in options:
        close = next(iter(get_close_matches(name, OPTIONS, n=1, cutoff=0.8)), SYNONYMS.get(name))
        if close and name not in OPTIONS:
            raise ValueError(f"--metadata: unknown option {name!r}; did you mean {close!r}?")


def read_whole(
    options: Mapping[str, Any], name: str, low: int, high: int | None = None, *, hint: str = ""
) -> int | None:
    """Read an option that is a whole number; None if it was not given."""
    value = options.get(name)
    if value is None:
        return None
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or value < low or (high is not None and value > high):
        limits = f"from {low} on" if high is None else f"from {low} to {high}"
        raise ValueError(f"--metadata: {name} must be a whole number {limits}, got {value!r}{hint}")
    return int(value)
