"""Reading a log takes the memory of the rows that are kept, however long its lines are.

Each file has 8 MB of which no row needs anything: prompts, other columns, the rest of a reply.
"""

import csv
import json
import tracemalloc

import pytest

from caopd_bench import read_run
from caopd_bench.runs.rescore import rescore
from caopd_bench.tasks.read.parse import PARSER_VERSION

DATE = "2026-01-01T00-00-00.000000"
ROWS, LONG = 160, "so " * 17_000
TEXT = "Answer: {}\nConfidence: 0.{}"
#: Bytes at most, of 8 MB: a few lines at once, and the rows.
MOST = 2_500_000


def write_run(folder, made):
    lines = [{"doc_id": i, "filter": "none", **sample} for i, sample in enumerate(made)]
    (folder / f"samples_quiz_{DATE}.jsonl").write_text(as_lines(lines))
    (folder / f"results_{DATE}.json").write_text(json.dumps({"configs": {"quiz": {}}}))
    return folder


def as_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def write_stated(folder):
    """A run of ours, with its prompts."""
    return write_run(
        folder,
        [
            {
                "doc": {
                    "item_hash": str(i),
                    "question": f"{i} - {i - 1}?",
                    "answer": "1",
                    "parser_version": PARSER_VERSION,
                },
                "arguments": {"gen_args_0": {"arg_0": LONG, "arg_1": {}}},
                "resps": [[TEXT.format(1, i % 9)]],
                "acc": 1.0,
                "confidence": (i % 9) / 10,
                "status": "ok",
            }
            for i in range(ROWS)
        ],
    )


def write_options(folder):
    """A task of multiple_choice, with a prompt for each option."""
    pairs = [["-1.0", "False"], ["-2.0", "False"]]
    return write_run(
        folder,
        [
            {
                "doc": {"question": i},
                "target": "0",
                "arguments": {
                    f"gen_args_{j}": {"arg_0": LONG[: len(LONG) // 2], "arg_1": f" {option}"}
                    for j, option in enumerate(("red", "green"))
                },
                "resps": [[pair] for pair in pairs],
                "filtered_resps": pairs,
                "metrics": ["acc"],
                "doc_hash": f"{i:064}",
                "target_hash": "0" * 64,
                "acc": 1.0,
            }
            for i in range(ROWS)
        ],
    )


def write_jsonl(folder):
    file = folder / "log.jsonl"
    rows = [{"response": TEXT.format(1, i % 9), "gold": 1, "prompt": LONG} for i in range(ROWS)]
    file.write_text(as_lines(rows))
    return file


def write_csv(folder):
    file = folder / "log.csv"
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["response", "gold", "prompt"])
        writer.writerows([TEXT.format(1, i % 9), 1, LONG] for i in range(ROWS))
    return file


def write_batch(folder):
    file = folder / "batch.jsonl"
    rows = [
        {
            "custom_id": str(i),
            "gold": "1",
            "response": {
                "body": {"instructions": LONG, "choices": [{"message": {"content": "Answer: 1"}}]}
            },
        }
        for i in range(ROWS)
    ]
    file.write_text(as_lines(rows))
    return file


@pytest.mark.parametrize(
    ("write", "read"),
    [
        (write_stated, read_run),
        (write_stated, rescore),
        (write_options, read_run),
        (write_jsonl, rescore),
        (write_csv, rescore),
        (write_batch, rescore),
    ],
    ids=["run", "texts of a run", "options", "jsonl", "csv", "batch"],
)
def test_what_no_row_needs_is_not_kept(write, read, tmp_path):
    path = write(tmp_path)
    read(path)  # loads modules
    tracemalloc.start()
    try:
        rows = read(path).rows
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(rows) == ROWS
    assert peak < MOST


def test_equal_groups_are_one_mapping(tmp_path):
    """A mapping takes as much as the rest of a row without its text."""
    made = [
        {
            "doc": {"item_hash": str(i), "answer": "1", "level": level},
            "resps": [["Answer: 1\nConfidence: 0.5"]],
            "acc": 1.0,
            "confidence": 0.5,
        }
        for i, level in enumerate([1, 2, 1, 1.0, True, 2])
    ]
    groups = [row.groups for row in read_run(write_run(tmp_path, made)).rows]
    assert groups[0] is groups[2]
    assert groups[1] is groups[5]
    # 1, 1.0 and True are equal, and read otherwise in a table.
    assert [type(one["level"]) for one in groups] == [int, int, int, float, bool, int]
