"""Build a task from a user's own questions and a few lines of YAML.

    task: my_questions_conf
    class: !function caopd_bench.tasks.own.OwnTask
    dataset_kwargs:
      file: questions.jsonl
      question: question
      answer: answer
      kind: number
      way: conf
    metadata: {version: 1.0}

Everything else (prompt, decoding, metrics) comes from the template of the way of asking; any key of
lm-eval's own, such as `num_fewshot` or `generation_kwargs`, may be set beside these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from lm_eval.api.task import ConfigurableTask

from caopd_bench.tasks.ask.documents import make_docs
from caopd_bench.tasks.ask.options import OPTIONS, one_line
from caopd_bench.tasks.ask.sample import SampledTask
from caopd_bench.tasks.catalogue.dataset import make_choice
from caopd_bench.tasks.catalogue.rows import DataError, as_text, hash_rows, read_rows
from caopd_bench.tasks.catalogue.ways import STOP_SEQUENCES, WAYS
from caopd_bench.tasks.judge.verify import KINDS
from caopd_bench.tasks.ways import hooks

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = ["OwnTask", "load_own"]

#: The style of a question for each kind of answer.
STYLE_OF = {
    "number": "math",
    "latex": "latex",
    "choice": "choice",
    "phrase": "short",
    "calls": "tooluse",
    "first_call": "tooluse",
}
GROUPS = ("level", "family", "subject", "domain")
MAX_TOKENS = 1024
KEYS = ("file", "question", "answer", "kind", "way", "options", "solution")


class OwnTask:
    """Make lm-eval's task from a user's YAML: sampled, if the way of asking samples."""

    def __new__(cls, config: dict[str, Any]) -> Any:
        """Return a `ConfigurableTask` for a configuration that names a file and a way of asking."""
        given = {key: value for key, value in config.items() if key != "class"}
        options = given.get("dataset_kwargs") or {}
        with one_line():
            _check_keys(options)
        way = WAYS[options.get("way", "conf")]
        template = _read_template(way.template)
        template["custom_dataset"] = load_own
        if way.generates:
            template["generation_kwargs"] = {
                "until": list(STOP_SEQUENCES),
                "do_sample": way.sampled,
                "temperature": 1.0 if way.sampled else 0.0,
                "max_gen_toks": way.max_tokens or MAX_TOKENS,
            }
        is_sampled = template.pop("class", None) is not None
        make = SampledTask if is_sampled else ConfigurableTask
        return make(config={**template, **given})

    def __init__(self, config: dict[str, Any]) -> None:
        """Accept a configuration; lm-eval inspects this signature to decide whether to pass one."""


def _check_keys(options: Mapping[str, Any]) -> None:
    """Refuse keys of a YAML that nothing would read."""
    for key in options:
        if key not in (*KEYS, *OPTIONS):
            close = get_close_matches(str(key), (*KEYS, *OPTIONS), n=1, cutoff=0.5)
            hint = f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(KEYS)}"
            raise ValueError(f"dataset_kwargs: unknown key {key!r}{hint}")
    way = options.get("way", "conf")
    if way not in WAYS:
        raise ValueError(f"dataset_kwargs: way must be one of {', '.join(WAYS)}, got {way!r}")


def load_own(
    *,
    file: str,
    question: str = "question",
    answer: str = "answer",
    kind: str = "number",
    way: str = "conf",
    options: str | None = None,
    solution: str | None = None,
    **others: Any,
) -> DatasetDict:
    """Build the splits of a task from a user's file.

    Parameters
    ----------
    file : str
        JSON lines, CSV or Parquet; a relative path is looked for beside the YAML, then in the
        current folder.
    question, answer : str
        Names of the columns.
    kind : str
        Kind of the answers, a key of `KINDS`.
    way : str
        Way of asking, a key of `WAYS`.
    options : str, optional
        For `kind: choice`: the column that lists the options; `answer` is then a letter or the
        index of the right one, from 0. Without it the question text includes its options.
    solution : str, optional
        Column of a worked solution, for the privileged context.
    **others
        Options as for `documents.load`, and the model's arguments.

    Raises
    ------
    DataError
        In one line: the error and its place.
    """
    with one_line():
        items = _make_items(file, question, answer, kind, options, solution, others)
        kept = {key: value for key, value in others.items() if key in (*OPTIONS, "pretrained")}
        return make_docs(items, way, **kept)


def _make_items(
    file: str,
    question: str,
    answer: str,
    kind: str,
    options: str | None,
    solution: str | None,
    others: Mapping[str, Any],
) -> list[dict[str, Any]]:
    if kind not in KINDS:
        raise ValueError(f"dataset_kwargs: kind must be one of {', '.join(KINDS)}, got {kind!r}")
    path = _find(file, others.get("config_source"))
    rows = read_rows(path)
    if not rows:
        raise DataError(f"{path}: no rows")
    source = {"set": path.name, "origin": "own file", "revision": None, "sha256": hash_rows(rows)}
    items = []
    for number, row in enumerate(rows, 1):
        where = f"{path} row {number}"
        item: dict[str, Any] = {
            "question": as_text(row, question, where),
            "answer": as_text(row, answer, where),
            "kind": kind,
            "style": STYLE_OF[kind],
            "solution": str(row.get(solution) or "") if solution else "",
            "source": {**source, "version": None, "seed": None},
            "id": str(row.get("id", number)),
            **{key: row.get(key) for key in GROUPS if any(key in row for row in rows[:1])},
        }
        if options is not None:
            item |= _with_options(item, row, options, where)
        _check_gold(item, where)
        items.append(item)
    return items


def _with_options(
    item: Mapping[str, Any], row: Mapping[str, Any], column: str, where: str
) -> dict[str, Any]:
    listed = row.get(column)
    if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed:
        raise DataError(f"{where}: {column!r} must list the options, got {listed!r:.60}")
    gold = str(item["answer"]).strip()
    place = int(gold) if gold.isascii() and gold.isdigit() else ord(gold.upper()[:1]) - ord("A")
    if not 0 <= place < len(listed):
        raise DataError(f"{where}: answer {gold!r:.40} names none of {len(listed)} options")
    made = make_choice(str(item["question"]), list(listed), place, "", None)
    return {key: made[key] for key in ("question", "answer", "options")}


def _check_gold(item: Mapping[str, Any], where: str) -> None:
    try:
        KINDS[item["kind"]](None, item["answer"])
    except ValueError as error:
        raise DataError(f"{where}: {error}; is kind: {item['kind']} right?") from None


def _find(file: str, config_source: object) -> Path:
    path = Path(file).expanduser()
    if isinstance(config_source, str) and not path.is_absolute():
        beside = Path(config_source).parent / path
        path = beside if beside.is_file() else path
    if not path.is_file():
        raise DataError(
            f"{path}: no such file; dataset_kwargs: file names it from the YAML's folder"
        )
    return path


class _Loader(yaml.SafeLoader):
    """A YAML loader that reads a template with its functions."""


def _resolve(loader: yaml.SafeLoader, node: Any) -> Any:
    return getattr(hooks, str(loader.construct_scalar(node)).removeprefix("hooks."))


_Loader.add_constructor("!function", _resolve)


def _read_template(name: str) -> dict[str, Any]:
    path = Path(__file__).parent / "ways" / f"_{name}.yml"
    template: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    return template
