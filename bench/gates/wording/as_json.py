"""A verdict as strict JSON; undefined values are null, with a reason."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from caopd_bench._version import __version__
from caopd_bench.core.deliver import dump_json
from caopd_bench.core.numbers import finite
from caopd_bench.core.privacy.paths import is_path, shorten_path
from caopd_bench.gates.result import GateResult
from caopd_bench.tasks.read import PARSER_VERSION

__all__ = ["render_json", "to_plain"]


def to_plain(result: GateResult) -> dict[str, Any]:
    """Return the verdict as plain values, the verdict first."""
    return {
        "verdict": result.outcome,
        "exit_code": result.exit_code,
        "reference": result.reference,
        "candidate": result.candidate,
        "policy": _policy(result),
        "cells": [finite(asdict(cell)) for cell in result.cells],
        "undecidable": [
            {
                "task": cell.task,
                "group": cell.group,
                "metric": cell.metric,
                "rule": cell.rule,
                "why": cell.undecidable,
            }
            for cell in result.undecidable
        ],
        "too_few": dict(result.too_few),
        "warnings": list(result.warnings),
        "notes": list(result.notes),
        "versions": {"caopd_bench": __version__, "parser": PARSER_VERSION},
    }


def render_json(result: GateResult) -> str:
    """Return the verdict as text, with a final newline."""
    return dump_json(to_plain(result))


def _policy(result: GateResult) -> dict[str, Any]:
    """Return the policy; shorten the reference's absolute path, since the file may be shared."""
    policy: dict[str, Any] = result.policy.model_dump(exclude_none=True)
    reference = policy.get("reference", "")
    if is_path(reference) and not reference.startswith("."):
        policy["reference"] = shorten_path(reference)
    return policy
