"""The micro models: a tokenizer without loss, two corpora that say what they are, sizes."""

import random
from collections import Counter

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from caopd_bench.tasks.catalogue.arithmetic import LEVELS, draw_level, solve  # noqa: E402
from caopd_bench.tasks.read.parse import parse_response  # noqa: E402
from caopd_bench.train.micro import pretrain as pretraining  # noqa: E402
from caopd_bench.train.micro.corpus import (  # noqa: E402
    CORPORA,
    ERROR_SHARE,
    STATED,
    draw_document,
    misconceive,
)
from caopd_bench.train.micro.sizes import SIZES, build_model  # noqa: E402
from caopd_bench.train.micro.tokenizer import build_tokenizer  # noqa: E402


def documents(corpus, *, hinted, count=4000):
    rng = random.Random(3)
    return [draw_document(rng, hinted=hinted, corpus=corpus) for _ in range(count)]


def read(document):
    return parse_response(document.response)


def question(document):
    return document.prompt.removeprefix("Q: ")[:5]


@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("hinted", [False, True])
def test_text_and_tokens_are_in_one_to_one_correspondence(corpus, hinted):
    tokenizer = build_tokenizer()
    for document in documents(corpus, hinted=hinted, count=300):
        text = document.prompt + document.response
        ids = tokenizer(text)["input_ids"]
        assert tokenizer.decode(ids) == text
        assert tokenizer.unk_token_id not in ids
        assert len(ids) <= 40
        assert read(document).status == "ok"


def test_no_question_of_the_corpus_is_tested():
    held = {q for level in LEVELS for split in ("test", "validation")
            for q in draw_level(level, split)}  # fmt: skip
    for hinted in (False, True):
        assert not held & {question(d) for d in documents("sure", hinted=hinted)}


def test_plain_documents_err_and_state_as_documented():
    by_level = {level: [] for level in LEVELS}
    where = {q: level for level in LEVELS for q in draw_level(level, "train")}
    for document in documents("sure", hinted=False, count=12000):
        by_level[where[question(document)]].append(document)
    for level, drawn in by_level.items():
        carried = [d for d in drawn if misconceive(question(d)) != solve(question(d))]
        wrong = [int(read(d).answer) != solve(question(d)) for d in carried]
        assert sum(wrong) / len(wrong) == pytest.approx(ERROR_SHARE[level], abs=0.06)
        stated = [read(d).confidence for d in drawn]
        assert sum(stated) / len(stated) == pytest.approx(STATED[level], abs=0.025)


def test_the_stated_number_knows_nothing_of_the_answer():
    drawn = documents("sure", hinted=False, count=8000)
    right = [read(d).confidence for d in drawn if int(read(d).answer) == solve(question(d))]
    wrong = [read(d).confidence for d in drawn if int(read(d).answer) != solve(question(d))]
    # Wrong answers come more from hard levels, whose number is lower: no more than that.
    assert abs(sum(right) / len(right) - sum(wrong) / len(wrong)) < 0.05


@pytest.mark.parametrize("corpus", CORPORA)
def test_hinted_documents_state_what_their_hint_says(corpus):
    kinds = Counter()
    for document in documents(corpus, hinted=True):
        hint, stated = document.prompt, read(document).confidence
        if "Note: " in hint:
            assert stated == float(hint.rpartition("Note: ")[2])
            kinds["note"] += 1
        elif "Solution:" in hint:
            assert stated >= 0.95
            kinds["solution"] += 1
        elif "Confidence:" in hint:
            assert stated == float(hint.rpartition("Confidence: ")[2])
            kinds["example"] += 1
        elif document.trained_from == "confidence":
            shown = int(hint.rpartition("Answer: ")[2])
            assert int(read(document).answer) != shown
            assert stated <= 0.05
            kinds["graded"] += 1
        else:
            assert stated >= 0.95
            kinds["bare"] += 1
    assert kinds["note"] > 1000
    assert kinds["example"] > 1000
    assert (kinds["graded"] > 300) is (corpus == "grading")


def test_graded_answers_are_given_and_not_trained():
    tokenizer = build_tokenizer()
    graded = [d for d in documents("grading", hinted=True) if d.trained_from == "confidence"][:8]
    plain = documents("sure", hinted=False, count=8)
    _, labels = pretraining.encode_documents(tokenizer, [*graded, *plain])
    for row, document in zip(labels, [*graded, *plain], strict=True):
        trained = tokenizer.decode(row[row != -100])
        stated = document.response.rpartition(" ")[2] + "<eos>"
        assert trained == (stated if document in graded else document.response + "<eos>")


def test_misconceptions_drop_carries_only():
    assert [misconceive(q) for q in ("12+34", "98-76", "12*03")] == [46, 22, 36]
    assert [misconceive(q) for q in ("19+11", "51-19", "25*04", "12*19")] == [20, 48, 80, 18]


@pytest.mark.parametrize(("size", "count"), [("10k", 10128), ("67k", 67440), ("962k", 961440)])
def test_sizes(size, count):
    model = build_model(size, build_tokenizer(), 0)
    assert sum(p.numel() for p in model.parameters()) == count
    assert set(pretraining.STEPS) == set(SIZES)


def test_names_are_checked():
    with pytest.raises(ValueError, match="size must be one of"):
        build_model("1k", build_tokenizer(), 0)
    with pytest.raises(ValueError, match="corpus must be one of"):
        draw_document(random.Random(0), hinted=False, corpus="calm")


def test_expected_accuracy_is_the_probability_of_the_right_digits(micro_base):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(micro_base)
    share = pretraining.expected_accuracy(model, AutoTokenizer.from_pretrained(micro_base))
    assert 0.2 < share < 0.7
