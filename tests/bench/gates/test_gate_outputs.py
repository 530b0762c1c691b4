"""The verdict in every format says the same, whatever names the models have."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from caopd_bench.core.errors import OutputError, UsageError
from caopd_bench.gates.decide import gate
from caopd_bench.gates.formats.actions import MAX_SUMMARY
from caopd_bench.gates.policy import Policy
from caopd_bench.gates.wording.as_json import render_json
from caopd_bench.gates.wording.github import annotate, append_summary, list_annotations
from caopd_bench.gates.wording.html import render_html
from caopd_bench.gates.wording.junit import render_junit
from caopd_bench.gates.wording.markdown import render_markdown
from caopd_bench.gates.wording.text import render_text
from caopd_bench.gates.wording.write import check_outputs, write_outputs

HOSTILE = "</td><script>x</script>|`*_\x1b[31m\n::error::<img src=x>%0A\ud800 \u202e"


@pytest.fixture(scope="module")
def results(populations):
    """A verdict of each kind."""
    base = populations.make_run(*populations.draw(1500, 1), "base")
    first, second = populations.draw(1500, 1), populations.draw(1500, 2)
    equal = populations.make_run(*populations.redecode(first, second, 0, 0.3), "equal")
    opd = populations.make_run(*populations.collapse(*first), "opd")
    few = [replace(run, rows=run.rows[:120]) for run in (base, equal)]
    policy = Policy.model_validate(
        {
            "version": 1,
            "metrics": {
                **{
                    name: {"margin": m}
                    for name, m in (
                        ("brier", 0.04),
                        ("confidence_when_wrong", 0.05),
                        ("accuracy", 0.05),
                    )
                },
                "auroc": {"margin": 0.1},
                "ece": {"margin": 0.03, "tier": "advisory"},
            },
            "tasks": {"caopd_math_conf": {"by": "level"}},
        }
    )
    return {
        "PASS": gate(equal, policy, reference=base),
        "FAIL": gate(opd, policy, reference=base),
        "INCONCLUSIVE": gate(few[1], policy, reference=few[0]),
    }


@pytest.fixture(scope="module")
def hostile(results):
    failed = results["FAIL"]
    cells = [replace(cell, task=HOSTILE) for cell in failed.cells]
    return replace(failed, candidate=HOSTILE, reference=HOSTILE, cells=cells, notes=[HOSTILE])


OUTCOMES = ["PASS", "FAIL", "INCONCLUSIVE"]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_verdict_is_the_first_word(results, outcome):
    result = results[outcome]
    assert result.outcome == outcome
    assert render_text(result).split()[0] == outcome
    assert next(iter(json.loads(render_json(result)).items())) == ("verdict", outcome)
    assert outcome in render_markdown(result).splitlines()[0]
    assert f'class="{outcome}">{outcome}<' in render_html(result)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_all_formats_hold_the_same_numbers(results, outcome):
    result = results[outcome]
    plain = json.loads(render_json(result))
    texts = [render_text(result), render_markdown(result), render_html(result)]
    for cell, record in zip(result.cells, plain["cells"], strict=True):
        if cell.reason:
            assert record["worse_by"] is None
            continue
        assert record["worse_by"] == cell.worse_by
        for text in texts:
            assert f"{cell.worse_by:+.3f}" in text
            assert f"{cell.candidate:.3f}" in text
    assert plain["policy"]["metrics"]["ece"]["tier"] == "advisory"
    assert plain["exit_code"] == result.exit_code


def test_indecision_says_what_would_decide(results):
    text = render_text(results["INCONCLUSIVE"])
    assert re.search(r"about [\d,]+ items would decide with 80 % power", text)
    assert "NOTHING WAS DECIDED; the exit code is 0" in text
    assert "NOTHING WAS DECIDED" not in render_text(results["PASS"])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_junit(results, outcome):
    result = results[outcome]
    root = ET.fromstring(render_junit(result).encode())
    check_junit(root)
    cases = root.findall("testsuite/testcase")
    gated = [cell for cell in result.cells if cell.tier == "gate"]
    assert len(cases) == len(gated) == int(root.get("tests"))
    failed = [case for case in cases if case.find("failure") is not None]
    assert len(failed) == sum(cell.outcome == "FAIL" for cell in gated) == int(root.get("failures"))
    assert int(root.get("skipped")) == sum(cell.outcome == "INCONCLUSIVE" for cell in gated)
    assert "shown only" in root.find("testsuite/system-out").text


def test_junit_agrees_with_the_exit_code(results):
    undecided = results["INCONCLUSIVE"]
    policy = undecided.policy.model_copy(update={"on_inconclusive": "fail"})
    root = ET.fromstring(render_junit(replace(undecided, policy=policy, exit_code=3)).encode())
    check_junit(root)
    assert int(root.get("failures")) > 0
    assert int(root.get("skipped")) == 0


def check_junit(root):
    """Check what the JUnit schema of Jenkins asks of elements, attributes and their order."""
    allowed = {
        "testsuites": {"name", "tests", "failures", "skipped", "errors", "time"},
        "testsuite": {"name", "tests", "failures", "skipped", "errors", "time"},
        "testcase": {"name", "classname", "time"},
        "failure": {"message", "type"},
        "skipped": {"message"},
        "system-out": set(),
    }
    children = {
        "testsuites": ["testsuite"],
        "testsuite": ["testcase", "system-out"],
        "testcase": ["skipped", "failure"],
    }
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.keys()) <= allowed[element.tag]
        tags = [child.tag for child in element]
        assert set(tags) <= set(children.get(element.tag, []))
        if element.tag == "testsuite":
            assert tags == sorted(tags, key=children["testsuite"].index)
            for name, tag in (("tests", None), ("failures", "failure"), ("skipped", "skipped")):
                cases = element.findall("testcase")
                found = cases if tag is None else [c for c in cases if c.find(tag) is not None]
                assert int(element.get(name)) == len(found)
        if element.tag == "testcase":
            assert element.get("name")
            assert element.get("classname")


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("outcome", [*OUTCOMES, "hostile"])
def test_the_page_loads_nothing_and_runs_nothing(results, hostile, outcome):
    page = _Page()
    text = render_html(hostile if outcome == "hostile" else results[outcome])
    page.feed(text)
    assert page.open == []
    assert not {"script", "img", "iframe", "link", "object"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "src"]
    assert "default-src 'none'" in text


def test_hostile_names_stay_names(hostile):
    text = render_text(hostile)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not [line for line in text.splitlines() if line.startswith("::")]
    root = ET.fromstring(render_junit(hostile).encode())
    check_junit(root)
    markdown = render_markdown(hostile)
    assert "<script" not in markdown
    assert "<img" not in markdown
    lines = [line for line in markdown.splitlines() if line.startswith("| ")]
    assert {line.count("|") for line in lines} == {8}
    json.loads(render_json(hostile))
    found = list(list_annotations(hostile))
    assert len(found) == 1
    assert found[0].startswith("::error title=")
    assert "%0A" not in found[0].replace("%250A", "")
    assert "\n" not in found[0]


def test_files_by_suffix(results, tmp_path):
    for suffix in (".json", ".md", ".xml", ".html"):
        file = tmp_path / "new" / f"gate{suffix}"
        write_outputs(results["PASS"], [file])
        assert file.stat().st_size > 500
    with pytest.raises(UsageError, match=r"must end in .html, .json, .md, .xml"):
        check_outputs([tmp_path / "gate.pdf"])
    (tmp_path / "x.md").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        check_outputs([tmp_path / "x.md"])
    first, wrong = tmp_path / "first.json", tmp_path / "new/gate.md/x.json"
    with pytest.raises(OutputError, match="cannot be written"):
        write_outputs(results["PASS"], [first, wrong])
    assert not first.exists()  # nothing that says PASS beside the exit code of no verdict


def test_what_is_refused_is_refused_before_work(run, tmp_path):
    code, _, err = run("gate", "--reference", "no", "--output", tmp_path / "a.pdf", "no")
    assert code == 2
    assert "must end in" in err


def test_github_summary(results, hostile, tmp_path):
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    append_summary(results["FAIL"], {"GITHUB_STEP_SUMMARY": str(file)})
    text = file.read_text()
    assert text.startswith("before\n## ")
    assert "Calibration gate: FAIL" in text
    # A summary above the limit would be dropped whole.
    file.write_text("x" * (MAX_SUMMARY - 1500))
    append_summary(hostile, {"GITHUB_STEP_SUMMARY": str(file)})
    assert file.stat().st_size < MAX_SUMMARY
    assert "does not fit" in file.read_text()[-200:]
    file.write_text("x" * MAX_SUMMARY)
    append_summary(hostile, {"GITHUB_STEP_SUMMARY": str(file)})
    assert file.stat().st_size == MAX_SUMMARY


def test_a_summary_that_cannot_be_written_is_no_verdict(results, tmp_path):
    with pytest.raises(OutputError, match=r"GITHUB_STEP_SUMMARY .*: cannot be written"):
        append_summary(results["PASS"], {"GITHUB_STEP_SUMMARY": str(tmp_path)})


def test_annotations(results, capsys):
    annotate(results["FAIL"], {"GITHUB_ACTIONS": "true"})
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("::error title=Calibration gate FAIL::caopd_math_conf: ")
    assert "confidence when wrong: WORSE" in line
    assert next(list_annotations(results["INCONCLUSIVE"])).startswith("::warning ")
    assert list(list_annotations(results["PASS"])) == []
    failed = results["FAIL"]
    many = replace(
        failed, cells=[replace(c, task=f"t{i}") for i in range(30) for c in failed.cells]
    )
    lines = list(list_annotations(many))
    assert len(lines) == 10
    assert lines[-1].endswith("and 21 more tasks")
    annotate(results["FAIL"], {})
    assert capsys.readouterr().out == ""


def test_rerun_noise_is_told(results):
    cells = [
        replace(cell, worse_by=0.01, rerun_error=np.float64(0.02)) for cell in results["FAIL"].cells
    ]
    assert "within rerun noise" in render_text(replace(results["FAIL"], cells=cells))
