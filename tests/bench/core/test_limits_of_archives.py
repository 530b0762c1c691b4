"""Logs and tables of a few bytes that unpack to much, or lie about it: refused in a line."""

import io
import json
import struct
import tracemalloc
import zipfile
import zlib
from contextlib import suppress

import pytest

from caopd_bench import read_run
from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import FREE, VARIABLE
from caopd_bench.runs.flat.parquet_index import read_index
from caopd_bench.runs.rescore import rescore

MB = 1 << 20


def sample(text, number=1, **more):
    message = {"choices": [{"message": {"content": text}}]}
    return json.dumps(
        {"id": number, "epoch": 1, "target": "2", "input": "q", "output": message} | more
    )


def archive(file, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(file, "w", method) as target:
        target.writestr("header.json", json.dumps({"eval": {"task": "t"}, "status": "success"}))
        for name, text in members:
            target.writestr(name, text)
    return file


# Logs of Inspect


def test_samples_are_judged_as_they_are_read(tmp_path):
    """Of a sample, however much else it holds, only the answer is kept."""
    import random

    junk = [random.Random(i).randbytes(MB).hex() for i in range(12)]
    members = [(f"samples/{i}.json", sample("Answer: 2", i, x=text)) for i, text in enumerate(junk)]
    file = archive(tmp_path / "log.eval", members, zipfile.ZIP_STORED)
    del members, junk
    rescore(file)
    tracemalloc.start()
    assert [row.correct for row in rescore(file).rows] == [1] * 12
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 14 * MB < file.stat().st_size


def test_members_that_unpack_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr("caopd_bench.core.files.packed.FREE", 4 * MB)
    members = [(f"samples/{i}.json", sample("Answer: 2", i, x=" " * MB)) for i in range(12)]
    file = archive(tmp_path / "log.eval", members)
    with pytest.raises(UsageError, match="over 200 times as many"):
        rescore(file)
    monkeypatch.setenv(VARIABLE, "1000000000")
    assert len(rescore(file).rows) == 12


def _lie(file, name, size):
    """Let the index and the head of a member state another size."""
    data = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as found:
        offset = found.getinfo(name).header_offset
    at = data.rindex(b"PK\1\2", 0, data.rindex(name.encode()))
    data[at + 24 : at + 28] = data[offset + 22 : offset + 26] = size.to_bytes(4, "little")
    file.write_bytes(bytes(data))


@pytest.mark.parametrize("size", [100, 1 << 31])
def test_a_size_that_lies(tmp_path, size):
    file = archive(tmp_path / "log.eval", [("samples/1.json", sample("x" * (4 * MB)))])
    _lie(file, "samples/1.json", size)
    tracemalloc.start()
    with pytest.raises(UsageError, match=r"samples/1\.json: damaged or cut off"):
        rescore(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * MB


def test_a_member_that_is_too_large(tmp_path):
    pieces = zlib.compressobj(9, wbits=-15)
    texts = [b'{"x": "', *[b"x" * MB] * 200]
    packed = b"".join([*map(pieces.compress, texts), pieces.flush()])
    file = archive(
        tmp_path / "log.eval", [("samples/1.json", "x" * len(packed))], zipfile.ZIP_STORED
    )
    data = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as found:
        offset = found.getinfo("samples/1.json").header_offset
    start = offset + 30 + len("samples/1.json")
    data[start : start + len(packed)] = packed
    data[offset + 8] = data[data.rindex(b"PK\1\2") + 10] = zipfile.ZIP_DEFLATED
    file.write_bytes(bytes(data))
    _lie(file, "samples/1.json", 200 * MB)
    with pytest.raises(UsageError, match=r"unpack to 13\d,\d\d\d,\d\d\d or more"):
        rescore(file)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_python_unpacks_without_a_limit(tmp_path, method):
    file = archive(tmp_path / "log.eval", [("samples/1.json", sample("Answer: 2"))], method)
    with pytest.raises(
        UsageError, match=f"packed by method {method}; logs of Inspect are packed by"
    ):
        rescore(file)


def test_of_two_members_of_a_name_the_last_one_counts(tmp_path):
    """Inspect writes a sample that was run again once more."""
    file = archive(tmp_path / "log.eval", [("samples/1.json", sample("Answer: 3"))])
    with zipfile.ZipFile(file, "a") as target, pytest.warns(UserWarning, match="Duplicate name"):
        target.writestr("samples/1.json", sample("Answer: 2"))
    run = rescore(file)
    assert [row.correct for row in run.rows] == [1]
    assert "1 samples were logged more than once; the last one counts" in str(run.warnings)


def test_an_index_of_a_million_members(tmp_path):
    """It is refused by the size that it states, and not read."""
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0)
    index = b"".join(entry + b"%07d" % i for i in range(330_000))
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(index), 0, 0)
    (tmp_path / "log.eval").write_bytes(index + end)
    with pytest.raises(
        UsageError, match=r"an index of 17,490,000 bytes; a log has at most 16,777,216"
    ):
        rescore(tmp_path / "log.eval")


def test_zstd_that_lies(tmp_path, monkeypatch):
    zstandard = pytest.importorskip("zstandard")
    monkeypatch.setattr("caopd_bench.core.files.packed.FREE", 4 * MB)
    text = sample("Answer: 2", x=" " * (30 * MB)).encode()
    packed = zstandard.ZstdCompressor().compress(text)
    file = tmp_path / "log.eval"
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("header.json", json.dumps({"eval": {}}))
        target.writestr("samples/1.json", packed)
    data = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as found:
        offset = found.getinfo("samples/1.json").header_offset
    data[offset + 8] = data[data.rindex(b"PK\1\2") + 10] = 93
    file.write_bytes(bytes(data))
    tracemalloc.start()
    with pytest.raises(UsageError, match="over 200 times as many"):
        rescore(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * MB


def test_an_answer_as_long_as_a_book(tmp_path):
    file = archive(tmp_path / "log.eval", [("samples/1.json", sample("x" * (17 * MB)))])
    with pytest.raises(UsageError, match="a text of 17,825,792 characters; an answer"):
        rescore(file)


# Parquet


def _write(file, columns, **options):
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.table(columns), file, **options)
    return file


def _one_word(rows, word):
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * rows, "int32"), [word])


def test_rows_that_take_no_bytes(tmp_path, monkeypatch, refused):
    file = _write(tmp_path / "a.parquet", {"confidence": [1.0] * 50_000, "correct": [1] * 50_000})
    assert len(read_run(file).rows) == 50_000
    monkeypatch.setattr("caopd_bench.runs.flat.parquet.FREE_ROWS", 1000)
    monkeypatch.setattr("caopd_bench.runs.flat.parquet.ROWS_A_BYTE", 8)
    assert f"50,000 rows in {file.stat().st_size:,} bytes; is the file" in refused("score", file)
    monkeypatch.setenv(VARIABLE, "1000000000")
    assert len(read_run(file).rows) == 50_000


@pytest.mark.parametrize("plain", [True, False])
def test_a_long_text_in_many_rows(tmp_path, plain):
    """It stands in the file once, and in a batch as often as the limit allows."""
    pyarrow = pytest.importorskip("pyarrow")
    word = _one_word(20_000, "x" * MB)
    columns = {"confidence": [0.5] * 20_000, "correct": [1] * 20_000, "item": word}
    columns |= {"gold": ["2"] * 20_000, "response": word}
    file = _write(
        tmp_path / "a.parquet", columns, dictionary_pagesize_limit=1 << 30, store_schema=plain
    )
    before = pyarrow.total_allocated_bytes()
    for read in (read_run, rescore):
        with pytest.raises(UsageError, match="over 200 times as many"):
            read(file)
    assert pyarrow.total_allocated_bytes() <= before + MB
    assert pyarrow.default_memory_pool().max_memory() < 3 * FREE


def test_lists_of_many_values(tmp_path):
    values = {"response": ["x"], "gold": [["a"] * 3_000_000]}
    file = _write(tmp_path / "a.parquet", values)
    with pytest.raises(UsageError, match="contain lists that may take 216,000,000 bytes of memory"):
        rescore(file)


def test_parquet_of_ordinary_texts(tmp_path):
    """Long answers in dictionaries are no reason to refuse them, nor to read few rows at once."""
    texts = [f"{i} " + "word " * 100 + "\nAnswer: 2" for i in range(400)]
    columns = {"response": texts * 2, "gold": ["2"] * 800, "level": ["a", "b"] * 400}
    file = _write(tmp_path / "a.parquet", columns)
    assert len(rescore(file).rows) == 800
    from caopd_bench.runs.flat.parquet import read_batches

    assert [batch.num_rows for batch in read_batches(file, ["response"], 500)] == [500, 300]


def test_the_index_is_what_pyarrow_reads(tmp_path):
    pytest.importorskip("pyarrow")
    columns = {"a.b": [1.5, None] * 500, "text": ["x", "yy"] * 500, "flag": [True, None] * 500}
    columns |= {"gold": [["a"], []] * 500, "both": [{"u": "v", "w": [1, 2]}] * 1000}
    for options in ({}, {"row_group_size": 300}, {"use_dictionary": False, "version": "1.0"}):
        file = _write(tmp_path / "a.parquet", columns, **options)
        found = pytest.importorskip("pyarrow.parquet").read_metadata(file)
        theirs = [
            (group, chunk.path_in_schema, chunk.num_values, chunk.total_uncompressed_size)
            for group in range(found.num_row_groups)
            for chunk in map(found.row_group(group).column, range(found.num_columns))
        ]
        ours = read_index(file)
        assert [(c.group, c.path, c.values, c.unpacked) for c in ours] == theirs
        assert {c.path for c in ours if c.is_text} == {"text", "gold.list.element", "both.u"}
        assert all(
            c.has_dictionary == (c.path != "flag" and "use_dictionary" not in options) for c in ours
        )


def test_deltas_and_fixed_lengths_are_seen(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    columns = {"t": ["ab", "abc"], "f": pyarrow.array([b"1234", b"1234"], pyarrow.binary(4))}
    file = _write(
        tmp_path / "a.parquet",
        columns,
        use_dictionary=False,
        column_encoding={"t": "DELTA_BYTE_ARRAY"},
    )
    assert [(c.path, c.has_deltas, c.fixed) for c in read_index(file)] == [
        ("t", True, 0),
        ("f", False, 4),
    ]


def test_a_damaged_index_is_refused_before_pyarrow_walks_it(tmp_path, refused):
    file = _write(tmp_path / "a.parquet", {"confidence": [0.5], "correct": [1]})
    data = bytearray(file.read_bytes())
    index = bytes(data[-8 - int.from_bytes(data[-8:-4], "little") : -8])
    # The list of the columns of the first group says that it is longer than the file.
    for at in range(len(index)):
        longer = index[:at] + b"\xf0\x7f" + index[at + 2 :]
        file.write_bytes(data[: -8 - len(index)] + longer + data[-8:])
        with suppress(ValueError):
            read_index(file)
    file.write_bytes(b"PAR1" + b"\0" * 40 + (40).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(ValueError, match="of another shape"):
        read_index(file)
    assert "not readable as Parquet" in refused("score", file)


def test_a_stream_of_a_pipe_is_no_archive(tmp_path):
    (tmp_path / "log.eval").write_bytes(io.BytesIO(b"PK\5\6" + b"\xff" * 18).getvalue())
    with pytest.raises(UsageError, match=r"it is no zip archive|an index of"):
        rescore(tmp_path / "log.eval")
