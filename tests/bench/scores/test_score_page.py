"""docs/score.md shows what the commands print."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[3] / "docs" / "score.md").read_text(encoding="utf-8")


def test_the_example(run, tmp_path, monkeypatch):
    """The page writes a file into the current folder and scores it."""
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"^```python\n(import random\n.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    exec(compile(code, "docs/score.md", "exec"), {})
    ((command, shown),) = re.findall(
        r"^```\n\$ caopd-bench ([^\n]+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    code, out, err = run(*command.split())
    assert (code, err) == (0, "")
    assert out.strip("\n") == shown.strip("\n")


def test_every_line_of_the_table_and_every_option_is_explained():
    from caopd_bench.cli import build_parser
    from caopd_bench.scores.table import LABELS

    for label in LABELS.values():
        assert f"\n| {label.strip()}" in PAGE, label
    options = re.findall(
        r"--[a-z-]+", build_parser()._subparsers._group_actions[0].choices["score"].format_help()
    )
    assert {option for option in options if option not in PAGE} <= {"--help"}
