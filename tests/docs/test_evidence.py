"""The measured numbers in docs/method.md are those of the reference runs' summaries."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = " ".join((ROOT / "docs" / "method.md").read_text(encoding="utf-8").split())
CAOPD = "caopd"
SUMS, PRODUCTS = "caopd families=sum @ products", "caopd families=product @ products"
#: A phrase with one number in braces, and the level that it is: folder, size, series, metric.
EVIDENCE = [
    ("from a base that states {.86} on average", "kl-direction", "", "base", "mean_confidence"),
    ("a mean of {.94} (reverse", "kl-direction", "", "caopd divergence=reverse", "mean_confidence"),
    ("(reverse; ECE {.23}", "kl-direction", "", "caopd divergence=reverse", "ece"),
    ("ECE .23, AUROC {.72})", "kl-direction", "", "caopd divergence=reverse", "auroc"),
    ("and {.97} (JSD", "kl-direction", "", "caopd divergence=jsd", "mean_confidence"),
    ("(JSD; ECE {.26})", "kl-direction", "", "caopd divergence=jsd", "ece"),
    ("where forward gives {.68}", "kl-direction", "", CAOPD, "mean_confidence"),
    ("gives .68 (ECE {.11}", "kl-direction", "", CAOPD, "ece"),
    ("(ECE .11, AUROC {.88})", "kl-direction", "", CAOPD, "auroc"),
    ("(ECE {.12} for .11)", "verifier-free", "", "caopd estimate=leave_one_out", "ece"),
    ("(ECE .12 for {.11})", "verifier-free", "", CAOPD, "ece"),
    ("as well here (ECE {.07})", "verifier-free", "", "caopd target_from=agreement", "ece"),
    ("has the lowest ECE ({.06})", "verifier-free", "", "caopd estimate=beta", "ece"),
    ("(AUROC {.79}, Brier", "verifier-free", "", "caopd estimate=beta", "auroc"),
    ("Brier score {.14} for .12)", "verifier-free", "", "caopd estimate=beta", "brier"),
    ("Brier score .14 for {.12})", "verifier-free", "", CAOPD, "brier"),
    ("(Brier {.04} and .03;", "recalibration", "", "opd families=sum @ sums recalibrated", "brier"),
    ("(Brier .04 and {.03};", "recalibration", "", "caopd families=sum", "brier"),
    ("than either ({.12}; CaOPD", "recalibration", "", "base @ products recalibrated", "brier"),
    ("CaOPD {.48}, OPD", "recalibration", "", "caopd families=sum @ products", "brier"),
    ("OPD with its map {.77})", "recalibration", "", "opd families=sum @ products recalibrated",
     "brier"),
    ("{.75} (K = 1)", "k-ablation", "", "caopd k=1 prompts_per_step=256", "accuracy"),
    ("{.70} (K = 8)", "k-ablation", "", CAOPD, "accuracy"),
    ("{.64} (K = 32)", "k-ablation", "", "caopd k=32 prompts_per_step=8", "accuracy"),
    ("is {.10} for K = 1, 2", "k-ablation", "", "caopd k=1 prompts_per_step=256", "brier"),
    ("is {.10} for K = 1, 2", "k-ablation", "", "caopd k=2 prompts_per_step=128", "brier"),
    ("is {.10} for K = 1, 2", "k-ablation", "", "caopd k=4 prompts_per_step=64", "brier"),
    ("{.12} for 8 and", "k-ablation", "", CAOPD, "brier"),
    ("and {.29} for 32", "k-ablation", "", "caopd k=32 prompts_per_step=8", "brier"),
    ("(ECE {.11} and .12 for .11", "replacement", "", "caopd replace=note", "ece"),
    ("(ECE .11 and {.12} for .11", "replacement", "", "caopd replace=demonstration", "ece"),
    ("(ECE .11 and .12 for {.11}", "replacement", "", CAOPD, "ece"),
    ("states {.89} (ECE", "teacher-average", "622k", "caopd teacher_ema=0.05", "mean_confidence"),
    ("(ECE {.24}, AUROC", "teacher-average", "622k", "caopd teacher_ema=0.05", "ece"),
    ("AUROC {.64}; frozen", "teacher-average", "622k", "caopd teacher_ema=0.05", "auroc"),
    ("frozen {.67}, .08", "teacher-average", "622k", CAOPD, "mean_confidence"),
    ("frozen .67, {.08}", "teacher-average", "622k", CAOPD, "ece"),
    (".08 and {.92})", "teacher-average", "622k", CAOPD, "auroc"),
    ("{.50} if it says", "demonstration", "", "opd demonstration_confidence=0.50",
     "mean_confidence"),
    ("still is {.96} on", "demonstration", "", "grading opd demonstration_confidence=none",
     "mean_confidence"),
    ("(accuracy {.15} and", "demonstration", "", "caopd demonstration_confidence=none",
     "accuracy"),
    (".15 and {.46})", "demonstration", "", "grading caopd demonstration_confidence=none",
     "accuracy"),
    ("CaOPD states {.75} on", "out-of-domain", "", SUMS, "mean_confidence"),
    ("it does {.16} (ECE", "out-of-domain", "", SUMS, "accuracy"),
    ("(ECE {.59}; OPD's", "out-of-domain", "", SUMS, "ece"),
    ("OPD's {.57})", "out-of-domain", "", "opd families=sum @ products", "ece"),
    ("CaOPD does {.26} of them", "out-of-domain", "", PRODUCTS, "accuracy"),
    ("and states {.00} (AUROC", "out-of-domain", "", PRODUCTS, "mean_confidence"),
    ("(AUROC {.52}); read", "out-of-domain", "", PRODUCTS, "auroc"),
    ("({.62} for .56 at 10k", "scaling-law", "10k", "sft", "accuracy"),
    (".62 for {.56} at 10k", "scaling-law", "10k", "opd", "accuracy"),
    ("{.68} for .68 at 622k", "scaling-law", "622k", "sft", "accuracy"),
    (".68 for {.68} at 622k", "scaling-law", "622k", "opd", "accuracy"),
]  # fmt: skip


@pytest.mark.parametrize(("phrase", "folder", "size", "series", "metric"), EVIDENCE)
def test_a_number_of_the_method_page_is_that_of_the_summary(
    check_phrase, phrase, folder, size, series, metric
):
    check_phrase(TEXT, phrase, folder, size, series, metric)
