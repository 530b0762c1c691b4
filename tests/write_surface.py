"""Write down what users build on: public names, commands with their options, exit codes.

    python tests/write_surface.py > tests/surface.json

`test_surface.py` holds the file: what is renamed or removed shows there.
"""

from __future__ import annotations

import argparse
import importlib
import json
from typing import Any

PACKAGES = ("caopd_bench", "caopd_bench.metrics", "caopd_bench.tasks")


def describe_surface() -> dict[str, Any]:
    """Give names, commands and codes as plain values."""
    names = {package: sorted(importlib.import_module(package).__all__) for package in PACKAGES}
    parser = importlib.import_module("caopd_bench.cli").build_parser()
    codes = importlib.import_module("caopd_bench.core.process.exits").ExitCode
    return {
        "names": names,
        "commands": _describe_parser(parser),
        "exit_codes": {code.name: code.value for code in codes},
    }


def _describe_parser(parser: argparse.ArgumentParser) -> dict[str, Any]:
    found: dict[str, Any] = {}
    parser.format_help()  # some commands add their options only now
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= {name: _describe_parser(sub) for name, sub in action.choices.items()}
        else:
            name = " ".join(action.option_strings) or action.dest
            choices = sorted(map(str, action.choices)) if action.choices else None
            found[name] = {"default": repr(action.default), "nargs": action.nargs}
            found[name] |= {"choices": choices} if choices else {}
    return found


if __name__ == "__main__":
    print(json.dumps(describe_surface(), indent=1, sort_keys=True))
