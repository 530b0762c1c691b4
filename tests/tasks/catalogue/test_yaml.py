"""The YAML of all tasks: what the writer writes, and what the documentation lists."""

from pathlib import Path

import pytest
import yaml

from caopd_bench.tasks.ask.documents import WAYS
from caopd_bench.tasks.catalogue.items import SETS
from caopd_bench.tasks.catalogue.listing import list_tasks, render_markdown
from caopd_bench.tasks.write_yaml import FAMILIES, ROOT, render_all
from caopd_bench.tasks.write_yaml import WAYS as WRITTEN_WAYS

DOCS = Path(__file__).parents[3] / "docs"


def test_the_files_are_those_that_are_written():
    written = render_all()
    assert set(ROOT.rglob("*.yaml")) == set(written)
    for path, text in written.items():
        assert path.read_text(encoding="utf-8") == text, f"{path}: run tasks/write_yaml.py"


def test_every_set_is_asked_in_every_way():
    assert tuple(WRITTEN_WAYS) == WAYS
    assert set(FAMILIES) == set(SETS)
    names = {task.name for task in list_tasks()}
    assert {f"caopd_{name}_{way}" for name in SETS for way in WAYS} <= names
    assert len([name for name in names if name.startswith("caopd_math_panel_")]) == 12
    assert len(names) == len(SETS) * len(WAYS) + 12


def test_every_task_fixes_its_decoding():
    for task in list_tasks():
        text = task.path.read_text(encoding="utf-8")
        if task.way == "ptrue":
            assert "generation_kwargs" not in text
            continue
        sampled = task.way in ("conf_t1", "sc8", "priv_sc8")
        assert f"do_sample: {str(sampled).lower()}\n" in text
        assert f"temperature: {1.0 if sampled else 0.0}\n" in text
        assert task.max_tokens is not None
        assert task.max_tokens >= (32 if task.questions == "arith" else 256)


def test_the_page_of_tasks_is_the_table():
    page = (DOCS / "tasks.md").read_text(encoding="utf-8")
    assert render_markdown() in page, "run: caopd-bench tasks --markdown, into docs/tasks.md"


@pytest.mark.parametrize("name", ["conf", "sampled", "stated", "truth"])
def test_a_template_is_not_a_task(name):
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!function", lambda _loader, node: node.value)
    text = (ROOT / "ways" / f"_{name}.yml").read_text(encoding="utf-8")
    template = yaml.load(text, Loader)
    assert "task" not in template
    assert not list(ROOT.rglob(f"_{name}.yaml"))  # lm-eval would try to read it as one
