"""Flat files that are too long to keep: counted as they go by, with the same numbers."""

import gzip
import json
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from caopd_bench import CountedRun, Run, metrics, read_run, score
from caopd_bench.metrics import tally
from caopd_bench.runs.flat.count import FlatCounter
from caopd_bench.runs.flat.values import Chunk
from caopd_bench.runs.records import render_json
from caopd_bench.runs.run import label_items


def make_table(n, *, per_item=4, distinct=20, seed=0):
    """Give n rows: 5 % state nothing, `per_item` answers to each question."""
    rng = np.random.default_rng(seed)
    confidence = np.round(rng.random(n) * distinct) / distinct
    confidence[rng.random(n) < 0.05] = np.nan
    return {
        "confidence": [None if c != c else c for c in confidence.tolist()],
        "correct": rng.integers(0, 2, n).tolist(),
        "item": [f"q{i // per_item}" for i in range(n)],
        "level": rng.integers(1, 4, n).tolist(),
        "topic": rng.choice(["sums", "products"], n).tolist(),
    }


def write(path, table, rows=slice(None)):
    columns = {name: values[rows] for name, values in table.items()}
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
        return path
    dicts = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if path.suffix == ".csv":
        lines = [",".join(columns)] + [
            ",".join("" if value is None else str(value) for value in row.values()) for row in dicts
        ]
        path.write_text("\n".join(lines) + "\n")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in dicts))
    return path


@pytest.fixture
def counted(monkeypatch):
    """Read as if only ten rows could be kept."""

    def read(spec, **options):
        with monkeypatch.context() as patch:
            patch.setattr("caopd_bench.runs.flat.read.MAX_ROWS", 10)
            run = read_run(spec, **options)
        assert isinstance(run, CountedRun)
        return run

    return read


@pytest.mark.parametrize(
    ("suffix", "per_item", "missing"),
    [("jsonl", 4, "drop"), ("csv", 1, "zero"), ("parquet", 4, "zero"), ("parquet", 1, "drop")],
)
def test_the_same_numbers_as_of_kept_rows(tmp_path, counted, suffix, per_item, missing):
    """To the last bit, intervals and groups included."""
    file = write(tmp_path / f"a.{suffix}", make_table(600, per_item=per_item))
    keys = ["level", "topic"]
    kept = read_run(file, by=keys)
    assert isinstance(kept, Run)
    records = score(kept, by=keys, missing=missing)
    assert len({record.group for record in records}) == 1 + 3 + 2
    assert render_json(score(counted(file, by=keys), by=keys, missing=missing)) == render_json(
        records
    )


def test_the_same_numbers_of_rounded_confidences(tmp_path, counted):
    table = make_table(500)
    table["confidence"] = np.random.default_rng(1).random(500).tolist()
    file = write(tmp_path / "a.parquet", table)
    found = score(counted(file, decimals=1))
    assert render_json(found) == render_json(score(read_run(file, decimals=1)))
    assert len(counted(file, decimals=1).count("answers").parsed.values) == 11


def test_neither_order_nor_split_nor_type_matters(tmp_path, counted, monkeypatch):
    """Rows shuffled over shards of another format, read in chunks of seven."""
    table = make_table(300)
    whole = render_json(score(counted(write(tmp_path / "x.jsonl", table))))
    order = np.random.default_rng(5).permutation(300)
    shuffled = {name: [values[i] for i in order] for name, values in table.items()}
    (tmp_path / "x").mkdir()
    for i, rows in enumerate((slice(0, 11), slice(11, 200), slice(200, None))):
        write(tmp_path / "x" / f"{i}.parquet", shuffled, rows)
    assert render_json(score(counted(tmp_path / "x"))) == whole
    monkeypatch.setattr("caopd_bench.runs.flat.files.CHUNK", 28)  # of Parquet, a quarter
    assert render_json(score(counted(tmp_path / "x"))) == whole
    narrow = pa.table(table).set_column(
        0, "confidence", pa.array(table["confidence"], pa.float32())
    )
    pq.write_table(narrow, tmp_path / "x.parquet")
    assert render_json(score(counted(tmp_path / "x.parquet"))) == whole


def test_the_command(tmp_path, run, refused, monkeypatch):
    file = write(tmp_path / "a.csv", make_table(600))
    code, kept, _ = run("score", file, "--by", "level")
    assert code == 0
    monkeypatch.setattr("caopd_bench.runs.flat.read.MAX_ROWS", 100)
    assert run("score", file, "--by", "level") == (0, kept, "")
    assert run("score", file, "--figure", tmp_path / "f.svg")[0] == 0
    message = refused("score", file, "--store", tmp_path / "stored")
    assert "can store at most" in message
    assert "the numbers with --json FILE" in message


@pytest.mark.parametrize("kept", [True, False])
def test_too_many_groups(tmp_path, refused, run, monkeypatch, kept):
    """A key that was asked for is refused, `level` that was not is left alone."""
    table = make_table(60)
    table["level"] = [*range(60)]
    file = write(tmp_path / "a.parquet", table)
    for module in ("read", "count"):
        monkeypatch.setattr(f"caopd_bench.runs.flat.{module}.MAX_GROUPS", 20)
    if not kept:
        monkeypatch.setattr("caopd_bench.runs.flat.read.MAX_ROWS", 10)
    message = refused("score", file, "--by", "level")
    assert "--by level: more than 20 distinct values; group by something coarser" in message
    code, out, _ = run("score", file)
    assert code == 0
    assert "within level" not in out


def test_too_many_confidences(tmp_path, refused, run, monkeypatch):
    table = make_table(200, distinct=10**6)
    del table["item"]
    file = write(tmp_path / "a.parquet", table)
    monkeypatch.setattr("caopd_bench.runs.flat.read.MAX_ROWS", 10)
    monkeypatch.setattr("caopd_bench.runs.flat.count.MAX_HELD", 50)
    assert "more than 50 distinct confidences; round them (--decimals 4)" in refused("score", file)
    code, out, _ = run("score", file, "--decimals", 1)
    assert code == 0
    assert "confidences rounded to 1 decimals" in out


def test_too_many_questions(tmp_path, refused, run, monkeypatch):
    """Given up with a note where nobody asked for them, refused where somebody did."""
    table = make_table(600, per_item=2, distinct=2)
    file = write(tmp_path / "a.parquet", table)
    monkeypatch.setattr("caopd_bench.runs.flat.read.MAX_ROWS", 10)
    monkeypatch.setattr("caopd_bench.runs.flat.files.CHUNK", 400)
    monkeypatch.setattr("caopd_bench.runs.flat.count.MAX_HELD", 200)
    code, out, _ = run("score", f"x={file}", "--by", "level")
    assert code == 0
    assert "too many questions ('item') to distinguish: the intervals treat the rows as ind" in out
    # As if there were no such column.
    del table["item"]
    without = score(f"x={write(tmp_path / 'b.parquet', table)}")
    assert render_json(score(f"x={file}")) == render_json(without)
    message = refused("score", file, "--item-column", "item")
    assert "more than 200 pairs of a question and a confidence" in message


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "jsonl.gz", "parquet"])
def test_memory_does_not_grow_with_the_rows(tmp_path, counted, monkeypatch, suffix):
    monkeypatch.setattr("caopd_bench.runs.flat.files.CHUNK", 256)
    monkeypatch.setattr("caopd_bench.runs.flat.count.WAITING", 256)
    table = make_table(1000)
    for name in ("item", "topic"):
        del table[name]
    plain = write(tmp_path / f"a.{suffix.removesuffix('.gz')}", table)
    (tmp_path / "few").mkdir()
    (tmp_path / "many").mkdir()
    content = plain.read_bytes()
    for folder, shards in (("few", 1), ("many", 8)):
        for i in range(shards):
            packed = gzip.compress(content) if suffix.endswith(".gz") else content
            (tmp_path / folder / f"{i}.{suffix}").write_bytes(packed)
    peaks = {}
    for folder in ("few", "few", "many"):  # once to warm up
        tracemalloc.start()
        n = counted(tmp_path / folder).count("answers").n
        peaks[folder] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert n == {"few": 1000, "many": 8000}[folder]
    assert peaks["many"] < 1.1 * peaks["few"] + 50_000


def test_labels_of_questions():
    """The same on every machine and in every order: they decide on the draws of a bootstrap."""
    assert label_items(["a", "b", "a"]).tolist() == [*label_items(["a"]), *label_items(["b", "a"])]
    assert label_items(["q1"]).tolist() == [7530267129497158631]
    assert len({*label_items([str(i) for i in range(10_000)]).tolist()}) == 10_000


def test_counts_of_a_counter():
    counter = FlatCounter()
    confidence, correct = np.array([0.5, np.nan, 0.5, np.nan]), np.array([True, True, False, False])
    counter.add(Chunk(confidence, correct, None, {}))
    counter.add(Chunk(confidence[:1], correct[:1], None, {}))
    counts = counter.total()
    assert (counts.n, counts.n_parsed, counts.right) == (5, 3, 3)
    same = tally([0.5, 0.5, 0.5, 0.0, 0.0], [1, 0, 1, 1, 0])
    assert metrics.brier(counts.tally("zero")) == metrics.brier(same)


def test_a_counter_without_rows():
    with pytest.raises(ValueError, match="no rows were counted"):
        FlatCounter().total()
