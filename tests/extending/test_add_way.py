"""A way of asking is one row; the tasks of every dataset, and the pages, follow by a command."""

from pathlib import Path

WRITE = ("-m", "caopd_bench.tasks.write_yaml")
LOOK = """
import json, sys
from caopd_bench.cli import main
from caopd_bench.tasks.problems.exemplars import EXEMPLARS
from caopd_bench.tasks.ask.prompts import render_prompt
doc = {**EXEMPLARS["math"]["a"][0], "style": "math", "way": "conf_brief", "instructed": True}
print(json.dumps(render_prompt(doc)))
sys.exit(main(["tasks"]) or main(["tasks", "--plan", "caopd_gsm8k_conf_brief"]))
"""


def test_a_row_is_asked_of_every_dataset(checkout):
    copy = checkout("docs", "setup.cfg", "tests/conftest.py", "tests/tasks/catalogue")
    copy.apply("way.diff")
    written = {Path(line).name for line in copy.run(*WRITE).splitlines()}
    sets = [file.stem.removesuffix("_conf") for file in copy.folder.rglob("caopd_*_conf.yaml")]
    assert written == {*(f"{name}_conf_brief.yaml" for name in sets), "tasks.md"}
    out = copy.run("-c", LOOK).splitlines()
    assert "Do not explain. Reply with two lines" in out[0]
    assert "Think step by step" not in out[0]
    assert any(line.endswith("_priv _priv_sc8 _conf_brief") for line in out)
    assert ["requests", "1,319"] in [line.split() for line in out]
    page = (copy.folder / "docs" / "tasks.md").read_text()
    assert "| `caopd_NAME_conf_brief` | as _conf, without steps |\n" in page
    tests = "tests/tasks/catalogue/test_yaml.py"
    assert " passed" in copy.run("-m", "pytest", "-q", "-p", "no:cacheprovider", tests)
