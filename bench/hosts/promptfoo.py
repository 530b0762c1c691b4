"""A Python assertion for promptfoo that grades the answer and the stated confidence.

    assert:
      - type: python
        value: |
          from caopd_bench.hosts.promptfoo import get_assert
          return get_assert(output, context)
        config: {kind: number, gold: gold}

`config` is optional. It names the kind of the answers, the variable that holds the right answer,
and for a choice the variable that holds the texts of its options, a JSON list.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from caopd_bench.runs.readers.harness.promptfoo_text import drop_reasoning
from caopd_bench.tasks.judge.verify import verify
from caopd_bench.tasks.read.parse import parse_response

__all__ = ["get_assert"]

KEYS = ("gold", "kind", "options")


def get_assert(output: Any, context: Mapping[str, Any]) -> dict[str, Any]:
    r"""Judge one output; promptfoo calls this function.

    Parameters
    ----------
    output : object
        The model's text; promptfoo passes an output that is valid JSON as an object.
    context : mapping
        Has `vars`, and the `config` of the assertion.

    Returns
    -------
    dict
        A grading result. `pass` is true if the answer is right. `score` is 1 minus the Brier
        score, and 0 if no confidence could be parsed, so that omitting it never pays. The named
        scores are `accuracy` and, if a confidence was parsed, `confidence`, `brier` and
        `overconfidence`: the confidence minus 1 for a right answer, minus 0 for a wrong one.

    Raises
    ------
    ValueError
        If the right answer is missing or does not fit the kind; promptfoo shows the message.

    Examples
    --------
    >>> result = get_assert("Answer: 4\nConfidence: 0.8", {"vars": {"gold": 4}})
    >>> result["pass"], round(result["score"], 2), result["reason"]
    (True, 0.96, 'right, with confidence 0.8')
    >>> get_assert("Answer: 5", {"vars": {"gold": 4}})["reason"]
    'wrong, no confidence was read (no_confidence): scored 0'
    """
    config = context.get("config") or {}
    variables = context.get("vars") or {}
    unknown = sorted(set(config) - set(KEYS))
    if unknown:
        raise ValueError(
            f"config of the assertion: unknown {unknown[0]!r}; known: {', '.join(KEYS)}"
        )
    kind = str(config.get("kind", "number"))
    text = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
    parsed = parse_response(drop_reasoning(text).text, kind=kind)
    options = _read_options(variables, config.get("options"))
    gold = _read_gold(variables, str(config.get("gold", "gold")))
    right = verify(parsed.answer, gold, kind=kind, options=options)
    named = {"accuracy": float(right)}
    said = "right" if right else "wrong"
    if parsed.status != "ok" or parsed.confidence is None:
        reason = f"{said}, no confidence was read ({parsed.status}): scored 0"
        return {"pass": right, "score": 0.0, "reason": reason, "namedScores": named}
    brier = (parsed.confidence - right) ** 2
    stated = parsed.confidence
    named |= {"confidence": stated, "brier": brier, "overconfidence": stated - right}
    reason = f"{said}, with confidence {parsed.confidence:g}"
    return {"pass": right, "score": 1 - brier, "reason": reason, "namedScores": named}


def _read_gold(variables: Mapping[str, Any], name: str) -> str:
    gold = variables.get(name)
    if gold is None or gold == "":
        known = ", ".join(map(str, variables)) or "no variables"
        raise ValueError(f"the test has no variable {name!r} with the right answer; it has {known}")
    return gold if isinstance(gold, str) else json.dumps(gold, ensure_ascii=False)


def _read_options(variables: Mapping[str, Any], name: Any) -> tuple[str, ...]:
    """Return the option texts from a JSON list: promptfoo would split a real list into tests."""
    if name is None:
        return ()
    listed = variables.get(str(name))
    if isinstance(listed, str):
        try:
            listed = json.loads(listed)
        except (ValueError, RecursionError):
            listed = None
    if not isinstance(listed, list) or not listed:
        raise ValueError(f"the variable {name!r} must be a JSON list of the texts of the options")
    return tuple(map(str, listed))
