"""What the discovery hook costs at interpreter start: the same interpreter with it and without.

    tox -e bench

Prints both medians and their ratio; no test asserts them.
"""

import os
import statistics
import subprocess
import sys
import time

REPEATS = 60


def main():
    if not any("caopd" in type(finder).__module__ for finder in sys.meta_path):
        sys.exit("the hook is not installed here: install the wheel, not an editable checkout")
    times = {"with the hook": [], "without": []}
    for _ in range(REPEATS):
        for name, off in (("with the hook", ""), ("without", "1")):
            environment = {**os.environ, "CAOPD_BENCH_NO_HOOK": off}
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", "pass"], env=environment, check=True)
            times[name].append(time.perf_counter() - start)
    for name, seconds in times.items():
        print(f"{name:>14}: median {1000 * statistics.median(seconds):.2f} ms of {REPEATS}")
    ratio = statistics.median(times["with the hook"]) / statistics.median(times["without"])
    print(f"         ratio: {ratio:.3f}")
    command = [sys.executable, "-X", "importtime", "-c", "pass"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()
    print("our own imports (self, cumulative microseconds):")
    print("\n".join(line for line in lines if "caopd" in line))


if __name__ == "__main__":
    main()
