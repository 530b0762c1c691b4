"""A promise on 1,000 answers, and logs of what came later."""

import random

import pytest

from caopd_bench import threshold

VALUES = (0.5, 0.7, 0.9, 0.97, 0.99, 1.0)


def draw(n, seed, drift=0.0):
    """Draw (confidence, outcome): right a little less often than stated."""
    rng = random.Random(seed)
    stated = [rng.choice(VALUES) for _ in range(n)]
    return [(c, int(rng.random() < c - 0.02 - drift)) for c in stated]


@pytest.fixture(scope="session")
def promise_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("promise")
    rows = "".join(f"{c},{y}\n" for c, y in draw(3000, 1))
    (folder / "calibration.csv").write_text(f"confidence,correct\n{rows}")
    threshold(folder / "calibration.csv", max_risk=0.05).save(folder / "threshold.json")
    return folder / "threshold.json"


@pytest.fixture
def watch(run, promise_file, tmp_path):
    """Call the command: (code, out, err)."""

    def call(log, *more, state=tmp_path / "state", threshold=promise_file):
        return run("watch", log, "--threshold", threshold, "--state", state, *more)

    return call


@pytest.fixture
def drawn():
    return draw
