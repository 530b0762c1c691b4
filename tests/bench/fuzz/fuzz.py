"""Fuzz one reader: python tests/bench/fuzz/fuzz.py "lm-eval samples" --first 0 --inputs 100000

Input number i of a reader is made by a generator that its name and i seed: `--first i --inputs 1`
makes it again. Time is that of the processor, in this process.
"""

import argparse
import contextlib
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from fuzz_mutations import Mutator  # noqa: E402
from fuzz_readers import READERS, REFUSED  # noqa: E402

sys.path.remove(str(HERE))

#: Seconds of the processor for one input.
MOST = 2.0
#: Seconds after which an input is given up.
HANGS = 30


class Hangs(BaseException):
    """An input took `HANGS` seconds; no reader catches it."""


class Tally(NamedTuple):
    """What came of the inputs: `errors` are lines that name the input."""

    inputs: int
    ended: int
    slowest: float
    slowest_input: int
    seconds: float
    errors: list[str]


def fuzz(name: str, first: int, inputs: int) -> Tally:
    """Read inputs of a reader; whatever is neither read nor refused as it should be is an error."""
    reader = READERS[name]
    ended, slowest, at, errors = 0, 0.0, first, []
    begun = time.process_time()
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder, _watched():
        place = Path(folder)
        for number in range(first, first + inputs):
            given = reader.make(Mutator(f"{name} {number}"), place)
            start = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, HANGS)
            try:
                ended += reader.read(given, place)
            except REFUSED as error:
                if not str(error).strip():
                    errors.append(f"{name} {number}: refused without a word")
            except (Exception, Hangs) as error:
                last = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{Path(last.filename).name}:{last.lineno}"
                errors.append(f"{name} {number}: {type(error).__name__}: {error!s:.200} ({where})")
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            took = time.process_time() - start
            if took > MOST:
                errors.append(f"{name} {number}: {took:.1f} s of the processor")
            if took > slowest:
                slowest, at = took, number
    return Tally(inputs, ended, slowest, at, time.process_time() - begun, errors)


@contextlib.contextmanager
def _watched():
    """Let no input hang, and none say anything of its own."""

    def give_up(*_):
        raise Hangs

    before = signal.signal(signal.SIGPROF, give_up)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def describe(name: str, found: Tally) -> str:
    """Give a row of the table."""
    return (
        f"| {name} | {found.inputs:,} | {found.ended / found.inputs:.0%} | {found.slowest:.2f} s "
        f"(input {found.slowest_input}) | {found.inputs / max(found.seconds, 1e-9):,.0f} | "
        f"{len(found.errors)} |"
    )


def main() -> None:
    """Print the table's row, and the errors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER", default=list(READERS))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--inputs", type=int, default=1000)
    options = parser.parse_args()
    for name in options.readers:
        found = fuzz(name, options.first, options.inputs)
        print(describe(name, found), flush=True)
        for error in found.errors[:20]:
            print(" ", error.encode("ascii", "backslashreplace").decode(), flush=True)


if __name__ == "__main__":
    main()
