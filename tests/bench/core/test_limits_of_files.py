"""Small files that unpack to much: refused in a line, in bounded memory; what is right never is."""

import gzip
import json
import subprocess
import sys
import tracemalloc
import zipfile
from collections import deque
from pathlib import Path

import pytest

from caopd_bench import read_run, score
from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import VARIABLE, BlankLines, read_lines
from caopd_bench.core.files.plain_json import MAX_DEPTH, _needed_outside, needed_memory, parse_json
from caopd_bench.runs.flat.files import read_chunks
from caopd_bench.runs.rescore import rescore
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.tasks.ask.earlier_answers import read_answers
from caopd_bench.tasks.catalogue.rows import DataError

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
    assert "100,002 blank lines and 1 others; is the file damaged, or the wrong one?" in message


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
    monkeypatch.setattr("caopd_bench.core.files.packed.FREE", 8 * MB)
    line = gzip.decompress((stored / "rows.jsonl.gz").read_bytes()).splitlines(keepends=True)[0]
    file = pack(stored / "rows.jsonl.gz", [line * 10_000] * (20 * MB // len(line) // 10_000))
    message = refused("score", stored)
    packed = file.stat().st_size
    assert f"{file}: {packed:,} bytes unpack to " in message
    assert "over 200 times as many; is the file damaged, or the wrong one? If it is" in message


def test_a_saturated_run_is_far_from_the_limit(stored, monkeypatch):
    """Its rows differ in the hash of the question only."""
    monkeypatch.setattr("caopd_bench.core.files.packed.FREE", 1 << 10)
    assert len(read_run(stored).rows) == 3000
    monkeypatch.setattr("caopd_bench.core.files.packed.MAX_RATIO", 5)
    with pytest.raises(UsageError, match="over 5 times as many"):
        read_run(stored)


def test_the_limit_can_be_raised(stored, monkeypatch, refused):
    monkeypatch.setattr("caopd_bench.core.files.packed.FREE", 1 << 10)
    monkeypatch.setattr("caopd_bench.core.files.packed.MAX_RATIO", 5)
    monkeypatch.setenv(VARIABLE, str(10 * MB))
    assert len(read_run(stored).rows) == 3000
    monkeypatch.setenv(VARIABLE, "1000")
    assert "unpacks to more than 1,000 bytes; is it the right file?" in refused("score", stored)
    monkeypatch.setenv(VARIABLE, "8G")
    assert f"{VARIABLE}: must be a whole number of bytes, got '8G'" in refused("score", stored)


def test_all_that_is_held_has_a_limit(stored, monkeypatch, refused):
    monkeypatch.setattr(
        "caopd_bench.core.files.packed.read_lines.__kwdefaults__", {"most": 1000, "mend": ""}
    )
    monkeypatch.setattr("caopd_bench.core.files.packed.HELD", 1000)
    assert "unpacks to more than 1,000 bytes" in refused("score", stored)


def test_a_bomb_behind_good_rows(tmp_path, monkeypatch):
    """The ratio of what came last is looked at, and not that of the whole so far."""
    monkeypatch.setattr("caopd_bench.core.files.packed.FREE", 1 << 20)
    monkeypatch.setattr("caopd_bench.core.files.packed.STEP", 1 << 16)
    good = [b'{"confidence": 0.%06d, "correct": 1}\n' % (i * 7919 % 10**6) for i in range(20_000)]
    file = pack(tmp_path / "a.jsonl.gz", [*good, *[ROW * 1000] * 2000])
    with pytest.raises(UsageError, match="over 200 times as many"):
        deque(read_lines(file), maxlen=0)
    pack(file, [*good, *[ROW * 100] * 10])  # less than the limit, so all is read
    assert len(list(read_lines(file))) == 21_000


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.txt"])
def test_a_long_line_of_a_training_text(tmp_path, name):
    from caopd_bench.cli.tasks_overlap import _texts

    file = tmp_path / name
    (pack(file, [b" " * MB] * 17) if name.endswith("gz") else file.write_bytes(b"x" * (17 * MB)))
    with pytest.raises(UsageError, match="line 1: longer than 16,777,216 bytes"):
        list(_texts(file, None))


def test_a_damaged_training_text(tmp_path):
    from caopd_bench.cli.tasks_overlap import _texts

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
    monkeypatch.setattr("caopd_bench.tasks.ask.earlier_answers.MAX_LINE", 1000)
    monkeypatch.setattr(
        "caopd_bench.tasks.ask.earlier_answers.FREE", 10_000 if "unpacks" in said else 10 * MB
    )
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
    said = "JSON that would take more than 536,870,912 bytes of memory"
    assert said in refused("score", folder)
    assert said in refused("score", stored)
    # Of a log of Inspect one sample at a time is built, and of a sample what is needed.
    log = tmp_path / "log.json"
    log.write_bytes(bomb)
    with pytest.raises(UsageError, match="sample 1: no target"):
        rescore(log)
    many = b'{"":0},' * (5 * MB) + b"0]"
    log.write_bytes(
        b'{"eval": {}, "samples": [{"target": "4", "output": {"choices": [%b}}]}' % many
    )
    with pytest.raises(UsageError, match=said):
        rescore(log)


def test_a_long_line_of_samples(make_run, samples_of, refused):
    folder = make_run([(0.5, 1)])
    with samples_of(folder).open("ab") as stream:
        stream.write(b" " * (17 * MB))
    assert "line 2: longer than 16,777,216 bytes; write one row" in refused("score", folder)


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
    table = tmp_path / "a.parquet"
    columns = pyarrow.table({"confidence": [0.5], "correct": [1]})
    pytest.importorskip("pyarrow.parquet").write_table(columns, table)
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

    monkeypatch.setattr("caopd_bench.runs.flat.arrow._numbers", exhaust)
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


def test_chunks_of_packed_rows_are_the_rows(tmp_path):
    from caopd_bench.runs.flat.files import Wanted

    file = pack(tmp_path / "a.jsonl.gz", [ROW * 1000] * 100)
    chunks = list(read_chunks(file, Wanted("confidence", "correct", None, ())))
    assert sum(chunk.correct.size for chunk in chunks) == 100_000
