"""docs/commands.md is what the parser gives, and has an example of every command."""

import re
import runpy
from pathlib import Path

from caopd_bench.cli import build_parser

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
WRITER = runpy.run_path(str(HERE / "write_commands.py"))


def test_the_page_is_current():
    """After a change of an option: python tests/docs/write_commands.py."""
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert page == WRITER["render_commands"]()


def test_every_command_has_a_section_with_an_example():
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    assert len(sections) > 15
    for section in sections[:-1]:  # the last one lists the options of flat files
        name = section.partition("\n")[0]
        assert re.search(rf"^caopd-bench {name} .*\S\n```$", section, re.MULTILINE), name


def test_help_names_the_glossary():
    assert (
        "docs/glossary.md" in build_parser()._subparsers._group_actions[0].choices["score"].epilog
    )
