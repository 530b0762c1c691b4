"""The error rates that docs/gate-rates.md states, on fewer draws: `pytest -m slow`."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

S = SimpleNamespace(
    **runpy.run_path(str(Path(__file__).with_name("simulate_gate.py")), run_name="simulate_gate")
)
FAMILIES = S.F.FAMILIES


def rate(scenario, family, n, draws):
    return S.run_cell((scenario, family, n, draws))


def test_a_few_draws():
    """The simulation runs, and its verdicts are not upside down."""
    assert rate("equal", "tied", 200, 40)["FAIL"] <= 0.2
    assert rate("OPD", "saturated", 500, 20)["FAIL"] == 1
    assert rate("silent", "continuous", 200, 20)["PASS"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("n", [100, 200, 500, 1319])
def test_equal_models(family, n):
    found = rate("equal", family, n, 1000)
    # 5 %, and three standard errors of 1,000 draws at 5 %.
    assert found["FAIL"] <= 0.05 + 3 * 0.0069
    if n == 1319:
        assert found["PASS"] >= 0.80 - 3 * 0.0126


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_the_papers_failure(family):
    found = rate("OPD", family, 200, 400)
    assert found["FAIL"] >= 0.95 - 3 * 0.0109
    assert found["PASS"] == 0
    assert rate("silent", family, 200, 100)["PASS"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("metric", S.F.METRICS)
@pytest.mark.parametrize("n", [100, 500])
def test_worse_by_twice_the_margin_hardly_passes(metric, n):
    for family in FAMILIES:
        found = rate(f"worse 2 {metric}", family, n, 150)
        assert found is None or found["PASS"] <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_a_better_model_hardly_fails(family):
    assert rate("less sure when wrong", family, 500, 300)["FAIL"] <= 0.02 + 3 * 0.0081
