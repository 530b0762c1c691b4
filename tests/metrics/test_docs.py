"""Every example in docs/metrics has the output that it claims."""

import doctest
import re
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[2] / "docs" / "metrics").glob("*.md"))
BLOCK = re.compile(r"^```python\n(>>> .*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_the_page(page):
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    # One session a page, as a reader would run it.
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page.name, str(page), 0)
    report = []
    doctest.DocTestRunner(verbose=False).run(session, out=report.append)
    assert not report, "".join(report)


def test_the_pages_are_there():
    assert {"calibration.md", "ranking.md", "scores.md"} <= {page.name for page in PAGES}
