"""A test run of deepeval: `test_run_*.json`, one case per answer, `expectedOutput` as gold."""

from __future__ import annotations

from pathlib import Path

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.logged import AnswerColumns
from caopd_bench.runs.readers.harness.found import ABSENT, Found, load, mapping, to_logged
from caopd_bench.runs.readers.harness.outline import outline
from caopd_bench.runs.readers.reader import Log, Reader

__all__ = ["READER"]

NAME = "a test run of deepeval"


def _finds(path: Path) -> bool:
    return "testCases" in outline(path)


def _open(file: Path, columns: AnswerColumns, _kind: str) -> Log:
    cases = mapping(load(file, NAME)).get("testCases")
    if not isinstance(cases, list):
        raise UsageError(f"{file}: not {NAME}: no list testCases")
    answers = []
    for place, case in enumerate(cases):
        case = mapping(case)
        found = Found(
            f"{file} case {place}",
            case,
            case.get("actualOutput"),
            case["expectedOutput"] if case.get("expectedOutput") is not None else ABSENT,
            # Names of cases may repeat, as after two calls of `evaluate`; their order does not.
            str(case.get("order", place)),
            case.get("input"),
            mapping(case, "metadata"),
            failed=case.get("actualOutput") is None,
        )
        answers.append(to_logged(found, columns, gold_help="give the cases an expected_output"))
    return Log(iter(answers), backend="deepeval", provenance=NOTHING)


NOTHING = dict.fromkeys(("gen_kwargs", "packages", "date"))
READER = Reader(NAME, _finds, open_log=_open, order=30)
