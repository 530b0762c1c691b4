"""Install each peer on its own, so that one that does not install is reported, not fatal.

    python tests/studies/benchmarks/install_peers.py

Honours PIP_CONSTRAINT. run.py writes "not installed" beside what is missing afterwards.
"""

import subprocess
import sys
from pathlib import Path


def main():
    names = (Path(__file__).parent / "peers.txt").read_text(encoding="utf-8").split()
    for name in names:
        command = [sys.executable, "-m", "pip", "install", "--quiet", name]
        done = subprocess.run(command, capture_output=True, text=True)
        reason = "" if done.returncode == 0 else (done.stderr.strip() or "no message")[-400:]
        print(f"{name}: {'DID NOT INSTALL: ' + reason if reason else 'installed'}", flush=True)


if __name__ == "__main__":
    main()
