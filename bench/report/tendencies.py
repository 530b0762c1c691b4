"""Tendencies of the runs' confidence: constant, only 0 and 1, too high, too low, uninformative."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.metrics import Tally
from caopd_bench.report.entries import Cell
from caopd_bench.report.placing import list_few
from caopd_bench.report.standings import Standing
from caopd_bench.runs.confidence_of import Wording, join_wordings
from caopd_bench.scores.notes import LOW_PARSE_RATE

__all__ = ["DIFFICULTIES", "group_by_reason", "name_runs", "say_share", "say_tendencies"]

#: If one value has at least this share, the confidence tells little about an answer.
SATURATED = 0.9
#: Group keys whose values gather questions of similar difficulty.
DIFFICULTIES = ("level", "subject", "domain")
#: With fewer answers, no tendency is reported.
FEWEST = 20


def say_tendencies(standing: Standing, cells: Sequence[Cell]) -> Iterator[str]:
    """Yield a sentence for each tendency of some run; each run occurs once per kind of tendency."""
    wording = join_wordings(cell.wording for cell in cells)
    constant = [cell for cell in cells if _is_constant(cell)]
    yield from _on_constants(standing, constant, wording)
    yield from _on_saturated([cell for cell in cells if _is_saturated(cell)])
    yield from _on_flags([cell for cell in cells if _is_flag(cell)])
    yield from _on_gaps(cells)
    reasons = [(cell.run, _say_why_blind(cell)) for cell in cells if cell not in constant]
    blind = [(run, why) for run, why in reasons if why]
    yield from _on_levels([cell for cell in cells if cell.tells_apart])
    if blind:
        said = f"Not shown to separate right answers from wrong ones: {group_by_reason(blind)}."
        down = [run for run, _ in blind if run in standing.not_shown]
        if down:
            said += f" Therefore listed below runs with a lower Brier skill: {name_runs(down)}."
        yield said
    yield from _on_parsing(cells, wording)


def _on_constants(standing: Standing, cells: Sequence[Cell], wording: Wording) -> Iterator[str]:
    by_value: dict[float, list[Cell]] = {}
    for cell in cells:
        assert cell.tally is not None
        by_value.setdefault(float(cell.tally.values[0]), []).append(cell)
    for value, alike in by_value.items():
        runs, is_one = [cell.run for cell in alike], len(alike) == 1
        rows = {(cell.n, cell.n_parsed) for cell in alike}
        n, parsed = next(iter(rows))
        answers = "all answers" if len(rows) > 1 or n != parsed else f"all {n:,} answers"
        if any(cell.n != cell.n_parsed for cell in alike):
            answers += " with a usable confidence"
        state = _verb(wording, is_one)
        its = "its" if is_one else "their"
        down = [run for run in runs if run in standing.not_shown]
        placed = ""
        if down:
            who = "it is" if is_one else "they are" if len(down) == len(runs) else ""
            who = who or f"{name_runs(down)} {'is' if len(down) == 1 else 'are'}"
            placed = f"; {who} listed below runs with a lower Brier skill for this reason"
        yield (
            f"{name_runs(runs)} {state} {_say_value(value)} in {answers}, so {its} confidence "
            f"cannot separate right answers from wrong ones{placed}."
        )


def _on_saturated(cells: Sequence[Cell]) -> Iterator[str]:
    said = []
    for cell in cells:
        assert cell.tally is not None
        value, count = _commonest(cell.tally)
        share = f"{count:,} of {cell.tally.n:,}"
        said.append(f"{_name(cell.run)} ({_say_value(value)} in {share} answers)")
    if said:
        yield f"Nearly always the same confidence: {list_few(said)}."


def _on_flags(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield a sentence on runs that state only 0 and 1, with the error rate at each value."""
    said = []
    for cell in cells:
        assert cell.tally is not None
        (right_at_0, right_at_1), (wrong_at_0, wrong_at_1) = cell.tally.right, cell.tally.wrong
        low = float(right_at_0) / float(right_at_0 + wrong_at_0)
        high = float(wrong_at_1) / float(right_at_1 + wrong_at_1)
        at_0, at_1 = say_share(low), say_share(high)
        said.append((cell, f"{at_0} of its answers at 0 are right, {at_1} of those at 1 wrong"))
    if not said:
        return
    wording = join_wordings(cell.wording for cell in cells)
    if len(said) == 1:
        ((cell, shares),) = said
        yield (
            f"{_name(cell.run)} {_verb(wording, True)} only 0 and 1, so its confidence is a yes/no "
            f"flag and its Brier score equals its ECE; {shares}."
        )
        return
    each = list_few([f"{_name(cell.run)} ({shares})" for cell, shares in said], 3)
    only = wording.pick("Only 0 and 1 stated", "Confidence only 0 or 1")
    yield f"{only}, a yes/no flag whose Brier score equals its ECE: {each}."


def _on_gaps(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield a sentence on runs whose mean confidence differs significantly from their accuracy."""
    over, under = [], []
    for cell in cells:
        gap = cell.find("overconfidence_gap")
        if gap and gap.low > 0:
            over.append((gap.estimate, cell.run))
        if gap and gap.high < 0:
            under.append((-gap.estimate, cell.run))
    parts = []
    if over:
        parts.append(f"Overconfident on average, more than chance explains: {_with_gaps(over)}.")
    if under:
        more = "" if over else ", more than chance explains"
        parts.append(f"Underconfident on average{more}: {_with_gaps(under)}.")
    if parts:
        yield " ".join(parts)


def _with_gaps(found: Sequence[tuple[float, str]]) -> str:
    """Return runs with the gap between mean confidence and accuracy, largest first, in words."""
    by = [f"{_name(run)} (by {gap:.3f})" for gap, run in sorted(found, key=lambda one: -one[0])]
    return list_few(by)


def _on_levels(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield a sentence on runs that separate questions by difficulty, but not answers within it."""
    for key in DIFFICULTIES:
        said = []
        for cell in cells:
            whole, within = cell.find("auroc"), cell.find(f"auroc_within_{key}")
            if whole is None or within is None or math.isnan(within.estimate):
                continue
            # Negated, since the limit is NaN if each level has a single value.
            if key in cell.groups and not within.low > 0.5:
                numbers = (
                    f"AUROC {within.estimate:.3f} within a {key}, {whole.estimate:.3f} overall"
                )
                said.append(f"{_name(cell.run)} ({numbers})")
        if said:
            yield (
                f"Separates {key}s, but is not shown to separate right from wrong answers within a "
                f"{key}: {list_few(said)}."
            )
            return


def _on_parsing(cells: Sequence[Cell], wording: Wording) -> Iterator[str]:
    low = [
        f"{_name(cell.run)} ({say_share(cell.n_parsed / cell.n)})"
        for cell in cells
        if cell.n_parsed < LOW_PARSE_RATE * cell.n
    ]
    if low:
        yield (
            f"Only some answers {wording.pick('state', 'have')} a usable confidence: "
            f"{list_few(low)}. Brier skill, accuracy, certified share and parse rate count all "
            "answers; the other numbers describe only that part."
        )


def _say_why_blind(cell: Cell) -> str:
    """Return why a confidence is not shown to separate right from wrong; "" if it is."""
    auroc = cell.find("auroc")
    if auroc is None:
        return "no AUROC"
    if math.isnan(auroc.estimate):
        state = cell.wording.pick("state", "have")
        among = "" if cell.n_parsed == cell.n else f"of those that {state} a confidence, "
        return f"{among}{auroc.reason or 'no AUROC'}"
    if auroc.high < 0.5:
        surer = cell.wording.pick("are stated surer", "are surer")
        return f"AUROC below .5: wrong answers {surer} than right ones"
    # Negated, since the limit may be NaN.
    if not auroc.low > 0.5:
        return "AUROC not significantly above .5"
    if not cell.tells_apart:
        nothing = cell.wording.pick("state nothing usable", "have no usable confidence")
        return f"AUROC not above .5 if the answers that {nothing} are at their worst"
    return ""


def _is_constant(cell: Cell) -> bool:
    return (
        cell.tally is not None
        and cell.tally.values.size == 1
        and 0 < cell.tally.n_right < cell.tally.n
    )


def _is_saturated(cell: Cell) -> bool:
    if cell.tally is None or cell.tally.values.size == 1 or cell.tally.n < FEWEST:
        return False
    return _commonest(cell.tally)[1] >= SATURATED * cell.tally.n


def _is_flag(cell: Cell) -> bool:
    return cell.tally is not None and cell.tally.values.tolist() == [0.0, 1.0]


def _commonest(tally: Tally) -> tuple[float, int]:
    count = np.asarray(tally.right + tally.wrong)
    top = int(count.argmax())
    return float(tally.values[top]), int(count[top])


def _verb(wording: Wording, is_one: bool) -> str:
    if is_one:
        return wording.pick("states", "has a confidence of")
    return wording.pick("state", "have a confidence of")


def _say_value(value: float) -> str:
    """Return a confidence with two decimals, or more if needed: 0.997 must not become 1.00."""
    return f"{value:.2f}" if round(value, 2) == value else f"{value:g}"


def say_share(share: float) -> str:
    """Return a share in percent; 0 % and 100 % stand for exact values only.

    Examples
    --------
    >>> say_share(0.2), say_share(0.0), say_share(0.001), say_share(0.999)
    ('20 %', '0 %', 'under 1 %', 'over 99 %')
    """
    if 0.0 < share < 0.005:
        return "under 1 %"
    if 0.995 <= share < 1.0:
        return "over 99 %"
    return f"{100 * share:.0f} %"


def group_by_reason(found: Iterable[tuple[str, str]]) -> str:
    """Return runs in words, grouped by reason, with the reason in brackets after each group."""
    groups: dict[str, list[str]] = {}
    for run, reason in found:
        groups.setdefault(reason, []).append(run)
    return "; ".join(f"{name_runs(runs)} ({reason})" for reason, runs in groups.items())


def name_runs(runs: Sequence[str]) -> str:
    """Return some of the runs in words, with long names shortened."""
    return list_few([_name(run) for run in runs])


def _name(run: str) -> str:
    return inline(run, NAME_WIDTH)
