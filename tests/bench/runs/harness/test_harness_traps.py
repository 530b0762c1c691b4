"""Logs of other harnesses that are odd, damaged or hostile: read right, or refused in one line."""

import json
from contextlib import suppress

import pytest

from caopd_bench.cli import main
from caopd_bench.core.errors import UsageError
from caopd_bench.runs.readers.find import all_readers
from caopd_bench.runs.readers.harness.found import ABSENT, look_up
from caopd_bench.runs.readers.harness.gold import find_answer
from caopd_bench.runs.readers.harness.opencompass import find_period
from caopd_bench.runs.readers.harness.outline import outline, outline_of_json
from caopd_bench.runs.readers.harness.promptfoo_text import drop_reasoning
from caopd_bench.runs.rescore import rescore

SAID = "Answer: {}\nConfidence: {}"


def write(path, value):
    """Write JSON, or rows if the name is that of rows."""
    lines = [json.dumps(one) for one in value] if path.suffix == ".jsonl" else [json.dumps(value)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def refused(path, **options):
    with pytest.raises(UsageError) as error:
        rescore(path, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def state(place, texts, references, **more):
    return {
        "instance": {
            "input": {"text": f"Question {place}"},
            "references": [
                {"output": {"text": text}, "tags": ["correct"] if right else []}
                for text, right in references
            ],
            "split": "test",
            "id": f"id{place}",
            **more.pop("instance", {}),
        },
        "result": {
            "success": True,
            "completions": [{"text": text, "logprob": 0, "tokens": []} for text in texts],
            **more.pop("result", {}),
        },
        **more,
    }


def helm(folder, states, **adapter):
    asked = {"method": "generation", "model": "o/m", "max_tokens": 100, **adapter}
    return write(folder / "scenario_state.json", {"adapter_spec": asked, "request_states": states})


def test_failed_requests_of_helm(tmp_path):
    failed = {"success": False, "completions": [], "error": "filtered"}
    run = rescore(helm(tmp_path, [state(1, [], [("4", True)], result=failed)]))
    assert [(r.status, r.correct) for r in run.rows] == [("api_error", 0)]


def test_lettered_options_of_helm(tmp_path):
    references = [("a bridge", False), ("a tunnel", True)]
    mapped = {"A": "a tunnel", "B": "a bridge"}  # as it was shown
    states = [
        state(1, [SAID.format("A", 0.9)], references, output_mapping=mapped),
        state(2, [SAID.format("A", 0.6)], references),
    ]
    run = rescore(helm(tmp_path, states, method="multiple_choice_joint"), kind="choice")
    assert [(r.gold, r.correct) for r in run.rows] == [("A", 1), ("B", 0)]


def test_several_right_answers_of_helm(tmp_path):
    references = [("Rome", True), ("Roma", True), ("Paris", False)]
    file = helm(tmp_path, [state(1, [SAID.format("Roma", 0.9)], references)])
    assert [row.correct for row in rescore(file, kind="phrase").rows] == [1]


def test_a_perturbed_input_of_helm_is_another_question(tmp_path):
    changed = {"perturbation": {"name": "typos"}}
    states = [
        state(1, [SAID.format(4, 0.9)], [("4", True)]),
        state(1, [SAID.format(5, 0.9)], [("4", True)], instance=changed),
    ]
    assert len({r.item_hash for r in rescore(helm(tmp_path, states)).rows}) == 2


def test_a_cut_off_completion_of_helm_is_read(tmp_path):
    one = state(1, [], [("4", True)])
    one["result"]["completions"] = [{"text": "so", "finish_reason": {"reason": "length"}}]
    assert [row.correct for row in rescore(helm(tmp_path, [one])).rows] == [0]


def test_what_cannot_be_used_of_helm(tmp_path):
    said = refused(helm(tmp_path, [], method="multiple_choice_separate_original"))
    assert "one request per option and no response" in said
    said = refused(helm(tmp_path, [state(7, ["a"], [("4", False)])]))
    assert "request 0: no reference is tagged as correct" in said
    write(tmp_path / "scenario_state.json", {"adapter_spec": {}, "request_states": {}})
    assert "no request_states" in refused(tmp_path)
    write(tmp_path / "scenario_state.json", {"adapter_spec": {}, "request_states": ["a"]})
    assert "request 0: not a run of HELM: no instance" in refused(tmp_path)


def promptfoo(place, output, *, gold=4, prompt=0, **more):
    variables = {"q": f"Question {place // 2}"} | ({} if gold is None else {"gold": gold})
    return {
        "testIdx": place,
        "promptIdx": prompt,
        "provider": {"id": "p", "label": ""},
        "prompt": {"raw": "?", "label": "?"},
        "vars": variables,
        "testCase": {"vars": variables, "metadata": more.pop("metadata", {})},
        "failureReason": 0,
        "response": {"output": output},
        **more,
    }


def test_promptfoo_out_of_order(tmp_path):
    rows = [promptfoo(i, SAID.format(4, i / 10)) for i in (3, 0, 2, 1)]
    run = rescore(write(tmp_path / "a.jsonl", rows))
    assert [(r.confidence, r.sample) for r in run.rows] == [(0.0, 0), (0.1, 1), (0.2, 0), (0.3, 1)]


def test_tests_of_promptfoo_that_differ_in_metadata_are_two_questions(tmp_path):
    rows = [promptfoo(i, SAID.format(4, 0.5), metadata={"id": i}) for i in (0, 1)]
    run = rescore(write(tmp_path / "a.jsonl", rows), by=["id"])
    assert len({r.item_hash for r in run.rows}) == 2
    assert [r.groups for r in run.rows] == [{"id": 0}, {"id": 1}]


def test_an_output_of_promptfoo_that_was_parsed_as_json(tmp_path):
    rows = [promptfoo(0, {"answer": 4, "confidence": 0.9})]
    run = rescore(write(tmp_path / "a.jsonl", rows))
    assert json.loads(run.rows[0].text) == {"answer": 4, "confidence": 0.9}


def test_the_right_answer_of_promptfoo_is_in_the_users_variables(tmp_path):
    file = write(tmp_path / "a.jsonl", [promptfoo(0, SAID.format(4, 0.5), gold=None, extra=4)])
    said = refused(file)
    assert "name one: --gold vars.NAME; it has q" in said
    assert rescore(file, gold="extra").rows[0].correct == 1
    assert "no test has vars.right" in refused(file, gold="vars.right")


@pytest.mark.parametrize(
    ("output", "text", "is_guess"),
    [
        ("Thinking: a\n\nAnswer: 5", "Answer: 5", False),
        ("Thinking: a\nAnswer: 4\nConfidence: 0.1\n\nI stop.", "I stop.", False),
        ("Thinking: a\n\nb\n\nAnswer: 5", "b\n\nAnswer: 5", True),
        ("Thinking: a\n\nb\nSignature: xyz\n\nAnswer: 5", "Answer: 5", False),
        ("Thinking: Let me see\n\n", "", False),
        # promptfoo always puts a blank line after reasoning: here the word is the model's own.
        ("Thinking: 2+2 is 4.\nAnswer: 4", "Thinking: 2+2 is 4.\nAnswer: 4", False),
        ("Answer: 5\n\nThinking: a", "Answer: 5\n\nThinking: a", False),
        ("", "", False),
    ],
)
def test_reasoning_of_promptfoo(output, text, is_guess):
    assert drop_reasoning(output) == (text, is_guess)


def compass(answers):
    return {
        str(i): {"origin_prompt": question, "prediction": said, "gold": gold}
        for i, (question, said, gold) in enumerate(answers)
    }


def test_keys_of_opencompass_are_numbers(tmp_path):
    rows = compass([(f"q{i}", SAID.format(i, i / 20), str(i)) for i in range(12)])
    shuffled = {key: rows[key] for key in sorted(rows)}  # "10" comes before "2"
    run = rescore(write(tmp_path / "a.json", shuffled))
    assert [row.confidence for row in run.rows] == [i / 20 for i in range(12)]
    assert {row.sample for row in run.rows} == {-1}


def test_a_duplicate_in_opencompass_is_no_repeat(tmp_path):
    rows = compass([("a", SAID.format(1, 0.5), "1"), ("b", "", "1"), ("a", "", "1")])
    run = rescore(write(tmp_path / "a.json", rows))
    assert len({row.item_hash for row in run.rows}) == 3
    assert run.warnings == ()


@pytest.mark.parametrize(
    ("questions", "period"),
    [("abab", 2), ("aba", 3), ("aaaa", 1), ("abcabd", 6), ("abacabac", 4), ("a", 1), ("ababa", 5)],
)
def test_periods(questions, period):
    assert find_period(questions) == period


def test_results_of_opencompass_without_texts(tmp_path):
    details = {"type": "PPL", "0": {"prompt": "a", "label: A": {"PPL": 1.0}}}
    said = refused(write(tmp_path / "a.json", {"accuracy": 1, "details": details}))
    assert "without the text of the model (type 'PPL') is not read" in said
    said = refused(write(tmp_path / "b.json", {"accuracy": 1, "details": {"type": "GEN", "0": 1}}))
    assert "no 'origin_prediction'" in said


def test_an_input_that_is_no_text_is_kept_as_json(tmp_path):
    case = {"input": 1.5, "actualOutput": SAID.format(4, 0.5), "expectedOutput": "4"}
    run = rescore(write(tmp_path / "a.json", {"testCases": [case]}))
    assert (run.rows[0].question, run.rows[0].correct) == ("1.5", 1)


def test_a_case_of_deepeval_without_a_right_answer(tmp_path):
    file = write(tmp_path / "a.json", {"testCases": [{"name": "a", "actualOutput": "b"}]})
    assert "case 0: no right answer; give the cases an expected_output" in refused(file)
    write(file, {"testCases": {"a": 1}})
    assert "no list testCases" in refused(file)


@pytest.mark.parametrize(
    ("gold", "kind", "answer"),
    [
        ("He has 3. #### 1,200", "number", "1,200"),
        ("We add. 1+1=2 The answer is 2.", "number", "2"),
        ("12", "number", "12"),
        ("1 1/2", "number", "1 1/2"),
        ("no number", "number", "no number"),
        ("The answer is $\\frac{1}{2}$.", "latex", "$\\frac{1}{2}$"),
        ("x = 5", "latex", "x = 5"),
        ("The answer is Rome.", "phrase", "The answer is Rome."),
        ("####", "number", "####"),
    ],
)
def test_right_answers_within_solutions(gold, kind, answer):
    assert find_answer(gold, kind) == answer


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"doc_id": 1, "resps": []}], "looks like samples of lm_eval"),
        ([{"custom_id": "a", "result": {}}], "Anthropic"),
        ([{"custom_id": "a", "body": {}}], "requests of a batch"),
        ([{"run_id": 1, "event_id": 2, "type": "match"}], "events of openai/evals"),
    ],
)
def test_rows_that_are_not_read_are_named(tmp_path, rows, said):
    file = write(tmp_path / "a.jsonl", rows)
    assert said in refused(file)
    # Whoever names the columns knows what they are.
    assert "no column 'x'" in refused(file, response="x")


def test_json_that_is_not_read_is_named_by_its_keys(tmp_path):
    assert "JSON with the keys a, b;" in refused(write(tmp_path / "a.json", {"a": 1, "b": {}}))
    said = refused(write(tmp_path / "b.json", [{"response": "a", "gold": 1}]))
    assert "a JSON list of rows with response, gold" in said
    assert "lighteval" in refused(write(tmp_path / "c.json", {"config_general": {}, "results": 1}))


@pytest.mark.parametrize(
    "start",
    [
        '{"evalId": "a", "results": {"vers',
        '{"adapter_spec": {"method": "gen',
        '{"testCases": [{"name": "a", ',
        '{"0": {"origin_prompt": "a", "prediction": "b"',
        '{"accuracy": 1, "details": {"type": "GEN", "0": {',
        '{"htmls": ["<h1>',
    ],
)
def test_files_that_were_cut_off(tmp_path, start, capsys):
    name = "scenario_state.json" if "adapter" in start else "a.json"
    (tmp_path / name).write_text(start, encoding="utf-8")
    assert main(["rescore", str(tmp_path / name)]) == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert name in error


@pytest.mark.parametrize("depth", [2_000, 60_000])
def test_nesting_is_refused_in_a_line(tmp_path, depth):
    for head in ('{"testCases": ', '{"evalId": 1, "results": ', '{"0": {"prediction": '):
        file = tmp_path / "a.json"
        file.write_text(head + "[" * depth, encoding="utf-8")
        assert "too deep" in refused(file)


def test_texts_without_an_end_are_refused(tmp_path):
    rows = [promptfoo(0, "a" * (1 << 24) + "b")]
    file = write(tmp_path / "a.json", {"evalId": 1, "results": {"results": rows}})
    assert "a text of 16,777,217 characters" in refused(file)


@pytest.mark.parametrize(
    "value",
    [None, 1, "a", [], [1], {}, {"results": 1}, {"results": [None, 1, "a", {}]}, {"response": 1}],
)
def test_any_value_in_any_place(tmp_path, value):
    """Whatever stands where an object is expected is refused, and never a traceback."""
    logs = [
        {"evalId": value, "results": value},
        {"evalId": 1, "results": {"results": value}},
        {"evalId": 1, "results": {"results": [value]}},
        {"testCases": value},
        {"testCases": [value]},
        {"0": {"origin_prompt": value, "prediction": value, "gold": value}},
        {"0": {"prediction": "a", "gold": "1", "origin_prompt": value}, "1": value},
        {"accuracy": value, "details": {"type": value, "0": value}},
        {"accuracy": 1, "details": {"type": "GEN", "0": {"prompt": value, "references": value}}},
    ]
    states = [
        {"adapter_spec": value, "request_states": value},
        {"adapter_spec": {"method": value}, "request_states": [value]},
        {"adapter_spec": {}, "request_states": [{"instance": value, "result": value}]},
        {"adapter_spec": {}, "request_states": [state(1, [value], [(value, True)])]},
        {"adapter_spec": {}, "request_states": [state(1, ["a"], [("1", True)], result=value or {})]}
        if isinstance(value, dict)
        else {"adapter_spec": {}, "request_states": [value]},
    ]
    row = {"testIdx": value, "promptIdx": value, "vars": value, "response": value}
    rows = [
        {"custom_id": value, "response": value, "gold": value},
        {"custom_id": "a", "response": {"body": value, "status_code": value}, "gold": "1"},
        {"custom_id": "a", "response": {"body": {"choices": value}}, "gold": "1"},
        {"custom_id": "a", "response": {"body": {"choices": [value]}}, "gold": "1"},
        {"custom_id": "a", "response": {"body": {"output": [value]}}, "gold": "1"},
        {"probabilities": value, "gold": value},
        {"probabilities": value, "labels": value, "gold": "1"},
        row,
        row | {"vars": {"gold": "1"}},
        row | {"vars": {"gold": value}, "testCase": value, "provider": value, "prompt": value},
    ]
    places = [(tmp_path / f"{i}.json", log) for i, log in enumerate(logs)]
    places += [(tmp_path / f"s{i}" / "scenario_state.json", log) for i, log in enumerate(states)]
    places += [(tmp_path / f"{i}.jsonl", [one]) for i, one in enumerate(rows)]
    for path, log in places:
        path.parent.mkdir(exist_ok=True)
        write(path, log)
        for kind in ("number", "choice", "phrase"):
            with suppress(UsageError):
                rescore(path, kind=kind)


def test_a_file_is_found_by_one_reader_of_a_harness(tmp_path):
    """No two readers of the same order find one file."""
    file = write(tmp_path / "a.json", {"evalId": 1, "results": {}})
    found = [one.order for one in all_readers(of_logs=True) if one.finds(file)]
    assert found[0] == 30
    assert found.count(30) == 1


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (b'{"a": {"b": 1, "c": {"d": 1}}, "e": [{"f": 1}, {"g": 2}]', {"a": ("b", "c")}),
        (b'{"a\\"b": "x: {", "c": 1', {r"a\"b": (), "c": ()}),
        (b"[1, 2", {}),
        (b'"text"', {}),
        (b"", {}),
        (b'{"a": 1} {"b": 2}', {"a": ()}),
        (b"}}}{", {}),
    ],
)
def test_outlines(text, keys):
    found = outline_of_json(text)
    assert {key: found[key] for key in keys} == keys
    assert keys or not found


def test_an_outline_of_what_cannot_be_read_is_empty(tmp_path):
    assert outline(tmp_path / "none.json") == {}
    assert outline(tmp_path) == {}
    for name in ("a.parquet", "a.jsonl.gz", "a.json", "a.csv"):
        (tmp_path / name).write_bytes(b"\xff\xfe\x00{")
        assert outline(tmp_path / name) in ({}, {"\xff\xfe\x00{": ()})


def test_paths():
    row = {"a": [{"b": {"c": 2}}], "a.0": {"x": 1}, "d": None, "0": 3}
    assert look_up(row, "a.0.x") == 1  # the longest column
    assert look_up(row, "d") is None
    assert look_up({"a": row["a"]}, "a.0.b.c") == 2
    assert look_up(row, "0") == 3
    for path in ("a.1", "a.-1", "a.x", "", "a.0.b.c.d", "x" * 1000, "a." * 100):
        assert look_up(row, path) is ABSENT


@pytest.mark.parametrize("kind", ["number", "latex", "phrase"])
def test_any_of_several_references_of_helm_is_right(tmp_path, kind):
    references = [("3", True), ("4", True), ("5", False)]
    states = [state(i, [SAID.format(i, 0.9)], references) for i in (3, 4, 5)]
    run = rescore(helm(tmp_path, states), kind=kind)
    assert [r.correct for r in run.rows] == [1, 1, 0]
    assert [json.loads(r.gold) for r in run.rows] == [["3", "4"]] * 3


def test_of_references_that_are_solutions_any_is_right(tmp_path):
    references = [("Half. #### 1/2", True), ("So the answer is 0.75.", True)]
    states = [state(i, [SAID.format(i, 0.9)], references) for i in (0.5, 0.75, 1)]
    assert [r.correct for r in rescore(helm(tmp_path, states)).rows] == [1, 1, 0]


@pytest.mark.parametrize("mapped", [True, False])
def test_any_of_several_letters_of_helm_is_right(tmp_path, mapped):
    references = [("a bridge", True), ("a ferry", False), ("a tunnel", True)]
    letters = {"output_mapping": dict(zip("ABC", ("a bridge", "a ferry", "a tunnel"), strict=True))}
    states = [
        state(i, [said], references, **(letters if mapped else {}))
        for i, said in enumerate(["A", " C.", "a tunnel", "B", SAID.format("C", 0.6)])
    ]
    run = rescore(helm(tmp_path, states, method="multiple_choice_joint"), kind="choice")
    assert [r.correct for r in run.rows] == [1, 1, 1, 0, 1]
    assert [r.status for r in run.rows] == [*["no_confidence"] * 4, "ok"]


def test_one_letter_is_an_answer_even_where_one_token_is_the_budget(tmp_path):
    references = [("a bridge", False), ("a tunnel", True)]
    mapped = {"output_mapping": {"A": "a bridge", "B": "a tunnel"}}
    states = [state(i, [said], references, **mapped) for i, said in enumerate(["B", "A", "x"])]
    log = helm(tmp_path, states, method="multiple_choice_joint", max_tokens=1)
    run = rescore(log, kind="choice")
    assert [(r.correct, r.status) for r in run.rows][:2] == [
        (1, "no_confidence"),
        (0, "no_confidence"),
    ]
    assert run.rows[2].status == "unfinished"
    assert {r.status for r in rescore(log, kind="phrase").rows} == {"unfinished"}


def test_a_reference_of_helm_that_is_a_letter_is_one(tmp_path):
    states = [state(i, [said], [("(B)", True)]) for i, said in enumerate(["A", "B"])]
    assert [r.correct for r in rescore(helm(tmp_path, states), kind="choice").rows] == [0, 1]


def results_of_compass(golds):
    rows = {
        str(i): {"origin_prediction": SAID.format("A", 0.9), "references": gold}
        for i, gold in enumerate(golds)
    }
    return {"accuracy": 50.0, "details": {"type": "GEN", **rows}}


def test_results_of_opencompass_without_prompts_are_questions(tmp_path):
    run = rescore(write(tmp_path / "a.json", results_of_compass("ABABAB")), kind="choice")
    assert len({r.item_hash for r in run.rows}) == 6
    assert [r.sample for r in run.rows] == [-1] * 6
    assert not any("same" in note.text or "again" in note.text for note in run.warnings)


def test_golds_of_opencompass_that_begin_again_are_noted(tmp_path):
    run = rescore(write(tmp_path / "a.json", results_of_compass("ABCDA" * 2)), kind="choice")
    assert len({r.item_hash for r in run.rows}) == 10
    [note] = [note.text for note in run.warnings]
    assert note.startswith("the right answers repeat after 5 of 10 rows, and without prompts")


def test_any_of_several_references_of_opencompass_is_right(tmp_path):
    log = results_of_compass([["A", "B"], ["B", "C"], "A"])
    run = rescore(write(tmp_path / "a.json", log), kind="choice")
    assert [r.correct for r in run.rows] == [1, 0, 1]
