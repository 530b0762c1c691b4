"""The numbers in the words of reference_runs/README.md are those of the studies' summaries."""

import re
from pathlib import Path

import pytest

RUNS = Path(__file__).parents[2] / "reference_runs"
PAGE = " ".join((RUNS / "README.md").read_text(encoding="utf-8").split())
SIZES = ("10k", "33k", "67k", "114k", "245k", "622k")
EXPECTED, LONG = "caopd steps=640 @ expectation", "caopd steps=640"
SHOWN, EQUAL = "opd demonstration_confidence", "scaling-equal-tokens"
WARM = "smollm2-three-bases"
#: A phrase with one number in braces, and the level that it is: folder, size, series, metric.
EVIDENCE = [
    *(("Shown 1.00 it states {1.000} at every size", "scaling-law", size, "opd", "mean_confidence")
      for size in SIZES),
    ("shown 0.50 it states {0.500};", "demonstration", "", f"{SHOWN}=0.50", "mean_confidence"),
    ("shown no number, {1.000} if", "demonstration", "", f"{SHOWN}=none", "mean_confidence"),
    ("always sure and {0.960} if", "demonstration", "", f"grading {SHOWN}=none", "mean_confidence"),
    ("in accuracy ({0.454} to", "scaling-law", "10k", "base", "accuracy"),
    ("accuracy (0.454 to {0.479})", "scaling-law", "67k", "base", "accuracy"),
    *(("are right it is {0.500} at every size", EQUAL, size, "opd", "matched_gap")
      for size in ("10k", "33k", "67k", "114k", "329k")),
    ("hardly moves ({0.403} at 10k", EQUAL, "10k", "base", "matched_gap"),
    ("at 10k, {0.376} at 329k", EQUAL, "329k", "base", "matched_gap"),
    ("Brier score {0.114} for OPD's", "scaling-law", "67k", "caopd", "brier"),
    ("for OPD's {0.289} at 67k", "scaling-law", "67k", "opd", "brier"),
    ("at 67k, {0.091} for", "scaling-law", "622k", "caopd", "brier"),
    ("0.091 for {0.316} at 622k", "scaling-law", "622k", "opd", "brier"),
    ("({0.095} for 0.114)", "scaling-law", "67k", "caopd @ level", "brier"),
    ("(0.095 for {0.114})", "scaling-law", "67k", "caopd", "brier"),
    ("its AUROC is {0.512}.", "scaling-law", "67k", "caopd", "auroc_within_level"),
    ("its number has {0.849} within", "question-or-level", "", EXPECTED, "auroc_within_level"),
    ("other bases predict ({0.739})", "question-or-level", "", f"{LONG} @ other_bases",
     "auroc_within_level"),
    ("a Brier score of {0.044}, below", "question-or-level", "", EXPECTED, "brier"),
    ("the constant's {0.069}.", "question-or-level", "", f"{LONG} @ level", "brier"),
    ("does as well: Brier score {0.114} at", "scaling-law", "67k", "sft-mu", "brier"),
    ("at 67k, and {0.836} within", "question-or-level", "", "sft-mu steps=640 @ expectation",
     "auroc_within_level"),
    ("OPD a Brier score of {0.203} and", "read-out", "", "opd @ isotonic", "brier"),
    ("and the base {0.156}, where", "read-out", "", "base @ isotonic", "brier"),
    ("where CaOPD has {0.113}", "read-out", "", "caopd @ second half", "brier"),
    ("constant for each level {0.097}", "read-out", "", "caopd @ level", "brier"),
    ("shown 1.00 states {0.998}, and", WARM, "", "opd", "mean_confidence"),
    ("and {0.760} if it is shown", WARM, "", f"{SHOWN}=none", "mean_confidence"),
    ("started from {0.410}; a", WARM, "", "base @ expectation", "auroc_within_level"),
    ("within a level of {0.621} [", WARM, "", "caopd @ expectation", "auroc_within_level"),
    ("score all the same ({0.129} for", WARM, "", "caopd @ level", "brier"),
    ("(0.129 for {0.287};", WARM, "", "caopd @ expectation", "brier"),
    ("CaOPD states {.75} on products", "out-of-domain", "", "caopd families=sum @ products",
     "mean_confidence"),
    ("is right at {.16}", "out-of-domain", "", "caopd families=sum @ products", "accuracy"),
]  # fmt: skip


@pytest.mark.parametrize(("phrase", "folder", "size", "series", "metric"), EVIDENCE)
def test_a_number_of_the_front_page_is_that_of_the_summary(
    check_phrase, phrase, folder, size, series, metric
):
    check_phrase(PAGE, phrase, folder, size, series, metric)


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ("scaling-law", "its slope, {0:.3f} [{1:+.3f}, {2:+.3f}], tells nothing"),
        (EQUAL, "falls by {3:.3f} [{5:.3f}, {4:.3f}] for a factor of ten: minus the slope of its"),
    ],
)
def test_the_slope_of_the_gap_is_minus_that_of_accuracy(summary, study, words):
    slopes = {
        row["metric"]: row
        for row in summary(study)
        if row["kind"] == "slope" and row["series"] == "opd"
    }
    gap, accuracy = slopes["overconfidence_gap"], slopes["accuracy"]
    values = [float(gap[name]) for name in ("estimate", "low", "high")]
    assert words.format(*values, *(-value for value in values)) in PAGE
    assert values[0] == pytest.approx(-float(accuracy["estimate"]), abs=1e-5)


def test_runs_that_cannot_be_matched_are_counted(summary):
    """The claim is open because of them."""
    runs = {row["at"]: row for row in summary(EQUAL)
            if (row["kind"], row["series"], row["metric"], row["versus"])
            == ("level", "opd", "matched_gap", "")}  # fmt: skip
    bases = sum(int(row["bases"]) for row in runs.values())
    missing = bases - sum(int(row["defined"]) for row in runs.values())
    assert (missing, bases) == (4, 30)
    assert "four runs of 30 cannot be matched" in PAGE


def test_the_real_model_has_the_numbers_of_its_page():
    page = (RUNS / "smollm2-train" / "README.md").read_text(encoding="utf-8")
    found = re.search(
        r"OPD states ([\d.]+) at an accuracy of ([\d.]+)\. CaOPD, read greedily, states ([\d.]+) "
        r"at ([\d.]+) \(ECE ([\d.]+); OPD ([\d.]+)\)\. The expectation of the same number has an "
        r"ECE of ([\d.]+) and an AUROC of ([\d.]+):",
        PAGE,
    )
    states, right, greedy, as_right, ece, other, expected, auroc = found.groups()
    assert re.search(rf"mean stated confidence .* \*\*{states}\*\* \| \*\*{greedy[1:]}\*\*", page)
    assert re.search(rf"accuracy .*\| {right[1:]} .*\| {as_right[1:]} \[", page)
    assert re.search(rf"ECE .*\| {other[1:]} \| {ece[1:]} \|", page)
    assert f"ECE\nof **{expected[1:]}**" in page or f"ECE of **{expected[1:]}**" in page
    assert f"AUROC of {auroc[1:]}" in page


def test_the_verdicts_are_those_of_the_claims(summary):
    """Of the table of the paper's claims, what a study decides by itself."""
    claims = (RUNS / "scaling-law" / "README.md").read_text(encoding="utf-8")
    assert re.search(r"\*\*Open\*\* \(holds at 5, open at 1 of 6 sizes\): OPD raises acc", claims)
    assert "**Holds** at all 6 sizes: under OPD the mean stated confidence is above .97" in claims
    assert "**Holds** at all 6 sizes: CaOPD lowers the ECE of OPD" in claims
    assert "**Open** at all 6 sizes: CaOPD's gap is within .05 of zero" in claims
    assert re.search(r"\(holds at 3, open at 3 of 6 sizes\): CaOPD costs less than three", claims)
    briers = {
        row["at"]: float(row["high"])
        for row in summary("scaling-law")
        if (row["kind"], row["unit"], row["series"], row["versus"], row["metric"])
        == ("contrast", "method", "caopd", "opd", "brier")
    }
    assert [at for at in SIZES if briers[at] < 0] == [*SIZES[1:]]


def test_what_is_found_fits_two_screens():
    page = (RUNS / "README.md").read_text(encoding="utf-8")
    assert len(page.partition("## The scaling law of miscalibration")[0].splitlines()) <= 70
