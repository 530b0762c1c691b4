"""A dataset is one file; what else belongs to it is written by a command."""

import json
from pathlib import Path

HERE = Path(__file__).parent
WRITE = ("-m", "caopd_bench.tasks.write_yaml")
PAGES = ("tasks.md", "data.md")
LOOK = """
import doctest, json, sys
from caopd_bench.cli import main
from caopd_bench.tasks.ask.prompts import render_prompt
from caopd_bench.tasks.catalogue.datasets import riddles
from caopd_bench.tasks.catalogue.items import load_items
assert doctest.testmod(riddles) == (0, 1)
items = load_items("riddles")
doc = {**items[0], "way": "conf", "instructed": True}
print(json.dumps({"items": items, "prompt": render_prompt(doc)}))
sys.exit(main(["tasks"]) or main(["tasks", "--plan", "caopd_riddles_conf"]))
"""


def test_five_rows_become_tasks(checkout):
    copy = checkout("docs", "setup.cfg", "tests/conftest.py", "tests/tasks/catalogue")
    pages = {name: copy.folder / "docs" / name for name in PAGES}
    before = {name: page.read_text().splitlines() for name, page in pages.items()}
    copy.apply("dataset.diff")
    written = {Path(line).name for line in copy.run(*WRITE).splitlines()}
    names = {file.stem.replace("gsm8k", "riddles") for file in copy.folder.rglob("*_gsm8k_*.yaml")}
    assert written == {*(f"{name}.yaml" for name in names), *PAGES}

    # The items load from a folder, are asked like all others, and are in the lists.
    data = {"CAOPD_BENCH_DATA": str(HERE)}
    out = copy.run("-c", LOOK, **data).splitlines()
    found = json.loads(out[0])
    assert [item["answer"] for item in found["items"]] == ["8", "6", "12", "0", "60"]
    assert found["items"][2]["id"] == "riddles_test-3"
    assert found["prompt"].startswith("Problem: How many legs have two cats?\n\nThink step by step")
    lines = [line.split() for line in out]
    assert ["caopd_riddles", "5", str(HERE / "riddles_test.jsonl")] in lines
    assert ["requests", "5"] in lines

    # So are the tables of the pages, of which nothing else changes.
    for name, page in pages.items():
        lines = page.read_text().splitlines()
        added = [line for line in lines if line not in before[name]]
        assert len(added) == (len(names) if name == "tasks.md" else 1)
        assert all("riddles" in line for line in added)
        assert [line for line in lines if line not in added] == before[name]
    assert added[0].startswith("| `riddles` | `riddles_test` | 5 | raw file, commit `0123456789ab`")

    # The files of tests that look at every dataset pass as a whole, with only this file in the
    # folder: tests of the real files of other sets are skipped, and none of this one.
    tests = [f"tests/tasks/catalogue/test_{name}.py" for name in ("yaml", "data", "items")]
    out = copy.run("-m", "pytest", "-v", "-rs", "-p", "no:cacheprovider", *tests, **data)
    assert out.count("[riddles] PASSED") == 2
    assert "[riddles] SKIPPED" not in out
    assert "CAOPD_BENCH_DATA holds no gsm8k_test" in out


WRONG = {
    ('"legs", where)', '"legs", where) + "?"'): "riddles_test.jsonl row 1: 'answer': the gold",
    ('"style": "math"', '"style": "maths"'): "row 1: unknown style 'maths'; did you mean 'math'?",
    (
        "        5,",
        "        6,",
    ): "riddles_test.jsonl: 5 rows, but the entry of riddles_test expects 6",
    ("max_tokens=512", "max_token=512"): "datasets/riddles.py: ",
    ("        5,", '        "5",'): "datasets/riddles.py: dataset 'riddles': rows must be a whole",
}
LOAD = """
try:
    from caopd_bench.tasks.catalogue.items import load_items
    load_items("riddles")
except ValueError as error:
    print(error)
"""


def test_a_mistake_is_one_line_that_names_the_file(checkout):
    copy = checkout()
    copy.apply("dataset.diff")
    file = copy.folder / "tasks" / "catalogue" / "datasets" / "riddles.py"
    text = file.read_text(encoding="utf-8")
    for change, said in WRONG.items():
        assert change[0] in text
        file.write_text(text.replace(*change), encoding="utf-8")
        out = copy.run("-c", LOAD, CAOPD_BENCH_DATA=str(HERE))
        assert said in out, (change, out)
        assert out.count("\n") == 1
