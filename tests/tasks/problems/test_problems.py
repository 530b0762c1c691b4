"""The set `caopd_math`: its shape, its splits, loading, and the exemplars."""

import hashlib
import json
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path
from statistics import correlation
from typing import Any

import pytest

from caopd_bench.tasks.problems import freeze as freeze_command
from caopd_bench.tasks.problems import frozen as frozen_module
from caopd_bench.tasks.problems import generate, load
from caopd_bench.tasks.problems.choose import parse_levels
from caopd_bench.tasks.problems.exemplars import EXEMPLARS as ALL_EXEMPLARS
from caopd_bench.tasks.problems.frozen import FROZEN_PATH, canonical_jsonl
from caopd_bench.tasks.problems.generate import FAMILIES, SPLITS, families_at

Items = list[dict[str, Any]]
EXEMPLARS = ALL_EXEMPLARS["math"]
KEYS = {"id", "level", "family", "question", "answer", "kind", "solution"}


@pytest.fixture(scope="module")
def items() -> Items:
    return frozen_module.read_frozen()


def questions(items: Items) -> set[str]:
    return {item["question"] for item in items}


def test_there_are_a_hundred_items_at_each_of_ten_levels(items: Items) -> None:
    assert Counter(item["level"] for item in items) == dict.fromkeys(range(1, 11), 100)


def test_items_are_interleaved_by_level(items: Items) -> None:
    assert [item["level"] for item in items] == [i % 10 + 1 for i in range(1000)]


def test_families_are_many_and_mixed(items: Items) -> None:
    assert len({item["family"] for item in items}) == len(FAMILIES) >= 12
    for level in range(1, 11):
        mine = [item["family"] for item in items if item["level"] == level]
        assert set(mine) == set(families_at(level))
        assert len(set(mine)) >= (3 if level <= 2 else 6)
        # No family holds a level, nor a stretch of it.
        assert max(Counter(mine).values()) <= (40 if level <= 2 else 15)
        if level >= 3:
            assert all(len(set(mine[i : i + 8])) >= 4 for i in range(92))


def test_every_item_has_the_same_keys_and_plain_text(items: Items) -> None:
    assert len({item["id"] for item in items}) == 1000
    for item in items:
        assert set(item) == KEYS
        assert item["kind"] == "number"
        assert 10 <= len(item["question"]) <= 900
        text = item["question"] + item["solution"]
        assert text.isascii()
        assert text.isprintable()
        assert "  " not in text
        assert item["question"][-1] in "?."


def test_answers_are_canonical(items: Items) -> None:
    for item in items:
        assert str(Fraction(item["answer"])) == item["answer"]


def test_questions_are_unique_across_splits_and_seeds(items: Items) -> None:
    drawn = {
        "test seed 7": generate(300, seed=7),
        "train": generate(3000, split="train"),
        "train seed 1": generate(300, split="train", seed=1),
        "validation": generate(300, split="validation"),
        "fewshot": generate(40, split="fewshot"),
    }
    for group in [*drawn.values(), items]:
        assert len(questions(group)) == len(group)
    for name, group in drawn.items():
        assert not questions(group) & questions(items), name
    apart = [questions(drawn[name]) for name in ("train", "validation", "fewshot", "test seed 7")]
    assert len(set().union(*apart)) == sum(map(len, apart))


def test_no_two_items_ask_the_same(items: Items) -> None:
    """Not even in other words, or behind a lead-in: intervals take items as independent."""
    asked = [
        (
            item["level"],
            item["family"],
            *re.findall(r"\d+|[A-Z]{4,}", item["question"]),
            item["answer"],
        )
        for item in items
    ]
    assert len(set(asked)) == len(items)


def test_splits_own_all_signatures_and_share_none() -> None:
    owned = [part for parts in SPLITS.values() for part in parts]
    assert sorted(owned) == list(range(16))


def test_same_seed_same_bytes_and_other_seed_other_items() -> None:
    one, two = generate(200, split="train", seed=3), generate(200, split="train", seed=3)
    assert canonical_jsonl(one) == canonical_jsonl(two)
    # Plain sums of one digit are few, so some come again.
    assert len(questions(one) & questions(generate(200, split="train", seed=4))) < 20


def test_fewer_items_are_the_first_of_more() -> None:
    assert generate(30, split="train") == generate(60, split="train")[:30]


def test_the_frozen_file_is_what_the_generator_writes() -> None:
    assert FROZEN_PATH.read_bytes() == canonical_jsonl(generate())
    assert freeze_command.main(["--check"]) == 0


def test_check_reports_a_frozen_file_that_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(freeze_command, "FROZEN_PATH", tmp_path / "missing.jsonl")
    assert freeze_command.main(["--check"]) == 1
    assert "differs" in capsys.readouterr().err
    assert freeze_command.main(["--write"]) == 0
    assert frozen_module.FROZEN_SHA256 in capsys.readouterr().out
    assert freeze_command.main(["--check"]) == 0


def test_a_changed_frozen_file_is_refused(tmp_path: Path) -> None:
    changed = tmp_path / "changed.jsonl"
    changed.write_bytes(FROZEN_PATH.read_bytes() + b"\n")
    with pytest.raises(ValueError, match=r"SHA-256 is .* expected .* reinstall"):
        frozen_module.read_frozen(changed)


def ranks(numbers: list[int]) -> list[float]:
    """Ranks with ties at their mean, for Spearman's correlation."""
    below = {n: sum(m < n for m in numbers) for n in set(numbers)}
    return [below[n] + (numbers.count(n) + 1) / 2 for n in numbers]


def test_length_does_not_give_the_level_away(items: Items) -> None:
    lengths = [len(item["question"]) for item in items]
    levels = [item["level"] for item in items]
    assert abs(correlation(ranks(lengths), ranks(levels))) < 0.25
    for level in range(1, 11):
        mine = [len(item["question"]) for item in items if item["level"] == level]
        assert sum(length < 90 for length in mine) >= 20
        assert sum(length > 180 for length in mine) >= 5


def test_load_reads_the_frozen_set_with_its_source(items: Items) -> None:
    docs = load()
    source = docs[0]["source"]
    assert source == {
        "set": "caopd_math",
        "version": 1,
        "seed": None,
        "split": "test",
        "sha256": frozen_module.FROZEN_SHA256,
    }
    bare = [{key: value for key, value in doc.items() if key != "source"} for doc in docs]
    assert bare == items
    json.dumps(docs)


def test_load_filters_levels_and_hashes_what_is_used(items: Items) -> None:
    docs = load(levels="6-10", n=20)
    assert [doc["level"] for doc in docs] == [6, 7, 8, 9, 10] * 4
    used = [item for item in items if item["level"] >= 6][:20]
    expected = hashlib.sha256(canonical_jsonl(used)).hexdigest()
    assert {doc["source"]["sha256"] for doc in docs} == {expected}


def test_a_choice_of_levels_changes_no_item(items: Items) -> None:
    chosen = [item for item in items if item["level"] in (4, 9)][:40]
    assert generate(40, levels=(4, 9)) == chosen


def test_load_generates_for_a_seed_or_another_split() -> None:
    docs = load(seed=7, levels=[2, 1])
    assert Counter(doc["level"] for doc in docs) == {1: 100, 2: 100}
    assert docs[0]["source"]["seed"] == 7
    train = load(split="train", n=5)
    assert [doc["id"].split("-")[2] for doc in train] == ["train"] * 5
    assert train[0]["source"]["seed"] == 0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("6-10", [6, 7, 8, 9, 10]),
        ("1,3,5", [1, 3, 5]),
        (" 2 , 4-5", [2, 4, 5]),
        ([2, 1, 2], [1, 2]),
        (range(3, 5), [3, 4]),
        (4, [4]),
        ("4", [4]),
        (None, list(range(1, 11))),
    ],
)
def test_levels_may_be_given_in_several_forms(given: Any, expected: list[int]) -> None:
    assert parse_levels(given) == expected


@pytest.mark.parametrize(
    "bad", ["", "a", "0-3", "3-1", "11", "1;2", 0, 11, True, [], [0], ["1"], 2.5, [2.5]]
)
def test_bad_levels_are_named_with_their_value_and_a_fix(bad: Any) -> None:
    with pytest.raises(ValueError, match=r"levels: got .*; give numbers from 1 to 10"):
        load(levels=bad)


@pytest.mark.parametrize(
    "bad", [{"split": "dev"}, {"n": -1}, {"n": "5"}, {"seed": "7"}, {"seed": True}]
)
def test_other_bad_arguments_are_named(bad: dict[str, Any]) -> None:
    name = next(iter(bad))
    with pytest.raises(ValueError, match=f"{name}: got .*; give"):
        load(**bad)


def test_generate_refuses_bad_arguments() -> None:
    cases: list[dict[str, Any]] = [{"n": -1}, {"split": "dev"}, {"levels": []}, {"levels": [0]}]
    for bad in cases:
        name = next(iter(bad))
        with pytest.raises(ValueError, match=f"{name}: got .*; give"):
            generate(**bad)


def test_exemplars_state_the_agreed_confidences(items: Items) -> None:
    stated = {name: [e["confidence"] for e in group] for name, group in EXEMPLARS.items()}
    assert stated == {"a": ["0.98", "0.90", "0.35", "0.85"], "b": ["0.97", "0.80", "0.60", "0.92"]}
    texts = [e["question"] for group in EXEMPLARS.values() for e in group]
    assert len(set(texts)) == 8
    assert not set(texts) & questions(items)


def test_only_the_exemplar_of_low_confidence_is_wrong() -> None:
    wrong = [e for group in EXEMPLARS.values() for e in group if not e["correct"]]
    assert [e["confidence"] for e in wrong] == ["0.35"]
    for group in EXEMPLARS.values():
        for exemplar in group:
            assert (exemplar["answer"] == exemplar["gold"]) is exemplar["correct"]
            assert exemplar["answer"] in exemplar["solution"]


def test_the_gold_answers_of_the_exemplars() -> None:
    golds = [[e["gold"] for e in EXEMPLARS[name]] for name in ("a", "b")]
    assert golds[0] == [str(n) for n in (4 * 6, 46 + 38, 738 * 92, 60 * 15 // 100)]
    assert golds[1] == [str(n) for n in (9 - 4, 12 * 9, 386 * 47, 45 // 3)]
