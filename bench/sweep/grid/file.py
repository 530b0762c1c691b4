"""Read a sweep file and expand it into cells.

The file is a list of grids over one set of settings. A cell is one model trained by one method with
one seed (or left untrained), and its evaluation.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.plain_yaml import read_yaml
from caopd_bench.sweep.grid.cells import BASE, Base, Cell, Evaluation, Sweep, name_cell
from caopd_bench.sweep.grid.validation import describe
from caopd_bench.train.settings import make_settings, read_word

__all__ = ["read_sweep"]

PAGE = "docs/sweep.md"
MAX_BYTES = 200_000
MOST_CELLS = 100_000
#: Axes that select the model that a cell starts from.
MODEL_AXES = ("model", "corpus", "size", "base_seed", "pretrain_steps", "pretrain_rate")
#: Placeholder in `model` for the base seed.
BASE_SEED = "{base_seed}"
#: Axes that are not settings of a training run.
OTHER_AXES = (*MODEL_AXES, "method", "seed", "stages", "label")
#: Keys that a cell sets itself; in settings or stages they would describe a different cell.
OF_THE_CELL = ("method", "seed", "model")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    title: str = ""
    output: str | None = None
    bases: str | None = None
    #: Folders of other sweeps; their finished cells are copied if they are identical.
    reuse: list[str] = Field(default_factory=list)
    keep: list[Literal["checkpoint", "lm_eval"]] = Field(default_factory=list)
    #: The evaluator (docs/sweep.md), and cells that lm-eval checks besides its random sample.
    evaluator: Literal["in_process", "lm_eval"] = "in_process"
    check: list[str] = Field(default_factory=list)
    settings: dict[str, Any] = Field(default_factory=dict)
    #: Settings for the cells of one size (or model); they override `settings`.
    settings_by_model: dict[str, dict[str, Any]] = Field(default_factory=dict)
    evaluate: Evaluation = Field(default_factory=Evaluation)
    cells: list[dict[str, Any]] = Field(min_length=1)


def read_sweep(file: Path, output: Path | None = None) -> Sweep:
    """Read a sweep file and list its cells.

    Parameters
    ----------
    file : Path
        A YAML file, described in docs/sweep.md.
    output : Path, optional
        Replaces the file's `output`, which is relative to the file and defaults to its folder.

    Raises
    ------
    UsageError
        In one line: the invalid field, its value, and the allowed values.
    """
    raw = read_yaml(file, most=MAX_BYTES, what="a sweep", page=PAGE)
    folder = file.parent
    try:
        read = _File.model_validate(raw)
        cells = _list_cells(read, folder)
        _check_patterns(read.check, cells)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{file}: {describe(first, (_File, Evaluation))}; see {PAGE}") from None
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from None
    return Sweep(
        file,
        read.title or folder.resolve().name,
        output or (folder / read.output if read.output else folder),
        folder / (read.bases or "bases"),
        tuple(folder / name for name in read.reuse),
        tuple(read.keep),
        cells,
        read.evaluator,
        tuple(read.check),
    )


def _check_patterns(patterns: list[str], cells: tuple[Cell, ...]) -> None:
    for pattern in patterns:
        try:
            found = any(re.search(pattern, cell.name) for cell in cells)
        except re.error as error:
            raise UsageError(
                f"check: {pattern!r} is not a valid regular expression ({error})"
            ) from None
        if not found:
            raise UsageError(
                f"check: no cell matches {pattern!r}; there are", [c.name for c in cells]
            )


def _list_cells(read: _File, folder: Path) -> tuple[Cell, ...]:
    cells: dict[str, Cell] = {}
    for number, grid in enumerate(read.cells, 1):
        for point in _spread(grid, number):
            cell = _make_cell(point, read, folder, number)
            known = cells.setdefault(cell.name, cell)
            if known.key != cell.key:
                raise UsageError(
                    f"cells {number}: {cell.name} is there twice with other settings; give one a "
                    "'label'"
                )
            if len(cells) > MOST_CELLS:
                raise UsageError(f"cells: more than {MOST_CELLS:,}; split the file")
    models = {cell.base.kind for cell in cells.values()}
    for name, settings in read.settings_by_model.items():
        if name not in models:
            choices = ", ".join(sorted(models))
            raise UsageError(f"settings_by_model: no cell has {name!r}; there are {choices}")
        _refuse_of_cell(settings, f"settings_by_model.{name}")
    _refuse_of_cell(read.settings, "settings")
    return tuple(cells.values())


def _refuse_of_cell(settings: Mapping[str, Any], where: str) -> None:
    for name in OF_THE_CELL:
        if name in settings:
            raise UsageError(f"{where}: {name!r} belongs in an entry of cells")


def _spread(grid: Mapping[str, Any], number: int) -> Iterator[dict[str, Any]]:
    """Yield the points of one grid: a list is an axis, any other value applies to all points."""
    if "method" not in grid:
        raise UsageError(f"cells {number}: no 'method'; base is a model as it is")
    axes = []
    for name, values in grid.items():
        listed = values if isinstance(values, list) else [values]
        if name == "stages" and not all(isinstance(value, list) for value in listed):
            listed = [listed]  # a single list of stages rather than a list of such lists
        if not listed:
            raise UsageError(f"cells {number}: {name}: an empty list")
        if twice := [value for i, value in enumerate(listed) if value in listed[:i]]:
            raise UsageError(f"cells {number}: {name}: {twice[0]!r} stands there twice")
        axes.append([(name, value) for value in listed])
    for point in itertools.product(*axes):
        yield dict(point)


def _make_cell(point: Mapping[str, Any], read: _File, folder: Path, number: int) -> Cell:
    base = _read_base(point, number)
    method, seed, label = (
        str(point["method"]),
        _read_seed(point, "seed", number),
        point.get("label"),
    )
    if label is not None and (isinstance(label, bool) or not isinstance(label, str | int | float)):
        raise UsageError(f"cells {number}: label: a word, got {label!r}; quote dates, yes and no")
    if label == "":
        raise UsageError(f"cells {number}: label: an empty word")
    changes = {k: v for k, v in point.items() if k not in OTHER_AXES}
    stages: tuple[dict[str, Any], ...] = ()
    shown = {**changes, **({"stages": point["stages"]} if "stages" in point else {})}
    if method == BASE:
        if shown or seed:
            extra = next(iter(shown), "seed")
            raise UsageError(f"cells {number}: base is not trained: take {extra} out")
    else:
        stages = tuple(_read_stages(point, read, folder, base, number))
    if label:
        shown = {"label": label}
    name = name_cell(base, method, seed, shown)
    labelled = shown if "label" in shown else {**changes, **shown}
    return Cell(name, base, method, seed, labelled, stages, read.evaluate)


def _read_stages(
    point: Mapping[str, Any], read: _File, folder: Path, base: Base, number: int
) -> Iterator[dict[str, Any]]:
    """Check and yield the settings of each training run of a cell."""
    changes = {k: v for k, v in point.items() if k not in OTHER_AXES}
    own = read.settings_by_model.get(base.kind, {})
    together = {"threads": 1, **read.settings, **own, **changes}
    together |= {"method": point["method"], "seed": point.get("seed", 0), "model": base.name}
    for stage in point.get("stages", [{}]):
        if not isinstance(stage, dict):
            raise UsageError(f"cells {number}: stages: each is a mapping, got {stage!r}")
        _refuse_of_cell(stage, f"cells {number}: stages")
        values = {**together, **stage}
        # YAML reads 1e-5 as a string.
        values = {k: read_word(k, v) if isinstance(v, str) else v for k, v in values.items()}
        if values["threads"] is None:
            raise UsageError(f"cells {number}: threads: a number, since the rows depend on it")
        if isinstance(values.get("train_file"), str):
            values["train_file"] = str((folder / values["train_file"]).absolute())
        try:
            yield asdict(make_settings(values))
        except UsageError as error:
            raise UsageError(f"cells {number}: {error}") from None


def _read_base(point: Mapping[str, Any], number: int) -> Base:
    given = [axis for axis in MODEL_AXES if axis in point]
    if ("model" in point) == ("size" in point):
        raise UsageError(f"cells {number}: give 'model', or 'size' of a micro model")
    if "model" in point:
        model = point["model"]
        if not isinstance(model, str) or not Path(model).name.strip("."):
            raise UsageError(f"cells {number}: model: a folder or a name, got {model!r}")
        is_seeded = BASE_SEED in model
        others = [axis for axis in given if axis != "model"]
        for axis in others:
            if axis != "base_seed":
                raise UsageError(f"cells {number}: {axis} is of micro models, and not for 'model'")
            if not is_seeded:
                raise UsageError(
                    f"cells {number}: base_seed: write {BASE_SEED} into 'model', where its number "
                    f"stands, got {model!r}"
                )
        if not is_seeded:
            return Base(model=model)
        if not others:
            raise UsageError(f"cells {number}: model: {model} has {BASE_SEED}; give 'base_seed'")
        seed = _read_seed(point, "base_seed", number)
        return Base(seed=seed, model=model.replace(BASE_SEED, str(seed)), pattern=model)
    from caopd_bench.train.micro.corpus import CORPORA
    from caopd_bench.train.micro.sizes import SIZES

    size, corpus = point["size"], point.get("corpus", "sure")
    for axis, value, known in (("size", size, tuple(SIZES)), ("corpus", corpus, CORPORA)):
        if value not in known:
            choices = ", ".join(known)
            raise UsageError(f"cells {number}: {axis}: must be one of {choices}, got {value!r}")
    steps = point.get("pretrain_steps")
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
        raise UsageError(
            f"cells {number}: pretrain_steps: a whole number of at least 1, got {steps!r}"
        )
    rate = point.get("pretrain_rate")
    if rate is not None and not (isinstance(rate, float) and 0 < rate < 1):
        raise UsageError(
            f"cells {number}: pretrain_rate: a number between 0 and 1, such as 0.01, got {rate!r}"
        )
    seed = _read_seed(point, "base_seed", number)
    return Base(corpus=corpus, size=size, seed=seed, steps=steps or 0, rate=rate or 0.0)


def _read_seed(point: Mapping[str, Any], axis: str, number: int) -> int:
    seed = point.get(axis, 0)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise UsageError(f"cells {number}: {axis}: a whole number of at least 0, got {seed!r}")
    return seed
