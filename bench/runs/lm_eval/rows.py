"""Turn one line of lm-eval's samples into rows.

A task that asks once has one row per line. A task that samples has K rows and another for the vote:
`TASK:agreement` contains the most common answer to each question, with its share of the samples as
the confidence. A failed response has no text.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote
from caopd_bench.runs.lm_eval.parts import join_parts
from caopd_bench.runs.lm_eval.provenance import section
from caopd_bench.runs.run import AGREEMENT, GREEDY, STATUSES, Row, make_row
from caopd_bench.tasks.catalogue.ways import Way, way_of
from caopd_bench.tasks.judge.spans import read_spans
from caopd_bench.tasks.read.parse import parse_response

__all__ = [
    "Shared",
    "count_repeats",
    "has_text",
    "holds_parts",
    "judge_again",
    "list_texts",
    "make_rows",
    "read_text",
    "token_budget",
]

GROUP_KEYS = ("level", "family", "subject", "domain", "context")
Groups: TypeAlias = "dict[str, str | int | float]"
Shared: TypeAlias = "dict[tuple[Any, ...], Groups]"


def make_rows(
    task: str, sample: Mapping[str, Any], where: str, shared: Shared | None = None
) -> Iterator[Row]:
    """Yield the rows of one line.

    Parameters
    ----------
    task : str
        lm-eval's name of the task.
    sample : Mapping
        The line, with `confidence` and `acc`.
    where : str
        File and line, for messages.
    shared : dict, optional
        Groups of earlier rows, so that rows with equal groups share a mapping; it is modified.

    Raises
    ------
    UsageError
        If a value cannot come from our tasks; the message names the place and the value.
    """
    doc = sample.get("doc")
    if not isinstance(doc, Mapping) or not isinstance(doc.get("item_hash"), str):
        raise UsageError(f"{where}: the document has no item_hash; make it with our task hooks")
    way = way_of(doc)
    asked = _Asked(
        task,
        sample,
        doc,
        doc["item_hash"],
        _share(_read_groups(doc, where), shared),
        doc["kind"] if isinstance(doc.get("kind"), str) else "number",
        _string(doc.get("given")) if way.about_answer else None,
        bool(way.about_answer),
        where,
    )
    if not isinstance(sample["acc"], list):
        repeats = _list_repeats(sample, way)
        if len(repeats) > 1:
            for i, text in enumerate(repeats):
                yield _make_row(asked, i, text, _judge_one(doc, text, where))
            return
        texts = list_texts(sample)
        number = 0 if way.sampled else GREEDY
        verdict = (sample["confidence"], sample["acc"], sample.get("status"))
        yield _make_row(asked, number, texts[0] if texts else None, verdict)
        return
    texts = list_texts(sample)
    verdicts = _verdicts(sample, where)
    if len(verdicts) != len(texts):
        raise UsageError(f"{where}: {len(texts)} responses and {len(verdicts)} verdicts; run again")
    for i, (text, verdict) in enumerate(zip(texts, verdicts, strict=True)):
        yield _make_row(asked, i, text, verdict)
    share, correct = _read_majority(sample, where)
    yield make_row(
        task + AGREEMENT,
        asked.item,
        asked.groups,
        share,
        correct,
        "ok",
        question=_string(doc.get("question")),
        gold=_string(doc.get("answer")),
    )


class _Asked(NamedTuple):
    """A document and the values shared by all of its rows."""

    task: str
    sample: Mapping[str, Any]
    doc: Mapping[str, Any]
    item: str
    groups: Groups
    kind: str
    given: str | None
    is_about_answer: bool
    where: str


def judge_again(sample: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Judge the responses of one line with the current parser; rows without a response are kept."""
    doc = section(sample, "doc")
    way = way_of(doc)
    if not way.generates:  # there are two log-likelihoods and no text
        return dict(sample)
    if not isinstance(doc.get("answer"), str) or not isinstance(doc.get("kind"), str):
        raise UsageError(f"{where}: the document has no gold answer in our format")
    texts = list_texts(sample)
    # Imported here because most runs are judged already, and only their verdicts are read.
    from caopd_bench.tasks.judge.judge import judge, judge_given, judge_samples

    try:
        if isinstance(sample.get("acc"), list):
            return {**sample, **judge_samples(doc, texts)}
        judged = (judge_given if way.about_answer else judge)(doc, texts or [None])
    except ValueError as error:  # an unknown kind of answer, or math-verify is missing
        raise UsageError(f"{where}: cannot be judged again: {error}") from None
    return {**sample, **judged}


def _judge_one(doc: Mapping[str, Any], text: str | None, where: str) -> tuple[Any, Any, Any]:
    judged = judge_again({"doc": doc, "resps": [[text]]}, where)
    return judged["confidence"], judged["acc"], judged.get("status")


def _make_row(asked: _Asked, number: int, text: str | None, verdict: tuple[Any, Any, Any]) -> Row:
    where = asked.where
    stated, correct, status = verdict
    confidence = _read_confidence(stated, where)
    if correct not in (0, 1):
        raise UsageError(f"{where}: acc must be 0 or 1, got {quote(correct)}")
    if status is None:
        status = "ok" if confidence is not None else "no_confidence"
    if status not in STATUSES:
        raise UsageError(f"{where}: status {quote(status)} is not one of {', '.join(STATUSES)}")
    if (status == "ok") != (confidence is not None):
        raise UsageError(f"{where}: status {status!r} with confidence {confidence}; run again")
    # Only this function knows the answer's actual token budget.
    if status == "no_answer" and text is not None:
        status = "unfinished" if _is_cut_off(text, asked) else status
    spans = read_spans(text or "", asked.kind)
    return make_row(
        asked.task,
        asked.item,
        asked.groups,
        confidence,
        int(correct),
        status,
        sample=number,
        answer=asked.given if asked.is_about_answer else spans.answer,
        stated=spans.confidence,
        text=text,
        question=_string(asked.doc.get("question")),
        gold=_string(asked.doc.get("answer")),
    )


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _verdicts(sample: Mapping[str, Any], where: str) -> list[tuple[Any, Any, Any]]:
    lists = [sample.get(key) for key in ("confidence", "acc", "status")]
    if not all(isinstance(values, list) for values in lists):
        raise UsageError(f"{where}: acc must be 0 or 1, got {quote(sample['acc'])}")
    confidences, outcomes, statuses = lists
    if not outcomes:
        raise UsageError(
            f"{where}: rejected during the evaluation because all samples of a question are "
            "copies of one text; the server ignores or fixes the seed (docs/tasks.md)"
        )
    if not len(confidences) == len(outcomes) == len(statuses):  # type: ignore[arg-type]
        raise UsageError(f"{where}: lists of different lengths for one question; run again")
    return list(zip(confidences, outcomes, statuses, strict=True))  # type: ignore[arg-type]


def _read_majority(sample: Mapping[str, Any], where: str) -> tuple[float, int]:
    value = sample.get("majority")
    if not isinstance(value, Sequence) or len(value) != 2 or value[1] not in (0, 1):
        raise UsageError(f"{where}: majority must be [share, right], got {quote(value)}")
    share = _read_confidence(value[0], where)
    if share is None:
        raise UsageError(f"{where}: majority must be [share, right], got {quote(value)}")
    return share, int(value[1])


def _share(groups: Groups, shared: Shared | None) -> Groups:
    if shared is None:
        return groups
    # 1, 1.0 and True are equal but are different groups in a table.
    key = (*groups.items(), *map(type, groups.values()))
    return shared.setdefault(key, groups)


def _read_groups(doc: Mapping[str, Any], where: str) -> Groups:
    groups = {key: doc[key] for key in GROUP_KEYS if isinstance(doc.get(key), (str, int, float))}
    for key, value in groups.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"{where}: {key} must be a word or a finite number, got {value}")
    return groups


def _read_confidence(value: Any, where: str) -> float | None:
    if value is None:
        return None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 1:  # also true for NaN
        hint = "; divide percentages by 100" if is_number and value > 1 else ""
        raise UsageError(f"{where}: confidence must be in [0, 1] or null, got {quote(value)}{hint}")
    return float(value)


def list_texts(sample: Mapping[str, Any]) -> list[str | None]:
    """Return the first response to each request; None if it failed or is not a text."""
    responses = sample.get("resps")
    return [_first_text(response) for response in _listed(responses)]


def _first_text(response: Any) -> str | None:
    while isinstance(response, list):
        response = response[0] if response else None
    return read_text(response)


def _list_repeats(sample: Mapping[str, Any], way: Way) -> list[str | None]:
    """Return all responses to a line's only text request; empty if it has several requests."""
    responses = _listed(sample.get("resps"))
    if len(responses) != 1 or not way.generates:
        return []
    return [_first_text(response) for response in _listed(responses[0])]


def count_repeats(sample: Mapping[str, Any]) -> int:
    """Count the responses to the only request, of which lm-eval judged just one."""
    if isinstance(sample.get("acc"), list):
        return 1
    return len(_list_repeats(sample, way_of(section(sample, "doc"))))


def read_text(response: Any) -> str | None:
    """Return a response as text, joining content parts; None if it is not a text."""
    if not isinstance(response, str):
        return None
    joined = join_parts(response) if response[:1] == "[" else None
    return response if joined is None else joined


def holds_parts(sample: Mapping[str, Any]) -> int:
    """Count the responses that consist of content parts."""
    found = 0
    for response in _listed(sample.get("resps")):
        for text in _listed(response) if isinstance(response, list) else [response]:
            found += isinstance(text, str) and text[:1] == "[" and join_parts(text) is not None
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def has_text(text: str | None) -> bool:
    """Return whether there is a response; logs without responses have null or empty texts."""
    return bool(text and text.strip())


def token_budget(sample: Mapping[str, Any]) -> int | None:
    """Return the token budget of an answer; None if the log does not record it."""
    for request in section(sample, "arguments").values():
        options = section(request, "arg_1") if isinstance(request, Mapping) else {}
        for key in ("max_gen_toks", "max_new_tokens", "max_tokens"):
            if isinstance(options.get(key), int) and options[key] > 0:
                return int(options[key])
    return None


def _is_cut_off(text: str, asked: _Asked) -> bool:
    budget = token_budget(asked.sample)
    return parse_response(text, max_tokens=budget, kind=asked.kind).status == "unfinished"
