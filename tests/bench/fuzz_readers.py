"""What is fuzzed: each reader with good inputs to start from, and how a changed input is read.

`make` draws an input from a `Mutator`; `read` reads it and gives whether it came to the end. What
cannot be used must be a UsageError (of the judges: a ValueError for a right answer that is none).
"""

import csv
import gzip
import io
import json
import runpy
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from fuzz_mutations import ODD, TOKENS, Mutator
from fuzz_seeds import (
    ANALYSES,
    ANSWERS,
    BASELINE,
    INSPECT,
    INSPECT_SAMPLES,
    LOGGED,
    MODELS,
    POLICIES,
    PUBLISHED,
    SWEEPS,
    TEXTS,
)

from caopd_bench import read_run, score
from caopd_bench.baseline_files import read_baseline
from caopd_bench.errors import UsageError
from caopd_bench.gate_policy import load_policy
from caopd_bench.lm_eval_output import read_lm_eval
from caopd_bench.parquet_index import read_index
from caopd_bench.report.models_file import read_models, read_published
from caopd_bench.rescoring import rescore
from caopd_bench.stored import write_stored
from caopd_bench.sweep.analysis import read_analysis
from caopd_bench.sweep.cell_files import read_cell, read_times
from caopd_bench.sweep.grid import read_sweep
from caopd_bench.sweep.table import make_rows
from caopd_bench.tasks.judging import judge, judge_given, judge_samples
from caopd_bench.tasks.parsing import find_spans, parse_response
from caopd_bench.tasks.verifiers import KINDS, verify

__all__ = ["READERS", "Reader"]

ROOT = Path(__file__).parents[2]
RUNS = ROOT / "reference_runs"
CONFTEST = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
DATE = "2026-01-01T00-00-00.000000"
#: One in so many runs that were read is scored too.
SCORED = 50


class Reader(NamedTuple):
    """How inputs of one kind are made and read; `place` is a folder of its own."""

    make: Callable[[Mutator, Path], Any]
    read: Callable[[Any, Path], bool]


def _make_text(mutator: Mutator, _: Path) -> tuple[str, str, int | None]:
    rng = mutator.random
    return mutator.text(TEXTS), rng.choice(tuple(KINDS)), rng.choice((None, 1, 128))


def _read_text(given: tuple[str, str, int | None], _: Path) -> bool:
    text, kind, budget = given
    parsed = parse_response(text, kind=kind, max_tokens=budget)
    find_spans(text, kind=kind)
    assert parsed.confidence is None or 0 <= parsed.confidence <= 1
    return parsed.status == "ok"


def _judging(kind: str) -> Reader:
    answers, golds = ANSWERS[kind]

    def make(mutator: Mutator, _: Path) -> tuple[str, str, str]:
        gold = mutator.random.choice(golds)
        if mutator.random.random() < 0.3:
            gold = mutator.text(golds)
        text = mutator.random.choice(TEXTS).replace("12", mutator.text(answers), 1)
        return mutator.text(answers), gold, text

    def read(given: tuple[str, str, str], _: Path) -> bool:
        answer, gold, text = given
        doc = {"answer": gold, "kind": kind, "given": answer, "way": "conf"}
        try:
            assert verify(answer, gold, kind=kind) in (True, False)
            # An expression is compared by another process, which takes its time.
            if kind != "latex" or len(text) % 16 == 0:
                judge(doc, [text])
                judge_given(doc, [text])
                judge_samples(doc, [text, answer, None])
        except ValueError:
            verify(answer, golds[0], kind=kind)  # it is the right answer that is none
            return False
        return True

    return Reader(make, read)


def _lines(mutator: Mutator, rows: list[Any]) -> bytes:
    """Write rows, most of them as they are: a file is refused at its first bad line."""
    rng = mutator.random
    bad = {rng.randrange(len(rows)) for _ in range(rng.choice((0, 1, 1, 2)))}
    lines = [
        mutator.json(row) if i in bad else json.dumps(row).encode() for i, row in enumerate(rows)
    ]
    for _ in range(rng.choice((0, 0, 0, 1))):
        lines.insert(
            rng.randrange(len(lines) + 1), rng.choice((b"", b" ", lines[0], b"null", b"\xff", b"{"))
        )
    end = rng.choice((b"\n", b"\n", b"\n", b"\r\n", b""))
    return mutator.sometimes_flip(end.join(lines) + end, 0.05)


def _sometimes_score(run: Any, data: bytes) -> bool:
    if sum(data[-64:]) % SCORED == 0:
        score(run, by=["level"] if len(data) % 2 else [])
    return True


SAMPLES = [
    CONFTEST["_sample"](i, CONFTEST["Answer"](*answer), "c72e9464626a9b1f", 128)
    for i, answer in enumerate([(0.9, 1), (0.4, 0), (None, 1, "no_confidence"), (1.0, 1)])
]
SAMPLES[3] |= {
    "resps": [["Answer: 3\nConfidence: 1"]] * 2,
    "acc": [1.0, 0.0],
    "majority": [0.5, 1.0],
}
SAMPLES[3] |= {"confidence": [1.0, None], "status": ["ok", "no_confidence"]}
RESULTS = CONFTEST["_results"]("caopd_math_conf", 4, "org/tiny", 4, True)


def _lm_eval(place: Path, results: bytes, samples: bytes) -> bool:
    file = place / f"results_{DATE}.json"
    file.write_bytes(results)
    (place / f"samples_caopd_math_conf_{DATE}.jsonl").write_bytes(samples)
    if len(samples) % 4 == 0:
        read_lm_eval(file, reparse=True)
    return _sometimes_score(read_run(place), results + samples)


def _plain(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _stored_files() -> dict[str, bytes]:
    """Store a run once, with and without the texts."""
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        _lm_eval(place, json.dumps(RESULTS).encode(), _plain(SAMPLES))
        run = read_run(place)
        write_stored(run, score(run), place / "stored", with_text=True)
        return {file.name: file.read_bytes() for file in (place / "stored").iterdir()}


STORED = _stored_files()
SUMMARY = json.loads(STORED["summary.json"])
ROWS = [json.loads(line) for line in gzip.decompress(STORED["rows.jsonl.gz"]).splitlines()]


def _make_rows(mutator: Mutator, _: Path) -> bytes:
    packed = gzip.compress(_lines(mutator, ROWS), 1, mtime=0)
    return mutator.sometimes_flip(packed, 0.2)


def _read_stored(summary: bytes, rows: bytes, place: Path) -> bool:
    (place / "summary.json").write_bytes(summary)
    (place / "rows.jsonl.gz").write_bytes(rows)
    return _sometimes_score(read_run(place), summary + rows)


def _read_rows(rows: bytes, place: Path) -> bool:
    summary = {key: value for key, value in SUMMARY.items() if not key.startswith("row")}
    return _read_stored(json.dumps(summary).encode(), rows, place)


FLAT_WORDS = (
    *TOKENS,
    "0.5",
    "1",
    "0",
    "true",
    "False",
    "",
    "nan",
    "12",
    "1e-320",
    "-0",
    "0.50",
    ",",
    '"',
    "\r\n",
)


def _read_flat(name: str) -> Callable[[bytes, Path], bool]:
    def read(data: bytes, place: Path) -> bool:
        file = place / name
        file.write_bytes(data)
        if len(data) % 2:
            return bool(rescore(file, item="id").rows)
        return _sometimes_score(read_run(file, item="id", by=["level"]), data)

    return read


def _make_jsonl(mutator: Mutator, _: Path) -> bytes:
    return _lines(mutator, LOGGED)


def _make_jsonl_gz(mutator: Mutator, _: Path) -> bytes:
    return mutator.sometimes_flip(gzip.compress(_lines(mutator, LOGGED), 1, mtime=0), 0.3)


def _make_csv(mutator: Mutator, _: Path) -> bytes:
    rng = mutator.random
    table = [
        list(LOGGED[0]),
        *([("" if v is None else str(v)) for v in row.values()] for row in LOGGED),
    ]
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        row = rng.choice(table)
        at = rng.randrange(len(row) + 1)
        kind = rng.randrange(6)
        if kind < 3 and at < len(row):
            row[at] = rng.choice(FLAT_WORDS)
        elif kind == 3 and at < len(row):
            row[at] = mutator.text((row[at],))
        elif kind == 4:
            row.insert(at, rng.choice(FLAT_WORDS))
        else:
            del row[at : at + 1]
    text = io.StringIO()
    csv.writer(text, lineterminator=rng.choice(("\n", "\r\n"))).writerows(table)
    return mutator.sometimes_flip(text.getvalue().encode("utf-8", "surrogatepass"), 0.2)


def _make_parquet(mutator: Mutator, _: Path) -> bytes:
    """Write columns of other types and values; bytes are not flipped: that would test pyarrow."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = mutator.random
    columns: dict[str, Any] = {}
    for name in LOGGED[0]:
        values = [row[name] for row in LOGGED]
        if rng.random() < 0.25:
            values[rng.randrange(len(values))] = rng.choice(ODD)
        columns[name] = _arrow(values, rng, pa)
    if rng.random() < 0.2:
        columns.pop(rng.choice(list(columns)))
    if rng.random() < 0.2:
        columns[rng.choice(("level", "x", "confidence"))] = _arrow(
            [rng.choice(ODD)] * len(LOGGED), rng, pa
        )
    options = {
        "compression": rng.choice(("none", "snappy", "zstd")),
        "use_dictionary": rng.random() < 0.5,
        "row_group_size": rng.choice((1, 3, 100)),
        "version": rng.choice(("1.0", "2.6")),
    }
    target = io.BytesIO()
    try:
        pq.write_table(pa.table(columns), target, **options)
    except pa.ArrowException:  # not every type can be written
        target = io.BytesIO()
        pq.write_table(pa.table({"response": ["x"], "gold": ["1"]}), target, **options)
    data = target.getvalue()
    return data[: rng.randrange(len(data))] if rng.random() < 0.02 else data


def _arrow(values: list[Any], rng: Any, pa: Any) -> Any:
    kinds = (
        pa.string(),
        pa.float32(),
        pa.float16(),
        pa.int8(),
        pa.bool_(),
        pa.binary(),
        pa.date32(),
        pa.decimal128(10, 3),
        pa.large_string(),
        pa.timestamp("s"),
        pa.list_(pa.string()),
        pa.dictionary(pa.int8(), pa.string()),
        pa.duration("s"),
        pa.null(),
        pa.uint64(),
    )
    try:
        array = pa.array(values)
    except (pa.ArrowException, OverflowError, ValueError, TypeError):
        array = pa.array([repr(value).encode("ascii", "replace").decode() for value in values])
    if rng.random() < 0.25:
        try:
            array = array.cast(rng.choice(kinds), safe=False)
        except pa.ArrowException:
            array = pa.array([None] * len(values), rng.choice(kinds))
    return array


def _make_index(mutator: Mutator, place: Path) -> bytes:
    return mutator.flip(_make_parquet(mutator, place))


def _read_index(data: bytes, place: Path) -> bool:
    file = place / "a.parquet"
    file.write_bytes(data)
    try:
        return bool(read_index(file))
    except ValueError:
        return False


def _make_inspect(mutator: Mutator, _: Path) -> bytes:
    return mutator.json({**INSPECT, "samples": INSPECT_SAMPLES})


def _make_eval(mutator: Mutator, _: Path) -> bytes:
    rng = mutator.random
    members = [("header.json", json.dumps(INSPECT).encode())] + [
        (f"samples/{s['id']}_epoch_{s['epoch']}.json", json.dumps(s).encode())
        for s in INSPECT_SAMPLES
    ]
    at = rng.randrange(len(members))
    members[at] = (members[at][0], mutator.json(json.loads(members[at][1])))
    if rng.random() < 0.15:
        kind = rng.randrange(4)
        if kind == 0:
            members.append(
                (rng.choice(("../x", "samples/", "samples/.json", "a/b", "é\n.json")), b"{}")
            )
        elif kind == 1:
            del members[rng.randrange(len(members))]
        elif kind == 2:
            members.append((members[-1][0], members[0][1]))
        else:
            rng.shuffle(members)
    target = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED))
    if rng.random() < 0.02:
        method = rng.choice((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members:
            if name not in archive.namelist():
                archive.writestr(name, data)
    data = bytearray(target.getvalue())
    if rng.random() < 0.15:  # what the index and the heads say
        marks = [
            i for i in range(len(data)) if data.startswith((b"PK\1\2", b"PK\3\4", b"PK\5\6"), i)
        ]
        at = rng.choice(marks) + rng.randrange(4, 46)
        size = rng.choice((1, 2, 4))
        data[at : at + size] = rng.choice((b"\0", b"\xff", b"\x01", b"\x5d")) * size
    return mutator.sometimes_flip(bytes(data), 0.15)


def _read_inspect(name: str) -> Callable[[bytes, Path], bool]:
    def read(data: bytes, place: Path) -> bool:
        file = place / name
        file.write_bytes(data)
        kind = ("number", "phrase", "choice")[len(data) % 3 if len(data) % 5 == 0 else 0]
        return bool(rescore(file, kind=kind).rows)

    return read


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
    known, times = (json.loads((CELL / name).read_text()) for name in ("cell.json", "timing.json"))

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
    "parse_response": Reader(_make_text, _read_text),
    **{f"judge {kind}": _judging(kind) for kind in ANSWERS},
    "stored rows": Reader(_make_rows, _read_rows),
    "stored summary": Reader(
        lambda mutator, _: mutator.json(SUMMARY),
        lambda data, place: _read_stored(data, STORED["rows.jsonl.gz"], place),
    ),
    "lm-eval results": Reader(
        lambda mutator, _: mutator.json(RESULTS),
        lambda data, place: _lm_eval(place, data, _plain(SAMPLES)),
    ),
    "lm-eval samples": Reader(
        lambda mutator, _: _lines(mutator, SAMPLES),
        lambda data, place: _lm_eval(place, b"{}", data),
    ),
    "flat JSONL": Reader(_make_jsonl, _read_flat("a.jsonl")),
    "flat JSONL.gz": Reader(_make_jsonl_gz, _read_flat("a.jsonl.gz")),
    "flat CSV": Reader(_make_csv, _read_flat("a.csv")),
    "flat Parquet": Reader(_make_parquet, _read_flat("a.parquet")),
    "index of Parquet": Reader(_make_index, _read_index),
    "Inspect .eval": Reader(_make_eval, _read_inspect("a.eval")),
    "Inspect .json": Reader(_make_inspect, _read_inspect("a.json")),
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
