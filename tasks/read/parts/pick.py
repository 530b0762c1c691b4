"""Choose, of all statements, the answer and the confidence that count."""

from operator import attrgetter

from caopd_bench.tasks.read.calls.find import find_calls, render_calls
from caopd_bench.tasks.read.confidence import read_confidence
from caopd_bench.tasks.read.labels import Kind
from caopd_bench.tasks.read.parts.statement import Statement


def pick_pair(statements: list[Statement], scale: int | None) -> tuple[str | None, str | None]:
    """Return the texts of the answer and of the confidence that count."""
    answers = _strongest(statements, "answer")
    confidences = _strongest(statements, "confidence")
    if not answers or not confidences:
        return (
            answers[-1].text if answers else None,
            confidences[-1].text if confidences else None,
        )
    first, last = answers[0].start, confidences[-1].start
    if any(read_confidence(c.text, scale=scale).value is not None for c in confidences):
        if confidences[0].start < first and answers[-1].start > last:  # the confidence comes first
            answers = [next(a for a in answers if a.start > last)]
        elif confidences[0].start > first:
            answers = [a for a in answers if a.start < last]
    return answers[-1].text, confidences[-1].text


def pick_calls(visible: str, statements: list[Statement]) -> tuple[str | None, str | None]:
    """Return the calls and the confidence that counts."""
    calls = find_calls(visible)
    confidences = _strongest(statements, "confidence")
    return render_calls(calls) if calls else None, confidences[-1].text if confidences else None


def is_complete(
    statements: list[Statement],
    answer: str | None,
    confidence: str | None,
    calls: bool,
    scale: int | None,
) -> bool:
    """Return whether a final pair was stated before thinking that never ends."""
    strong = {s.kind for s in statements if s.strong}
    return (
        answer is not None
        and "confidence" in strong
        and (calls or "answer" in strong)
        and read_confidence(confidence or "", scale=scale).value is not None
    )


def is_usable(confidence: Statement, scale: int | None) -> bool:
    """Return whether a confidence is in a final line, or readable."""
    return confidence.strong or read_confidence(confidence.text, scale=scale).value is not None


def _strongest(statements: list[Statement], kind: Kind) -> list[Statement]:
    """Return the statements of one kind that are in the strongest form, in order."""
    found = [s for s in statements if s.kind == kind]
    found.sort(key=attrgetter("start"))
    return [s for s in found if s.strong] or found
