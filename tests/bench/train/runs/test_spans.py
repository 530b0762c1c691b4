"""Tokens of the stated number, under tokenizers that merge, split and add spaces."""

import pytest

from caopd_bench.train.text.codec import Codec
from caopd_bench.train.text.replace import find_confidence

TEXTS = [
    "Answer: 7\nConfidence: 0.95",
    "3 + 4 = 7.\nAnswer: 7\nConfidence: 1.00",
    "Zażółć 你好 — naïve café\nAnswer: 12\nConfidence: 0.62",
    "Answer: 7\nConfidence: 0.95.\nThink step by step",
]
NAMES = ["characters", "byte-pairs"]


@pytest.fixture
def codec(request, tokenizers_by_name):
    return Codec(tokenizers_by_name[request.param])


@pytest.mark.parametrize("codec", NAMES, indirect=True)
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("number", ["0.38", "0.00", "1.00"])
def test_replaced_tokens_decode_to_the_replaced_text(codec, text, number):
    ids = codec.encode(text)
    span = find_confidence(text)
    changed = codec.restate(ids, text, span, number)
    assert codec.decode(changed.ids) == text[: span[0]] + number + text[span[1] :]
    assert number in codec.decode(changed.ids[changed.first : changed.last])
    # No token before the one that held the number's beginning was touched.
    kept, _ = codec.find_span(ids, span)
    assert changed.ids[:kept] == ids[:kept]


@pytest.mark.parametrize("codec", NAMES, indirect=True)
@pytest.mark.parametrize("text", TEXTS)
def test_the_span_holds_the_number_and_no_token_more(codec, text):
    ids, span = codec.encode(text), find_confidence(text)
    first, last = codec.find_span(ids, span)
    inside = codec.decode(ids[first:last])
    assert text[slice(*span)] in inside
    assert len(codec.decode(ids[:first])) <= span[0] < len(codec.decode(ids[: first + 1]))
    assert len(codec.decode(ids[: last - 1])) < span[1] <= len(codec.decode(ids[:last]))


def test_byte_pairs_do_merge_the_number_with_what_stands_before(tokenizers_by_name):
    codec = Codec(tokenizers_by_name["byte-pairs"])
    text = TEXTS[0]
    ids = codec.encode(text)
    first, _ = codec.find_span(ids, find_confidence(text))
    assert len(codec.decode(ids[:first])) < find_confidence(text)[0]


def test_character_tokens_are_exactly_the_number(tokenizers_by_name):
    codec = Codec(tokenizers_by_name["characters"])
    ids = codec.encode(TEXTS[0])
    assert codec.find_span(ids, find_confidence(TEXTS[0])) == (len(ids) - 4, len(ids))


def test_word_pieces_whose_decoding_adds_spaces(tokenizers_by_name):
    codec = Codec(tokenizers_by_name["word-pieces"])
    text = codec.decode(codec.encode("Answer: 7 Confidence: 95%"))  # "Answer : 7 Confidence : ..."
    ids = codec.encode("Answer: 7 Confidence: 0")
    text = codec.decode(ids)
    assert text == "Answer : 7 Confidence : 0"
    changed = codec.restate(ids, text, (len(text) - 1, len(text)), "1")
    assert codec.decode(changed.ids) == "Answer : 7 Confidence : 1"
    assert codec.decode(changed.ids[changed.first : changed.last]).strip() == "1"
    assert changed.ids[: changed.first] == ids[: changed.first]


def test_a_tokenizer_that_cannot_write_the_number_says_so(tokenizers_by_name):
    codec = Codec(tokenizers_by_name["word-pieces"])
    ids = codec.encode("Answer: 7 Confidence: 0")
    text = codec.decode(ids)
    with pytest.raises(ValueError, match="cannot write the confidence"):
        codec.restate(ids, text, (len(text) - 1, len(text)), "0.38")
