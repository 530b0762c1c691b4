"""Objects as Python writes them, rewritten as JSON: ``{'a': True,}``."""

import re

# One part of an object in Python's form. A string in single or double quotes is one part.
_PYTHON_PART = re.compile(
    r"""(?P<trailing>,(?=\s{0,99}[}\]]))|'(?P<single>[^'\\]*(?:\\.[^'\\]*)*)'"""
    r"""|"[^"\\]*(?:\\.[^"\\]*)*"|(?P<word>[A-Za-z]+)|,|[^A-Za-z'",]+""",
    re.DOTALL,
)
_IN_SINGLE = re.compile(r"\\(?P<quote>')|\\.|\"", re.DOTALL)
_PYTHON_WORDS = {"True": "true", "False": "false", "None": "null"}


def from_python(text: str) -> str:
    """Rewrite Python's form as JSON; nothing is evaluated.

    Raises
    ------
    ValueError
        A string is not closed.

    Examples
    --------
    >>> from_python("{'a': True,}")
    '{"a": true}'
    """
    pieces: list[str] = []
    position = 0
    while position < len(text):
        part = _PYTHON_PART.match(text, position)
        if part is None:
            raise ValueError("a string is not closed")
        if part["single"] is not None:
            pieces.append('"' + _IN_SINGLE.sub(_requote, part["single"]) + '"')
        elif not part["trailing"]:
            pieces.append(_PYTHON_WORDS.get(part.group(), part.group()))
        position = part.end()
    return "".join(pieces)


def _requote(match: re.Match[str]) -> str:
    return "'" if match["quote"] else '\\"' if match.group() == '"' else match.group()
