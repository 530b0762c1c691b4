"""docs/threshold.md and the README show what the command prints."""

import re
from pathlib import Path

from caopd_bench import load_threshold

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "threshold.md").read_text(encoding="utf-8")
SHOWN = re.compile(r"^\$ caopd-bench (threshold [^\n]+)\n((?:(?!^(?:\$|```)).*\n)*)", re.MULTILINE)


def test_the_examples(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"^```python\n(import random\n.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    exec(compile(code, "docs/threshold.md", "exec"), {})
    shown = SHOWN.findall(PAGE)
    assert len(shown) == 2
    for command, expected in shown:
        code, out, err = run(*command.split())
        assert (code, err) == (0, "")
        assert out.strip("\n") == expected.strip("\n")
    ((call, result),) = re.findall(r"^(promise\.keep\(.*?)  # (.*)$", PAGE, re.MULTILINE)
    assert repr(eval(call, {"promise": load_threshold("threshold.json")})) == result


def test_the_lines_of_the_readme_are_printed(run, tmp_path, monkeypatch):
    found = SHOWN.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(found) == 2
    for command, lines in found:
        words = [
            str(ROOT / word) if word.startswith("reference_runs") else word
            for word in command.split()
        ]
        monkeypatch.chdir(tmp_path)
        _, out, _ = run(*words)
        for line in lines.strip("\n").splitlines():
            assert line.removesuffix(", ...") in out


def test_every_option_is_on_the_page():
    from caopd_bench.cli import build_parser

    parser = build_parser()._subparsers._group_actions[0].choices["threshold"]
    options = set(re.findall(r"--[a-z-]+", parser.format_help()))
    assert {option for option in options if option not in PAGE} <= {"--help", "--output"}
