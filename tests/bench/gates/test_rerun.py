"""A rerun is of the same checkpoint, and rows that are the same measure no noise."""

from dataclasses import replace

import pytest

from caopd_bench.runs.read import read_run
from caopd_bench.runs.stored.baseline import read_baseline
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.scores.score import score

# What is drawn for the plan of a reference is not what these tests are about.
pytestmark = pytest.mark.usefixtures("few_draws")

IDENTICAL = "the rows of both runs are identical, so no noise was measured"
REASON = ("--reason", "r")
OURS, THEIRS = "4708252f" + 8 * "0", "28f71ca6" + 8 * "1"


@pytest.fixture
def make(populations, tmp_path):
    """Store a run of a name; rows `a`, `rerun` (a fifth sampled anew), or `other`."""
    first, second = (populations.draw(400, seed) for seed in (1, 2))
    made = {
        "a": first,
        "rerun": populations.redecode(first, second, 1, share=0.2),
        "other": (first[0], first[1] * 0),
    }

    def store(name, rows, weights=None):
        run = populations.make_run(*made[rows], name, settings={"weights": weights})
        write_stored(run, score(run), tmp_path / name)
        return tmp_path / name

    return store


def ways(base, cand, tmp_path):
    """Every command that takes a rerun."""
    ref = tmp_path / "ref"
    yield ("baseline", "init", base, "--output", tmp_path / "new", *REASON, "--aa", cand), "--aa"
    words = ("--accept-regression", *REASON, "--aa", cand)
    yield ("baseline", "update", base, "--output", ref, *words), "--aa"
    yield ("gate", "--suggest-margins", "--reference", base, cand), "RERUN"


@pytest.mark.parametrize("way", range(3))
def test_other_weights_are_no_rerun(make, run, tmp_path, way):
    base, cand = make("base", "a", OURS), make("cand", "rerun", THEIRS)
    assert run("baseline", "init", base, "--output", tmp_path / "ref", *REASON)[0] == 0
    before = {file.name: file.read_bytes() for file in (tmp_path / "ref").iterdir()}
    words, argument = list(ways(base, cand, tmp_path))[way]
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert (
        f"{argument} {cand}: has different weights (28f71ca6... against 4708252f...); a rerun "
        "must use the same checkpoint" in err
    )
    assert not (tmp_path / "new").exists()
    assert {file.name: file.read_bytes() for file in (tmp_path / "ref").iterdir()} == before


def test_weights_that_begin_alike_are_shown_whole(make, run, tmp_path):
    base, cand = make("base", "a", "4708252f00"), make("cand", "rerun", "4708252f01")
    code, _, err = run(
        "baseline", "init", base, "--output", tmp_path / "new", *REASON, "--aa", cand
    )
    assert code == 2
    assert "(4708252f01 against 4708252f00)" in err


@pytest.mark.parametrize("way", range(3))
@pytest.mark.parametrize(
    ("rows", "ours", "theirs", "is_doubted"),
    [
        ("other", None, None, True),
        ("other", OURS, None, True),
        ("other", None, OURS, True),
        ("other", OURS, OURS, False),
        ("rerun", None, None, False),
    ],
)
def test_a_number_that_moves_too_far_is_doubted(
    make, run, tmp_path, way, rows, ours, theirs, is_doubted
):
    base, cand = make("base", "a", ours), make("cand", rows, theirs)
    assert run("baseline", "init", base, "--output", tmp_path / "ref", *REASON)[0] == 0
    words, argument = list(ways(base, cand, tmp_path))[way]
    code, _, err = run(*words)
    assert code == 0
    assert (f"WARNING: {argument} {cand}: caopd_math_conf " in err) is is_doubted
    assert ("more than 6 standard errors" in err) is is_doubted


def test_identical_rows_measure_no_noise(make, run, tmp_path):
    base, cand = make("base", "a", OURS), make("cand", "a", OURS)
    assert run("baseline", "init", base, "--output", tmp_path / "ref", *REASON)[0] == 0
    *making, (suggest, _) = ways(base, cand, tmp_path)
    for words, _ in making:
        code, out, err = run(*words)
        assert code == 0
        assert err.count(IDENTICAL) == 1
        assert "moved by" not in out
    plans = []
    for name in ("new", "ref"):
        assert read_baseline(tmp_path / name).rerun == []
        plans.append(run("gate", "--plan", "--reference", tmp_path / name)[1])
    # As of a reference of which no rerun is known.
    plain = run("gate", "--plan", "--reference", base)[1]
    assert [plan.splitlines()[1:] for plan in plans] == [plain.splitlines()[1:]] * 2
    code, out, err = run(*suggest)
    assert (code, out) == (2, "")
    assert IDENTICAL in err
    assert err.count("\n") == 1


def test_a_task_of_identical_rows_is_named(make, run, tmp_path):
    same, moved = read_run(make("one", "a")), read_run(make("two", "rerun"))
    for name, second in (("base", same), ("cand", moved)):
        rows = [*same.rows, *(replace(row, task="other_conf") for row in second.rows)]
        both = replace(same, rows=rows, name=name)
        write_stored(both, score(both), tmp_path / name)
    words = ("--output", tmp_path / "new", *REASON, "--aa", tmp_path / "cand")
    code, _, err = run("baseline", "init", tmp_path / "base", *words)
    assert code == 0
    assert f"caopd_math_conf: {IDENTICAL}" in err
    assert {noise.task for noise in read_baseline(tmp_path / "new").rerun} == {"other_conf"}


@pytest.mark.parametrize("reason", ["", " ", "\u200b", "\u3164", "\x00", "\x1b[0m", "-", "a\nb"])
def test_a_reason_that_says_nothing_is_refused(make, run, tmp_path, reason):
    base, ref = make("base", "a"), tmp_path / "ref"
    assert run("baseline", "init", base, "--output", ref, "--reason", "gr\u00fcn")[0] == 0
    for words in (("init", base, "--output", tmp_path / "new"), ("update", base, "--output", ref)):
        code, _, err = run("baseline", *words, f"--reason={reason}")
        assert code == 2
        assert "--reason: must be one line with the reason" in err
    assert not (tmp_path / "new").exists()
