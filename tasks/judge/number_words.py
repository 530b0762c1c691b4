"""Words beside a number: those that doubt it, change it, or are numbers themselves."""

import re

# Words that doubt, bound or retract the number beside them, also in a comment in brackets.
DOUBTS = {
    *("not", "no", "never", "none", "nor", "neither", "cannot", "without", "except", "excluding"),
    *("wrong", "incorrect", "false", "untrue", "mistake", "mistaken", "error", "invalid"),
    *("maybe", "perhaps", "probably", "possibly", "likely", "unlikely", "unsure", "doubtful"),
    *("guess", "guessed", "guessing", "estimate", "estimated", "could", "might", "may", "would"),
    *("should", "seems", "appears", "suppose", "assume", "assuming", "if", "unless", "or", "but"),
    *("approximately", "approx", "about", "around", "roughly", "rounded", "circa", "ca", "ish"),
    *("nearly", "almost", "close", "closer", "repeating", "recurring", "infinity", "infinite"),
    *("least", "most", "max", "min", "maximum", "minimum", "up", "upwards", "tops", "than"),
    *("less", "fewer", "under", "below", "above", "beyond", "short", "off", "too", "instead"),
    *("hardly", "barely", "rather", "wait", "actually", "negative"),
    *("exceed", "exceeds", "exceeded", "exceeding", "differ", "differs", "unlike", "either"),
}
# Names of quantities before "is" and a number, as in "the least common multiple is 12".
QUANTITIES = {
    *("remainder", "maximum", "minimum", "multiple", "divisor", "factor", "power", "root"),
    *("least", "inverse", "reciprocal", "base"),
}
COPULAS = ("is", "was", "equals")
# Words that change the number or combine it with another one.
_NO_UNITS = DOUBTS | {
    *("and", "to", "plus", "minus", "times", "over", "divided", "multiplied", "added", "is"),
    *("pi", "exp", "log", "ln", "sqrt", "root", "squared", "cubed", "factorial", "choose"),
    *("sin", "cos", "tan", "mod", "modulo", "remainder", "reciprocal", "inverse", "power", "fold"),
    *("double", "twice", "triple", "thrice", "binary", "octal", "hex", "hexadecimal", "base"),
    *("basis", "bps", "between", "through", "thru", "until", "till", "versus", "vs", "out"),
    *("kilo", "mega", "giga", "multiple", "multiples", "divisor", "factor", "divisible"),
}
_BELOW_100 = (
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    "|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
)
# Number words, scales, ordinals and parts, such as twenty, millions, mil, dozen, 3rd, quarters and
# billionths.
_NUMBER_WORD = re.compile(
    rf"(?:{_BELOW_100}|hundred|thousand|[a-z]{{0,12}}illi(?:on|ard)|dozen|score|lakh|crore|myriad)s?"
    r"|gross|mill?s?|mn|mln|bn|bln|tn|trn|hal(?:f|ves)|first|thirds?|quarters?|st|nd|rd|ths?"
    r"|(?:four|fif|six|seven|eigh|nin|ten|eleven|twelf|hundred|thousand|[a-z]{1,12}illion"
    r"|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)tie)ths?"
)
SCALE_WORD = re.compile(r"(?:hundred|thousand|[a-z]{0,12}illi(?:on|ard)|dozen|mil|bn)s?")


def alters(word: str) -> bool:
    """Return whether a word changes or doubts the number beside it."""
    word = word.lower().replace("’", "'")
    return (
        word in _NO_UNITS
        or word.endswith(("n't", "snt", "dnt"))
        or _NUMBER_WORD.fullmatch(word) is not None
    )
