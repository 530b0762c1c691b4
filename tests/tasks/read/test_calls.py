"""Tool calls: where they are found, when they are the same, and the real gold answers."""

import json
import os
import random
import runpy
import time
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caopd_bench.tasks.read.calls.find import (
    Call,
    find_calls,
    load_calls,
    render_calls,
    same_calls,
    same_first_call,
)
from caopd_bench.tasks.read.calls.inputs import MAX_INPUT, read_input

TABLE = runpy.run_path(str(Path(__file__).with_name("call_table.py")))


@pytest.mark.parametrize(("text", "expected"), TABLE["FOUND"])
def test_calls_are_found(text, expected):
    calls = find_calls(text)
    assert [(call.name, call.arguments) for call in calls] == expected
    assert load_calls(render_calls(calls)) == [Call(*call) for call in expected]
    for call in calls:
        assert call.arguments in text[call.start : call.end]


def test_a_call_says_where_it_stands():
    text = 'Thought: x\n**Action:** `get`\n**Action Input:** {"a": 1}\nConfidence: 0.9'
    (call,) = find_calls(text)
    assert text[call.start : call.end] == 'Action:** `get`\n**Action Input:** {"a": 1}'


def judge(judged, stated, gold):
    return judged(render_calls([Call("get", stated)]), render_calls([Call("get", gold)]))


@pytest.mark.parametrize(("one", "other"), TABLE["SAME_INPUTS"])
def test_the_same_input_in_other_words(one, other):
    assert judge(same_calls, one, other)
    assert judge(same_calls, other, one)


@pytest.mark.parametrize(("one", "other"), TABLE["OTHER_INPUTS"])
def test_other_inputs(one, other):
    assert judge(same_calls, one, other) is False
    assert judge(same_calls, other, one) is False


def test_what_is_no_value_or_too_large_is_unreadable():
    assert read_input('{"a": NaN}') is read_input('{"a": -Infinity}') is None
    for text in ('{"a":' * 51 + "1" + "}" * 51, '{"a": "' + "x" * MAX_INPUT + '"}'):
        assert read_input(text) is None
    for text in ('{"a":' * 50 + "1" + "}" * 50, '{"a": "' + "x" * (MAX_INPUT - 9) + '"}'):
        assert read_input(text) is not None


def test_all_calls_count_in_any_order_as_often_as_stated():
    get, put = Call("get", '{"a": 1}'), Call("put", "")
    gold = render_calls([get, get, put])
    assert same_calls(render_calls([put, get, get]), gold)
    for calls in ([get, put], [get, put, put], [get, get, put, put], [get] * 3, []):
        assert same_calls(render_calls(calls), gold) is False
        assert same_first_call(render_calls(calls), gold) is (calls[:1] == [get])


def test_names_are_exact_without_markup():
    for name in ("`getCat`", "getCat()", '"getCat"', "[getCat]", " **getCat** "):
        assert same_calls(render_calls([Call(name, "")]), render_calls([Call("getCat", "{}")]))
    for name in ("getcat", "getCats", "get Cat", "[Optional]getCat", ""):
        assert not same_calls(render_calls([Call(name, "")]), render_calls([Call("getCat", "{}")]))


# (stated, gold, right) as the official code judges, strange as it is.
OFFICIAL = [
    ('{"b": 2, "a": 1}', '{"a": 1, "b": 2}', True), ('{"id": "3"}', '{"id": 3}', False),
    ('{"id": 3.0}', '{"id": 3}', False), ('{"a": 1, "b": ""}', '{"a": 1}', False),
    ("", "{}", True), ("page 3", "{}", True), ('{"a": 1', "{}", True),
    ("{'a': 1}", '{"a": 1}', False), ('{"a": 2, "a": 1}', '{"a": 1}', True),
    ('{"a": "}"}', '{"a": "}"}', False), ('{"a": " x"}', '{"a": "x"}', False),
]  # fmt: skip


@pytest.mark.parametrize(("stated", "gold", "right"), OFFICIAL)
def test_the_first_call_is_judged_as_the_official_code_does(stated, gold, right):
    assert judge(same_first_call, stated, gold) is right


@pytest.mark.parametrize("judged", [same_calls, same_first_call])
def test_unreadable_answers_are_wrong_and_unreadable_golds_raise(judged):
    good = render_calls([Call("get", "{}")])
    bad = [
        "",
        "get",
        "{}",
        "[1]",
        '[{"Action": 1}]',
        "[" * 100_000,
        "null",
        '[{"Action_Input": "{}"}]',
    ]
    for answer in [None, "[]", *bad, "\ud800", "\0", "9" * 5000]:
        assert judged(answer, good) is False
    for gold in bad:
        with pytest.raises(
            ValueError, match=r"the gold answer .{0,200}JSON list of the form[^\n]*$"
        ):
            judged(good, gold)
    with pytest.raises(ValueError, match="has no calls"):
        judged(good, "[]")


def test_golds_may_hold_objects_and_the_key_with_a_space():
    gold = '[{"Action": "get", "Action Input": {"a": 1}}, {"Action": "put"}]'
    assert same_calls(render_calls([Call("put", ""), Call("get", '{"a": 1}')]), gold)
    assert same_first_call(render_calls([Call("get", '{"a": 1}')]), gold)


PIECES = st.sampled_from(
    [
        *"{}[]\"'\\,:.3 xé",
        "Action:",
        "Action Input: {",
        "Question: ",
        "```",
        "true",
        "\n",
        "Confidence: ",
    ]
)
STRINGS = st.lists(PIECES, max_size=6).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | STRINGS
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
CALLS = st.lists(
    st.tuples(st.from_regex(r"get[A-Z][a-zA-Z_]{0,9}x", fullmatch=True),
              st.dictionaries(STRINGS, VALUES, max_size=4)),
    min_size=1, max_size=4,
)  # fmt: skip
FORMS = [
    "Thought: x\nAction: {}\nAction Input: {}\n",
    "**Action:** `{}`\n\n**Action Input:**\n```json\n{}\n```\n",
    "- Action: {}, Action Input: {}\n",
    "Action: {}({})\n",
    '{{"Action": "{}", "Action Input": {}}}, ',
    "Action:\n{}\nInput: {}\nObservation: []\n",
]
WRITERS = [json.dumps, lambda value: json.dumps(value, indent=2, ensure_ascii=False), repr]


@given(
    calls=CALLS, form=st.sampled_from(FORMS), write=st.sampled_from(WRITERS), seed=st.integers(0, 9)
)
def test_calls_survive_every_form(calls, form, write, seed):
    gold = render_calls(Call(name, json.dumps(value)) for name, value in calls)
    shuffled = random.Random(seed).sample(calls, len(calls))
    text = "".join(form.format(name, write(value)) for name, value in shuffled) + "Confidence: 0.9"
    answer = render_calls(find_calls(text))
    assert same_calls(answer, gold), answer


@given(text=st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join))
def test_no_text_raises(text):
    calls = find_calls("Action: get" + text)
    answer = render_calls(calls)
    for judged in (same_calls, same_first_call):
        assert isinstance(judged(answer, render_calls([Call("get", "{}")])), bool)
        assert judged(text, render_calls([Call("get", "{}")])) is False
    if calls and all(read_input(call.arguments) is not None for call in calls):
        assert same_calls(answer, answer)


@pytest.mark.parametrize(
    "unit", ['{"a":', "Action: a\n", "Action Input: {", "Action: None {} ",
    "Action: a Action Input: {} ",
    ". Action: x ", " Action", "\\\"'", "\n", "Observation: {", "\ud800\0", "Action:\n", "<|a|>",
    "*",
    "{'a': '\\'", "Action: a\nAction Input: {}, {\""]
)  # fmt: skip
def test_hostile_responses_do_not_hang(unit):
    start = time.process_time()
    gold = render_calls([Call("a", '{"a": 1}')])
    for text in (
        unit * (1_000_000 // len(unit)),
        "Action: a\nAction Input: " + unit * (10_000 // len(unit)),
    ):
        calls = find_calls(text)
        assert len(calls) <= 100
        for answer in (render_calls(calls), text):
            assert not same_calls(answer, gold)
            assert not same_first_call(answer, gold)
        assert read_input(text[:MAX_INPUT]) is None or not text.strip()
    assert time.process_time() - start < 5  # a guard against hangs, not a speed target


# --- the real gold answers


@pytest.fixture(scope="module")
def golds():
    file = Path(os.environ.get("CAOPD_BENCH_DATA", "")) / "tooluse_test.json"
    if not file.is_file():
        pytest.skip("set CAOPD_BENCH_DATA to a folder that holds tooluse_test.json")
    lines = file.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 68
    return [json.loads(line)["answer"] for line in lines]


def parts(gold):
    return [(call.name, json.loads(call.arguments)) for call in load_calls(gold)]


def render(calls):
    return render_calls(Call(name, json.dumps(value)) for name, value in calls)


def test_real_golds_are_right(golds):
    for gold in golds:
        assert same_calls(gold, gold)
        assert same_first_call(gold, gold)
        assert render_calls(load_calls(gold)) == gold


def as_text(value):
    return str(value) if isinstance(value, int | float) else value


@pytest.mark.parametrize("form", FORMS)
def test_real_golds_are_right_in_other_forms(golds, form):
    for i, gold in enumerate(golds):
        calls = parts(gold)
        for write in WRITERS:
            text = "".join(form.format(name, write(value)) for name, value in calls)
            answer = render_calls(find_calls(text + "\nConfidence: 0.85\nQuestion: x\nAction: y"))
            assert same_calls(answer, gold), text
            assert same_first_call(answer, gold) is (write is not repr or calls[0][1] == {}), text
        mixed = [
            (name, {key: as_text(value[key]) for key in reversed(value)}) for name, value in calls
        ]
        assert same_calls(render(random.Random(i).sample(mixed, len(mixed))), gold)


def changes(value):
    """Yield values that differ from `value`."""
    if isinstance(value, str):
        yield from (value + "x", [value], {"value": value}, "no" if value else "male")
        if value.swapcase() != value:
            yield value.swapcase()
    elif isinstance(value, dict):
        for key, inner in value.items():
            for changed in changes(inner):
                yield {**value, key: changed}
    elif isinstance(value, list):
        yield from (value[:-1], [*value, "x"], [[value]])
        if len(value) > 1:
            yield value[::-1]
    else:
        yield from (value + 1, -value, str(value) + " ms", [value], None)


def mutate(calls):
    """Yield kind of mutation, whether the first call is another one, and other calls."""
    for i, (name, value) in enumerate(calls):
        before, after = calls[:i], calls[i + 1 :]
        for other in (name + "s", name.swapcase(), "getDate"):
            yield "name", i == 0, [*before, (other, value), *after]
        yield "dropped call", i == 0, [*before, *after]
        yield "added call", False, [*before, (name, value), *calls[i:]]
        yield "added call", i == 0, [*before, ("getDate", {}), *calls[i:]]
        yield "added key", i == 0, [*before, (name, {**value, "extra": 1}), *after]
        for key, inner in value.items():
            for changed in changes(inner):
                yield "changed value", i == 0, [*before, (name, {**value, key: changed}), *after]
            rest = {k: v for k, v in value.items() if k != key}
            if inner != "":  # the same as no value
                yield "dropped key", i == 0, [*before, (name, rest), *after]
                yield "other key", i == 0, [*before, (name, {**rest, key + "s": inner}), *after]
        for one, two in combinations(value, 2):
            if value[one] != value[two]:
                swapped = {**value, one: value[two], two: value[one]}
                yield "swapped values", i == 0, [*before, (name, swapped), *after]


def test_mutated_real_golds_are_wrong(golds):
    count = {}
    for gold in golds:
        for kind, is_first, calls in mutate(parts(gold)):
            answer = render(calls)
            count[kind] = count.get(kind, 0) + 1
            assert same_calls(answer, gold) is False, (kind, answer, gold)
            text = "".join(FORMS[0].format(name, json.dumps(value)) for name, value in calls)
            assert same_calls(render_calls(find_calls(text)), gold) is False, (kind, text)
            if is_first:
                assert same_first_call(answer, gold) is False, (kind, answer, gold)
    assert sum(count.values()) >= 500
    assert min(count.values()) >= 50


def test_where_the_two_comparisons_disagree_on_real_golds(golds):
    first = [(render(parts(g)[:1]), g) for g in golds]
    reverse = [(render(parts(g)[::-1]), g) for g in golds]
    assert sum(same_first_call(*pair) for pair in first) == 68
    assert sum(same_calls(*pair) for pair in first) == 49
    assert sum(same_first_call(*pair) for pair in reverse) == 49
    assert sum(same_calls(*pair) for pair in reverse) == 68
