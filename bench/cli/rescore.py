"""`caopd-bench rescore`: logged answers to the table, and to a stored run."""

from __future__ import annotations

import argparse
import os

from caopd_bench.cli.score import check_outputs, present
from caopd_bench.core.errors import UsageError
from caopd_bench.runs.rescore import rescore

__all__ = ["run_rescore"]


def run_rescore(options: argparse.Namespace) -> int:
    """Carry out the command."""
    check_outputs(options)
    if options.item and options.question:
        raise UsageError("--item and --question: give one of them; both name the question")
    keys = list(dict.fromkeys(key for keys in options.by for key in keys))
    run = rescore(
        options.file,
        response=options.response,
        gold=options.gold,
        kind=options.kind,
        item=options.item,
        question=options.question,
        by=keys,
        task=options.task,
        name=options.name,
        max_tokens=options.max_tokens,
        workers=os.cpu_count() or 1,
    )
    return present([run], options, keys)
