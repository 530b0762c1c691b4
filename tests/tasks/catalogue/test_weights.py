"""The fingerprint tells checkpoints apart, and never stands in the way of an evaluation."""

import json
import os
import struct

import pytest

from caopd_bench.tasks.catalogue.weights import fingerprint_weights


def _content(header=b'{"w": {}}', body=bytes(range(256)) * 40, header_bytes=None):
    length = len(header) if header_bytes is None else header_bytes
    return struct.pack("<Q", length) + header + body


@pytest.fixture
def checkpoint(tmp_path):
    """Write a checkpoint folder and give it."""

    def make(folder, files):
        (tmp_path / folder).mkdir()
        for name, content in files.items():
            (tmp_path / folder / name).write_bytes(content)
        return tmp_path / folder

    return make


def test_the_same_weights(checkpoint):
    a = checkpoint("a", {"model.safetensors": _content()})
    b = checkpoint("b", {"model.safetensors": _content(), "config.json": b"{}"})
    print_ = fingerprint_weights(a)
    assert len(print_) == 16
    assert int(print_, 16) >= 0
    assert fingerprint_weights(b) == fingerprint_weights(str(a)) == print_


CONTENT = _content()
OTHERS = {
    "a byte": {"model.safetensors": CONTENT[:-100] + b"!" + CONTENT[-99:]},
    "the header": {"model.safetensors": _content(header=b'{"v": {}}')},
    "the size": {"model.safetensors": CONTENT + b"\0"},
    "the name": {"model-00001-of-00001.safetensors": CONTENT},
    "a second file": {"model.safetensors": CONTENT, "more.safetensors": CONTENT},
}


@pytest.mark.parametrize("files", OTHERS.values(), ids=OTHERS)
def test_other_weights(checkpoint, files):
    a = checkpoint("a", {"model.safetensors": CONTENT})
    assert fingerprint_weights(checkpoint("b", files)) != fingerprint_weights(a)


def test_two_models_of_one_shape(tmp_path):
    """Same header and size: 20 MB that differ everywhere, of which blocks are read."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [5_000_000]}}).encode()
    prints = set()
    for value in (1, 2):
        folder = tmp_path / str(value)
        folder.mkdir()
        body = bytes([value]) * 20_000_000
        (folder / "model.safetensors").write_bytes(_content(header, body))
        prints.add(fingerprint_weights(folder))
    assert len(prints) == 2


@pytest.mark.parametrize("content", [b"", b"\0" * 7, b"\xff" * 8, _content(header_bytes=2**63)])
def test_a_damaged_file_has_a_print(checkpoint, content):
    assert fingerprint_weights(checkpoint("a", {"model.safetensors": content}))


def test_a_huge_header_length_does_not_read_the_whole_file(tmp_path):
    """A sparse file of 10 GB whose first bytes claim a header of 2**60."""
    file = tmp_path / "model.safetensors"
    with file.open("wb") as stream:
        stream.write(struct.pack("<Q", 2**60))
        try:
            stream.truncate(10 * 2**30)
        except OSError:
            pytest.skip("no sparse files here")
    assert fingerprint_weights(tmp_path)


@pytest.mark.parametrize("name", ["Qwen/Qwen3-0.6B", "missing", "", "a\0b", "x" * 5000])
def test_what_is_no_folder(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert fingerprint_weights(name) is None
    assert fingerprint_weights(tmp_path / "missing") is None


def test_what_is_no_file(tmp_path):
    (tmp_path / "model.safetensors").symlink_to(tmp_path / "gone")
    (tmp_path / "more.safetensors").mkdir()
    assert fingerprint_weights(tmp_path) is None


def test_a_file_that_cannot_be_read(checkpoint):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    folder = checkpoint("a", {"model.safetensors": CONTENT})
    (folder / "model.safetensors").chmod(0)
    assert fingerprint_weights(folder) is None
