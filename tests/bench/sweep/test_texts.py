"""The texts of a cell's model: lm-eval's own, with fewer looks at what may end them."""

import random
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lm_eval")

from lm_eval.models.utils_hf import MultiTokenEOSCriteria  # noqa: E402

from caopd_bench.sweep.run.texts import AllHave, Texts  # noqa: E402
from caopd_bench.train.micro.tokenizer import build_tokenizer  # noqa: E402

START, ROWS, STEPS = 3, 6, 8


@pytest.mark.parametrize("text", ["<eos>", "12", "\nAnswer: 1"])
def test_a_batch_ends_when_lm_eval_would_end_it(text):
    tokenizer = build_tokenizer()
    encoded = tokenizer.encode(text, add_special_tokens=False)
    ends = 0
    for seed in range(40):
        draw = random.Random(seed)
        ids = torch.tensor(
            [[draw.choice([*encoded, 7, 12]) for _ in range(START + STEPS)] for _ in range(ROWS)]
        )
        theirs = MultiTokenEOSCriteria(text, tokenizer, START, ROWS)
        ours = AllHave(text, tokenizer, START, ROWS)
        said = [
            (ours(ids[:, :end], None), theirs(ids[:, :end], None))
            for end in range(START + 1, START + STEPS + 1)
        ]
        assert [mine for mine, _ in said] == [other for _, other in said]
        ends += said[-1][0]
    assert 0 < ends < 40  # batches that end, and batches that do not


def test_one_answer_without_the_string_is_enough_to_go_on():
    looked = []

    class Counting:
        def encode(self, *_, **__):
            return [1]

        def decode(self, ids):
            looked.append(ids)
            return ""

    criterion = AllHave("x", Counting(), 0, 500)
    for end in (1, 2, 3):
        assert criterion(torch.zeros(500, end, dtype=torch.long), None) is False
    assert len(looked) == 3


def test_the_texts_are_those_of_lm_eval():
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    base = Path(__file__).parents[3] / "reference_runs" / "bases" / "sure-10k-s0"
    answers, orders = [], []
    for kind in (HFLM, Texts):
        requests = [
            Instance(
                "generate_until",
                {},
                (
                    f"Q: {number}+{7 * number % 90}=?",
                    {
                        "until": ["\n###\n"],
                        "do_sample": sampled,
                        "temperature": float(sampled),
                        "max_gen_toks": 12,
                    },
                ),
                number,
                ("task", number, 1),
            )
            for sampled in (True, False)
            for number in range(5, 45)
        ]
        torch.manual_seed(3)
        model = kind.create_from_arg_obj(
            {"pretrained": str(base)}, {"batch_size": 16, "max_batch_size": None, "device": "cpu"}
        )
        answers.append(model.generate_until(requests, disable_tqdm=True))
        orders.append([model.tok_encode(request.args[0]) for request in requests])
    assert answers[0] == answers[1]
    assert orders[0] == orders[1]
    assert len(set(answers[0])) > 10
