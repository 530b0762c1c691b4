"""The output of `caopd-bench recalibrate`: benefit, effect and limitations of the map."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from caopd_bench.core.numbers import COMPARED
from caopd_bench.core.terminal import align, inline
from caopd_bench.maps.saved import ConfidenceMap
from caopd_bench.metrics import METRICS, Tally

__all__ = ["describe_fit", "describe_limits", "render_gains", "render_values"]

#: Number of stated values that are shown with their mapped values.
SHOWN = 10
#: Number of ranges shown instead if nearly every answer has a different value.
TENTHS = 10
#: The source of the 82% is tests/studies/metrics/simulate_maps.py.
CAUTION = "95% limits of the change in Brier covered as little as 82% in simulations"
#: With fewer rows, isotonic maps cost more out of sample than beta maps do
#: (docs/metrics/recalibration.md).
ENOUGH = 500
FEW = 100


def describe_fit(fitted: ConfidenceMap, kind: str) -> str:
    """Describe in one line the fitted map and its rows."""
    rows = fitted.fitted
    asked = "" if rows.questions is None else f" to {rows.questions:,} questions"
    absent = rows.rows - rows.parsed
    left = f"; {absent:,} of {rows.rows:,} have none, and stay without one" if absent else ""
    return f"{fitted.method}, fitted to {rows.parsed:,} answers{asked} with a usable {kind}{left}"


def render_gains(fitted: ConfidenceMap, kind: str) -> str:
    """Render the benefit of the map: a line for each metric, before and after."""
    estimate = fitted.estimate
    head = f"{kind} [{100 * estimate.level:g}%]"
    table = [["", head, "recalibrated, cross-fitted", "change"]]
    footnotes: dict[str, int] = {}
    for gain in estimate.gains:
        mark = ""
        if gain.reason:
            mark = f"  ({footnotes.setdefault(gain.reason, len(footnotes) + 1)})"
        table.append(
            [
                METRICS[gain.metric].label,
                _show(gain.before),
                _show(gain.after),
                _show(gain.difference, signed=True) + mark,
            ]
        )
    units = "rows" if fitted.fitted.questions is None else "questions"
    lines = align(table)
    lines += [f"  ({mark}) {inline(why)}" for why, mark in footnotes.items()]
    lines.append(
        f"  cross-fitted: {estimate.folds} folds of {units}, seed {estimate.seed}; each fold is "
        "mapped by a fit to the other folds, not by the saved map"
    )
    lines.append(f"  rely on the upper limit of the ECE; {CAUTION}")
    return "\n".join(lines)


def render_values(fitted: ConfidenceMap, parsed: Tally, kind: str) -> str:
    """Render the mapped values of the commonest confidences, or of each tenth of the scale."""
    count, becomes = parsed.right + parsed.wrong, fitted(parsed.values)
    commonest = np.sort(np.argsort(-count, kind="stable")[:SHOWN])
    is_printed = count[commonest].sum() >= parsed.n / 2  # else hardly any value occurs twice
    if is_printed:
        group, labels = np.full(count.size, SHOWN), [f"{v:g}" for v in parsed.values[commonest]]
        group[commonest] = np.arange(commonest.size)
    else:
        group = np.minimum(parsed.values * TENTHS, TENTHS - 1).astype(np.int64)
        labels = [f"{i / TENTHS:.1f} to {(i + 1) / TENTHS:.1f}" for i in range(TENTHS)]
    table = [[kind, "answers", "right", "becomes" if is_printed else "becomes, on average"]]
    for i, label in enumerate(labels):
        ours = group == i
        n = int(count[ours].sum())
        if n:
            right, mean = parsed.right[ours].sum() / n, (count * becomes)[ours].sum() / n
            table.append([label, f"{n:,}", f"{right:.3f}", f"{mean:.3f}"])
    lines = align(table, right=True)
    if is_printed and count.size > SHOWN:
        lines.append(f"  the {SHOWN} most common of {count.size:,} distinct values")
    return "\n".join(lines)


def describe_limits(fitted: ConfidenceMap, parsed: Tally, kind: str) -> Iterator[str]:
    """Yield the limitations of the map, and where its numbers are unreliable."""
    becomes = fitted(parsed.values)
    units = "rows" if fitted.fitted.questions is None else "questions"
    n = fitted.fitted.parsed if fitted.fitted.questions is None else fitted.fitted.questions
    if parsed.values.size == 1:
        yield (
            f"every answer has the same {kind}, so the map is a constant ({becomes[0]:.3f}): it "
            "corrects the mean but cannot rank answers"
        )
    elif becomes[0] == becomes[-1]:
        yield (
            f"the map is a constant ({becomes[0]:.3f}): right answers do not have a higher {kind} "
            "than wrong ones, and no order-preserving map can separate them"
        )
    if parsed.n_right in (0, parsed.n):
        which = "right" if parsed.n_right else "wrong"
        yield f"every answer is {which}, so the rows cannot show how accuracy depends on confidence"
    brier = next((gain for gain in fitted.estimate.gains if gain.metric == "brier"), None)
    if brier is not None and not math.isnan(brier.difference[1]):
        _, low, high = brier.difference
        if low > 0.0:
            yield "the map makes the Brier score worse on unseen rows: do not use it"
        elif high >= 0.0:
            yield (
                "the limits of the change in Brier contain 0, so these rows do not show that the "
                "map helps"
            )
    if n < FEW:
        yield f"{n:,} {units} are few, so the map is uncertain (see the limits above)"
    if fitted.method == "isotonic" and n < ENOUGH and parsed.values.size > 2:
        yield (
            f"isotonic with fewer than {ENOUGH} {units} fits noise too; --method beta and platt "
            "need fewer"
        )
    counts = parsed.right + parsed.wrong
    for end in (0.0, 1.0):
        at_end = int(counts[becomes == end].sum())
        if at_end:
            some = f"{at_end:,} {'answer becomes' if at_end == 1 else 'answers become'}"
            yield (
                f"{some} exactly {end:g}, which one exception refutes; beta, platt and temperature "
                f"stay between 0 and 1"
            )


def _show(limits: tuple[float, float, float], *, signed: bool = False) -> str:
    estimate, low, high = limits
    shown = COMPARED.number(estimate, signed=signed)
    if math.isnan(estimate) or math.isnan(low):
        return shown
    return f"{shown} {COMPARED.limits(low, high, signed=signed)}"
