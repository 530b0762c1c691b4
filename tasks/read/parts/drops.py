"""Drop statements that do not count: examples, quotations, and answers that are denied."""

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
    final = finals[-1].text
    quoted: set[int] = set()
    judged = -1
    for s in objects:
        start, end = s.start, s.end
        if end == judged:
            continue  # the confidence in an object that was judged by its answer
        judged = end
        before = text[max(0, start - 80) : start].rpartition("\n")[2].rstrip(" {[*_`\"'(")
        if not before or before[-1] in ":=>" or not _has_word(before):
            continue
        same = end in answers and is_same(answers[end], final)
        if not same or _has_word(text[end : end + 80].partition("\n")[0]):
            quoted.add(end)
    return [s for s in statements if s.label != "{}" or s.end not in quoted]


def _has_word(text: str) -> bool:
    return any(map(str.isalpha, text))


def drop_examples(statements: list[Statement]) -> list[Statement]:
    """Return the statements without those of an object after which another answer stands."""
    last = paired = -1
    text = ""
    found = False
    for s in statements:
        if s.label == "{}":
            found = True
        if s.kind == "confidence":
            paired = max(paired, s.start)
        elif s.start > last:
            last, text = s.start, s.text
    if not found or last < 0:
        return statements
    # If the last answer has no confidence of its own, objects up to the last confidence count.
    paired = paired if paired < last else 0
    examples = {
        s.end
        for s in statements
        if s.label == "{}" and s.kind == "answer" and paired < s.end <= last
        if s.text != text and not is_same(s.text, text)
    }
    return [s for s in statements if s.label != "{}" or s.end not in examples]


def drop_denials(statements: list[Statement]) -> list[Statement]:
    """Return the statements without "the answer is not D", if an answer is stated elsewhere."""
    denials = {s.start for s in statements if s.denying}
    if not denials:
        return statements
    answers = {s.start for s in statements if s.kind == "answer"}
    if not answers - denials:
        return statements
    return [s for s in statements if s.start not in denials]
