"""Documents, tokenizers and a micro model that answers in the format."""

import re
from pathlib import Path

import pytest

from caopd_bench.train.questions.questions import make_doc

REFERENCE = Path(__file__).parents[3] / "reference_runs" / "bases"
MATH = {
    "question": "What is 3 + 4?",
    "answer": "7",
    "kind": "number",
    "style": "math",
    "solution": "3 + 4 = 7.",
    "level": 1,
    "family": "sum",
}
SCIENCE = {
    "question": "Which gas is lightest?\n\nA: H2\nB: O2\nC: N2\nD: CO2",
    "answer": "A",
    "kind": "choice",
    "style": "science",
    "solution": "",
    "system": "Given a question and four options, please select the right answer.",
}
CALLS = {
    "question": "Book a room, then send a mail.",
    "answer": '[{"Action": "book", "Action_Input": "{\\"day\\": 1}"}, '
    '{"Action": "mail", "Action_Input": "{}"}]',
    "kind": "calls",
    "style": "tooluse",
    "solution": "",
}


@pytest.fixture
def math_doc():
    return make_doc(dict(MATH))


@pytest.fixture
def science_doc():
    return make_doc(dict(SCIENCE))


@pytest.fixture
def calls_doc():
    return make_doc(dict(CALLS))


CHAT = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<eos>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
CORPUS = [
    "Problem: What is 3 + 4?",
    "3 + 4 = 7.\nAnswer: 7\nConfidence: 0.95",
    "Answer: 12\nConfidence: 0.62",
    "Confidence: 1.00",
    "Note: the measured probability of a right answer to this question is 0.38.",
    "Think step by step, then end with two lines.",
    "Zażółć 你好 — naïve café",
] * 3


def _wrap(tokenizer):
    transformers = pytest.importorskip("transformers")
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        unk_token="<unk>",
        chat_template=CHAT,
        clean_up_tokenization_spaces=False,
    )


def _characters():
    tokenizers = pytest.importorskip("tokenizers")
    seen = sorted({c for text in CORPUS for c in text} | {chr(i) for i in range(32, 127)} | {"\n"})
    words = {piece: i for i, piece in enumerate(["<pad>", "<eos>", "<unk>", *seen])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Split("", "isolated")
    made.decoder = tokenizers.decoders.Fuse()
    return made


def _byte_pairs():
    """Byte-level BPE without a rule that keeps digits apart: it merges across the number's edge."""
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    )
    made.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=["<pad>", "<eos>", "<unk>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(CORPUS, trainer)
    return made


def _word_pieces():
    """WordPiece: decoding puts spaces between pieces that the text did not have."""
    tokenizers = pytest.importorskip("tokenizers")
    words = sorted({w for text in CORPUS for w in re.findall(r"\w+|[^\w\s]", text)})
    pieces = [*words, *"0123456789", *(f"##{c}" for c in "0123456789")]
    numbers = {p: i for i, p in enumerate(dict.fromkeys(["<pad>", "<eos>", "<unk>", *pieces]))}
    made = tokenizers.Tokenizer(tokenizers.models.WordPiece(numbers, unk_token="<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    made.decoder = tokenizers.decoders.WordPiece(prefix="##", cleanup=False)
    return made


@pytest.fixture(scope="session")
def tokenizers_by_name():
    return {
        "characters": _wrap(_characters()),
        "byte-pairs": _wrap(_byte_pairs()),
        "word-pieces": _wrap(_word_pieces()),
    }


@pytest.fixture(scope="session")
def micro_base():
    """The smallest pretrained micro model of the reference runs."""
    folder = REFERENCE / "sure-10k-s0"
    assert (folder / "model.safetensors").is_file(), "reference_runs/bases is not complete"
    return folder
