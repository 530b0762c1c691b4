"""Files of maps and thresholds that somebody has edited."""

import json

import pytest

from caopd_bench.core.errors import UsageError


def refusal(load, file, content):
    """Write a file, and give the line with which it is refused."""
    file.write_text(content) if isinstance(content, str) else file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load(file)
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 700
    assert str(file) in said
    return said


def put(file, path, value):
    """Give the text of a file with another value at a place: `...` removes it."""
    data = json.loads(file.read_text())
    *parents, last = path
    inner = data
    for name in parents:
        inner = inner[name]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(data)
