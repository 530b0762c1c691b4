"""The site that `tox -e docs` builds has every page of docs/, of which there are few."""

import re
import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {str(page.relative_to(DOCS.parent)) for page in DOCS.rglob("*.md")}


def test_there_are_30_pages_at_most():
    """A page more is a page that somebody has to find: put the text where the question is."""
    assert len(PAGES) <= 30


def test_every_page_is_in_the_menu_once():
    menu = (DOCS / "site" / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    listed = re.findall(r"- (docs/\S+\.md)$", menu, re.MULTILINE)
    assert sorted(listed) == sorted(PAGES)


def test_pages_are_turned_into_what_mkdocs_reads():
    pytest.importorskip("latex2mathml")
    hooks = runpy.run_path(str(DOCS / "site" / "hooks.py"))
    maths = []
    text = "Two:\n- `a$` and $x_1$\n- [b](metrics)\n\n| `a\\|b` | c |\n"
    assert hooks["_convert"](text, DOCS, maths) == (
        "Two:\n\n- `a$` and MATHS0SHTAM\n- [b](metrics/README.md)\n\n| `a|b` | c |\n"
    )
    assert maths[0].startswith("<math")
