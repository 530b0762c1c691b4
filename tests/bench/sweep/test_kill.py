"""Killed at any moment and started again, or twice at once: the table of an undisturbed sweep."""

import csv
import os
import random
import runpy
import signal
import threading
import time
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest

from caopd_bench.sweep.grid.file import read_sweep
from caopd_bench.sweep.grid.folder import Folder
from caopd_bench.sweep.run.local import work_on

HELPERS = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("helpers.py"))))
#: Random kills, and the most seconds that a sweep works before one: a cell takes one or two.
KILLS, LONGEST = 20, 2.5


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Give a function that gives the cells.csv of an undisturbed sweep, run in this process."""
    pytest.importorskip("lm_eval")
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("whole")

    @cache
    def give():
        sweep = read_sweep(HELPERS.write_sweep(folder))
        assert work_on(sweep, HELPERS.NAMES) == []
        Folder(sweep.output).write_tables(sweep.cells)
        return (folder / "cells.csv").read_bytes()

    return give


def is_at_work(output, since):
    """Say whether a file of a cell has been written since a moment: libraries are loaded by then.

    The clock of files is coarser than the other one. The sweep removes folders meanwhile: os.walk
    goes on where one has gone, glob does not.
    """
    written = [
        Path(folder) / name
        for place in ("work", "cells")
        for folder, _, names in os.walk(output / place)
        for name in names
        if place == "work" or name == "cell.json"
    ]
    for file in written:
        try:
            if file.is_file() and file.stat().st_mtime >= since - 0.02:
                return True
        except OSError:
            continue
    return False


def kill_in_work(file, output, watch, delay, until=lambda: True):
    """Start the sweep, kill it in its work, and say whether there was still something to kill."""
    began = time.time()
    process = HELPERS.start(file, output, "--workers", "1")

    def is_due():
        watch.look()
        return process.poll() is not None or (is_at_work(output, began) and until())

    HELPERS.wait_for(is_due, "it does not come to work")
    time.sleep(delay)
    if process.poll() is not None:
        code, _, err = HELPERS.end(process)
        assert code == 0, err
        return False
    HELPERS.kill(process)
    return True


def resume(file, output, watch):
    process = HELPERS.start(file, output, "--workers", "1")
    code, _, err = HELPERS.end(process)
    assert code == 0, err
    watch.look()


@pytest.mark.parametrize("kills", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_killed_and_the_same_table(whole, tmp_path, kills):
    file, output = HELPERS.write_sweep(tmp_path), tmp_path / "out"
    watch = HELPERS.Watch(output)

    def is_training():  # the second step of a cell
        histories = (output / "work").glob("*/stage1/training.csv")
        return any(len(history.read_text().splitlines()) > 2 for history in histories)

    assert kill_in_work(file, output, watch, 0, until=is_training)
    before = watch.look()
    assert 0 < len(before) < len(HELPERS.NAMES)
    assert (output / "work").is_dir()
    if kills == 2:
        assert kill_in_work(file, output, watch, 0, until=lambda: watch.look() > before)
        assert before < watch.look() < set(HELPERS.NAMES)
    resume(file, output, watch)
    HELPERS.check_whole(output, whole())


@pytest.mark.slow
def test_twenty_kills_at_random_moments(whole, tmp_path):
    """Whenever a sweep is done before it was killed often enough, another one begins."""
    moments, kills, sweeps, interrupted = random.Random(20261128), 0, 0, []
    file = HELPERS.write_sweep(tmp_path)
    while kills < KILLS:
        sweeps += 1
        output = tmp_path / f"out{sweeps}"
        watch = HELPERS.Watch(output)
        while kills < KILLS:
            if not moments.randrange(5):  # while it loads its libraries
                process = HELPERS.start(file, output, "--workers", "1")
                time.sleep(moments.uniform(0, 8))
                assert process.poll() is None
                HELPERS.kill(process)
            elif not kill_in_work(file, output, watch, moments.uniform(0, LONGEST)):
                break
            kills += 1
            interrupted.append(len(watch.look()))
        resume(file, output, watch)
        HELPERS.check_whole(output, whole())
    print(f"{kills} kills in {sweeps} sweeps, with {interrupted} cells finished")


# In the fast suite a cell is claimed once at a time, by threads here and in `test_sweep`.
@pytest.mark.slow
def test_two_sweeps_on_one_folder(whole, tmp_path):
    file, output = HELPERS.write_sweep(tmp_path), tmp_path / "out"
    watch = HELPERS.Watch(output)
    both = [HELPERS.start(file, output, "--workers", "1") for _ in range(2)]
    HELPERS.wait_for(lambda: watch.look() == set(HELPERS.NAMES), "not all cells are made")
    codes = []
    for process in both:
        code, _, err = HELPERS.end(process)
        assert code == 0 or "another process has it" in err, err
        codes.append(code)
    assert 0 in codes
    watch.look()
    assert not (output / "failed").exists()
    assert (output / "cells.csv").read_bytes() == whole()
    with (output / "timings.csv").open(newline="") as table:
        assert [row["cell"] for row in csv.DictReader(table)] == HELPERS.NAMES


@pytest.mark.slow
def test_a_killed_worker_costs_its_cell_and_no_other(whole, tmp_path):
    """As the kernel does when memory runs out; the next start makes up for it."""
    file, output = HELPERS.write_sweep(tmp_path), tmp_path / "out"
    watch = HELPERS.Watch(output)
    process = HELPERS.start(file, output, "--workers", "1")
    HELPERS.wait_for(watch.look, "no cell is finished", process)
    HELPERS.wait_for(lambda: HELPERS.read_holders(output), "no cell is begun", process)
    ((lost, worker),) = HELPERS.read_holders(output).items()
    os.kill(worker, signal.SIGKILL)
    code, _, err = HELPERS.end(process)
    assert code == 1
    assert f"{lost}: its worker ended by signal 9 (out of memory?)" in err
    assert watch.look() == set(HELPERS.NAMES) - {lost}
    resume(file, output, watch)
    HELPERS.check_whole(output, whole())


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "out")


@pytest.fixture
def cells(tmp_path):
    return read_sweep(HELPERS.write_sweep(tmp_path)).cells


def test_who_looks_at_a_lock_takes_no_cell(folder, cells):
    """The display looks at the locks while workers claim."""
    with folder.claim(cells[0]) as is_ours:
        assert is_ours
        assert folder.is_claimed(cells[0])
        with folder.claim(cells[0]) as is_ours_too:
            assert not is_ours_too
    done = threading.Event()

    def look():
        while not done.is_set():
            folder.is_claimed(cells[0])
            time.sleep(0.001)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(300):
            with folder.claim(cells[0]) as is_ours:
                assert is_ours
    finally:
        done.set()
        looking.join()


def test_a_folder_may_be_cleaned_while_others_claim(folder, cells):
    done = threading.Event()

    def clean():
        while not done.is_set():
            folder.clean(cells)

    cleaning = threading.Thread(target=clean)
    cleaning.start()
    try:
        for _ in range(300):
            with folder.claim(cells[0]) as is_ours:
                assert is_ours
                assert (folder.root / "work" / f"{cells[0].name}.lock").exists()
    finally:
        done.set()
        cleaning.join()
    folder.clean(cells)
    assert not list(folder.root.glob("*"))


def test_what_a_kill_left_of_a_finished_cell_is_cleaned(folder, cells):
    """It was killed between the rename and the taking away of its work."""
    finished, begun = cells[1], cells[2]
    for cell in (finished, begun):
        ready = folder.work(cell) / "ready"
        ready.mkdir(parents=True)
        (ready / "cell.json").write_text(f'{{"key": "{cell.key}"}}')
        folder.fail(cell, {"error": "of an earlier try"})
    folder.cell(finished).parent.mkdir()
    (folder.work(finished) / "ready").rename(folder.cell(finished))
    assert folder.work(finished).exists()
    folder.clean(cells)
    assert not folder.work(finished).exists()
    assert folder.work(begun).exists()
    assert [file.name for file in (folder.root / "failed").iterdir()] == [f"{begun.name}.json"]
