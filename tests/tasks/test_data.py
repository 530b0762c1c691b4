"""The dataset loader: local folders, pinned downloads from a loopback server, the hub."""

import gzip
import hashlib
import http.server
import json
import threading
import time
from pathlib import Path

import pytest

from caopd_bench.tasks import data
from caopd_bench.tasks.data import DataError, find_present, hash_rows, load_rows, read_rows
from caopd_bench.tasks.sources import SOURCES, Hub, RawFile, Source

ROWS = [{"question": "1 + 1?", "answer": "#### 2"}, {"question": "2 + 2?", "answer": "#### 4"}]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    """No folder, no cache but the test's own, and a network."""
    monkeypatch.delenv("CAOPD_BENCH_DATA", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("CAOPD_BENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def server():
    """A server on loopback: (address of a file, what it answers, what was asked)."""
    answers, asked = {"/rows.jsonl": (200, LINES)}, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, body = answers.get(self.path, (404, b""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}/rows.jsonl", answers, asked
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture
def pinned(monkeypatch, server):
    """A source `small` whose raw file the loopback server has."""
    url, _, _ = server
    raw = RawFile(url, "abc123", hashlib.sha256(LINES).hexdigest())
    monkeypatch.setitem(SOURCES, "small", Source("small_test", 2, "MIT", raw))
    return raw


def refused(call, *words):
    with pytest.raises(DataError) as caught:
        call()
    said = str(caught.value)
    assert "\n" not in said
    for word in words:
        assert word in said
    return said


def test_a_folder_is_read_and_named_in_the_source(tmp_path, monkeypatch):
    (tmp_path / "gsm8k_test.jsonl").write_bytes(LINES)
    rows, source = load_rows("gsm8k", tmp_path)
    assert rows == ROWS
    assert source == {
        "set": "gsm8k_test",
        "origin": "local folder",
        "revision": None,
        "sha256": hash_rows(ROWS),
    }
    monkeypatch.setenv("CAOPD_BENCH_DATA", str(tmp_path))
    assert load_rows("gsm8k") == (rows, source)


@pytest.mark.usefixtures("pinned")
def test_a_file_that_is_missing_is_named_and_nothing_is_downloaded(tmp_path, server):
    *_, asked = server
    refused(lambda: load_rows("small", tmp_path), "small_test.jsonl", str(tmp_path), "data_dir")
    assert asked == []


def test_the_variable_is_named_if_it_was_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("CAOPD_BENCH_DATA", str(tmp_path))
    refused(lambda: load_rows("gsm8k"), "unset CAOPD_BENCH_DATA")
    assert find_present("gsm8k") == f"missing in {tmp_path}"


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".jsonl.gz", ".csv", ".parquet"])
def test_every_format_has_the_same_hash(tmp_path, suffix):
    path = tmp_path / f"rows{suffix}"
    if suffix == ".jsonl.gz":
        path.write_bytes(gzip.compress(LINES))
    elif suffix == ".csv":
        path.write_text("question,answer\n1 + 1?,#### 2\n2 + 2?,#### 4\n")
    elif suffix == ".parquet":
        pyarrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    else:
        path.write_bytes(LINES)
    assert read_rows(path) == ROWS
    assert hash_rows(read_rows(path)) == hash_rows([dict(reversed(row.items())) for row in ROWS])


def test_a_csv_field_may_hold_line_ends(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('question,answer\n"one\ntwo",3\n')
    assert read_rows(path) == [{"question": "one\ntwo", "answer": "3"}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"a": 1}\nnot json\n', "line 2"),
        (b"[1]\n", "line 1"),
        (b"[" * 100_000, "line 1"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_damaged_files_are_refused_with_their_line(tmp_path, content, said):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    refused(lambda: read_rows(path), str(path), said)


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "gsm8k_test.jsonl").write_text("\n")
    refused(lambda: load_rows("gsm8k", tmp_path), "no rows")


def test_a_pinned_file_is_downloaded_once(pinned, server):
    *_, asked = server
    assert find_present("small") == "will be downloaded"
    rows, source = load_rows("small")
    assert rows == ROWS
    assert source["origin"] == pinned.url
    assert source["revision"] == "abc123"
    assert load_rows("small") == (rows, source)
    assert len(asked) == 1
    assert find_present("small").endswith(".jsonl")


@pytest.mark.usefixtures("pinned")
def test_a_cached_file_that_was_changed_is_fetched_again(server, tmp_path):
    *_, asked = server
    load_rows("small")
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_text("{}")
    assert load_rows("small")[0] == ROWS
    assert len(asked) == 2


@pytest.mark.usefixtures("pinned")
def test_another_content_is_refused_and_not_kept(server, tmp_path):
    _, answers, _ = server
    answers["/rows.jsonl"] = (200, LINES + b"{}\n")
    refused(lambda: load_rows("small"), "SHA-256", "CAOPD_BENCH_DATA")
    assert not list((tmp_path / "cache").glob("*"))


@pytest.mark.usefixtures("pinned")
def test_a_server_that_fails_is_named(server):
    url, answers, _ = server
    answers["/rows.jsonl"] = (404, b"")
    refused(lambda: load_rows("small"), url, "cannot download", "CAOPD_BENCH_DATA")


@pytest.mark.usefixtures("pinned")
def test_offline_nothing_is_asked(server, monkeypatch):
    *_, asked = server
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    refused(lambda: load_rows("small"), "HF_HUB_OFFLINE", "CAOPD_BENCH_DATA")
    assert asked == []


@pytest.mark.usefixtures("pinned")
def test_a_cache_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CAOPD_BENCH_CACHE", str(tmp_path / "file" / "below"))
    refused(lambda: load_rows("small"), "CAOPD_BENCH_CACHE")


def test_the_hub_is_read_split_by_split(monkeypatch, server):
    datasets = pytest.importorskip("datasets")
    url, _, _ = server
    monkeypatch.setenv("HF_ENDPOINT", url)
    hub = Hub("org/name", "config", ("train", "test"), "v1")
    monkeypatch.setitem(SOURCES, "hubbed", Source("hubbed", 2, "MIT", hub=hub))
    calls = []

    def load_dataset(path, config, *, split, revision):
        calls.append((path, config, split, revision))
        return [ROWS[len(calls) - 1]]

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    rows, source = load_rows("hubbed")
    assert rows == ROWS
    assert source["origin"] == "hub: org/name"
    assert source["revision"] == "v1"
    assert calls == [("org/name", "config", s, "v1") for s in ("train", "test")]


def test_a_hub_that_does_not_answer_is_said_at_once(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nothing listens there
    started = time.monotonic()
    refused(lambda: load_rows("math500"), "hub does not answer", "CAOPD_BENCH_DATA")
    assert time.monotonic() - started < 10  # `datasets` retries for 23 s


def test_offline_the_hub_has_only_its_cache(monkeypatch):
    datasets = pytest.importorskip("datasets")

    def load_dataset(*_, **__):
        raise ConnectionError("offline\nmode")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    refused(lambda: load_rows("arc"), "(offline)", "CAOPD_BENCH_DATA")


def test_every_source_can_be_had():
    for name, source in SOURCES.items():
        assert (source.raw is None) != (source.hub is None), name
        if source.raw is not None:
            assert source.raw.revision in source.raw.url
            assert len(source.raw.revision) == 40
            assert len(source.raw.sha256) == 64


def test_pinned_hashes_are_those_of_the_shared_files():
    shared = Path(__file__).parents[3] / "shared" / "data"
    if not shared.is_dir():
        pytest.skip(f"the real datasets are not at {shared}")
    for source in SOURCES.values():
        if source.raw is not None:
            path = data._find_file(source, shared)
            assert hashlib.sha256(path.read_bytes()).hexdigest() == source.raw.sha256
            assert len(read_rows(path)) == source.rows
