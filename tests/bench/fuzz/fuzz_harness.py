"""Logs of other harnesses: files that the real tools wrote, and rows of APIs, changed anywhere."""

import json
from pathlib import Path
from typing import Any

from fuzz_mutations import Mutator
from fuzz_runs import Reader, change_lines

from caopd_bench.runs.rescore import rescore

__all__ = ["HARNESSES"]

FILES = Path(__file__).parents[1] / "runs" / "harness"
KINDS = ("number", "choice", "phrase", "latex")


def _lines(name: str) -> list[Any]:
    return [json.loads(line) for line in (FILES / name).read_text(encoding="utf-8").splitlines()]


def _batch(letter: str, gold: object) -> dict[str, Any]:
    token = {"token": letter, "logprob": -0.2, "top_logprobs": [{"token": "A", "logprob": -0.5}]}
    choice = {
        "message": {"content": letter},
        "finish_reason": "stop",
        "logprobs": {"content": [token]},
    }
    body = {"model": "m", "choices": [choice]}
    response = {"status_code": 200, "body": body}
    return {"custom_id": letter, "response": response, "error": None, "gold": gold}


ROWS = {
    "promptfoo": _lines("promptfoo_thinking.jsonl"),
    "batch": [_batch("A", "A"), _batch("Answer: 4\nConfidence: 0.5", 4)],
    "decisions": [
        {"id": 1, "probabilities": {"a": 0.5, "b": 0.5}, "gold": "a"},
        {"id": 2, "probabilities": [0.5, 0.5], "labels": ["a", "b"], "gold": 1},
        {
            "id": 3,
            "probs": [{"label": "a", "score": 0.25}, {"label": "b", "score": 0.75}],
            "label": 1,
        },
    ],
}
WHOLE = {
    "helm": ("helm/scenario_state.json", "scenario_state.json"),
    "promptfoo": ("promptfoo.json", "a.json"),
    "opencompass predictions": ("predictions/stub/sums.json", "a.json"),
    "opencompass results": ("results/stub/sums.json", "a.json"),
    "deepeval": ("deepeval.json", "a.json"),
}


def _read(name: str, data: bytes, place: Path) -> bool:
    file = place / name
    file.write_bytes(data)
    # A file of promptfoo holds several runs.
    only = [("promptIdx", "0")] if b"promptIdx" in data else []
    return bool(rescore(file, kind=KINDS[len(data) % len(KINDS)], only=only).rows)


def _of_rows(rows: list[Any]) -> Reader:
    return Reader(
        lambda mutator, _: change_lines(mutator, rows),
        lambda data, place: _read("a.jsonl", data, place),
    )


def _of_whole(name: str, place_name: str) -> Reader:
    values = json.loads((FILES / name).read_text(encoding="utf-8"))

    def make(mutator: Mutator, _: Path) -> bytes:
        return mutator.json(values)

    return Reader(make, lambda data, place: _read(place_name, data, place))


#: By name.
HARNESSES = {f"{name} rows": _of_rows(rows) for name, rows in ROWS.items()} | {
    f"{name} JSON": _of_whole(*names) for name, names in WHOLE.items()
}
