"""The same records as Markdown, LaTeX, CSV and JSON, against golden files.

A golden file that is deleted is written anew by the test, which then fails once: read it.
"""

import csv
import io
import json
import math
import re
from pathlib import Path

import pytest
import yaml

from caopd_bench._version import __version__
from caopd_bench.report.build import build_report
from caopd_bench.report.formats import render_csv, render_json
from caopd_bench.report.model_card import render_card, render_eval_results
from caopd_bench.report.models_file import read_models, read_published
from caopd_bench.report.skill import SKILL
from caopd_bench.report.tables import render_latex, render_markdown

GOLDEN = Path(__file__).parent / "golden"
RENDERERS = {
    "report.md": render_markdown,
    "report.tex": render_latex,
    "report.csv": render_csv,
    "report.json": render_json,
}
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
TASK = "caopd_math_conf"


@pytest.fixture(scope="module")
def report(stored):
    names = ("base", "opd", "caopd", "silent")
    return build_report(
        [stored / name for name in names],
        title="Toys | & _co_",
        task=TASK,
        given=read_models(stored / "models.yaml"),
        published=read_published(stored / "published.yaml"),
        pairs=[("base", "caopd")],
    )


@pytest.fixture
def small(stored, make_rows, store, tmp_path):
    for seed, (name, kind) in enumerate({"one": "good", "two": "saturated"}.items()):
        rows = make_rows(seed, TASK, kind=kind, items=60, groups=False)
        store(tmp_path, name, rows, dtype=f"dtype of {name}")
    (tmp_path / "models.yaml").write_text("version: 1\nmodels: {two: {method: opd, size: 7B}}\n")
    return build_report(
        [tmp_path / "one", tmp_path / "two"],
        title="Toys | & _co_",
        given=read_models(tmp_path / "models.yaml"),
        published=read_published(stored / "published.yaml"),
    )


@pytest.mark.parametrize("name", RENDERERS)
def test_golden(small, tmp_path, name):
    text = RENDERERS[name](small).replace(tmp_path.name, "DIR").replace(__version__, "VERSION")
    file = GOLDEN / name
    if not file.exists():
        file.write_text(text, encoding="utf-8")
        pytest.fail(f"{file} was not there; it is now: read it, and commit it")
    wanted = file.read_text(encoding="utf-8")
    # Text to the character; numbers to what libraries of other versions may round otherwise.
    assert NUMBER.sub("#", text) == NUMBER.sub("#", wanted)
    ours, theirs = (list(map(float, NUMBER.findall(one))) for one in (text, wanted))
    assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-9)


def test_csv_and_json_hold_every_record(report):
    rows = list(csv.DictReader(io.StringIO(render_csv(report))))
    data = json.loads(render_json(report))
    assert len(rows) == len(data["records"]) == len(report.records())
    for row, plain, record in zip(rows, data["records"], report.records(), strict=True):
        assert row["metric"] == plain["metric"] == record.metric
        if math.isnan(record.estimate):
            assert row["estimate"] == ""
            assert plain["estimate"] is None
            assert plain["reason"]
        else:
            assert float(row["estimate"]) == plain["estimate"] == record.estimate


def test_json_is_strict(report):
    def refuse(word):
        raise AssertionError(word)

    json.loads(render_json(report), parse_constant=refuse)


def test_markdown_of_hostile_names(make_rows, store, tmp_path):
    name = "a|b <i>*x*</i> [l](u) `c`\n# head"
    folder = store(tmp_path, "x", make_rows(0, TASK, kind="good"))
    text = render_markdown(build_report([f"{name}={folder}"]))
    (line,) = [line for line in text.splitlines() if line.startswith("| a")]
    assert re.sub(r"\\.", "", line).count("|") == 16 - 1
    assert not re.search(r"(?<!\\)[<`]", text)
    assert "\n# head" not in text


def test_latex_of_hostile_names(make_rows, store, tmp_path):
    folder = store(tmp_path, "x", make_rows(0, TASK, kind="good"))
    text = render_latex(build_report([rf"50%_$a$ \input{{x}} #1 & ~^={folder}"]))
    assert (
        r"50\%\_\$a\$ \textbackslash{}input\{x\} \#1 \& \textasciitilde{}\textasciicircum{}" in text
    )


def test_a_spreadsheet_computes_nothing(make_rows, store, tmp_path):
    folder = store(tmp_path, "x", make_rows(0, TASK, kind="good"))
    rows = list(csv.reader(io.StringIO(render_csv(build_report([f"@SUM(1+1)={folder}"])))))
    assert {row[0] for row in rows[1:]} == {"'@SUM(1+1)"}


def test_model_index_is_what_the_hub_reads(report):
    repocard = pytest.importorskip("huggingface_hub.repocard_data")
    (entry,) = [entry for entry in report.entries if entry.name == "caopd"]
    front = render_card(report, entry)
    block = yaml.safe_load(front.strip("-\n"))
    name, results = repocard.model_index_to_eval_results(block["model-index"])
    assert name == "caopd"
    values = {result.metric_type: result.metric_value for result in results}
    for metric in (SKILL, "brier", "ece", "accuracy", "parse_rate"):
        record = entry.cells[TASK].find(metric)
        assert values[metric] == pytest.approx(record.estimate, abs=1e-6)
    assert all(result.dataset_type == "openai/gsm8k" for result in results)
    assert all(result.verified is False for result in results)


def test_eval_results_are_what_the_hub_reads(report):
    hub = pytest.importorskip("huggingface_hub")
    if not hasattr(hub, "parse_eval_result_entries"):
        pytest.skip("this huggingface_hub has no .eval_results")
    (entry,) = [entry for entry in report.entries if entry.name == "caopd"]
    ((file, text),) = render_eval_results(report, entry).items()
    assert file == f"{TASK}.yaml"
    (result,) = hub.parse_eval_result_entries(yaml.safe_load(text))
    record = entry.cells[TASK].find(SKILL)
    assert result.value == pytest.approx(record.estimate, abs=1e-6)
    assert (result.dataset_id, result.task_id) == ("openai/gsm8k", f"{TASK}_brier_skill")
    assert result.notes.startswith("self-reported")
    assert result.verify_token is None


def test_a_set_that_the_hub_does_not_know_has_no_eval_results(report):
    from dataclasses import replace

    entry = report.entries[0]
    cell = replace(entry.cells[TASK], settings={"source": {"set": "caopd_math"}})
    assert render_eval_results(report, replace(entry, cells={TASK: cell})) == {}
