"""Texts of any lm-eval task: an output folder, one of its results files, or a file of samples."""

from __future__ import annotations

from pathlib import Path

from caopd_bench.runs.lm_eval.find import is_results
from caopd_bench.runs.lm_eval.log import (
    choose_samples,
    find_log_results,
    holds_samples,
    read_answers,
)
from caopd_bench.runs.lm_eval.provenance import run_provenance, section
from caopd_bench.runs.lm_eval.read import load_results
from caopd_bench.runs.lm_eval.rows import token_budget
from caopd_bench.runs.logged import AnswerColumns
from caopd_bench.runs.readers.reader import Log, Reader
from caopd_bench.tasks.judge.verify import KINDS

__all__ = ["READER"]


def _finds(path: Path) -> bool:
    return holds_samples(path) or (path.is_file() and is_results(path))


def _open(path: Path, columns: AnswerColumns, kind: str) -> Log:
    results_file = find_log_results(path)
    texts = choose_samples(path, columns.task, results_file)
    results = load_results(results_file) if results_file else {}
    provenance = run_provenance(results)
    notes: list[str] = []
    own = section(texts.first, "doc").get("kind")
    known = own if isinstance(own, str) and own in KINDS else None
    return Log(
        read_answers(texts, columns, known or kind, notes),
        backend=str(provenance.pop("backend") or "lm_eval"),
        model=provenance.pop("model") if results else None,
        task=texts.task,
        max_tokens=token_budget(texts.first),
        provenance=provenance,
        source={"response": columns.response, "gold": columns.gold},
        warnings=notes,
        file=texts.file,
        kind=known,
    )


READER = Reader("samples of lm_eval", _finds, open_log=_open, order=15)
