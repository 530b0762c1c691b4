"""Hooks of mkdocs.yml: which files are pages, and what GitHub's Markdown has and MkDocs' lacks.

The pages are written for GitHub and for an editor. For the site they are copied into a folder of
their own, each at its path in the repository, with every file that they link to.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STARTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/README.md")
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s#]+)((?:#[^)\s]*)?)(?=\))")
#: A link without a picture, with its words.
WORDS = re.compile(r"(?<!!)\[([^\]]*)\]\((?!\w+:|#)([^)\s#]+)\)")
FENCE = re.compile(r"^(```.*?^```[^\n]*$)", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
CODE = re.compile(r"(`+[^`]*`+)")
MATHS = re.compile(
    r"\$\$(?P<block>.+?)\$\$|(?<![\\\w$])\$(?P<inline>\S|\S[^$\n]*?\S)\$(?![\w$])", re.S
)
ITEM = re.compile(r"(?<=\S\n)(?=(?:[-*]|\d+\.) )")


def on_config(config: Any) -> Any:
    """Collect the pages, and let MkDocs read the collection."""
    stage = Path(tempfile.mkdtemp(prefix="caopd-bench-site-"))
    waiting = [ROOT / name for name in STARTS] + sorted((ROOT / "docs").rglob("*.md"))
    done: set[Path] = set()
    while waiting:
        file = waiting.pop()
        if file in done:
            continue
        done.add(file)
        copy = stage / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
        if file.suffix == ".md":
            text = file.read_text(encoding="utf-8")
            found = (_resolve(file.parent, name) for name, _ in LINK.findall(text))
            waiting += [target for target in found if target.is_file()]
    (stage / "assets").mkdir()
    shutil.copy(HERE / "worker.js", stage / "assets" / "iframe-worker.js")
    shutil.copy(HERE / "extra.css", stage / "assets" / "extra.css")
    config["docs_dir"] = str(stage)
    return config


def on_post_build(config: Any) -> None:
    """Remove the collection."""
    shutil.rmtree(config["docs_dir"])


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Say in MkDocs' Markdown what the page says in GitHub's."""
    folder = (ROOT / page.file.src_uri).parent
    page.maths = []
    return _outside(
        FENCE, COMMENT.sub("", markdown), lambda text: _convert(text, folder, page.maths)
    )


def on_page_content(html: str, *, page: Any, **_: Any) -> str:
    """Put the formulas in: MathML, which browsers draw without a script."""
    for number, formula in enumerate(page.maths):
        html = html.replace(f"MATHS{number}SHTAM", formula)
    return html


def _resolve(folder: Path, name: str) -> Path:
    """Give the file of a link; of a folder its README, as GitHub shows it."""
    target = (folder / name).resolve()
    return target / "README.md" if target.is_dir() else target


def _convert(text: str, folder: Path, maths: list[str]) -> str:
    text = WORDS.sub(lambda found: _unlink(found, folder), text)
    text = LINK.sub(lambda found: _link(found, folder), text)
    # GitHub begins a list without a blank line before it.
    lines = ITEM.split(text)
    for i in range(1, len(lines)):
        before = lines[i - 1].rstrip("\n").rpartition("\n")[2]
        if not re.match(r"\s*(?:[-*]|\d+\.) |\s{2,}\S", before):
            lines[i] = "\n" + lines[i]
    text = "".join(lines)
    # Inside code a pipe in a table needs no backslash here.
    rows = (
        CODE.sub(lambda found: found[1].replace("\\|", "|"), line) if line.startswith("|") else line
        for line in text.split("\n")
    )
    return _outside(
        CODE, "\n".join(rows), lambda part: MATHS.sub(lambda m: _formula(m, maths), part)
    )


def _link(found: re.Match[str], folder: Path) -> str:
    name, anchor = found.groups()
    is_folder = (folder / name).is_dir() and (folder / name / "README.md").is_file()
    return f"{name.rstrip('/')}/README.md{anchor}" if is_folder else name + anchor


def _unlink(found: re.Match[str], folder: Path) -> str:
    """Leave the words of a link to a folder that has no page."""
    target = folder / found[2]
    return found[1] if target.is_dir() and not (target / "README.md").exists() else found[0]


def _formula(found: re.Match[str], maths: list[str]) -> str:
    block = found["block"]
    text = " ".join((block or found["inline"]).split())
    maths.append(convert(text, display="block" if block else "inline"))
    mark = f"MATHS{len(maths) - 1}SHTAM"
    return f"\n\n{mark}\n\n" if block else mark


def _outside(pattern: re.Pattern[str], text: str, change: Callable[[str], str]) -> str:
    """Change what stands outside the matches of a pattern, which has one group: all of it."""
    parts = pattern.split(text)
    return "".join(part if i % 2 else change(part) for i, part in enumerate(parts))
