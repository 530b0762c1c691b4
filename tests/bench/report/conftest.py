"""Stored runs whose text is hostile, the report of them, and a real browser."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from caopd_bench.report import read_entries
from caopd_bench.runs.run import Row, Run
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.scores.score import score

TASKS = ("caopd_math_conf", "caopd_gsm8k_conf")
HOSTILE = (
    "</script><script>document.title='owned'</script><img src=http://192.0.2.1/x onerror=alert(1)>",
    "\u202egnorw si siht\u202c and zero\u200bwidth, \x00 NUL, \ud800 alone, \u2028 line",
    "A" * 1_000_000,
    "<!-- <style>*{display:none}</style> ]]> &lt;b&gt; {{7*7}} ${7*7} שלום",
)
#: Items whose question and text are hostile, each sure and wrong.
HOSTILE_ITEMS = 4


def _make_rows(seed, task, *, kind, items=240, groups=True, text=True):
    """Rows of one task; the difficulty of an item is the same for every model."""
    hard = np.random.default_rng(len(task)).random(items)
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(items):
        chance = np.clip(0.9 - 0.8 * hard[i], 0.05, 0.95)
        correct = int(rng.random() < chance)
        stated = {
            "good": np.clip(chance + rng.normal() * 0.08, 0, 1),
            "middling": np.clip(chance + rng.normal() * 0.2 + 0.35, 0, 1),
            "saturated": 1.0 if rng.random() < 0.95 else 0.9,
        }[kind]
        confidence, status = float(np.round(stated, 1)), "ok"
        if rng.random() < 0.05:
            confidence, status = None, "no_confidence"
        said = f"I add.\nAnswer: {i}\nConfidence: {confidence}"
        question = f"Question {i}?"
        if i < HOSTILE_ITEMS:
            said, question = HOSTILE[i], HOSTILE[i][:60]
            confidence, correct, status = 1.0, 0, "ok"
        rows.append(
            Row(
                task=task,
                item_hash=f"{task}-{i:05d}",
                sample=-1,
                groups={"level": 1 + i % 3, "family": ("sum", "product")[i % 2]} if groups else {},
                confidence=confidence,
                correct=correct,
                status=status,
                answer=str(i) if correct else "-1",
                stated=None if confidence is None else str(confidence),
                text=said if text else None,
                question=question if text else None,
                gold=str(i) if text else None,
            )
        )
    return rows


def _store(folder, name, rows, *, text=True, **provenance):
    """Write a stored run and give its folder."""
    tasks = dict.fromkeys(row.task for row in rows)
    settings = {
        "version": 1,
        "num_fewshot": 4,
        "prompt_version": "1",
        "weights": f"weights of {name}",
        "exemplars": {"set": "a", "confidences": ["0.9"]},
        "source": {"set": "gsm8k_test"},
    }
    described = {"model": f"org/{name}", "backend": "hf", "dtype": "float32", **provenance}
    run = Run(name, str(folder), rows, {**described, "tasks": dict.fromkeys(tasks, settings)})
    write_stored(run, score(run), folder / name, with_text=text)
    return folder / name


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    """Read runs in this process, however many: starting others takes longer than these tests.

    That several processes give the same: `test_several_processes_give_the_same_report`.
    """
    monkeypatch.setattr(read_entries, "WORTH_WORKERS", 1_000)


@pytest.fixture
def make_rows():
    return _make_rows


@pytest.fixture
def store():
    return _store


@pytest.fixture(scope="session")
def stored(tmp_path_factory):
    """Four runs of two tasks: base, opd (saturated), caopd and one without text or second task."""
    folder = tmp_path_factory.mktemp("stored")
    for number, (name, kind) in enumerate(
        {"base": "middling", "opd": "saturated", "caopd": "good"}.items()
    ):
        rows = [row for t in TASKS for row in _make_rows(number, t, kind=kind)]
        odd = {"dtype": "bfloat16"} if name == "opd" else {}
        _store(folder, name, rows, parameters=10**6 * (1 + number), date=1.79e9, **odd)
    rows = _make_rows(9, TASKS[0], kind="middling", text=False)
    _store(folder, "silent", rows, text=False)
    (folder / "models.yaml").write_text(
        "version: 1\nmodels:\n  base: {method: none, family: Toy}\n"
        "  opd: {method: opd, family: Toy, size: 135M}\n  caopd: {method: caopd, size: 2e6}\n"
    )
    (folder / "published.yaml").write_text(
        "version: 1\nnumbers:\n  - {model: Qwen3-8B <b>, method: caopd, task: science, "
        "metric: ece, value: 0.061, source: 'arXiv 2604.16830, table 1', certainty: read}\n"
    )
    return folder


@pytest.fixture(scope="session")
def page(stored):
    """The page of all four, made by the command line as a user types it."""
    out = stored / "out" / "report.html"
    names = ("base", "opd", "caopd", "silent")
    subprocess.run(
        [
            *(sys.executable, "-m", "caopd_bench", "report"),
            *(str(stored / name) for name in names),
            *("--output", str(out), "--models", str(stored / "models.yaml")),
            *("--published", str(stored / "published.yaml"), "--title", "Toys <i>& co</i>"),
            *("--compare", "base", "opd", "--compare", "opd", "caopd"),
        ],
        check=True,
        capture_output=True,
    )
    return out


# Of a module: as long as Playwright runs, no other test of the session can run an event loop.
@pytest.fixture(scope="module")
def chromium():
    """Debian's Chromium under Playwright; without either the tests are skipped, but not in CI."""
    path = os.environ.get("CAOPD_BENCH_CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.skip("no Chromium here: apt-get install chromium, or set CAOPD_BENCH_CHROMIUM")
    assert Path(path).exists(), f"CAOPD_BENCH_CHROMIUM: {path} is not there"
    api = pytest.importorskip("playwright.sync_api")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()
