"""Rows of each dataset become items: of real files where they are at hand, and of small ones."""

import json
import os
import re

import pytest

from caopd_bench.tasks.ask.prompts import STYLES, item_hash
from caopd_bench.tasks.catalogue.checks import check_entry, check_item
from caopd_bench.tasks.catalogue.dataset import Dataset, RawFile, Source
from caopd_bench.tasks.catalogue.datasets import DATASETS, SOURCES
from caopd_bench.tasks.catalogue.download import find_present
from caopd_bench.tasks.catalogue.items import load_items
from caopd_bench.tasks.catalogue.rows import DataError
from caopd_bench.tasks.judge.verify import verify

REAL = [name for name, dataset in DATASETS.items() if dataset.source]


@pytest.fixture
def real(request):
    """Skip without the files of the set that the test asks for as `name`."""
    folder = os.environ.get("CAOPD_BENCH_DATA")
    if not folder:
        pytest.skip("CAOPD_BENCH_DATA is unset: set it to a folder that holds the real datasets")
    name = request.node.callspec.params["name"]
    for part in DATASETS[name].parts or (name,):
        source = DATASETS[part].source
        if source is not None and find_present(source).startswith("missing"):
            pytest.skip(f"CAOPD_BENCH_DATA holds no {source.name}")
    return folder


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Write rows as the file of a set, whose entry says so many, and load its items."""

    def load(name, *rows):
        source = DATASETS[name].source._replace(rows=len(rows))
        monkeypatch.setitem(DATASETS, name, DATASETS[name]._replace(source=source))
        file = tmp_path / f"{SOURCES[name].name}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return load_items(name, data_dir=tmp_path)

    return load


@pytest.mark.parametrize("name", REAL)
def test_every_gold_answer_of_the_real_sets_is_right(real, name):  # noqa: ARG001
    items = load_items(name)
    assert len(items) == DATASETS[name].source.rows
    wrong = [i["id"] for i in items if not verify(i["answer"], i["answer"], kind=i["kind"])]
    assert wrong == []
    assert not any(verify(None, item["answer"], kind=item["kind"]) for item in items)
    assert all(item["style"] in STYLES for item in items)
    assert len({tuple(item) for item in items}) == 1


@pytest.mark.parametrize("name", [*REAL, "math"])
def test_items_have_names_of_their_own(real, name):  # noqa: ARG001
    items = load_items(name)
    assert len({item["id"] for item in items}) == len(items)
    # Two requests of ToolAlpaca and some problems of SVAMP are in the file twice.
    assert len({item_hash(item) for item in items}) >= 0.97 * len(items)


@pytest.mark.parametrize("name", ["gsm8k", "svamp"])
def test_other_numbers_are_wrong(real, name):  # noqa: ARG001
    for item in load_items(name)[:500]:
        for other in (f"{item['answer']}1", f"-{item['answer']}1", "", "unknown"):
            assert not verify(other, item["answer"], kind=item["kind"]), (other, item["answer"])


@pytest.mark.parametrize("name", ["science"])
def test_other_letters_are_wrong(real, name):  # noqa: ARG001
    for item in load_items(name):
        others = set("ABCD") - {item["answer"]}
        assert not any(verify(other, item["answer"], kind="choice") for other in others)


@pytest.mark.parametrize("name", ["gsm8k"])
def test_reformatted_numbers_are_right(real, name):  # noqa: ARG001
    for item in load_items(name)[:500]:
        gold = item["answer"]
        for other in (f"${gold}", f"{gold}.0", f" {gold} ", f"**{gold}**", rf"\boxed{{{gold}}}"):
            assert verify(other, gold), (other, gold)


@pytest.mark.parametrize("name", ["science"])
def test_reformatted_letters_are_right(real, name):  # noqa: ARG001
    for item in load_items(name):
        gold = item["answer"]
        for other in (f"({gold})", f"{gold}.", gold.lower(), f"**{gold}**", f"{gold}: text"):
            assert verify(other, gold, kind="choice"), (other, gold)


def test_gsm8k(small):
    row = {"question": "Q", "answer": "So 1,000+2=<<1000+2=1002>>1002.\n#### 1,002"}
    (item,) = small("gsm8k", row)
    assert item["answer"] == "1002"
    assert item["solution"] == "So 1,000+2=1002."
    with pytest.raises(DataError, match=r"gsm8k_test\.jsonl row 2: the answer has no line"):
        small("gsm8k", row, {"question": "Q", "answer": "2"})


def test_svamp_asks_the_body_and_then_the_question(small):
    row = {"Body": "Ann has 3 pens", "Question": "How many?", "Answer": "3.0", "ID": "chal-1"}
    (item,) = small("svamp", {**row, "Equation": "( 1.0 + 2.0 )", "Type": "Common-Divison"})
    assert item["question"] == "Ann has 3 pens. How many?"
    assert (item["answer"], item["subject"]) == ("3", "Common-Division")
    assert item["solution"] == "1.0 + 2.0 = 3"


def test_arc_letters_its_options_and_reads_numbered_keys(small):
    choices = {"text": ["x", "y", "z"], "label": ["1", "2", "3"]}
    (item,) = small("arc", {"id": "a", "question": "Q?", "choices": choices, "answerKey": "2"})
    assert item["question"] == "Q?\nA. x\nB. y\nC. z"
    assert (item["answer"], item["kind"]) == ("B", "choice")


def test_mmlu_pro_has_up_to_ten_options(small):
    row = {"question_id": 7, "question": "Q?", "options": [str(i) for i in range(10)]}
    (item,) = small("mmlu_pro", {**row, "answer": "J", "answer_index": 9, "category": "law"})
    assert (item["answer"], item["subject"], item["id"]) == ("J", "law", "7")
    assert item["question"].endswith("\nJ. 9")


def test_truthfulqa_does_not_leave_the_right_option_first(small):
    targets = {"choices": ["right", "w1", "w2", "w3"], "labels": [1, 0, 0, 0]}
    rows = [{"question": f"Q{i}?", "mc1_targets": targets} for i in range(40)]
    items = small("truthfulqa", *rows)
    assert len({item["answer"] for item in items}) == 4
    for item in items:
        assert f"\n{item['answer']}. right" in item["question"]
    assert small("truthfulqa", *rows) == items  # the same for everyone
    two = {"choices": ["a", "b"], "labels": [1, 1]}
    with pytest.raises(DataError, match="marks 2 right answers"):
        small("truthfulqa", {"question": "Q", "mc1_targets": two})


def test_triviaqa_takes_every_name(small):
    answer = {"value": "Fab Four", "aliases": ["The Beatles", "Fab Four"]}
    (item,) = small("triviaqa", {"question_id": "t1", "question": "Who?", "answer": answer})
    assert json.loads(item["answer"]) == ["Fab Four", "The Beatles"]
    assert verify("the beatles.", item["answer"], kind=item["kind"])
    assert not verify("The Stones", item["answer"], kind=item["kind"])


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("gsm8k", {"problem": "x"}, "no 'answer' in this row; it has problem"),
        ("math500", {"problem": "x", "level": 1}, "no 'answer'"),
        ("arc", {"id": "a", "question": "Q", "answerKey": "A"}, "no 'choices'"),
        ("mmlu_pro", {"question": "Q", "options": "abc"}, "no list of 'options'"),
        ("tooluse", {"prompt": "x", "answer": "[]"}, "tooluse_test.jsonl row 1: the answer"),
        ("triviaqa", {"question": "Q", "answer": "x"}, "no 'answer'"),
        (
            "mmlu_pro",
            {"question": "Q", "options": ["x"]},
            "row 1: no item .* \\(no 'answer_index'\\)",
        ),
        ("gsm8k", {"question": " ", "answer": "#### 1"}, "row 1: 'question' must be text that is"),
        ("gsm8k", {"question": "Q", "answer": "#### "}, "row 1: 'answer' must be text that is not"),
        ("gsm8k", {"question": "Q", "answer": "#### an ox"}, "row 1: 'answer': .*'an ox' is not a"),
    ],
)
def test_a_file_of_another_shape_is_refused_with_its_row(small, name, row, said):
    with pytest.raises(ValueError, match=said) as caught:
        small(name, row)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["math_all"])
def test_the_pooled_set_mixes_its_parts_evenly(real, name):  # noqa: ARG001
    items = load_items(name)
    parts = {"caopd_math": 1000, "gsm8k": 1319, "math500": 500, "svamp": 1000}
    assert len(items) == sum(parts.values())
    first = [item["domain"] for item in items[:382]]
    for part, size in parts.items():
        assert abs(sum(d == part for d in first) - size / 10) <= 1
    assert {item["kind"] for item in items} == {"number", "latex"}


def test_options_of_the_bundled_set_are_refused_elsewhere(tmp_path):
    with pytest.raises(ValueError, match="levels only applies to the bundled problems"):
        load_items("gsm8k", data_dir=tmp_path, levels="1-2")
    assert {item["level"] for item in load_items("math", levels="1-2")} == {1, 2}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("style", "maths", "unknown style 'maths'; did you mean 'math'?"),
        ("style", None, "'style' must be text that is not blank, got None"),
        ("kind", "numbers", "unknown kind 'numbers'; did you mean 'number'?"),
        ("kind", "choice", "'answer': the gold answer '8' is not one letter from A to Z; fix the"),
        ("answer", 8, "'answer' must be text that is not blank, got 8"),
        ("solution", None, "'solution' must be text, got None"),
    ],
)
def test_an_item_with_a_wrong_field_is_one_line(field, value, said):
    item = {"question": "Q", "answer": "8", "kind": "number", "style": "math", "solution": ""}
    check_item(item, "here")
    with pytest.raises(DataError) as caught:
        check_item({**item, field: value}, "a.jsonl row 3")
    assert str(caught.value).startswith(f"a.jsonl row 3: {said}")
    assert "\n" not in str(caught.value)


RAW = RawFile(f"https://host/{'a' * 40}/x.jsonl", "a" * 40, "b" * 64)
ENTRY = Dataset("quiz", "Quiz", 64, source=Source("quiz_test", 5, "CC0", raw=RAW))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "My quiz"}, "name must be small letters"),
        ({"max_tokens": "64"}, "max_tokens must be a whole number above 0, got '64'"),
        ({"load": list}, "give one of source, load and parts"),
        ({"source": None, "parts": ("quizz",)}, "unknown parts 'quizz'; did you mean 'quiz'?"),
        ({"rows": 0}, "rows must be a whole number above 0, got 0"),
        ({"licence": ""}, "licence must be"),
        ({"raw": None}, "its source needs raw= or hub="),
        ({"raw": RAW._replace(revision="main")}, "revision must be a commit: 40"),
        ({"raw": RAW._replace(url="https://host/x.jsonl")}, "url must be at the revision aaaa"),
        ({"raw": RAW._replace(sha256="B" * 64)}, "sha256 must be 64 hexadecimal digits"),
        ({"content": "c" * 64}, "its source needs both fields and content"),
        ({"content": "c", "fields": ("q",)}, "content must be 64 hexadecimal digits"),
    ],
)
def test_an_entry_with_a_wrong_field_is_refused(fields, said):
    check_entry(ENTRY, ["quiz"])
    of_source = {key: fields[key] for key in fields if key in Source._fields and key != "name"}
    entry = ENTRY._replace(source=ENTRY.source._replace(**of_source))
    entry = entry._replace(**{key: fields[key] for key in fields.keys() - of_source.keys()})
    with pytest.raises(ValueError, match=re.escape(said)):
        check_entry(entry, ["quiz"])
