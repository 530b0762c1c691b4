"""The last lines of a training run: how far it moved, whether it learned, and what comes next."""

import json
import random
import shlex

import pytest

from caopd_bench.train.watch.history import COLUMNS, History
from caopd_bench.train.watch.outcome import describe_movement, next_commands

NOTHING = "warning: the rollouts show no learning: accuracy and stated confidence changed no more"


@pytest.fixture
def file(tmp_path):
    """Write training.csv of a run whose columns are given, a value a step."""

    def write(steps=40, **columns):
        history = History(tmp_path / "training.csv")
        assert set(columns) <= set(COLUMNS)
        for i in range(steps):
            row = {name: values[i] for name, values in columns.items()}
            history.append({"step": i + 1, "loss": 0.5, **row})
        return history.path

    return write


def scattered(start, end, steps=40, width=0.05, seed=1):
    rng = random.Random(seed)
    return [
        start + (end - start) * i / max(1, steps - 1) + rng.gauss(0, width) for i in range(steps)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_a_run_that_moved_says_how_far(file, seed):
    made = file(accuracy=scattered(0.5, 0.8, seed=seed), stated=[0.9] * 40)
    (line,) = describe_movement(made)
    assert line.startswith("rollouts: accuracy 0.")
    assert ", stated confidence 0.900 to 0.900 (means of the first and last 10 of 40 steps)" in line


def test_a_run_that_stands_still_has_learned_nothing(file):
    warned = 0
    for seed in range(40):
        made = file(accuracy=scattered(0.5, 0.5, seed=seed), stated=[0.95] * 40)
        lines = describe_movement(made)
        assert lines[0].startswith("rollouts: ")
        warned += len(lines) == 2 and lines[1].startswith(NOTHING)
    assert warned >= 35  # two standard errors


@pytest.mark.parametrize("moved", [{"accuracy": 0.3}, {"stated": -0.3}])
def test_one_of_the_two_is_enough(file, moved):
    columns = {name: scattered(0.5, 0.5 + moved.get(name, 0.0)) for name in ("accuracy", "stated")}
    assert len(describe_movement(file(**columns))) == 1


def test_a_movement_that_is_nothing_to_look_at(file):
    made = file(accuracy=[0.5] * 20 + [0.505] * 20, stated=[1.0] * 40)
    assert describe_movement(made)[-1].startswith(NOTHING)


@pytest.mark.parametrize(("steps", "lines"), [(1, 0), (2, 2), (7, 2), (8, 2)])
def test_short_runs(file, steps, lines):
    said = describe_movement(file(steps, accuracy=[0.5] * steps, stated=[0.9] * steps))
    assert len(said) == lines
    if lines:
        assert said[0].startswith("rollouts: accuracy 0.500 to 0.500")
        assert said[1].startswith(NOTHING if steps >= 8 else f"{steps} steps are too few to tell")


def test_steps_without_an_update_are_counted(file):
    losses = [float("nan") if i % 4 == 0 else 0.1 for i in range(40)]
    said = describe_movement(file(loss=losses, accuracy=scattered(0.2, 0.9), stated=[0.9] * 40))
    assert said[0] == "10 of 40 steps updated nothing; training.csv gives the reasons"
    assert len(said) == 2


@pytest.mark.parametrize(("last", "warned"), [(0.1, False), (1.0, True), (1.4, True)])
def test_without_rollouts_the_loss_is_looked_at(file, last, warned):
    said = describe_movement(file(loss=[1.0] * 20 + [last] * 20))
    assert said[0] == f"loss 1.0000 to {last:.4f} (no rollouts; evaluate the checkpoint)"
    assert [line.startswith("warning: ") for line in said[1:]] == [True] * warned


def test_an_empty_file(file):
    assert describe_movement(file(0)) == []


def test_the_next_commands_can_be_typed(tmp_path):
    head, *lines = next_commands(tmp_path / "a b", "caopd_math_conf")
    assert head == "next:"
    evaluate, score = (shlex.split(line) for line in lines)
    assert evaluate[:5] == [
        "lm_eval",
        "--model",
        "hf",
        "--model_args",
        f"pretrained={tmp_path}/a b",
    ]
    assert evaluate[evaluate.index("--output_path") + 1] == score[2] == f"{tmp_path}/a b-eval"
    assert score[:2] == ["caopd-bench", "score"]
    assert "--apply_chat_template" not in evaluate
    assert "--metadata" not in evaluate


def test_the_next_commands_ask_as_the_training_did(tmp_path):
    _, line, _ = next_commands(tmp_path / "a", "caopd_math_conf", chat=True, levels="1-3")
    evaluate = shlex.split(line)
    assert "--apply_chat_template" in evaluate
    assert json.loads(evaluate[evaluate.index("--metadata") + 1]) == {"levels": "1-3"}
