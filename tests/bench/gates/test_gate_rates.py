"""The error rates that docs/gate.md states, on fewer draws: `pytest -m slow`."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

HERE = Path(__file__).parents[2] / "studies" / "bench"
S = SimpleNamespace(**runpy.run_path(str(HERE / "simulate_gate.py"), run_name="simulate_gate"))
T = SimpleNamespace(**runpy.run_path(str(HERE / "gate_tables.py")))
FAMILIES, BASES = S.F.FAMILIES, tuple(S.F.BASES)
#: Three quarters at 1.00 already: more than the paper's bases, and where the power ends.
PAPERS = BASES[:4]


def rate(scenario, family, n, draws):
    return S.run_cell((scenario, family, n, draws))


def error(p, draws):
    return 3 * (p * (1 - p) / draws) ** 0.5


def test_a_few_draws():
    """The simulation runs, and its verdicts are not upside down."""
    assert rate("equal", "tied", 200, 40)["FAIL"] <= 0.2
    assert rate("OPD", "saturated", 500, 20)["FAIL"] == 1
    assert rate("silent", "continuous", 200, 20)["PASS"] == 0
    for family in PAPERS:
        found = rate("published", family, 210, 20)
        assert found["FAIL"] >= 0.9
        assert found["FAIL before"] <= found["FAIL"]


def test_the_references_are_as_saturated_as_the_page_says():
    for family, stated, accuracy, auroc in (
        ("8B, tied", 0.976, 0.60, 0.60),
        ("8B, fine", 0.976, 0.60, 0.60),
        ("1.7B, tied", 0.978, 0.55, 0.58),
        ("1.7B, fine", 0.978, 0.55, 0.58),
        ("3/4 at 1.00", 0.972, 0.75, 0.60),
    ):
        base = S.F.draw(family, 200_000, np.random.default_rng(0))
        assert base[0].mean() == pytest.approx(stated, abs=0.002)
        assert base[1].mean() == pytest.approx(accuracy, abs=0.005)
        found = S.degradation(*[[side.ravel() for side in base]] * 2)["auroc"]
        assert found.reference == pytest.approx(auroc, abs=0.006)
        surer = S.F.draw_base(family, 200_000, np.random.default_rng(1), surer=0.2, gained=0.08)
        again = S.degradation(*[[side.ravel() for side in surer]] * 2)["auroc"]
        assert again.reference == pytest.approx(auroc, abs=0.015)


def test_the_tables_can_be_written():
    tried = [
        ("equal", "tied", 200, 20),
        ("tasks", "tied", 200, 2),
        ("templates", "1", 30, 5),
        ("rows", "K = 8", 200, 5),
        ("size of the gap", (0.0, 1), 400, 20),
    ]
    found = {cell[:3]: S.run_cell(cell) for cell in tried}
    assert found["tasks", "tied", 200].get("PASS", 0) == 0
    year = {"any": [0.5, 0], "share": [0.02, 0], "worst": [0.1, 0]}
    blank = {**found["equal", "tied", 200], **found["size of the gap", (0.0, 1), 400], **year}
    for scenario, family, n, _ in S.plan(1):
        found.setdefault((scenario, family, n), blank)
    text = "\n".join(T.write_tables(S, found, 1))
    assert text.count("| --- |") >= 20
    assert "nan" not in text
    assert "| 5 x 200 |" in text


@pytest.mark.slow
@pytest.mark.parametrize("family", [*FAMILIES, *BASES])
@pytest.mark.parametrize("n", [100, 200, 500, 1319])
def test_equal_models(family, n):
    found = rate("equal", family, n, 1000)
    assert found["FAIL"] <= 0.05 + error(0.05, 1000)
    if n == 1319:
        assert found["PASS"] >= 0.80 - error(0.80, 1000)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_the_papers_failure(family):
    found = rate("OPD", family, 200, 400)
    assert found["FAIL"] >= 0.95 - error(0.95, 400)
    assert found["PASS"] == 0
    assert rate("silent", family, 200, 100)["PASS"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("family", PAPERS)
@pytest.mark.parametrize("scenario", ["published", "published, fine"])
def test_the_papers_failure_on_saturated_references(family, scenario):
    for n, least in ((210, 0.80), (500, 0.95)):
        found = rate(scenario, family, n, 300)
        assert found["FAIL"] >= least - error(least, 300)
        assert found["PASS"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("family", [*BASES, "saturated"])
@pytest.mark.parametrize("scenario", ["collapse", "collapse, rest kept"])
@pytest.mark.parametrize("n", [100, 210, 500, 1319])
def test_a_quarter_that_collapses_hardly_passes(family, scenario, n):
    assert rate(scenario, family, n, 300)["PASS"] <= 0.10 + error(0.10, 300)


@pytest.mark.slow
@pytest.mark.parametrize("metric", S.F.METRICS)
@pytest.mark.parametrize("n", [100, 500])
def test_worse_by_twice_the_margin_hardly_passes(metric, n):
    for family in FAMILIES:
        found = rate(f"worse 2 {metric}", family, n, 150)
        assert found is None or found["PASS"] <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("family", [*FAMILIES, *BASES])
@pytest.mark.parametrize("scenario", ["less sure when wrong", "recalibrated"])
def test_a_better_model_hardly_fails(family, scenario):
    assert rate(scenario, family, 500, 300)["FAIL"] <= 0.02 + error(0.02, 300)


@pytest.mark.slow
@pytest.mark.parametrize("family", BASES)
def test_what_is_only_renamed_hardly_fails(family):
    for scenario in ("renamed", "rounded to .01"):
        assert rate(scenario, family, 500, 300)["FAIL"] <= 0.05 + error(0.05, 300)


@pytest.mark.slow
@pytest.mark.parametrize("templates", [30, 50, 100])
def test_templates_that_are_named_do_not_alarm(templates):
    found = rate("templates", "1", templates, 800)
    assert found.get("FAIL templates", 0.0) <= 0.05 + error(0.05, 800)
    assert found["FAIL rows"] > 0.06
