"""A statement: a label and the text after it."""

from typing import NamedTuple

from caopd_bench.tasks.read.labels import Kind

#: The texts of an answer and of its confidence.
Pair = tuple[str | None, str | None]


class Statement(NamedTuple):
    """One labelled text of the block, and its place in the text.

    ``label`` is the name in lower case, ``<name>`` for a tag, ``{}`` for an object.
    """

    kind: Kind
    text: str
    strong: bool
    start: int
    end: int
    label: str
    denying: bool = False  # as in "the answer is not 5"
