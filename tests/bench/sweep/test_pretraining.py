"""Micro models that are pretrained for another number of steps, or at another rate, than usual."""

from __future__ import annotations

from pathlib import Path

import pytest

from caopd_bench.core.errors import UsageError
from caopd_bench.sweep.grid.cells import Base
from caopd_bench.sweep.grid.file import read_sweep


def _read(folder: Path, line: str):
    file = folder / "sweep.yaml"
    file.write_text(f"evaluate: {{tasks: [caopd_arith_conf]}}\ncells:\n  - {line}\n")
    return read_sweep(file)


def test_their_length_is_in_every_name(tmp_path):
    """Two bases that differ in length never share a folder, a cell or a key."""
    usual = _read(tmp_path, "{size: 10k, base_seed: 1, method: base}").cells[0]
    short = _read(tmp_path, "{size: 10k, base_seed: 1, pretrain_steps: 9, method: base}").cells[0]
    fast = _read(
        tmp_path,
        "{size: 10k, base_seed: 1, pretrain_steps: 9, pretrain_rate: 0.02, method: base}",
    ).cells[0]
    assert [c.name for c in (usual, short, fast)] == [
        "10k-b1-base",
        "10k-b1-n9-base",
        "10k-b1-n9-r0.02-base",
    ]
    assert [c.base.name for c in (usual, fast)] == ["sure-10k-s1", "sure-10k-s1-n9-r0.02"]
    assert len({c.key for c in (usual, short, fast)}) == 3


@pytest.mark.parametrize(
    ("axis", "wrong"),
    [
        *(("pretrain_steps", wrong) for wrong in ("0", "true", "1.5")),
        *(("pretrain_rate", wrong) for wrong in ("2", "0.0", "fast")),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, axis, wrong):
    """The error names the axis and what it may be."""
    with pytest.raises(UsageError, match=f"cells 1: {axis}: a .*number"):
        _read(tmp_path, f"{{size: 10k, {axis}: {wrong}, method: base}}")


def test_they_are_of_micro_models(tmp_path):
    """A model of one's own has been pretrained already."""
    with pytest.raises(UsageError, match="pretrain_steps is of micro models"):
        _read(tmp_path, "{model: ./mine, pretrain_steps: 9, method: base}")


def test_they_reach_pretraining(tmp_path):
    """The provenance of the base has both numbers."""
    pytest.importorskip("torch")
    import json

    from caopd_bench.sweep.run.bases import find_base

    sweep = _read(tmp_path, "{size: 10k, pretrain_steps: 2, pretrain_rate: 0.02, method: base}")
    folder = find_base(sweep.cells[0].base, sweep)
    known = json.loads((folder / "provenance.json").read_text())
    assert (known["steps"], known["learning_rate"]) == (2, 0.02)
    assert sweep.cells[0].base == Base(corpus="sure", size="10k", steps=2, rate=0.02)
