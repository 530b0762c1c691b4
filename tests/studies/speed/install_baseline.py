"""Install the wheel of the first version into an environment of its own, to be timed beside ours.

    python tests/studies/speed/install_baseline.py FOLDER

The wheel is named by CAOPD_BENCH_BASELINE, or lies in `../shared/baseline` beside the checkout;
without one nothing is installed, and the column of the first version stays empty.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[3]


def main():
    folder = Path(sys.argv[1])
    given = os.environ.get("CAOPD_BENCH_BASELINE")
    wheels = [Path(given)] if given else sorted((ROOT.parent / "shared" / "baseline").glob("*.whl"))
    if not wheels:
        print("no wheel of the first version: name one by CAOPD_BENCH_BASELINE")
        return
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    command = [python, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt"]
    subprocess.run([*command, wheels[-1], "pyarrow"], check=True)


if __name__ == "__main__":
    main()
