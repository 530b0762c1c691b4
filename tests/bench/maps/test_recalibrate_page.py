"""docs/recalibrate.md shows what the commands print."""

import re
from pathlib import Path

from caopd_bench import load_map

PAGE = (Path(__file__).parents[3] / "docs" / "recalibrate.md").read_text(encoding="utf-8")


def test_the_examples(run, tmp_path, monkeypatch):
    """The page writes two files into the current folder, fits to one and maps the other."""
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"^```python\n(import random\n.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    exec(compile(code, "docs/recalibrate.md", "exec"), {})
    shown = re.findall(r"^```\n\$ caopd-bench ([^\n]+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert len(shown) == 2
    for command, expected in shown:
        code, out, err = run(*command.split())
        assert (code, err) == (0, "")
        assert out.strip("\n") == expected.strip("\n")
    ((call, result),) = re.findall(r'^(load_map\("map.json"\).*?)  # (.*)$', PAGE, re.MULTILINE)
    assert repr(eval(call, {"load_map": load_map})) == result
    _, out, _ = run("score", "monday.csv")
    brier, ece = re.search(r"is (0\.\d+) and its ECE (0\.\d+)", PAGE).groups()
    assert f"Brier                  {brier} " in out
    assert f"ECE                    {ece} " in out


def test_every_option_is_on_the_page():
    from caopd_bench.cli import build_parser

    parser = build_parser()._subparsers._group_actions[0].choices["recalibrate"]
    options = set(re.findall(r"--[a-z-]+", parser.format_help()))
    assert {option for option in options if option not in PAGE} <= {"--help", "--output"}
