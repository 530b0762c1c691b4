"""SciKnowEval: chemistry as the paper split it, and three domains that nothing was trained on."""

from __future__ import annotations

import re
from functools import partial

from caopd_bench.tasks.catalogue.dataset import LETTERS, Item, RawFile, Source, dataset
from caopd_bench.tasks.catalogue.rows import Row, as_text

SDPO = "7c457fc1b1f636ae794eb0362ba37d4743b06fbc"


def sdpo_file(path: str, digest: str) -> RawFile:
    """Name a test file of the repository that the paper took its datasets from."""
    root = f"https://raw.githubusercontent.com/lasgroup/SDPO/{SDPO}/datasets"
    return RawFile(f"{root}/{path}/test.json", SDPO, digest)


#: The last line of a question; its options stand before it, each on its own line.
LAST_LINE = "Please reason step by step."
OPTION = re.compile(r"^([A-Z]): (.*)$", re.MULTILINE)


def list_options(question: str) -> list[str] | None:
    r"""Return the options that a question ends with; None where they are not in order from A on.

    >>> list_options("Which?\nA: one\nB: two\nPlease reason step by step.")
    ['one', 'two']
    >>> list_options("Which?\nA: one\nC: two") is None
    True
    """
    found = OPTION.findall(question.removesuffix(LAST_LINE))
    letters = "".join(letter for letter, _ in found)
    is_in_order = len(found) > 1 and LETTERS.startswith(letters)
    return [text.strip() for _, text in found] if is_in_order else None


def read_science(domain: str, row: Row, where: str) -> Item:
    r"""Read a row, which brings its own instruction for the system message.

    >>> row = {"idx": 7, "system": "Choose.", "prompt": "Which?\nA: one\nB: two", "answer": " B "}
    >>> item = read_science("physics", row, "row 1")
    >>> item["answer"], item["id"], item["system"], item["options"]
    ('B', 'physics-7', 'Choose.', ['one', 'two'])
    """
    question = as_text(row, "prompt", where)
    return {
        "question": question,
        "answer": as_text(row, "answer", where).strip(),
        "options": list_options(question),
        "kind": "choice",
        "style": "science",
        "domain": domain,
        "id": f"{domain}-{row.get('idx')}",
        "solution": "",
        "system": as_text(row, "system", where).strip(),
    }


for _domain, _rows, _sha256, _content in (
    (
        "chemistry",
        210,
        "772adb9f2bdb1bbc2a542f350b55a1b23091fa98e793f5e24c5dba410ce299bf",
        "2313f79c18f8be7d6416a53bddf656456b7f70ee4c80b13a83d727e9da4b87ca",
    ),
    (
        "biology",
        50,
        "0ffe8df8f33154ca6af90c75b278f8602d75376db79e295e16a29fc9a5da325a",
        "8e0943ac4182ff2f77907cdc7ad3cfc98eb76eb02ee5ea794f57864b2a07c36b",
    ),
    (
        "physics",
        80,
        "fde88cd10e4192115d550000a8b5b8b714aa8a2651abba499b1f8b8e6f72c1d3",
        "cafd59782ca0d9cb7b29de93694d753af83939d7477b3bc34b626891f13171c7",
    ),
    (
        "material",
        94,
        "2b3d7e3bcebda39ba47856ea5aae5ebcd0b3ba43b1e750cd4b02e40056b079cf",
        "590e66f4e8c0b9831080c859e0f55f88bc7b5118188e9dd2d96ce8ca42a04c82",
    ),
):
    dataset(
        "science" if _domain == "chemistry" else f"science_{_domain}",
        f"SciKnowEval {_domain}, {{:,}} questions",
        Source(
            f"sciknoweval_{_domain}_test",
            _rows,
            "Apache-2.0 (repository); SciKnowEval has terms of its own",
            sdpo_file(f"sciknoweval/{_domain}", _sha256),
            fields=("idx", "system", "prompt", "answer"),
            content=_content,
        ),
        max_tokens=2048,
        folder="science",
        tags=("caopd_paper",) if _domain == "chemistry" else (),
    )(partial(read_science, _domain))
