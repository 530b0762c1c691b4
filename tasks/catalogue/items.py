"""Turn the rows of each dataset into items: question, gold answer, kind of answer, groups.

An item is what a task asks, whatever the way of asking:

`question`, `answer` (the gold), `kind` (for `verify`), `style` (how it is worded, `prompts`), `id`,
`solution` (a worked answer for the privileged context; may be only the answer), and groups such as
`level`, `subject`, `domain`. `system` is the dataset's own instruction, where it has one.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from caopd_bench.tasks import problems
from caopd_bench.tasks.catalogue import arithmetic
from caopd_bench.tasks.catalogue.download import DataError, as_text, load_rows
from caopd_bench.tasks.catalogue.sources import SOURCES
from caopd_bench.tasks.read.calls.find import load_calls

__all__ = ["SETS", "ItemSet", "count_items", "load_items", "make_choice"]

Item = dict[str, Any]
#: The bundled sets, and how many questions each has.
BUNDLED_ITEMS = {"math": 1000, "arith": len(arithmetic.LEVELS) * arithmetic.PER_LEVEL}
BUNDLED_OPTIONS = ("levels", "problem_seed")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class ItemSet(NamedTuple):
    """A set that tasks ask: rows of one source (none for the bundled set), or several sets."""

    make: Callable[[Mapping[str, Any], str], Item] | None
    source: str | None = None
    parts: tuple[str, ...] = ()


def count_items(name: str) -> int:
    """Count the questions of a set, without reading them; a key of `SETS`."""
    chosen = SETS[name]
    if chosen.parts:
        return sum(count_items(part) for part in chosen.parts)
    return SOURCES[chosen.source].rows if chosen.source else BUNDLED_ITEMS[name]


def load_items(name: str, *, data_dir: str | Path | None = None, **options: Any) -> list[Item]:
    """Load the items of a set.

    Parameters
    ----------
    name : str
        A key of `SETS`.
    data_dir : str or Path, optional
        A folder with the dataset's file; see `data.load_rows`.
    **options
        `problem_seed` and `levels`, of the bundled set.

    Returns
    -------
    list of dict
        See the module. All items have the same keys.
    """
    chosen = SETS[name]
    given = [key for key in BUNDLED_OPTIONS if options.get(key) is not None]
    if chosen.parts:
        parts = []
        for part in chosen.parts:
            own = options if SETS[part].make is None else {}
            loaded = load_items(part, data_dir=data_dir, **own)
            parts.append([{**item, "domain": item.get("domain", "caopd_math")} for item in loaded])
        return _alike(_interleave(parts))
    if name == "arith":
        if options.get("problem_seed") is not None:
            raise ValueError("--metadata: problem_seed is for caopd_math; caopd_arith has one set")
        return arithmetic.load(levels=options.get("levels"))
    if chosen.make is None:
        chosen_problems = problems.load(
            seed=options.get("problem_seed"), levels=options.get("levels")
        )
        return [{**item, "style": "math"} for item in chosen_problems]
    if given:
        raise ValueError(f"--metadata: {given[0]} is for the bundled problems, {name} has none")
    rows, source = load_rows(str(chosen.source), data_dir)
    items = []
    for number, row in enumerate(rows, 1):
        item = chosen.make(row, f"{source['set']} row {number}")
        item.setdefault("id", f"{source['set']}-{number}")
        items.append({**item, "source": {**source, "version": None, "seed": None}})
    return _alike(items)


def _from_gsm8k(row: Mapping[str, Any], where: str) -> Item:
    text = as_text(row, "answer", where)
    solution, mark, gold = text.rpartition("####")
    if not mark:
        raise DataError(f"{where}: the answer has no line '#### number'; is it the right file?")
    return {
        "question": as_text(row, "question", where),
        "answer": gold.strip().replace(",", ""),
        "kind": "number",
        "style": "math",
        "domain": "gsm8k",
        "solution": _without_calculator(solution.strip()),
    }


def _without_calculator(text: str) -> str:
    """Drop the calculator's marks of GSM8K's solutions: `2+2=<<2+2=4>>4`."""
    pieces = text.split("<<")
    return pieces[0] + "".join(piece.partition(">>")[2] for piece in pieces[1:])


def _from_math500(row: Mapping[str, Any], where: str) -> Item:
    return {
        "question": as_text(row, "problem", where),
        "answer": as_text(row, "answer", where),
        "kind": "latex",
        "style": "latex",
        "domain": "math500",
        "level": int(row["level"]),
        "subject": as_text(row, "subject", where),
        "id": as_text(row, "unique_id", where),
        "solution": as_text(row, "solution", where),
    }


def _from_svamp(row: Mapping[str, Any], where: str) -> Item:
    body = as_text(row, "Body", where).strip()
    gold = as_text(row, "Answer", where)
    # Some bodies end without a full stop, some with a comma.
    body = body if body[-1] in ".!?," else f"{body}."
    return {
        "question": f"{body} {as_text(row, 'Question', where).strip()}",
        "answer": gold.removesuffix(".0"),
        "kind": "number",
        "style": "math",
        "domain": "svamp",
        "subject": as_text(row, "Type", where).replace("Divison", "Division"),
        "id": as_text(row, "ID", where),
        "solution": f"{as_text(row, 'Equation', where).strip('() ')} = {gold.removesuffix('.0')}",
    }


def _from_science(domain: str) -> Callable[[Mapping[str, Any], str], Item]:
    def make(row: Mapping[str, Any], where: str) -> Item:
        return {
            "question": as_text(row, "prompt", where),
            "answer": as_text(row, "answer", where).strip(),
            "kind": "choice",
            "style": "science",
            "domain": domain,
            "id": f"{domain}-{row.get('idx')}",
            "solution": "",
            "system": as_text(row, "system", where).strip(),
        }

    return make


def _from_tooluse(kind: str) -> Callable[[Mapping[str, Any], str], Item]:
    def make(row: Mapping[str, Any], where: str) -> Item:
        gold = row.get("answer")
        text = gold if isinstance(gold, str) else json.dumps(gold)
        if not load_calls(text):
            raise DataError(f"{where}: the answer holds no calls; is it the right file?")
        return {
            "question": as_text(row, "prompt", where),
            "answer": text,
            "kind": kind,
            "style": "tooluse",
            "domain": "tooluse",
            "id": f"tooluse-{row.get('idx')}",
            "solution": "",
        }

    return make


def _from_arc(row: Mapping[str, Any], where: str) -> Item:
    choices = _mapping(row, "choices", where)
    labels = [str(label) for label in choices["label"]]
    gold = labels.index(as_text(row, "answerKey", where))  # some are numbered 1 to 4
    return make_choice(
        as_text(row, "question", where), list(choices["text"]), gold, "arc", str(row["id"])
    )


def _from_mmlu_pro(row: Mapping[str, Any], where: str) -> Item:
    options = row.get("options")
    if not isinstance(options, Sequence) or isinstance(options, str):
        raise DataError(f"{where}: no list of 'options' in this row; is it the right file?")
    item = make_choice(
        as_text(row, "question", where),
        list(options),
        int(row["answer_index"]),
        "mmlu_pro",
        str(row["question_id"]),
    )
    return {**item, "subject": as_text(row, "category", where)}


def _from_truthfulqa(row: Mapping[str, Any], where: str) -> Item:
    targets = _mapping(row, "mc1_targets", where)
    options, labels = list(targets["choices"]), [int(label) for label in targets["labels"]]
    if sum(labels) != 1:
        raise DataError(f"{where}: mc1_targets marks {sum(labels)} right answers, not one")
    question = as_text(row, "question", where)
    # The right answer stands first in the file: the order is drawn, the same for everyone.
    seed = int.from_bytes(hashlib.sha256(question.encode()).digest()[:8], "little")
    order = random.Random(seed).sample(range(len(options)), len(options))
    gold = order.index(labels.index(1))
    return make_choice(question, [options[i] for i in order], gold, "truthfulqa", None)


def _from_triviaqa(row: Mapping[str, Any], where: str) -> Item:
    answer = _mapping(row, "answer", where)
    names = [answer["value"], *answer["aliases"]]
    return {
        "question": as_text(row, "question", where),
        "answer": json.dumps(list(dict.fromkeys(names)), ensure_ascii=False),
        "kind": "phrase",
        "style": "short",
        "domain": "triviaqa",
        "id": as_text(row, "question_id", where),
        "solution": "",
    }


def make_choice(
    question: str, options: Sequence[str], gold: int, domain: str, name: str | None
) -> Item:
    """Make an item of a question with lettered options; `gold` is the place of the right one."""
    lines = [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]
    item = {
        "question": "\n".join([question, *lines]),
        "answer": LETTERS[gold],
        "kind": "choice",
        "style": "choice",
        "domain": domain,
        "solution": "",
    }
    return item if name is None else {**item, "id": name}


def _mapping(row: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = row.get(key)
    if not isinstance(value, Mapping):
        raise DataError(f"{where}: no {key!r} in this row; is it the right file?")
    return value


def _interleave(parts: list[list[Item]]) -> list[Item]:
    """Mix sets so that every prefix holds about the same share of each: any limit is balanced."""
    placed = [
        ((i + 0.5) / len(part), p, item)
        for p, part in enumerate(parts)
        for i, item in enumerate(part)
    ]
    return [item for _, _, item in sorted(placed, key=lambda entry: entry[:2])]


def _alike(items: list[Item]) -> list[Item]:
    """Give all items the same keys: a table of documents has one schema."""
    keys = dict.fromkeys(key for item in items for key in item)
    return [{key: item.get(key) for key in keys} for item in items]


#: The sets by the name that the YAML gives as `questions`.
SETS: dict[str, ItemSet] = {
    "math": ItemSet(None),
    "arith": ItemSet(None),
    "gsm8k": ItemSet(_from_gsm8k, "gsm8k"),
    "math500": ItemSet(_from_math500, "math500"),
    "svamp": ItemSet(_from_svamp, "svamp"),
    "math_all": ItemSet(None, parts=("math", "gsm8k", "math500", "svamp")),
    "science": ItemSet(_from_science("chemistry"), "science"),
    "science_biology": ItemSet(_from_science("biology"), "science_biology"),
    "science_physics": ItemSet(_from_science("physics"), "science_physics"),
    "science_material": ItemSet(_from_science("material"), "science_material"),
    "tooluse": ItemSet(_from_tooluse("calls"), "tooluse"),
    "tooluse_paper": ItemSet(_from_tooluse("first_call"), "tooluse"),
    "arc": ItemSet(_from_arc, "arc"),
    "mmlu_pro": ItemSet(_from_mmlu_pro, "mmlu_pro"),
    "truthfulqa": ItemSet(_from_truthfulqa, "truthfulqa"),
    "triviaqa": ItemSet(_from_triviaqa, "triviaqa"),
}
