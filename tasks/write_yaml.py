"""Write the YAML of all tasks: every set of questions, in every way of asking.

    python -m caopd_bench.tasks.write_yaml

A test holds the files to what this writes. A new dataset is an entry in `sources`, one in `items`
and one in `FAMILIES`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from caopd_bench.tasks.ask.prompts import PANEL
from caopd_bench.tasks.catalogue.kept import replace_file

__all__ = ["FAMILIES", "render_all"]

ROOT = Path(__file__).parent / "yaml"
#: A line of "###" ends an exemplar in the text that a base model sees.
STOP_SEQUENCES = ("\n###\n",)


class Family(NamedTuple):
    """A set of questions: its folder, its token budget, and what it is."""

    folder: str
    max_tokens: int
    about: str
    tags: tuple[str, ...] = ()


class Way(NamedTuple):
    """A way of asking: its template, how it decodes, and what it is."""

    template: str
    sampled: bool
    about: str
    max_tokens: int | None = None  # else the family's


WAYS = {
    "conf": Way("conf", False, "one greedy answer, one stated confidence"),
    "conf_t1": Way("conf", True, "one answer sampled at T=1, one stated confidence"),
    "sc8": Way("sampled", True, "8 samples at T=1: agreement and stated confidences"),
    "twostage": Way("stated", False, "a confidence for the answers of an earlier run", 512),
    "ptrue": Way("truth", False, "P(True) of the answers of an earlier run"),
    "priv": Way("conf", False, "as _conf, with privileged context"),
    "priv_sc8": Way("sampled", True, "as _sc8, with privileged context"),
}
FAMILIES = {
    "math": Family("math", 1024, "1,000 bundled maths problems, ten levels", ("caopd",)),
    "arith": Family("arith", 32, "two-digit arithmetic, 1,500 questions, for micro models"),
    "gsm8k": Family("gsm8k", 1024, "GSM8K test, 1,319 problems"),
    "math500": Family("math500", 2048, "MATH-500, LaTeX answers"),
    "svamp": Family("svamp", 1024, "SVAMP, 1,000 problems"),
    "math_all": Family("math_all", 2048, "bundled problems, GSM8K, MATH-500 and SVAMP in one"),
    "science": Family("science", 2048, "SciKnowEval chemistry, 210 questions", ("caopd_paper",)),
    "science_biology": Family("science", 2048, "SciKnowEval biology, 50 questions"),
    "science_physics": Family("science", 2048, "SciKnowEval physics, 80 questions"),
    "science_material": Family("science", 2048, "SciKnowEval material, 94 questions"),
    "tooluse": Family("tooluse", 1024, "ToolAlpaca, 68 requests, all calls", ("caopd_paper",)),
    "tooluse_paper": Family("tooluse", 1024, "ToolAlpaca, judged by the first call only"),
    "arc": Family("general", 1024, "ARC-Challenge test, 1,172 questions"),
    "mmlu_pro": Family("general", 2048, "MMLU-Pro test, 12,032 questions, up to ten options"),
    "truthfulqa": Family("general", 1024, "TruthfulQA, 817 questions, one right option"),
    "triviaqa": Family("general", 256, "TriviaQA validation, 17,944 questions, short answers"),
}
#: The prompt panel asks so many problems of the bundled set, 20 of each level.
PANEL_ITEMS = 200


def render_all() -> dict[Path, str]:
    """Give every file that belongs into the package, and its text."""
    files: dict[Path, str] = {}
    for name, family in FAMILIES.items():
        for suffix, way in WAYS.items():
            task = f"caopd_{name}_{suffix}"
            files[ROOT / family.folder / f"{task}.yaml"] = _render(task, name, suffix, way)
    members = []
    for paraphrase, scale in PANEL:
        for exemplars in ("a", "b"):
            task = f"caopd_math_panel_{paraphrase}_{scale}_{exemplars}"
            members.append(task)
            files[ROOT / "panel" / f"{task}.yaml"] = _render_panel(
                task, paraphrase, scale, exemplars
            )
    files[ROOT / "panel" / "caopd_math_panel.yaml"] = _render_group(members)
    return files


def _render(task: str, name: str, suffix: str, way: Way) -> str:
    family = FAMILIES[name]
    tags = [f"caopd_{suffix}", *(family.tags if suffix == "conf" else ())]
    lines = [
        f"include: ../../ways/_{way.template}.yml",
        f"task: {task}",
        f"tag: [{', '.join(tags)}]",
        f"dataset_kwargs: {{questions: {name}, way: {suffix}}}",
    ]
    if way.template != "truth":
        lines += _render_decoding(way.sampled, way.max_tokens or family.max_tokens)
    return _finish([*lines, *_render_metadata(f"{family.about}; {way.about}")])


def _render_panel(task: str, paraphrase: str, scale: str, exemplars: str) -> str:
    options = f"paraphrase: '{paraphrase}', scale: {scale}, exemplars: {exemplars}"
    return _finish(
        [
            "include: ../../ways/_conf.yml",
            f"task: {task}",
            "num_fewshot: 4",
            f"dataset_kwargs: {{questions: math, way: conf, first: {PANEL_ITEMS}, {options}}}",
            *_render_decoding(False, FAMILIES["math"].max_tokens),
            *_render_metadata(
                f"prompt panel: wording {paraphrase}, scale {scale}, exemplar set {exemplars}"
            ),
        ]
    )


def _render_group(members: list[str]) -> str:
    listed = [f"  - {member}" for member in members]
    metrics = [
        f"  - {{metric: {metric}, aggregation: mean, weight_by_size: true}}"
        for metric in ("acc", "parse_rate")
    ]
    return _finish(
        [
            "group: caopd_math_panel",
            "task:",
            *listed,
            "# Only what is linear in the rows: a group averages, and cannot pool an ECE.",
            "aggregate_metric_list:",
            *metrics,
            *_render_metadata("prompt panel: 3 wordings x 2 scales x 2 exemplar sets"),
        ]
    )


def _render_decoding(sampled: bool, max_tokens: int) -> list[str]:
    return [
        "generation_kwargs:",
        f"  until: {json.dumps(list(STOP_SEQUENCES))}",
        f"  do_sample: {str(sampled).lower()}",
        f"  temperature: {1.0 if sampled else 0.0}",
        f"  max_gen_toks: {max_tokens}",
    ]


def _render_metadata(summary: str) -> list[str]:
    return ["metadata:", "  version: 1.0", f'  summary: "{summary}"']


def _finish(lines: list[str]) -> str:
    return "\n".join([*lines, ""])


def main() -> None:
    """Write all files; those of tasks that are no more are left to `git status`."""
    for path, text in render_all().items():
        replace_file(path, text.encode())


if __name__ == "__main__":
    main()
