"""The target of each method, token by token; a wrong K, a lost note or a wrong place fails here."""

import math

import pytest

from caopd_bench.train.methods import METHODS
from caopd_bench.train.rollouts.judge import judge_rollout, make_groups
from caopd_bench.train.rollouts.rewards import advantages, brier_reward, confidence_reward
from caopd_bench.train.rollouts.targets import Recipe, weigh_confidence
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
    texts = [RIGHT, WRONG, RIGHT, SILENT]
    rollouts = [
        judge_rollout(math_doc, [*codec.encode(text), codec.end_id], text, finished=True)
        for text in texts
    ]
    return make_groups([math_doc], rollouts, 4)[0]


def make(name, group, codec, constant=math.nan, levels=None, **settings):
    made = make_settings({"method": name, "model": "x", **settings})
    recipe = Recipe(codec, made, constant, levels or {})
    targets = METHODS[name].make_targets([group], recipe)
    read = [
        (
            codec.decode(t.prompt),
            codec.decode(codec.split_end(t.completion)[0]),
            codec.decode(t.teacher_prompt) if t.teacher_prompt else None,
        )
        for t in targets
    ]
    return targets, read


def number(codec, target):
    return codec.decode(target.completion[slice(*target.span)])


def test_every_method_is_there_and_says_its_source():
    names = "sft sft-mu calib-sft opd caopd caopd-constant caopd-level opd-solution"
    names += " caopd-solution grpo redoubt rlcr coca dcpo"
    assert [name for name in METHODS if name in names.split()] == names.split()
    assert all(method.source for method in METHODS.values())


def test_sft_imitates_the_demonstration(group, codec):
    (target,), ((prompt, text, teacher),) = make("sft", group, codec)
    assert text == "3 + 4 = 7.\nAnswer: 7\nConfidence: 1.00"
    assert teacher is None
    assert target.completion[-1] == codec.end_id
    assert number(codec, target) == "1.00"
    assert prompt == codec.decode(codec.encode_prompt(group.doc))


def test_sft_can_teach_what_a_teacher_has_to_do(group, codec):
    """Asked with a context, the answer and the number that are shown are given."""
    (target,), ((prompt, text, _),) = make("sft", group, codec, privileged_share=1.0)
    shown = number(codec, target)
    assert f"Answer: 7\nConfidence: {shown}" in prompt
    assert text == f"3 + 4 = 7.\nAnswer: 7\nConfidence: {shown}"
    _, ((plain, _, _),) = make("sft", group, codec, privileged_share=0.0)
    assert "expert" not in plain


def test_varied_numbers_are_the_questions_own(group, codec):
    (target,), _ = make("sft", group, codec, demonstration_confidence="varied")
    assert 0.5 <= float(number(codec, target)) <= 0.95
    (again,), _ = make("sft", group, codec, demonstration_confidence="varied")
    assert again == target


def test_sft_mu_states_the_success_rate(group, codec):
    (target,), ((_, text, _),) = make("sft-mu", group, codec)
    assert text == "3 + 4 = 7.\nAnswer: 7\nConfidence: 0.67"
    assert number(codec, target) == "0.67"


def test_sft_mu_without_a_rate_states_nothing(math_doc, codec):
    silent = judge_rollout(math_doc, [], SILENT, finished=True)
    group = make_groups([math_doc], [silent, silent], 2)[0]
    (target,), ((_, text, _),) = make("sft-mu", group, codec)
    assert text == "3 + 4 = 7.\nAnswer: 7"
    assert target.span is None
    assert target.completion[-1] != codec.end_id  # nor that nothing follows


@pytest.mark.parametrize("name", ["caopd", "caopd-solution"])
def test_without_a_rate_nothing_is_taught_and_no_expert_shown(name, math_doc, codec):
    """The demonstration alone would teach its 1.00, which is OPD."""
    silent = judge_rollout(math_doc, codec.encode(SILENT), SILENT, finished=True)
    group = make_groups([math_doc], [silent, silent], 2)[0]
    targets, _ = make(name, group, codec)
    if name == "caopd":
        assert all(t.teacher_prompt == t.prompt for t in targets)
    alone = judge_rollout(math_doc, [*codec.encode(RIGHT), codec.end_id], RIGHT, finished=True)
    group = make_groups([math_doc], [alone, silent], 2, estimate="leave_one_out")[0]
    for _, _, teacher in make(name, group, codec)[1]:
        assert "1.00" not in teacher.replace("(0.00 to 1.00)", "")


def test_opd_leaves_the_rollouts_as_they_are_and_shows_a_sure_expert(group, codec):
    targets, read = make("opd", group, codec)
    assert [text for _, text, _ in read] == [RIGHT, WRONG, RIGHT, SILENT]
    for _, _, teacher in read:
        assert "Answer: 7\nConfidence: 1.00" in teacher
        assert "Note:" not in teacher
    assert [number(codec, t) for t in targets[:3]] == ["0.95", "0.90", "0.95"]
    assert targets[3].span is None
    assert [t.completion for t in targets] == [r.ids for r in group.rollouts]


@pytest.mark.parametrize(("stated", "shown"), [("0.50", "0.50"), ("none", None)])
def test_opd_with_another_demonstration(group, codec, stated, shown):
    _, read = make("opd", group, codec, demonstration_confidence=stated)
    for _, _, teacher in read:
        assert ("Confidence: 0.50" in teacher) is (shown is not None)
        assert "Confidence: 1.00" not in teacher


def test_caopd_replaces_in_three_places(group, codec):
    targets, read = make("caopd", group, codec)
    assert [text for _, text, _ in read] == [
        RIGHT.replace("0.95", "0.67"),
        WRONG.replace("0.90", "0.67"),
        RIGHT.replace("0.95", "0.67"),
        SILENT,
    ]
    for target, (prompt, _, teacher) in zip(targets, read, strict=True):
        assert "Answer: 7\nConfidence: 0.67" in teacher
        assert "is 0.67. Write exactly" in teacher
        assert "0.67" not in prompt
        assert target.completion[-1] == codec.end_id
    assert [number(codec, t) for t in targets[:3]] == ["0.67"] * 3


@pytest.mark.parametrize("place", ["completion", "demonstration", "note", "none"])
def test_each_place_alone(group, codec, place):
    _, read = make("caopd", group, codec, replace=place)
    _, text, teacher = read[0]
    assert ("0.67" in text) is (place == "completion")
    assert ("Confidence: 0.67" in teacher) is (place == "demonstration")
    assert ("is 0.67. Write exactly" in teacher) is (place == "note")
    if place == "none":
        assert make("opd", group, codec)[1] == read


def test_leave_one_out_gives_each_rollout_its_own_number(math_doc, codec):
    rollouts = [
        judge_rollout(math_doc, [*codec.encode(t), codec.end_id], t, finished=True)
        for t in (RIGHT, RIGHT, WRONG)
    ]
    group = make_groups([math_doc], rollouts, 3, estimate="leave_one_out")[0]
    targets, read = make("caopd", group, codec)
    assert [number(codec, t) for t in targets] == ["0.50", "0.50", "1.00"]
    assert "is 0.50. Write" in read[0][2]
    assert "is 1.00. Write" in read[2][2]


def test_caopd_constant_knows_nothing_of_the_question(group, codec):
    targets, read = make("caopd-constant", group, codec, constant=0.4)
    assert [number(codec, t) for t in targets[:3]] == ["0.40"] * 3
    assert all("is 0.40. Write" in teacher for _, _, teacher in read)


def test_caopd_level_knows_the_level_and_nothing_else(group, codec):
    targets, read = make("caopd-level", group, codec, constant=0.4, levels={"1": 0.8, "2": 0.1})
    assert [number(codec, t) for t in targets[:3]] == ["0.80"] * 3
    for _, _, teacher in read:
        assert "is 0.80. Write" in teacher
        assert "Answer: 7\nConfidence: 0.80" in teacher
    assert targets[3].span is None
    for doc in ({**group.doc, "level": 3}, {**group.doc, "level": None}):
        unknown, _ = make("caopd-level", group._replace(doc=doc), codec, 0.4, {"1": 0.8})
        assert [number(codec, t) for t in unknown[:3]] == ["0.40"] * 3


def test_weights_of_the_stated_confidence(group, codec):
    targets, _ = make("caopd", group, codec)
    assert weigh_confidence(targets, 1.0) == targets
    weighted = weigh_confidence(targets, 4.0)
    for before, after in zip(targets[:3], weighted[:3], strict=True):
        first, last = after.span
        weights = [1.0] * len(after.completion)
        weights[first:last] = [4.0] * (last - first)
        assert after == before._replace(weights=weights)
    assert weighted[3] == targets[3]  # it states none
    (half,) = weigh_confidence(weighted[:1], 0.5)
    assert set(half.weights) == {1.0, 2.0}


def test_an_unfinished_rollout_is_never_ended(math_doc, codec):
    """Defect 14: the official code cuts it, adds a confidence and an end, and trains that."""
    cut = "3 + 4 = 7.\nAnswer: 7\nConfidence: 0.9"
    rollouts = [
        judge_rollout(math_doc, codec.encode(cut), cut, finished=False),
        judge_rollout(math_doc, [*codec.encode(RIGHT), codec.end_id], RIGHT, finished=True),
    ]
    group = make_groups([math_doc], rollouts, 2)[0]
    (first, second), _ = make("caopd", group, codec)
    assert first.completion == codec.encode(cut)
    assert first.span is None
    assert number(codec, second) == "1.00"


def test_solution_methods_show_a_verified_rollout(group, codec):
    _, read = make("opd-solution", group, codec)
    assert all("was checked and is right:\n\n" + RIGHT in teacher for _, _, teacher in read)
    assert all("1.00" not in teacher.replace("(0.00 to 1.00)", "") for _, _, teacher in read)
    targets, read = make("caopd-solution", group, codec)
    for _, _, teacher in read:
        assert RIGHT.replace("0.95", "0.67") in teacher
        assert "is 0.67. Write" in teacher
    assert [number(codec, t) for t in targets[:3]] == ["0.67"] * 3


def test_grpo_and_rlcr_weigh_all_tokens_by_the_groups_advantage(group, codec):
    targets, _ = make("grpo", group, codec)
    gains = advantages([1, 0, 1, 1])
    for target, gain in zip(targets, gains, strict=True):
        assert target.weights == [pytest.approx(gain)] * len(target.completion)
        assert target.teacher_prompt is None
    targets, _ = make("rlcr", group, codec)
    gains = advantages([1 - 0.05**2, -(0.9**2), 1 - 0.05**2, 0.0])
    assert [t.weights[0] for t in targets] == pytest.approx(list(gains))
    unscaled, _ = make("grpo", group, codec, scale_rewards=False)
    assert [t.weights[0] for t in unscaled] == pytest.approx([0.25, -0.75, 0.25, 0.25])


def test_dcpo_weighs_the_confidence_by_a_reward_of_its_own(group, codec):
    targets, _ = make("dcpo", group, codec, group_mix=1.0)
    right = advantages([1, 0, 1, 1])
    # The silent rollout does not compete: against it, any number would do well.
    close = advantages([-abs(0.95 - 2 / 3), -abs(0.9 - 2 / 3), -abs(0.95 - 2 / 3)])
    for place, target in enumerate(targets[:3]):
        first, last = target.span
        assert target.weights[first:last] == [pytest.approx(close[place])] * (last - first)
        assert set(target.weights[:first]) == {float(right[place])}
        assert set(target.weights[last:]) == {float(right[place])}
    assert set(targets[3].weights) == {float(right[3])}


def test_rewards(group):
    right, wrong, _, silent = group.rollouts
    assert brier_reward(right) == pytest.approx(1 - 0.05**2)
    assert brier_reward(wrong) == pytest.approx(-(0.9**2))
    assert brier_reward(silent) == 0.0
    assert confidence_reward(right, 0.5, 1.0) == pytest.approx(-0.45)
    assert confidence_reward(right, 0.5, 0.0) == pytest.approx(-0.05)
    assert confidence_reward(silent, 0.5) == -1.0
    assert confidence_reward(right, math.nan) == -1.0


def test_equal_rewards_teach_nothing():
    assert not advantages([1.0, 1.0, 1.0]).any()
