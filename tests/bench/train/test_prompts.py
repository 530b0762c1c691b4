"""The tokens of prompts are kept, and documents that differ are never taken for one another."""

import pytest

pytest.importorskip("torch")

from caopd_bench.train.memory import keep_freed_memory
from caopd_bench.train.micro.tokenizer import build_tokenizer
from caopd_bench.train.questions.contexts import show_demonstration
from caopd_bench.train.questions.questions import load_questions
from caopd_bench.train.text import codec as codecs
from caopd_bench.train.text.codec import Codec


@pytest.fixture(scope="module")
def docs():
    return load_questions("caopd_arith_conf", limit=20)


def test_many_prompts_are_encoded_as_each_is(docs):
    asked = [*docs, *map(show_demonstration, docs)]
    codec = Codec(build_tokenizer())
    assert codec.encode_prompts(asked) == [codec.encode_prompt(doc) for doc in asked]
    assert codec.encode_prompts([]) == []


def test_what_was_encoded_is_kept_and_given_as_a_copy(docs):
    codec = Codec(build_tokenizer())
    plain = codec._encode_prompt
    calls = []
    codec._encode_prompt = lambda doc: calls.append(doc) or plain(doc)
    first = codec.encode_prompt(docs[0])
    first.append(-1)
    assert codec.encode_prompt(dict(docs[0])) == first[:-1]
    assert len(calls) == 1


def test_a_document_that_was_changed_is_encoded_again(docs):
    codec = Codec(build_tokenizer())
    doc = show_demonstration(docs[0], "0.50")
    before = codec.encode_prompt(doc)
    doc["privileged"] = doc["privileged"].replace("0.50", "0.75")  # the hash is the question's
    assert codec.decode(codec.encode_prompt(doc)) == codec.decode(before).replace("0.50", "0.75")


def test_no_more_prompts_are_kept_than_a_run_asks(docs, monkeypatch):
    monkeypatch.setattr(codecs, "KEPT_PROMPTS", 3)
    codec = Codec(build_tokenizer())
    assert [codec.encode_prompt(doc) for doc in docs] == codec.encode_prompts(docs)
    assert len(codec._asked) <= 3


@pytest.mark.parametrize("problem", [AttributeError, OSError, TypeError])
def test_a_system_without_glibc_is_left_as_it_is(problem, monkeypatch):
    import ctypes

    def fail(_name):
        raise problem

    monkeypatch.setattr(ctypes, "CDLL", fail)
    keep_freed_memory()


def test_glibc_is_told_what_to_keep(monkeypatch):
    import ctypes

    told = {}

    class Library:
        def mallopt(self, name, value):
            told[name] = value

    monkeypatch.setattr(ctypes, "CDLL", lambda _name: Library())
    keep_freed_memory()
    assert told == {-3: 32 << 20, -1: 128 << 20}
