"""Logs of Inspect: which samples, which questions, which order of options, in how much memory."""

import json
import tracemalloc
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest

from caopd_bench import compare, rescore
from caopd_bench.core.errors import UsageError
from caopd_bench.runs.inspect.log import read_inspect
from caopd_bench.tasks.ask.prompts import item_hash

LOGS = Path(__file__).parent / "inspect_logs"  # what inspect_ai wrote: its write.py
MB = 1 << 20
TEXT = "Answer: {}\nConfidence: {}"
FOUR = TEXT.format(4, 0.8)
HEAD = {
    "version": 2,
    "status": "success",
    "eval": {"task": "sums", "model": "openai/gpt-x", "model_generate_config": {}},
}


def make(name, text=FOUR, epoch=1, **fields):
    choice = {"message": {"role": "assistant", "content": text}, "stop_reason": "stop"}
    output = {"choices": [choice], "completion": text}
    return {
        "id": name,
        "epoch": epoch,
        "input": f"q{name}",
        "target": "4",
        "output": output,
    } | fields


def write(file, samples, head=HEAD):
    """Write a log; of samples with one id and epoch all, as Inspect does after a failed try."""
    if file.suffix == ".json":
        file.write_text(json.dumps({**head, "samples": samples}))
        return file
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_journal/start.json", json.dumps(head))
        for sample in samples:
            place = archive.open(f"samples/{sample['id']}_epoch_{sample['epoch']}.json", "w")
            with place:
                place.write(json.dumps(sample).encode())
        archive.writestr("header.json", json.dumps(head))
    return file


def hashes(run):
    return [row.item_hash for row in run.rows]


# The kind of the answers


def judged_by(kind, name="stated_confidence", key="scorers"):
    """Make the head of a log that our scorer judged, when it ran or later."""
    if key == "scorers":
        more = {"scorers": [{"name": name, "options": {"kind": kind}}, {"name": "match"}]}
        return {**HEAD, "eval": {**HEAD["eval"], **more}}
    return {**HEAD, "results": {"scores": [{"scorer": name, "params": {"kind": kind}}, "odd"]}}


@pytest.mark.parametrize("ending", [".eval", ".json"])
@pytest.mark.parametrize("key", ["scorers", "scores"])
@pytest.mark.parametrize("name", ["stated_confidence", "caopd_bench/stated_confidence"])
def test_the_kind_is_that_of_our_scorer_in_the_log(tmp_path, ending, key, name):
    samples = [make(i, TEXT.format("A", 0.8), choices=["x", "y"], target="A") for i in range(3)]
    log = write(tmp_path / f"a{ending}", samples, judged_by("choice", name, key))
    run = rescore(log)
    assert [row.correct for row in run.rows] == [1, 1, 1]
    assert run.settings("sums")["source"]["kind"] == "choice"
    with pytest.raises(UsageError, match="is --kind number right"):
        rescore(log, kind="number")  # the user's comes first


@pytest.mark.parametrize("head", [judged_by("choice", "match"), judged_by("words"), HEAD])
def test_a_kind_that_no_scorer_of_ours_names_is_number(tmp_path, head):
    run = rescore(write(tmp_path / "a.eval", [make(1)], head))
    assert run.settings("sums")["source"]["kind"] == "number"


def test_scorers_of_two_kinds_name_none(tmp_path):
    head = {**judged_by("choice"), **{"results": judged_by("phrase", key="scores")["results"]}}
    run = rescore(write(tmp_path / "a.eval", [make(1)], head))
    assert run.settings("sums")["source"]["kind"] == "number"


def test_the_command_has_no_kind_of_its_own(run, tmp_path):
    samples = [make(i, TEXT.format("A", 0.8), choices=["x", "y"], target="A") for i in range(3)]
    log = write(tmp_path / "a.eval", samples, judged_by("choice"))
    assert run("rescore", log)[0] == 0
    code, _, err = run("rescore", log, "--kind", "number")
    assert (code, "is --kind number right?" in err) == (2, True)


# Which question a sample belongs to


@pytest.mark.parametrize("ending", [".eval", ".json"])
def test_samples_with_one_stem_and_options_of_their_own_are_questions(tmp_path, ending):
    stem = "Which of these statements is true?"
    samples = [
        make(i, TEXT.format("A", 0.8), epoch, input=stem, choices=[f"s{i}", f"t{i}"], target=gold)
        for epoch in (1, 2)
        for i, gold in enumerate("AB" * 20)
    ]
    run = rescore(write(tmp_path / f"a{ending}", samples), kind="choice")
    assert len(set(hashes(run))) == 40
    assert [row.sample for row in run.rows] == [0, 1] * 40
    assert run.warnings == ()


def test_two_ids_with_one_text_are_two_questions(tmp_path):
    samples = [make(i, epoch=epoch, input="Solve it.") for epoch in (1, 2) for i in range(4)]
    run = rescore(write(tmp_path / "a.eval", samples))
    assert len(set(hashes(run))) == 4
    different = [make(i, input="Solve it.", target=str(i)) for i in range(4)]
    run = rescore(write(tmp_path / "b.eval", different))
    assert (len(set(hashes(run))), run.warnings) == (4, ())


def test_two_logs_pair_whatever_the_order_of_their_samples(tmp_path):
    samples = [
        make(i, TEXT.format("AB"[i % 2], 0.5 + i / 100), input="Which?", choices=["x", f"y{i}"])
        | {"target": "AB"[i % 3 == 0]}
        for i in range(40)
    ]
    one = rescore(write(tmp_path / "a.eval", samples), kind="choice", name="a")
    other = rescore(write(tmp_path / "b.json", samples[::-1]), kind="choice", name="b")
    assert sorted(hashes(one)) == sorted(hashes(other))
    assert compare(one, other)[0].items == 40


def test_a_text_of_its_own_names_a_question_as_our_tasks_do(tmp_path):
    """So rows pair with lm-eval's, and with those that were stored before."""
    choice = make("b", TEXT.format("B", 0.8), choices=["trout", "whale"], target="B")
    run = rescore(write(tmp_path / "a.eval", [choice | {"input": "Which?"}]), kind="choice")
    assert hashes(run) == [item_hash({"question": "Which?\nA. trout\nB. whale", "answer": "B"})]
    run = rescore(write(tmp_path / "b.eval", [make("a")]))
    assert hashes(run) == [item_hash({"question": "qa", "answer": "4"})]


# Which samples there are


def test_a_sample_that_was_run_again_counts_once(tmp_path):
    samples = [make(1, "", error={"message": "rate limit"}), make(2), make(1, TEXT.format(4, 0.6))]
    for name in ("a.eval", "a.json"):
        with pytest.warns(UserWarning, match="Duplicate") if name == "a.eval" else nullcontext():
            file = write(tmp_path / name, samples)
        run = rescore(file)
        assert [(row.status, row.confidence, row.sample) for row in run.rows] == [
            ("ok", 0.6, -1),
            ("ok", 0.8, -1),
        ]
        assert "1 samples were logged more than once; the last one counts" in str(run.warnings)


@pytest.mark.parametrize("name", ["order.eval", "order_chunks.eval"])
def test_a_log_in_one_piece_or_in_chunks(name):
    """The model always chose the whale, and Inspect shuffled the options before it saw them."""
    run = rescore(LOGS / name, kind="choice")
    rows = {(row.item_hash, row.sample): row for row in run.rows}
    assert len(rows) == 6
    assert [row.correct for row in run.rows] == [1] * 6
    assert {row.confidence for row in run.rows} == {0.8, 0.9}
    assert {row.gold for row in run.rows} > {"A"}  # the letters that the model saw
    assert run.warnings == ()
    question = (
        "Which gives milk? Say it in {}.\nA. a whale\nB. a whale shark\nC. a trout\nD. a newt"
    )
    golds = [{"question": question.format(how), "answer": "A"} for how in ("prose", "form")]
    assert {row.item_hash for row in run.rows} == set(map(item_hash, golds))


def test_a_chunk_without_its_sample_is_named(tmp_path):
    file = write(tmp_path / "a.eval", [])
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("samples/x_epoch_1/messages/0.json", "[]")
    with pytest.raises(UsageError, match=r"messages/0\.json: a part of a sample without its sam"):
        rescore(file)


def test_long_texts_and_metadata_of_a_sample_in_chunks(tmp_path):
    file = write(tmp_path / "a.eval", [make("whole")])
    shell = make("x", "attachment://3", input="attachment://0") | {"message_refs": [[0, 2]]}
    with zipfile.ZipFile(file, "a") as archive:
        folder = "samples/x_epoch_1"
        archive.writestr(f"{folder}/sample.json", json.dumps(shell))
        archive.writestr(f"{folder}/metadata.json", json.dumps({"level": 2}))
        archive.writestr(f"{folder}/events/stats.json", "{}")
        archive.writestr(f"{folder}/attachments/0.json", json.dumps(["What?", "no"]))
        archive.writestr(f"{folder}/attachments/2.json", json.dumps(["no", TEXT.format(4, 0.3)]))
    row = rescore(file).rows[1]
    assert (row.confidence, row.correct, row.groups) == (0.3, 1, {"level": 2})
    assert row.item_hash == item_hash({"question": "What?", "answer": "4"})


def test_a_folder_of_logs(run, tmp_path):
    write(tmp_path / "a.eval", [make("a")])
    assert len(rescore(tmp_path).rows) == 1
    write(tmp_path / "b.eval", [make("a")])
    code, _, err = run("rescore", tmp_path)
    assert code == 2
    assert "a folder with 2 logs of Inspect; rescore reads one at a time" in err
    assert str(tmp_path / "b.eval") in err


# In which order options were shown


def shown(order, text, **fields):
    """Make a sample whose prompt shows the options in an order; `choices` has theirs."""
    options = ["a whale", "a whale shark", "a trout"]
    lines = "\n".join(f"{letter}) {options[i]}" for letter, i in zip("ABC", order, strict=True))
    messages = [{"role": "user", "content": f"Choose.\n\nWhich gives milk?\n\n{lines}"}]
    fields = {"choices": options, "target": "A", "messages": messages, **fields}
    return make(1, text, input="Which gives milk?", **fields)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_the_letters_that_the_model_saw(tmp_path, order):
    letter = "ABC"[order.index(0)]
    file = write(tmp_path / "a.eval", [shown(order, TEXT.format(letter, 0.9))])
    run = rescore(file, kind="choice")
    assert run.rows[0].correct == 1
    assert next(iter(read_inspect(file, "choice"))).options[order.index(0)] == "a whale"
    wrong = "ABC"[order.index(1)]
    file = write(tmp_path / "b.eval", [shown(order, TEXT.format(wrong, 0.9))])
    other = rescore(file, kind="choice")
    assert other.rows[0].correct == 0
    assert hashes(run) == hashes(other)


def test_an_order_that_the_log_does_not_say(tmp_path):
    """Inspect wrote the answer anew, and the model's own text has letters of an unknown order."""
    event = {"event": "model", "input": [], "output": make(1, TEXT.format("C", 0.9))["output"]}
    hidden = shown((0, 1, 2), "ANSWER: A", events=[event])
    file = write(tmp_path / "a.eval", [hidden, shown((0, 1, 2), "ANSWER: A") | {"id": 2}])
    run = rescore(file, kind="choice")
    assert [(row.correct, row.status) for row in run.rows] == [(1, "no_confidence")]
    assert "1 samples are left out: their options were shuffled" in str(run.warnings)


def test_long_samples_are_read_as_short_ones_are(tmp_path):
    """A short sample is parsed whole, a long one value by value."""
    store = {"x": ["y" * 10] * 20_000}
    order = (2, 0, 1)
    short = [
        shown(order, TEXT.format("B", 0.7)),
        make(2, "attachment://k", attachments={"k": TEXT.format("A", 0.2), "l": "no"}, target="A"),
    ]
    long = [{**sample, "store": store} for sample in short]
    found = [
        [one._replace(where="") for one in read_inspect(write(tmp_path / name, samples), "choice")]
        for name, samples in [("a.eval", short), ("b.eval", long), ("c.json", long)]
    ]
    assert found[0] == found[1] == found[2]
    assert [one.response for one in found[0]] == [TEXT.format("B", 0.7), TEXT.format("A", 0.2)]


# What a sample says of itself


def test_ways_to_end_groups_and_reasoning():
    found = list(read_inspect(LOGS / "sums.eval", "phrase", ["of.size", "of.kind.name", "list"]))
    assert [(one.item, one.stopped, one.failed) for one in found] == [
        ("whole", "", False),
        ("cut", "length", False),
        ("filtered", "filter", False),
        ("failing", "", True),
        ("thinking", "", False),
    ]
    assert found[1].groups == {"level": 1.5, "of.size": 1, "of.kind.name": "small"}
    assert found[0].gold == '["4", "four"]'
    assert found[0].response.endswith(TEXT.format(4, 0.6))
    assert found[4].response == TEXT.format(4, 0.7)
    assert found[0]._replace(where="") == next(
        iter(read_inspect(LOGS / "whole.json", "phrase", ["of.size", "of.kind.name"]))
    )._replace(where="")


def test_metadata_with_a_dot_in_its_key_and_values_that_are_no_groups(tmp_path):
    metadata = {"a.b": 10**400, "a": {"b": 2}, "level": float("nan"), "subject": [1], "yes": True}
    file = write(tmp_path / "a.eval", [make(1, metadata=metadata)])
    found = next(iter(read_inspect(file, "number", ["a.b", "a.c", "yes"])))
    assert found.groups == {"a.b": 10**400, "yes": True}


def test_samples_without_a_target_but_with_scores(tmp_path):
    sample = make(1, target="", scores={"model_graded": {"value": "C"}})
    with pytest.raises(UsageError, match="no target, only scores by Inspect's scorer"):
        rescore(write(tmp_path / "a.eval", [sample]))


# In how much memory


@pytest.mark.parametrize("ending", [".eval", ".json"])
def test_events_are_not_built(tmp_path, ending):
    event = {"event": "tool", "id": "x", "arguments": {"cmd": "ls"}, "result": "y" * 40}
    samples = [make(i, events=[event] * 10_000, attachments={"z": "y" * MB}) for i in range(12)]
    file = write(tmp_path / f"a{ending}", samples)
    del samples
    rescore(write(tmp_path / "small.eval", [make(1)]))
    tracemalloc.start()
    run = rescore(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row.confidence for row in run.rows] == [0.8] * 12
    assert peak < 12 * MB


# Which answers are right


def judged(tmp_path, *samples, kind="number"):
    run = rescore(write(tmp_path / "log.json", list(samples)), kind=kind)
    return [row.correct for row in run.rows]


@pytest.mark.parametrize("kind", ["number", "latex", "phrase"])
def test_any_of_several_targets_is_right(tmp_path, kind):
    said = [make(i, TEXT.format(i, 0.8), target=["3", "4"]) for i in (3, 4, 5)]
    assert judged(tmp_path, *said, kind=kind) == [1, 1, 0]


def test_of_several_targets_those_count_that_are_of_the_kind(tmp_path):
    assert judged(tmp_path, make(1, target=["four", "4"]), make(2, target=["4", "four"])) == [1, 1]
    with pytest.raises(UsageError, match="gold answer 'four' is not a number"):
        judged(tmp_path, make(1, target=["four", "vier"]))


def test_several_letters_are_alternatives_but_for_choices_of_the_sample(tmp_path):
    one = make(1, TEXT.format("B", 0.8), target=["A", "B"])
    assert judged(tmp_path, one, kind="choice") == [1]
    with pytest.raises(UsageError, match="gold answer 'AB'"):
        judged(tmp_path, one | {"choices": ["trout", "whale"]}, kind="choice")


@pytest.mark.parametrize("target", [4, 4.0, [4], ["4"], [5, 4]])
def test_a_target_may_be_a_number(tmp_path, target):
    assert judged(tmp_path, make(1, target=target)) == [1]


def test_a_number_and_its_text_are_two_ids(tmp_path):
    samples = [make(1, input="2 + 2"), make("1", input="1 + 3"), make(2)]
    run = rescore(write(tmp_path / "log.json", samples))
    assert len(set(hashes(run))) == len(run.rows) == 3
    assert not run.warnings


@pytest.mark.parametrize(
    "text", ["B", " B.", "(b)", "**B**", "<think>A?</think>\nB", "whale", "B) whale"]
)
def test_a_letter_alone_answers_a_choice(tmp_path, text):
    sample = make(1, text, choices=["trout", "whale"], target="B")
    run = rescore(write(tmp_path / "log.json", [sample]), kind="choice")
    assert [(row.correct, row.status, row.confidence) for row in run.rows] == [
        (1, "no_confidence", None)
    ]


@pytest.mark.parametrize("text", ["A or B", "I think so", "C", "", "B\nA", "B) trout"])
def test_what_is_no_letter_alone_answers_nothing(tmp_path, text):
    sample = make(1, text, choices=["trout", "whale"], target="B")
    run = rescore(write(tmp_path / "log.json", [sample]), kind="choice")
    assert [(row.correct, row.status) for row in run.rows] == [(0, "no_answer")]
    assert judged(tmp_path, make(1, "4", target="4")) == [0]  # a number alone may be anything


LISTS = [
    "(A) blue\n(B) dark red\n(C) red",
    "Options: (A) blue, (B) dark red, (C) red",
    "A) blue B) dark red or C) red.",
    "- **A:** blue\n- **B:** dark red\n- **C:** red",
    "[A] blue\n[B] dark red\n[C] red",
    "  A. blue  \n  B. dark red\n  C. red\nA) is first",
    "(A) red\n(B) blue\n\nNow:\n(A) blue\n(B) dark red\n(C) red",
]


@pytest.mark.parametrize("shown", LISTS)
def test_options_in_another_order_are_seen_in_any_list(tmp_path, shown):
    messages = [{"role": "user", "content": f"Which?\n{shown}\n\nAnswer with a letter."}]
    sample = make(
        1, TEXT.format("A", 0.8), choices=["red", "blue", "dark red"], target="B", messages=messages
    )
    assert judged(tmp_path, sample, kind="choice") == [1]
