"""CONTRIBUTING shows the diffs that the tests of this folder apply, and the paths in it exist."""

import re
import runpy
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FOLDERS = ("bench", "docs", "metrics", "reference_runs", "tasks", "tests")
HOW = (
    "put a mark <!-- NAME.diff --> into CONTRIBUTING.md, then: python tests/extending/show_diffs.py"
)


def test_every_diff_is_shown_as_it_is_applied():
    show_diffs = runpy.run_path(str(HERE / "show_diffs.py"))["show_diffs"]
    shown = set(re.findall(r"<!-- (\w+\.diff) -->", PAGE))
    assert shown == {file.name for file in HERE.glob("*.diff")}, HOW
    assert show_diffs(PAGE) == PAGE, HOW


def test_every_path_exists():
    text = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)  # diffs name files that they add
    paths = re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`", text)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []
