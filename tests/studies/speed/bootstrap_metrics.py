"""Three calls of the metrics that people put into loops, beside the first version and the peers.

    python tests/studies/speed/bootstrap_metrics.py [--baseline PYTHON] [--rounds 7]

CPU seconds on one thread. Each version runs in a process of its own, which makes the same rows
from the same seeds; a peer runs in that of this version, in turns with ours.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
import types
from collections.abc import Callable

from children import ONE_THREAD
from line import Line, render

STATED = (0, 0.1, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1)
SHARES = (1, 1, 2, 3, 3, 5, 5, 10, 10, 15, 25, 5, 5, 10)
#: How often a call is made in one measurement, the fastest of which counts.
CALLS = {"bootstrap": 3, "auroc": 3, "ece": 3000}
#: First version over ours, scikit-learn over ours, ours over relplot.
BOOTSTRAP, AUROC, ECE = 1.8, 10.0, 3.0


def measure(baseline: str | None = None, *, rounds: int = 7) -> list[Line]:
    """Time the bootstrap of all metrics, AUROC of a million values, ECE of a thousand rows."""
    pythons = {"ours": sys.executable} | ({"baseline": baseline} if baseline else {})
    environment = {**os.environ, **ONE_THREAD}
    children = {
        name: subprocess.Popen(
            [python, __file__, "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for name, python in pythons.items()
    }
    found = {(of, name): [] for of in CALLS for name in children}
    for _ in range(rounds):
        for of, name in found:
            child = children[name]
            child.stdin.write(f"{of}\n")
            child.stdin.flush()
            found[of, name].append(json.loads(child.stdout.readline()))
    for child in children.values():
        child.communicate()
    return [_line(of, {name: found[of, name] for name in children}) for of in CALLS]


def _line(of: str, found: dict[str, list[dict[str, float]]]) -> Line:
    def middle(name: str, key: str = "ours") -> float:
        return (
            statistics.median(one[key] for one in found.get(name, []))
            if name in found
            else math.nan
        )

    ours, before, peer = middle("ours"), middle("baseline"), middle("ours", "peer")
    same = found["ours"][0]["value"] == found["ours"][0]["peer value"]
    if of == "bootstrap":
        target, reached = f"at least {BOOTSTRAP}x the first version", before / ours >= BOOTSTRAP
        return Line(
            "`bootstrap` of all metrics, 1,319 rows, 14 values", ours, before,
            target=target, reached=None if math.isnan(before) else reached,
        )  # fmt: skip
    known = not math.isnan(peer)
    if of == "auroc":
        return Line(
            "`auroc` of 1,000,000 continuous values", ours, before, "scikit-learn", peer,
            f"at least {AUROC:g}x scikit-learn, same bits",
            peer / ours >= AUROC and same if known else None,
            note=("same bits" if same else "other bits") if known else "scikit-learn is missing",
        )  # fmt: skip
    return Line(
        "`ece` of 1,000 rows", ours, before, "relplot's binnedECE (no input checks)", peer,
        f"at most {ECE:g} times relplot's time", ours <= ECE * peer if known else None,
        note="" if known else "relplot is missing",
    )  # fmt: skip


def _serve() -> None:
    """Answer each name on standard input with seconds and values of ours and of the peer."""
    import numpy as np

    from caopd_bench import metrics

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(n)
        c = rng.beta(6.0, 1.5, n) if n == 10**6 else rng.choice(STATED, n, p=np.divide(SHARES, 100))
        return c, (rng.random(n) < 0.15 + 0.6 * c).astype(np.int64)

    few, thousand, million = draw(1319), draw(1000), draw(10**6)
    counted = metrics.tally(*few)
    outcomes = thousand[1].astype(float)
    roc, binned = _peers()
    calls: dict[str, tuple[Callable[[], object], Callable[[], object] | None]] = {
        "bootstrap": (lambda: metrics.bootstrap(counted), None),
        "auroc": (lambda: metrics.auroc(*million), roc and (lambda: roc(*million[::-1]))),
        "ece": (
            lambda: metrics.ece(*thousand),
            binned and (lambda: binned(thousand[0], outcomes, nbins=10)),
        ),
    }
    for line in sys.stdin:
        of = line.strip()
        seconds: list[float] = [math.inf, math.inf]
        values: list[object] = [math.nan, math.nan]
        for _ in range(CALLS[of]):
            for place, call in enumerate(calls[of]):
                if call is not None:
                    start = time.perf_counter() if of == "ece" else time.process_time()
                    value = call()
                    end = time.perf_counter() if of == "ece" else time.process_time()
                    seconds[place] = min(seconds[place], end - start)
                    values[place] = float(value) if isinstance(value, float) else math.nan
        peer = seconds[1] if calls[of][1] is not None else math.nan
        said = {"ours": seconds[0], "peer": peer, "value": values[0], "peer value": values[1]}
        print(json.dumps(said), flush=True)


def _peers() -> tuple[Callable[..., object] | None, Callable[..., object] | None]:
    found: list[Callable[..., object] | None] = [None, None]
    try:
        from sklearn.metrics import roc_auc_score

        found[0] = roc_auc_score
    except ImportError:
        pass
    try:
        sys.modules.setdefault("seaborn", types.ModuleType("seaborn"))  # for its figures alone
        from relplot.metrics import binnedECE

        found[1] = binnedECE
    except ImportError:
        pass
    return found[0], found[1]


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--baseline", help="Python that the first version is installed for")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        _serve()
        return 0
    print(render(measure(options.baseline, rounds=options.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
