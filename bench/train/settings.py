"""Define the settings of a training run: one line each, which defines its option and its check.

`caopd-bench --help` reads the fields, so nothing heavy is imported at the top: only
`make_settings` imports pydantic, which checks the values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_type_hints

from caopd_bench.core.errors import UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from caopd_bench.train.rollouts.targets import Method

__all__ = ["PLACES", "TrainSettings", "list_options", "make_settings", "read_config", "read_word"]
__all__ += ["refuse_unknown"]

#: The places where the success rate can replace a stated confidence.
PLACES = ("completion", "demonstration", "note")
MAX_BYTES = 100_000
_WORDS = {"true": True, "false": False, "null": None}
#: Settings with text values that YAML may read as numbers.
_LIKE_NUMBERS = ("demonstration_confidence", "levels")


def _set(metavar: str, text: str, default: Any = MISSING, *, group: str = "", **limits: Any) -> Any:
    """Declare a setting: its entry on the command line, its default, and its limits.

    `group` is named by the first setting of each group of options.
    """
    option = {"metavar": metavar, "help": text}
    return field(default=default, metadata={"group": group, "option": option, "limits": limits})


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """The settings of one run. Together with the model's weights they determine all its numbers."""

    method: str = _set(
        "M",
        "method: %(methods)s; or pretrain, for a micro model (docs/train.md explains each)",
        group="main settings",
    )
    model: str = _set(
        "PATH", "checkpoint folder, or a model name on the Hugging Face Hub", min_length=1
    )
    task: str = _set(
        "TASK",
        "task to train on: its train split, prompt, parser and verifier (caopd_math_conf)",
        "caopd_math_conf",
    )
    engine: Literal["local", "trl"] = _set(
        "E", "training engine: local (one process; default) or trl (several GPUs)", "local"
    )
    seed: int = _set(
        "N", "random seed of the question order and the rollouts (0)", 0, ge=0, le=2**31
    )

    levels: str | None = _set(
        "L", "difficulty levels to train on, for a bundled task, e.g. 1-3", None, group="questions"
    )
    families: str | None = _set(
        "F", "families to train on, for caopd_arith_conf: sum, difference, product", None
    )
    questions: int | None = _set("N", "largest number of questions to train on", None, ge=1)
    train_file: str | None = _set("FILE", "train split of a data set that is not bundled", None)

    steps: int = _set("N", "number of updates (80)", 80, group="steps", ge=1)
    prompts_per_step: int = _set("N", "questions per update (32)", 32, ge=1)
    k: int = _set("K", "rollouts per question (8)", 8, ge=1, le=1024)
    learning_rate: float = _set("X", "peak learning rate (1e-5; 2e-3 for micro models)", 1e-5, gt=0)
    warmup: float = _set(
        "X",
        "share of the steps with linear warmup, followed by a cosine to zero (0.1)",
        0.1,
        ge=0,
        lt=1,
    )
    weight_decay: float = _set("X", "weight decay of AdamW (0)", 0.0, ge=0)
    max_grad_norm: float = _set(
        "X", "largest gradient norm; longer gradients are scaled down (1)", 1.0, gt=0
    )
    temperature: float = _set("X", "sampling temperature of the rollouts (1)", 1.0, gt=0)
    max_new_tokens: int = _set("N", "token budget of a rollout (256)", 256, ge=1)

    divergence: Literal["forward", "reverse", "jsd"] = _set(
        "D",
        "divergence of student and teacher: forward KL (default), reverse KL or jsd",
        "forward",
        group="method",
    )
    jsd_beta: float = _set("X", "weight of the teacher in jsd (0.5)", 0.5, gt=0, lt=1)
    teacher_ema: float = _set(
        "X",
        "rate at which the teacher's weights follow the student's; 0 freezes it (0.01)",
        0.01,
        ge=0,
        le=1,
    )
    demonstration_confidence: Literal["none", "0.50", "1.00", "varied"] = _set(
        "C", "confidence in the demonstrations: 1.00 (default), 0.50, varied or none", "1.00"
    )
    privileged_share: float = _set(
        "X", "sft only: share of questions shown with the teacher's context (0)", 0.0, ge=0, le=1
    )
    replace: str = _set(
        "P,P",
        "places where the success rate replaces the stated confidence: completion, demonstration, "
        "note, comma-separated (all three); or none",
        ",".join(PLACES),
    )
    target_from: Literal["verifier", "agreement"] = _set(
        "T", "success rate by verifier (default), or by agreement among the rollouts", "verifier"
    )
    estimate: Literal["plain", "leave_one_out", "beta", "level"] = _set(
        "E",
        "success rate: plain, the share of right rollouts (default); leave_one_out, without the "
        "rollout itself; beta, (right + 1)/(n + 2); level, shrunk toward the mean of its level",
        "plain",
    )
    shrink: float = _set(
        "X", "--estimate level: number of rollouts that the level's mean counts as (4)", 4.0, gt=0
    )
    confidence_weight: float = _set(
        "X", "weight of the stated confidence's tokens in the loss (1)", 1.0, gt=0
    )
    scale_rewards: bool = _set(
        "B", "GRPO: divide rewards by the group's standard deviation (true)", True
    )
    group_mix: float = _set(
        "X", "dcpo, calib-sft: weight of the group's rate (0.5)", 0.5, ge=0, le=1
    )
    balance_targets: bool = _set(
        "B", "calib-sft: give each tenth of the scale the same weight (true)", True
    )

    chat: bool | None = _set(
        "B", "use the chat template; by default if there is one", None, group="machine"
    )
    precision: Literal["float32", "bfloat16"] = _set(
        "P", "precision of the passes: float32 (default) or bfloat16", "float32"
    )
    micro_batch: int = _set("N", "answers per forward and backward pass (256)", 256, ge=1)
    sample_batch: int = _set("N", "answers sampled at once (1024)", 1024, ge=1)
    gradient_checkpointing: bool = _set("B", "use less memory and more time (false)", False)
    threads: int | None = _set("N", "number of torch threads", None, ge=1)
    save_every: int = _set("N", "steps between checkpoints (20)", 20, ge=1)

    def __post_init__(self) -> None:
        """Check the settings, even if they were made without `make_settings`."""
        from caopd_bench.train.methods import METHODS

        _check_fields(vars(self))
        _check_together(self, METHODS[self.method])

    @property
    def places(self) -> frozenset[str]:
        """Return the places in `replace`."""
        return frozenset(_split(self.replace))


def list_options() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the group of each setting, its name, and metavar and help of its option."""
    group = ""
    for setting in fields(TrainSettings):
        group = setting.metadata["group"] or group
        yield group, setting.name, dict(setting.metadata["option"])


def make_settings(values: Mapping[str, Any]) -> TrainSettings:
    """Check settings; the error names the wrong field."""
    refuse_unknown(values)
    values = {k: _as_word(v) if k in _LIKE_NUMBERS else v for k, v in values.items()}
    return TrainSettings(**_check_fields(values))


def _check_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Check settings one by one; return all of them, defaults included."""
    from pydantic import ValidationError

    from caopd_bench.train.methods import METHODS

    try:
        checked = _checker(tuple(METHODS))(**values)
    except ValidationError as error:
        first = error.errors()[0]
        said, name = first["msg"], ".".join(map(str, first["loc"]))
        given = "" if first["type"] == "missing" else f"; got {first['input']!r:.80}"
        raise UsageError(f"{name}: {said[:1].lower()}{said[1:]}{given}") from None
    return checked.model_dump()


def refuse_unknown(values: Mapping[str, Any]) -> None:
    """Raise a UsageError that names the first unknown setting and a similar known one."""
    known = [setting.name for setting in fields(TrainSettings)]
    for name in values:
        if name not in known:
            from difflib import get_close_matches

            close = get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else "; docs/train.md lists them"
            raise UsageError(f"{name}: unknown setting{hint}")


@cache
def _checker(methods: tuple[str, ...]) -> type[BaseModel]:
    """Build the pydantic model that checks the fields one by one."""
    from pydantic import ConfigDict, Field, create_model

    types = {**_types(), "method": Literal[methods]}
    declared: dict[str, Any] = {}
    for setting in fields(TrainSettings):
        usual = ... if setting.default is MISSING else setting.default
        declared[setting.name] = types[setting.name], Field(usual, **setting.metadata["limits"])
    strict = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return create_model("TrainSettings", __config__=strict, **declared)


def _check_together(settings: TrainSettings, method: Method) -> None:
    """Refuse combinations of settings that would have no effect, or only a wrong one."""
    for place in _split(settings.replace):
        if place not in PLACES:
            raise UsageError(
                f"replace: must be one or more of {', '.join(PLACES)}, or none; got {place!r}"
            )
    if settings.target_from == "agreement" and settings.estimate != "plain":
        raise UsageError(
            "estimate: only applies to the verifier's verdicts; leave it out with agreement"
        )
    if settings.k < method.least_k:
        raise _too_few(settings.method, method.least_k)
    if settings.estimate == "leave_one_out" and settings.k < 2:
        raise _too_few("leave_one_out", 2)
    if settings.confidence_weight != 1 and method.loss == "policy":
        raise UsageError(
            f"confidence_weight: must be 1 with {settings.method}, whose tokens are weighted by "
            f"advantages; got {settings.confidence_weight:g}; leave it out"
        )


def _too_few(what: str, least: int) -> UsageError:
    return UsageError(f"k: {what} compares the rollouts of a question and needs {least} or more")


def _split(places: str) -> list[str]:
    return [] if places == "none" else [part.strip() for part in places.split(",")]


def _as_word(value: Any) -> Any:
    """Accept unquoted words that YAML reads as numbers: 1.00 and 3."""
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def read_config(path: Path) -> dict[str, Any]:
    """Read settings from a YAML file of `name: value` lines."""
    from caopd_bench.core.files.plain_yaml import read_yaml

    return read_yaml(path, most=MAX_BYTES, what="a list of settings", page="docs/train.md")


def read_word(name: str, word: str) -> Any:
    """Convert a command-line word to the type of its setting."""
    known = _types().get(name)
    kinds = get_args(known) or (known,)
    if bool in kinds and word.lower() in _WORDS:
        return _WORDS[word.lower()]
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(word)
            except ValueError:
                continue
    return word


@cache
def _types() -> dict[str, Any]:
    return get_type_hints(TrainSettings)
