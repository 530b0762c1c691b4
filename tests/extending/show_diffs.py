"""Put the diffs of this folder into CONTRIBUTING.md, so that it shows what the tests apply.

    python tests/extending/show_diffs.py CONTRIBUTING.md

Each stands after a mark with its name.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
SHOWN = re.compile(r"<!-- (\w+\.diff) -->\n(?:```diff\n.*?^```\n)?", re.DOTALL | re.MULTILINE)


def show_diffs(page):
    """Give a page with the diff of each mark after it."""
    return SHOWN.sub(lambda mark: f"{mark[0].partition(chr(10))[0]}\n{_fenced(mark[1])}", page)


def _fenced(name):
    return f"```diff\n{(HERE / name).read_text(encoding='utf-8').strip()}\n```\n"


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]):
        page.write_text(show_diffs(page.read_text(encoding="utf-8")), encoding="utf-8")
