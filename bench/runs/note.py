"""Define notes on how a run was read: each is a line of text on a task or on the whole run."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

__all__ = ["Note"]


class Note(NamedTuple):
    """A note on one task, or on the whole run; its text form is ``task: text``.

    Attributes
    ----------
    task : str or None
    text : str

    Examples
    --------
    >>> str(Note("caopd_math_conf", "no rows")), str(Note(None, "general: x"))
    ('caopd_math_conf: no rows', 'general: x')
    """

    task: str | None
    text: str

    def __str__(self) -> str:
        return self.text if self.task is None else f"{self.task}: {self.text}"

    @property
    def tasks(self) -> list[str]:
        """Return the tasks of the note; a note on a vote of samples also concerns the samples.

        Examples
        --------
        >>> Note("caopd_gsm8k_sc8:agreement", "x").tasks
        ['caopd_gsm8k_sc8', 'caopd_gsm8k_sc8:agreement']
        """
        parts = [] if self.task is None else self.task.split(":")
        return [":".join(parts[:end]) for end in range(1, len(parts) + 1)]

    @classmethod
    def read(cls, line: str, tasks: Container[str]) -> Note:
        """Parse a note from a line; its task is the longest of `tasks` that the line begins with.

        Examples
        --------
        >>> Note.read("a:b: c: d", {"a", "a:b"}), Note.read("a:b: c: d", {"a"})
        (Note(task='a:b', text='c: d'), Note(task=None, text='a:b: c: d'))
        """
        ends = [i for i in range(len(line)) if line.startswith(": ", i)]
        for end in reversed(ends):
            if line[:end] in tasks:
                return cls(line[:end], line[end + 2 :])
        return cls(None, line)
