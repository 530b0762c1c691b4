"""The YAML of all tasks: what the writer writes, and what the documentation lists."""

from pathlib import Path

import pytest
import yaml

from caopd_bench.tasks.ask.prompts import PANEL
from caopd_bench.tasks.catalogue.dataset import dataset
from caopd_bench.tasks.catalogue.datasets import DATASETS
from caopd_bench.tasks.catalogue.ways import WAYS
from caopd_bench.tasks.listing import ROOT, TABLES, list_tasks
from caopd_bench.tasks.write_yaml import render_pages, render_yaml

COMMAND = "python -m caopd_bench.tasks.write_yaml"

DOCS = Path(__file__).parents[3] / "docs"


def test_the_files_are_those_that_are_written():
    written = render_yaml()
    assert set(ROOT.rglob("*.yaml")) == set(written)
    for path, text in written.items():
        assert path.read_text(encoding="utf-8") == text, f"{path}: run {COMMAND}"


def test_every_set_is_asked_in_every_way():
    names = {task.name for task in list_tasks()}
    panel = {name for name in names if name.startswith("caopd_math_panel_")}
    assert len(panel) == 2 * len(PANEL)  # two sets of exemplars
    assert names - panel == {f"caopd_{name}_{way}" for name in DATASETS for way in WAYS}


def test_every_task_fixes_its_decoding():
    for task in list_tasks():
        text = task.path.read_text(encoding="utf-8")
        way = WAYS["conf" if task.way == "panel" else task.way]
        if not way.generates:
            assert "generation_kwargs" not in text
            continue
        sampled = task.way.endswith(("_t1", "sc8"))
        assert sampled is way.sampled
        assert f"do_sample: {str(sampled).lower()}\n" in text
        assert f"temperature: {1.0 if sampled else 0.0}\n" in text
        assert task.max_tokens is not None
        assert task.max_tokens >= (32 if task.questions == "arith" else 256)


def test_the_tables_of_the_pages_are_those_that_are_written():
    # Those of the checkout, which an installed package does not have.
    written = render_pages(DOCS)
    pages = {page: page.read_text(encoding="utf-8") for page in written}
    for page, text in written.items():
        assert pages[page] == text, f"{page}: run {COMMAND}"
    for name, render in TABLES.items():
        assert any(render() in text for text in pages.values()), f"no page has the table of {name}"


def test_two_datasets_of_one_name_are_refused():
    with pytest.raises(ValueError, match="'gsm8k' is defined twice"):
        dataset("gsm8k", "another", DATASETS["gsm8k"].source, max_tokens=8)(dict)


def test_a_table_that_nobody_knows_is_named(tmp_path):
    (tmp_path / "p.md").write_text("<!-- table of task -->\n<!-- end of table -->\n")
    with pytest.raises(ValueError, match=r"p\.md: no table of task; known: tasks, datasets"):
        render_pages(tmp_path)


@pytest.mark.parametrize("name", ["conf", "sampled", "stated", "truth"])
def test_a_template_is_not_a_task(name):
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!function", lambda _loader, node: node.value)
    text = (ROOT.parent / "ways" / f"_{name}.yml").read_text(encoding="utf-8")
    template = yaml.load(text, Loader)
    assert "task" not in template
    assert not list(ROOT.rglob(f"_{name}.yaml"))  # lm-eval would try to read it as one
