"""Recognise logs that cannot be read, and name the format, the reason and the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import inline
from caopd_bench.runs.flat.files import format_of
from caopd_bench.runs.logged import AnswerColumns
from caopd_bench.runs.readers.harness.found import is_named
from caopd_bench.runs.readers.harness.outline import LISTED, outline
from caopd_bench.runs.readers.logs.rows import READER as ROWS_READER
from caopd_bench.runs.readers.reader import Log, Reader

__all__ = ["READER"]

#: Keys of JSON formats that other readers handle: Inspect's and lm-eval's.
OTHERS = frozenset({"eval", "results", "configs"})
ROWS = "rescore needs rows (.jsonl, .csv or .parquet), each with a response and a right answer"


class Kin(NamedTuple):
    """A kind of log: its keys, its name, and a way to read its answers."""

    keys: frozenset[str]
    name: str
    way: str


KINDS = (
    Kin(
        frozenset({"htmls", "convos"}),
        "all results of simple-evals",
        "the right answers are only in its HTML; write rows with the texts in convos, each with "
        "its right answer",
    ),
    Kin(
        frozenset({"score", "score:std"}),
        "scores of simple-evals",
        "it has no answers; those are in *_allresults.json, without the right answers",
    ),
    Kin(
        frozenset({"doc_id", "resps"}),
        "samples of lm_eval",
        "give the folder that lm_eval wrote to `caopd-bench score`",
    ),
    Kin(
        frozenset({"custom_id", "result"}),
        "results of a batch of Anthropic's API",
        "add a column gold by custom_id, and name the text with --response "
        "result.message.content.0.text",
    ),
    Kin(
        frozenset({"run_id", "event_id", "type"}),
        "events of openai/evals",
        "join the events sampling and match by sample_id into rows",
    ),
    Kin(
        frozenset({"custom_id", "body"}),
        "requests of a batch",
        "give the output of the batch, with a column gold",
    ),
    Kin(
        frozenset({"config_general", "results"}),
        "results of lighteval",
        "it has no answers; run with --save-details and give details_*.parquet",
    ),
)


def _finds(path: Path) -> bool:
    keys = outline(path)
    return _kin(keys) is not None or _is_unknown_json(path, keys)


def _kin(keys: Mapping[str, tuple[str, ...]]) -> Kin | None:
    return next((kin for kin in KINDS if kin.keys <= set(keys)), None)


def _is_unknown_json(path: Path, keys: Mapping[str, tuple[str, ...]]) -> bool:
    return path.suffix.lower() == ".json" and bool(keys) and not OTHERS & set(keys)


def _open(path: Path, columns: AnswerColumns, kind: str) -> Log:
    keys = outline(path)
    kin = _kin(keys)
    # If the user names the columns, read the file as plain rows.
    named = is_named(columns.response, "response") or is_named(columns.gold, "gold")
    if named and format_of(path) and ROWS_READER.open_log is not None:
        return ROWS_READER.open_log(path, columns, kind)
    if kin is not None:
        raise UsageError(f"{path}: looks like {kin.name}, which is not read: {kin.way}")
    if LISTED in keys:
        names = ", ".join(keys[LISTED][:12])
        raise UsageError(
            f"{path}: a JSON list of rows with {inline(names, 200) or 'no keys'}; write one "
            "object per line to a .jsonl, for example with jq -c '.[]', and choose its columns "
            "with --response and --gold"
        )
    names = ", ".join(list(keys)[:12])
    raise UsageError(
        f"{path}: JSON with the keys {inline(names, 200)}; not a supported log (docs/rescore.md "
        f"lists them); {ROWS}"
    )


READER = Reader("a log that is not read", _finds, open_log=_open, order=48)
