"""Processes that share work load what the work needs, and it is worth their start."""

import json
import subprocess
import sys
import threading

import pytest

from caopd_bench.core.process import share, workers
from caopd_bench.runs.answers.alone import Text, guess_seconds

#: As a command does: its command line is the program.
SCRIPT = """
import json
from functools import partial

from caopd_bench.cli import main
from caopd_bench.core.process.workers import sharing
from caopd_bench.runs.answers.alone import compare

with sharing(1) as share:
    right = list(share(partial(compare, kind="number"), [("0.5", ("1/2",), ())]))
    loaded = list(share(eval, ["list(__import__('sys').modules)"]))
print(json.dumps([right, loaded[0], __spec__ is None, __file__]))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    script = tmp_path_factory.mktemp("workers") / "script.py"
    script.write_text(SCRIPT)
    process = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, timeout=120
    )
    return process.stdout, script


def test_workers_load_what_the_work_needs(told):
    right, loaded, _, _ = json.loads(told[0])
    assert right == [True]
    assert "caopd_bench.runs.answers.alone" in loaded
    unwanted = ("caopd_bench.cli", "numpy", "pandas", "scipy")
    assert [name for name in loaded if name.startswith(unwanted)] == []


def test_the_program_keeps_its_names(told):
    """A script without a guard ran once, and knows its file afterwards."""
    assert len(told[0].splitlines()) == 1
    assert json.loads(told[0])[2:] == [True, str(told[1])]


def test_threads_start_their_processes_in_turn():
    """Else the second takes the names that the first took away for those of the program."""
    main = vars(sys.modules["__main__"])
    before = {name: main[name] for name in ("__spec__", "__file__") if name in main}
    is_inside = threading.Event()

    def start():
        with workers._apart_from_main(len):
            is_inside.set()

    with workers._apart_from_main(len):
        thread = threading.Thread(target=start)
        thread.start()
        assert not is_inside.wait(0.1)
    thread.join()
    assert is_inside.is_set()
    assert {name: main[name] for name in before} == before


def test_work_of_the_program_itself_finds_it(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from caopd_bench.core.process.workers import sharing\n"
        "def double(n): return 2 * n\n"
        "if __name__ == '__main__':\n"
        "    with sharing(1) as share: print(list(share(double, [1, 2])))\n"
    )
    process = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert process.stdout == "[2, 4]\n", process.stderr


def test_a_part_that_is_sent_has_a_limit(monkeypatch):
    sizes = []

    def sharing(_workers):
        from contextlib import nullcontext

        def send(work, items, chunksize):
            sizes.append(chunksize)
            return map(work, items)

        return nullcontext(send)

    monkeypatch.setattr("caopd_bench.core.process.workers.sharing", sharing)
    items = list(range(10_000))
    for most in (None, 5):
        with share.shared_out(str, items, 2, cost=lambda _: 1.0, most=most) as found:
            assert list(found) == list(map(str, items))
    assert sizes == [10_000 // (2 * share.PARTS), 5]


def test_processes_start_for_long_texts_and_not_for_many_short_ones():
    def is_worth(count, length):
        return count * guess_seconds(Text("x" * length, (), False)) > share.WORTH

    assert not is_worth(20_000, 900)
    assert is_worth(100_000, 20_000)
