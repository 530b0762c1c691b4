"""The words of the page, explained on the page: the glossary of the report (docs/glossary.md)."""

from __future__ import annotations

from caopd_bench.report.build import Report
from caopd_bench.report.standings import FITS

__all__ = ["render_glossary"]

MEANINGS = {
    "Brier skill": "1 - Brier score / (accuracy x (1 - accuracy)), over all answers. 0 is what a "
    "model earns by stating its own accuracy every time, 1 is perfect, and below 0 that constant "
    "would be better. An answer without a usable confidence counts as a loss of 1, the worst it "
    "could have been. With fewer than five right or five wrong answers there is no skill. A model "
    "can raise its skill by answering wrong where it is unsure and stating 0 there, so read it "
    "with the accuracy beside it.",
    "Order": "by Brier skill, with two exceptions, marked <b>moved down</b>. A run stands below "
    "every significantly more accurate run whose confidence holds: a skill significantly above 0, "
    f"and a mean confidence that equals its accuracy within chance or within {FITS:g}. And a run "
    "whose confidence is not shown to separate right from wrong answers (AUROC, with missing "
    "confidences at their worst) stands below the runs whose confidence is. <b>Less accurate</b> "
    "marks a run that stands above a significantly more accurate one.",
    "Group": "runs that share a letter do not differ significantly in Brier skill: paired tests "
    "on the same answers, adjusted by Holm for all pairs of the task. There are no ranks, because "
    "neighbours mostly do not differ significantly.",
    "Accuracy": "share of right answers. It counts every answer, also those without a usable "
    "confidence.",
    "Brier score": "mean squared difference between stated confidence and outcome, over the "
    "answers that state one. Do not compare models by it: it falls when the confidence improves, "
    "but also when wrong answers become right above an accuracy of one half, and when right "
    "answers become wrong below it. A model that is always wrong and always states 0 scores 0.",
    "DSC": "discrimination: how much the Brier score gains because right answers have a higher "
    "confidence than wrong ones (CORP decomposition). Higher is better at the same accuracy.",
    "MCB, UNC": "the other parts of Brier = MCB - DSC + UNC. Miscalibration is how much a map of "
    "the confidences could lower the Brier score; uncertainty depends on the accuracy alone.",
    "ECE": "mean distance between stated confidence and accuracy, in ten bins. The value below it "
    "is what a perfectly calibrated model would show on as many answers; it is never 0.",
    "Overconfidence gap": "mean stated confidence minus accuracy. Above 0 the model is "
    "overconfident.",
    "AUROC": "probability that a right answer has a higher confidence than a wrong one. Ties count "
    "half; .5 is chance.",
    "SPR": "strict pairwise ranking: AUROC with ties counted as failures. A model that always "
    "states the same value has 0.",
    "Stated when wrong": "mean confidence of the wrong answers.",
    "Parse rate": "share of the answers with a usable confidence. All other numbers describe only "
    "these answers, except Brier skill, accuracy and the certified cuts.",
    "Worst case": "the lowest and highest value that a number could take, whatever the answers "
    "without a usable confidence had stated.",
}
#: The same where the confidence, or that of some runs, is the probability of an option.
IF_NOT_STATED = {
    "Brier skill": MEANINGS["Brier skill"]
    .replace("stating its own accuracy", "giving its own accuracy")
    .replace("stating 0 there", "giving 0 there"),
    "Brier score": MEANINGS["Brier score"]
    .replace("stated confidence", "confidence")
    .replace("that state one", "that have one")
    .replace("always states 0", "always has a confidence of 0"),
    "ECE": MEANINGS["ECE"].replace("stated confidence", "confidence"),
    "Overconfidence gap": MEANINGS["Overconfidence gap"].replace("stated ", ""),
    "SPR": MEANINGS["SPR"].replace("always states the same value", "is always equally sure"),
    "Worst case": MEANINGS["Worst case"].replace("had stated", "had"),
}
OF_VECTORS = {
    "Brier, all options": "squared errors of the probabilities of all options of a question, "
    "summed, and averaged over the questions: 0 to 2. A model that gives each of four options the "
    "same probability scores .75.",
    "ECE by option": "the ECE of the probability of each option, chosen or not, averaged over the "
    "options. It shows whether the model prefers an option (a letter), not whether it knows the "
    "answer. Noise alone raises it above 0.",
}


def render_glossary(report: Report) -> str:
    """Return the list of words as markup."""
    meanings = dict(MEANINGS)
    if not report.wording().is_stated:
        meanings |= IF_NOT_STATED
        meanings = {
            term.replace("Stated when wrong", "Confidence when wrong"): meaning
            for term, meaning in meanings.items()
        }
        meanings |= OF_VECTORS if report.has_vectors else {}
    listed = "".join(f"<dt><b>{term}</b></dt><dd>{text}</dd>" for term, text in meanings.items())
    return f"<dl>{listed}</dl>"
