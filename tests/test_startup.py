"""What the start of an interpreter costs, and what the discovery hook does to lm-eval."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import caopd_bench
import caopd_bench.tasks

HEAVY = ("torch", "transformers", "lm_eval", "matplotlib", "trl", "ray", "numpy", "pandas")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder that holds caopd_bench and nothing else, to start an interpreter with."""
    folder = tmp_path_factory.mktemp("site")
    ignored = shutil.ignore_patterns("__pycache__")
    for package in (caopd_bench, caopd_bench.tasks):
        source = Path(package.__file__).parent
        target = folder.joinpath(*package.__name__.split("."))
        shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
    return folder


@pytest.fixture
def python(site, tmp_path):
    """Run code in an interpreter that finds caopd_bench, what the test wrote, and no more."""

    def call(code, **environment):
        # -I and -S: no user paths, no site-packages, none of their .pth files.
        prelude = f"import sys; sys.path[:0] = [{str(site)!r}, {str(tmp_path)!r}]\n"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-B", "-c", prelude + code],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return call


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"]])
def test_help_loads_nothing_heavy(words):
    code = (
        "import sys\nbefore = set(sys.modules)\nfrom caopd_bench.cli import main\n"
        f"try: main({words})\nexcept SystemExit: print('MODULES', *set(sys.modules) - before)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    loaded = out.partition("MODULES")[2].split()
    assert "caopd_bench.cli" in loaded
    assert [name for name in loaded if name.partition(".")[0] in HEAVY] == []
    # Settings are described, and methods listed, for `train` alone; data sets for neither.
    assert ("caopd_bench.train.settings" in loaded) is ("train" in words)
    assert [name for name in loaded if name.startswith("caopd_bench.tasks.")] == []


def test_the_packages_load_only_themselves(python):
    code = "before = set(sys.modules)\nimport caopd_bench, caopd_bench.tasks\n"
    loaded = python(code + "print(*sorted(set(sys.modules) - before))").split()
    assert loaded == ["caopd_bench", "caopd_bench.tasks"]


def test_the_hook_loads_what_an_interpreter_has_anyway(python):
    code = (
        "import os\nbefore = set(sys.modules)\n"
        "import caopd_bench.tasks.discovery; caopd_bench.tasks.discovery.install()\n"
    )
    loaded = python(code + "print(*sorted(set(sys.modules) - before))").split()
    assert loaded == ["caopd_bench", "caopd_bench.tasks", "caopd_bench.tasks.discovery"]


def test_lazy_names():
    assert caopd_bench.read_run.__module__ == "caopd_bench.runs.read"
    assert caopd_bench.tasks.verify.__module__ == "caopd_bench.tasks.judge.verify"
    for package in (caopd_bench, caopd_bench.tasks):
        assert dir(package) == package.__all__
        assert all(getattr(package, name) is not None for name in package.__all__)
        with pytest.raises(AttributeError, match="has no attribute 'bogus'"):
            package.bogus  # noqa: B018


INSTALL = "from caopd_bench.tasks import discovery\ndiscovery.install()\n"
COUNT = "print(sum(type(f).__name__ == '_ManagerFinder' for f in sys.meta_path))"


def test_installing_twice_leaves_one_finder(python):
    assert python(INSTALL + "discovery.install()\n" + COUNT) == "1"


@pytest.mark.parametrize(("value", "finders"), [("1", "0"), ("yes", "0"), ("0", "1"), ("", "1")])
def test_the_off_switch(python, value, finders):
    assert python(INSTALL + COUNT, CAOPD_BENCH_NO_HOOK=value) == finders


def test_without_lm_eval_nothing_happens(python):
    code = (
        "for name in ('lm_eval', 'lm_eval.tasks', 'lm_eval.tasks.manager'):\n"
        "    try: __import__(name)\n"
        "    except ModuleNotFoundError as error: print(error.name)\n"
        "print(discovery.describe())\n"
    )
    lines = python(INSTALL + code).splitlines()
    assert lines[:3] == ["lm_eval"] * 3
    assert lines[3].startswith("no: lm-eval is not installed here")


MANAGER = """
class TaskManager:
    def __init__(self, verbosity=None, include_path=None, include_defaults=True, metadata=None):
        self.given = (verbosity, include_path, include_defaults, metadata)
"""


@pytest.fixture
def fake_lm_eval(tmp_path):
    """Write a package lm_eval whose TaskManager remembers what it was given."""

    def write(tasks, manager=None):
        folder = tmp_path / "lm_eval" / "tasks"
        folder.mkdir(parents=True)
        (tmp_path / "lm_eval" / "__init__.py").write_text("")
        (folder / "__init__.py").write_text(tasks)
        if manager is not None:
            (folder / "manager.py").write_text(manager)

    return write


RE_EXPORT = "from lm_eval.tasks.manager import TaskManager\n"
LAYOUTS = {"0.4.12": (RE_EXPORT, MANAGER), "0.4.11": (MANAGER, None)}


@pytest.fixture(params=LAYOUTS)
def lm_eval_layout(request, fake_lm_eval):
    fake_lm_eval(*LAYOUTS[request.param])


CALLS = """
from lm_eval.tasks import TaskManager
ours = discovery.task_folder()
def show(*args, **kwargs):
    verbosity, paths, *rest = TaskManager(*args, **kwargs).given
    print(verbosity, ["OURS" if path == ours else path for path in paths or []], *rest)
show()
show("INFO", "mine")
show(include_path=["a", "b"], include_defaults=False)
show(None, ("a",), False, metadata={"x": 1})
"""
EXPECTED = """
None ['OURS'] True None
INFO ['OURS', 'mine'] True None
None ['OURS', 'a', 'b'] False None
None ['OURS', 'a'] False {'x': 1}
""".strip()


@pytest.mark.usefixtures("lm_eval_layout")
class TestExtendedManager:
    def test_our_folder_comes_before_the_users(self, python):
        assert python(INSTALL + CALLS) == EXPECTED

    def test_switched_off(self, python):
        out = python(INSTALL + CALLS, CAOPD_BENCH_NO_HOOK="1").splitlines()
        assert out[0] == "None [] True None"
        assert not any("OURS" in line for line in out)

    def test_a_reload_extends_it_once_more(self, python):
        code = (
            "import importlib, lm_eval.tasks as t\n"
            "importlib.reload(sys.modules[t.TaskManager.__module__])\n"
            "importlib.reload(t)\n"
        )
        assert python(INSTALL + code + CALLS) == EXPECTED

    def test_a_subclass_is_extended_once(self, python):
        code = (
            "from lm_eval.tasks import TaskManager as Base\n"
            "class Mine(Base):\n"
            "    def __init__(self): super().__init__(include_path='mine')\n"
            "print(Mine().given[1] == [discovery.task_folder(), 'mine'])"
        )
        assert python(INSTALL + code) == "True"


NATIVE = "TASKS_ENTRY_POINT_GROUP = 'lm_eval.tasks'"


@pytest.mark.parametrize("mark", ["TASKS_ENTRY_POINT_GROUP", "discover_plugin_task_paths"])
def test_stands_down_when_lm_eval_reads_plug_ins(fake_lm_eval, python, mark):
    fake_lm_eval(RE_EXPORT, f"{mark} = 'lm_eval.tasks'\n{MANAGER}")
    out = python(INSTALL + CALLS)
    assert "OURS" not in out
    assert out.splitlines()[1] == "INFO ['m', 'i', 'n', 'e'] True None"  # as given: not a list


HOME = "\nprint(discovery.describe(), 'lm_eval' in sys.modules)"


@pytest.mark.usefixtures("lm_eval_layout")
@pytest.mark.parametrize(
    ("code", "off", "said"),
    [
        (INSTALL, "0", "yes: through the start-up hook"),
        (INSTALL, "1", "no: switched off by CAOPD_BENCH_NO_HOOK"),
        (INSTALL.partition("\n")[0], "0", "no: the start-up hook did not run"),
    ],
)
def test_the_files_of_lm_eval_tell_whether_it_finds_the_tasks(python, code, off, said):
    out = python(code + HOME, CAOPD_BENCH_NO_HOOK=off)
    assert out.startswith(said)
    assert out.endswith(" False")


def test_other_layouts_of_lm_eval_are_told(fake_lm_eval, python):
    fake_lm_eval(RE_EXPORT, f"{NATIVE}\n{MANAGER}")
    assert python(INSTALL + HOME) == "yes: lm-eval reads task plug-ins itself False"


def test_a_task_manager_elsewhere_is_not_found(fake_lm_eval, python):
    fake_lm_eval("from lm_eval.elsewhere import TaskManager\n", "x = 1\n")
    assert python(INSTALL + HOME).startswith("no: lm-eval has no task manager where the hook looks")


@pytest.mark.parametrize("error", ["ImportError('broken')", "RuntimeError('broken')"])
def test_an_error_of_lm_eval_stays_its_own(fake_lm_eval, python, error):
    fake_lm_eval(RE_EXPORT, f"raise {error}")
    code = (
        "try: import lm_eval.tasks\n"
        "except Exception as error: print(repr(error), error.__cause__, error.__context__)\n"
        "print('lm_eval.tasks' in sys.modules, 'lm_eval.tasks.manager' in sys.modules)"
    )
    assert python(INSTALL + code).splitlines() == [f"{error} None None", "False False"]


def test_a_module_without_the_class_is_left_alone(fake_lm_eval, python):
    fake_lm_eval("x = 1\n", "y = 2\n")
    assert python(INSTALL + "import lm_eval.tasks.manager as m\nprint(m.y)") == "2"


def test_other_tools_see_an_ordinary_module(fake_lm_eval, python):
    """Its source, for inspect and tracebacks; its file; its loader."""
    fake_lm_eval(RE_EXPORT, MANAGER)
    code = (
        "import inspect, lm_eval.tasks.manager as m\n"
        "print(m.__spec__.origin == m.__file__, 'class TaskManager' in inspect.getsource(m))"
    )
    assert python(INSTALL + code) == "True True"
