"""Differences between two runs other than the model: prompt, decoding and parser settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from caopd_bench.core.errors import NotComparableError
from caopd_bench.core.privacy.keep import is_quantisation
from caopd_bench.core.terminal import inline
from caopd_bench.runs.confidence_of import wording_of
from caopd_bench.runs.provenance import count_read_otherwise
from caopd_bench.runs.run import AnyRun, CountedRun
from caopd_bench.scores.notes import is_logged
from caopd_bench.scores.shares import is_stated

__all__ = ["Difference", "check_confidences", "check_parsers", "find_differences", "refuse"]

WIDTH = 60
UNKNOWN = "not recorded"
CHECKPOINT = "decoding added by generation_config.json"
#: Labels of the settings of a whole run.
OF_RUN = {
    "backend": "backend",
    "dtype": "dtype",
    "quantization": "quantisation",
    "chat_template_sha": "chat template",
    "fewshot_as_multiturn": "exemplars as turns",
    "system_instruction_sha": "system instruction",
    "gen_kwargs": "generation options",
}
#: Labels of the settings of each task.
OF_TASK = {
    "version": "task version",
    "prompt_version": "prompt version",
    "num_fewshot": "number of exemplars",
    "generation": "decoding",
    "way": "way of asking",
    "samples": "samples",
    "wording": "wording",
    "source": "data",
    "reading": "reading of the responses",
}

#: Fields of a log's source that describe the file and its columns. Each model has its own file of
#: responses, so these may differ; the questions are identified by the items.
OF_ANSWERS = ("set", "bytes", "sha256", "rows", "response", "gold")


class Difference(NamedTuple):
    """One setting that differs; `task` is None for a setting of the whole run."""

    task: str | None
    setting: str
    base: str
    cand: str

    def __str__(self) -> str:
        place = f"{inline(self.task, WIDTH)}: " if self.task else ""
        return f"{place}{self.setting}: {self.base} against {self.cand}"


def find_differences(base: AnyRun, cand: AnyRun, tasks: Sequence[str]) -> list[Difference]:
    """List the settings in which two runs differ.

    Flat files record no settings, so no difference can be found.
    """
    found = [
        Difference(None, word, *shown)
        for key, word in OF_RUN.items()
        if (
            shown := _unlike(
                _of_run(base, key, tasks),
                _of_run(cand, key, tasks),
                [all(is_logged(run.settings(task)) for task in tasks) for run in (base, cand)],
            )
        )
    ]
    for task in tasks:
        ours, theirs = base.settings(task), cand.settings(task)
        found += _of_parsers(task, ours, theirs)
        if any(map(_is_flat, (ours, theirs))):
            continue
        logged = [is_logged(ours), is_logged(theirs)]
        for key, word in OF_TASK.items():
            # Between a log and a run, only the items show whether the questions are equal.
            if key != "source" or logged[0] == logged[1]:
                # A log, too, records that it was read in the usual way.
                unknown = (False, False) if key == "reading" else logged
                shown = _unlike(_of_task(ours, key), _of_task(theirs, key), unknown)
                found += [Difference(task, word, *shown)] if shown else []
        if ours.get("num_fewshot") or theirs.get("num_fewshot"):
            mine, other = ((x.get("exemplars") or {}).get("set") for x in (ours, theirs))
            shown = _unlike(mine, other, logged)
            found += [Difference(task, "exemplars", *shown)] if shown else []
        found += _of_checkpoints(task, ours, theirs)
        shown = _unlike(_thinking(ours), _thinking(theirs), logged)
        found += [Difference(task, "thinking", *shown)] if shown else []
        found += _of_confidences(task, base, cand)
    return found


def check_parsers(base: AnyRun, cand: AnyRun, tasks: Sequence[str]) -> None:
    """Raise NotComparableError if two parsers read some of the responses differently."""
    for task in tasks:
        versions = [run.settings(task).get("parser_version") for run in (base, cand)]
        if None in versions or versions[0] == versions[1]:
            continue
        if any(
            isinstance(run, CountedRun) or count_read_otherwise(run.task_rows(task), version)
            for run, version in zip((base, cand), versions, strict=True)
        ):
            old = min((base, cand), key=lambda run: str(run.settings(task)["parser_version"]))
            raise NotComparableError(
                f"{task}: parsed by parser {versions[0]} and by parser {versions[1]}; parse "
                f"{inline(old.path, 200)} again: caopd-bench score {inline(old.path, 200)} "
                "--reparse --store DIR"
            )


def check_confidences(base: AnyRun, cand: AnyRun, tasks: Sequence[str]) -> None:
    """Raise NotComparableError if only one confidence is the probability of an option."""
    for task in tasks:
        kinds = {wording_of(run, task).is_stated for run in (base, cand)}
        unlike = [*_of_confidences(task, base, cand)] if len(kinds) > 1 else []
        if unlike and not any(_is_flat(run.settings(task)) for run in (base, cand)):
            names = " ".join(inline(run.path, 200) for run in (base, cand))
            raise NotComparableError(
                f"{inline(task, WIDTH)}: the confidence of the reference is {unlike[0].base}, "
                f"that of the candidate {unlike[0].cand}, so no verdict is possible; to see them "
                f"side by side: caopd-bench compare {names}"
            )


def _of_confidences(task: str, base: AnyRun, cand: AnyRun) -> Iterator[Difference]:
    """Yield a difference if only one of two confidences is the probability of an option."""
    wordings = [wording_of(run, task) for run in (base, cand)]
    if wordings[0] != wordings[1]:
        yield Difference(task, "confidence", *(_name_confidence(run, task) for run in (base, cand)))


def _name_confidence(run: AnyRun, task: str) -> str:
    wording = wording_of(run, task)
    if not wording.is_stated:
        return f"the {wording.full}"
    return "stated in the text" if is_stated(run, task) else "computed in another way"


def _is_flat(settings: Mapping[str, Any]) -> bool:
    return "columns" in (settings.get("source") or {})


def refuse(differences: Sequence[Difference]) -> None:
    """Raise NotComparableError if there are differences (--strict)."""
    if differences:
        raise NotComparableError(
            f"--strict: the runs differ in {len(differences)} "
            f"{'setting' if len(differences) == 1 else 'settings'}:",
            differences,
        )


def _of_parsers(
    task: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Iterator[Difference]:
    """Yield a parser that only one of two runs records.

    Two recorded parsers that differ are handled by `check_parsers`.
    """
    versions = [settings.get("parser_version") for settings in (ours, theirs)]
    if versions.count(None) == 1:
        shown = [UNKNOWN if one is None else inline(str(one), WIDTH) for one in versions]
        yield Difference(task, "parser", *shown)


def _of_checkpoints(
    task: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Iterator[Difference]:
    """Yield differences that the checkpoints' generation_config.json made to the decoding.

    If it is unknown for one run and had no effect in the other, there is no difference.
    """
    one, two = (settings.get("effective_generation") for settings in (ours, theirs))
    if one == two or not (one or two):
        return
    if one is None or two is None:
        shown = [UNKNOWN if side is None else _show(side) for side in (one, two)]
    else:
        unlike = [key for key in sorted({*one, *two}) if one.get(key) != two.get(key)]
        shown = [
            ", ".join(f"{key}={side[key]}" for key in unlike if key in side) or "nothing"
            for side in (one, two)
        ]
    yield Difference(task, CHECKPOINT, *(inline(side, WIDTH) for side in shown))


def _of_run(run: AnyRun, key: str, tasks: Sequence[str]) -> Any:
    if key == "quantization":
        arguments = run.provenance.get("model_args")
        given = arguments if isinstance(arguments, Mapping) else {}
        named = {name: given[name] for name in sorted(given) if is_quantisation(str(name))}
        return named or None
    if key == "fewshot_as_multiturn" and not any(run.settings(t).get("num_fewshot") for t in tasks):
        return None  # without exemplars the setting has no effect
    value = run.provenance.get(key)
    # Callers of lm-eval write absent options either as nothing or as an empty mapping.
    return None if value == {} else value


def _of_task(settings: Mapping[str, Any], key: str) -> Any:
    value = settings.get(key)
    if key == "source" and isinstance(value, Mapping):
        # A missing entry is reported as a note; the rows themselves have a hash.
        kept = {name: item for name, item in value.items() if name != "expected"}
        return _of_questions(kept) if is_logged(settings) else kept
    if key == "reading" and isinstance(value, Mapping) and value.get("options"):
        return {**value, "options": "known"}  # the name of the column does not matter
    return value


def _of_questions(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a log's source that concern the questions, without the file name.

    If questions have names, the items show which were selected (`only`) and by which column.
    """
    kept = {name: item for name, item in source.items() if name not in OF_ANSWERS}
    if kept.pop("named_by", True):
        kept.pop("only", None)
    else:
        kept["named_by"] = "line number"
    return kept


def _thinking(settings: Mapping[str, Any]) -> str | None:
    thinking = settings.get("thinking") or {}
    asked, seen = thinking.get("asked"), thinking.get("seen")
    if isinstance(asked, bool):
        return "on" if asked else "off"
    if isinstance(seen, (int, float)):
        return "on" if seen >= 0.5 else "off"
    return None


def _unlike(
    base: Any, cand: Any, logged: Sequence[bool] = (False, False)
) -> tuple[str, str] | None:
    """Format two settings that differ; entries missing in a log are unknown."""
    if base == cand:
        return None
    if isinstance(base, Mapping) and isinstance(cand, Mapping):
        # Show only the parts that differ.
        keys = sorted({*base, *cand}, key=str)
        unlike = [key for key in keys if base.get(key) != cand.get(key)]
        sides = [
            ", ".join(f"{key}={_show(side[key])}" for key in unlike if key in side) or "none"
            for side in (base, cand)
        ]
        return inline(sides[0], WIDTH), inline(sides[1], WIDTH)
    shown = [
        UNKNOWN if side is None and is_log else inline(_show(side), WIDTH)
        for side, is_log in zip((base, cand), logged, strict=True)
    ]
    return shown[0], shown[1]


def _show(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={item}" for key, item in value.items()) or "none"
    return value[:12] if isinstance(value, str) and len(value) == 64 else str(value)
