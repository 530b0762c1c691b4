"""Fuzzing of texts, judges and runs: how a changed input is made and read."""

import gzip
import json
import runpy
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from fuzz_mutations import Mutator
from fuzz_seeds import ANSWERS, TEXTS

from caopd_bench import read_run, score
from caopd_bench.runs.lm_eval.read import read_lm_eval
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.tasks.judge.judge import judge, judge_given, judge_samples
from caopd_bench.tasks.judge.verify import KINDS, verify
from caopd_bench.tasks.read.parse import find_spans, parse_response
from caopd_bench.tasks.read.rules import Rules

CONFTEST = runpy.run_path(str(Path(__file__).parents[1] / "conftest.py"))
DATE = "2026-01-01T00-00-00.000000"
#: One in so many runs that were read is scored too.
SCORED = 50


class Reader(NamedTuple):
    """How inputs of one kind are made and read; `place` is a folder of its own."""

    make: Callable[[Mutator, Path], Any]
    read: Callable[[Any, Path], bool]


RULES = (Rules(), Rules(("so", "G2"), ("probability",), ("why",), ("p",), 10), Rules(scale=5))


def make_text(mutator: Mutator, _: Path) -> tuple[str, str, int | None, Rules]:
    rng = mutator.random
    kind, budget = rng.choice(tuple(KINDS)), rng.choice((None, 1, 128))
    return mutator.text(TEXTS), kind, budget, rng.choice(RULES)


def read_text(given: tuple[str, str, int | None, Rules], _: Path) -> bool:
    text, kind, budget, rules = given
    parsed = parse_response(text, kind=kind, max_tokens=budget, rules=rules)
    find_spans(text, kind=kind)
    assert parsed.confidence is None or 0 <= parsed.confidence <= 1
    return parsed.status == "ok"


def judging(kind: str) -> Reader:
    answers, golds = ANSWERS[kind]

    def make(mutator: Mutator, _: Path) -> tuple[str, str, str]:
        gold = mutator.random.choice(golds)
        if mutator.random.random() < 0.3:
            gold = mutator.text(golds)
        text = mutator.random.choice(TEXTS).replace("12", mutator.text(answers), 1)
        return mutator.text(answers), gold, text

    def read(given: tuple[str, str, str], _: Path) -> bool:
        answer, gold, text = given
        doc = {"answer": gold, "kind": kind, "given": answer, "way": "conf"}
        try:
            assert verify(answer, gold, kind=kind) in (True, False)
            # An expression is compared by another process, which takes its time.
            if kind != "latex" or len(text) % 16 == 0:
                judge(doc, [text])
                judge_given(doc, [text])
                judge_samples(doc, [text, answer, None])
        except ValueError:
            verify(answer, golds[0], kind=kind)  # it is the right answer that is none
            return False
        return True

    return Reader(make, read)


def change_lines(mutator: Mutator, rows: list[Any]) -> bytes:
    """Write rows, most of them as they are: a file is refused at its first bad line."""
    rng = mutator.random
    bad = {rng.randrange(len(rows)) for _ in range(rng.choice((0, 1, 1, 2)))}
    lines = [
        mutator.json(row) if i in bad else json.dumps(row).encode() for i, row in enumerate(rows)
    ]
    for _ in range(rng.choice((0, 0, 0, 1))):
        lines.insert(
            rng.randrange(len(lines) + 1), rng.choice((b"", b" ", lines[0], b"null", b"\xff", b"{"))
        )
    end = rng.choice((b"\n", b"\n", b"\n", b"\r\n", b""))
    return mutator.sometimes_flip(end.join(lines) + end, 0.05)


def sometimes_score(run: Any, data: bytes) -> bool:
    if sum(data[-64:]) % SCORED == 0:
        score(run, by=["level"] if len(data) % 2 else [])
    return True


SAMPLES = [
    CONFTEST["_sample"](i, CONFTEST["Answer"](*answer), "c72e9464626a9b1f", 128)
    for i, answer in enumerate([(0.9, 1), (0.4, 0), (None, 1, "no_confidence"), (1.0, 1)])
]
SAMPLES[3] |= {
    "resps": [["Answer: 3\nConfidence: 1"]] * 2,
    "acc": [1.0, 0.0],
    "majority": [0.5, 1.0],
}
SAMPLES[3] |= {"confidence": [1.0, None], "status": ["ok", "no_confidence"]}
RESULTS = CONFTEST["_results"]("caopd_math_conf", 4, "org/tiny", 4, True)


def read_lm_eval_files(place: Path, results: bytes, samples: bytes) -> bool:
    file = place / f"results_{DATE}.json"
    file.write_bytes(results)
    (place / f"samples_caopd_math_conf_{DATE}.jsonl").write_bytes(samples)
    if len(samples) % 4 == 0:
        read_lm_eval(file, reparse=True)
    return sometimes_score(read_run(place), results + samples)


def plain_lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _stored_files() -> dict[str, bytes]:
    """Store a run once, with and without the texts."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        read_lm_eval_files(place, json.dumps(RESULTS).encode(), plain_lines(SAMPLES))
        run = read_run(place)
        write_stored(run, score(run), place / "stored", with_text=True)
        return {file.name: file.read_bytes() for file in (place / "stored").iterdir()}


STORED = _stored_files()
SUMMARY = json.loads(STORED["summary.json"])
ROWS = [json.loads(line) for line in gzip.decompress(STORED["rows.jsonl.gz"]).splitlines()]


def make_stored_rows(mutator: Mutator, _: Path) -> bytes:
    packed = gzip.compress(change_lines(mutator, ROWS), 1, mtime=0)
    return mutator.sometimes_flip(packed, 0.2)


def read_stored_files(summary: bytes, rows: bytes, place: Path) -> bool:
    (place / "summary.json").write_bytes(summary)
    (place / "rows.jsonl.gz").write_bytes(rows)
    return sometimes_score(read_run(place), summary + rows)


def read_stored_rows(rows: bytes, place: Path) -> bool:
    summary = {key: value for key, value in SUMMARY.items() if not key.startswith("row")}
    return read_stored_files(json.dumps(summary).encode(), rows, place)
