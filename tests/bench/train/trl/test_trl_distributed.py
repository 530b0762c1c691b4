"""The trl engine in two processes: a question's rollouts on both of them, one success rate."""

import importlib.util
import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")
safetensors = pytest.importorskip("safetensors.torch")

WORKER = Path(__file__).with_name("trl_worker.py")


def load(path):
    """Import a file beside this one: the tests are no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


trl_worker = load(WORKER)
run_two = load(WORKER.with_name("trl_worker_start.py")).run_two

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*is deprecated and will be removed in v6:FutureWarning"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    trl_worker.save_model(path)
    return path


@pytest.fixture(scope="module")
def two(folder, tmp_path_factory):
    """Train in two processes, which take their time to load, in one mode after the other."""
    home = tmp_path_factory.mktemp("two")
    run_two(WORKER, folder, home / "fixed", home / "sampled")
    return home


def read(output, rank):
    return json.loads((output / f"record-{rank}.json").read_text(encoding="utf-8"))


def test_two_processes_learn_what_one_learns(folder, two, tmp_path):
    one, other = tmp_path / "one", two / "fixed"
    alone = trl_worker.train(folder, one, "fixed")
    first, second = read(other, 0), read(other, 1)

    # Three questions of four rollouts: the second one lies on both processes.
    k, step = trl_worker.K, 0
    places = [[place for place, _ in record["rollouts"]] for record in (first, second)]
    assert len(places[0]) == len(places[1]) == 2 * 6
    assert places[0][step * 6 + k : 6] == places[1][0 : 6 - k]

    assert first["rates"] == second["rates"] == alone["rates"]
    assert alone["rates"][0][:2] == [[2 / 3, 2 / 3, 2 / 3, None], [1 / 4] * 4]
    assert second["rows"] == []
    for ours, theirs in zip(first["rows"], alone["rows"], strict=True):
        assert ours["success_rate"] == theirs["success_rate"]
        assert ours["learning_rate"] == theirs["learning_rate"]
        for name in ("loss", "grad_norm", "entropy", "teacher_entropy"):
            assert ours[name] == pytest.approx(theirs[name], abs=1e-5), name

    weights = [safetensors.load_file(path / "model.safetensors") for path in (one, other)]
    apart = max(float((weights[0][n] - weights[1][n]).abs().max()) for n in weights[0])
    print(f"weights after two steps: {apart:.1e}")
    assert apart < 1e-5


def test_a_split_question_gets_rollouts_of_its_own_on_each_process(two):
    output = two / "sampled"
    k = trl_worker.K
    ours, theirs = (read(output, rank)["rollouts"] for rank in (0, 1))
    split, others = ours[k:6], theirs[: 6 - k]
    assert [place for place, _ in split] == [place for place, _ in others]
    assert read(output, 0)["teacher"]  # saved by the main process, gathered by both
    assert all(ids not in [other for _, other in others] for _, ids in split)
