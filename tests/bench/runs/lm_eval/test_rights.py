"""Right answers of `--predict_only`: places or texts, told without logged outcomes."""

import pytest

from caopd_bench import read_run
from caopd_bench.gates.inputs import read_again

TEXTS = ("3", "1", "2", "0")
NOT_JUDGED = {"acc": ..., "acc_norm": ..., "acc_bytes": ...}
COLUMN = {"doc_to_target": "gold", "doc_to_choice": "choices"}
TEMPLATE = {"doc_to_target": "{{gold}}", "doc_to_choice": "{{choices}}"}
CODE = {"doc_to_target": "def target(doc):\n    return doc['gold']\n", "doc_to_choice": "choices"}


def log(make_choice, targets, *, texts=TEXTS, column=str):
    """Questions of which the model always chooses the first option."""
    return [
        make_choice(
            i,
            [-1.0, -20.0, -30.0, -40.0][: len(texts)],
            0,
            texts,
            doc={"n": i, "choices": list(texts), "gold": column(target)},
            target=target,
            metrics=["bypass"],
            bypass=999,
            **NOT_JUDGED,
        )
        for i, target in enumerate(targets)
    ]


def judged(folder):
    return [row.correct for row in read_run(folder, judge=True).task_rows("t")]


@pytest.mark.parametrize(
    ("config", "column", "expected"),
    [
        (COLUMN, str, [1, 0, 0]),  # texts: "3" is the first option
        (COLUMN, int, [0, 0, 1]),  # places: 0 is the first option
        (TEMPLATE, str, [0, 0, 1]),  # lm-eval makes an integer of the digits
        ({"doc_to_target": 0, "doc_to_choice": "choices"}, str, [0, 0, 1]),
    ],
)
def test_the_configuration_tells_numbers_from_places(
    write_run, make_choice, config, column, expected
):
    lines = log(make_choice, ["3", "2", "0"], column=column)
    assert judged(write_run({"t": lines}, configs=config)) == expected


@pytest.mark.parametrize("config", [CODE, {}, {"doc_to_target": "{{gold}}"}])
def test_what_nothing_tells_is_left_out_with_the_count(write_run, make_choice, refused, config):
    lines = log(make_choice, ["1", "3", "0"])
    message = refused("score", write_run({"t": lines}, configs=config), "--reparse")
    assert "the right answer of 2 questions is the text of one option and the position" in message
    assert "line 2" in message
    assert "without --predict_only" in message


def test_the_other_questions_tell(write_run, make_choice):
    numbers = log(make_choice, ["3", "2"])
    more = log(make_choice, ["x", "x", "9"], texts=("9", "8", "7", "6"))[2:]
    assert judged(write_run({"t": [*numbers, *more]}, "texts", configs=CODE)) == [1, 0, 1]
    more = log(make_choice, ["x", "x", "0"], texts=("9", "8", "7", "6"))[2:]
    assert judged(write_run({"t": [*numbers, *more]}, "places", configs=CODE)) == [0, 0, 1]


def test_numbers_beyond_the_places_are_texts(write_run, make_choice):
    lines = log(make_choice, ["10", "20"], texts=("10", "20"))
    assert judged(write_run({"t": lines}, configs=CODE)) == [1, 0]


def test_true_is_a_text_where_a_template_gives_it(write_run, make_choice):
    lines = log(make_choice, ["True", "False"], texts=("True", "False"))
    assert judged(write_run({"t": lines}, "text", configs=TEMPLATE)) == [1, 0]
    lines = log(make_choice, ["True", "False"], texts=("True", "False"), column="True".__eq__)
    assert judged(write_run({"t": lines}, "places", configs=COLUMN)) == [0, 1]


def test_nothing_is_said_to_be_parsed_where_nothing_is(write_run, make_choice, quiz, run):
    for name, lines in (
        ("plain", log(make_choice, ["3", "2", "0"])),
        ("judged", quiz(9)),
    ):
        folder = write_run({"t": lines}, name, configs=COLUMN)
        code, out, err = run("score", folder, "--reparse")
        assert code == 0, err
        assert "parsed again by parser" not in out
        assert "nothing was parsed again" in " ".join(out.split())


def group(**groups):
    numbers = {name: {"acc,none": 0.5, "acc_norm,none": 0.5} for name in groups}
    return {"group_subtasks": groups, "groups": numbers}


def test_a_group_says_which_subtasks_logged_no_such_metric(write_run, quiz):
    tasks = {"g_a": quiz(10), "g_b": quiz(12, seed=1, acc_norm=...)}
    read = read_run(write_run(tasks, **group(g=["g_a", "g_b"])))
    assert len(read.task_rows("g:norm")) == 10
    said = [str(note) for note in read.warnings if "are missing" in str(note)]
    assert said == [
        "g:norm: 12 of the group's 22 questions are missing, because no acc_norm was logged for g_b"
    ]


def test_a_task_in_two_groups_is_said_to_be_in_the_first_only(write_run, quiz):
    tasks = {name: quiz(5, seed=i) for i, name in enumerate(("a", "b", "c"))}
    read = read_run(write_run(tasks, **group(short=["a", "b"], long=["b", "c"])))
    assert (len(read.task_rows("short")), len(read.task_rows("long"))) == (10, 5)
    said = [str(note) for note in read.warnings if "also belong to the group" in str(note)]
    assert len(said) == 1
    assert said[0].startswith("short: 1 of its subtasks (b) also belong to the group long")


def test_groups_within_groups_lack_nothing(write_run, quiz):
    tasks = {name: quiz(5, seed=i) for i, name in enumerate(("a", "b"))}
    groups = group(top=["low", "a", "b"], low=["a", "b"])
    notes = [str(note) for note in read_run(write_run(tasks, **groups)).warnings]
    assert not [note for note in notes if "also belong to the group" in note]


def test_the_gate_says_so_too(write_run, quiz):
    again, said = read_again(write_run({"t": quiz(9)}))
    assert len(again.task_rows("t")) == 9
    assert said.endswith("nothing was parsed again")
