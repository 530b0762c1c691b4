"""JSON whose values go by or are parsed, however its bytes come in."""

import json
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.json_stream import JsonStream

MB = 1 << 20
TEXTS = st.text(alphabet='ab"\\{}[],:\n é\u2028😀', max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def cut(data, size):
    return [data[i : i + size] for i in range(0, len(data), size)]


@given(
    st.dictionaries(TEXTS, VALUES, max_size=6),
    st.sampled_from([1, 2, 3, 7, 60, 10**6]),
    st.booleans(),
    st.randoms(),
)
def test_it_gives_what_json_gives(document, size, is_ascii, rng):
    data = json.dumps(document, ensure_ascii=is_ascii, indent=rng.choice([None, 1])).encode()
    stream = JsonStream(cut(data, size), "a.json")
    found = {}
    for key in stream.names():
        how = rng.randrange(5)
        if how == 0:
            found[key] = document[key]  # nobody takes it
        elif how == 1:
            stream.skip()
            found[key] = document[key]
        elif how == 2 and stream.peek() == "[":
            found[key] = [stream.value() for _ in stream.entries()]
        elif how == 3 and (short := stream.short(1 << 16)) is not None:
            found[key] = json.loads(short)
        else:
            found[key] = stream.value()
    stream.finish()
    assert found == document


def test_a_value_of_which_only_a_part_is_wanted():
    data = b'{"list": [{"a": 1, "b": [{}, "]"]}, {"b": 3, "a": 2}], "c": {}}'
    stream = JsonStream(cut(data, 5), "a.json")
    found = []
    for key in stream.names():
        if key == "list":
            for _ in stream.entries():
                found += [stream.value() for name in stream.names() if name == "a"]
    stream.finish()
    assert found == [1, 2]


def test_the_last_backslash_of_a_block_waits_for_the_next():
    for length in range(1020, 1030):
        text = "x" * length + '\\"' * 3 + "\\\\"
        data = json.dumps({"a": [text], "b": 1}).encode()
        stream = JsonStream([data], "a.json")
        assert [stream.value() for key in stream.names() if key == "b"] == [1]


def test_what_goes_by_takes_no_memory():
    entry = json.dumps({"event": "tool", "result": ["x"] * 5}).encode() + b","
    pieces = [b'{"events": [', *[entry * 20_000] * 40, b'0], "id": 5}']
    assert sum(map(len, pieces)) > 30 * MB
    tracemalloc.start()
    stream = JsonStream(pieces, "a.json")
    assert [stream.value() for key in stream.names() if key == "id"] == [5]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * MB


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b'{"a"',
        b'{"a": ',
        b'{"a": [1, 2',
        b'{"a": "x',
        b'{"a": "x\\',
        b'{"a": 1 "b": 2}',
        b'{"a" 1}',
        b"{1: 2}",
        b'{"a": 1}}',
        b'{"a": }',
        b'{"a": nonsense}',
        b'{"a": "\xff"}',
        b'{"a": ' + b"1" * 10_000 + b"}",
        b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_damage_is_a_value_error(data):
    for size in (1, 4, 10**6):
        stream = JsonStream(cut(data, size), "a.json")
        with pytest.raises(ValueError):
            _ = [stream.value() for _ in stream.names()], stream.finish()


def test_depth_and_size_do_not_matter_to_what_goes_by():
    deep = b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b', "b": 1}'
    stream = JsonStream(cut(deep, 1000), "a.json")
    assert [stream.value() for key in stream.names() if key == "b"] == [1]
    stream.finish()


def test_a_value_that_is_too_large_is_refused_before_it_is_held(monkeypatch):
    monkeypatch.setattr("caopd_bench.core.files.json_stream.largest_document", lambda: MB)
    stream = JsonStream([b'{"a": "', *[b"x" * MB] * 3, b'"}'], "a.json")
    with pytest.raises(UsageError, match="a value of more than 1,048,576 bytes"):
        _ = [stream.value() for _ in stream.names()]


def test_random_bytes_end():
    rng = random.Random(7)
    for _ in range(300):
        data = bytes(rng.choice(b'{}[]",:\\a1 ') for _ in range(rng.randrange(60)))
        stream = JsonStream(cut(data, rng.choice([1, 5, 100])), "a.json")
        try:
            found = {key: stream.value() for key in stream.names()}
            stream.finish()
        except ValueError:
            continue
        assert found == json.loads(data)
