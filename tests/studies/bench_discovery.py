"""What discovery costs: the start of an interpreter, and the index of lm-eval's tasks.

    tox -e bench-metrics

Prints medians and their ratios; no test asserts them.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPEATS = 60
INDEX_REPEATS = 6


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
    index_tasks()


def index_tasks():
    """Time the index of our tasks as a share of that of lm-eval's own.

    Whole TaskManagers with and without ours differ by less than they differ from run to run.
    """
    import lm_eval.tasks
    from lm_eval.tasks._index import TaskIndex

    from caopd_bench.tasks import task_folder

    folders = {"our tasks": task_folder(), "lm-eval's own": Path(lm_eval.tasks.__file__).parent}
    times = {name: [] for name in folders}
    for _ in range(INDEX_REPEATS):
        for name, folder in folders.items():
            start = time.process_time()
            index = TaskIndex.build([Path(folder)])
            times[name].append(time.process_time() - start)
            print(f"{name:>14}: {len(index):,} entries, {times[name][-1]:.2f} s")
    ours, theirs = (min(seconds) for seconds in times.values())
    print(f"         ratio of the fastest: {ours / theirs:.3f}")


if __name__ == "__main__":
    main()
