"""Small files that unpack to much: refused in a line, in bounded memory; what is right never is."""

import gzip
import io
import json
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections import deque
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest

from caopd_bench import read_run, score
from caopd_bench.errors import UsageError
from caopd_bench.flat_files import read_chunks
from caopd_bench.packed import FREE, VARIABLE, BlankLines, read_lines
from caopd_bench.parquet_index import read_index
from caopd_bench.plain_json import MAX_DEPTH, _needed_outside, needed_memory, parse_json
from caopd_bench.rescoring import rescore
from caopd_bench.stored import write_stored
from caopd_bench.tasks.answers import read_answers
from caopd_bench.tasks.data import DataError

MB = 1 << 20
ROW = b'{"confidence": 1.0, "correct": 1}\n'


@pytest.fixture
def stored(make_run, tmp_path):
    """Give the folder of a stored run of 3,000 answers, all right and stated as sure."""
    run = read_run(make_run([(1.0, 1)] * 3000))
    write_stored(run, score(run), tmp_path / "stored")
    return tmp_path / "stored"


def pack(file, pieces):
    with gzip.open(file, "wb", 9) as stream:
        for piece in pieces:
            stream.write(piece)
    return file


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


# Lines of packed files


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_file_of_blank_lines(tmp_path, refused, kind):
    head = [b"confidence,correct\n"] if kind == "csv" else [ROW]
    file = pack(tmp_path / f"a.{kind}.gz", [*head, *[b"\n" * MB] * 5])
    message = refused("score", file)
    assert "100,002 blank lines and 1 others; is it damaged, or the wrong file?" in message


def test_blank_lines_between_rows(tmp_path):
    pack(tmp_path / "a.jsonl.gz", [ROW + b"\n"] * 110_000)
    assert len(read_run(tmp_path / "a.jsonl.gz").rows) == 110_000
    counted = BlankLines(tmp_path)
    assert [counted.add(blank) for blank in (True, False)] == [True, False]


def test_blank_lines_in_the_samples_of_lm_eval(make_run, samples_of, refused):
    folder = make_run([(0.5, 1)] * 3)
    with samples_of(folder).open("ab") as stream:
        stream.write(b"\n" * MB)
    assert "blank lines and 3 others" in refused("score", folder)


def test_rows_that_unpack_to_too_much(stored, refused, monkeypatch):
    """No parsed row is needed to see it: what is unpacked is measured first."""
    monkeypatch.setattr("caopd_bench.packed.FREE", 8 * MB)
    line = gzip.decompress((stored / "rows.jsonl.gz").read_bytes()).splitlines(keepends=True)[0]
    file = pack(stored / "rows.jsonl.gz", [line * 10_000] * (20 * MB // len(line) // 10_000))
    message = refused("score", stored)
    packed = file.stat().st_size
    assert f"{file}: {packed:,} bytes unpack to " in message
    assert (
        f"over 200 times as many; is it damaged, or the wrong file? If it is right, set {VARIABLE}"
        in message
    )


def test_a_saturated_run_is_far_from_the_limit(stored, monkeypatch):
    """Its rows differ in the hash of the question only."""
    monkeypatch.setattr("caopd_bench.packed.FREE", 1 << 10)
    assert len(read_run(stored).rows) == 3000
    monkeypatch.setattr("caopd_bench.packed.MAX_RATIO", 5)
    with pytest.raises(UsageError, match="over 5 times as many"):
        read_run(stored)


def test_the_limit_can_be_raised(stored, monkeypatch, refused):
    monkeypatch.setattr("caopd_bench.packed.FREE", 1 << 10)
    monkeypatch.setattr("caopd_bench.packed.MAX_RATIO", 5)
    monkeypatch.setenv(VARIABLE, str(10 * MB))
    assert len(read_run(stored).rows) == 3000
    monkeypatch.setenv(VARIABLE, "1000")
    assert "unpacks to more than 1,000 bytes; is it the right file?" in refused("score", stored)
    monkeypatch.setenv(VARIABLE, "8G")
    assert f"{VARIABLE}: must be a whole number of bytes, got '8G'" in refused("score", stored)


def test_all_that_is_held_has_a_limit(stored, monkeypatch, refused):
    monkeypatch.setattr("caopd_bench.packed.read_lines.__kwdefaults__", {"most": 1000, "mend": ""})
    monkeypatch.setattr("caopd_bench.packed.HELD", 1000)
    assert "unpacks to more than 1,000 bytes" in refused("score", stored)


def test_a_bomb_behind_good_rows(tmp_path, monkeypatch):
    """The ratio of what came last is looked at, and not that of the whole so far."""
    monkeypatch.setattr("caopd_bench.packed.FREE", 1 << 20)
    monkeypatch.setattr("caopd_bench.packed.STEP", 1 << 16)
    good = [b'{"confidence": 0.%06d, "correct": 1}\n' % (i * 7919 % 10**6) for i in range(20_000)]
    file = pack(tmp_path / "a.jsonl.gz", [*good, *[ROW * 1000] * 2000])
    lines = read_lines(file)
    assert [number for number, _ in islice(lines, 20_000)][-1] == 20_000
    with pytest.raises(UsageError, match="over 200 times as many"):
        deque(islice(lines, 20_000), maxlen=0)
    pack(file, [*good, *[ROW * 100] * 10])  # less than the limit, so all is read
    assert len(list(read_lines(file))) == 21_000


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.txt"])
def test_a_long_line_of_a_training_text(tmp_path, name):
    from caopd_bench.overlap_command import _texts

    file = tmp_path / name
    (pack(file, [b" " * MB] * 17) if name.endswith("gz") else file.write_bytes(b"x" * (17 * MB)))
    with pytest.raises(UsageError, match="line 1: longer than 16,777,216 bytes"):
        list(_texts(file, None))


def test_a_damaged_training_text(tmp_path):
    from caopd_bench.overlap_command import _texts

    file = pack(tmp_path / "a.txt.gz", [b"one\ntwo\n"])
    file.write_bytes(file.read_bytes()[:-6])
    with pytest.raises(UsageError, match="damaged or cut off"):
        list(_texts(file, None))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gzip.compress(b"\n" * MB), "100,001 blank lines, 0 others"),
        (gzip.compress(b"1" * 2000), "a line of more than 1,000 bytes"),
        (gzip.compress(b"1\n" * 20_000), "it unpacks to more than 1"),
        (gzip.compress(b'{"item_hash": "a", "sample": Infinity}'), "cannot convert float infinity"),
        (gzip.compress(b'{"item_hash": "a", "sample": []}'), "not 'list'"),
        (gzip.compress(b'{"item_hash": "a"}\n' * 99)[:15] + b"\xff" * 20, "damaged"),
    ],
    ids=["blank", "line", "ratio", "infinity", "list", "flipped"],
)
def test_answers_of_an_earlier_run(tmp_path, monkeypatch, content, said):
    monkeypatch.setattr("caopd_bench.tasks.answers.MAX_LINE", 1000)
    monkeypatch.setattr("caopd_bench.tasks.answers.FREE", 10_000 if "unpacks" in said else 10 * MB)
    (tmp_path / "rows.jsonl.gz").write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_answers(tmp_path, ["a"])


# JSON


def _peak(data):
    tracemalloc.start()
    try:
        text = data.decode()
        json.loads(text)
        return tracemalloc.get_traced_memory()[1] + len(data)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "unit",
    [b'{"":0},', b"{},", b"[],", b"[0],", b'"ab",', b"1.5,", b'{"a":[1.5]},', b'{"a":{"b":null}},'],
)
def test_the_memory_that_json_needs_is_no_more_than_told(unit):
    data = b"[" + unit * 100_000 + b"0]"
    assert _peak(data) <= needed_memory(data)


@pytest.mark.parametrize(
    "text", ["x" * MB, "x" * MB + "é", "x" * MB + "\u4e00", "x" * MB + "\U0001f600"]
)
@pytest.mark.parametrize("escape", [True, False])
def test_the_memory_that_texts_need(text, escape):
    data = json.dumps(text, ensure_ascii=escape).encode()
    assert _peak(data) <= needed_memory(data) + 4096


def test_ordinary_json_is_far_from_the_limit():
    """What is counted as a mark inside of texts must not refuse a log."""
    text = 'He said: "a, b, [c], {d}".\n' * 50
    data = json.dumps([{"id": i, "text": text} for i in range(100)]).encode()
    assert _needed_outside(data) < 8 * len(data) < needed_memory(data)
    assert _needed_outside(data) >= _peak(data)


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1])
def test_depth_is_counted_outside_of_texts(depth):
    text = '"' + r"\"[[[[\\" * 500 + '"'
    data = ("[" * depth + text + "]" * depth).encode()
    if depth > MAX_DEPTH:
        with pytest.raises(ValueError, match="too deep"):
            parse_json(data, "a")
    else:
        assert parse_json(data, "a")


def test_documents_that_would_fill_the_memory(make_run, results_of, stored, tmp_path, refused):
    bomb = b'{"eval": {}, "samples": [' + b'{"":0},' * (5 * MB) + b"0]}"
    folder = make_run([(0.5, 1)])
    results_of(folder).write_bytes(bomb)
    (stored / "summary.json").write_bytes(bomb)
    (tmp_path / "log.json").write_bytes(bomb)
    said = "JSON that would take more than 536,870,912 bytes of memory"
    assert said in refused("score", folder)
    assert said in refused("score", stored)
    with pytest.raises(UsageError, match=said):
        rescore(tmp_path / "log.json")


def test_a_long_line_of_samples(make_run, samples_of, refused):
    folder = make_run([(0.5, 1)])
    with samples_of(folder).open("ab") as stream:
        stream.write(b" " * (17 * MB))
    assert "line 2: longer than 16,777,216 bytes; one row a line" in refused("score", folder)


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
    monkeypatch.setattr("caopd_bench.packed.FREE", 4 * MB)
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
    packed = b"".join([pieces.compress(b"x" * MB) for _ in range(200)] + [pieces.flush()])
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
    with pytest.raises(UsageError, match=r"unpack to 135,|more than 178,956,970 bytes unpacked"):
        rescore(file)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_python_unpacks_without_a_limit(tmp_path, method):
    file = archive(tmp_path / "log.eval", [("samples/1.json", sample("Answer: 2"))], method)
    with pytest.raises(
        UsageError, match=f"packed by method {method}; logs of Inspect are packed by"
    ):
        rescore(file)


def test_two_members_of_a_name(tmp_path):
    file = archive(tmp_path / "log.eval", [("samples/1.json", sample("Answer: 2"))])
    with zipfile.ZipFile(file, "a") as target, pytest.warns(UserWarning, match="Duplicate name"):
        target.writestr("samples/1.json", sample("Answer: 2"))
    with pytest.raises(UsageError, match=r"samples/1\.json: two members have this name"):
        rescore(file)


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
    monkeypatch.setattr("caopd_bench.packed.FREE", 4 * MB)
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
    monkeypatch.setattr("caopd_bench.flat_parquet.FREE_ROWS", 1000)
    monkeypatch.setattr("caopd_bench.flat_parquet.ROWS_A_BYTE", 8)
    assert f"50,000 rows in {file.stat().st_size:,} bytes; is it damaged" in refused("score", file)
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
    with pytest.raises(UsageError, match="hold lists that may take 216,000,000 bytes of memory"):
        rescore(file)


def test_parquet_of_ordinary_texts(tmp_path):
    """Long answers in dictionaries are no reason to refuse them, nor to read few rows at once."""
    texts = [f"{i} " + "word " * 100 + "\nAnswer: 2" for i in range(400)]
    columns = {"response": texts * 2, "gold": ["2"] * 800, "level": ["a", "b"] * 400}
    file = _write(tmp_path / "a.parquet", columns)
    assert len(rescore(file).rows) == 800
    from caopd_bench.flat_parquet import read_batches

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


# No memory is no damage


class _NoMemoryError(MemoryError):
    pass


def _fail(*_, **__):
    raise _NoMemoryError


def test_no_memory_is_never_called_damage(make_run, stored, tmp_path, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    folder = make_run([(0.5, 1)])
    log = archive(tmp_path / "log.eval", [("samples/1.json", sample("Answer: 2"))])
    lines = tmp_path / "a.jsonl"
    lines.write_bytes(ROW)
    table = _write(tmp_path / "a.parquet", {"confidence": [0.5], "correct": [1]})
    with monkeypatch.context() as patch:
        patch.setattr("json.loads", _fail)
        for read, file in [
            (read_run, folder),
            (read_run, stored),
            (rescore, log),
            (read_run, lines),
        ]:
            with pytest.raises(_NoMemoryError):
                read(file)

    def exhaust(*_, **__):
        raise pyarrow.ArrowMemoryError("malloc of size 64 failed")

    monkeypatch.setattr("caopd_bench.flat_files._arrow_numbers", exhaust)
    with pytest.raises(MemoryError):
        read_run(table)


# The whole, in a process of its own

CHILD = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from caopd_bench.cli import main
code = main(sys.argv[1:])
# Not ru_maxrss, which a process inherits from the one that started it.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print("peak", int(peak.split()[1]) // 1024, file=sys.stderr)
sys.exit(code)
"""
MOST = 700  # MB


def _bomb(name, stored, tmp_path):
    if name == "rows of NUL":
        return "score", pack(stored / "rows.jsonl.gz", [b"\0" * MB] * 800).parent
    if name == "rows of newlines":
        return "score", pack(stored / "rows.jsonl.gz", [b"\n" * MB] * 1500).parent
    if name == "lines of one long text":
        line = b'{"response": "' + b"x" * (15 * MB) + b'", "gold": "2"}\n'
        return "rescore", pack(tmp_path / "a.jsonl.gz", [line] * 66)
    members = ((f"samples/{i}.json", sample("x" * (100 * MB), i)) for i in range(8))
    return "rescore", archive(tmp_path / "log.eval", members)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(
    "name", ["rows of NUL", "rows of newlines", "lines of one long text", "members of 100 MB"]
)
def test_the_peak_of_a_bomb(stored, tmp_path, name):
    command, file = _bomb(name, stored, tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, command, str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    *said, last = done.stderr.splitlines()
    assert (done.returncode, done.stdout, len(said)) == (2, "", 1), done.stderr
    assert int(last.split()[1]) < MOST


def test_a_stream_of_a_pipe_is_no_archive(tmp_path):
    (tmp_path / "log.eval").write_bytes(io.BytesIO(b"PK\5\6" + b"\xff" * 18).getvalue())
    with pytest.raises(UsageError, match=r"it is no zip archive|an index of"):
        rescore(tmp_path / "log.eval")


def test_chunks_of_packed_rows_are_the_rows(tmp_path):
    from caopd_bench.flat_files import Wanted

    file = pack(tmp_path / "a.jsonl.gz", [ROW * 1000] * 100)
    chunks = list(read_chunks(file, Wanted("confidence", "correct", None, ())))
    assert sum(chunk.correct.size for chunk in chunks) == 100_000
