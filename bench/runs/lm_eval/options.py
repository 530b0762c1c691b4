"""Read tasks that choose an option by loglikelihood, such as lm-eval's `multiple_choice`.

No confidence is stated. The confidence is the probability of the option that lm-eval chose, which
is the softmax of its scores; these depend on the metric (`READINGS`). Outcomes must agree with the
logged ones: rows that differ must be near ties, or else the metric is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote
from caopd_bench.runs.lm_eval.groups import Place
from caopd_bench.runs.lm_eval.lines import Line, Samples
from caopd_bench.runs.lm_eval.option_scores import (
    READINGS,
    Asked,
    Reading,
    find_tied,
    first_highest,
    place_right,
    scores_of,
    softmax,
)
from caopd_bench.runs.lm_eval.rights import TargetCount, find_right
from caopd_bench.runs.run import Row, make_row

__all__ = ["OptionRows", "holds_options", "read_options"]


#: Readings used if no metric was logged.
PLAIN = READINGS[:2]
#: Maximum number of options of a question.
MOST = 1000
NOT_ONE = "the outcome of some questions is a fraction, not 0 or 1"
NO_TEXTS = "the log does not contain the options, whose lengths are needed"
NO_PRIORS = "some questions have no loglikelihoods of the options without the question"


@dataclass(slots=True)
class OptionRows:
    """The rows of one task under one reading, with counts for notes.

    Attributes
    ----------
    reading : Reading
    rows : list of Row
    unlike : int
        Number of rows whose logged outcome differs from that of the highest option.
    first_unlike : str
        Place of the first of them.
    why_not : str
        Why this reading is impossible; "" if it is possible.
    unplaced : int
        Number of rows without a single known right option.
    undefined : int
        Number of rows without a probability, because a loglikelihood is not a number.
    """

    reading: Reading
    rows: list[Row] = field(default_factory=list)
    unlike: int = 0
    first_unlike: str = ""
    why_not: str = ""
    unplaced: int = 0
    undefined: int = 0


def holds_options(sample: Mapping[str, Any]) -> bool:
    """Return whether a line of samples has the loglikelihoods of at least two options."""
    pairs = sample.get("filtered_resps")
    return isinstance(pairs, list) and len(pairs) > 1 and all(map(_is_pair, pairs))


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and value[1] in ("True", "False")


def read_options(
    task: str,
    file: Path,
    first: Mapping[str, Any],
    delimiter: str,
    *,
    place: Place | None = None,
    copies: dict[str, int] | None = None,
    judge: bool = False,
    by: Sequence[str] = (),
    config: Mapping[str, Any] | None = None,
) -> tuple[list[OptionRows], dict[str, int]]:
    """Read the samples of one task.

    Parameters
    ----------
    task : str
    file : Path
    first : Mapping
        Its first line.
    delimiter : str
        The text that lm-eval put before each option, from its configuration.
    place : Place, optional
        The group that the rows go to; by default the task.
    copies : dict, optional
        Number of times each question was seen in the group's other tasks; it is modified.
    judge : bool
        Judge by the right answer if no metric was logged (`--predict_only`).
    by : sequence of str
        Columns of the documents to group by.
    config : mapping, optional
        The task's configuration, which may show the meaning of a target if nothing was judged.

    Returns
    -------
    (list of OptionRows, dict)
        One `OptionRows` for each logged metric, and the number of lines of each filter.
    """
    logged = [reading for reading in READINGS if reading.metric in first]
    readings = logged or (list(PLAIN) if judge else [])
    best: tuple[list[OptionRows], dict[str, int]] = ([], {})
    counted: dict[str, int] = {}
    where = place or Place(task, {})
    if not readings:
        return best
    if not logged:
        return _read_unjudged(where, file, readings, first, delimiter, copies, by, config or {})
    # A log contains neither the bare options nor the form of the target. In nearly all logs the
    # first guess is right, and the outcomes show whether it is.
    for by_text, before in product((False, True), dict.fromkeys((delimiter, "", " "))):
        seen = dict(copies or {})
        guess = _Guess(before.encode(), by_text, True)
        found = _read(where, Samples(file, where.groups, by), readings, guess, seen)
        unlike = sum(one.unlike for one in found[0])
        if not best[0] or unlike < sum(one.unlike for one in best[0]):
            best, counted = found, seen
        if not unlike:
            break
    if copies is not None:
        copies.update(counted)
    return best


def _read_unjudged(
    place: Place,
    file: Path,
    readings: Sequence[Reading],
    first: Mapping[str, Any],
    delimiter: str,
    copies: dict[str, int] | None,
    by: Sequence[str],
    config: Mapping[str, Any],
) -> tuple[list[OptionRows], dict[str, int]]:
    """Read samples without outcomes; judge them only if the form of their targets is known."""
    before = delimiter.encode()
    targets = TargetCount()
    lines = Samples(file)
    for line in lines:
        asked = _read_question(line, lines, _Guess(before, True, False), {})
        if asked.texts is not None:
            targets.add(line.target, asked.texts, lines.where(line.number))
    doc = first.get("doc")
    by_text = targets.tell(config, doc if isinstance(doc, Mapping) else {})
    guess = _Guess(before, bool(by_text), False)
    found = _read(
        place, Samples(file, place.groups, by), readings, guess, {} if copies is None else copies
    )
    for one in found[0] if by_text is None else ():
        one.why_not = one.why_not or targets.why_not()
    return found


class _Guess(NamedTuple):
    """Assumed delimiter of options, whether targets are texts, and whether there are outcomes."""

    delimiter: bytes
    by_text: bool
    is_judged: bool


def _read(
    place: Place,
    lines: Samples,
    readings: Sequence[Reading],
    guess: _Guess,
    copies: dict[str, int],
) -> tuple[list[OptionRows], dict[str, int]]:
    made = [OptionRows(reading) for reading in readings]
    names = [place.task + reading.suffix for reading in readings]
    known: dict[tuple[str, int], tuple[int, ...]] = {}
    for line in lines:
        item = line.item
        seen = copies[item] = copies.get(item, 0) + 1
        if seen > 1:  # to lm-eval, a repeated document is another question
            item = f"{item}#{seen}"
        asked = _read_question(line, lines, guess, known)
        for name, one in zip(names, made, strict=True):
            if not one.why_not:
                _add_row(one, name, item, line, asked, guess.is_judged, lines)
    return made, lines.counts


def _read_question(
    line: Line,
    lines: Samples,
    guess: _Guess,
    known: dict[tuple[str, int], tuple[int, ...]],
) -> Asked:
    pairs = line.tail["filtered_resps"]
    try:
        values = [float(pair[0]) for pair in pairs]
    except (TypeError, ValueError, IndexError, KeyError):
        raise UsageError(
            f"{lines.where(line.number)}: filtered_resps must be pairs of a loglikelihood and a "
            f"word, got {quote(pairs)}"
        ) from None
    given: list[float] = []
    if "acc_mutual_info" in line.tail and len(values) % 2 == 0:
        half = len(values) // 2
        values, given = values[:half], values[half:]
    count = len(values)
    if not 1 < count <= MOST:
        raise UsageError(f"{lines.where(line.number)}: {count} options; a choice has 2 to {MOST:,}")
    options = line.options[:count]
    if len(options) < count or options.count(options[0]) == count:
        # The options are in the prompts, which share one continuation (Winogrande).
        return Asked(values, given, None, None)
    start = len(guess.delimiter)
    if start:
        before = guess.delimiter
        texts = [text[start:] for text in options if text[:start] == before]
        options = texts if len(texts) == count else options
    key = (line.target, count)
    if key in known:
        return Asked(values, given, options, known[key])
    right, is_place = find_right(line.target, options, guess.by_text)
    if is_place:
        known[key] = right
    return Asked(values, given, options, right)


def _add_row(
    one: OptionRows,
    name: str,
    item: str,
    line: Line,
    asked: Asked,
    is_judged: bool,
    lines: Samples,
) -> None:
    scores = scores_of(one.reading.per, asked)
    if scores is None:
        one.why_not = NO_TEXTS if asked.texts is None else NO_PRIORS
        return
    probabilities = softmax(scores)
    chosen = scores.index(max(scores)) if probabilities else first_highest(scores)
    right = asked.right
    if is_judged:
        outcome = line.tail.get(one.reading.metric)
        if outcome not in (0, 1):
            one.why_not = _why_no_outcome(one.reading.metric, outcome, lines.where(line.number))
            return
        correct = int(outcome)
        if right is not None and (chosen in right) != correct:
            tied = find_tied(scores, right, correct)
            if tied is None:
                one.unlike += 1
                one.first_unlike = one.first_unlike or lines.where(line.number)
            else:
                chosen = tied
    elif right is None:
        one.why_not = "the log does not record which option is right"
        return
    else:
        correct = int(chosen in right)
    place = place_right(right, len(scores), chosen, correct)
    if not probabilities:
        one.undefined += 1
        one.rows.append(make_row(name, item, line.groups, None, correct, "bad_confidence", (), -1))
        return
    if place < 0:
        one.unplaced += 1
    known = probabilities if place >= 0 else ()
    one.rows.append(
        make_row(name, item, line.groups, probabilities[chosen], correct, "ok", known, place)
    )


def _why_no_outcome(metric: str, outcome: Any, where: str) -> str:
    if isinstance(outcome, float) and 0 < outcome < 1:
        return NOT_ONE
    raise UsageError(f"{where}: {metric} must be 0 or 1, got {quote(outcome)}")
