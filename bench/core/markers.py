r"""Break marks that a CI runner would take for commands, wherever they could reach its log.

A runner reads the standard output and standard error of a step, and obeys some of it: a task named
``::error::x`` would become an annotation, and ``##vso[task.complete]`` would end the job. Names and
texts of runs come from anywhere, so every mark is broken by a backslash before its last character,
wherever the text came from: ``:\:error::x``, ``##\[error]``, ``--\- x``.

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

GitHub's runner removes leading blanks, so indentation does not prevent a name from being a command.
It also compares by the rules of a language, which ignore some characters: these are ignored here
too. Its commands by name (``::error``) are also broken in the middle of a line, in case another
program splits lines. Marks that count at the start of a line are broken at the start of every text
and of every line, so a line may begin with a name.

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
#: Printable characters that a comparison by the rules of a language ignores (variation selectors).
_UNSEEN = "\u034f\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_GAP = f"[{_UNSEEN}]*"
_WORD = rf"[\w.{_UNSEEN}-]{{0,64}}"
# Each match ends before the last character of the mark, where the backslash is inserted.
_ANYWHERE = (
    rf"#{_GAP}#{_WORD}(?=\[)|@@{_WORD}(?=\[)|"
    r"(?:section_(?:start|end)|travis_(?:fold|time)|rundeck:data)(?=:)|"
    rf":{_GAP}(?=:{_GAP}(?:{_COMMANDS})(?![\w-]))"
)
_FIRST = rf"(?:\A|(?<=[\r\n]))(?:[^\S\r\n]|[{_UNSEEN}])*(?:" + "|".join(
    # The mark `::` has two characters, the others three.
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
        A line, the start of one, or several lines. Text without marks is unchanged.

    Examples
    --------
    >>> print(break_markers("::error::no ##[group] is in c++ std::vector"))
    :\:error::no ##\[group] is in c++ std::vector
    >>> print(break_markers("  --- a/b  ##teamcity[x]  section_start:1:a"))
      --\- a/b  ##teamcity\[x]  section_start\:1:a
    """
    return _MARK.sub(r"\g<0>\\", text)


def escape_markers(text: str) -> str:
    r"""Escape the marks in JSON, without changing its value.

    Parameters
    ----------
    text : str
        JSON text; marks only occur within its strings, since they contain no quotation mark.

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
    """A stream that breaks marks in the text written to it, even if they arrive in pieces."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._line = ""

    def write(self, text: str) -> int:
        """Write text with its marks broken."""
        known = len(self._line)
        joined = self._line + text
        # Text that is already written had its marks broken.
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
        """Write several texts, without separators."""
        for line in lines:
            self.write(line)

    def _remember(self, text: str) -> None:
        line = text[max(text.rfind("\n"), text.rfind("\r")) + 1 :]
        # Keep only the end of a long line, behind a character that marks it as no line start.
        self._line = line if len(line) <= _REACH else "…" + line[-_REACH:]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def guard_streams() -> Iterator[None]:
    """Break marks in everything written to standard output and error, by any code.

    This includes warnings and tracebacks of libraries. A closed stream stays closed.
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
    """Print an intended command for the runner; its data must be escaped already."""
    stream: Any = sys.stdout
    print(line, file=stream.stream if isinstance(stream, _Guarded) else stream)
