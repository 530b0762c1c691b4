"""The page's glossary, which explains its terms (the report section of docs/glossary.md)."""

from __future__ import annotations

from caopd_bench.report.build import Report
from caopd_bench.report.standings import FITS

__all__ = ["render_glossary"]

MEANINGS = {
    "Small print, brackets": "the LEVEL interval of the number above or before, for the choice of "
    "questions. The CSV names the method of each.",
    "Brier skill": "1 - Brier score / (accuracy x (1 - accuracy)), over all answers. 0 is what a "
    "run earns by stating its own accuracy every time, 1 is perfect, and below 0 that constant "
    "would be better. An answer without a usable confidence counts as a loss of 1, the worst it "
    "could have been. It is not computed with fewer than five right or five wrong answers. A run "
    "can raise its skill by answering wrong where it is unsure and stating 0 there, so read it "
    "with the accuracy beside it.",
    "Order": "by Brier skill, with two exceptions, marked <b>moved down</b>. A run is listed below "
    "every significantly more accurate run whose confidence is sound: a skill significantly above "
    f"0, and a mean confidence that equals its accuracy within chance or within {FITS:g}. And a "
    "run whose confidence is not shown to separate right from wrong answers (AUROC, with missing "
    "confidences at their worst) is listed below the runs whose confidence is.",
    "Group": "runs that share a letter do not differ significantly in Brier skill: paired tests "
    "on the same answers, with p-values adjusted by Holm's method, because many pairs are tested. "
    "There are no ranks, because neighbours mostly do not differ significantly.",
    "Accuracy": "share of right answers. It counts every answer, also those without a usable "
    "confidence.",
    "ECE": "expected calibration error: mean distance between stated confidence and accuracy, in "
    "ten bins of equal width. &ldquo;If calibrated&rdquo; is the ECE that a perfectly calibrated "
    "model would show on as many answers: it shrinks with more answers, and is 0 only for a model "
    "that states nothing but 0 and 1. A low ECE alone does not make a confidence useful: a run "
    "that always states its own accuracy has 0 as well.",
    "Overconfidence gap": "mean stated confidence minus accuracy. Above 0 the run is "
    "overconfident.",
    "Stated when wrong": "mean confidence of the wrong answers.",
    "AUROC": "probability that a right answer has a higher confidence than a wrong one. Ties count "
    "half; .5 is chance. <b>Within level</b> it compares only answers to questions of the same "
    "level.",
    "Parse rate": "share of the answers with a usable confidence. All other numbers describe only "
    "these answers, except Brier skill, accuracy and the certified shares.",
    "Brier score": "mean squared difference between stated confidence and outcome (1 right, 0 "
    "wrong), over the answers that state one; low is good. Do not compare runs by it: it also "
    "falls when wrong answers become right above an accuracy of one half, and when right answers "
    "become wrong below it. A run that is always wrong and always states 0 scores 0.",
    "MCB, DSC, UNC": "the parts of Brier score = MCB - DSC + UNC. MCB, miscalibration: how much "
    "it would fall if every stated value were replaced by the accuracy found there; 0 is perfect. "
    "DSC, discrimination: how much lower it is because right answers get a higher confidence than "
    "wrong ones. UNC, uncertainty: accuracy x (1 - accuracy), the Brier score of always stating "
    "the own accuracy.",
    "Isotonic fit": "the accuracy as a function of the confidence that never falls, fitted to the "
    "answers; MCB and DSC are computed from it.",
    "SPR": "strict pairwise ranking: AUROC with ties counted as failures. A run that always "
    "states the same value has 0.",
    "Worst case": "the lowest and highest value that a number could take, whatever the answers "
    "without a usable confidence had stated.",
}


def _reword(term: str, *changes: tuple[str, str]) -> str:
    """Return a meaning with phrases replaced; a phrase that it does not contain is an error."""
    text = MEANINGS[term]
    for old, new in changes:
        if old not in text:
            raise ValueError(f"glossary: {term!r} does not contain {old!r}")
        text = text.replace(old, new)
    return text


#: Meanings if the confidence of all or some runs is the probability of an option.
IF_NOT_STATED = {
    "Brier skill": _reword(
        "Brier skill",
        ("stating its own accuracy", "giving its own accuracy"),
        ("stating 0 there", "giving 0 there"),
    ),
    "MCB, DSC, UNC": _reword(
        "MCB, DSC, UNC",
        ("stated value", "confidence"),
        ("always stating the own", "always giving the own"),
    ),
    "Brier score": _reword(
        "Brier score",
        ("stated confidence", "confidence"),
        ("that state one", "that have one"),
        ("always states 0", "always has a confidence of 0"),
    ),
    "ECE": _reword(
        "ECE",
        ("stated confidence", "confidence"),
        ("that states nothing but 0 and 1", "whose confidence is only 0 or 1"),
        ("a run that always states its own accuracy", "a constant equal to the accuracy"),
    ),
    "Overconfidence gap": _reword("Overconfidence gap", ("stated ", "")),
    "SPR": _reword("SPR", ("always states the same value", "is always equally sure")),
    "Worst case": _reword("Worst case", ("had stated", "had")),
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
    """Return the list of terms as markup."""
    meanings = dict(MEANINGS)
    if not report.wording().is_stated:
        meanings |= IF_NOT_STATED
        meanings = {
            term.replace("Stated when wrong", "Confidence when wrong"): meaning
            for term, meaning in meanings.items()
        }
        meanings |= OF_VECTORS if report.has_vectors else {}
    listed = "".join(f"<dt><b>{term}</b></dt><dd>{text}</dd>" for term, text in meanings.items())
    return f"<dl>{listed}</dl>".replace("LEVEL", f"{100 * report.level:g}&nbsp;%")
