"""Let plain `lm_eval --tasks caopd_math_conf` find the tasks, without a flag.

lm-eval will read the entry-point group `lm_eval.tasks` (its pull request 4015); no release does
yet. Until then `caopd_bench_discovery.pth` calls `install` at interpreter start. It registers a
finder that waits for lm-eval's task manager to be imported, and does nothing else: no import of
lm-eval, no file access. When the manager is imported, our task folder is added before the user's
`--include_path`, which therefore still takes precedence. The finder does nothing if lm-eval reads
the group itself. `CAOPD_BENCH_NO_HOOK=1` switches it off.

This module is imported at every start of the interpreter: at its top it may import only what
the interpreter has loaded by then anyway.
"""

import os
import sys

__all__ = ["describe", "install", "task_folder"]

OFF_SWITCH = "CAOPD_BENCH_NO_HOOK"
# lm_eval.tasks.manager defines the class since lm-eval 0.4.12, and lm_eval.tasks did before.
MANAGER_MODULES = ("lm_eval.tasks.manager", "lm_eval.tasks")
# Names that lm-eval's manager module defines once it reads entry points (pull request 4015).
NATIVE_MARKS = ("TASKS_ENTRY_POINT_GROUP", "discover_plugin_task_paths")


def task_folder() -> str:
    """Return the folder that holds the task YAML, for `lm_eval --include_path`."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "yaml")  # noqa: PTH100, PTH118, PTH120


def install() -> None:
    """Register the finder, once, unless the off switch is set."""
    if not _is_switched_off() and not any(isinstance(f, _ManagerFinder) for f in sys.meta_path):
        sys.meta_path.insert(0, _ManagerFinder())


def describe() -> str:
    """Describe in one line whether plain `lm_eval` finds the tasks here, and if not, why.

    lm-eval is not imported, which would take a second: its files and the registered finder suffice.
    """
    from importlib import metadata, util

    spec = util.find_spec("lm_eval")
    if spec is None:
        return 'no: lm-eval is not installed here; pip install "caopd-bench[hf]"'
    try:
        name = f"lm-eval {metadata.version('lm_eval')}"
    except metadata.PackageNotFoundError:  # a plain folder on the path, without metadata
        name = "lm-eval"
    source = _manager_source(spec.submodule_search_locations or ())
    if source is None:
        return f"no: {name} has no task manager where the hook looks for it; use --include_path"
    if any(mark in source for mark in NATIVE_MARKS):
        return f"yes: {name} reads task plug-ins itself"
    if _is_switched_off():
        return f"no: switched off by {OFF_SWITCH}; unset it or use --include_path"
    if any(isinstance(finder, _ManagerFinder) for finder in sys.meta_path):
        return f"yes: through the start-up hook, with {name}"
    return (
        "no: the start-up hook did not run (editable install, python -S, or a launcher that skips "
        ".pth files); use --include_path"
    )


def _manager_source(folders) -> str | None:  # type: ignore[no-untyped-def]
    """Return the source of the module that defines the task manager; None without one."""
    for folder in folders:
        for place in ("manager.py", "__init__.py"):
            try:
                with open(os.path.join(folder, "tasks", place), encoding="utf-8") as file:  # noqa: PTH118, PTH123
                    source = file.read()
            except (OSError, UnicodeDecodeError):
                continue
            if "class TaskManager" in source:
                return source
    return None


def _is_switched_off() -> bool:
    return os.environ.get(OFF_SWITCH, "0") not in ("", "0")


class _ManagerFinder:
    """Wait for lm-eval's task manager, let it load as usual, then extend its constructor."""

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]  # noqa: ARG002
        if name not in MANAGER_MODULES:
            return None
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module):  # type: ignore[no-untyped-def]
            load(module)
            _extend(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _is_native(namespace) -> bool:  # type: ignore[no-untyped-def]
    return any(mark in namespace for mark in NATIVE_MARKS)


def _extend(module) -> None:  # type: ignore[no-untyped-def]
    """Make this module's `TaskManager()` search our folder as well."""
    manager = vars(module).get("TaskManager")
    if manager is None or manager.__module__ != module.__name__ or _is_native(vars(module)):
        return
    original = manager.__init__

    def __init__(self, verbosity=None, include_path=None, *args, **kwargs):  # type: ignore[no-untyped-def]  # noqa: N807
        given = include_path or []
        users = list(given) if isinstance(given, (list, tuple)) else [given]
        original(self, verbosity, [task_folder(), *users], *args, **kwargs)

    __init__.caopd_bench = True  # type: ignore[attr-defined]
    manager.__init__ = __init__
