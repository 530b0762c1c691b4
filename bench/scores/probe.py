"""The theory's probes: how a teacher's context changes success and stated confidence.

On-policy distillation teaches a model to answer as it would with privileged context. From two runs
of one model on the same questions, sampled without that context (`_sc8`) and with it (`_priv_sc8`),
each domain gets

- own success and teacher success: the share of right samples without and with the context;
- optimism bias: teacher success minus own success, the excess in the target of distillation;
- own and teacher confidence: the mean stated confidence without and with the context;
- inheritance: own stated confidence minus own success, the part of that bias found in the model;
  both over the parsed rows, so that a missing statement does not count as an error;
- entropy of the stated values, in bits, without and with the context; 0 means that one value is
  stated for everything;
- own and teacher parse rate: the share of samples with a usable confidence; the previous three
  describe these samples only.

(arXiv 2604.16830, propositions 2 and 3; the entropy here is over the stated values, not over
tokens.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.errors import UsageError
from caopd_bench.metrics import Interval, bootstrap, tally
from caopd_bench.runs.records import Record, make_record
from caopd_bench.runs.run import AnyRun, Row, Run, label_items
from caopd_bench.scores.shares import NO_ROWS, undefined

__all__ = ["PROBES", "probe"]

OWN, TEACHER = "_sc8", "_priv_sc8"
MIN_ITEMS = 10
TOO_MANY_VALUES = (
    "too many distinct values for so few answers: this is the entropy of the sample, which is too "
    "low"
)
#: The numbers of each domain, in the order of the table.
PROBES = (
    "own_success",
    "teacher_success",
    "optimism_bias",
    "own_confidence",
    "teacher_confidence",
    "inheritance",
    "own_entropy",
    "teacher_entropy",
    "own_parse_rate",
    "teacher_parse_rate",
)
Array = NDArray[np.float64]


def probe(runs: Iterable[AnyRun], *, level: float = 0.95) -> list[Record]:
    """Compute the probes of every domain that was sampled with and without the teacher's context.

    Parameters
    ----------
    runs : iterable of Run
        Runs of one model, with the tasks `NAME_sc8` and `NAME_priv_sc8` in one run or in several.
    level : float
        Nominal coverage of the intervals.

    Returns
    -------
    list of Record
        Ordered by task and domain. Only questions asked in both tasks are used.

    Raises
    ------
    UsageError
        If no task was sampled both ways, if a task occurs twice, or if two runs have different
        weights.
    """
    rows = _collect(runs)
    names = [name for name in rows if name + TEACHER in rows[name] and name + OWN in rows[name]]
    if not names:
        found = ", ".join(sorted({task for tasks in rows.values() for task in tasks})) or "none"
        raise UsageError(
            f"--probe: needs NAME{OWN} and NAME{TEACHER} of one model, for example "
            f"caopd_gsm8k{OWN} and caopd_gsm8k{TEACHER}; sampled tasks here: {found}"
        )
    records = []
    for name in names:
        (run, own), (_, teacher) = rows[name][name + OWN], rows[name][name + TEACHER]
        shared = {row.item_hash for row in own} & {row.item_hash for row in teacher}
        if not shared:
            raise UsageError(f"--probe: {name}{OWN} and {name}{TEACHER} share no question")
        own, teacher = ([r for r in given if r.item_hash in shared] for given in (own, teacher))
        for domain in sorted({_domain(row) for row in own}):
            mine = [row for row in own if _domain(row) == domain]
            theirs = [row for row in teacher if _domain(row) == domain]
            group = f"domain={domain}" if domain else None
            for metric, interval in _probe_domain(mine, theirs, level):
                records.append(make_record(run, name, group, metric, interval))
    return records


def _collect(runs: Iterable[AnyRun]) -> dict[str, dict[str, tuple[str, list[Row]]]]:
    """Group rows by question set and task; refuse two runs of a task, or two models."""
    found: dict[str, dict[str, tuple[str, list[Row]]]] = {}
    weights: set[Any] = set()
    for run in runs:
        for task in run.tasks:
            if not isinstance(run, Run) or not task.endswith(OWN):
                continue
            weights |= {run.settings(task).get("weights") or run.provenance.get("model")}
            name = task.removesuffix(TEACHER if task.endswith(TEACHER) else OWN)
            if task in found.setdefault(name, {}):
                raise UsageError(f"--probe: two runs contain {task}; give only one")
            found[name][task] = (run.name, run.task_rows(task))
    if len(weights) > 1:
        raise UsageError(
            f"--probe: {len(weights)} different models ({', '.join(sorted(map(str, weights)))}); "
            "the probes compare one model with and without the context"
        )
    return found


def _domain(row: Row) -> str:
    return str(row.groups.get("domain", ""))


def _probe_domain(
    own: Sequence[Row], teacher: Sequence[Row], level: float
) -> Iterator[tuple[str, Interval]]:
    computed = {
        "own_success": _of_rows(own, "accuracy", level),
        "teacher_success": _of_rows(teacher, "accuracy", level),
        "optimism_bias": _difference(_success(own), _success(teacher), level),
        "own_confidence": _of_rows(own, "mean_confidence", level),
        "teacher_confidence": _of_rows(teacher, "mean_confidence", level),
        "inheritance": _of_rows(own, "overconfidence_gap", level),
        "own_entropy": _entropy(own, level),
        "teacher_entropy": _entropy(teacher, level),
        "own_parse_rate": _parse_rate(own, level),
        "teacher_parse_rate": _parse_rate(teacher, level),
    }
    for metric in PROBES:
        yield metric, computed[metric]


def _of_rows(rows: Sequence[Row], metric: str, level: float) -> Interval:
    """Compute a metric with a question's samples together; accuracy over all rows."""
    used = [row for row in rows if metric == "accuracy" or row.confidence is not None]
    if not used:
        return undefined(level, NO_ROWS)
    counted = tally(
        [row.confidence or 0.0 for row in used],
        [row.correct for row in used],
        cluster=label_items([row.item_hash for row in used]),
    )
    return bootstrap(counted, metrics=[metric], level=level)[metric]


def _success(rows: Sequence[Row]) -> dict[str, float]:
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row.item_hash, []).append(row.correct)
    return {item: sum(values) / len(values) for item, values in found.items()}


def _parse_rate(rows: Sequence[Row], level: float) -> Interval:
    """Return the share of samples that state a usable confidence; as an accuracy, in clusters."""
    counted = tally(
        [0.5] * len(rows),
        [int(row.confidence is not None) for row in rows],
        cluster=label_items([row.item_hash for row in rows]),
    )
    return bootstrap(counted, metrics=["accuracy"], level=level)["accuracy"]


def _difference(own: Mapping[str, float], teacher: Mapping[str, float], level: float) -> Interval:
    """Return the mean difference of paired questions, with Student's interval."""
    from scipy.stats import t

    differences = np.array([teacher[item] - own[item] for item in sorted(own)])
    n, mean = differences.size, float(differences.mean())
    if n < MIN_ITEMS:
        return undefined(level, f"{n} questions: too few for an interval", mean, n)
    error = float(differences.std(ddof=1) / np.sqrt(n))
    if error == 0:
        return undefined(level, "no question differs from another", mean, n)
    half = float(t.ppf((1 + level) / 2, n - 1)) * error
    low, high = max(mean - half, -1.0), min(mean + half, 1.0)
    return Interval(mean, low, high, level, n, "paired student", error)


def _entropy(rows: Sequence[Row], level: float) -> Interval:
    """Return the entropy of the stated values in bits, corrected by the jackknife over questions.

    The entropy of a sample underestimates that of its distribution, the more so the rarer its
    values.
    """
    stated = [row for row in rows if row.confidence is not None]
    if not stated:
        return undefined(level, NO_ROWS)
    items = sorted({row.item_hash for row in stated})
    values = sorted({row.confidence for row in stated if row.confidence is not None})
    place = {item: i for i, item in enumerate(items)}
    column = {value: i for i, value in enumerate(values)}
    counts = np.zeros((len(items), len(values)))
    for row in stated:
        counts[place[row.item_hash], column[row.confidence]] += 1  # type: ignore[index]
    n, total = len(items), counts.sum(axis=0)
    plain = float(_bits(total))
    if len(values) == 1:
        return undefined(level, "only one value is stated", 0.0, len(stated))
    if n < MIN_ITEMS:
        return undefined(level, f"{n} questions: too few for an interval", plain, len(stated))
    most = np.log2(len(stated))
    without = _bits(total - counts)
    estimate = n * plain - (n - 1) * float(without.mean())
    if estimate > most:  # more than this number of answers can show
        return undefined(level, TOO_MANY_VALUES, plain, len(stated))
    error = float(np.sqrt((n - 1) * np.mean((without - without.mean()) ** 2)))
    half = NormalDist().inv_cdf((1 + level) / 2) * error
    low, high = max(estimate - half, 0.0), estimate + half
    return Interval(estimate, low, high, level, len(stated), "cluster jackknife", error)


def _bits(counts: Array) -> Array:
    share = counts / counts.sum(axis=-1, keepdims=True)
    terms = np.where(share > 0, share * np.log2(np.where(share > 0, share, 1)), 0.0)
    return np.asarray(-terms.sum(axis=-1)) + 0.0
