"""Read the answers of an earlier run, for the ways of asking that need them.

`_twostage` and `_ptrue` ask about answers that were given before; `_priv` may show a model its own
verified solution. RUN is the output of `lm_eval --output_path RUN --log_samples`, a single
`samples_*.jsonl` file of it, or a folder that `caopd-bench score --store` wrote. Only texts and
verdicts are read; numbers are computed by the run reader, which this package may not import.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from caopd_bench.tasks.catalogue.rows import DataError
from caopd_bench.tasks.read.parse import find_spans

__all__ = ["Given", "read_answers"]

ROWS_NAME = "rows.jsonl.gz"
#: Limits as in the run reader: bytes per line, expansion factor of a packed file, unpacked bytes
#: that are always allowed, and the excess of blank lines over others.
MAX_LINE = 1 << 24
MAX_RATIO = 200
FREE = 1 << 27
MAX_BLANK = 100_000


class Given(NamedTuple):
    """One answer of an earlier run."""

    answer: str | None
    correct: bool
    text: str | None
    sample: int


def read_answers(run: str | Path, items: Sequence[str]) -> dict[str, list[Given]]:
    """Read the answers to some items, in the order of their samples.

    Parameters
    ----------
    run : str or Path
        See the module.
    items : sequence of str
        Item hashes; the one file below `run` that holds any of them is taken.

    Returns
    -------
    dict
        Item hash to answers; items that were not answered are absent.

    Raises
    ------
    DataError
        In one line, if there is no such file or more than one.
    """
    path = Path(run).expanduser()
    if not path.exists():
        raise DataError(f"{path}: no such run; give a folder that lm_eval --output_path wrote")
    files = [path] if path.is_file() else sorted(_find_files(path))
    wanted = set(items)
    found: dict[Path, dict[str, list[Given]]] = {}
    for file in files:
        answers: dict[str, list[Given]] = {}
        for name, given in _read_file(file):
            if name in wanted:
                answers.setdefault(name, []).append(given)
        if answers:
            found[file] = {name: sorted(all_, key=_by_sample) for name, all_ in answers.items()}
    if not found:
        raise DataError(
            f"{path}: no answers to the problems of this task; give a run of the same questions "
            "with --log_samples"
        )
    if len(found) > 1:
        names = ", ".join(str(file) for file in found)
        raise DataError(f"{path}: several runs answered these problems; name one file: {names}")
    return next(iter(found.values()))


def _by_sample(given: Given) -> int:
    return given.sample


def _find_files(folder: Path) -> Iterator[Path]:
    yield from folder.rglob("samples_*.jsonl")
    yield from folder.rglob(ROWS_NAME)


def _read_file(file: Path) -> Iterator[tuple[str, Given]]:
    """Yield item and answer; skip rows without an item hash, which are from other software."""
    is_packed = file.name.endswith(".gz")
    read = _read_stored if is_packed else _read_sample
    unpacked = blank = filled = 0
    try:
        most = max(FREE, MAX_RATIO * file.stat().st_size)
        with gzip.open(file, "rb") if is_packed else file.open("rb") as stream:
            while line := stream.readline(MAX_LINE + 1):
                unpacked += len(line)
                if len(line) > MAX_LINE:
                    raise ValueError(f"a line of more than {MAX_LINE:,} bytes")
                if is_packed and unpacked > most:
                    raise ValueError(f"it unpacks to more than {most:,} bytes")
                if line.isspace():
                    blank += 1
                    if blank > MAX_BLANK + filled:
                        raise ValueError(f"{blank:,} blank lines, {filled:,} others")
                    continue
                filled += 1
                yield from read(json.loads(line.decode()))
    except (
        OSError, EOFError, zlib.error, ValueError, TypeError, OverflowError, RecursionError,
    ) as error:  # fmt: skip
        raise DataError(f"{file}: damaged or not a run ({error})") from None


def _read_stored(row: Mapping[str, Any]) -> Iterator[tuple[str, Given]]:
    if isinstance(row, Mapping) and isinstance(row.get("item_hash"), str):
        answer, text = (
            row.get(key) if isinstance(row.get(key), str) else None for key in ("answer", "text")
        )
        sample = int(row.get("sample", -1))
        yield row["item_hash"], Given(answer, bool(row.get("correct")), text, sample)


def _read_sample(row: Mapping[str, Any]) -> Iterator[tuple[str, Given]]:
    doc = row.get("doc") if isinstance(row, Mapping) else None
    if (
        not isinstance(doc, Mapping)
        or not isinstance(doc.get("item_hash"), str)
        or "acc" not in row
    ):
        return
    texts = [text for response in row.get("resps", []) for text in response]
    verdicts = row["acc"] if isinstance(row["acc"], list) else [row["acc"]]
    for i, (text, correct) in enumerate(zip(texts, verdicts, strict=False)):
        if isinstance(text, str):
            spans = find_spans(text, kind=str(doc.get("kind", "number")))
            yield doc["item_hash"], Given(spans.answer, bool(correct), text, i)
