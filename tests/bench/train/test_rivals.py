"""CalibSFT, CoCA and Rewarding Doubt: their targets, counted by hand."""

import math

import pytest

from caopd_bench.train.methods import METHODS
from caopd_bench.train.rollouts.judge import judge_rollout, make_groups
from caopd_bench.train.rollouts.rewards import advantages
from caopd_bench.train.rollouts.targets import Recipe
from caopd_bench.train.settings import make_settings
from caopd_bench.train.text.codec import Codec

RIGHT, WRONG = "3 + 4 = 7.\nAnswer: 7\nConfidence: 0.95", "Answer: 8\nConfidence: 0.90"
SILENT = "Answer: 7"


@pytest.fixture
def codec(tokenizers_by_name):
    return Codec(tokenizers_by_name["characters"])


@pytest.fixture
def group(math_doc, codec):
    """Two right of three usable ones, one without a confidence: the success rate is 0.67."""
    return judge(math_doc, codec, [RIGHT, WRONG, RIGHT.replace("0.95", "0.60"), SILENT])


def judge(doc, codec, texts, **how):
    rollouts = [
        judge_rollout(doc, [*codec.encode(text), codec.end_id], text, finished=True)
        for text in texts
    ]
    return make_groups([doc], rollouts, len(texts), **how)[0]


def make(name, groups, codec, **settings):
    made = make_settings({"method": name, "model": "x", **settings})
    return METHODS[name].make_targets(groups, Recipe(codec, made))


def split(target):
    """Give the weights of the answer's tokens, and of the confidence's."""
    first, last = target.span
    return [*target.weights[:first], *target.weights[last:]], target.weights[first:last]


def read(codec, target):
    return codec.decode(codec.split_end(target.completion)[0])


def test_coca_draws_each_confidence_to_the_groups_rate(group, codec):
    targets = make("coca", [group], codec)
    rate = 2 / 3
    right = advantages([1, 0, 1, 1])
    near = advantages([-((0.95 - rate) ** 2), -((0.9 - rate) ** 2), -((0.6 - rate) ** 2)])
    assert near[2] > 0 > near[0]
    for place, target in enumerate(targets[:3]):
        answer, confidence = split(target)
        assert confidence == [pytest.approx(near[place])] * 4
        assert set(answer) == {float(right[place])}
    assert set(targets[3].weights) == {float(right[3])}
    assert [t.completion for t in targets] == [r.ids for r in group.rollouts]
    assert all(t.teacher_prompt is None for t in targets)


def test_coca_is_not_dcpo_with_another_mix(group, codec):
    """With the weight 1 both draw to the same number, by the squared and the absolute distance."""
    squared = [split(t)[1][0] for t in make("coca", [group], codec)[:3]]
    absolute = [split(t)[1][0] for t in make("dcpo", [group], codec, group_mix=1.0)[:3]]
    assert [x > 0 for x in squared] == [x > 0 for x in absolute]
    assert all(abs(x - y) > 0.01 for x, y in zip(squared, absolute, strict=True))


@pytest.mark.parametrize("scale", [True, False])
def test_redoubt_scores_each_confidence_by_its_own_answer(group, codec, scale):
    targets = make("redoubt", [group], codec, scale_rewards=scale)
    score = advantages([math.log(0.95), math.log(1 - 0.9), math.log(0.6)], scale=scale)
    for place, target in enumerate(targets[:3]):
        answer, confidence = split(target)
        assert confidence == [pytest.approx(score[place])] * 4
        assert set(answer) == {0.0}
    assert set(targets[3].weights) == {0.0}


def test_redoubts_score_of_a_sure_mistake_is_finite(math_doc, codec):
    group = judge(math_doc, codec, [WRONG.replace("0.90", "1.00"), RIGHT.replace("0.95", "1.00")])
    first, second = make("redoubt", [group], codec, scale_rewards=False)
    apart = math.log(0.999) - math.log(0.001)
    assert split(first)[1][0] == pytest.approx(-apart / 2)
    assert split(second)[1][0] == pytest.approx(apart / 2)


def test_calib_sft_writes_the_mix_of_rate_and_correctness(group, codec):
    targets = make("calib-sft", [group], codec)
    # The silent rollout states nothing that could be replaced.
    assert [read(codec, t) for t in targets] == [
        RIGHT.replace("0.95", "0.83"),
        WRONG.replace("0.90", "0.33"),
        RIGHT.replace("0.95", "0.83"),
    ]
    assert [t.prompt for t in targets] == [codec.encode_prompt(group.doc)] * 3
    assert all(t.teacher_prompt is None for t in targets)
    assert read(codec, make("calib-sft", [group], codec, group_mix=1.0)[1])[-4:] == "0.67"
    assert read(codec, make("calib-sft", [group], codec, group_mix=0.0)[1])[-4:] == "0.00"


def test_calib_sft_learns_answers_from_right_rollouts_only(group, codec):
    first, wrong, third = make("calib-sft", [group], codec)
    assert set(split(wrong)[0]) == {0.0}
    # Two tenths of the scale, .8 with two rollouts and .3 with one: 3 / (2 * 2) and 3 / (2 * 1).
    for target, balance in ((first, 0.75), (wrong, 1.5), (third, 0.75)):
        tokens, stated = len(target.completion), 4
        assert split(target)[1] == [pytest.approx(0.5 * balance * tokens / stated)] * stated
    for target in (first, third):
        tokens = len(target.completion)
        share = 0.75 / (0.75 + 0.75)  # of the mean over right ones
        expected = 0.5 * 3 * share * tokens / (tokens - 4)
        assert split(target)[0] == [pytest.approx(expected)] * (tokens - 4)


def test_calib_sft_without_balance_counts_every_rollout_alike(group, codec):
    for target in make("calib-sft", [group], codec, balance_targets=False):
        tokens, stated = len(target.completion), 4
        assert split(target)[1] == [pytest.approx(0.5 * tokens / stated)] * stated


def test_calib_sfts_loss_is_the_sum_of_two_means(group, math_doc, codec):
    """Of losses that are 1 on every token, each mean is 1, and so is the loss."""
    other = judge(math_doc, codec, [WRONG] * 3 + [RIGHT])
    for groups in ([group], [other], [group, other]):
        targets = make("calib-sft", groups, codec)
        parts = [sum(split(t)[0]) / len(t.weights) for t in targets]
        assert sum(parts) / len(targets) == pytest.approx(0.5)
        parts = [sum(split(t)[1]) / len(t.weights) for t in targets]
        assert sum(parts) / len(targets) == pytest.approx(0.5)
    # Nothing right: confidences are learned all the same.
    targets = make("calib-sft", [judge(math_doc, codec, [WRONG, WRONG])], codec)
    assert [read(codec, t)[-4:] for t in targets] == ["0.00", "0.00"]
    assert all(set(split(t)[0]) == {0.0} and split(t)[1][0] > 0 for t in targets)


def test_calib_sft_makes_no_target_of_a_question_without_a_rate(math_doc, codec):
    assert make("calib-sft", [judge(math_doc, codec, [SILENT, SILENT])], codec) == []
    alone = judge(math_doc, codec, [RIGHT, SILENT], estimate="leave_one_out")
    assert make("calib-sft", [alone], codec) == []
