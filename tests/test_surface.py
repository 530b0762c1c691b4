"""Public names, commands, options and exit codes are those that users know, and stand in a page."""

import doctest
import importlib
import json
import re
import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
PACKAGES = ("caopd_bench", "caopd_bench.metrics", "caopd_bench.tasks")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def names_in_code():
    """Words in code of all pages, but for those that say why something was decided."""
    pages = [page for page in DOCS.rglob("*.md") if "decisions" not in page.parts]
    code = (code for page in pages for code in CODE.findall(page.read_text(encoding="utf-8")))
    return {word for part in code for word in re.findall(r"\w+", part)}


def test_nothing_that_users_build_on_changed_unseen():
    """What is added, renamed or removed is written down: `write_surface.py`, and the CHANGELOG."""
    found = runpy.run_path(str(HERE / "write_surface.py"))["describe_surface"]()
    known = json.loads((HERE / "surface.json").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(found)) == known


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_stands_in_a_page(package):
    names = importlib.import_module(package).__all__
    known = names_in_code()
    assert [name for name in names if name not in known] == []
    assert "no_such_name" not in known


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_can_be_imported(package):
    module = importlib.import_module(package)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert len(set(module.__all__)) == len(module.__all__)


def test_every_name_of_the_two_small_packages_is_on_the_page_of_the_api():
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    words = {word for part in CODE.findall(page) for word in re.findall(r"\w+", part)}
    for package in ("caopd_bench", "caopd_bench.tasks"):
        assert [n for n in importlib.import_module(package).__all__ if n not in words] == []


def test_the_examples_of_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # they write files
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(>>> .*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 2
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "api.md", "api.md", 0)
    report = []
    doctest.DocTestRunner(verbose=False).run(session, out=report.append)
    assert not report, "".join(report)
