"""What is fuzzed: each reader with good inputs to start from, and how a changed input is read.

`make` draws an input from a `Mutator`; `read` reads it and gives whether it came to the end. What
cannot be used must be a UsageError (of the judges: a ValueError for a right answer that is none).
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from fuzz_files import (
    make_csv,
    make_eval,
    make_index,
    make_inspect,
    make_jsonl,
    make_jsonl_gz,
    make_parquet,
    read_flat,
    read_index_of,
    read_inspect_log,
)
from fuzz_harness import HARNESSES
from fuzz_mutations import Mutator
from fuzz_runs import (
    RESULTS,
    SAMPLES,
    STORED,
    SUMMARY,
    Reader,
    change_lines,
    judging,
    make_stored_rows,
    make_text,
    plain_lines,
    read_lm_eval_files,
    read_stored_files,
    read_stored_rows,
    read_text,
)
from fuzz_seeds import ANALYSES, ANSWERS, BASELINE, MODELS, POLICIES, PUBLISHED, SWEEPS
from fuzz_study import make_study, read_study

from caopd_bench.core.errors import UsageError
from caopd_bench.gates.policy import load_policy
from caopd_bench.report.models_file import read_models, read_published
from caopd_bench.runs.stored.baseline import read_baseline
from caopd_bench.runs.stored.study import load_json
from caopd_bench.sweep.analysis.spec import read_analysis
from caopd_bench.sweep.grid.cell_files import read_cell, read_times
from caopd_bench.sweep.grid.file import read_sweep
from caopd_bench.sweep.grid.table import make_rows

__all__ = ["READERS", "REFUSED"]

RUNS = Path(__file__).parents[3] / "reference_runs"


def _yaml(values: tuple[Any, ...], load: Callable[[Path], Any]) -> Reader:
    """Change the values, written as JSON, which is YAML too; or the text of a file."""
    texts = tuple(yaml.safe_dump(value) for value in values)

    def make(mutator: Mutator, _: Path) -> bytes:
        if mutator.random.random() < 0.3:
            data = mutator.text(texts).encode("utf-8", "surrogatepass")
            return mutator.sometimes_flip(data, 0.1)
        return mutator.json(mutator.random.choice(values))

    def read(data: bytes, place: Path) -> bool:
        file = place / "file.yaml"
        file.write_bytes(data)
        load(file)
        return True

    return Reader(make, read)


CELL = RUNS / "continual/cells/67k-b0-base"


def _cell_reader() -> Reader:
    cell = next(c for c in read_sweep(RUNS / "continual/sweep.yaml").cells if c.name == CELL.name)
    known, times = (load_json(CELL / name) for name in ("cell.json", "timing.json"))

    def make(mutator: Mutator, _: Path) -> tuple[bytes, bytes, bytes]:
        changed = mutator.random.randrange(3)
        summary = mutator.json(SUMMARY) if changed == 0 else STORED["summary.json"]
        return (
            mutator.json(known) if changed == 1 else json.dumps(known).encode(),
            mutator.json(times) if changed == 2 else json.dumps(times).encode(),
            summary,
        )

    def read(given: tuple[bytes, bytes, bytes], place: Path) -> bool:
        (place / "run").mkdir(exist_ok=True)
        for name, data in zip(("cell.json", "timing.json", "run/summary.json"), given, strict=True):
            (place / name).write_bytes(data)
        (place / "run/rows.jsonl.gz").write_bytes(STORED["rows.jsonl.gz"])
        make_rows(cell, place, read_cell(place))
        read_times(place)
        return True

    return Reader(make, read)


def _read_baseline(data: bytes, place: Path) -> bool:
    (place / "baseline.json").write_bytes(data)
    return read_baseline(place) is not None


READERS: dict[str, Reader] = {
    "parse_response": Reader(make_text, read_text),
    **{f"judge {kind}": judging(kind) for kind in ANSWERS},
    "stored rows": Reader(make_stored_rows, read_stored_rows),
    "stored summary": Reader(
        lambda mutator, _: mutator.json(SUMMARY),
        lambda data, place: read_stored_files(data, STORED["rows.jsonl.gz"], place),
    ),
    "lm-eval results": Reader(
        lambda mutator, _: mutator.json(RESULTS),
        lambda data, place: read_lm_eval_files(place, data, plain_lines(SAMPLES)),
    ),
    "lm-eval samples": Reader(
        lambda mutator, _: change_lines(mutator, SAMPLES),
        lambda data, place: read_lm_eval_files(place, b"{}", data),
    ),
    "flat JSONL": Reader(make_jsonl, read_flat("a.jsonl")),
    "flat JSONL.gz": Reader(make_jsonl_gz, read_flat("a.jsonl.gz")),
    "flat CSV": Reader(make_csv, read_flat("a.csv")),
    "flat Parquet": Reader(make_parquet, read_flat("a.parquet")),
    "packed study": Reader(make_study, read_study),
    "index of Parquet": Reader(make_index, read_index_of),
    "Inspect .eval": Reader(make_eval, read_inspect_log("a.eval")),
    "Inspect .json": Reader(make_inspect, read_inspect_log("a.json")),
    **HARNESSES,
    "policy": _yaml(POLICIES, load_policy),
    "sweep": _yaml(SWEEPS, read_sweep),
    "analysis": _yaml(ANALYSES, read_analysis),
    "models": _yaml((MODELS,), read_models),
    "published": _yaml((PUBLISHED,), read_published),
    "baseline.json": Reader(lambda mutator, _: mutator.json(BASELINE), _read_baseline),
    "cell.json": _cell_reader(),
}
#: What a reader may raise.
REFUSED = (UsageError,)
