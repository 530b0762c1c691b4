"""Draw who imports whom: the tables in CONTRIBUTING.md, and the last sentence of every room.

    python tests/draw_rooms.py CONTRIBUTING.md

A room is a folder of Python files. Every import that is carried out counts, inside functions too;
one for type checkers only does not. `test_imports.py` holds the rules and the table.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from textwrap import fill

ROOT = Path(__file__).parents[1]
FOLDERS = {"metrics": "caopd_bench.metrics", "tasks": "caopd_bench.tasks", "bench": "caopd_bench"}
NOTHING = "nothing of ours"
QUOTES = '"""'
START, END = "<!-- rooms -->", "<!-- end of rooms -->"
#: Files that import all files in a folder, whatever their names.
FINDERS = {
    "caopd_bench.metrics.registry": "caopd_bench.metrics.points",
    "caopd_bench.cli.parser": "caopd_bench.cli",
    "caopd_bench.runs.readers.find": "caopd_bench.runs.readers",
    "caopd_bench.tasks.catalogue.datasets": "caopd_bench.tasks.catalogue.datasets",
    "caopd_bench.train.methods": "caopd_bench.train.methods",
}
#: The rooms from the ground up. What stands on one floor does not import its neighbours.
FLOORS = {
    "caopd_bench": (
        ("metrics", "_version"),
        ("tasks", "core", "figures"),
        ("runs", "train"),
        ("scores",),
        ("comparison", "hosts", "sweep"),
        ("maps",),
        ("gates",),
        ("thresholds",),
        ("report",),
        ("watch",),
        ("cli",),
        ("__main__",),
    ),
    "caopd_bench.metrics": (
        ("rows",),
        ("limits",),
        ("metric_parts",),
        ("definition",),
        ("points",),
        ("registry", "scorers"),
        ("intervals", "selection"),
        ("comparison", "recalibration", "reliability"),
        ("overview", "__main__"),
    ),
    "caopd_bench.tasks": (
        ("discovery", "problems", "read"),
        ("judge",),
        ("catalogue",),
        ("ask",),
        ("ways", "listing"),
        ("own", "write_yaml"),
    ),
}


@cache
def modules() -> dict[str, Path]:
    """Give the file of every module, by its dotted name."""
    found = {}
    for folder, package in FOLDERS.items():
        for file in sorted((ROOT / folder).rglob("*.py")):
            parts = file.relative_to(ROOT / folder).with_suffix("").parts
            found[".".join([package, *parts]).removesuffix(".__init__")] = file
    return found


def packages() -> list[str]:
    """Name the packages, each after those that it is in."""
    return sorted(name for name, file in modules().items() if file.name == "__init__.py")


def list_imports(tree: ast.AST, package: str) -> Iterator[tuple[int, str, bool]]:
    """Yield (line, full name, whether at module level) of every import that is carried out.

    `from package import name` counts as `package.name`: the name may be a module.
    """
    skipped = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for statement in node.body
        for child in ast.walk(statement)
    }
    deferred = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        at_top = id(node) not in deferred
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, at_top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}", at_top


@cache
def arrows() -> dict[tuple[str, str], str]:
    """Give the imports between our files, (importer, imported), with the place of one of each."""
    found: dict[tuple[str, str], str] = {}
    for module, file in modules().items():
        package = module if file.name == "__init__.py" else module.rpartition(".")[0]
        for line, name, _ in list_imports(ast.parse(file.read_text(encoding="utf-8")), package):
            target = name
            while target and target not in modules():
                target = target.rpartition(".")[0]
            if target and target != module:
                found.setdefault((module, target), f"{file.relative_to(ROOT)}:{line}")
    for finder, package in FINDERS.items():
        for module in modules():
            if module.startswith(f"{package}.") and module != finder:
                found.setdefault((finder, module), f"{modules()[finder].relative_to(ROOT)}")
    return found


def child_of(package: str, module: str) -> str | None:
    """Name the file or folder of a package that a module is or is in; None if it is elsewhere."""
    if module == package:
        return "__init__"
    if not module.startswith(f"{package}."):
        return None
    return module[len(package) + 1 :].partition(".")[0]


def inner_arrows(package: str) -> dict[tuple[str, str], str]:
    """Give the imports between the files and folders of one package."""
    found: dict[tuple[str, str], str] = {}
    for (importer, imported), place in arrows().items():
        one, other = child_of(package, importer), child_of(package, imported)
        # The names of ours at the top of a package are made of all that is in it.
        if one and other and one != other and one != "__init__":
            found.setdefault((one, other), place)
    return found


def find_circle(pairs: dict[tuple[str, str], str]) -> list[str]:
    """Give the places of imports that go round in a circle; none if there is no circle."""
    graph: dict[str, set[str]] = {}
    for one, other in pairs:
        graph.setdefault(one, set()).add(other)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]  # each is imported by the next
        return [pairs[later, earlier] for earlier, later in pairwise(circle)]
    return []


def imported_rooms(package: str) -> set[str]:
    """Name the rooms that a package, or a file on a floor, imports: as near to it as they differ.

    A file that lies beside it in a room goes by the name of that room.
    """
    rooms = set()
    for importer, imported in arrows():
        if child_of(package, importer) is None or child_of(package, imported) is not None:
            continue
        around = package.rpartition(".")[0]
        while (child := child_of(around, imported)) is None:
            around = around.rpartition(".")[0]
        is_named = around in FLOORS or f"{around}.{child}" in packages()
        rooms.add(child if is_named else around.rpartition(".")[2])
    return rooms - {"_version"}


def paragraph(module: str) -> str:
    """Give what a package or a file says of itself."""
    return ast.get_docstring(ast.parse(modules()[module].read_text(encoding="utf-8"))) or ""


def render() -> str:
    """Give the tables: floor, room, what lives there, which rooms it imports."""
    blocks = []
    for package, floors in FLOORS.items():
        folder = next(folder for folder, name in FOLDERS.items() if name == package)
        lines = [f"| floor | `{folder}/` | what lives there | imports |", "|---|---|---|---|"]
        for number, names in reversed([*enumerate(floors)]):
            lines += [_row(package, name, number) for name in names if not name.startswith("_")]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _row(package: str, name: str, floor: int) -> str:
    room = f"{package}.{name}"
    rooms = ", ".join(f"`{one}`" for one in sorted(imported_rooms(room))) or NOTHING
    inner = [one.rpartition(".")[2] for one in packages() if one.rpartition(".")[0] == room]
    shown = f"`{name}` ({', '.join(inner)})" if inner else f"`{name}`"
    said = " ".join(paragraph(room).partition("\n\n")[0].split())
    return f"| {floor} | {shown} | {said} | {rooms} |"


def replace_tables(page: str) -> str:
    """Give a page with the tables between its two marks replaced."""
    head, _, rest = page.partition(START)
    _, mark, tail = rest.partition(END)
    if not mark:
        raise SystemExit(f"no {START} ... {END} in the page")
    return f"{head}{START}\n{render()}\n{END}{tail}"


def replace_sentence(package: str) -> str:
    """Give the `__init__` of a package with the sentence on its imports replaced."""
    text = modules()[package].read_text(encoding="utf-8")
    end = text.index(QUOTES, 3)
    parts = text[3:end].strip("\n").split("\n\n")
    kept = [part for part in parts if not part.startswith("Imports ")]
    *others, last = [f"`{room}`" for room in sorted(imported_rooms(package))] or [NOTHING]
    listed = f"{', '.join(others)} and {last}" if others else last
    sentence = fill(f"Imports {listed}.", 100, break_on_hyphens=False)
    return QUOTES + "\n\n".join([*kept, sentence]) + "\n" + text[end:]


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(render())
        sys.exit()
    for name in packages()[1:]:
        modules()[name].write_text(replace_sentence(name), encoding="utf-8")
    for page in map(Path, sys.argv[1:]):
        page.write_text(replace_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
