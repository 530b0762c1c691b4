"""No input makes a reader fail as it should not; `pytest -m slow` reads 100,000 for each reader."""

import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import fuzz  # noqa: E402
from fuzz_mutations import Mutator  # noqa: E402

sys.path.remove(str(HERE))

#: Inputs in the fast suite: a second or two for each reader.
FAST = {"parse_response": 3000, **{name: 3000 for name in fuzz.READERS if "judge" in name}}
FAST |= {"judge latex": 300, "baseline.json": 3000}
OTHERS = 500
#: In which share of the inputs a reader comes to its end, at least; else the changes are too coarse
#: to reach what stands behind its first check.
ENDED = 0.1

each_reader = pytest.mark.parametrize("name", fuzz.READERS)


@each_reader
def test_a_few_inputs(name):
    found = fuzz.fuzz(name, 0, FAST.get(name, OTHERS))
    assert not found.errors, "\n".join(found.errors[:10])
    assert ENDED * found.inputs < found.ended < found.inputs


@pytest.mark.slow
@each_reader
def test_many_inputs(name):
    found = fuzz.fuzz(name, 0, 100_000)
    print(fuzz.describe(name, found))
    assert not found.errors, "\n".join(found.errors[:10])


@each_reader
def test_an_input_can_be_made_again(name, tmp_path):
    make = fuzz.READERS[name].make
    first, again, other = (make(Mutator(f"{name} {seed}"), tmp_path) for seed in (3, 3, 4))
    assert first == again
    assert [make(Mutator(f"{name} {seed}"), tmp_path) for seed in range(5, 9)].count(other) < 4


def _hang(_given, _place):
    while True:
        time.process_time()


def _raise(_given, _place):
    raise KeyError("x")


def _say_nothing(_given, _place):
    raise fuzz.REFUSED[0]("")


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (_hang, ["made 7: Hangs", "made 7: 0."]),
        (_raise, ["made 7: KeyError: 'x' (test_fuzz.py:"]),
        (_say_nothing, ["made 7: refused without a word"]),
        (lambda *_: True, []),
    ],
)
def test_what_is_reported(monkeypatch, read, said):
    monkeypatch.setitem(fuzz.READERS, "made", fuzz.READERS["policy"]._replace(read=read))
    monkeypatch.setattr(fuzz, "HANGS", 0.3)
    monkeypatch.setattr(fuzz, "MOST", 0.2)
    found = fuzz.fuzz("made", 7, 1)
    assert len(found.errors) == len(said)
    for error, start in zip(found.errors, said, strict=True):
        assert error.startswith(start)
