"""A run of HELM (crfm-helm): the folder of a run, with `scenario_state.json` and `run_spec.json`.

A request may have several completions, which are samples of one question, as are requests with
different sets of examples (`train_trial_index`). Ids continue those of the examples, so they only
identify the question. The log probabilities of a chat model are all 0 and are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote
from caopd_bench.runs.logged import AnswerColumns
from caopd_bench.runs.readers.harness.found import Found, keep, load, mapping, to_logged
from caopd_bench.runs.readers.harness.gold import shorten_golds
from caopd_bench.runs.readers.harness.outline import outline
from caopd_bench.runs.readers.reader import Log, Reader

__all__ = ["READER"]

STATE = "scenario_state.json"
NAME = "a run of HELM"
#: Places of the file in a run, a suite, and a folder of suites.
PLACES = (STATE, f"*/{STATE}", f"*/*/{STATE}")


def _finds(path: Path) -> bool:
    if path.is_dir():
        return any(True for place in PLACES for _ in path.glob(place))
    return path.name == STATE and "adapter_spec" in outline(path)


def _open(path: Path, columns: AnswerColumns, kind: str) -> Log:
    file = _find_state(path)
    log = load(file, NAME)
    asked = mapping(log, "adapter_spec")
    states = mapping(log).get("request_states")
    if not isinstance(states, list):
        raise UsageError(f"{file}: not {NAME}: no request_states")
    method = str(asked.get("method"))
    if method.startswith("multiple_choice_separate"):
        raise UsageError(
            f"{file}: {NAME} with the method {quote(method)}, which has one request per option "
            "and no response; use multiple_choice_joint or generation"
        )
    answers = [
        to_logged(found, columns)
        for place, state in enumerate(states)
        for found in _read_state(state, f"{file} request {place}", kind)
    ]
    kept, notes = shorten_golds(answers, kind)
    spec = load(file.with_name("run_spec.json"), NAME) if _has_spec(file) else {}
    budget = asked.get("max_tokens")
    model = asked.get("model")
    return Log(
        iter(kept),
        backend="helm",
        model=model if isinstance(model, str) else None,
        task=_task(mapping(spec).get("name")),
        max_tokens=budget if isinstance(budget, int) and budget > 0 else None,
        provenance={
            "gen_kwargs": keep(asked, "temperature", "max_tokens", "stop_sequences"),
            "packages": None,
            "date": None,
        },
        warnings=notes,
        file=file,
    )


def _find_state(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = [file for place in PLACES for file in path.glob(place)]
    if len(found) > 1:
        raise UsageError(
            f"{path}: {len(found)} runs of HELM; choose one:",
            sorted(str(file.parent) for file in found),
        )
    return found[0]


def _has_spec(file: Path) -> bool:
    return file.with_name("run_spec.json").is_file()


def _read_state(state: Any, where: str, kind: str) -> Iterator[Found]:
    instance = mapping(state, "instance")
    result = mapping(state, "result")
    if not instance:
        raise UsageError(f"{where}: not {NAME}: no instance")
    options, golds = _read_golds(instance, mapping(state, "output_mapping"), where, kind)
    completions = result.get("completions")
    texts = completions if isinstance(completions, list) else []
    failed = result.get("success") is not True or not texts
    for one in [None] if failed else texts:
        reason = mapping(one, "finish_reason").get("reason")
        yield Found(
            where,
            state,
            None if failed else mapping(one).get("text") or "",
            golds if kind == "phrase" else golds[0],
            _name_item(instance),
            mapping(instance, "input").get("text"),
            {key: instance.get(key) for key in ("split", "sub_split")}
            | dict(mapping(instance, "extra_data")),
            failed=failed,
            options=options,
            stopped="length" if reason == "length" else "",
            also=() if kind == "phrase" else tuple(golds[1:]),
        )


def _name_item(instance: Mapping[str, Any]) -> str:
    """Name the question: a perturbed input has the same id as the original."""
    changed = mapping(instance, "perturbation").get("name")
    return f"{instance.get('id')} {changed}" if changed else str(instance.get("id"))


def _read_golds(
    instance: Mapping[str, Any], letters: Mapping[str, Any], where: str, kind: str
) -> tuple[tuple[str, ...], list[str]]:
    """Return the options and all accepted answers, which are letters for a choice."""
    references = instance.get("references")
    pairs = [
        (str(mapping(one, "output").get("text")), "correct" in _tags(one))
        for one in (references if isinstance(references, list) else [])
    ]
    right = [text for text, is_right in pairs if is_right]
    if not right:
        raise UsageError(f"{where}: no reference is tagged as correct; it cannot be judged")
    if kind != "choice":
        return (), right
    if not letters and len(right) == len(pairs):  # no wrong ones, so not options
        return (), [text.strip(" ().") for text in right]
    options = tuple(str(text) for text in letters.values()) or tuple(text for text, _ in pairs)
    if letters:
        found = [letter for letter, text in letters.items() if str(text) in right]
    else:
        found = [chr(ord("A") + i) for i, (_, is_right) in enumerate(pairs) if is_right]
    if not found:
        raise UsageError(f"{where}: none of the options is the correct reference")
    return options, found


def _tags(reference: Any) -> list[Any]:
    tags = mapping(reference).get("tags")
    return tags if isinstance(tags, list) else []


def _task(name: Any) -> str | None:
    """Return the scenario from a run's name, which its settings follow after a colon."""
    return name.partition(":")[0] or None if isinstance(name, str) else None


READER = Reader(NAME, _finds, open_log=_open, order=30)
