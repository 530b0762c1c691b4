"""The dataset loader: local folders, pinned downloads from a loopback server, the hub."""

import csv
import errno
import fcntl
import gzip
import hashlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from caopd_bench.tasks.catalogue import download as data
from caopd_bench.tasks.catalogue.dataset import Hub, RawFile, Source
from caopd_bench.tasks.catalogue.datasets import SOURCES
from caopd_bench.tasks.catalogue.kept import replace_file
from caopd_bench.tasks.catalogue.rows import DataError, hash_content, hash_rows, read_rows

ROWS = [{"question": "1 + 1?", "answer": "#### 2"}, {"question": "2 + 2?", "answer": "#### 4"}]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def load_rows(name, folder=None):
    return data.load_rows(SOURCES[name], folder)


def find_present(name):
    return data.find_present(SOURCES[name])


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
        "expected": SOURCES["gsm8k"].content,
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


def test_another_number_of_rows_than_the_entry_says_is_refused(tmp_path, monkeypatch):
    source = Source("small_test", 5, "MIT", RawFile("https://host/x", "abc123", "0" * 64))
    monkeypatch.setitem(SOURCES, "small", source)
    (tmp_path / "small_test.jsonl").write_bytes(LINES)
    said = "2 rows, but the entry of small_test expects 5; use the complete file, or correct"
    refused(lambda: load_rows("small", tmp_path), f"{tmp_path}/small_test.jsonl: {said}")


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


@pytest.fixture
def hub(monkeypatch, server):
    """A hub that answers: sets what it has, `hub(splits, commit)`; gives the calls it got."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_ENDPOINT", server[0])
    calls = []

    class Split(list):
        cache_files = ()

    def install(splits, commit=None):
        def load_dataset(path, config, *, split, revision):
            calls.append((path, config, split, revision))
            loaded = Split(splits[split])
            if commit:
                folder = f"/cache/org___name/default/0.0.0/{commit}"
                loaded.cache_files = [{"filename": f"{folder}/name-{split}.arrow"}]
            return loaded

        monkeypatch.setattr(datasets, "load_dataset", load_dataset)
        return calls

    return install


PIN, OTHER = "1" * 40, "2" * 40


@pytest.fixture
def hubbed(monkeypatch):
    """A source of the hub, `hubbed`, of which no content is known."""
    source = Source("hubbed", 2, "MIT", hub=Hub("org/name", "config", ("train", "test"), PIN))
    monkeypatch.setitem(SOURCES, "hubbed", source)
    return source


SPLITS = {"train": ROWS[:1], "test": ROWS[1:]}


@pytest.mark.usefixtures("hubbed")
def test_the_hub_is_read_split_by_split_at_its_pinned_commit(hub):
    calls = hub(SPLITS)
    rows, source = load_rows("hubbed")
    assert rows == ROWS
    assert source["origin"] == "hub: org/name"
    assert source["revision"] == PIN
    assert calls == [("org/name", "config", s, PIN) for s in ("train", "test")]


@pytest.mark.usefixtures("hubbed")
@pytest.mark.parametrize("commit", [OTHER, None])
def test_offline_a_cache_of_another_revision_is_refused(hub, monkeypatch, commit):
    # `datasets` gives the latest revision of its cache then, whatever revision was asked for.
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hub(SPLITS, commit)
    said = refused(lambda: load_rows("hubbed"), PIN[:12], "org/name", "CAOPD_BENCH_DATA")
    assert ("holds revision 222222222222" if commit else "does not say which revision") in said
    hub(SPLITS, PIN)
    assert load_rows("hubbed")[0] == ROWS


def test_offline_another_revision_with_the_right_content_will_do(hub, hubbed, monkeypatch):
    fields = ("question", "answer")
    known = hubbed._replace(fields=fields, content=hash_content(ROWS, fields))
    monkeypatch.setitem(SOURCES, "hubbed", known)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hub(SPLITS, OTHER)
    assert load_rows("hubbed")[0] == ROWS
    hub({"train": ROWS[:1], "test": [{**ROWS[1], "answer": "#### 5"}]}, PIN)
    refused(lambda: load_rows("hubbed"), "expected", known.content[:12], "CAOPD_BENCH_DATA")


@pytest.mark.usefixtures("hubbed")
def test_rows_that_are_no_more_those_of_the_first_load_are_refused(hub, tmp_path):
    hub(SPLITS)
    load_rows("hubbed")
    (kept,) = (tmp_path / "cache").iterdir()
    assert kept.read_text() == hash_rows(ROWS) + "\n"
    hub({"train": ROWS[:1], "test": [{**ROWS[1], "answer": "#### 5"}]})
    refused(lambda: load_rows("hubbed"), str(kept), "first loaded", hash_rows(ROWS)[:12])
    hub(SPLITS)
    assert load_rows("hubbed")[0] == ROWS


@pytest.mark.usefixtures("hubbed")
def test_a_cut_record_of_the_first_load_is_written_again(hub, tmp_path):
    hub(SPLITS)
    load_rows("hubbed")
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_text("12")
    load_rows("hubbed")
    assert kept.read_text() == hash_rows(ROWS) + "\n"


@pytest.mark.usefixtures("hubbed")
def test_rows_are_counted_and_a_read_only_cache_is_said(hub, tmp_path, monkeypatch, caplog):
    hub({"train": ROWS, "test": ROWS})
    refused(lambda: load_rows("hubbed"), "4 rows, expected 2")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CAOPD_BENCH_CACHE", str(tmp_path / "file"))
    hub(SPLITS)
    assert load_rows("hubbed")[0] == ROWS
    assert "later loads are not compared" in caplog.text


def test_datasets_ignores_the_revision_offline_and_we_do_not(tmp_path):
    """With the library itself, in a process that has never seen a network."""
    pytest.importorskip("datasets")
    name, commit = "truthfulqa___truthful_qa", OTHER
    code = f"""
import datasets
from pathlib import Path
rows = datasets.Dataset.from_list([{{"question": "?"}}])
folder = Path(datasets.config.HF_DATASETS_CACHE) / "{name}" / "multiple_choice/0.0.0/{commit}"
folder.mkdir(parents=True)
writer = datasets.arrow_writer.ArrowWriter(path=str(folder / "truthful_qa-validation.arrow"))
writer.write({{"question": "?"}})
writer.finalize()
info = datasets.DatasetInfo(features=rows.features, config_name="multiple_choice",
    dataset_name="truthful_qa", builder_name="parquet", version="0.0.0",
    splits={{"validation": {{"name": "validation", "num_bytes": 1, "num_examples": 1}}}})
info.write_to_directory(str(folder))
given = datasets.load_dataset("truthfulqa/truthful_qa", "multiple_choice", split="validation",
    revision="{SOURCES["truthfulqa"].hub.revision}")
assert len(given) == 1
from caopd_bench.tasks.catalogue.datasets import SOURCES
from caopd_bench.tasks.catalogue.download import load_rows
from caopd_bench.tasks.catalogue.rows import DataError
try:
    load_rows(SOURCES["truthfulqa"])
except DataError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith(
        "truthfulqa_mc_validation: the cache of datasets holds revision 222222222222 of "
        "truthfulqa/truthful_qa, and 741b8276f2d1 is pinned; "
    )


@pytest.mark.parametrize("killed", [True, False])
def test_what_a_killed_download_left_is_cleaned_and_what_runs_is_not(pinned, tmp_path, killed):
    cache = tmp_path / "cache"
    cache.mkdir()
    left = cache / f".small_test-{pinned.sha256[:12]}.jsonl.0123abcd.part"
    left.write_bytes(LINES[:5])
    with left.open("rb") as stream:
        if not killed:
            fcntl.flock(stream, fcntl.LOCK_EX)
        load_rows("small")
    assert left.exists() is not killed


@pytest.mark.usefixtures("pinned")
def test_a_full_disk_leaves_the_file_that_was_kept(monkeypatch, tmp_path):
    load_rows("small")
    (kept,) = (tmp_path / "cache").iterdir()
    real, wrote = os.write, []

    def write(handle, data):
        wrote.append(handle)
        if len(wrote) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(handle, data[:3])

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OSError, match="No space left"):
        replace_file(kept, b"another content")
    assert kept.read_bytes() == LINES
    assert list(kept.parent.iterdir()) == [kept]


def test_a_hub_that_does_not_answer_is_said_at_once(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nothing listens there
    started = time.monotonic()
    refused(lambda: load_rows("math500"), "Hub did not respond", "CAOPD_BENCH_DATA")
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
        else:
            assert re.fullmatch("[0-9a-f]{40}", source.hub.revision), name
        assert (source.content is None) == (source.fields == ()), name


def test_pinned_hashes_are_those_of_the_shared_files():
    shared = Path(__file__).parents[4] / "shared" / "data"
    if not shared.is_dir():
        pytest.skip(f"the real datasets are not at {shared}")
    looked = set()
    for name, source in SOURCES.items():
        path = data._find_file(source, shared)
        if path is None:  # of the hub, with no content known, or a set that is being added
            continue
        looked.add(name)
        if source.raw is not None:
            assert hashlib.sha256(path.read_bytes()).hexdigest() == source.raw.sha256
        if source.content is not None:
            rows = read_rows(path)
            assert len(rows) == source.rows
            assert hash_content(rows, source.fields) == source.content
    sciences = {"science", "science_biology", "science_physics", "science_material"}
    assert looked >= {"gsm8k", "math500", "svamp", "tooluse", *sciences}


def test_the_content_of_the_hub_is_that_of_the_shared_files():
    """By the SHA-256 of the hub's own files at the pinned commits (docs/data.md)."""
    shared = Path(__file__).parents[4] / "shared" / "data"
    if not shared.is_dir():
        pytest.skip(f"the real datasets are not at {shared}")
    digest = hashlib.sha256((shared / "math500_test.jsonl").read_bytes()).hexdigest()
    assert digest == "35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132"
    rows = read_rows(shared / "svamp_test.jsonl")
    digests = []
    for part in (rows[:700], rows[700:]):
        kept = [{field: row[field] for field in SOURCES["svamp"].fields} for row in part]
        text = json.dumps(kept, indent=4, separators=(",", ": "))
        digests.append(hashlib.sha256(text.encode()).hexdigest())
    assert digests == [
        "bb3b4cd2957f07643bbf9f8f8f5faba3bfb47fcb1d9034655b03060a76675e2b",
        "9b5590fce66ea78ecfc7d0fc4a91fb801ffe289340269f8d9d28b21acad04ae6",
    ]
    # As `datasets` reads the Parquet files beside them: text, and a column more.
    asked = [{**row, "Answer": f"{row['Answer']:.0f}", "question_concat": "?"} for row in rows]
    assert hash_content(asked, SOURCES["svamp"].fields) == SOURCES["svamp"].content


def test_a_local_file_with_another_content_is_said_and_kept_in_the_source(tmp_path, caplog):
    shared = Path(__file__).parents[4] / "shared" / "data"
    if not shared.is_dir():
        pytest.skip(f"the real datasets are not at {shared}")
    rows = read_rows(shared / "svamp_test.jsonl")
    for suffix in ("csv", "jsonl"):
        folder = tmp_path / suffix
        folder.mkdir()
        with (folder / f"svamp_test.{suffix}").open("w", newline="") as stream:
            if suffix == "csv":
                writer = csv.DictWriter(stream, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
            else:
                stream.writelines(json.dumps(row) + "\n" for row in rows)
        assert "expected" not in load_rows("svamp", folder)[1], suffix
    assert caplog.text == ""
    rows[3]["Answer"] += 1
    (tmp_path / "svamp_test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert load_rows("svamp", tmp_path)[1]["expected"] == SOURCES["svamp"].content
    assert (
        f"published data set (1000 rows, content {SOURCES['svamp'].content[:12]}...)" in caplog.text
    )
