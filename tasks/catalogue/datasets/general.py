"""General-knowledge datasets. No rows were available to hash: they are pinned by commit alone."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence

from caopd_bench.tasks.catalogue.dataset import Hub, Item, Source, dataset, make_choice
from caopd_bench.tasks.catalogue.rows import DataError, Row, as_mapping, as_text


@dataset(
    "arc",
    "ARC-Challenge test, {:,} questions",
    Source(
        "arc_challenge_test",
        1172,
        "CC BY-SA 4.0",
        hub=Hub(
            "allenai/ai2_arc",
            "ARC-Challenge",
            ("test",),
            "210d026faf9955653af8916fad021475a3f00453",
            "UKGovernmentBEIS/inspect_evals, `arc/arc.py` of release 0.28.0; huggingface/smollm, "
            "`text/evaluation/tasks.py`; nine files in the index",
        ),
    ),
    max_tokens=1024,
    folder="general",
)
def read_arc(row: Row, where: str) -> Item:
    r"""Read a row, whose options are named by letters or by numbers.

    >>> choices = {"text": ["x", "y"], "label": ["1", "2"]}
    >>> row = {"id": "a", "question": "Which?", "choices": choices, "answerKey": "2"}
    >>> read_arc(row, "row 1")["question"], read_arc(row, "row 1")["answer"]
    ('Which?\nA. x\nB. y', 'B')
    """
    choices = as_mapping(row, "choices", where)
    gold = [str(label) for label in choices["label"]].index(as_text(row, "answerKey", where))
    question = as_text(row, "question", where)
    return make_choice(question, list(choices["text"]), gold, "arc", str(row["id"]))


@dataset(
    "mmlu_pro",
    "MMLU-Pro test, {:,} questions, up to ten options",
    Source(
        "mmlu_pro_test",
        12032,
        "MIT",
        hub=Hub(
            "TIGER-Lab/MMLU-Pro",
            None,
            ("test",),
            "527feea0afed1de15a8c115abf7be4c912123315",
            "UKGovernmentBEIS/inspect_evals, `mmlu_pro/mmlu_pro.py` of release 0.28.0; eight files "
            "in the index. Others pin `b189ec765aa7` (seen as `main` in September 2026) or "
            "`3373e0b32277`; we do not know how the three differ",
        ),
    ),
    max_tokens=2048,
    folder="general",
)
def read_mmlu_pro(row: Row, where: str) -> Item:
    """Read a row of up to ten options.

    >>> row = {"question_id": 7, "question": "Which?", "options": ["x", "y"], "answer_index": 1}
    >>> item = read_mmlu_pro({**row, "category": "law"}, "row 1")
    >>> item["answer"], item["subject"], item["id"]
    ('B', 'law', '7')
    """
    options = row.get("options")
    if not isinstance(options, Sequence) or isinstance(options, str):
        raise DataError(f"{where}: no list of 'options' in this row; is it the right file?")
    question, gold = as_text(row, "question", where), int(row["answer_index"])
    item = make_choice(question, list(options), gold, "mmlu_pro", str(row["question_id"]))
    return {**item, "subject": as_text(row, "category", where)}


@dataset(
    "truthfulqa",
    "TruthfulQA, {:,} questions, one right option",
    Source(
        "truthfulqa_mc_validation",
        817,
        "Apache-2.0",
        hub=Hub(
            "truthfulqa/truthful_qa",
            "multiple_choice",
            ("validation",),
            "741b8276f2d1982aa3d5b832d3ee81ed3b896490",
            "UKGovernmentBEIS/inspect_evals, `truthfulqa/truthfulqa.py` of release 0.28.0; ten "
            "files in the index",
        ),
    ),
    max_tokens=1024,
    folder="general",
)
def read_truthfulqa(row: Row, where: str) -> Item:
    r"""Read a row whose right answer stands first; the order is drawn, the same for everyone.

    >>> targets = {"choices": ["right", "wrong", "worse"], "labels": [1, 0, 0]}
    >>> item = read_truthfulqa({"question": "Which?", "mc1_targets": targets}, "row 1")
    >>> f"\n{item['answer']}. right" in item["question"]
    True
    """
    targets = as_mapping(row, "mc1_targets", where)
    options, labels = list(targets["choices"]), [int(label) for label in targets["labels"]]
    if sum(labels) != 1:
        raise DataError(f"{where}: mc1_targets marks {sum(labels)} right answers, not one")
    question = as_text(row, "question", where)
    seed = int.from_bytes(hashlib.sha256(question.encode()).digest()[:8], "little")
    order = random.Random(seed).sample(range(len(options)), len(options))
    gold = order.index(labels.index(1))
    return make_choice(question, [options[i] for i in order], gold, "truthfulqa", None)


@dataset(
    "triviaqa",
    "TriviaQA validation, {:,} questions, short answers",
    Source(
        "triviaqa_validation",
        17944,
        "Apache-2.0 (questions)",
        hub=Hub(
            "mandarjoshi/trivia_qa",
            "rc.nocontext",
            ("validation",),
            "0f7faf33a3908546c6fd5b73a660e0f8ff173c2f",
            "huggingface/smollm, `text/evaluation/tasks.py`; ten files in the index",
        ),
    ),
    max_tokens=256,
    folder="general",
)
def read_triviaqa(row: Row, where: str) -> Item:
    """Read a row and all names of its answer.

    >>> answer = {"value": "Fab Four", "aliases": ["The Beatles", "Fab Four"]}
    >>> row = {"question_id": "t1", "question": "Who?", "answer": answer}
    >>> read_triviaqa(row, "row 1")["answer"]
    '["Fab Four", "The Beatles"]'
    """
    answer = as_mapping(row, "answer", where)
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
