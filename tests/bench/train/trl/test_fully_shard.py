"""The local engine's loss under torch's fully_shard: the same step as unsharded."""

import importlib.util
import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
if not torch.distributed.is_available():
    pytest.skip("this torch has no torch.distributed", allow_module_level=True)

_spec = importlib.util.spec_from_file_location(
    "trl_worker_start", Path(__file__).with_name("trl_worker_start.py")
)
start = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(start)


def test_a_sharded_step_is_the_unsharded_one(tmp_path):
    output = tmp_path / "found.json"
    start.run_two(Path(__file__).with_name("trl_worker_sharded.py"), output)
    found = json.loads(output.read_text(encoding="utf-8"))
    print(found)
    assert found["expected"] > 1e-3
    assert found["loss"] == pytest.approx(found["expected"], abs=1e-6)
    assert found["moved"] > 1e-3
    assert found["apart"] < 1e-6
