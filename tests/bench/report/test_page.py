"""What the page says is what `score` computed, and nothing in it is more than text."""

import hashlib
import math
import re
from base64 import b64encode
from html.parser import HTMLParser

import pytest

from caopd_bench import read_run, score
from caopd_bench.report.build import build_report
from caopd_bench.report.certified import COVERAGE, say_coverage
from caopd_bench.report.page.assemble import render_page
from caopd_bench.report.page.table import COLUMNS
from caopd_bench.thresholds.certify import threshold

#: The runs know levels: the column stands after that of AUROC.
WITHIN = "auroc_within_level"
PLACE = list(COLUMNS).index("auroc") + 1
METRICS = ("accuracy", COVERAGE, *[*COLUMNS][:PLACE], WITHIN, *[*COLUMNS][PLACE:])


class Table(HTMLParser):
    """The rows of the standings: {(task, model): [data-value and text of each cell]}."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.row, self.inside = {}, None, False
        self.tags, self.attributes = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag == "tr" and "data-name" in attributes:
            self.row = self.rows.setdefault((attributes["data-task"], attributes["data-name"]), [])
        if tag == "td" and self.row is not None:
            self.row.append([attributes.get("data-value"), ""])
            self.inside = True

    def handle_endtag(self, tag):
        if tag == "td":
            self.inside = False
        if tag == "tr":
            self.row = None

    def handle_data(self, data):
        if self.inside and self.row is not None:
            self.row[-1][1] += data


@pytest.fixture(scope="module")
def html(page):
    return page.read_text(encoding="utf-8")


def test_every_number_of_the_table_is_that_of_score(html, stored):
    rows = Table(html).rows
    assert len(rows) == 7
    seen = 0
    for name in ("base", "opd", "caopd", "silent"):
        records = {
            (record.task, record.metric): record
            for record in score(read_run(stored / name), by=["level"])
            if record.group is None
        }
        for task in {task for task, _ in records}:
            cells = rows[task, name]
            assert cells[-1][0] == str(records[task, "accuracy"].n)
            # What the order goes by is made of two numbers of `score`.
            brier = records.get((task, "brier_bounds"), records[task, "brier"])
            worst = brier.high if brier.metric == "brier_bounds" else brier.estimate
            accuracy = records[task, "accuracy"].estimate
            skill = 1 - worst / (accuracy * (1 - accuracy))
            assert float(cells[1][0]) == pytest.approx(skill, abs=1e-12)
            assert f"{skill:+.3f}" in cells[1][1]
            for metric, (value, text) in zip(METRICS, cells[2:-1], strict=True):
                seen += 1
                if metric == COVERAGE:
                    (cut,) = threshold(stored / name, max_risk=0.05, task=task).cuts
                    assert text.startswith(say_coverage(cut).replace(" ", "\xa0"))
                    assert value == (None if math.isnan(cut.coverage) else repr(cut.coverage))
                    continue
                record = records[task, metric]
                assert float(value) == record.estimate
                assert f"{record.estimate:.3f}".lstrip("-") in text
                assert f"{record.high:.3f}" in text
    assert seen == 7 * len(METRICS)


def test_every_number_of_a_group_is_that_of_score(html, stored):
    values = set(re.findall(r'data-value="([^"]+)"', html))
    for record in score(read_run(stored / "opd"), by=["level"]):
        if record.group and record.metric in METRICS and not math.isnan(record.estimate):
            assert repr(record.estimate) in values


def test_the_policy_allows_the_two_assets_and_nothing_else(html):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)[1]
    hashes = [
        f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in (style, script)
    ]
    assert policy == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src {hashes[0]}; script-src {hashes[1]}"
    )


def test_nothing_that_loads_or_runs_is_in_the_page(html):
    found = Table(html)
    assert not set(found.tags) & {"img", "iframe", "object", "embed", "link", "base", "video"}
    assert found.tags.count("script") == 2
    assert not [name for name in found.attributes if name.startswith("on")]
    assert not set(found.attributes) & {"src", "style", "srcset", "action"}
    assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', html))


def test_ids_are_of_one_element_each(html):
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    targets = {link[1:] for link in re.findall(r'href="(#[^"?]+)"', html)}
    assert targets <= set(ids)


def test_same_runs_same_bytes(stored):
    runs = [stored / "base", stored / "opd"]
    first, second = (render_page(build_report(runs, samples=20)) for _ in range(2))
    assert first == second


def test_what_differs_is_marked(html):
    assert "dtype: bfloat16, elsewhere float32" in html
    assert html.count("asked otherwise</strong>") == 2
    assert "They were asked otherwise" in html


def test_it_says_what_it_holds_and_what_not(html):
    assert "answers are in this file" in html
    assert "Stored without questions and texts: silent" in html


def test_what_the_runs_together_warn_of(stored, make_rows, store, tmp_path):
    rows = make_rows(0, "caopd_math_conf", kind="good")
    twin = store(tmp_path, "base", rows, model="org/other")
    report = build_report([f"other={twin}", stored / "base", stored / "silent"], samples=3,
                          task="caopd_gsm8k_conf")  # fmt: skip
    assert report.warnings == ["left out, without the task caopd_gsm8k_conf: other, silent"]
    report = build_report([f"other={twin}", stored / "base"], samples=3)
    (warning,) = report.warnings
    assert "claim different models but have the same weights" in warning
    assert warning in render_page(report)


def test_a_file_of_too_many_rows_to_keep(tmp_path, monkeypatch):
    from caopd_bench.runs.flat import read as flat

    monkeypatch.setattr(flat, "MAX_ROWS", 50)
    file = tmp_path / "big.csv"
    file.write_text(
        "confidence,correct,item\n" + "".join(f"0.{i % 9},{i % 2},q{i}\n" for i in range(99))
    )
    report = build_report([f"big={file}", f"again={file}"])
    text = render_page(report)
    assert "0 of 198 answers are in this file" in text
    assert set(report.standings["answers"].why_not.values()) == {
        "its rows have no names to be paired by"
    }
    assert "has too many rows to be kept individually" in report.duels[0].reason


def test_published_numbers_stand_apart(html):
    place = html.index("<b>published, not measured</b>")
    assert html.index("Qwen3-8B &lt;b&gt;") > place
    assert "arXiv 2604.16830, table 1" in html[place:]


def test_a_single_run_needs_no_other(stored):
    text = render_page(build_report([stored / "silent"], samples=5))
    assert "Side by side" not in text
    assert "no other run answered exactly the same items" in text


def test_a_run_without_a_usable_confidence(tmp_path):
    file = tmp_path / "mute.csv"
    file.write_text("confidence,correct,item\n" + "".join(f",{i % 2},q{i}\n" for i in range(20)))
    text = render_page(build_report([f"mute={file}"]))
    assert "no row states a usable confidence" in text
    assert "<figure" not in text
    # All that could have been stated was stated at its worst: 1 - 1 / .25.
    assert "-3.000" in text


def test_flat_rows_without_names_are_not_paired(tmp_path):
    for name in ("a", "b"):
        lines = "".join(f"0.{i % 9},{i % 2}\n" for i in range(40))
        (tmp_path / f"{name}.csv").write_text("confidence,correct\n" + lines)
    report = build_report([f"{name}={tmp_path / name}.csv" for name in "ab"], pairs=[("a", "b")])
    (standing,) = report.standings.values()
    assert standing.letters == {}
    assert set(standing.why_not.values()) == {"its rows have no names to be paired by"}


def test_the_page_of_many_cells_keeps_fewer_samples(stored, monkeypatch):
    from caopd_bench.report.page import samples as page_samples

    report = build_report([stored / "base", stored / "opd"], samples=100)
    monkeypatch.setattr(page_samples, "MAX_CHARACTERS", 20_000)
    monkeypatch.setattr(page_samples, "LEAST_CHARACTERS", 20_000)
    data, cap = page_samples.fit_samples(report, 0)
    assert cap < 100
    assert len(page_samples.dump(data)) <= 20_000
    assert all(len(cell["rows"]) <= cap for cell in data["cells"])
