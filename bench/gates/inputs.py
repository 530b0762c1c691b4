"""The inputs of a gate: the reference, the tasks, and their paired rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from caopd_bench.comparison.pairs import TaskPair, match_task, rows_by_task
from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.gates.policy import Policy, load_policy
from caopd_bench.metrics.comparison.degradation_cells import LEAST_CLUSTERS
from caopd_bench.runs.check_texts import refuse_unlike_texts
from caopd_bench.runs.flat.read import Columns
from caopd_bench.runs.read import is_there, name_runs, read_runs, seen_from
from caopd_bench.runs.run import AnyRun, main_tasks
from caopd_bench.tasks.read import PARSER_VERSION

__all__ = [
    "choose_tasks",
    "cluster_pair",
    "common_tasks",
    "load_reference",
    "match_itself",
    "read_again",
    "read_both",
    "read_whole",
]

#: The task name that `rescore` uses for a log that names none.
LOGGED = "logged"
MAKE_ONE = "create one with: caopd-bench baseline init RUN --output DIR --reason TEXT"


def load_reference(
    policy: Policy | str | Path, reference: AnyRun | str | Path | None
) -> tuple[Policy, AnyRun | str | Path]:
    """Return the policy, and the reference named by the caller or the policy.

    Raises
    ------
    UsageError
        If neither names one.
    NotComparableError
        If the named reference does not exist.
    """
    if isinstance(policy, Policy):
        wanted, folder = policy, Path()
    else:
        wanted, folder = load_policy(Path(policy)), Path(policy).parent
    if reference == "":
        raise UsageError("reference: is empty; name a run (is a shell variable unset?)")
    if reference is not None:
        if isinstance(reference, (str, Path)) and not is_there(reference):
            raise NotComparableError(
                f"reference: {inline(str(reference), 300)}: no such file or folder; name a stored "
                f"run or a folder written by lm_eval --output_path ({MAKE_ONE})"
            )
        return wanted, reference
    if wanted.reference is None:
        raise UsageError(
            "no reference: name BASE before CAND, or give --reference RUN, or set reference: "
            "FOLDER in the policy"
        )
    path = seen_from(folder, wanted.reference)
    if not is_there(path):
        raise NotComparableError(
            f"reference: {inline(str(path), 300)}: no such folder; the path is relative to the "
            f"policy's folder ({MAKE_ONE})"
        )
    return wanted, path


def read_whole(run: AnyRun | str | Path, columns: Columns | None = None) -> AnyRun:
    """Read a run, unless it is already read, and check its rows against their texts.

    The columns apply to flat files.

    Raises
    ------
    NotComparableError
        If a stored run was edited, or rows of an lm_eval folder do not match their texts.
    """
    if not isinstance(run, (str, Path)):
        return run
    (read,) = read_runs([run], columns)
    refuse_unlike_texts(read)
    return read


def read_both(
    base: AnyRun | str | Path,
    cand: AnyRun | str | Path,
    columns: Columns | None = None,
    *,
    reparse: bool = False,
) -> tuple[AnyRun, AnyRun, list[str]]:
    """Read a reference and a candidate under distinct names, like `read_runs`.

    With `reparse` both are parsed again from their texts, and the last value lists the changes.
    """
    if reparse:
        (one, changed_one), (two, changed_two) = read_again(base), read_again(cand)
        said = [changed_one, changed_two]
    else:
        one, two, said = read_whole(base, columns), read_whole(cand, columns), []
    if isinstance(base, (str, Path)) and isinstance(cand, (str, Path)):
        names = name_runs([str(base), str(cand)], [one.name, two.name])
        one, two = replace(one, name=names[0]), replace(two, name=names[1])
    return one, two, said


def read_again(run: AnyRun | str | Path) -> tuple[AnyRun, str]:
    """Parse a run's texts again, and report how many rows changed.

    Raises
    ------
    UsageError
        If it has no texts: a file of confidences, or a run stored from one.
    """
    from caopd_bench.runs.reparse import count_texts, reparse

    of_texts = Columns(judge=True)
    read = read_runs([run], of_texts)[0] if isinstance(run, (str, Path)) else run
    again, changed = reparse(read)
    texts = count_texts(again)
    rows = f"{changed:,} of {texts:,} rows" if changed else "no row"
    if not texts:
        return again, (
            f"{inline(read.name, NAME_WIDTH)}: holds probabilities of options, which need no "
            "parser: nothing was parsed again"
        )
    return again, (
        f"{inline(read.name, NAME_WIDTH)}: parsed again by parser {PARSER_VERSION}, which changed "
        f"{rows}"
    )


def choose_tasks(policy: Policy, ours: Sequence[str]) -> list[str]:
    """Return the tasks that a policy names, by default all that state a confidence."""
    return list(policy.tasks or main_tasks(ours))


def common_tasks(policy: Policy, ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """Return the tasks of a policy; both runs must have them."""
    wanted = choose_tasks(policy, ours)
    for name, tasks in (("reference", ours), ("candidate", theirs)):
        known = set(tasks)
        missing = [task for task in wanted if task not in known]
        if missing:
            raise NotComparableError(_say_missing(name, missing, tasks))
    return wanted


def _say_missing(name: str, missing: Sequence[str], tasks: Sequence[str]) -> str:
    lacks, has = (
        ", ".join(f"{mark}{inline(task, NAME_WIDTH)}{mark}" for task in some)
        for mark, some in (("'", missing), ("", tasks))
    )
    is_log = LOGGED in (*missing, *tasks)
    hint = "; caopd-bench rescore --task NAME names the task of a log" if is_log else ""
    word = "task" if len(missing) == 1 else "tasks"
    return f"the {name} lacks the {word} {lacks}; it has {has}{hint}"


def match_itself(policy: Policy, reference: AnyRun) -> list[TaskPair]:
    """Return the tasks of a policy, paired with the reference on both sides.

    Raises
    ------
    UsageError
        If the reference lacks a task, or cannot be clustered by the policy's key.
    """
    rows = rows_by_task(reference)
    tasks = choose_tasks(policy, list(rows))
    missing = [task for task in tasks if task not in rows]
    if missing:
        raise UsageError(_say_missing("reference", missing, list(rows)))
    return [cluster_pair(match_task(task, rows[task], rows[task]), policy) for task in tasks]


def cluster_pair(pair: TaskPair, policy: Policy) -> TaskPair:
    """Cluster the items by the policy's key.

    Raises
    ------
    UsageError
        If the task lacks the group key, or the key has too few values.
    """
    key = policy.cluster_of(pair.task)
    if key is None:
        return pair
    try:
        clustered = pair.cluster_by(key)
    except ValueError as error:
        alone = f"to leave this task unclustered: tasks: {{{pair.task}: {{cluster: null}}}}"
        raise UsageError(f"cluster: {pair.task}: {error}; {alone}") from None
    worth = clustered.effective_clusters
    if worth < LEAST_CLUSTERS:
        raise UsageError(
            f"cluster: {pair.task}: {key!r} has {clustered.clusters} values, worth {worth:.3g} "
            f"clusters of equal size, and standard errors over fewer than {LEAST_CLUSTERS} "
            "clusters are unreliable; use a finer key, or leave cluster out"
        )
    return clustered
