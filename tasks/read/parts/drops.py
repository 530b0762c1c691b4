"""Drop what was found and does not count: examples, quotations, and answers that are denied."""

from caopd_bench.tasks.read.parts.statement import Statement
from caopd_bench.tasks.read.repeats import is_same


def drop_quoted(statements: list[Statement], text: str) -> list[Statement]:
    """Return the statements without those of objects in a sentence, beside a final line.

    ``The API returns {"result": "ok", "confidence": 0.7} here.`` At the end of its line, one that
    states the answer of the final line may hold its confidence.
    """
    finals = [s for s in statements if s.kind == "answer" and s.strong and s.label != "{}"]
    objects = [s for s in statements if s.label == "{}"]
    if not finals or not objects:
        return statements
    answers = {s.end: s.text for s in objects if s.kind == "answer"}
    quoted: set[int] = set()
    for s in objects:
        before = text[max(0, s.start - 80) : s.start].rpartition("\n")[2].rstrip(" {[*_`\"'(")
        if not _has_word(before) or before[-1] in ":=>":
            continue
        after = text[s.end : s.end + 80].partition("\n")[0]
        same = s.end in answers and is_same(answers[s.end], finals[-1].text)
        if not same or _has_word(after):
            quoted.add(s.end)
    return [s for s in statements if s.label != "{}" or s.end not in quoted]


def _has_word(text: str) -> bool:
    return any(map(str.isalpha, text))


def drop_examples(statements: list[Statement]) -> list[Statement]:
    """Return the statements without those of an object after which another answer stands."""
    if not any(s.label == "{}" for s in statements):
        return statements
    last = max((s for s in statements if s.kind == "answer"), key=lambda s: s.start, default=None)
    if last is None:
        return statements
    # An answer counts no more once it has a confidence, unless it has one of its own.
    paired = max((s.start for s in statements if s.kind == "confidence"), default=0)
    paired = paired if paired < last.start else 0
    examples = {
        s.end
        for s in statements
        if s.label == "{}" and s.kind == "answer" and paired < s.end <= last.start
        if not is_same(s.text, last.text)
    }
    return [s for s in statements if s.label != "{}" or s.end not in examples]


def drop_denials(statements: list[Statement]) -> list[Statement]:
    """Return the statements without "the answer is not D", if an answer is stated elsewhere."""
    denials = {s.start for s in statements if s.denying}
    answers = {s.start for s in statements if s.kind == "answer"}
    if not denials or not answers - denials:
        return statements
    return [s for s in statements if s.start not in denials]
