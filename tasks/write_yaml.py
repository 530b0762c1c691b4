"""Write the YAML of all tasks, every dataset in every way of asking, and the tables of docs/.

    python -m caopd_bench.tasks.write_yaml

A test checks that the files match its output. Nothing imports it: its data are in `catalogue`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from caopd_bench.tasks.ask.prompts import PANEL_ITEMS
from caopd_bench.tasks.catalogue.datasets import DATASETS
from caopd_bench.tasks.catalogue.kept import replace_file
from caopd_bench.tasks.catalogue.ways import STOP_SEQUENCES, WAYS
from caopd_bench.tasks.listing import PANEL_TASKS, ROOT, TABLES, TaskEntry, list_tasks

__all__ = ["render_pages", "render_yaml"]

DOCS = Path(__file__).resolve().parents[1] / "docs"


def render_yaml() -> dict[Path, str]:
    """Return every generated file of the package and its text."""
    files = {task.path: _render(task) for task in list_tasks()}
    return {**files, ROOT / "panel" / "caopd_math_panel.yaml": _render_group()}


def render_pages(folder: Path = DOCS) -> dict[Path, str]:
    """Return the pages that contain a table of `TABLES`, with the current table.

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


def _render(task: TaskEntry) -> str:
    is_panel = task.way == "panel"
    way = WAYS["conf" if is_panel else task.way]
    lines = [f"include: ../../ways/_{way.template}.yml", f"task: {task.name}"]
    options = f"questions: {task.questions}, way: {way.name}"
    if is_panel:
        paraphrase, scale, exemplars = PANEL_TASKS[task.name]
        options += f", first: {PANEL_ITEMS}, paraphrase: '{paraphrase}', scale: {scale}"
        options += f", exemplars: {exemplars}"
        lines.append("num_fewshot: 4")
    else:
        own = DATASETS[task.questions].tags if way.name == "conf" else ()
        lines.append(f"tag: [{', '.join([f'caopd_{way.name}', *own])}]")
    lines.append(f"dataset_kwargs: {{{options}}}")
    if task.max_tokens is not None:
        lines += [
            "generation_kwargs:",
            f"  until: {json.dumps(list(STOP_SEQUENCES))}",
            f"  do_sample: {str(way.sampled).lower()}",
            f"  temperature: {1.0 if way.sampled else 0.0}",
            f"  max_gen_toks: {task.max_tokens}",
        ]
    return _finish(lines, task.summary, task.version)


def _render_group() -> str:
    listed = [f"  - {member}" for member in PANEL_TASKS]
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
        ],
        "prompt panel: 3 wordings x 2 scales x 2 exemplar sets",
    )


def _finish(lines: list[str], summary: str, version: str = "1.0") -> str:
    metadata = ["metadata:", f"  version: {version}", f'  summary: "{summary}"', ""]
    return "\n".join([*lines, *metadata])


def _write(files: Mapping[Path, str]) -> None:
    for path, text in files.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            replace_file(path, text.encode())
            print(path)


def main() -> None:
    """Write the files that changed, and remove the YAML of tasks that no longer exist."""
    files = render_yaml()
    for path in set(ROOT.rglob("*.yaml")) - set(files):
        path.unlink()
        print(f"removed {path}")
    _write(files)
    _write(render_pages())  # after the YAML, since the table of tasks is made from it


if __name__ == "__main__":
    main()
