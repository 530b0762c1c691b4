"""`caopd-bench score --panel` and `score --probe`: what several tasks of a run say together."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from caopd_bench.core.deliver import print_table, write_json
from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.progress import stage
from caopd_bench.runs.read import read_runs
from caopd_bench.runs.records import Record, render_json
from caopd_bench.scores.panel import PANEL_TASK, Spread, read_panel
from caopd_bench.scores.panel_probe_table import render_panel, render_probes
from caopd_bench.scores.probe import probe

__all__ = ["run_extra"]


def run_extra(options: argparse.Namespace) -> int:
    """Carry out one of the two; options that are for the ordinary table are refused."""
    name = "--panel" if options.panel else "--probe"
    if options.panel and options.probe:
        raise UsageError("--panel and --probe: give one of them")
    for option in ("store", "figure", "task", "by", "text", "reparse"):
        if getattr(options, option):
            raise UsageError(f"{name}: --{option} does not go with it")
    if options.missing != "drop":
        raise UsageError(f"{name}: --missing does not go with it")
    runs = read_runs(options.runs)
    if options.panel:
        with stage("comparing prompts"):
            spreads, turns, records = read_panel(runs, level=options.confidence)
        records = [*_panel_records(spreads), *records]
        blocks = list(render_panel(spreads, turns, options.confidence))
    else:
        with stage("computing probes"):
            records = probe(runs, level=options.confidence)
        blocks = list(render_probes(records, options.confidence))
    text = render_json(records) if options.json else ""
    write_json(options.json, text)
    print_table(blocks, options.json, text)
    return 0


def _panel_records(spreads: Sequence[Spread]) -> Iterator[Record]:
    for spread in spreads:
        kind = f"range over {spread.prompts} prompts" if spread.prompts else ""
        reason = "" if spread.prompts else "defined for no prompt"
        yield Record(
            spread.run,
            PANEL_TASK,
            None,
            spread.metric,
            spread.mean,
            spread.low,
            spread.high,
            spread.prompts,
            kind,
            reason,
        )
        nan = float("nan")
        yield Record(
            spread.run,
            PANEL_TASK,
            None,
            f"{spread.metric}_spread",
            spread.deviation,
            nan,
            nan,
            spread.prompts,
            "",
            "" if spread.prompts > 1 else "needs two prompts",
        )
