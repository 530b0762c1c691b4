"""Tasks of lm-eval that are not options: groups, filters, repeats, no verdicts, and texts."""

import json

import pytest

from caopd_bench import read_run, rescore
from caopd_bench.core.errors import UsageError
from caopd_bench.tasks.read.parse import PARSER_VERSION


def notes(run):
    return [str(note) for note in run.warnings]


def text_line(i, texts, gold, **changes):
    return {
        "doc_id": i,
        "doc": {"q": f"Question {i}?", "answer": gold, "subject": ("sea", "sky")[i % 2]},
        "target": f"#### {gold}",
        "arguments": {"gen_args_0": {"arg_0": f"Question {i}?", "arg_1": {"max_gen_toks": 50}}},
        "resps": [texts],
        "filtered_resps": [texts[0]],
        "filter": "none",
        "metrics": ["exact_match"],
        "doc_hash": f"{i:064x}",
        "prompt_hash": "p",
        "target_hash": "f" * 64,
        "exact_match": 0.0,
        **changes,
    }


def answer(value, confidence):
    return f"Answer: {value}\nConfidence: {confidence}"


# Groups


def mmlu(**weights):
    names = ("mmlu_anatomy", "mmlu_physics", "mmlu_law")
    return {
        "group_subtasks": {
            "mmlu": ["mmlu_stem", "mmlu_law"],
            "mmlu_stem": ["mmlu_anatomy", "mmlu_physics"],
            **{name: [] for name in names},
        },
        "groups": {"mmlu": {"acc,none": 0.5, **weights}, "mmlu_stem": {"acc,none": 0.5}},
        "versions": {"mmlu": 2, **dict.fromkeys(names, 1.0)},
    }


@pytest.fixture
def pooled(write_run, quiz):
    tasks = {
        name: quiz(n, seed=n, acc_norm=..., acc_bytes=...)
        for name, n in (("mmlu_anatomy", 8), ("mmlu_law", 12), ("mmlu_physics", 5))
    }
    return tasks, write_run(tasks, **mmlu())


def test_subtasks_are_groups_of_one_task(pooled):
    tasks, folder = pooled
    run = read_run(folder)
    assert run.tasks == ["mmlu"]
    counted = run.count_by("mmlu", "subtask")
    assert {name: counts.n for name, counts in counted.items()} == {
        "mmlu_anatomy": 8,
        "mmlu_law": 12,
        "mmlu_physics": 5,
    }
    for name, lines in tasks.items():
        assert counted[name].right == sum(line["acc"] for line in lines)
    assert {k: c.n for k, c in run.count_by("mmlu", "subgroup").items()} == {"mmlu_stem": 13}
    settings = run.settings("mmlu")
    assert (settings["version"], settings["source"]["set"]) == (2, "org/data")
    assert len({row.item_hash for row in run.rows}) == 25


def test_a_subtask_is_named_by_its_group(pooled, run, refused):
    message = refused("score", pooled[1], "--task", "mmlu_law")
    assert "--task mmlu --by subtask" in message
    code, out, _ = run("score", pooled[1], "--task", "mmlu", "--by", "subtask")
    assert code == 0
    assert "mmlu_anatomy" in out


def test_lm_evals_mean_of_a_group_is_named_where_it_is_another(pooled, write_run):
    tasks, folder = pooled
    right = sum(line["acc"] for lines in tasks.values() for line in lines)
    assert "lm-eval gives acc 0.5000 of this group" in notes(read_run(folder))[0]
    groups = mmlu()
    groups["groups"]["mmlu"]["acc,none"] = right / 25
    assert notes(read_run(write_run(tasks, "same", **groups))) == []


def test_a_group_without_a_number_is_no_task(write_run, quiz):
    tasks = {"a": quiz(4, seed=1), "b": quiz(5, seed=2)}
    run = read_run(write_run(tasks, group_subtasks={"mine": ["a", "b"]}))
    assert [task for task in run.tasks if ":" not in task] == ["a", "b"]


def test_groups_that_go_round_do_not_end_it(write_run, quiz):
    results = {"group_subtasks": {"a": ["b"], "b": ["a", "t"]}, "groups": {"b": {"acc,none": 0.1}}}
    assert read_run(write_run({"t": quiz(4)}, **results)).tasks[0] == "b"


def test_equal_documents_of_two_subtasks_are_two_questions(write_run, quiz):
    tasks = {name: quiz(6, seed=1, acc_norm=..., acc_bytes=...) for name in ("a", "b")}
    results = {"group_subtasks": {"g": ["a", "b"]}, "groups": {"g": {"acc,none": 0.1}}}
    rows = read_run(write_run(tasks, **results)).rows
    assert len({row.item_hash for row in rows}) == 12


# What has no confidence


def one(line, **config):
    return line, config


def test_every_kind_without_a_confidence_is_told_why(write_run, quiz, refused):
    target = text_line(0, [["-3.5", "True"]], 5, acc=1.0)
    rolling = text_line(0, ["-300.5"], 5)
    cases = {
        "caopd-bench rescore RUN --task t": (text_line(0, ["4"], 4), {}),
        "the loglikelihood of the right answer": (target, {}),
        "loglikelihoods of texts": (rolling, {"output_type": "loglikelihood_rolling"}),
        "judge it with caopd-bench score RUN --reparse --store DIR": (
            quiz(1, acc=..., acc_norm=..., acc_bytes=..., metrics=[])[0],
            {},
        ),
        "have none of acc, acc_norm": (
            quiz(1, acc=..., acc_norm=..., acc_bytes=..., metrics=["f1"], f1=[0, 1])[0],
            {},
        ),
    }
    for i, (expected, (line, config)) in enumerate(cases.items()):
        folder = write_run({"t": [line]}, f"run{i}", configs=config)
        assert expected in refused("score", folder)


def test_what_is_left_out_is_noted_beside_what_is_read(write_run, quiz):
    tasks = {"choices": quiz(4), "texts": [text_line(0, ["4"], 4)]}
    run = read_run(write_run(tasks))
    assert notes(run) == [
        "texts: its answers were not searched for a stated confidence: use caopd-bench rescore RUN "
        "--task texts; left out"
    ]


# --predict_only


def test_options_that_were_not_judged_are_by_reparse(write_run, quiz, run):
    judged = quiz(30)
    bare = [
        {k: v for k, v in line.items() if not k.startswith("acc")} | {"metrics": ["bypass"]}
        for line in judged
    ]
    folder = write_run({"t": bare})
    code, _, err = run("score", folder, "--reparse", "--json", "-")
    assert code == 0, err
    read = read_run(folder, judge=True)
    assert [row.correct for row in read.task_rows("t")] == [line["acc"] for line in judged]
    assert [row.correct for row in read.task_rows("t:norm")] == [x["acc_norm"] for x in judged]


def test_our_tasks_that_were_not_judged_are_by_reparse(mixed, samples_of, run, refused):
    before = read_run(mixed).rows
    file = samples_of(mixed)
    lines = []
    for text in file.read_text().splitlines():
        line = json.loads(text)
        line["doc"]["kind"] = "number"
        kept = {k: v for k, v in line.items() if k not in ("acc", "status", "confidence", "ece")}
        lines.append(json.dumps({**kept, "metrics": ["bypass"], "bypass": None}))
    file.write_text("\n".join(lines) + "\n")
    assert "made with --predict_only" in refused("score", mixed)
    code, out, err = run("score", mixed, "--reparse")
    assert code == 0, err
    assert "5 rows" in out
    rows = read_run(mixed, judge=True).rows
    assert [row.confidence for row in rows] == [row.confidence for row in before]
    assert [row.correct for row in rows] == [1] * 5


# Filters, repeats and content parts of our own tasks


@pytest.fixture
def edit_all(mixed, samples_of):
    def edit(change):
        file = samples_of(mixed)
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            line["doc"]["kind"] = "number"
        made = [new for line in lines for new in change(line)]
        file.write_text("".join(json.dumps(line) + "\n" for line in made))
        return mixed

    return edit


def test_two_filters_are_read_once(edit_all):
    def change(line):
        return [{**line, "filter": name} for name in ("first", "second")]

    run = read_run(edit_all(change))
    assert len(run.rows) == 5
    assert "its 2 filters ('first', 'second') use the same responses" in notes(run)[0]


def test_a_filter_that_was_cut_off_is_named(edit_all, samples_of, refused):
    folder = edit_all(lambda line: [{**line, "filter": name} for name in ("first", "second")])
    file = samples_of(folder)
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    assert "4 rows of the filter 'second', but the results file counts 5" in refused(
        "score", folder
    )


def test_repeats_are_all_rows(edit_all, run):
    def change(line):
        i = int(line["doc"]["answer"])
        return [{**line, "resps": [[answer(i, 0.9), answer(i + 1, 0.4), "Hm."]]}]

    folder = edit_all(change)
    read = read_run(folder)
    assert len(read.rows) == 15
    assert [row.sample for row in read.rows[:3]] == [0, 1, 2]
    assert [(row.confidence, row.correct) for row in read.rows[:2]] == [(0.9, 1), (0.4, 0)]
    assert read.rows[2].status == "no_answer"
    assert (
        "answered 3 times (repeats), but lm-eval only judged the first answer; all were judged by "
        f"parser {PARSER_VERSION}" in notes(read)[0]
    )
    assert len({row.item_hash for row in read.rows}) == 5
    assert run("score", folder, "--reparse")[0] == 0


def test_content_parts_are_read_by_reparse(edit_all, run, tmp_path):
    def change(line):
        text = answer(line["doc"]["answer"], 0.7)
        parts = str([{"type": "text", "text": text}])
        lost = {"status": "api_error", "confidence": None, "acc": 0.0}
        return [{**line, "resps": [[parts]], **lost}]

    folder = edit_all(change)
    assert "--reparse reads them" in notes(read_run(folder))[0]
    code, out, err = run("score", folder, "--reparse", "--store", tmp_path / "kept")
    assert code == 0, err
    assert "5 replies are lists of content parts: their texts are read" in " ".join(out.split())
    rows = read_run(tmp_path / "kept").rows
    assert [(row.confidence, row.correct) for row in rows] == [(0.7, 1)] * 5


# rescore


def test_texts_of_any_task_are_rescored(write_run, run, tmp_path):
    lines = [text_line(i, [answer(i, 0.5 + i / 20)], i) for i in range(8)]
    folder = write_run({"gsm8k": lines, "other": lines})
    with pytest.raises(UsageError, match="texts of 2 tasks; choose one by --task"):
        rescore(folder)
    read = rescore(folder, task="gsm8k")
    assert read.tasks == ["gsm8k"]
    assert [row.correct for row in read.rows] == [1] * 8
    assert read.rows[3].confidence == 0.65
    assert {row.groups["subject"] for row in read.rows} == {"sea", "sky"}
    assert (read.name, read.provenance["backend"]) == ("tiny", "hf")
    by_path = rescore(folder, task="gsm8k", gold="doc.answer")
    assert [row.correct for row in by_path.rows] == [1] * 8
    assert rescore(folder, task="gsm8k", gold="answer").rows == by_path.rows
    file = next(folder.rglob("samples_gsm8k*"))
    assert [row.correct for row in rescore(file).rows] == [1] * 8
    code, _, err = run("rescore", folder, "--task", "gsm8k", "--store", tmp_path / "kept")
    assert code == 0, err
    assert read_run(tmp_path / "kept").rows[3].confidence == 0.65


def test_rescored_repeats_are_samples_and_filters_are_read_once(write_run):
    lines = [
        text_line(i, [answer(i, 0.9), answer(i + 1, 0.2)], i, filter=name)
        for name in ("strict", "loose")
        for i in range(4)
    ]
    read = rescore(write_run({"t": lines}))
    assert len(read.rows) == 8
    assert [row.sample for row in read.rows[:2]] == [0, 1]
    assert any("2 filters" in note for note in notes(read))


def test_rescored_questions_pair(write_run):
    def rows(name, confidence):
        lines = [text_line(i, [answer(i, confidence)], i) for i in range(4)]
        return rescore(write_run({"t": lines}, name)).rows

    assert [r.item_hash for r in rows("a", 0.5)] == [r.item_hash for r in rows("b", 0.6)]


def test_rescored_content_parts(write_run):
    parts = str([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": answer(0, 0.3)}])
    read = rescore(write_run({"t": [text_line(0, [parts], 0)]}))
    assert (read.rows[0].confidence, read.rows[0].correct) == (0.3, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": "nope"}, "has samples of"),
        ({"gold": "doc.nope"}, "--gold doc.nope: no such key in its lines; the keys are 'doc_id'"),
        ({"response": "nope"}, "--response nope"),
    ],
)
def test_what_is_not_there_is_named(write_run, options, message):
    folder = write_run({"t": [text_line(0, [answer(0, 0.3)], 0)]})
    with pytest.raises(UsageError, match=message):
        rescore(folder, **options)


def test_options_have_no_texts_to_rescore(write_run, quiz):
    with pytest.raises(UsageError, match="no answer texts; caopd-bench score RUN reads"):
        rescore(write_run({"t": quiz(3)}))
