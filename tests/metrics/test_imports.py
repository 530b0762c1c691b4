"""The statistics stay light: what is only needed in places is imported in those places."""

import subprocess
import sys

HEAVY = ("scipy", "matplotlib", "pandas", "sklearn", "torch", "lm_eval", "caopd_bench.tasks")


def test_importing_the_metrics_loads_numpy_only():
    code = "import sys, caopd_bench.metrics; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert "numpy" in loaded
    # The discovery hook of an installed wheel is there before any import of ours.
    hook = {"caopd_bench.tasks", "caopd_bench.tasks.discovery"}
    assert [name for name in loaded if name.startswith(HEAVY) and name not in hook] == []
