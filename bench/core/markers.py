r"""Marks that a CI runner takes for commands, broken where they could reach its log.

A runner reads what a step prints, on standard output and on standard error, and obeys some of it:
a task that is called ``::error::x`` would be an annotation, ``##vso[task.complete]`` the end of a
job. Names and texts of runs come from anywhere, so every mark is broken by a backslash before its
last character, wherever the text came from: ``:\:error::x``, ``##\[error]``, ``--\- x``.

==================  =====================================  =======================================
mark                obeyed by                              where
==================  =====================================  =======================================
``::``              GitHub Actions, Gitea, Forgejo, act    first in a line, after blanks
``##[``             GitHub (old form), Azure Pipelines     anywhere
``##word[``         Azure (vso), TeamCity, Octopus         anywhere
``@@word[``         Continua CI                            anywhere
``section_start:``  GitLab, and ``section_end:``           anywhere, before CR ESC ``[0K``
``travis_fold:``    Travis CI, and ``travis_time:``        first in a line
``RUNDECK:DATA:``   Rundeck                                first in a line
``---`` ``+++``     Buildkite, and ``~~~``, ``^^^``        first in a line
==================  =====================================  =======================================

GitHub's runner removes leading blanks, so no indentation keeps a name from being a command; and it
compares as a language does, to which some characters do not exist: those are passed over here too.
Its commands by name (``::error``) are broken in the middle of a line as well, for whoever cuts
lines up. As every mark that counts at the start of a line is broken at the start of every text and
of every line, a line may begin with a name.

Sources: `ActionCommand.cs` of github.com/actions/runner; learn.microsoft.com, "Logging commands";
jetbrains.com/help/teamcity, "Service Messages"; docs.gitlab.com, "CI/CD job logs"; buildkite.com,
"Managing log output".
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

__all__ = ["break_markers", "escape_markers", "guard_streams", "print_command"]

_COMMANDS = (
    "add-mask|add-matcher|add-path|debug|echo|endgroup|error|group|internal-set-repo-path|notice|"
    "remove-matcher|save-state|set-env|set-output|stop-commands|warning"
)
#: Printable, and nothing to a comparison by the rules of a language (variation selectors).
_UNSEEN = "\u034f\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_GAP = f"[{_UNSEEN}]*"
_WORD = rf"[\w.{_UNSEEN}-]{{0,64}}"
# Each ends before the last character of the mark: there the backslash goes.
_ANYWHERE = (
    rf"#{_GAP}#{_WORD}(?=\[)|@@{_WORD}(?=\[)|"
    r"(?:section_(?:start|end)|travis_(?:fold|time)|rundeck:data)(?=:)|"
    rf":{_GAP}(?=:{_GAP}(?:{_COMMANDS})(?![\w-]))"
)
_FIRST = rf"(?:\A|(?<=[\r\n]))(?:[^\S\r\n]|[{_UNSEEN}])*(?:" + "|".join(
    # The colon is the only one of two characters.
    rf"{re.escape(one)}{_GAP}" * (1 if one == ":" else 2) + rf"(?={re.escape(one)})"
    for one in ":-+~^"
)
_MARK = re.compile(rf"{_ANYWHERE}|{_FIRST})", re.IGNORECASE)
#: No mark is longer than this.
_REACH = 160


def break_markers(text: str) -> str:
    r"""Put a backslash into every mark that a CI runner takes for a command.

    Parameters
    ----------
    text : str
        A line, the start of one, or several lines. What has no mark stays as it is.

    Examples
    --------
    >>> print(break_markers("::error::no ##[group] is in c++ std::vector"))
    :\:error::no ##\[group] is in c++ std::vector
    >>> print(break_markers("  --- a/b  ##teamcity[x]  section_start:1:a"))
      --\- a/b  ##teamcity\[x]  section_start\:1:a
    """
    return _MARK.sub(r"\g<0>\\", text)


def escape_markers(text: str) -> str:
    r"""Write the marks in JSON in another way, of the same value.

    Parameters
    ----------
    text : str
        JSON: marks stand in its strings, for they hold no quotation mark.

    Examples
    --------
    >>> escape_markers('{"task": "##[error]"}')
    '{"task": "##\\u005berror]"}'
    """
    marks = [mark.end() for mark in _MARK.finditer(text)]
    parts, start = [], 0
    for end in marks:
        parts += [text[start:end], f"\\u{ord(text[end]):04x}"]
        start = end + 1
    return "".join([*parts, text[start:]])


class _Guarded:
    """A stream that breaks marks in what is written to it, also if they come in pieces."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._line = ""

    def write(self, text: str) -> int:
        """Write text, its marks broken."""
        known = len(self._line)
        joined = self._line + text
        # What is out already was broken where it had to be.
        ends = [end for mark in _MARK.finditer(joined) if (end := mark.end()) >= known]
        parts, start = [], known
        for end in ends:
            parts += [joined[start:end], "\\"]
            start = end
        written = "".join([*parts, joined[start:]])
        self._remember(self._line + written)
        self.stream.write(written)
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        """Write several texts, each as it is."""
        for line in lines:
            self.write(line)

    def _remember(self, text: str) -> None:
        line = text[max(text.rfind("\n"), text.rfind("\r")) + 1 :]
        # Of a long line the end is kept, behind something that is not its start.
        self._line = line if len(line) <= _REACH else "…" + line[-_REACH:]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def guard_streams() -> Iterator[None]:
    """Break marks in all that is written to standard output and error, by whomever.

    What a library warns of or raises passes here too. A stream that is closed stays so.
    """
    made = []
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, _Guarded):
            guarded = _Guarded(stream)
            setattr(sys, name, cast(TextIO, guarded))
            made.append((name, guarded))
    try:
        yield
    finally:
        for name, guarded in made:
            if getattr(sys, name) is guarded:
                setattr(sys, name, guarded.stream)


def print_command(line: str) -> None:
    """Print what is meant to be a command to the runner; its data must be escaped."""
    stream: Any = sys.stdout
    print(line, file=stream.stream if isinstance(stream, _Guarded) else stream)
