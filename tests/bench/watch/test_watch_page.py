"""docs/watch.md shows what the commands print."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[3] / "docs" / "watch.md").read_text(encoding="utf-8")


def without_days(text):
    """Drop the day of the look."""
    return re.sub(r"ALARM since \d{4}-\d\d-\d\d", "ALARM since DAY", text).strip("\n")


def test_the_example(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"^```python\n(import random\n.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    exec(compile(code, "docs/watch.md", "exec"), {})
    ((make, watch, expected),) = re.findall(
        r"^\$ caopd-bench (threshold [^\n]+)\n\$ caopd-bench ([^\n]+)\n(.*?)^```",
        PAGE,
        re.DOTALL | re.MULTILINE,
    )
    assert run(*make.split())[0] == 0
    code, out, err = run(*watch.split())
    assert (code, err) == (1, "")
    assert without_days(out) == without_days(expected)


def test_every_option_is_on_the_page():
    from caopd_bench.cli import build_parser

    parser = build_parser()._subparsers._group_actions[0].choices["watch"]
    options = set(re.findall(r"--[a-z-]+", parser.format_help()))
    assert {option for option in options if option not in PAGE} <= {"--help"}
