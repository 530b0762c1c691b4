"""Packed studies with columns of other types and values, and hashes that may fit them."""

import io
from functools import cache
from pathlib import Path
from typing import Any

from fuzz_files import ODD, as_arrow
from fuzz_mutations import Mutator
from fuzz_runs import STORED

from caopd_bench import read_run
from caopd_bench.runs.stored.pack import render_study, unpack_cell
from caopd_bench.runs.stored.study import ROWS_FILE, list_cells
from caopd_bench.runs.stored.study_file import FILE, hash_files

__all__ = ["make_study", "read_study"]


@cache
def _columns() -> dict[str, list[Any]]:
    import gzip

    import pyarrow.parquet as pq

    files = {
        "cell.json": b'{"key": "a"}\n',
        "run/summary.json": STORED["summary.json"],
        "run/rows.jsonl.gz": gzip.decompress(STORED["rows.jsonl.gz"]),
    }
    table = pq.read_table(io.BytesIO(render_study({"a": files, "b=1": files})))
    columns: dict[str, list[Any]] = table.to_pydict()
    return columns


def make_study(mutator: Mutator, _: Path) -> bytes:
    """Change a few values, a column's type, or a text together with its hash."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = mutator.random
    columns = {name: list(values) for name, values in _columns().items()}
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        values = columns[rng.choice(list(columns))]
        at = rng.randrange(len(values))
        values[at] = rng.choice((rng.choice(ODD), rng.choice(values), mutator.near(values[at])))
    if rng.random() < 0.3:
        name = rng.choice([name for name in columns if name.startswith(FILE)])
        columns[name][0] = mutator.json({"name": "x"}).decode("utf-8", "replace")
        texts = {k.removeprefix(FILE): v[0] for k, v in columns.items() if k.startswith(FILE)}
        known = {k: v.encode("utf-8", "replace") for k, v in texts.items() if isinstance(v, str)}
        columns["files_sha256"][0] = hash_files(columns["cell"][0], known)
    if rng.random() < 0.1:
        columns.pop(rng.choice(list(columns)))
    arrays = {
        name: as_arrow(values, rng, pa) if rng.random() < 0.05 else _plain(values, rng, pa)
        for name, values in columns.items()
    }
    target = io.BytesIO()
    try:
        pq.write_table(pa.table(arrays), target, row_group_size=rng.choice((3, 100)))
    except pa.ArrowException:
        target = io.BytesIO()
        pq.write_table(pa.table({"cell": ["a"]}), target)
    return target.getvalue()


def _plain(values: list[Any], rng: Any, pa: Any) -> Any:
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, ValueError, TypeError):
        return as_arrow(values, rng, pa)


def read_study(data: bytes, place: Path) -> bool:
    study = place / "study"
    study.mkdir(exist_ok=True)
    (study / ROWS_FILE).write_bytes(data)
    for cell in list_cells(study):
        read_run(cell)
        unpack_cell(study, cell.name, place / "out")
    return True
