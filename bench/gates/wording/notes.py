"""Notes on a verdict, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from caopd_bench.comparison.comparability import Difference
from caopd_bench.comparison.equal_answers import notes_on_equal_answers
from caopd_bench.comparison.order import notes_on_order
from caopd_bench.comparison.pair_notes import notes_on_weights
from caopd_bench.comparison.pairs import TaskPair
from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH, inline
from caopd_bench.gates.policy import Policy
from caopd_bench.runs.run import AnyRun
from caopd_bench.scores.notes import notes_on_pairing

__all__ = ["list_notes"]


def list_notes(
    runs: tuple[AnyRun, AnyRun],
    pairs: Sequence[TaskPair],
    differences: Sequence[Difference],
    policy: Policy,
) -> list[str]:
    """List differences in settings, and obstacles to a verdict.

    Parameters
    ----------
    runs : (Run, Run)
        Reference and candidate.
    pairs : Sequence of TaskPair
        The tasks of the verdict.
    differences : Sequence of Difference
        Differences between the settings of the two runs.
    policy : Policy

    Returns
    -------
    list of str
    """
    tasks = [pair.task for pair in pairs]
    # First the notes that would make every number wrong; once for all tasks of the same files.
    notes = list(dict.fromkeys(n for task in tasks for n in notes_on_pairing(runs, task)))
    notes += [str(difference) for difference in differences]
    notes += notes_on_order(*runs)
    notes += notes_on_weights(runs)
    notes += notes_on_equal_answers(runs, tasks)
    notes += _notes_on_pairs(policy, pairs)
    notes += _notes_on_runs(*runs, tasks)
    return notes


def _notes_on_pairs(policy: Policy, pairs: Sequence[TaskPair]) -> Iterator[str]:
    alike = [pair for pair in pairs if pair.is_identical]
    same = "the candidate's rows are identical to the reference's"
    if len(alike) == len(pairs):
        yield f"{same}; is the candidate really another model?"
    else:
        yield from (f"{inline(pair.task, NAME_WIDTH)}: {same}" for pair in alike)
    for pair in pairs:
        place = inline(pair.task, NAME_WIDTH)
        if pair.items < policy.min_items:
            yield (
                f"{place}: {pair.items} items, but the policy requires {policy.min_items} "
                "(min_items), so nothing is decided; evaluate more items (--limit)"
            )
        key = policy.cluster_of(pair.task)
        without = {
            item
            for item, groups in zip(pair.item.tolist(), pair.groups, strict=True)
            if key is not None and groups.get(key) is None
        }
        if without:
            yield (
                f"{place}: {len(without):,} of {pair.items:,} items have no {key!r}; each counts "
                "as a cluster of its own"
            )


def _notes_on_runs(base: AnyRun, cand: AnyRun, tasks: Sequence[str]) -> Iterator[str]:
    looked_at = set(tasks)
    left = [task for task in cand.tasks if task not in looked_at]
    if left:
        yield f"tasks not gated: {', '.join(inline(task, NAME_WIDTH) for task in left)}"
    for run in (base, cand):
        for warning in (w for w in run.warnings if not looked_at.isdisjoint(w.tasks)):
            yield f"{inline(run.name, NAME_WIDTH)}: {inline(warning, WARNING_WIDTH)}"
