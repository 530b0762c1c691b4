"""A sweep of a few seconds: the smallest stored base, a few steps, forty questions."""

import copy
from pathlib import Path

import pytest
import yaml

BASES = Path(__file__).parents[3] / "reference_runs" / "bases"
FIELDS = {
    "title": "small",
    "bases": str(BASES),
    "settings": {
        "task": "caopd_arith_conf",
        "steps": 2,
        "prompts_per_step": 4,
        "k": 2,
        "learning_rate": 0.003,
        "max_new_tokens": 12,
        "teacher_ema": 0.0,
        "save_every": 1,
    },
    "evaluate": {"tasks": ["caopd_arith_conf"], "batch_size": 40, "limit": 40},
    "cells": [
        {"size": "10k", "method": "base"},
        {"size": "10k", "method": ["opd", "caopd"], "seed": [0, 1]},
    ],
}


@pytest.fixture(scope="session")
def bases():
    """Give the folder of the stored bases."""
    return BASES


@pytest.fixture(scope="session")
def make_fields():
    """Give the fields of a small sweep file, a copy at each call."""
    return lambda: copy.deepcopy(FIELDS)


@pytest.fixture
def plain(make_fields):
    """Give the fields of a small sweep file; tests change and write them."""
    return make_fields()


@pytest.fixture
def write(tmp_path):
    """Write the fields of a file into a folder of its own; gives the file."""

    def _write(fields, name="sweep.yaml", folder="sweep"):
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        file = place / name
        file.write_text(yaml.safe_dump(fields, sort_keys=False), encoding="utf-8")
        return file

    return _write
