"""Near-duplicates of test items among training texts."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caopd_bench.cli import main
from caopd_bench.tasks.catalogue.overlap import find_overlap

ITEMS = [
    "Ann has 3 red pens and buys 4 blue pens at the market. How many pens does Ann have now?",
    "A train leaves Rome at noon and travels 90 km an hour. When is it 270 km from Rome?",
    "Short one?",
]


def found(training, **options):
    return [
        (o.item, o.text, round(o.score, 2), o.same_numbers)
        for o in find_overlap(ITEMS, training, **options)
    ]


def test_copies_in_any_writing():
    upper = ITEMS[0].upper().replace(",", " ;").replace(" ", "\u00a0")
    assert found(["nothing", upper]) == [(0, 1, 1.0, True)]
    assert found([f"User: {ITEMS[1]} Assistant: at three."]) == [(1, 0, 1.0, True)]


def test_other_numbers_are_the_same_template():
    for three, four in (("12", "75"), ("1,200", "7.5"), ("3", "5")):
        other = ITEMS[0].replace("4", four).replace("3 red", f"{three} red")
        assert found([other]) == [(0, 0, 1.0, False)], other
        assert found([other, ITEMS[0]]) == [(0, 1, 1.0, True)]


def test_a_part_has_a_share():
    ((item, _, score, _),) = found([ITEMS[1][:60] + " and something else entirely"], threshold=0.2)
    assert item == 1
    assert 0.2 < score < 0.8
    assert found([ITEMS[1][:60]], threshold=0.9) == []


def test_short_items_are_compared_whole():
    assert found(["short ONE"]) == [(2, 0, 1.0, True)]
    assert found(["Short one?\n12"]) == [(2, 0, 1.0, True)]  # the answer in a field of its own
    assert found(["a short one too"]) == []


def test_boilerplate_says_nothing():
    stem = "What is the molar weight of the molecule with the canonical representation"
    items = [f"{stem} item{i} x{i} y{i} z{i} u{i} v{i} w{i} q{i} ?" for i in range(40)]
    assert find_overlap(items, [f"{stem} something new altogether here"]) == []
    (hit,) = find_overlap(items, [items[7]])
    assert (hit.item, hit.score) == (7, 1.0)


def test_bad_thresholds():
    for threshold in (0, -1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="threshold must be"):
            find_overlap(ITEMS, [], threshold=threshold)


@given(st.lists(st.text(max_size=60), max_size=6), st.lists(st.text(max_size=80), max_size=4))
def test_any_texts(items, training):
    for hit in find_overlap(items, training):
        assert 0.5 <= hit.score <= 1
    places = {" ".join(text.casefold().split()) for text in training}
    for i, item in enumerate(items):
        if " ".join(item.casefold().split()) in places and any(map(str.isalnum, item)):
            assert any(hit.item == i for hit in find_overlap(items, training)) or len(items) > 4


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """GSM8K's file with the items above."""
    rows = [{"question": item, "answer": "#### 1"} for item in ITEMS]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "gsm8k_test.jsonl").write_text(lines)
    monkeypatch.setenv("CAOPD_BENCH_DATA", str(tmp_path))
    return tmp_path


TRAINING = {
    "messages": [{"role": "user", "content": ITEMS[0]}, {"role": "assistant", "content": "7"}]
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.jsonl", json.dumps({"id": 1, **TRAINING})),
        ("t.json", json.dumps(TRAINING)),
        ("t.csv", f'id,text\n1,"{ITEMS[0]}"\n'),
        ("t.txt", f"\n{ITEMS[0]}\n"),
        ("t.txt.gz", f"\n{ITEMS[0]}\n"),
        ("t.json.gz", "\n" + json.dumps(TRAINING)),
    ],
)
def test_the_command_reads_training_files(folder, capsys, name, text):
    data = (text + "\n").encode()
    (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    assert main(["tasks", "--overlap", str(folder / name), "--task", "caopd_gsm8k_conf"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("1 of 3 items of caopd_gsm8k_conf share at least 50%")
    place = 2 if text.startswith("\n") or name == "t.csv" else 1
    assert f"1.00  same numbers  item 1  line {place}\n" in out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["nothing.jsonl", "--task", "caopd_gsm8k_conf"], "no such file"),
        (["t.bin", "--task", "caopd_gsm8k_conf"], "must end in"),
        (["t.jsonl", "--task", "caopd_gsm8k"], "unknown task"),
        (["t.jsonl"], "needs --task"),
        (["e.jsonl", "--task", "caopd_gsm8k_conf"], "contains no text (0 rows)"),
        (["n.jsonl", "--task", "caopd_gsm8k_conf"], "contains no text (1 rows)"),
        (["t.jsonl", "--task", "caopd_gsm8k_conf", "--field", "text"], "line 1: no field 'text'"),
        (["t.jsonl", "--task", "caopd_arc_conf"], "CAOPD_BENCH_DATA"),
    ],
)
def test_what_cannot_be_compared(folder, capsys, monkeypatch, options, said):
    monkeypatch.chdir(folder)
    (folder / "t.jsonl").write_text('{"a": "x"}\n')
    (folder / "e.jsonl").write_text("\n")
    (folder / "n.jsonl").write_text('{"a": 5}\n')
    (folder / "t.bin").write_text("x")
    assert main(["tasks", "--overlap", *options]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
