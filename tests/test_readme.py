"""Pages show what stored runs give; their commands exist, and their links lead somewhere."""

import gzip
import json
import re
import shlex
from itertools import takewhile
from pathlib import Path

import pytest

from caopd_bench.cli import build_parser, main
from caopd_bench.runs.provenance import clean_provenance

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "reference_runs" / "smollm2-135m"


def test_the_demo_prints_what_its_page_shows(capsys):
    assert main(["score", *(f"exemplars-{name}={RUNS}/exemplars-{name}" for name in "ab")]) == 0
    printed = capsys.readouterr().out.strip()
    assert printed in (RUNS / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_stored_summary_can_be_recomputed_from_its_rows(name, tmp_path, same_record):
    """Every number can be recomputed from the rows beside it.

    To the last digits but one: processors add in different orders. The rows are compared unpacked:
    another zlib may pack them otherwise.
    """
    stored = RUNS / f"exemplars-{name}"
    spec = f"exemplars-{name}={stored}"
    assert main(["score", spec, "--by", "level", "--store", str(tmp_path)]) == 0
    made, known = (json.loads((f / "summary.json").read_text()) for f in (tmp_path, stored))
    # Fingerprints of the rows are in what this version stores; these are older, and the rows are
    # compared below.
    for summary in (made, known):
        for key in ("rows_sha256", "row_digests"):
            summary.pop(key, None)
        # Of another parser than that of the evaluation, this version warns.
        summary["warnings"] = [w for w in summary["warnings"] if "evaluated with parser" not in w]
        # What later versions record besides is None.
        summary["provenance"] = clean_provenance(summary["provenance"])
    assert [*made] == [*known]
    for ours, theirs in zip(made.pop("records"), known.pop("records"), strict=True):
        # Its wording is that of the version.
        ours["reason"], theirs["reason"] = bool(ours["reason"]), bool(theirs["reason"])
        assert same_record(ours, theirs)
    assert made == known
    rows = [gzip.decompress((f / "rows.jsonl.gz").read_bytes()) for f in (tmp_path, stored)]
    assert rows[0] == rows[1]


def _read_rows(name):
    file = RUNS / f"exemplars-{name}" / "rows.jsonl.gz"
    return [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]


def _read_text(page):
    return " ".join((ROOT / page).read_text(encoding="utf-8").split())


def test_the_numbers_of_the_real_model_in_other_pages_are_those_of_its_rows():
    """After `reference_runs/tools/store_demo.py`, this names the sentences to change."""
    rows = {name: _read_rows(name) for name in "ab"}
    stated = [row["confidence"] for row in rows["a"] if row["confidence"] is not None]
    right = sum(row["correct"] for row in rows["a"])
    caption = f"This one states {sum(stated) / len(stated):.2f} and is right {right:.0f} times in"
    assert f"{caption} {len(rows['a'])}" in _read_text("README.md")

    top = {name: [row for row in rows[name] if (row["confidence"] or 0) >= 0.95] for name in rows}
    errs = {
        name: f"in {sum(not row['correct'] for row in top[name])} of {len(top[name])}"
        for name in top
    }
    page = _read_text("docs/threshold.md")
    assert re.search(rf"SmolLM2-135M-Instruct (errs|is wrong) {errs['a']} ", page)
    assert f"(`exemplars-b`), {errs['b']}" in page

    levels = {str(level): [] for level in range(1, 6)}
    for row in rows["a"]:
        levels[str(row["groups"]["level"])].append(row["correct"])
    one, two, three, four, five = (sum(each) / len(each) for each in levels.values())
    assert three == four
    said = (
        f"right {one:.2f} and {two:.2f} of the time, {three:.2f} at levels 3 and 4, {five:.0f} at"
    )
    assert said in _read_text("docs/tasks.md")


def list_pages():
    """Everything that a user or a contributor reads, by its path."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    return sorted(str(page.relative_to(ROOT)) for page in pages)


def list_commands(page):
    """The words of each of our commands that a page shows, without the name of the program."""
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")
    commands = re.findall(r"^(?:\$ )?caopd-bench (.+)$", text, re.MULTILINE)
    commands += re.findall(r"`caopd-bench ([^`\[]+)`", text)
    found = [shlex.split(command, comments=True) for command in commands]
    # A bare name, a synopsis with its options in brackets, or an error is prose.
    prose = {"RUN...", "...", "[", "--help"}
    return [
        list(takewhile(lambda word: word not in ("|", ">"), words))
        for words in found
        if len(words) > 1 and not words[0].endswith(":") and not prose & {*words, words[-1][-1:]}
        if not any(word.startswith("[") for word in words)
    ]


@pytest.mark.parametrize("page", [page for page in list_pages() if list_commands(page)])
def test_our_commands_in_the_docs_parse(page):
    """A command that a page shows is one that the program accepts."""
    for words in list_commands(page):
        build_parser().parse_args(words)


def test_the_pages_that_show_commands_are_found():
    shown = {page for page in list_pages() if list_commands(page)}
    pages = {"score", "report", "tasks", "sweep", "gate", "train", "rescore"}
    assert shown >= {"README.md", *(f"docs/{name}.md" for name in pages)}


def list_anchors(page):
    """Name the places of a page that a link can lead to, as GitHub does."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    heads = [re.sub(r"\]\([^)]*\)", "", head) for head in re.findall(r"^#+ (.+)$", text, re.M)]
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_links_lead_somewhere():
    for page in map(ROOT.joinpath, list_pages()):
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if target.startswith("http"):
                continue
            name, _, anchor = target.partition("#")
            file = page.parent / name if name else page
            assert file.exists(), (page, target)
            if anchor and file.suffix == ".md":
                assert anchor in list_anchors(file), (page, target)


def test_files_that_pages_name_exist():
    folders = "bench|findings|metrics|reference_runs|tasks|tests"
    for page in list_pages():
        text = (ROOT / page).read_text(encoding="utf-8")
        text = re.sub(r"^```diff.*?^```$", "", text, flags=re.DOTALL | re.M)  # adds files
        for file in re.findall(rf"(?<![\w./-])((?:{folders})/[\w./-]+\.(?:py|yaml|json))\b", text):
            assert (ROOT / file).exists(), (page, file)


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([\w./-]+\.md)\)", index))
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert pages - linked == {"README.md"}


def test_the_task_page_shows_the_prompt_that_is_sent():
    from caopd_bench.tasks import problems
    from caopd_bench.tasks.ask.prompts import render_prompt

    page = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
    shown = next(item for item in problems.load() if item["question"] in page)
    doc = {**shown, "style": "math", "way": "conf", "instructed": True}
    assert render_prompt(doc) in page


def test_no_page_holds_a_placeholder():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *RUNS.glob("*.md")]:
        assert not re.search(r"@[A-Z]+@", page.read_text(encoding="utf-8")), page
