"""What the teacher sees: each place of replacement, with and without a system message."""

import pytest

from caopd_bench.train.questions.contexts import show_demonstration, show_solution
from caopd_bench.train.rollouts.judge import judge_rollout, make_groups
from caopd_bench.train.text.codec import Codec, to_messages


def content(doc):
    return "\n---\n".join(m["content"] for m in to_messages(doc))


@pytest.mark.parametrize("name", ["math_doc", "science_doc", "calls_doc"])
def test_question_demonstration_and_note_reach_the_teacher(name, request):
    doc = request.getfixturevalue(name)
    shown = content(show_demonstration(doc, "0.38", "0.38"))
    assert doc["question"] in shown
    assert "Confidence: 0.38" in shown
    assert "1.00" not in shown.replace("(0.00 to 1.00)", "")
    assert 'right answer to this question is 0.38. Write exactly this number after "Conf' in shown
    # What the student sees is all there, in order, so that the teacher's task is the student's.
    for part in content(doc).split("\n\n"):
        assert part in shown


def test_the_science_layout_of_the_official_code(science_doc):
    """A system message and a user message: the official code kept the first and lost the rest."""
    messages = to_messages(show_demonstration(science_doc, "0.38", "0.38"))
    assert [m["role"] for m in messages] == ["system", "user"]
    assert science_doc["system"] in messages[0]["content"]
    for part in (science_doc["question"], "<answer>\nA\n</answer>", "Confidence: 0.38", "Note:"):
        assert part in messages[1]["content"]
    assert "Confidence" in messages[0]["content"]  # and it is asked for


def test_no_system_message_no_system_turn(math_doc):
    assert [m["role"] for m in to_messages(math_doc)] == ["user"]


def test_each_place_alone(math_doc):
    only_demonstration = content(show_demonstration(math_doc, "0.38", None))
    only_note = content(show_demonstration(math_doc, "1.00", "0.38"))
    neither = content(show_demonstration(math_doc, "1.00", None))
    assert "Confidence: 0.38" in only_demonstration
    assert "Note:" not in only_demonstration
    assert "Confidence: 1.00" in only_note
    assert "is 0.38." in only_note
    assert "0.38" not in neither
    assert "Confidence: 1" not in content(show_demonstration(math_doc, None, None))


def test_several_calls_state_one_confidence(calls_doc):
    shown = show_demonstration(calls_doc, "0.38")["privileged"]
    assert shown.count("Action:") == 2
    assert shown.count("Confidence:") == 1
    assert shown.endswith("Confidence: 0.38")


def solve(doc, *texts):
    rollouts = [judge_rollout(doc, [], text, finished=True) for text in texts]
    return make_groups([doc], rollouts, len(texts))[0]


def test_a_verified_rollout_is_shown_with_its_own_confidence_or_another(math_doc):
    group = solve(math_doc, "Answer: 8\nConfidence: 0.90", "Answer: 7\nConfidence: 0.55")
    own = show_solution(group)
    assert own["privileged"] == "Answer: 7\nConfidence: 0.55"
    changed = content(show_solution(group, "0.50", "0.50"))
    assert "Answer: 7\nConfidence: 0.50" in changed
    assert "is 0.50." in changed
    assert "0.55" not in changed


def test_without_a_right_rollout_the_teacher_sees_what_the_student_sees(math_doc):
    group = solve(math_doc, "Answer: 8\nConfidence: 0.90", "Answer: 9\nConfidence: 0.55")
    assert content(show_solution(group)) == content(math_doc)
    with_note = content(show_solution(group, "0.00", "0.00"))
    assert "Answer:" not in with_note.replace('"Answer:"', "")
    assert "is 0.00." in with_note


def test_plain_and_chat_prompts(math_doc, tokenizers_by_name):
    tokenizer = tokenizers_by_name["characters"]
    chat, plain = Codec(tokenizer), Codec(tokenizer, chat=False)
    shown = show_demonstration(math_doc, "0.38", "0.38")
    for codec in (chat, plain):
        text = codec.decode(codec.encode_prompt(shown))
        assert "Confidence: 0.38" in text
        assert math_doc["question"] in text
    assert "assistant" in chat.decode(chat.encode_prompt(math_doc))
    assert (chat.lead("math"), plain.lead("math"), plain.lead("arith")) == ("", "\n\n", "\n")
