"""The page of a benchmark: what was to be reached, then a table for each metric."""

import datetime
import math
import os
import platform
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
from contestants import OURS

AGREES = 1e-9

# (metric, kind of rows, n, peer, how many times slower the peer should be at least)
TARGETS = [
    ("ECE, 10 bins", "tied", 10**6, "official formula", 12),
    ("AUROC", "tied", 10**6, "scikit-learn", 35),
    ("AUROC", "continuous", 10**6, "scikit-learn", 8),
    ("Smooth ECE", "tied", 10**6, "relplot", 35),
    ("CORP: MCB, DSC, UNC", "tied", 10**6, "model-diagnostics", 25),
    ("AURC", "tied", 10**6, "lm-polygraph's formula", 100),
    ("Interval of ECE and AUROC, 1000 replicates", "tied", 10**5, "loop over rows", 5000),
    ("All set metrics of one tally", "tied", 10**7, "one pass over the memory", 1 / 4),
]

HEAD = """# Metrics side by side with their peers

Written by `{command}` on {date}: {machine}, one thread, {seconds:.0f} s in all. Best of several
calls in two interleaved rounds: on a shared machine ratios are accurate to about ten percent,
single times to a factor of two. `12x` means that the peer takes 12 times as long as ours.

**Tied** rows have 14 distinct stated confidences, **continuous** rows only distinct ones. Rows are
float64 confidences and int64 outcomes (0 or 1). Other input that a peer needs (a tensor, float
labels) is prepared before the clock starts. Our time includes checking and counting the arrays for
every call; a second metric from the same tally would cost microseconds. The formulas called
"official" (from the code released with CaOPD) and "lm-polygraph's" were rewritten from their
descriptions, in `tests/studies/benchmarks/formulas.py`.

Versions: {versions}.
"""


@dataclass(frozen=True)
class Result:
    seconds: float = math.nan
    value: float | None = None
    problem: str = ""


def render(found, contests, seconds):
    parts = [_head(seconds), "## Targets\n", _targets(found), _small(found)]
    for metric, contestants in contests.items():
        for kind in ("tied", "continuous"):
            by_n = found.get((metric, kind))
            if by_n:
                parts += [f"## {metric}: {kind}\n", _table(by_n, contestants)]
    return "\n".join(parts)


def _head(seconds):
    peers = (Path(__file__).parent / "peers.txt").read_text(encoding="utf-8").split()
    return HEAD.format(
        command=" ".join(["python", *sys.argv]),
        date=datetime.date.today().isoformat(),
        machine=f"{_processor()}, {os.cpu_count()} processors, Python {platform.python_version()}",
        seconds=seconds,
        versions=", ".join(f"{name} {_version(name)}" for name in ["numpy", "scipy", *peers]),
    )


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), "unknown")


def _version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _targets(found):
    lines = ["| metric | rows | peer | target | measured | result |", "|---|---|---|--:|--:|---|"]
    for metric, kind, n, peer, wanted in TARGETS:
        results = found.get((metric, kind), {}).get(n, {})
        label = f"| {metric} | {n:,} {kind} | {peer} |"
        if OURS not in results or peer not in results or results[peer].problem:
            problem = results[peer].problem if peer in results else "not run"
            lines.append(f"{label} {_times(wanted)} | | {problem} |")
            continue
        ratio = results[peer].seconds / results[OURS].seconds
        lines.append(
            f"{label} {_times(wanted)} | {_times(ratio)} | {'' if ratio >= wanted else 'missed'} |"
        )
    spr = found.get(("SPR", "tied"), {}).get(10**7, {}).get(OURS)
    if spr:
        lines.append(f"| SPR | {10**7:,} tied | | linear | {_time(spr.seconds)} | |")
    return "\n".join(lines) + "\n"


def _small(found):
    """At the smallest size, where overhead rules: ours against the fastest of all others."""
    rows = []
    for (metric, kind), by_n in found.items():
        results = by_n.get(1000, {})
        # A line of NumPy is no peer: it checks nothing.
        left_out = (OURS, "plain NumPy")
        others = {k: r for k, r in results.items() if k not in left_out and not r.problem}
        if OURS not in results or not others or metric == "All set metrics of one tally":
            continue
        name = min(others, key=lambda k: others[k].seconds)
        ratio = results[OURS].seconds / others[name].seconds
        times = f"{_time(results[OURS].seconds)} | {name} | {_time(others[name].seconds)}"
        rows.append(f"| {metric} | {kind} | {times} | {ratio:.2g} |")
    if not rows:
        return ""
    head = [
        "At 1,000 rows, where overhead dominates, the target is at most 3x the fastest peer:\n",
        "| metric | rows | ours | fastest peer | its time | ours / its |",
        "|---|---|--:|---|--:|--:|",
    ]
    return "\n".join([*head, *rows]) + "\n"


def _table(by_n, contestants):
    sizes = sorted(by_n)
    lines = [
        "| | " + " | ".join(f"n = {n:,}" for n in sizes) + " | value − ours |",
        "|---|" + "--:|" * len(sizes) + "---|",
    ]
    for contestant in contestants:
        cells = [_cell(by_n[n], contestant, n) for n in sizes]
        lines.append(
            f"| {contestant.name} | {' | '.join(cells)} | {_agreement(by_n, contestant)} |"
        )
    return "\n".join(lines) + "\n"


def _cell(results, contestant, n):
    if n > contestant.most:
        return contestant.beyond
    result = results[contestant.name]
    if result.problem:
        return result.problem
    scaled = "scaled: " if contestant.share(n) < 1 else ""
    if contestant.name == OURS or results[OURS].problem:
        return scaled + _time(result.seconds)
    ratio = result.seconds / results[OURS].seconds
    return f"{scaled}{_time(result.seconds)}, {_times(ratio)}"


def _agreement(by_n, contestant):
    if contestant.name == OURS:
        return ""
    worst, at = -1.0, 0
    for n, results in by_n.items():
        a, b = results.get(OURS), results.get(contestant.name)
        if a and b and a.value is not None and b.value is not None:
            difference = abs(float(np.float64(b.value) - np.float64(a.value)))
            if not difference <= worst:
                worst, at = difference, n
    if worst < 0:
        return ""
    if worst <= AGREES:
        return f"none (at most {worst:.0e})" if worst else "none"
    return f"up to {worst:.1g} (n = {at:,})" + (f": {contestant.why}" if contestant.why else "")


def _time(seconds):
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} µs"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:,.3g} s"


def _times(ratio):
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.2g}x"
