"""Every example in docs/metrics has the output that it claims."""

import doctest
import re
from pathlib import Path

import pytest

from caopd_bench import metrics
from caopd_bench.metrics import METRICS
from caopd_bench.metrics.__main__ import replace_table

DOCS = Path(__file__).parents[2] / "docs" / "metrics"
PAGES = sorted(DOCS.glob("*.md"))
LINK = re.compile(r"\]\(([^)]+)\)")
BLOCK = re.compile(r"^```python\n(>>> .*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_the_page(page):
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    # One session a page, as a reader would run it.
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page.name, str(page), 0)
    report = []
    doctest.DocTestRunner(verbose=False).run(session, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_exist(page):
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    files = [target.partition("#")[0] for target in targets if "://" not in target]
    assert [file for file in files if file and not (page.parent / file).is_file()] == []


def test_the_table_of_the_first_page_is_written_from_the_rows():
    """After a change: python -m caopd_bench.metrics docs/metrics/README.md."""
    first = (DOCS / "README.md").read_text(encoding="utf-8")
    assert replace_table(first) == first
    assert [name for name in METRICS if f"| `{name}` |" not in first] == []


def test_every_public_name_is_on_some_page():
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    names = [name for name in metrics.__all__ if not name[0].isupper()]
    assert [name for name in names if name not in pages] == []


def test_pictures_are_small():
    assert [file for file in DOCS.glob("*.png") if file.stat().st_size > 120_000] == []
