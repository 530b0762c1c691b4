"""What discovery costs: the start of an interpreter, and the index of lm-eval's tasks.

    tox -e bench

Prints medians and their ratios; no test asserts them.
"""

import os
import statistics
import subprocess
import sys
import time

REPEATS = 60
INDEX_REPEATS = 5  # of 7 to 15 seconds each


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
    """Time lm-eval's TaskManager with its own tasks, and with ours beside them."""
    os.environ["CAOPD_BENCH_NO_HOOK"] = "1"
    code = (
        "import sys, time; from lm_eval.tasks import TaskManager; start = time.perf_counter(); "
        "TaskManager(include_path=sys.argv[1:] or None); print(time.perf_counter() - start)"
    )
    from caopd_bench.tasks import task_folder

    times = {"with our tasks": [], "without them": []}
    for _ in range(INDEX_REPEATS):
        for name, folder in (("with our tasks", [task_folder()]), ("without them", [])):
            command = [sys.executable, "-c", code, *folder]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            times[name].append(float(done.stdout.split()[-1]))
    print("TaskManager():")
    for name, seconds in times.items():
        print(f"{name:>14}: median {statistics.median(seconds):.2f} s of {INDEX_REPEATS}")
    ratio = statistics.median(times["with our tasks"]) / statistics.median(times["without them"])
    print(f"         ratio: {ratio:.3f}")


if __name__ == "__main__":
    main()
