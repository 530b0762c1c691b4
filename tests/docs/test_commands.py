"""docs/commands.md is what the parser gives, and has an example of every command."""

import re
import runpy
import shlex
import textwrap
from pathlib import Path

from caopd_bench.cli.parser import build_parser, read_command
from caopd_bench.cli.sweep import EXAMPLE
from caopd_bench.sweep.grid.file import read_sweep

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
WRITER = runpy.run_path(str(HERE / "write_commands.py"))
SECTIONS = [*WRITER["_walk"](build_parser(), "")]


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


def test_every_example_is_a_command_that_the_parser_reads():
    for name, _, parser in SECTIONS:
        assert parser.examples, name
        for example in parser.examples:
            words = shlex.split(example)
            assert " ".join(words).startswith(name)
            assert len(f"  caopd-bench {example}") < 88, "it must fit on a line of a terminal"
            assert read_command(words).name == name.partition(" ")[0]


def test_no_option_lacks_a_text():
    for name, _, parser in SECTIONS:
        assert [action.dest for action in parser._actions if not action.help] == [], name


def test_help_explains_the_words_of_the_tables():
    for command in ("score", "compare"):
        shown = next(parser for name, _, parser in SECTIONS if name == command).format_help()
        for word in ("MCB, DSC, UNC", "SPR", "tie rate", "gap"):
            assert re.search(rf"^  {word}  +\S", shown, re.MULTILINE), word


def test_the_file_in_the_help_of_sweep_is_a_sweep(tmp_path):
    file = tmp_path / "sweep.yaml"
    file.write_text(textwrap.dedent(EXAMPLE.partition("\n")[2]), encoding="utf-8")
    cells = read_sweep(file, tmp_path).cells
    assert len(cells) == 7
    assert {cell.method for cell in cells} == {"base", "opd", "caopd"}
