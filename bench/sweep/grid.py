"""A sweep file, and the cells that it spans.

The file is a list of grids over one set of settings; a cell is one model trained by one method with
one seed (or taken as it is), and its evaluation. What determines a cell's numbers is hashed into
its key, so that a changed setting reruns the cells it is in and no others.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from caopd_bench.errors import UsageError
from caopd_bench.plain_yaml import read_yaml
from caopd_bench.training.settings import TrainSettings, make_settings

__all__ = ["BASE", "Base", "Cell", "Evaluation", "Sweep", "read_sweep"]

PAGE = "docs/sweep.md"
MAX_BYTES = 200_000
MOST_CELLS = 100_000
#: The method of a cell whose model is evaluated as it is.
BASE = "base"
#: What says which model a cell starts from.
MODEL_AXES = ("model", "corpus", "size", "base_seed")
#: Axes that are no settings of a training run.
OTHER_AXES = (*MODEL_AXES, "method", "seed", "stages", "label")
#: Settings that say where and how fast, not what: the same numbers come out.
WITHOUT_EFFECT = ("model", "save_every")
MAX_NAME = 150


class Evaluation(BaseModel):
    """How every cell is evaluated."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    tasks: list[str] = Field(default=["caopd_math_conf"], min_length=1)
    backend: str = Field(default="hf", min_length=1)
    model_args: dict[str, Any] = Field(default_factory=dict)
    batch_size: int | Literal["auto"] = 64
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


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    title: str = ""
    output: str | None = None
    bases: str | None = None
    #: Folders of other sweeps whose finished cells are copied where they are the same.
    reuse: list[str] = Field(default_factory=list)
    keep: list[Literal["checkpoint", "lm_eval"]] = Field(default_factory=list)
    settings: dict[str, Any] = Field(default_factory=dict)
    #: Settings of the cells of one size (or model), over `settings`.
    settings_by_model: dict[str, dict[str, Any]] = Field(default_factory=dict)
    evaluate: Evaluation = Field(default_factory=Evaluation)
    cells: list[dict[str, Any]] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Base:
    """The model that a cell starts from: a micro model by name, or a path (or name on the hub)."""

    corpus: str = ""
    size: str = ""
    seed: int = 0
    model: str = ""

    @property
    def name(self) -> str:
        """Name it as cells are named."""
        if self.model:
            return Path(self.model).name or self.model
        return f"{self.corpus}-{self.size}-s{self.seed}"

    @property
    def short(self) -> str:
        """Name it within a cell's name: the usual corpus goes without saying."""
        if self.model:
            return self.name
        corpus = "" if self.corpus == "sure" else f"{self.corpus}-"
        return f"{corpus}{self.size}-b{self.seed}"


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
        stages = [{k: v for k, v in s.items() if k not in WITHOUT_EFFECT} for s in self.stages]
        what = [self.base.name if not self.base.model else self.base.model, stages]
        text = json.dumps([*what, self.evaluate.model_dump()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep file as it was read."""

    file: Path
    title: str
    output: Path
    bases: Path
    reuse: tuple[Path, ...]
    keep: tuple[str, ...]
    cells: tuple[Cell, ...]


def read_sweep(file: Path, output: Path | None = None) -> Sweep:
    """Read a sweep file and list its cells.

    Parameters
    ----------
    file : Path
        YAML; docs/sweep.md.
    output : Path, optional
        Instead of the file's `output`, which is relative to the file; by default the file's folder.

    Raises
    ------
    UsageError
        One line: which field, what it is, and what it may be.
    """
    raw = read_yaml(file, most=MAX_BYTES, what="a sweep", page=PAGE)
    try:
        read = _File.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"{file}: {place}: {first['msg']}; see {PAGE}") from None
    try:
        cells = _list_cells(read)
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from None
    folder = file.parent
    return Sweep(
        file,
        read.title or file.parent.name,
        output or (folder / read.output if read.output else folder),
        folder / (read.bases or "bases"),
        tuple(folder / name for name in read.reuse),
        tuple(read.keep),
        cells,
    )


def _list_cells(read: _File) -> tuple[Cell, ...]:
    cells: dict[str, Cell] = {}
    for number, grid in enumerate(read.cells, 1):
        for point in _spread(grid, number):
            cell = _make_cell(point, read, number)
            known = cells.setdefault(cell.name, cell)
            if known.key != cell.key:
                raise UsageError(
                    f"cells {number}: {cell.name} is there twice with other settings; give one a "
                    "'label'"
                )
            if len(cells) > MOST_CELLS:
                raise UsageError(f"cells: more than {MOST_CELLS:,}; split the file")
    return tuple(cells.values())


def _spread(grid: Mapping[str, Any], number: int) -> Iterator[dict[str, Any]]:
    """Give the points of one grid: a list is an axis, anything else holds for all."""
    if "method" not in grid:
        raise UsageError(f"cells {number}: no 'method'; base is a model as it is")
    axes = []
    for name, values in grid.items():
        listed = values if isinstance(values, list) else [values]
        if name == "stages" and not all(isinstance(value, list) for value in listed):
            listed = [listed]  # one list of stages, not a list of such lists
        if not listed:
            raise UsageError(f"cells {number}: {name}: an empty list")
        axes.append([(name, value) for value in listed])
    for point in itertools.product(*axes):
        yield dict(point)


def _make_cell(point: Mapping[str, Any], read: _File, number: int) -> Cell:
    base = _read_base(point, number)
    method = point["method"]
    seed = point.get("seed", 0)
    changes = {k: v for k, v in point.items() if k not in OTHER_AXES}
    stages: tuple[dict[str, Any], ...] = ()
    shown = {**changes, **({"stages": point["stages"]} if "stages" in point else {})}
    if method == BASE:
        if changes or "stages" in point or seed:
            raise UsageError(
                f"cells {number}: base is not trained: take {next(iter(shown), 'seed')} out"
            )
    else:
        stages = tuple(_read_stages(point, read, base, changes, number))
    if point.get("label"):
        shown = {"label": point["label"]}
    name = _name(base, str(method), seed, shown)
    labelled = {**shown} if "label" in shown else {**changes, **shown}
    return Cell(name, base, str(method), seed, labelled, stages, read.evaluate)


def _read_stages(
    point: Mapping[str, Any], read: _File, base: Base, changes: Mapping[str, Any], number: int
) -> Iterator[dict[str, Any]]:
    own = read.settings_by_model.get(base.size or base.model, {})
    together = {"threads": 1, **read.settings, **own, **changes}
    together |= {"method": point["method"], "seed": point.get("seed", 0), "model": base.name}
    stages = point.get("stages", [{}])
    for stage in stages:
        if not isinstance(stage, dict):
            raise UsageError(
                f"cells {number}: stages: each is a mapping of settings, got {stage!r}"
            )
        try:
            yield make_settings({**together, **stage}).model_dump()
        except UsageError as error:
            raise UsageError(f"cells {number}: {error}") from None


def _read_base(point: Mapping[str, Any], number: int) -> Base:
    given = [axis for axis in MODEL_AXES if axis in point]
    if ("model" in point) == ("size" in point):
        raise UsageError(f"cells {number}: give 'model', or 'size' of a micro model")
    if "model" in point:
        if len(given) > 1:
            raise UsageError(f"cells {number}: {given[1]} is of micro models, and not for 'model'")
        if not isinstance(point["model"], str):
            raise UsageError(f"cells {number}: model: a path or a name, got {point['model']!r}")
        return Base(model=point["model"])
    from caopd_bench.training.micro.corpus import CORPORA
    from caopd_bench.training.micro.sizes import SIZES

    size, corpus, seed = point["size"], point.get("corpus", "sure"), point.get("base_seed", 0)
    for axis, value, known in (("size", size, tuple(SIZES)), ("corpus", corpus, CORPORA)):
        if value not in known:
            choices = ", ".join(known)
            raise UsageError(f"cells {number}: {axis}: must be one of {choices}, got {value!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise UsageError(f"cells {number}: base_seed: a whole number, got {seed!r}")
    return Base(corpus=corpus, size=size, seed=seed)


def _name(base: Base, method: str, seed: int, shown: Mapping[str, Any]) -> str:
    """Name a cell so that a person finds it; what no file may be called is replaced."""
    parts = [base.short, method]
    parts += [_word(v) if k == "label" else f"{k}={_word(v)}" for k, v in sorted(shown.items())]
    parts += [] if method == BASE else [f"s{seed}"]
    name = re.sub(r"[^\w.+=-]+", "_", "-".join(parts))
    if len(name) > MAX_NAME:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = f"{name[: MAX_NAME - 9]}-{digest}"
    return name


def _word(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ".".join(_word(part) for part in value)
    if isinstance(value, Mapping):
        return "+".join(_word(part) for part in value.values())
    return str(value).replace(",", "+")


def resolved(settings: Mapping[str, Any], model: str) -> TrainSettings:
    """Give the settings of a stage with the model that it starts from."""
    return make_settings({**settings, "model": model})
