"""Rows of each dataset become items: of real files where they are at hand, and of small ones."""

import json
import os

import pytest

from caopd_bench.tasks.ask.prompts import STYLES, item_hash
from caopd_bench.tasks.catalogue.datasets import DATASETS, SOURCES
from caopd_bench.tasks.catalogue.download import find_present
from caopd_bench.tasks.catalogue.items import load_items
from caopd_bench.tasks.catalogue.rows import DataError
from caopd_bench.tasks.judge.verify import verify

REAL = [name for name, dataset in DATASETS.items() if dataset.source]


@pytest.fixture
def real(request):
    folder = os.environ.get("CAOPD_BENCH_DATA")
    if not folder:
        pytest.skip("CAOPD_BENCH_DATA is unset: set it to a folder that holds the real datasets")
    name = getattr(request.node, "callspec", None) and request.node.callspec.params["name"]
    source = DATASETS[name].source if name else None
    if source is not None and find_present(source).startswith("missing"):
        pytest.skip(f"CAOPD_BENCH_DATA holds no {source.name}")
    return folder


@pytest.fixture
def small(tmp_path):
    """Write rows as the file of a set, and load its items."""

    def load(name, *rows):
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


def test_other_answers_to_real_questions_are_wrong(real):  # noqa: ARG001
    for name in ("gsm8k", "svamp"):
        for item in load_items(name)[:500]:
            for other in (f"{item['answer']}1", f"-{item['answer']}1", "", "unknown"):
                assert not verify(other, item["answer"], kind=item["kind"]), (other, item["answer"])
    for item in load_items("science"):
        others = set("ABCD") - {item["answer"]}
        assert not any(verify(other, item["answer"], kind="choice") for other in others)


def test_reformatted_answers_to_real_questions_are_right(real):  # noqa: ARG001
    for item in load_items("gsm8k")[:500]:
        gold = item["answer"]
        for other in (f"${gold}", f"{gold}.0", f" {gold} ", f"**{gold}**", rf"\boxed{{{gold}}}"):
            assert verify(other, gold), (other, gold)
    for item in load_items("science"):
        gold = item["answer"]
        for other in (f"({gold})", f"{gold}.", gold.lower(), f"**{gold}**", f"{gold}: text"):
            assert verify(other, gold, kind="choice"), (other, gold)


def test_gsm8k(small):
    row = {"question": "Q", "answer": "So 1,000+2=<<1000+2=1002>>1002.\n#### 1,002"}
    (item,) = small("gsm8k", row)
    assert item["answer"] == "1002"
    assert item["solution"] == "So 1,000+2=1002."
    with pytest.raises(DataError, match="gsm8k_test row 2: the answer has no line"):
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
        ("tooluse", {"prompt": "x", "answer": "[]"}, "tooluse_test row 1"),
        ("triviaqa", {"question": "Q", "answer": "x"}, "no 'answer'"),
    ],
)
def test_a_file_of_another_shape_is_refused_with_its_row(small, name, row, said):
    with pytest.raises(ValueError, match=said) as caught:
        small(name, row)
    assert "\n" not in str(caught.value)


def test_the_pooled_set_mixes_its_parts_evenly(real):  # noqa: ARG001
    items = load_items("math_all")
    parts = {"caopd_math": 1000, "gsm8k": 1319, "math500": 500, "svamp": 1000}
    assert len(items) == sum(parts.values())
    first = [item["domain"] for item in items[:382]]
    for part, size in parts.items():
        assert abs(sum(d == part for d in first) - size / 10) <= 1
    assert {item["kind"] for item in items} == {"number", "latex"}


def test_options_of_the_bundled_set_are_refused_elsewhere(tmp_path):
    with pytest.raises(ValueError, match="levels is for the bundled problems"):
        load_items("gsm8k", data_dir=tmp_path, levels="1-2")
    assert {item["level"] for item in load_items("math", levels="1-2")} == {1, 2}
