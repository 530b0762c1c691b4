"""The table of speed: this version beside the first one and the limits, in one run.

    tox -e bench
    python tests/studies/speed/run.py --baseline PYTHON --into docs/benchmarks.md
    python tests/studies/speed/run.py --only starts,read_flat

PYTHON is that of an environment with the wheel of the first version (install_baseline.py makes
one); without it its column stays empty. Nothing is asserted: a missed target is marked.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import platform
import sys
from importlib import metadata
from pathlib import Path

from line import Line, render

STUDIES = Path(__file__).parents[1]
sys.path[:0] = [str(STUDIES / "bench"), str(STUDIES / "benchmarks")]
from fill_page import fill_page  # noqa: E402

BEGIN, END = "<!-- speed: begin -->", "<!-- speed: end -->"
#: Scripts beside this one; each has `measure(baseline)` and can be run by itself.
SCRIPTS = (
    "read_answers",
    "starts",
    "read_logs",
    "read_flat",
    "judge_latex",
    "draw_report",
    "bootstrap_metrics",
    "threshold",
    "read_watch",
    "run_sweep",
)
PACKAGES = (
    "caopd-bench",
    "numpy",
    "scipy",
    "pandas",
    "polars",
    "pyarrow",
    "scikit-learn",
    "relplot",
)
HEAD = """## What people wait for

Written by `{command}` on {date}: {machine}, Python {python}; {versions}. The numbers
are CPU seconds of whole commands with their child processes, imports included, one thread each:
medians of interleaved rounds. The *first version* is the wheel of commit a514a27. *Peak MB* is the
memory of the largest process of this version.
"""


def main() -> int:
    """Run the scripts, print the table and write it into a page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--baseline", help="python of an environment with the first version")
    parser.add_argument("--only", default=",".join(SCRIPTS), help="names of scripts")
    parser.add_argument("--into", type=Path, help="page whose part between the marks is written")
    options = parser.parse_args()
    lines: list[Line] = []
    for name in options.only.split(","):
        print(name, file=sys.stderr, flush=True)
        lines += importlib.import_module(name).measure(options.baseline)
        print(render(lines), file=sys.stderr, flush=True)
    text = f"{_head()}\n{render(lines)}"
    print(text)
    if options.into:
        fill_page(options.into, BEGIN, END, text)
    return 0


def _head() -> str:
    words = [Path(sys.argv[0]).name, *sys.argv[1:]]
    if "--baseline" in words:  # a path of this machine
        words[words.index("--baseline") + 1] = "PYTHON"
    return HEAD.format(
        command=" ".join(["python tests/studies/speed/" + words[0], *words[1:]]),
        date=datetime.date.today().isoformat(),
        machine=_processor(),
        python=platform.python_version(),
        versions=", ".join(f"{name} {_version(name)}" for name in PACKAGES),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} processors" if names else platform.machine()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())
