"""Recognise the tokens that begin a turn, and the markup that may end one."""

import re

# Tokens that begin or end a turn; each is put on a line of its own before the lines are read.
TURN_TOKEN = re.compile(
    r"<\|[^<>|\s]{1,40}\|>|</?s>|<(?:start|end)_of_turn>|<[be]os>|<\|turn>|<turn\|>|\[/?INST\]"
)
_TURN_NAMES = r"(?:problem|question|q|user|human|system|assistant|example|exercise)"
_MAYBE_NAMES = r"(?:instruction|input|task|query|next)"


def _turn_line(names: str) -> str:
    return (
        rf"[\W_]{{0,12}}(?:(?:next|new|another)\s{{1,3}})?{names}\s{{0,3}}"
        r"(?:#?[0-9]{1,4}[*_\s]{0,4}(?:[:.)]|$)|[*_\s]{0,4}:)"
        rf"|\s{{0,3}}#{{1,6}}\s{{0,3}}{names}(?![a-z])"
    )


TURN_LINE = re.compile(f"(?:{TURN_TOKEN.pattern})|{_turn_line(_TURN_NAMES)}", re.IGNORECASE)
MAYBE_TURN_LINE = re.compile(_turn_line(_MAYBE_NAMES), re.IGNORECASE)
# What may stand between two adjacent statements, and after the last one.
_CLOSING = re.compile(
    rf"(?:</?[a-z_:]{{1,30}}>|{TURN_TOKEN.pattern}|[0-9]{{1,2}}[.)](?=\s)|[\W_])*", re.IGNORECASE
)


def split_turns(text: str) -> str:
    """Return the text with each turn token on a line of its own."""
    if "<" not in text and "INST]" not in text:
        return text
    return TURN_TOKEN.sub(lambda token: f"\n{token.group()}\n", text)


def is_markup(text: str) -> bool:
    r"""Return whether a text states nothing: markup, closing tags, list numbers, turn tokens.

    Examples
    --------
    >>> is_markup("**\n</answer>\n2. "), is_markup("so")
    (True, False)
    """
    return _CLOSING.fullmatch(text) is not None
