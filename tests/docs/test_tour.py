"""docs/tour.md shows what its commands print, on logs that its script writes."""

import re
import runpy
from pathlib import Path

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
PLAYER = runpy.run_path(str(HERE / "play_tour.py"))


def test_the_commands_print_what_the_page_shows(tmp_path, monkeypatch):
    """After a change of what is printed: python tests/docs/play_tour.py; then read the page."""
    page = (DOCS / "tour.md").read_text(encoding="utf-8")
    (tmp_path / "docs").symlink_to(DOCS)
    assert PLAYER["play"](page, tmp_path) == page
    # What is not shown with its output works too.
    (command,) = re.findall(r"^caopd-bench report .*$", page, re.MULTILINE)
    PLAYER["_run"](command, tmp_path)
    assert (tmp_path / "may.html").stat().st_size > 50_000
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    *lines, call = code.strip().splitlines()
    call, _, shown = call.partition("  # ")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec("\n".join(lines), names)
    assert repr(eval(call, names)) == shown


def test_the_numbers_in_its_sentences_are_those_of_the_tables():
    page = (DOCS / "tour.md").read_text(encoding="utf-8")
    for number in re.findall(r"\*\*[a-zA-Z ]+ ([+.\d]+)\*\*", page):
        assert re.search(rf"^  [a-zA-Z ]+ {re.escape(number)}", page, re.MULTILINE), number


def test_the_logs_are_those_of_the_script(tmp_path):
    runpy.run_path(str(HERE / "write_tour_logs.py"))["write_logs"](tmp_path)
    for file in sorted((DOCS / "examples" / "tour").glob("*.jsonl")):
        assert file.read_bytes() == (tmp_path / file.name).read_bytes()
    assert len(list(tmp_path.iterdir())) == 2
