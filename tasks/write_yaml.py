"""Write the YAML of all tasks, every dataset in every way of asking, and the tables of docs/.

    python -m caopd_bench.tasks.write_yaml

A test holds the files to what this writes. Nothing imports it: what it needs is in `catalogue`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from caopd_bench.tasks.ask.prompts import PANEL, PANEL_ITEMS
from caopd_bench.tasks.catalogue.dataset import Dataset
from caopd_bench.tasks.catalogue.datasets import DATASETS
from caopd_bench.tasks.catalogue.items import count_items
from caopd_bench.tasks.catalogue.kept import replace_file
from caopd_bench.tasks.catalogue.listing import TABLES
from caopd_bench.tasks.catalogue.ways import STOP_SEQUENCES, WAYS, Way

__all__ = ["render_pages", "render_yaml"]

ROOT = Path(__file__).parent / "yaml"
DOCS = Path(__file__).resolve().parents[1] / "docs"


def render_yaml() -> dict[Path, str]:
    """Give every file that belongs into the package, and its text."""
    files: dict[Path, str] = {}
    for name, dataset in DATASETS.items():
        for suffix, way in WAYS.items():
            file = ROOT / (dataset.folder or name) / f"caopd_{name}_{suffix}.yaml"
            files[file] = _render(dataset, way)
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


def render_pages(folder: Path = DOCS) -> dict[Path, str]:
    """Give the pages that hold a table of `TABLES`, with the table that belongs there.

    It stands between ``<!-- table of NAME -->`` and ``<!-- end of table -->``.
    """
    pages = {}
    for page in sorted(folder.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        if "<!-- table of " in text:
            pages[page] = _fill(text, page)
    return pages


def _fill(text: str, page: Path) -> str:
    def replace(found: re.Match[str]) -> str:
        if found["name"] not in TABLES:
            raise ValueError(f"{page}: no table of {found['name']}; known: {', '.join(TABLES)}")
        return f"{found['before']}{TABLES[found['name']]()}{found['after']}"

    place = r"(?P<before><!-- table of (?P<name>\w+) -->\n).*?(?P<after><!-- end of table -->)"
    return re.sub(place, replace, text, flags=re.DOTALL)


def _render(dataset: Dataset, way: Way) -> str:
    tags = [f"caopd_{way.name}", *(dataset.tags if way.name == "conf" else ())]
    about = dataset.about.format(count_items(dataset.name))
    lines = [
        f"include: ../../ways/_{way.template}.yml",
        f"task: caopd_{dataset.name}_{way.name}",
        f"tag: [{', '.join(tags)}]",
        f"dataset_kwargs: {{questions: {dataset.name}, way: {way.name}}}",
    ]
    if way.generates:
        lines += _render_decoding(way.sampled, way.max_tokens or dataset.max_tokens)
    return _finish([*lines, *_render_metadata(f"{about}; {way.about}")])


def _render_panel(task: str, paraphrase: str, scale: str, exemplars: str) -> str:
    options = f"paraphrase: '{paraphrase}', scale: {scale}, exemplars: {exemplars}"
    return _finish(
        [
            "include: ../../ways/_conf.yml",
            f"task: {task}",
            "num_fewshot: 4",
            f"dataset_kwargs: {{questions: math, way: conf, first: {PANEL_ITEMS}, {options}}}",
            *_render_decoding(False, DATASETS["math"].max_tokens),
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


def _write(files: Mapping[Path, str]) -> None:
    for path, text in files.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            replace_file(path, text.encode())
            print(path)


def main() -> None:
    """Write what changed; the YAML of tasks that are no more is removed."""
    files = render_yaml()
    for path in set(ROOT.rglob("*.yaml")) - set(files):
        path.unlink()
        print(f"removed {path}")
    _write(files)
    _write(render_pages())  # after the YAML: the table of tasks is read from it


if __name__ == "__main__":
    main()
