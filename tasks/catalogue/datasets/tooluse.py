"""ToolAlpaca in the paper's version: requests, and the calls that answer them."""

from __future__ import annotations

import json

from caopd_bench.tasks.catalogue.dataset import Item, Source, dataset
from caopd_bench.tasks.catalogue.datasets.science import sdpo_file
from caopd_bench.tasks.catalogue.rows import DataError, Row, as_text
from caopd_bench.tasks.read.calls.find import load_calls

_SOURCE = Source(
    "tooluse_test",
    68,
    "Apache-2.0 (ToolAlpaca)",
    sdpo_file("tooluse", "947dbf5d93a79448dbf41f00c6701402e5f2c8324936e89ed5623c553675e438"),
    fields=("idx", "prompt", "answer"),
    content="623d5faef58f1add2fb85f73b7e542484115d1970558ed9a593231947562f367",
)


@dataset(
    "tooluse",
    "ToolAlpaca, {:,} requests, all calls",
    _SOURCE,
    max_tokens=1024,
    tags=("caopd_paper",),
)
def read_tooluse(row: Row, where: str) -> Item:
    """Read a row whose answer is a list of calls, as text or not.

    >>> row = {"idx": 0, "prompt": "Look.", "answer": [{"Action": "a", "Action_Input": "{}"}]}
    >>> read_tooluse(row, "row 1")["answer"]
    '[{"Action": "a", "Action_Input": "{}"}]'
    """
    gold = row.get("answer")
    text = gold if isinstance(gold, str) else json.dumps(gold)
    if not load_calls(text):
        raise DataError(f"{where}: the answer holds no calls; is it the right file?")
    return {
        "question": as_text(row, "prompt", where),
        "answer": text,
        "kind": "calls",
        "style": "tooluse",
        "domain": "tooluse",
        "id": f"tooluse-{row.get('idx')}",
        "solution": "",
    }


@dataset(
    "tooluse_paper",
    "ToolAlpaca, judged by the first call only",
    _SOURCE,
    max_tokens=1024,
    folder="tooluse",
)
def read_tooluse_paper(row: Row, where: str) -> Item:
    """Read the same row, to be judged as the official code does."""
    return {**read_tooluse(row, where), "kind": "first_call"}
