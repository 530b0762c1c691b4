"""Who may import whom: read from the source, so that no path is missed."""

import ast
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
draw = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("draw_rooms.py"))))
FOLDERS = draw.FOLDERS
# Imported inside the function that needs them, by whoever: each costs a second or is an extra.
HEAVY = {
    *("torch", "transformers", "lm_eval", "matplotlib", "trl", "ray", "datasets"),
    *("inspect_ai", "anyio"),
}
# Only lm-eval loads these: they define the classes of tasks.
LM_EVAL_ONLY = {"tasks/ask/sample.py", "tasks/own.py", "tasks/ways/hooks.py"}
# Only Inspect loads this: it defines a scorer, by decorators.
INSPECT_ONLY = {"bench/hosts/inspect.py"}
# Only a training run loads these: they define subclasses of trainers and of their callback.
TRAINING_ONLY = {
    "bench/train/watch/callback.py",
    *("bench/train/engines/trl/shared.py", "bench/train/engines/trl/trainers.py"),
}
# Only an evaluation in process loads this: it defines a subclass of lm-eval's model.
MODEL_ONLY = {"bench/sweep/run/texts.py"}
# Here names of ours are resolved on first use, or packages of others are looked up.
BY_NAME = {
    *("bench/__init__.py", "tasks/__init__.py"),
    *("bench/train/watch/progress.py", "bench/train/engines/trl/contract.py"),
}
FILES = [(folder, file) for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
#: What importing the metrics may not load.
SLOW = ("scipy", "matplotlib", "pandas", "sklearn", "torch", "lm_eval", "caopd_bench.tasks")
MOST = 16  # files of a folder


def _is_in(name, *packages):
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _problem(folder, name, at_top):
    """Say what is wrong with a file of `folder` importing `name`, if anything is."""
    top, _, last = name.partition(".")[0], *name.rpartition(".")[1:]
    if top in FOLDERS:
        return "is not an installed name"
    if top in HEAVY and at_top:
        return "must be imported inside the function that needs it"
    if folder == "metrics":
        known = top in {"numpy", "scipy", "matplotlib"} or top in sys.stdlib_module_names
        if not known and not _is_in(name, "caopd_bench.metrics"):
            return "is not for metrics"
    is_ours = _is_in(name, "caopd_bench.tasks", "caopd_bench.metrics")
    if folder == "tasks" and top == "caopd_bench" and not is_ours:
        return "is not for tasks"
    if top == "caopd_bench" and last.startswith("_") and name != "caopd_bench._version.__version__":
        return "is private to its file"
    return None


def _violations(folder, file):
    inside = file.parent.relative_to(ROOT / folder).parts if file.is_relative_to(ROOT) else ()
    package = ".".join([FOLDERS[folder], *inside])
    tree = ast.parse(file.read_text(encoding="utf-8"))
    place = str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else ""
    hosts = ("lm_eval",) if place in LM_EVAL_ONLY else ()
    hosts = ("inspect_ai", "anyio") if place in INSPECT_ONLY else hosts
    hosts = ("torch", "transformers", "trl") if place in TRAINING_ONLY else hosts
    hosts = ("lm_eval", "transformers") if place in MODEL_ONLY else hosts
    found = (
        (line, name, _problem(folder, name, top))
        for line, name, top in draw.list_imports(tree, package)
        if not _is_in(name, *hosts)
    )
    return [f"{file.name}:{line}: {name} {problem}" for line, name, problem in found if problem]


@pytest.mark.parametrize(
    ("folder", "file"), FILES, ids=[str(file.relative_to(ROOT)) for _, file in FILES]
)
def test_imports(folder, file):
    assert _violations(folder, file) == []


def test_there_are_files_to_check():
    assert {folder for folder, _ in FILES} == set(FOLDERS)
    assert len(FILES) > 40


@pytest.mark.parametrize(
    ("folder", "code"),
    [
        ("metrics", "import pandas"),
        ("metrics", "def f():\n    import torch"),
        ("metrics", "from caopd_bench import rows"),
        ("metrics", "from caopd_bench.tasks import verify"),
        ("metrics", "from matplotlib.figure import Figure"),
        ("metrics", "from ..tasks import verify"),
        ("metrics", "from .. import rows"),
        ("tasks", "from caopd_bench.runs.run import Row"),
        ("tasks", "from caopd_bench import read_run"),
        ("tasks", "def f():\n    import caopd_bench.runs.read"),
        ("tasks", "class A:\n    import datasets"),
        ("tasks", "try:\n    import lm_eval\nexcept ImportError:\n    pass"),
        ("bench", "import torch.nn as nn"),
        ("bench", "if True:\n    from transformers import AutoModel"),
        ("bench", "if TYPE_CHECKING:\n    pass\nelse:\n    import ray"),
        ("bench", "from metrics import ece"),
        ("bench", "from caopd_bench.runs.read import _sort"),
        ("bench", "from caopd_bench._version import _read"),
        ("bench", "def f():\n    import tasks.parsing"),
    ],
)
def test_a_violation_is_caught(tmp_path, folder, code):
    file = tmp_path / "module.py"
    file.write_text(code)
    assert len(_violations(folder, file)) == 1


@pytest.mark.parametrize(
    ("folder", "code"),
    [
        ("metrics", "import numpy as np\nfrom scipy.sparse import csr_matrix\nimport math"),
        ("metrics", "def f():\n    from matplotlib.figure import Figure"),
        ("metrics", "if TYPE_CHECKING:\n    from matplotlib.figure import Figure"),
        ("metrics", "from .tally import Tally\nfrom . import scores"),
        ("tasks", "from caopd_bench.metrics import tally\nfrom caopd_bench.tasks import parsing"),
        ("tasks", "def f():\n    from datasets import Dataset"),
        ("bench", "from caopd_bench._version import __version__"),
        ("bench", "from caopd_bench.core.extras import require as _require"),
        ("bench", "import pandas\nfrom caopd_bench.tasks.read.parse import parse_response"),
    ],
)
def test_what_is_allowed(tmp_path, folder, code):
    file = tmp_path / "module.py"
    file.write_text(code)
    assert _violations(folder, file) == []


def test_importing_the_metrics_loads_numpy_only():
    code = "import sys, caopd_bench.metrics; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert "numpy" in loaded
    # The discovery hook of an installed wheel is there before any import of ours.
    hook = {"caopd_bench.tasks", "caopd_bench.tasks.discovery"}
    assert [name for name in loaded if name.startswith(SLOW) and name not in hook] == []


def test_a_circle_is_found_with_its_places():
    pairs = {("a", "b"): "a.py:1", ("b", "c"): "b.py:2", ("c", "a"): "c.py:3", ("a", "d"): "a.py:4"}
    assert sorted(draw.find_circle(pairs)) == ["a.py:1", "b.py:2", "c.py:3"]
    assert draw.find_circle({pair: pairs[pair] for pair in pairs if pair != ("c", "a")}) == []


def test_no_circles_of_files():
    assert draw.find_circle(draw.arrows()) == []


@pytest.mark.parametrize("package", draw.packages())
def test_no_circles_within_a_room(package):
    """Between its files and the rooms inside it, each of these as a whole."""
    assert draw.find_circle(draw.inner_arrows(package)) == []


@pytest.mark.parametrize("package", draw.FLOORS)
def test_imports_go_downwards(package):
    floors = {name: number for number, names in enumerate(draw.FLOORS[package]) for name in names}
    children = {draw.child_of(package, module) for module in draw.modules()}
    assert set(floors) == children - {None, "__init__"}
    found = draw.inner_arrows(package).items()
    assert [place for (one, other), place in found if floors[one] <= floors.get(other, -1)] == []


def test_the_graph_sees_every_import():
    """Nothing of ours is imported by a name in a text, or from where names are resolved on use."""
    calls = {
        str(file.relative_to(ROOT))
        for _, file in FILES
        if re.search(r"\b(import_module|__import__|spec_from_file_location)\b", file.read_text())
    }
    finders = {str(draw.modules()[name].relative_to(ROOT)) for name in draw.FINDERS}
    assert calls == BY_NAME | finders
    lazy = {"caopd_bench", "caopd_bench.tasks"}
    assert [place for (_, imported), place in draw.arrows().items() if imported in lazy] == []


def test_the_tables_in_contributing_are_the_graph():
    """After a change: python tests/draw_rooms.py CONTRIBUTING.md."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert draw.replace_tables(page) == page


@pytest.mark.parametrize("package", draw.packages()[1:])
def test_a_room_says_what_it_imports_and_where_to_start(package):
    """The sentence on imports is written by draw_rooms.py, the others by hand."""
    assert draw.replace_sentence(package) == draw.modules()[package].read_text(encoding="utf-8")
    said = " ".join(draw.paragraph(package).split())
    first = re.search(r"\bStart with `(\w+)`", said)
    assert first, "its paragraph has no sentence: Start with `file`."
    assert f"{package}.{first[1]}" in draw.modules()


@pytest.mark.parametrize("folder", [*FOLDERS, "tests"])
def test_a_folder_can_be_read_at_a_glance(folder):
    files = [file for file in (ROOT / folder).rglob("*.py") if "__pycache__" not in file.parts]
    found = {str(file.parent.relative_to(ROOT)): 0 for file in files}
    for file in files:
        found[str(file.parent.relative_to(ROOT))] += 1
    assert {place: number for place, number in found.items() if number > MOST} == {}
