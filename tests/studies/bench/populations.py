"""Runs drawn from populations, for tests of what decides."""

import numpy as np

from caopd_bench.runs.run import Row, Run


def draw(n, seed, *, accuracy=0.66, samples=1):
    """Give stated confidences and outcomes of a model that is tied and overconfident."""
    rng = np.random.default_rng(seed)
    values = np.array([0.5, 0.7, 0.8, 0.9, 0.95, 1.0])
    stated = rng.choice(values, (n, samples), p=[0.05, 0.1, 0.15, 0.3, 0.25, 0.15])
    right = rng.random((n, samples)) < accuracy + 0.6 * (stated - 0.87)
    return stated, right.astype(int)


def make_run(stated, right, name="run", *, task="caopd_math_conf", parsed=None, settings=None):
    """Put arrays (items, samples) into a run."""
    items, samples = stated.shape
    rows = []
    for i in range(items):
        for k in range(samples):
            spoke = parsed is None or bool(parsed[i, k])
            rows.append(
                Row(
                    task=task,
                    item_hash=f"{i:016x}",
                    sample=-1 if samples == 1 else k,
                    groups={"level": i % 5 + 1},
                    confidence=float(stated[i, k]) if spoke else None,
                    correct=int(right[i, k]),
                    status="ok" if spoke else "no_confidence",
                )
            )
    provenance = {"model": name, "tasks": {task: settings or {}}}
    return Run(name, f"/nowhere/{name}", rows, provenance)


def redecode(first, second, seed, share=0.6):
    """Take the answers to a share of the items from a second draw."""
    # A stream of its own: that of `draw` would choose the items by what they state.
    rng = np.random.default_rng([seed, 1])
    anew = rng.random((first[0].shape[0], 1)) < share
    return tuple(np.where(anew, b, a) for a, b in zip(first, second, strict=True))


def collapse(stated, right, seed=0, gain=0.08):
    """OPD-shaped: more answers right, and 1.00 stated for all."""
    rng = np.random.default_rng(seed)
    turned = rng.random(right.shape) < gain / (1 - right.mean())
    return np.ones_like(stated), np.maximum(right, turned)
