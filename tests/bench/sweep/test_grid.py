"""A sweep file: its cells, their names and keys, and what is said of a wrong one."""

import dataclasses
import datetime

import pytest

from caopd_bench.core.errors import UsageError
from caopd_bench.sweep.grid import cells as cells_module
from caopd_bench.sweep.grid.file import read_sweep


def _keys(file):
    return {cell.name: cell.key for cell in read_sweep(file).cells}


def test_a_grid_spans_the_product_of_its_lists(plain, write):
    names = [cell.name for cell in read_sweep(write(plain)).cells]
    assert names == [
        "10k-b0-base",
        "10k-b0-opd-s0",
        "10k-b0-opd-s1",
        "10k-b0-caopd-s0",
        "10k-b0-caopd-s1",
    ]


def test_a_changed_setting_changes_the_cells_it_is_in_and_no_others(plain, write):
    before = _keys(write(plain))
    plain["settings"]["steps"] = 3
    after = _keys(write(plain))
    assert after["10k-b0-base"] == before["10k-b0-base"]
    assert all(after[name] != key for name, key in before.items() if name != "10k-b0-base")


def test_a_change_of_one_grid_leaves_the_others(plain, write):
    before = _keys(write(plain))
    plain["cells"].append({"size": "10k", "method": "caopd", "k": [1, 4], "prompts_per_step": 8})
    after = _keys(write(plain))
    assert {name: after[name] for name in before} == before
    assert "10k-b0-caopd-k=4-prompts_per_step=8-s0" in after


@pytest.mark.parametrize("where", ["output", "save_every", "bases"])
def test_where_and_how_often_it_is_saved_is_not_what_it_is(plain, write, where):
    before = _keys(write(plain))
    if where == "save_every":
        plain["settings"][where] = 7
    else:
        plain[where] = "elsewhere"
    assert _keys(write(plain)) == before


def test_evaluation_is_part_of_every_key(plain, write):
    before = _keys(write(plain))
    plain["evaluate"]["limit"] = 41
    after = _keys(write(plain))
    assert not set(before.values()) & set(after.values())


def test_settings_of_one_size_win_over_those_of_all(plain, write):
    plain["settings_by_model"] = {"10k": {"learning_rate": 0.5}}
    plain["cells"].append({"size": "33k", "method": "opd"})
    rates = {c.name: [s["learning_rate"] for s in c.stages] for c in read_sweep(write(plain)).cells}
    assert rates["10k-b0-opd-s0"] == [0.5]
    assert rates["33k-b0-opd-s0"] == [0.003]


def test_stages_are_runs_one_after_the_other(plain, write):
    plain["cells"] = [
        {"size": "10k", "method": "opd", "stages": [{"families": "sum"}, {"families": "product"}]}
    ]
    (cell,) = read_sweep(write(plain)).cells
    assert [stage["families"] for stage in cell.stages] == ["sum", "product"]
    assert cell.name == "10k-b0-opd-stages=sum.product-s0"


def test_a_name_is_a_file_name_and_not_too_long(plain, write):
    plain["cells"] = [
        {"size": "10k", "method": "opd", "label": "a/b ../c: " + "x" * 300},
        {"model": "/some/where/model-1", "method": "base"},
    ]
    cells = read_sweep(write(plain)).cells
    assert all("/" not in cell.name and len(cell.name) <= 150 for cell in cells)
    assert cells[1].name == "model-1-base"


def test_a_setting_that_a_release_adds_changes_no_key(plain, write, monkeypatch):
    """Defaults are not hashed: years of cells are not run again for a new option."""
    before = _keys(write(plain))
    monkeypatch.setattr(cells_module.TrainSettings, "added", "new", raising=False)
    for cell in read_sweep(write(plain)).cells:
        stages = tuple({**stage, "added": "new"} for stage in cell.stages)
        assert dataclasses.replace(cell, stages=stages).key == before[cell.name]
        stages = tuple({**stage, "added": "other"} for stage in cell.stages)
        if stages:
            assert dataclasses.replace(cell, stages=stages).key != before[cell.name]


def test_a_number_that_yaml_takes_for_a_word_is_read(plain, write):
    text = write(plain).read_text().replace("learning_rate: 0.003", "learning_rate: 1e-5")
    file = write(plain)
    file.write_text(text, encoding="utf-8")
    assert read_sweep(file).cells[1].stages[0]["learning_rate"] == 1e-5


def test_a_train_file_is_looked_for_beside_the_sweep(plain, write):
    plain["settings"] |= {"task": "caopd_gsm8k_conf", "train_file": "rows.jsonl"}
    file = write(plain)
    cell = read_sweep(file).cells[1]
    assert cell.stages[0]["train_file"] == str(file.parent / "rows.jsonl")
    other = read_sweep(write(plain, folder="elsewhere")).cells[1]
    assert other.key == cell.key
    # By what is in it: rows that were changed are other rows, whatever they are called.
    nothing = cell.key
    rows = file.parent / "rows.jsonl"
    rows.write_text("one\n", encoding="utf-8")
    one = read_sweep(file).cells[1].key
    rows.write_text("another\n", encoding="utf-8")
    assert len({nothing, one, read_sweep(file).cells[1].key}) == 3
    rows.write_text("one\n", encoding="utf-8")
    assert read_sweep(file).cells[1].key == one


def test_a_model_of_several_base_seeds(plain, write):
    grid = {"model": "./warm-s{base_seed}", "base_seed": [0, 2], "method": ["base", "opd"]}
    plain["cells"] = [grid]
    plain["settings_by_model"] = {"./warm-s{base_seed}": {"steps": 7}}
    cells = read_sweep(write(plain)).cells
    assert [cell.name for cell in cells] == [
        "warm-s0-base",
        "warm-s0-opd-s0",
        "warm-s2-base",
        "warm-s2-opd-s0",
    ]
    assert [(cell.base.model, cell.base.seed) for cell in cells[1::2]] == [
        ("./warm-s0", 0),
        ("./warm-s2", 2),
    ]
    assert {cell.base.kind for cell in cells} == {"./warm-s{base_seed}"}
    assert [cell.stages[0]["steps"] for cell in cells[1::2]] == [7, 7]
    # The key is that of the folder: the same cell, named without a pattern, is not run again.
    plain["cells"] = [{"model": "./warm-s2", "method": "base"}]
    del plain["settings_by_model"]
    assert read_sweep(write(plain)).cells[0].key == cells[2].key


WRONG = {
    "a base seed of one model": (
        {"cells": [{"model": "./x", "base_seed": 0, "method": "base"}]},
        r"base_seed: write \{base_seed\} into 'model'",
    ),
    "a model without its seed": (
        {"cells": [{"model": "./x-{base_seed}", "method": "base"}]},
        "give 'base_seed'",
    ),
    "a corpus of a model": (
        {"cells": [{"model": "./x", "corpus": "sure", "method": "base"}]},
        "corpus is of micro models",
    ),
    "no cells": ({"cells": []}, "cells"),
    "unknown field": ({"setings": {}}, "setings: unknown field; did you mean settings"),
    "unknown field inside": ({"evaluate": {"batchsize": 1}}, "did you mean batch_size"),
    "a value twice": ({"cells": [{"method": "opd", "size": "10k", "seed": [0, 0]}]}, "twice"),
    "no method": ({"cells": [{"size": "10k"}]}, "no 'method'"),
    "no model": ({"cells": [{"method": "opd"}]}, "give 'model', or 'size'"),
    "two models": ({"cells": [{"method": "base", "size": "10k", "model": "x"}]}, "give 'model'"),
    "a size": ({"cells": [{"method": "base", "size": "11k"}]}, "size: must be one of"),
    "a method": ({"cells": [{"method": "oops", "size": "10k"}]}, "method"),
    "a setting": ({"cells": [{"method": "opd", "size": "10k", "stepz": 1}]}, "did you mean steps"),
    "a trained base": ({"cells": [{"method": "base", "size": "10k", "k": 3}]}, "take k out"),
    "an empty list": ({"cells": [{"method": [], "size": "10k"}]}, "an empty list"),
    "a stage": ({"cells": [{"method": "opd", "size": "10k", "stages": [["x"]]}]}, "mapping"),
    "a date": ({"evaluate": {"metadata": {"when": datetime.date(2026, 1, 1)}}}, "quote dates"),
    "no threads": ({"settings": {"threads": None}}, "threads: a number"),
    "settings of nobody": ({"settings_by_model": {"10K": {}}}, "no cell has '10K'"),
    "a seed of settings": ({"settings": {"seed": 5}}, "settings: 'seed' belongs in an entry"),
    "a method of one size": (
        {"settings_by_model": {"10k": {"method": "opd"}}},
        "settings_by_model.10k: 'method' belongs",
    ),
    "a seed of a stage": (
        {"cells": [{"method": "opd", "size": "10k", "stages": [{"seed": 1}]}]},
        "stages: 'seed' belongs",
    ),
    "a seed in words": ({"cells": [{"method": "opd", "size": "10k", "seed": ["0", 1]}]}, "seed: a"),
    "a label of nothing": (
        {"cells": [{"method": "opd", "size": "10k", "label": ""}]},
        "an empty word",
    ),
    "a label that is yes": (
        {"cells": [{"method": "opd", "size": "10k", "label": True}]},
        "label: a word",
    ),
    "no batch": ({"evaluate": {"batch_size": 0}}, "batch_size"),
    "a dated label": (
        {"cells": [{"method": "opd", "size": "10k", "label": datetime.date(2026, 1, 1)}]},
        "label: a word",
    ),
    "a folder": ({"cells": [{"method": "base", "model": ".."}]}, "a folder or a name"),
    "a task list": ({"evaluate": {"tasks": []}}, "evaluate.tasks"),
    "twice": (
        {
            "cells": [
                {"method": "opd", "size": "10k"},
                {"method": "opd", "size": "10k", "stages": [{"k": 4}], "label": None},
                {"method": "opd", "size": "10k", "stages": [{"k": 5}], "label": "x"},
                {"method": "opd", "size": "10k", "stages": [{"k": 6}], "label": "x"},
            ]
        },
        "twice with other settings",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_gets_one_line_that_names_the_field(plain, write, case):
    changes, said = WRONG[case]
    file = write({**plain, **changes})
    with pytest.raises(UsageError, match=said) as caught:
        read_sweep(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value).strip()
