"""What is in the wheel: the three folders under one name, the hook, and nothing beside them."""

import configparser
import email
import fnmatch
import functools
import json
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest

from caopd_bench import __version__

ROOT = Path(__file__).parents[1]
FOLDERS = {"caopd_bench": "bench", "caopd_bench.metrics": "metrics", "caopd_bench.tasks": "tasks"}
HOOK = "caopd_bench_discovery.pth"


@pytest.fixture(scope="module")
def setup_cfg():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


@functools.cache
def _source_files():
    """Give {path in the wheel: file of the checkout} of all that should be installed."""
    found = {}
    for package, folder in FOLDERS.items():
        for file in (ROOT / folder).rglob("*"):
            inside = file.relative_to(ROOT / folder)
            is_cache = any(part.startswith((".", "__pycache__")) for part in inside.parts)
            if file.is_file() and not is_cache and file.name != HOOK:
                found[f"{package.replace('.', '/')}/{inside.as_posix()}"] = file
    return found


@functools.cache
def _packages():
    return {
        path.rpartition("/")[0].replace("/", ".")
        for path in _source_files()
        if path.endswith("/__init__.py")
    }


def test_every_package_is_listed(setup_cfg):
    listed = setup_cfg["options"]["packages"].split()
    assert sorted(listed) == sorted(_packages())


def test_every_folder_of_code_is_a_package():
    without = {
        path
        for path in _source_files()
        if path.endswith(".py") and _package_of(path) != _home(path)
    }
    assert without == set()


def _home(path):
    return path.rpartition("/")[0].replace("/", ".")


def _package_of(path):
    """Give the innermost package that holds a file."""
    return max((p for p in _packages() if f"{_home(path)}.".startswith(f"{p}.")), key=len)


def test_every_data_file_is_listed(setup_cfg):
    patterns = {p: setup_cfg["options.package_data"].get(p, "").split(", ") for p in _packages()}
    data = [path for path in _source_files() if not path.endswith(".py")]
    assert any(path.endswith(".yaml") for path in data)
    assert any(path.endswith(".jsonl") for path in data)
    for path in data:
        package = _package_of(path)
        inside = path.removeprefix(package.replace(".", "/") + "/")
        assert any(fnmatch.fnmatch(inside, pattern) for pattern in patterns[package]), path


def test_the_version():
    assert metadata.version("caopd-bench") == __version__


def test_the_entry_points():
    found = {(e.group, e.name): e.value for e in metadata.distribution("caopd-bench").entry_points}
    assert found == {
        ("console_scripts", "caopd-bench"): "caopd_bench.cli:main",
        ("inspect_ai", "caopd_bench"): "caopd_bench.hosts.inspect",
        ("lm_eval.tasks", "caopd_bench"): "caopd_bench.tasks",
    }


def test_every_command_and_module_of_the_entry_points_exists():
    for entry in metadata.distribution("caopd-bench").entry_points:
        # Only Inspect loads its own.
        if entry.group != "inspect_ai" or find_spec("inspect_ai"):
            assert entry.load() is not None


def _check_contents(files):
    """Check the paths of a wheel, or of what it installed."""
    expected = {*_source_files(), HOOK}
    outside = {path for path in files if ".dist-info/" not in path}
    assert outside == expected
    assert {path.partition("/")[0] for path in outside} == {"caopd_bench", HOOK}


def test_what_is_installed():
    distribution = metadata.distribution("caopd-bench")
    home = Path(distribution.locate_file(""))
    installed = [path.as_posix() for path in distribution.files or []]
    is_editable = any("__editable__" in path for path in installed)
    if is_editable or home.resolve() == ROOT or not (home / HOOK).exists():
        pytest.skip("an editable install; tox installs the wheel")
    _check_contents(
        path for path in installed if not path.startswith("..") and "__pycache__" not in path
    )


def _build(folder, kind):
    """Build in a copy of the checkout, without a network; return the wheel."""
    for name in ("bench", "metrics", "tasks"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, folder)
    # A module that was removed since an earlier build must not come back: _check_contents.
    (folder / "build" / "lib" / "caopd_bench").mkdir(parents=True)
    (folder / "build" / "lib" / "caopd_bench" / "removed.py").touch()
    code = f"from setuptools import build_meta as b; print(b.build_{kind}('dist'))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "dist" / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("setuptools", minversion="77")
    return _build(tmp_path_factory.mktemp("checkout"), "wheel")


def test_an_editable_install_has_no_hook(tmp_path):
    """It would outlive the checkout that it points to."""
    pytest.importorskip("setuptools", minversion="77")
    with zipfile.ZipFile(_build(tmp_path, "editable")) as archive:
        assert HOOK not in archive.namelist()
        assert any(name.startswith("__editable__") for name in archive.namelist())


def test_the_wheel(wheel):
    with zipfile.ZipFile(wheel) as archive:
        _check_contents(archive.namelist())
        hook = archive.read(HOOK).decode()
        about = email.message_from_bytes(
            archive.read(next(n for n in archive.namelist() if n.endswith("/METADATA")))
        )
    assert about["Version"] == __version__
    assert hook.count("\n") <= 1
    assert hook.startswith("import ")  # site.py runs only such lines


def test_the_hook_runs_at_the_start_of_an_interpreter(wheel, tmp_path):
    """As pip does: the wheel unpacked into a site folder, whose .pth files site.py reads."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        f"import site, sys; site.addsitedir({str(tmp_path)!r}); import json; "
        "print(json.dumps([type(f).__name__ for f in sys.meta_path]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert json.loads(done.stdout)[0] == "_ManagerFinder"
