"""Define a cell of a sweep: its model, method, settings and evaluation, its name and its key.

Everything that determines a cell's numbers is hashed into its key, so that a changed setting
reruns the affected cells and no others. Settings at their default are left out of the hash, so a
release that adds a setting changes no key. (To change a default, introduce a setting of a new name
instead.)
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from caopd_bench.core.privacy.keep import find_values
from caopd_bench.core.privacy.names import SWEEP_CELL
from caopd_bench.train.settings import TrainSettings, make_settings

__all__ = [
    "BASE",
    "BOTH",
    "EVALUATORS",
    "IN_PROCESS",
    "LM_EVAL",
    "Base",
    "Cell",
    "Evaluation",
    "Sweep",
    "group_of",
    "name_cell",
    "resolved",
]

#: The method of a cell whose model is evaluated without training.
BASE = "base"
#: Evaluator of a cell: this process, lm-eval, or both, which must produce the same rows. It is not
#: part of a cell's key, since the rows do not depend on it.
IN_PROCESS, LM_EVAL, BOTH = "in_process", "lm_eval", "both"
EVALUATORS = (IN_PROCESS, LM_EVAL)
#: Settings that affect only location and speed, not the numbers.
WITHOUT_EFFECT = ("model", "save_every")
MAX_NAME = 150


class Evaluation(BaseModel):
    """Settings of the evaluation of every cell."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    tasks: list[str] = Field(default=["caopd_math_conf"], min_length=1)
    backend: str = Field(default="hf", min_length=1)
    model_args: dict[str, Any] = Field(default_factory=dict)
    batch_size: Annotated[int, Field(ge=1)] | Literal["auto"] = 64
    limit: int | None = Field(default=None, ge=1)
    num_fewshot: int | None = Field(default=None, ge=0)
    apply_chat_template: bool = False
    gen_kwargs: dict[str, Any] = Field(default_factory=dict)
    metadata: dict[str, Any] = Field(default_factory=dict)
    #: Number of validation questions on which success is sampled without and with the teacher's
    #: context; 0 skips this.
    success_questions: int = Field(default=0, ge=0)
    #: Also compute the expected stated number, over its tokens, for the same greedy answers.
    expectation: bool = False

    @field_validator("model_args", "gen_kwargs", "metadata")
    @classmethod
    def _check_plain(cls, value: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(value)
        except TypeError as error:
            raise ValueError(f"plain words and numbers only ({error}); quote dates") from None
        return value


@dataclass(frozen=True, slots=True)
class Base:
    """The model that a cell starts from: a micro model by name, or a path (or hub name).

    `pattern` is the entry in the sweep file for a model with several base seeds, with
    `{base_seed}` in place of the number in `model`. `steps` and `rate` belong to a micro model's
    pretraining; 0 means the default of its size.
    """

    corpus: str = ""
    size: str = ""
    seed: int = 0
    model: str = ""
    pattern: str = ""
    steps: int = 0
    rate: float = 0.0

    @property
    def name(self) -> str:
        """Return the base's name in the style of cell names."""
        if self.model:
            path = Path(self.model)
            # A checkpoint kept by a sweep is named after its cell.
            return path.parent.name if path.name == "checkpoint" else path.name
        return f"{self.corpus}-{self.size}-s{self.seed}{self._length}"

    @property
    def kind(self) -> str:
        """Return the name shared by all base seeds of a model: its size, or the file's pattern."""
        return self.size or self.pattern or self.model

    @property
    def short(self) -> str:
        """Return the base's name within a cell's name; the default corpus is omitted."""
        if self.model:
            return self.name
        corpus = "" if self.corpus == "sure" else f"{self.corpus}-"
        return f"{corpus}{self.size}-b{self.seed}{self._length}"

    @property
    def _length(self) -> str:
        steps = f"-n{self.steps}" if self.steps else ""
        return f"{steps}-r{self.rate:g}" if self.rate else steps


@dataclass(frozen=True, slots=True)
class Cell:
    """One model of the grid and its evaluation.

    Attributes
    ----------
    name : str
        Name of the cell's folder.
    base : Base
    method : str
        A training method, or "base".
    seed : int
        Training seed; 0 for a base.
    changes : Mapping
        Values on the grid's other axes, by name.
    stages : tuple of dict
        Settings of each training run, one after the other; none for a base.
    evaluate : Evaluation
    """

    name: str
    base: Base
    method: str
    seed: int
    changes: Mapping[str, Any]
    stages: tuple[dict[str, Any], ...]
    evaluate: Evaluation

    @property
    def key(self) -> str:
        """Hash all that determines the cell's numbers; base weights are checked separately."""
        base = self.base.model or self.base.name
        stages = [_without_defaults(stage) for stage in self.stages]
        evaluate = self.evaluate.model_dump(exclude_defaults=True)
        text = json.dumps([base, stages, evaluate], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def secrets(self) -> set[str]:
        """Return evaluation settings that are used but never recorded: API keys, headers."""
        return find_values(self.evaluate.model_dump(), SWEEP_CELL)


@dataclass(frozen=True, slots=True)
class Sweep:
    """The contents of a sweep file.

    `evaluator` is one of `EVALUATORS`. Cells whose name matches a pattern in `check`, and cells of
    the groups in `headline` (named by the analysis), are evaluated by both evaluators.
    """

    file: Path
    title: str
    output: Path
    bases: Path
    reuse: tuple[Path, ...]
    keep: tuple[str, ...]
    cells: tuple[Cell, ...]
    evaluator: str = IN_PROCESS
    check: tuple[str, ...] = ()
    headline: frozenset[str] = frozenset()


def group_of(cell: Cell) -> str:
    """Return the name of a cell's group, which contains all cells that differ in seeds alone.

    The name is the cell's label, if it has one, or else the method with the changed settings,
    preceded by the corpus if that is not the default.
    """
    corpus = "" if cell.base.corpus in ("", "sure") else f"{cell.base.corpus} "
    if "label" in cell.changes:
        return f"{corpus}{cell.changes['label']}"
    changes = "".join(f" {key}={value}" for key, value in sorted(cell.changes.items()))
    return f"{corpus}{cell.method}{changes}"


def name_cell(base: Base, method: str, seed: int, shown: Mapping[str, Any]) -> str:
    """Return a readable name for a cell; characters not allowed in file names are replaced."""
    parts = [base.short, method]
    parts += [_word(v) if k == "label" else f"{k}={_word(v)}" for k, v in sorted(shown.items())]
    parts += [] if method == BASE else [f"s{seed}"]
    name = re.sub(r"[^\w.+=-]+", "_", "-".join(parts))
    if len(name) > MAX_NAME:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = f"{name[: MAX_NAME - 9]}-{digest}"
    return name


def resolved(settings: Mapping[str, Any], model: str) -> TrainSettings:
    """Return a stage's settings, completed with the model that it starts from."""
    return make_settings({**settings, "model": model})


def _without_defaults(stage: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _fingerprint(Path(value)) if name == "train_file" else value
        for name, value in stage.items()
        if name not in WITHOUT_EFFECT and value != getattr(TrainSettings, name, None)
    }


def _fingerprint(file: Path) -> str:
    """Return a name for a file that depends on its content and not on its location."""
    try:
        known = file.stat()
    except OSError:  # the code that reads the file reports the error
        return file.name
    return f"{file.name} {_hash(file, known.st_size, known.st_mtime_ns)}"


@functools.lru_cache
def _hash(file: Path, _size: int, _changed: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def _word(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ".".join(_word(part) for part in value)
    if isinstance(value, Mapping):
        return "+".join(_word(part) for part in value.values())
    return str(value).replace(",", "+")
