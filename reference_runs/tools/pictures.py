"""Draw the two pictures of the README again, from the stored rows of SmolLM2-135M-Instruct.

    python reference_runs/tools/pictures.py      # docs/reliability.png, and docs/report.png

The second is the first screen of the report in Debian's Chromium (`apt-get install chromium`, and
the extra `browser`); without it only the first is drawn.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from caopd_bench.cli import main as caopd_bench

ROOT = Path(__file__).parents[2]
RUNS = [f"exemplars-{s}={ROOT}/reference_runs/smollm2-135m/exemplars-{s}" for s in "ab"]
TITLE = "SmolLM2-135M-Instruct, two sets of exemplars"
SCREEN = {"width": 1280, "height": 1040}


def main() -> int:
    """Draw both and return the exit code."""
    diagram, screen = ROOT / "docs" / "reliability.png", ROOT / "docs" / "report.png"
    failed = caopd_bench(["score", *RUNS, "--figure", str(diagram)])
    browser = os.environ.get("CAOPD_BENCH_CHROMIUM") or shutil.which("chromium")
    if failed or not browser:
        print("no Chromium here: docs/report.png is as it was", file=sys.stderr)
        return failed or 0
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        failed = caopd_bench(["report", *RUNS, "--title", TITLE, "--output", str(page)])
        if not failed:
            take_screenshot(browser, page, screen)
    return failed


def take_screenshot(browser: str, page: Path, image: Path) -> None:
    """Save a screenshot of a page in a window of 1280 x 1040."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=browser, args=["--no-sandbox", "--disable-gpu"]
        )
        window = chromium.new_page(viewport=SCREEN, color_scheme="light")
        window.goto(f"file://{page}")
        window.screenshot(path=str(image))
        chromium.close()


if __name__ == "__main__":
    sys.exit(main())
