"""Determine which option an answer chooses.

A choice is one letter in an unmistakable form: ``B``, ``(B)``, ``B.``, ``B: 12 apples``, ``option
B``, ``it's B``, or a sentence that names it: ``from this, the best answer is B) a tunnel``. Two
letters (``A or B``, ``A B``, a line for each) are not a choice.

If the texts of the options are known, the text of one chooses it as well (`options`). Then a letter
with the text of another option is not a choice, since the two contradict each other. A letter on
its own counts as a letter, even if another option's text is just that letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from caopd_bench.tasks.judge.options import (
    LETTERS,
    MAX_LENGTH,
    bare_letter,
    find_option,
    gold_letter,
)

__all__ = ["read_choice", "same_choice"]

# "It's C", "I think it must be C", "I'd say C": after these the letter must stand alone.
_IT = (
    r"(?P<it>(?:(?:so|thus|hence|therefore|well|then|clearly|definitely|certainly|probably"
    r"|I (?:think|believe|guess|choose|pick)|I(?:['’]m| am) (?:sure|certain|confident)"
    r"|I(?:['’]d| would) (?:say|choose|pick|go with))(?: that)?[,:]?\s{1,3}){0,4}"
    r"(?:(?:it|that|this)(?:['’]s| is| must be| has to be| should be| would be)(?![a-z])\s{0,3}"
    r"(?:(?:clearly|definitely|certainly|probably)\s{1,3})?)?)"
)
# Markup, bullets and words that may stand before the letter.
_MARKUP = r"[\s*_`\"'“”$(\[{<>\\#•]|[-–—+]\s|text(?:bf)?\{|boxed\{|mathrm\{"
_BEFORE = re.compile(
    rf"(?:{_MARKUP}){{0,6}}{_IT}(?:{_MARKUP}"
    r"|(?:(?:the |my )?(?:correct |right |best |final )?"
    r"(?:answer|option|choice|letter)s?(?: is)?(?![a-z]):?)"
    r"){0,12}",
    re.IGNORECASE,
)
# The b in <b>A</b> is a tag, not a letter.
_EMPHASIS = re.compile(r"<(b|i|u|p|em|strong)>([^<>]{1,400})</\1>", re.IGNORECASE)
_LETTER = re.compile(r"([A-Za-z])(?![A-Za-z0-9'’])")
# A second letter, as in "A or B", "A, C" and "both A and B". After ":" or "." the text of the
# option begins.
_SECOND = re.compile(
    r"[\s)\]}.*_]{0,6}(?:,|/|;|&|\+|\bor\b|\band\b)[\s*_(\[]{0,6}(?:option |choice )?"
    r"[A-Z](?![A-Za-z0-9])"
)
# Further letters and nothing else: "C D", "C. D.", "(C) (D)". From K on a letter may be a text,
# such as K for potassium.
_ALONE = re.compile(r"(?<![^\W_])[A-J](?![^\W_]|['’])")
_MORE = re.compile(
    r"(?:[\W_]{1,12}(?:(?:option|choice|letter|and|or) ){0,2}[A-J](?![^\W_]|['’])){1,12}[\W_]{0,12}"
)
# Follows the first option in a list: "C. a tunnel" and a line "D. a ferry", "C D are both right".
_LISTED = re.compile(
    r"[^\n]{0,400}\n\s{0,9}(?:[-*_(\[•]\s{0,3}){0,3}(?P<line>[A-J])"
    r"(?:[*_]{0,2}[).:\]]|[ \t*_]{0,3}(?:\n|$))"
    r"|[ \t](?P<word>[B-HJ])(?=[):,]|\s(?:are|both)\b)"
)
# A correction: "C! No, it is D."
_TAKEN_BACK = re.compile(
    r"[\s.,!;…–—-]{1,6}(?:no|wait|actually|sorry|correction|or rather|hmm+)\b[^\n]{0,80}?"
    r"(?<!\w)(?-i:[B-HJ](?![\w'’])|A(?=[.,;:!)]|$))",
    re.IGNORECASE,
)
_DELIMITER = re.compile(r"[\s\"'”*_`$]{0,4}(?:[).:;!…\]}>\-–—,=|\"]|\n|$)")
# Marks around a letter, as in "**B** a tunnel".
_CLOSED = {"*": "*", "_": "_", "`": "`", "$": "$", "'": "'", "“": "”"}
# Follows a letter that is rejected: "option B is wrong".
_REJECTED = re.compile(
    r"[\s)\]*_.:]{0,4}(?:(?:is|was|are|would be|seems|looks)\s+(?:clearly |also )?"
    r"(?:not|wrong|incorrect|false|unlikely|impossible)\b|(?:is|was|are|ca)n['’]t\b|cannot\b)",
    re.IGNORECASE,
)
_BARE = re.compile(r"[\W_]*[A-Za-z][\W_]*")
# Words before the option that a sentence chooses.
_CUE = re.compile(
    r"(?<![a-z])(?:answer|option|choice)(?![a-z])(?:\s{1,3}(?:to|for) (?:this|the) question)?"
    r"\s{0,3}(?::|(?:is|would be|should be|must be|has to be)(?![a-z])\s{0,3}:?)?\s{0,3}"
    r"|(?<![a-z])I(?:'d| would| will|'ll)? (?:choose|pick|select|go with)(?![a-z])\s{0,3}:?\s{0,3}",
    re.IGNORECASE,
)
MAX_CUES = 6
# Most clause ends that are tried for the text of one option: "J. S. Bach" contains two.
MAX_ENDS = 4
_CLAUSE_END = re.compile(r"[.!?;\n]\s|[.!?;]?$|,?\s(?:because|since|as|so|which)\s", re.IGNORECASE)
# Words that deny a choice: "I do not think that the answer is B", "option B is wrong".
_DENIED = re.compile(
    r"\b(?:not|never|neither|nor|cannot|wrong|incorrect|false|unlikely|except|eliminated?|excluded?"
    r"|ruled? out|rather than|instead of|if|unless|whether|might|could)\b|n['’]t\b",
    re.IGNORECASE,
)
_MARKS = " \t\n*_`\"'“”()[]{}.:-–—=|,>$"
# A letter after the text of its option: "a tunnel (D)", "a tunnel, option D".
_AFTER_TEXT = re.compile(
    r"(?P<text>.{1,400}?)\s{0,3}(?:[(\[]|,\s{0,3}(?=option|choice))(?:(?:option|choice) )?"
    r"(?P<letter>[A-Z])[)\]]?[\s*_.]{0,6}$",
    re.DOTALL | re.IGNORECASE,
)


def read_choice(text: str, options: Sequence[str] = ()) -> str | None:
    """Return the letter of the option that a text chooses, in upper case, or None.

    Parameters
    ----------
    text
        An answer.
    options
        The texts of the options in the order of their letters, if known.

    Examples
    --------
    >>> [read_choice(text) for text in ("B", "(b) 12 apples", "Option C.", "A or B", "A cat", "12")]
    ['B', 'B', 'C', None, None, None]
    >>> known = ["a bridge", "a tunnel"]
    >>> [read_choice(text, known) for text in ("The tunnel.", "B) a tunnel", "B) a bridge")]
    ['B', 'B', None]
    """
    text = _EMPHASIS.sub(r"**\2**", text[:MAX_LENGTH])
    at_start = _read_start(text, options)
    if at_start is not None:
        return at_start or None
    if options and (last := _AFTER_TEXT.fullmatch(text.strip())):
        letter = last["letter"].upper()
        if (found := find_option(last["text"], options)) is not None:
            return letter if LETTERS[found] == letter else None
    named = set(_read_sentences(text, options))
    return (named.pop() or None) if len(named) == 1 else None


def same_choice(answer: str | None, gold: str, options: Sequence[str] = ()) -> bool:
    """Return whether the answer chooses the gold option; see `verify`."""
    letter = gold_letter(gold, options) if options else bare_letter(gold)
    if letter is None:
        raise ValueError(f"the gold answer {gold!r:.80} is not one letter from A to Z")
    return answer is not None and read_choice(answer, options) == letter


def _read_start(text: str, options: Sequence[str]) -> str | None:
    """Read the choice at the beginning of a text; "" if contradictory, None if there is none."""
    letter, rest = _read_letter(text, options)
    if not options:
        return letter
    if letter and letter not in LETTERS[: len(options)]:
        letter = None  # the T of "T cells" is not one of four options
    found = None if letter and _BARE.fullmatch(text) else find_option(text, options)
    if found is None and letter:
        # "The answer is E. coli, because ..." chooses the option with that text, not the letter E.
        found = _find_clause(text[len(text) - len(rest) - 1 :], options)
    if found is None:
        found_letter = letter
    else:
        found_letter = LETTERS[found]
        # "E. coli" is one option. If "coli" is another, the answer is ambiguous.
        if letter and letter != found_letter and _option_in(rest, options) is not None:
            return ""
        return found_letter
    if found_letter is None:
        return None
    other = _option_in(rest, options)
    return found_letter if other in (None, found_letter) else ""


def _read_letter(text: str, options: Sequence[str]) -> tuple[str | None, str]:
    """Read the letter at the beginning of a text, and the rest; "" if the text names two."""
    before = _BEFORE.match(text)
    letter = _LETTER.match(text, before.end() if before else 0)
    if letter is None or _SECOND.match(text, letter.end()):
        return None, ""
    after = text[letter.end() :]
    if _REJECTED.match(after) or _is_listed(letter[1].upper(), after):
        return None, ""
    if _names_more(letter[1].upper(), after, options):
        return "", ""
    # "A cat" is a phrase, but "B 12 apples" is a choice. A small letter must stand alone.
    is_word = letter[1] in "AI" or letter[1].islower()
    is_closed = letter.start() > 0 and _CLOSED.get(text[letter.start() - 1]) == (after[:1] or None)
    must_end = is_word or bool(before and before["it"])
    if not is_closed and not _DELIMITER.match(after) and (must_end or not after[:1].isspace()):
        return None, ""
    return letter[1].upper(), after


def _names_more(letter: str, after: str, options: Sequence[str]) -> bool:
    """Return whether the text names another letter too, or corrects itself: that is no choice."""
    only = _MORE.fullmatch(after)
    if only:
        others = set(_ALONE.findall(after)) - {letter}
        # If the options are letters themselves, "C. D" may be option C with the text "D".
        return bool(others) and (not options or _option_in(after, options) != letter)
    return _TAKEN_BACK.match(after) is not None


def _is_listed(letter: str, after: str) -> bool:
    """Return whether the text lists another letter too; a sentence after the list may choose."""
    listed = None if _MORE.fullmatch(after) else _LISTED.match(after)
    return listed is not None and (listed["line"] or listed["word"]) != letter


def _find_clause(text: str, options: Sequence[str]) -> int | None:
    """Return the index of the option that begins a text; it may contain full stops: "E. coli"."""
    found = None
    for end in islice(_CLAUSE_END.finditer(text), MAX_ENDS):
        part = text[: end.start()]
        if not _BARE.fullmatch(part) and (place := find_option(part, options)) is not None:
            found = place
    return found


def _option_in(rest: str, options: Sequence[str]) -> str | None:
    """Return the letter of the option whose text follows a letter, as a whole or as a clause."""
    rest = rest.strip(_MARKS)
    for part in (rest, rest[: end.start()] if (end := _CLAUSE_END.search(rest)) else rest):
        if part and (found := find_option(part, options)) is not None:
            return LETTERS[found]
    return None


def _read_sentences(text: str, options: Sequence[str]) -> Iterator[str]:
    """Yield the choices that sentences of a text name: "the best answer is D) a tunnel"."""
    cues = list(islice(_CUE.finditer(text), MAX_CUES + 1))
    if len(cues) > MAX_CUES:
        return  # so many cues are a discussion, not a choice
    for cue in cues:
        rest = text[cue.end() :]
        end = _CLAUSE_END.search(rest)
        clause = rest[: end.start()] if end else rest
        before = re.split(r"[.,;:!?\n]", text[max(0, cue.start() - 80) : cue.start()])[-1]
        if _DENIED.search(before) or _DENIED.search(clause):
            continue
        chosen = _read_start(rest, options)
        if chosen is None and options and (found := _find_clause(rest, options)) is not None:
            chosen = LETTERS[found]
        if chosen is not None:
            yield chosen
