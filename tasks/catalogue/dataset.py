"""The form of an entry: where a dataset comes from, how a row becomes an item, how it is asked.

An item holds the content of a question, whatever the way of asking: `question`, `answer` (the
gold), `kind` (for `verify`), `style` (its wording, `ask.prompts`), `id`, `solution` (a worked
answer for the privileged context; may be only the answer), and groups such as `level`, `subject`,
`domain`. A choice has `options`, the texts in the order of their letters, if they are known.
`system` is the dataset's own instruction, if it has one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from caopd_bench.tasks.catalogue.rows import Row

__all__ = ["ENTRIES", "Dataset", "Hub", "Item", "RawFile", "Source", "dataset", "make_choice"]

Item = dict[str, Any]
#: A function that makes an item from a row and its position (file and row).
ToItem = Callable[[Row, str], Item]
_F = TypeVar("_F", bound=ToItem)
#: The environment variable that names a folder with the files of datasets.
FOLDER_VARIABLE = "CAOPD_BENCH_DATA"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class RawFile(NamedTuple):
    """A file at a fixed revision of a public repository."""

    url: str
    revision: str
    sha256: str
    suffix: str = ".jsonl"


class Hub(NamedTuple):
    """Splits of a dataset on the Hugging Face hub, and the public files that pin this revision."""

    path: str
    config: str | None
    splits: tuple[str, ...]
    revision: str | None = None
    known_from: str = ""


class Source(NamedTuple):
    """The source of rows: a raw file pinned by commit and SHA-256, or the hub, pinned by commit.

    `name` is also the name of the file in a local folder. `content` is `rows.hash_content` of the
    published rows over `fields`, None if no rows were available. The datasets keep their own
    licences: this package contains no part of them.
    """

    name: str
    rows: int
    licence: str
    raw: RawFile | None = None
    hub: Hub | None = None
    fields: tuple[str, ...] = ()
    content: str | None = None

    @property
    def help(self) -> str:
        """Return the advice that ends every message about missing rows."""
        return f"set {FOLDER_VARIABLE} to a folder that holds {self.name}.jsonl (docs/data.md)"


class Dataset(NamedTuple):
    """A set of questions. Its items come from a source, from a function, or from other sets.

    Attributes
    ----------
    name : str
        `caopd_NAME_conf` asks it.
    about : str
        A few words for lists; `{:,}` in it becomes the number of items.
    max_tokens : int
        Token budget of an answer.
    source, to_item : Source and function, optional
        The source of the rows, and the function that makes an item from one.
    load : callable, optional
        Loads bundled questions; takes the options `levels`, `problem_seed` and `first`.
    items : int
        Number of items that `load` returns by default.
    parts : tuple of str
        Names of the sets that this one combines, if any.
    folder : str
        Folder of the YAML; the dataset's name if empty.
    tags : tuple of str
        lm-eval's tags of the task `caopd_NAME_conf`.
    """

    name: str
    about: str
    max_tokens: int
    source: Source | None = None
    to_item: ToItem | None = None
    load: Callable[..., Sequence[Item]] | None = None
    items: int = 0
    parts: tuple[str, ...] = ()
    folder: str = ""
    tags: tuple[str, ...] = ()


#: The datasets that the files of `datasets` define, by name.
ENTRIES: dict[str, Dataset] = {}


def dataset(name: str, about: str, source: Source, **others: Any) -> Callable[[_F], _F]:
    """Make a dataset from the function that turns a row into an item; see `Dataset`."""

    def register(to_item: _F) -> _F:
        if name in ENTRIES:
            raise ValueError(f"dataset {name!r} is defined twice; give one of them another name")
        ENTRIES[name] = Dataset(name, about, source=source, to_item=to_item, **others)
        return to_item

    return register


def make_choice(
    question: str, options: Sequence[str], gold: int, domain: str, name: str | None
) -> Item:
    r"""Make an item from a question with lettered options; `gold` is the index of the right one.

    Examples
    --------
    >>> item = make_choice("Which is a mammal?", ["trout", "whale"], 1, "quiz", "q1")
    >>> item["question"], item["answer"]
    ('Which is a mammal?\nA. trout\nB. whale', 'B')
    >>> item["options"]
    ['trout', 'whale']
    """
    lines = [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]
    item = {
        "question": "\n".join([question, *lines]),
        "answer": LETTERS[gold],
        "options": [str(option) for option in options],
        "kind": "choice",
        "style": "choice",
        "domain": domain,
        "solution": "",
    }
    return item if name is None else {**item, "id": name}
