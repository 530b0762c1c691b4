"""Who may import whom: read from the source, so that no path is missed."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {"bench": "caopd_bench", "metrics": "caopd_bench.metrics", "tasks": "caopd_bench.tasks"}
# Imported inside the function that needs them, by whoever: each costs a second or is an extra.
HEAVY = {"torch", "transformers", "lm_eval", "matplotlib", "trl", "ray", "datasets"}
# Only lm-eval loads these: they define the classes of tasks.
LM_EVAL_ONLY = {"tasks/ask/sample.py", "tasks/own.py", "tasks/ways/hooks.py"}
# Only a training run loads these: they define subclasses of trainers and of their callback.
TRAINING_ONLY = {"bench/train/watch/callback.py", "bench/train/engines/trl/trainers.py"}
FILES = [(folder, file) for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]


def _imports(tree, package):
    """Yield (line, full module name, whether at module level) of every import that is carried out.

    `from package import name` counts as `package.name`: the name may be a module.
    """
    skipped = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for statement in node.body
        for child in ast.walk(statement)
    }
    deferred = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        at_top = id(node) not in deferred
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, at_top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}", at_top


def _is_in(name, *packages):
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _problem(folder, name, at_top):
    """Say what is wrong with a file of `folder` importing `name`, if anything is."""
    top = name.partition(".")[0]
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
    return None


def _violations(folder, file):
    inside = file.parent.relative_to(ROOT / folder).parts if file.is_relative_to(ROOT) else ()
    package = ".".join([FOLDERS[folder], *inside])
    tree = ast.parse(file.read_text(encoding="utf-8"))
    place = str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else ""
    hosts = ("lm_eval",) if place in LM_EVAL_ONLY else ()
    hosts = ("torch", "transformers", "trl") if place in TRAINING_ONLY else hosts
    found = (
        (line, name, _problem(folder, name, top))
        for line, name, top in _imports(tree, package)
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
        ("bench", "import pandas\nfrom caopd_bench.tasks.read.parse import parse_response"),
    ],
)
def test_what_is_allowed(tmp_path, folder, code):
    file = tmp_path / "module.py"
    file.write_text(code)
    assert _violations(folder, file) == []
