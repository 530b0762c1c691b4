"""A frozen analysis: what is refused, how claims are judged, and how they are worded."""

import numpy as np
import pytest
import yaml

from caopd_bench.core.errors import UsageError
from caopd_bench.sweep.analysis.claims import render_claims, say_claim
from caopd_bench.sweep.analysis.gather import Gathered, find_analysis, sort_cells
from caopd_bench.sweep.analysis.judge import Judged, judge, overall
from caopd_bench.sweep.analysis.numbers import Summary
from caopd_bench.sweep.analysis.spec import Analysis, Claim, read_analysis
from caopd_bench.sweep.analysis.tables import render_numbers
from caopd_bench.sweep.analysis.write import fill_page
from caopd_bench.sweep.grid.file import read_sweep

CLAIM = {"id": "a", "says": "b", "of": "opd", "metric": "ece", "expect": "above 0"}
FIELDS = {
    "version": 1,
    "task": "caopd_arith_conf",
    "across": "size",
    "metrics": ["accuracy", "ece"],
    "groups": ["base", "opd"],
    "contrasts": [["opd", "base"]],
    "replicates": 400,
}


@pytest.mark.parametrize(
    ("expect", "low", "high", "verdict"),
    [
        ("above 0", 0.01, 0.2, "holds"),
        ("above 0", -0.2, 0.0, "fails"),
        ("above 0", -0.1, 0.1, "open"),
        ("below -0.05", -0.2, -0.06, "holds"),
        ("below -0.05", -0.05, 0.1, "fails"),
        ("below -0.05", -0.06, 0.1, "open"),
        ("within 0.03", -0.02, 0.02, "holds"),
        ("within 0.03", 0.03, 0.2, "fails"),
        ("within 0.03", -0.2, -0.03, "fails"),
        ("within 0.03", -0.2, 0.2, "open"),
        ("above 0.97", float("nan"), float("nan"), "open"),
    ],
)
def test_limits_decide(expect, low, high, verdict):
    assert judge(expect, low, high) == verdict


def _judged(*verdicts):
    return [Judged(str(i), 0.1, 0.0, 0.2, verdict) for i, verdict in enumerate(verdicts)]


def test_a_claim_fails_if_it_fails_anywhere_and_holds_only_everywhere():
    assert overall(_judged("holds", "holds")) == "holds"
    assert overall(_judged("holds", "open")) == "open"
    assert overall(_judged("holds", "open", "fails")) == "fails"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"metrics": ["accuracy", "acc"]}, "no metric 'acc'"),
        ({"contrasts": [["opd", "nobody"]]}, "'nobody' is no group"),
        ({"contrasts": [["opd @ sums", "base"]]}, "is no group or view"),
        ({"claims": [{"id": "a", "says": "b", "metric": "ece", "expect": "near 0", "of": ["opd"]}]},
         "above X"),
        ({"claims": [{"id": "a", "says": "b", "metric": "ece", "expect": "above 0"}]}, "give 'of'"),
        ({"figures": [{"kind": "pie", "file": "a.png", "groups": ["opd"]}]}, "kind"),
        ({"figures": [{"kind": "pareto", "file": "../a.png", "groups": ["opd"]}]}, "file"),
        ({"verzion": 1}, "unknown field; did you mean version"),
        ({"claims": [CLAIM, {**CLAIM}]}, "'a' stands there twice"),
        ({"contrasts": [["opd"]]}, "contrasts.1"),
        ({"views": {}}, "views"),
        ({"views": {"greedy": {"recalibrate": "magic"}}}, "recalibrate"),
        ({"headline": [["opd", "nobody"]]}, "'nobody' is no group"),
        ({"slopes": {"groups": ["nobody"], "metrics": ["ece"]}}, "'nobody' is no group"),
        ({"figures": [{"kind": "pareto", "file": "a.png", "groups": ["x"]}]}, "'x' is no group"),
        ({"figures": [{"kind": kind, "file": "a.png", "groups": ["opd"]} for kind in
                      ("pareto", "estimates")]}, "two are called a.png"),
        ({"claims": [{**CLAIM, "expect": "within -0.1"}]}, "an X above 0"),
        ({"claims": [{**CLAIM, "expect": "within 0"}]}, "an X above 0"),
        ({"seed": -1}, "seed"),
        ({"names": {"odp": "OPD"}}, "names: 'odp' is no group"),
        ({"headline": [["base", "opd"]]}, "is not among the contrasts"),
        ({"across": None, "slopes": {"groups": ["opd"], "metrics": ["ece"]}}, "needs 'across"),
        ({"views": {"greedy": {"half": "third"}}}, "half"),
        ({"views": {"greedy": {"column": "levels"}}}, "column"),
        ({"views": {"greedy": {}, "level": {"column": "level", "groups": ["odp"]}}},
         "views: level: 'odp' is no group"),
        ({"views": {"greedy": {}, "level": {"column": "level", "groups": ["opd"]}},
          "contrasts": [["opd", "base @ level"]]}, "add 'base' to its groups"),
        ({"claims": [{**CLAIM, "same_as": "b"}]}, "'b' is no claim that stands for itself"),
        ({"claims": [{**CLAIM, "same_as": "a"}]}, "'a' is no claim that stands for itself"),
    ],
)  # fmt: skip
def test_a_wrong_analysis_is_refused_in_a_line(tmp_path, changes, said):
    file = tmp_path / "analysis.yaml"
    file.write_text(yaml.safe_dump({**FIELDS, **changes}), encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        read_analysis(file)


def _summary(gap, seeds=3, bases=3, sizes=("10k", "33k")):
    """Make a summary of made-up accuracies: OPD above its base by `gap` at every size."""
    analysis = Analysis.model_validate(FIELDS)
    rng, gathered = np.random.default_rng(0), Gathered()
    size = analysis.replicates + 1
    for place in sizes:
        gathered.parameters[place] = float(place.replace("k", "000"))
        base = 0.5 + 0.01 * rng.normal(size=(bases, 1, size))
        opd = base + gap + 0.005 * rng.normal(size=(bases, seeds, size))
        for group, values in (("base", base), ("opd", opd)):
            numbers = {"accuracy": values, "ece": 1 - values, "parse_rate": np.ones_like(values)}
            gathered.values[place, group, "greedy"] = numbers
            gathered.bases[place, group] = tuple(range(bases))
    return Summary(gathered, analysis)


@pytest.mark.parametrize(("gap", "verdict"), [(0.2, "holds"), (-0.2, "fails"), (0.0, "open")])
def test_the_summary_follows_the_numbers_whichever_way_they_fall(gap, verdict):
    claim = Claim(id="a", says="OPD helps", of=["opd", "base"], metric="accuracy", expect="above 0")
    summary = _summary(gap)
    judged = summary.judge(claim)
    assert [one.at for one in judged] == ["10k", "33k"]
    assert overall(judged) == verdict
    line = say_claim(claim, judged, summary.analysis, missing=0)
    assert line.startswith(
        {"holds": "- **Holds**", "fails": "- **Fails**", "open": "- **Open**"}[verdict]
    )
    assert f"{judged[0].estimate:+.3f}" in line


def test_seeds_are_shared_within_a_size_and_not_between_sizes():
    """The base's scatter cancels in the difference: it is the same base in both."""
    summary = _summary(0.2)
    contrast = summary.contrast("10k", "opd", "base", "accuracy").limits
    base = summary.level("10k", "base", "accuracy").limits
    assert contrast.high - contrast.low < 0.7 * (base.high - base.low)
    one, other = (summary.replicates(at, "base", "accuracy")[1:] for at in ("10k", "33k"))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.2


def test_a_claim_about_checkpoints_draws_no_seeds():
    summary = _summary(0.2)
    number = summary.checkpoints("10k", "opd", "base", "accuracy")
    assert (number.unit, number.bases, number.seeds) == ("checkpoints", 1, 1)
    values = summary.gathered.values
    opd, base = values["10k", "opd", "greedy"], values["10k", "base", "greedy"]
    expected = opd["accuracy"][0, 0] - base["accuracy"][0, 0]
    moved = expected[0] - expected[1:].mean()
    assert number.limits.estimate == pytest.approx(expected[0])
    assert number.limits.low == pytest.approx(np.quantile(expected[1:], 0.025) + moved)


def test_what_people_wrote_around_the_summary_stays(tmp_path):
    page = tmp_path / "README.md"
    page.write_text("# Mine\n\nbefore\n<begin>\nold\n<end>\nafter\n", encoding="utf-8")
    for _ in range(2):
        fill_page(page, "title", ["new"], "<begin>", "<end>")
        assert page.read_text() == "# Mine\n\nbefore\n<begin>\n\nnew\n\n<end>\nafter\n"


def test_a_claim_does_not_hold_before_the_sweep_is_finished():
    claim = Claim(id="a", says="OPD helps", of=["opd", "base"], metric="accuracy", expect="above 0")
    summary = _summary(0.2)
    line = say_claim(claim, summary.judge(claim), summary.analysis, missing=1)
    assert line.startswith("- **Open** so far")
    failing = _summary(-0.2)
    line = say_claim(claim, failing.judge(claim), failing.analysis, missing=1)
    assert line.startswith("- **Fails**")


def test_the_limits_that_decide_are_students_where_there_are_two_bases():
    """Three bases that scatter: the bootstrap of the bases would say that the claim holds."""
    claim = Claim(id="a", says="so", of=["opd", "base"], metric="accuracy", expect="above 0")
    summary = _summary(0.1, sizes=("10k",))
    values = summary.gathered.values["10k", "opd", "greedy"]["accuracy"]
    values += np.array([-0.08, 0.0, 0.15])[:, None, None]
    limits = summary.contrast("10k", "opd", "base", "accuracy").limits
    assert limits.low < 0 < limits.low_bootstrap
    (judged,) = summary.judge(claim)
    assert (judged.verdict, judged.low, judged.high) == ("open", limits.low, limits.high)
    single = _summary(0.1, bases=1, seeds=1, sizes=("10k",))  # items alone
    limits = single.contrast("10k", "opd", "base", "accuracy").limits
    assert limits[1:3] == limits[3:]
    assert single.judge(claim)[0].verdict == "holds"


def test_of_a_single_base_they_are_over_its_training_seeds():
    summary = _summary(0.1, bases=1, sizes=("10k",))
    values = summary.gathered.values["10k", "opd", "greedy"]["accuracy"]
    values += np.array([-0.08, 0.0, 0.15])[:, None]
    limits = summary.contrast("10k", "opd", "base", "accuracy").limits
    observed = values[0, :, 0]
    assert (limits.high - limits.low) / 2 > 4.3 * observed.std(ddof=1) / np.sqrt(3)
    base = summary.gathered.values["10k", "base", "greedy"]["accuracy"][0, 0, 0]
    assert limits.estimate == pytest.approx(observed.mean() - base)
    assert limits.low < limits.low_bootstrap
    level = summary.level("10k", "opd", "accuracy").limits
    assert level.high - level.low > level.high_bootstrap - level.low_bootstrap


def test_the_place_that_decides_is_named():
    claim = Claim(id="a", says="so", of=["opd"], metric="accuracy", expect="above 0")
    judged = [one._replace(low=0.05) for one in _judged(*["holds"] * 5)]
    judged[2] = judged[2]._replace(estimate=0.03, low=0.01)
    line = say_claim(claim, judged, Analysis.model_validate(FIELDS), missing=0)
    assert "at 0 … " in line
    assert line.endswith("; closest +0.030 [+0.010, +0.200] at 2.")


def test_the_same_fact_is_listed_below_its_claim_and_not_counted():
    claims = [
        {**CLAIM, "metric": "accuracy", "says": "OPD is right sometimes"},
        {**CLAIM, "id": "c", "says": "another thing", "metric": "ece", "expect": "below 0"},
        {**CLAIM, "id": "b", "says": "OPD is wrong sometimes", "same_as": "a"},
    ]
    summary = _summary(0.2)
    fields = {**FIELDS, "claims": claims}
    lines = list(render_claims(Summary(summary.gathered, Analysis.model_validate(fields))))
    assert "of 2 claims 1 holds and 1 fails" in lines[2]
    assert lines[4].startswith("- **Holds** at both sizes: OPD is right sometimes.")
    assert lines[5].startswith("  (The same fact: **Holds** at both sizes: OPD is wrong sometimes.")
    assert lines[5].endswith(")")
    assert lines[6].startswith("- **Fails** at both sizes: another thing.")


@pytest.mark.parametrize("stated", [0.9995, 0.99])
def test_the_slope_of_a_gap_is_that_of_accuracy_where_everything_is_stated_as_1(stated):
    summary = _summary(0.2, sizes=("10k", "33k", "100k"))
    for (_, group, _), values in summary.gathered.values.items():
        accuracy = values["accuracy"]
        values["mean_confidence"] = np.full_like(accuracy, stated if group == "opd" else 0.8)
        values["overconfidence_gap"] = values["mean_confidence"] - accuracy
    claim = {**CLAIM, "slope": "opd", "metric": "overconfidence_gap"}
    del claim["of"]
    slopes = {"groups": ["base", "opd"], "metrics": ["overconfidence_gap"]}
    fields = {**FIELDS, "claims": [claim], "slopes": slopes}
    summary = Summary(summary.gathered, Analysis.model_validate(fields))
    page = "\n".join([*render_claims(summary), *render_numbers([*summary.numbers()], summary)])
    slope = summary.slope("opd", "accuracy").limits.estimate
    said = f"are 1 − accuracy: this slope is minus that of accuracy ({slope:+.3f})."
    assert (said in page) == (stated > 0.999)
    assert ("Mean confidence under opd is 1.000 at every size" in page) == (stated > 0.999)


def test_it_is_said_at_how_many_sizes_a_claim_holds_fails_and_is_open():
    claim = Claim(id="a", says="so", of=["opd"], metric="accuracy", expect="above 0")
    analysis = Analysis.model_validate(FIELDS)
    for verdicts, start in (
        (["holds"] * 6, "- **Holds** at all 6 sizes: so."),
        (["fails", *["holds"] * 5], "- **Fails** (holds at 5, fails at 1 of 6 sizes): so."),
        (["open", *["holds"] * 5], "- **Open** (holds at 5, open at 1 of 6 sizes): so."),
        (["holds"], "- **Holds**: so."),
    ):
        judged = _judged(*verdicts) if len(verdicts) > 1 else [Judged("", 0.1, 0, 0.2, "holds")]
        assert say_claim(claim, judged, analysis, missing=0).startswith(start)


def test_a_claim_does_not_hold_by_the_runs_that_are_left():
    """One run of nine is undefined: whatever the others say, the claim is open."""
    claim = Claim(id="a", says="so", of=["opd"], metric="accuracy", expect="above 0")
    summary = _summary(0.2, sizes=("10k",))
    assert overall(summary.judge(claim)) == "holds"
    summary.gathered.values["10k", "opd", "greedy"]["accuracy"][1, 2] = np.nan
    (judged,) = summary.judge(claim)
    assert judged.verdict == "open"
    line = say_claim(claim, [judged], summary.analysis, missing=0)
    assert "(defined in 8 of 9 runs)" in line
    summary.gathered.values["10k", "opd", "greedy"]["accuracy"][:] = np.nan
    assert summary.judge(claim) == []


def test_a_size_at_which_nothing_is_defined_keeps_a_claim_open():
    claim = Claim(id="a", says="so", of=["opd"], metric="accuracy", expect="above 0")
    summary = _summary(0.2)
    summary.gathered.values["10k", "opd", "greedy"]["accuracy"][:] = np.nan
    judged = summary.judge(claim)
    assert overall(judged) == "open"
    assert "undefined" in say_claim(claim, judged, summary.analysis, missing=0)


def test_what_few_readable_answers_state_is_judged_by_nobody():
    ece = Claim(id="a", says="so", of=["opd", "base"], metric="ece", expect="below 0")
    accuracy = Claim(id="b", says="so", of=["opd", "base"], metric="accuracy", expect="above 0")
    summary = _summary(0.2)
    assert overall(summary.judge(ece)) == "holds"
    summary.gathered.values["33k", "opd", "greedy"]["parse_rate"][:] = 0.5
    assert [one.verdict for one in summary.judge(ece)] == ["holds", "open"]
    assert summary.judge(ece)[1].unsure == "50% of opd's answers could be read"
    assert overall(summary.judge(accuracy)) == "holds"  # of all answers, read or not


def test_a_slope_is_judged_from_three_sizes_on():
    claim = Claim(id="a", says="so", slope="opd", metric="accuracy", expect="within 0.05")
    assert _summary(0.2).judge(claim) == []
    summary = _summary(0.2, sizes=("10k", "33k", "100k"))
    (judged,) = summary.judge(claim)
    assert judged.verdict == "holds"
    at, off = summary.misfit("opd", "accuracy")
    observed = [summary.replicates(p, "opd", "accuracy")[0] for p in summary.places]
    sizes = np.log10([1e4, 3.3e4, 1e5])
    slope, cut = np.polyfit(sizes, observed, 1)
    assert judged.estimate == pytest.approx(slope)
    residuals = observed - (cut + slope * sizes)
    farthest = int(np.argmax(abs(residuals)))
    assert summary.places[farthest] == at
    assert off == pytest.approx(residuals[farthest])


def test_limits_do_not_depend_on_which_sizes_are_there():
    summary = _summary(0.2)
    both = summary.level("33k", "opd", "accuracy").limits
    del summary.gathered.parameters["10k"]
    alone = Summary(summary.gathered, summary.analysis)
    assert alone.places == ["33k"]
    assert alone.level("33k", "opd", "accuracy").limits == both


def test_limits_lie_within_what_is_possible():
    summary = _summary(0.2, sizes=("10k",))
    values = summary.gathered.values["10k", "opd", "greedy"]["accuracy"]
    values[:] = 0.0
    values[0] = 0.02
    limits = summary.level("10k", "opd", "accuracy").limits
    assert limits.low == 0.0
    assert limits.low_bootstrap >= 0.0
    values[1] = 1.0
    limits = summary.contrast("10k", "opd", "base", "accuracy").limits
    assert (limits.low, limits.high) == (-1.0, 1.0)


def test_claims_are_at_places_that_there_are(tmp_path):
    sweep = _sweep(tmp_path, [{"size": ["10k", "33k"], "method": ["base", "opd"]}])
    for changes, said in (
        ({"claims": [{**CLAIM, "at": ["10K"]}]}, "no cell is at '10K'"),
        ({"task": "caopd_math_hard"}, "not among evaluate.tasks"),
        ({"views": {"a": {"task": "caopd_math_hard"}}}, "not among evaluate.tasks"),
        ({"views": {"a": {"column": "expected"}}}, "needs evaluate.expectation"),
    ):
        (tmp_path / "analysis.yaml").write_text(yaml.safe_dump({**FIELDS, **changes}))
        with pytest.raises(UsageError, match=said):
            find_analysis(sweep)


def test_differences_are_of_the_same_bases():
    summary = _summary(0.1)
    summary.gathered.bases["10k", "opd"] = (1, 2, 3)
    with pytest.raises(UsageError, match="other base seeds"):
        summary.contrast("10k", "opd", "base", "accuracy")


def test_a_base_that_is_undefined_under_one_method_counts_for_neither():
    summary = _summary(0.1)
    values = summary.gathered.values["10k", "opd", "greedy"]["accuracy"]
    expected = values[1:, :, 0].mean(1)
    base = summary.gathered.values["10k", "base", "greedy"]["accuracy"][1:, 0, 0]
    values[0] = np.nan
    number = summary.contrast("10k", "opd", "base", "accuracy")
    assert number.limits.estimate == pytest.approx((expected - base).mean())
    assert number.defined == 6


def _sweep(tmp_path, cells):
    file = tmp_path / "sweep.yaml"
    fields = {"evaluate": {"tasks": ["caopd_arith_conf"]}, "cells": cells}
    file.write_text(yaml.safe_dump(fields), encoding="utf-8")
    return read_sweep(file)


@pytest.mark.parametrize(
    ("cells", "across", "said"),
    [
        ([{"size": "10k", "method": ["opd", "caopd"], "label": "x"}], "size", "are the same group"),
        ([{"size": ["10k", "33k"], "method": "opd"}], None, "across: size"),
        (
            [
                {"size": "10k", "method": "opd", "seed": [0, 1]},
                {"size": "10k", "base_seed": 1, "method": "opd", "seed": [0]},
            ],
            "size",
            "not the same training seeds",
        ),
    ],
)
def test_cells_that_would_be_mixed_up_are_refused(tmp_path, cells, across, said):
    analysis = Analysis.model_validate({**FIELDS, "across": across})
    with pytest.raises(UsageError, match=said):
        sort_cells(_sweep(tmp_path, cells), analysis)


def test_cells_are_sorted_by_seed_whatever_the_file_says(tmp_path):
    cells = [{"size": "10k", "base_seed": [2, 0, 1], "method": "opd", "seed": [1, 0]}]
    analysis = Analysis.model_validate(FIELDS)
    found = sort_cells(_sweep(tmp_path, cells), analysis)["10k", "opd"]
    assert [[(c.base.seed, c.seed) for c in seeds] for seeds in found] == [
        [(base, seed) for seed in (0, 1)] for base in (0, 1, 2)
    ]
