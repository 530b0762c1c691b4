"""The settings of a training run: one flat list, checked field by field before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.plain_yaml import read_yaml

__all__ = ["METHOD_NAMES", "TrainSettings", "make_settings", "read_config", "read_word"]

METHOD_NAMES = (
    *("sft", "sft-mu", "opd", "caopd", "caopd-constant", "opd-solution", "caopd-solution"),
    *("grpo", "rlcr", "dcpo"),
)
#: Where a stated confidence is replaced by the success rate.
PLACES = ("completion", "demonstration", "note")
MAX_BYTES = 100_000
_WORDS = {"true": True, "false": False, "null": None, "none": "none"}


class TrainSettings(BaseModel):
    """What one run does. With the model's weights it determines every number that comes out."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

    method: Literal[METHOD_NAMES] = Field(description="What is learned; docs/method.md.")  # type: ignore[valid-type]
    model: str = Field(min_length=1, description="Folder of a checkpoint, or its name on the hub.")
    task: str = Field(default="caopd_math_conf", description="Whose train split and prompt.")
    engine: Literal["local", "trl"] = Field(default="local", description="One process, or TRL.")
    seed: int = Field(
        default=0, ge=0, le=2**31, description="Of the order of questions and of rollouts."
    )

    levels: str | None = Field(default=None, description='Of a bundled task, such as "1-3".')
    families: str | None = Field(default=None, description="Of caopd_arith: sum, difference, ...")
    questions: int | None = Field(default=None, ge=1, description="How many at most.")
    train_file: str | None = Field(default=None, description="Train split of another dataset.")

    steps: int = Field(default=80, ge=1, description="Updates.")
    prompts_per_step: int = Field(default=32, ge=1, description="Questions of one update.")
    k: int = Field(default=8, ge=1, le=1024, description="Rollouts of a question.")
    learning_rate: float = Field(default=1e-5, gt=0, description="Peak; 2e-3 for micro models.")
    warmup: float = Field(default=0.1, ge=0, lt=1, description="Share of the steps; then a cosine.")
    weight_decay: float = Field(default=0.0, ge=0, description="Of AdamW.")
    max_grad_norm: float = Field(default=1.0, gt=0, description="Longer gradients are scaled.")
    temperature: float = Field(default=1.0, gt=0, description="Of the rollouts.")
    max_new_tokens: int = Field(default=256, ge=1, description="Budget of a rollout.")

    divergence: Literal["forward", "reverse", "jsd"] = Field(
        default="forward", description="forward is KL(teacher || student), as the official code."
    )
    jsd_beta: float = Field(default=0.5, gt=0, lt=1, description="Weight of the teacher in jsd.")
    teacher_ema: float = Field(
        default=0.01, ge=0, le=1, description="What the teacher takes over each step; 0 freezes it."
    )
    demonstration_confidence: Literal["none", "0.50", "1.00", "varied"] = Field(
        default="1.00", description="What the demonstration states."
    )
    privileged_share: float = Field(
        default=0.0, ge=0, le=1, description="Of sft: share of questions asked as of a teacher."
    )
    replace: str = Field(
        default="completion,demonstration,note", description="Where caopd writes the success rate."
    )
    target_from: Literal["verifier", "agreement"] = Field(
        default="verifier", description="agreement: the share of the commonest answer."
    )
    estimate: Literal["plain", "leave_one_out", "beta"] = Field(
        default="plain", description="Of the success rate."
    )
    scale_rewards: bool = Field(default=True, description="GRPO: divide by the group's deviation.")
    group_mix: float = Field(default=0.5, ge=0, le=1, description="DCPO: weight of the group.")

    chat: bool | None = Field(default=None, description="Chat template; by default if it has one.")
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32", description="Of the passes; weights and averages are float32."
    )
    micro_batch: int = Field(default=256, ge=1, description="Answers in one pass.")
    sample_batch: int = Field(default=1024, ge=1, description="Answers sampled at once.")
    gradient_checkpointing: bool = Field(default=False, description="Less memory, more time.")
    threads: int | None = Field(default=None, ge=1, description="Of torch.")
    save_every: int = Field(default=20, ge=1, description="Steps between checkpoints.")

    @field_validator("demonstration_confidence", "levels", mode="before")
    @classmethod
    def _take_numbers(cls, value: Any) -> Any:
        """Take what YAML reads as a number: 1.00 and 3 without quotes."""
        if isinstance(value, float):
            return f"{value:.2f}"
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("replace")
    @classmethod
    def _check_places(cls, value: str) -> str:
        places = [part.strip() for part in value.split(",")] if value != "none" else []
        unknown = [place for place in places if place not in PLACES]
        if unknown:
            raise ValueError(f"must be of {', '.join(PLACES)}, or none; got {unknown[0]!r}")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> TrainSettings:
        """Refuse settings that would have no effect, or none but a wrong one."""
        if self.target_from == "agreement" and self.estimate != "plain":
            raise ValueError("estimate: is of the verifier's verdicts; leave it out with agreement")
        compares = self.method in ("grpo", "rlcr", "dcpo")
        if self.k < 2 and (compares or self.estimate == "leave_one_out"):
            what = self.method if compares else "leave_one_out"
            raise ValueError(f"k: {what} compares rollouts of a question and needs 2 or more")
        return self

    @property
    def places(self) -> frozenset[str]:
        """The places of `replace`."""
        if self.replace == "none":
            return frozenset()
        return frozenset(part.strip() for part in self.replace.split(","))


def make_settings(values: Mapping[str, Any]) -> TrainSettings:
    """Check settings; the error names the wrong field."""
    for name in values:
        if name not in TrainSettings.model_fields:
            close = get_close_matches(name, TrainSettings.model_fields, n=1)
            hint = f"; did you mean {close[0]}?" if close else "; docs/train.md lists them"
            raise UsageError(f"{name}: there is no such setting{hint}")
    try:
        return TrainSettings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        if not field:  # of several fields: the message names them
            raise UsageError(said) from None
        given = "" if first["type"] == "missing" else f"; got {first['input']!r:.80}"
        raise UsageError(f"{field}: {said[:1].lower()}{said[1:]}{given}") from None


def read_config(path: Path) -> dict[str, Any]:
    """Read settings from a YAML file of `name: value` lines."""
    return read_yaml(path, most=MAX_BYTES, what="a list of settings", page="docs/train.md")


def read_word(field: str, word: str) -> Any:
    """Read a word of the command line as the type of its setting."""
    known = TrainSettings.model_fields.get(field)
    kinds = str(known.annotation) if known is not None else ""
    if "bool" in kinds and word.lower() in _WORDS:
        return _WORDS[word.lower()]
    for kind, read in (("int", int), ("float", float)):
        if kind in kinds:
            try:
                return read(word)
            except ValueError:
                continue
    return word
