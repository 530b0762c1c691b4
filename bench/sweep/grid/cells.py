"""What a cell of a sweep is: its model, method, settings and evaluation, its name and its key.

What determines a cell's numbers is hashed into its key, so that a changed setting reruns the cells
it is in and no others. Settings that have their default are left out of it: a release that adds one
changes no key. (A default that changes its value must then be raised to a setting of its own name.)
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

#: The method of a cell whose model is evaluated as it is.
BASE = "base"
#: Who evaluates a cell: this process, lm-eval, or both, whose rows must be the same. None of it is
#: part of a cell's key, since the rows do not depend on it.
IN_PROCESS, LM_EVAL, BOTH = "in_process", "lm_eval", "both"
EVALUATORS = (IN_PROCESS, LM_EVAL)
#: Settings that say where and how fast, not what: the same numbers come out.
WITHOUT_EFFECT = ("model", "save_every")
MAX_NAME = 150


class Evaluation(BaseModel):
    """How every cell is evaluated."""

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
    #: Questions of the validation split whose success is sampled without and with the teacher's
    #: context; 0 leaves it out.
    success_questions: int = Field(default=0, ge=0)
    #: Also the expectation of the stated number over its tokens, of the same greedy answers.
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
    """The model that a cell starts from: a micro model by name, or a path (or name on the hub).

    `pattern` is what the file says of a model that has several base seeds, with `{base_seed}` where
    `model` has the number. `steps` and `rate` are those of a micro model's pretraining, 0 for
    those of its size.
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
        """Name it as cells are named."""
        if self.model:
            path = Path(self.model)
            # What a sweep kept of a cell is called by the cell.
            return path.parent.name if path.name == "checkpoint" else path.name
        return f"{self.corpus}-{self.size}-s{self.seed}{self._length}"

    @property
    def kind(self) -> str:
        """Name what models of other base seeds share with it: the size, or what the file says."""
        return self.size or self.pattern or self.model

    @property
    def short(self) -> str:
        """Name it within a cell's name: the usual corpus goes without saying."""
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
        What its folder is called.
    base : Base
    method : str
        A training method, or "base".
    seed : int
        Of training; 0 for a base.
    changes : Mapping
        The grid's other axes, by name.
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
        """Hash what determines the cell's numbers; the weights of its base are checked apart."""
        base = self.base.model or self.base.name
        stages = [_without_defaults(stage) for stage in self.stages]
        evaluate = self.evaluate.model_dump(exclude_defaults=True)
        text = json.dumps([base, stages, evaluate], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def secrets(self) -> set[str]:
        """Return the texts of the evaluation that are run and not recorded: keys, headers."""
        return find_values(self.evaluate.model_dump(), SWEEP_CELL)


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep file as it was read.

    `evaluator` is of `EVALUATORS`. Evaluated by both are the cells whose name a pattern of
    `check` finds, and those of the groups of `headline`, which the analysis names.
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
    """Name the group of a cell: all that differ from it in seeds alone are in it.

    Its label, if it has one; else the method with what was changed; after the corpus if that is not
    the usual one.
    """
    corpus = "" if cell.base.corpus in ("", "sure") else f"{cell.base.corpus} "
    if "label" in cell.changes:
        return f"{corpus}{cell.changes['label']}"
    changes = "".join(f" {key}={value}" for key, value in sorted(cell.changes.items()))
    return f"{corpus}{cell.method}{changes}"


def name_cell(base: Base, method: str, seed: int, shown: Mapping[str, Any]) -> str:
    """Name a cell so that a person finds it; what no file may be called is replaced."""
    parts = [base.short, method]
    parts += [_word(v) if k == "label" else f"{k}={_word(v)}" for k, v in sorted(shown.items())]
    parts += [] if method == BASE else [f"s{seed}"]
    name = re.sub(r"[^\w.+=-]+", "_", "-".join(parts))
    if len(name) > MAX_NAME:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = f"{name[: MAX_NAME - 9]}-{digest}"
    return name


def resolved(settings: Mapping[str, Any], model: str) -> TrainSettings:
    """Return the settings of a stage with the model that it starts from."""
    return make_settings({**settings, "model": model})


def _without_defaults(stage: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _fingerprint(Path(value)) if name == "train_file" else value
        for name, value in stage.items()
        if name not in WITHOUT_EFFECT and value != getattr(TrainSettings, name, None)
    }


def _fingerprint(file: Path) -> str:
    """Name a file by what is in it, wherever the sweep is."""
    try:
        known = file.stat()
    except OSError:  # whoever reads it says so
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
