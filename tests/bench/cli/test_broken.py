"""No memory, a broken installation, an end by a C library: a line, and no code of a verdict."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from caopd_bench import score
from caopd_bench.runs.stored.store import write_stored

SCRIPT = Path(sys.executable).with_name("caopd-bench")
COMMANDS = {"script": [SCRIPT], "module": [sys.executable, "-m", "caopd_bench"]}
NO_MEMORY = "not enough memory; raise the limit of this process"


def run_in(words, **options):
    return subprocess.run(
        list(map(str, words)),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        **options,
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory, populations):
    """A reference and a run that the gate fails."""
    folder = tmp_path_factory.mktemp("runs")
    first = populations.draw(2500, 1)
    for name, rows in (("base", first), ("opd", populations.collapse(*first))):
        made = populations.make_run(*rows, name)
        write_stored(made, score(made), folder / name)
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v")
@pytest.mark.parametrize("kilobytes", [40_000, 90_000, 140_000, 200_000, 260_000, 330_000])
def test_without_memory(runs, kilobytes):
    """Where it does not suffice it is said; OpenBLAS by itself ends with 1 or hangs."""
    shell = f'ulimit -v {kilobytes}; exec "$0" gate --reference "$1/base" "$1/opd"'
    # As many threads as a user has, each of which takes memory.
    usual = {name: value for name, value in os.environ.items() if "_NUM_THREADS" not in name}
    done = run_in(["bash", "-c", shell, SCRIPT, runs], env=usual)
    if done.stdout:  # it sufficed
        assert kilobytes > 200_000
        assert (done.returncode, done.stdout.split()[0]) == (1, "FAIL")
    else:
        assert done.returncode == 70
        assert NO_MEMORY in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v")
@pytest.mark.parametrize(
    ("limit", "said"), [("8000000", NO_MEMORY), ("unlimited", "this installation is broken: numpy")]
)
def test_an_extension_that_fails_without_an_exception(tmp_path, runs, limit, said):
    """Seen on 3.13 when an import is refused memory; without a limit it is another fault."""
    broken = "raise SystemError('error return without exception set')"
    (tmp_path / "numpy.py").write_text(broken)
    shell = f'ulimit -v {limit}; exec "$0" gate --reference "$1/base" "$1/opd"'
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = run_in(["bash", "-c", shell, SCRIPT, runs], env=environment)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (70, "", 1)
    assert said in done.stderr


@pytest.mark.parametrize("error", [MemoryError, "OSError(12, 'Cannot allocate memory')"])
def test_memory_that_runs_out_in_the_work(run, monkeypatch, error):
    raised = error() if isinstance(error, type) else OSError(12, "Cannot allocate memory")

    def fail(_options):
        raise raised

    monkeypatch.setattr("caopd_bench.cli.gate.run_gate", fail)
    code, out, err = run("gate", "x")
    assert (code, out) == (70, "")
    assert err.startswith(f"caopd-bench gate: {NO_MEMORY}")
    assert err.count("\n") == 1


def test_a_worker_that_the_kernel_ended(run, monkeypatch):
    from caopd_bench.core.process.workers import sharing

    def fail(_options):
        with sharing(1) as share:
            list(share(os._exit, [9]))

    monkeypatch.setattr("caopd_bench.cli.score.run_score", fail)
    code, out, err = run("score", "x")
    assert (code, out) == (70, "")
    assert err.startswith(f"caopd-bench score: {NO_MEMORY}")


def test_a_recursion_without_an_end(run, monkeypatch):
    def fail(options):
        fail(options)

    monkeypatch.setattr("caopd_bench.cli.gate.run_gate", fail)
    code, out, err = run("gate", "x")
    assert (code, out, err.count("\n")) == (70, "", 1)
    assert "an error of this program: RecursionError: " in err


BROKEN = {
    "raises": "raise ImportError('libfoo.so: cannot open shared object file')",
    "is of another version": "raise AttributeError('module has no attribute _ARRAY_API')",
    "is empty": "",
    "is half a file": "def f(:",
    "fails": "raise RuntimeError('cannot initialise')",
}


#: Those that a gate imports before its work, and in the middle of it: only a policy is YAML.
MODULES = {"pydantic": [], "numpy": [], "yaml": ["--policy", "gate.yaml"]}


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_module_that_is_broken(tmp_path, monkeypatch, runs, module, how, command):
    monkeypatch.chdir(tmp_path)
    Path("gate.yaml").write_text("version: 1\n")
    (tmp_path / f"{module}.py").write_text(BROKEN[how])
    words = [*COMMANDS[command], "gate", "--reference", runs / "base", runs / "opd"]
    words += MODULES[module]
    done = run_in(words, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert (done.returncode, done.stdout) == (70, "")
    assert "this installation is broken: " in done.stderr
    assert module in done.stderr
    assert "from the checkout or wheel: pip install --force-reinstall PATH" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("how", BROKEN)
def test_an_extra_that_is_broken(tmp_path, how):
    """One that is missing is named with the words that install it; this one is there already."""
    (tmp_path / "pyarrow.py").write_text(BROKEN[how])
    (tmp_path / "rows.parquet").write_bytes(b"PAR1")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = run_in([SCRIPT, "score", tmp_path / "rows.parquet"], env=environment)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (70, "", 1)
    assert "this installation is broken: pyarrow" in done.stderr


#: Modules of ours that a command line cannot do without.
OURS = (
    *("cli.parser", "core.errors", "core.terminal"),
    *(f"core.process.{name}" for name in ("exits", "command", "signals", "streams")),
)


@pytest.mark.parametrize("module", OURS)
def test_a_module_of_ours_that_is_missing(module):
    code = (
        f"import sys; sys.modules['caopd_bench.{module}'] = None\n"
        "from caopd_bench.cli import main\n"
        "sys.argv = ['caopd-bench', 'tasks']\n"
        "sys.exit(main())"
    )
    done = run_in([sys.executable, "-c", code])
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (70, "", 1)
    assert f"caopd_bench.{module}" in done.stderr
    assert "this installation is broken" in done.stderr
    assert "from the checkout or wheel: pip install --force-reinstall PATH" in done.stderr


DRIVER = """
import ctypes, os, sys
from caopd_bench.core.process.command import Command, run
def work():
    print("a line", flush=True)
    {work}
sys.exit(run(lambda: Command("gate", work, decides=True), is_ours=True))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the C library is not glibc")
@pytest.mark.parametrize("code", [0, 1, 3])
def test_a_c_library_that_ends_the_process(code):
    done = run_in([sys.executable, "-c", DRIVER.format(work=f"ctypes.CDLL(None).exit({code})")])
    assert (done.returncode, done.stdout) == (70, "a line\n")
    assert done.stderr == "caopd-bench: a library ended the process; nothing was decided\n"


@pytest.mark.parametrize("code", [0, 1, 3])
def test_its_own_end_is_its_own(code):
    done = run_in([sys.executable, "-c", DRIVER.format(work=f"return {code}")])
    assert (done.returncode, done.stdout, done.stderr) == (code, "a line\n", "")
