"""Describe the provenance of a checkpoint, for a file that is identical for identical runs."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from caopd_bench._version import __version__
from caopd_bench.core.privacy.clean import clean_settings
from caopd_bench.core.privacy.paths import shorten_path
from caopd_bench.tasks.ask.prompts import PROMPT_VERSION
from caopd_bench.tasks.catalogue.weights import fingerprint_weights
from caopd_bench.tasks.read import PARSER_VERSION
from caopd_bench.train.checkpoints import PROVENANCE
from caopd_bench.train.methods import METHODS
from caopd_bench.train.settings import TrainSettings

__all__ = ["describe_run", "versions"]


def describe_run(settings: TrainSettings, docs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Describe a run: settings, base, questions, versions. Times are omitted: they differ."""
    questions = "\n".join(str(doc["item_hash"]) for doc in docs)
    return {
        "method": settings.method,
        "source": METHODS[settings.method].source,
        "settings": clean_settings(asdict(settings)).value,
        "base": _describe_base(settings.model),
        "questions": {
            "count": len(docs),
            "sha256": hashlib.sha256(questions.encode()).hexdigest(),
            "source": docs[0].get("source"),
        },
        "prompt_version": PROMPT_VERSION,
        "parser_version": PARSER_VERSION,
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Return the versions of the software that numbers may depend on."""
    found = {"caopd_bench": __version__, "python": platform.python_version()}
    for name in ("torch", "transformers", "tokenizers", "trl"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _describe_base(model: str) -> dict[str, Any]:
    """Describe the base model: its weights' fingerprint, and its own provenance if it has one."""
    # The weights identify the model; the paths on this machine are private.
    base: dict[str, Any] = {"model": shorten_path(model), "weights": fingerprint_weights(model)}
    try:
        known = json.loads((Path(model) / PROVENANCE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return base
    if isinstance(known, dict):
        kept = ("method", "size", "corpus", "seed", "parameters", "base")
        base |= {key: known[key] for key in kept if key in known}
    return base
