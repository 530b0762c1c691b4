"""Every way to name a run, and everything that is not one."""

import json
import os
import re
import shutil
from dataclasses import replace

import pytest

from caopd_bench import read_run
from caopd_bench.comparison.comparability import check_parsers
from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.runs.provenance import clean_provenance, parser_warnings
from caopd_bench.runs.read import expand_specs
from caopd_bench.runs.run import Row, Run
from caopd_bench.tasks.read.parse import PARSER_VERSION

DATE, LATER = "2026-11-22T03-13-32.382752", "2026-11-23T00-00-00.000000"


def test_every_way_to_name_a_run_gives_the_same_rows(mixed, results_of, run, tmp_path):
    stored = tmp_path / "stored"
    assert run("score", mixed, "--store", stored, "--text")[0] == 0
    rows = read_run(mixed).rows
    assert len(rows) == 5
    others = [str(mixed), f"mine={mixed}", results_of(mixed), results_of(mixed).parent, stored]
    for spec in others:
        assert read_run(spec).rows == rows


def test_a_row_holds_what_the_sample_says(mixed):
    run = read_run(mixed)
    first, last = run.rows[0], run.rows[-1]
    assert (first.confidence, first.correct, first.status, first.sample) == (0.9, 1, "ok", -1)
    assert (first.answer, first.stated, first.item_hash) == ("0", "0.9", "0" * 16)
    assert first.groups == {"level": 1, "family": "sum"}
    assert (last.confidence, last.status, last.answer) == (None, "no_confidence", "4")
    assert run.tasks == ["caopd_math_conf"]


def test_the_provenance(mixed):
    provenance = read_run(mixed).provenance
    assert provenance["model"] == "org/tiny"
    assert provenance["seconds"] == 266.6
    assert provenance["tasks"]["caopd_math_conf"]["num_fewshot"] == 4
    assert provenance["tasks"]["caopd_math_conf"]["weights"] == "c72e9464626a9b1f"


def test_names(mixed, tmp_path, monkeypatch):
    assert read_run(mixed).name == "tiny"
    assert read_run(f"mine={mixed}").name == "mine"
    # A folder whose name holds "=" is a path, and can be named as well.
    odd = mixed.rename(tmp_path / "lr=0.1")
    assert read_run(odd).name == "tiny"
    assert read_run(f"mine={odd}").name == "mine"
    # The shell expands no ~ after NAME=.
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_run("mine=~/lr=0.1").rows == read_run(odd).rows


def test_results_named_by_the_user(mixed, results_of):
    """`--output_path out/run.json` writes run_<date>.json and the samples beside it."""
    file = results_of(mixed)
    renamed = file.rename(file.with_name(file.name.replace("results", "run")))
    assert read_run(mixed).rows == read_run(renamed).rows


@pytest.mark.parametrize("spec", ["", "=runs", "name="])
def test_no_path(refused, spec):
    assert "a run is PATH or NAME=PATH" in refused("score", spec)


def test_missing_path(refused, tmp_path):
    message = refused("score", f"a={tmp_path / 'nope'}")
    assert f"{tmp_path / 'nope'}: no such file or folder" in message
    assert "--output_path" in message


def test_name_too_long_for_the_file_system(refused):
    assert "File name too long" in refused("score", "x" * 5000)


def test_no_results(refused, tmp_path):
    (tmp_path / "results_x.json").mkdir()
    (tmp_path / "results_of_something_else.json").write_text("{}")
    assert "no results_<date>.json here or below" in refused("score", tmp_path)


def test_a_folder_named_like_results_is_passed_over(mixed, results_of):
    results_of(mixed).with_name(f"results_{LATER}.json").mkdir()
    assert len(read_run(mixed).rows) == 5


def test_another_file(refused, tmp_path):
    file = tmp_path / "answers.txt"
    file.write_text("a,b\n")
    assert "not a run; give the folder" in refused("score", file)


def test_a_folder_of_several_runs_is_all_of_them(make_run, run, tmp_path):
    make_run([(0.5, 1)])
    make_run([(0.5, 1), (0.4, 1)], date=LATER)
    make_run([(0.5, 1)], model="org/other-2.5")
    code, out, _ = run("score", tmp_path)
    assert code == 0
    # Two dates of a model; what follows a dot is a part of a name.
    dates = [f"tiny ({date[:19]})" for date in sorted((DATE, LATER))]
    named = [line.strip().split(": ")[0] for line in out.splitlines() if ": " in line]
    assert named[:3] == ["other-2.5", *dates]
    assert run("report", tmp_path, "-o", tmp_path / "r.csv")[0] == 0
    table = (tmp_path / "r.csv").read_text()
    assert all(name in table for name in (*dates, "other-2.5"))
    # One of them, by its own name.
    (file,) = (tmp_path / "run").rglob(f"results_{LATER}.json")
    code, out, _ = run("score", f"mine={file}")
    assert "mine: 2 rows" in out


def test_a_folder_of_stored_runs_is_all_of_them(make_run, run, tmp_path):
    for name in ("a", "b"):
        folder = make_run([(0.5, 1)], name)
        assert run("score", folder, "--store", tmp_path / "kept" / name)[0] == 0
    out = run("score", tmp_path / "kept")[1]
    assert "  a: 1 row" in out
    assert "  b: 1 row" in out
    # What is being written is not there yet, and a stored run beside results is one of them.
    shutil.copytree(tmp_path / "kept" / "a", tmp_path / "kept" / ".c.part")
    assert run("score", tmp_path / "kept")[1] == out
    alone = make_run([(0.5, 1)], "alone")
    shutil.copytree(tmp_path / "kept" / "a", alone / "kept")
    assert expand_specs([alone]) == [str(alone)]


def test_where_one_run_is_wanted_several_are_listed(make_run, run, tmp_path):
    make_run([(0.5, 1)])
    make_run([(0.5, 1), (0.4, 1)], date=LATER)
    make_run([(0.5, 1)], model="org/other")
    one = next(iter((tmp_path / "run").rglob("results_*.json")))
    for words in (["compare", one, tmp_path], ["gate", tmp_path, "--reference", one]):
        code, out, err = run(*words)
        assert (code, out) == (2, "")
        # One a line: paths are long, and one of them is to be copied.
        first, *lines = err.splitlines()
        assert first.endswith("a folder with 3 runs; choose one:")
        listed = [line.strip() for line in lines]
        assert len(listed) == 3
        assert sorted(len(read_run(file).rows) for file in listed) == [1, 1, 2]


def test_only_some_of_many_runs_are_listed(make_run, tmp_path):
    for i in range(12):
        make_run([(0.5, 1)], model=f"org/m{i}")
    with pytest.raises(UsageError, match="a folder with 12 runs") as caught:
        read_run(tmp_path)
    assert str(caught.value).endswith("and 2 more")


def test_no_samples(refused, mixed, samples_of):
    samples_of(mixed).unlink()
    assert "run lm_eval again with --log_samples" in refused("score", mixed)


def test_cut_off_in_mid_line(refused, mixed, samples_of):
    file = samples_of(mixed)
    file.write_text(file.read_text()[:-40])
    message = refused("score", mixed)
    assert f"{file} line 5: not complete JSON" in message
    assert "run lm_eval again" in message


def test_cut_off_between_lines(refused, mixed, samples_of):
    file = samples_of(mixed)
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:3]))
    message = refused("score", mixed)
    assert f"{file}: 3 rows, but the results file counts 5" in message


def test_empty_samples(refused, mixed, samples_of):
    samples_of(mixed).write_text("")
    assert f"{samples_of(mixed)}: empty" in refused("score", mixed)


BAD_SAMPLES = {
    "NaN": ({"confidence": float("nan")}, "got nan"),
    "percent": ({"confidence": 95.0}, "got 95.0; divide percentages by 100"),
    "string": ({"confidence": "0.9"}, "got '0.9'"),
    "bool": ({"confidence": True}, "got True"),
    "negative": ({"confidence": -0.1}, "got -0.1"),
    "list": ({"confidence": [0.9]}, r"got [0.9]"),
    "huge": ({"confidence": 10**400}, "divide percentages"),
    "acc": ({"acc": 0.5}, "acc must be 0 or 1, got 0.5"),
    "acc NaN": ({"acc": float("nan")}, "acc must be 0 or 1, got nan"),
    "acc string": ({"acc": "1"}, "acc must be 0 or 1, got '1'"),
    "status": ({"status": "fine"}, "status 'fine' is not one of ok, no_confidence"),
    "status list": ({"status": ["ok"]}, "status ['ok'] is not one of"),
    "ok without": ({"confidence": None}, "status 'ok' with confidence None"),
    "not ok with": ({"status": "no_answer"}, "status 'no_answer' with confidence 0.9"),
    "twice": ({"doc_id": 0}, "doc_id 0 appears twice"),
    "no doc": ({"doc": "What is 1 + 1?"}, "no item_hash"),
    "no hash": ({"doc": {"answer": "1"}}, "no item_hash"),
    "no acc": ({"acc": ...}, "no 'acc', unlike the lines before"),
    "no confidence": ({"confidence": ...}, "no 'confidence', unlike the lines before"),
}


@pytest.mark.parametrize(("changes", "said"), BAD_SAMPLES.values(), ids=BAD_SAMPLES)
def test_a_bad_sample_is_named(refused, mixed, samples_of, edit_sample, changes, said):
    edit_sample(mixed, 2, **changes)
    message = refused("score", mixed)
    assert f"{samples_of(mixed)} line 2: " in message
    assert said in message


BAD_LINES = {
    "list": (b"[1, 2]\n", "expected a JSON object, got list"),
    "garbage": (bytes(range(128, 256)), "not UTF-8 text"),
    "zeros": (b"\0" * 100, "not complete JSON"),
    "bomb": (b"[" * 100_000, "not complete JSON"),
    "digits": (b'{"doc_id": ' + b"1" * 5000 + b"}", "not complete JSON"),
}


@pytest.mark.parametrize(("content", "said"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_damaged_line(refused, mixed, samples_of, content, said):
    file = samples_of(mixed)
    file.write_bytes(file.read_bytes() + content)
    assert said in refused("score", mixed)


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "not complete JSON"), ("[]", "expected a JSON object"), ("{", "not complete JSON")],
)
def test_damaged_results(refused, mixed, results_of, content, said):
    results_of(mixed).write_text(content)
    message = refused("score", mixed)
    assert str(results_of(mixed)) in message
    assert said in message


def test_results_that_are_not_text(refused, mixed, results_of):
    results_of(mixed).write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8 text" in refused("score", mixed)


def test_nan_in_results_is_read(mixed, results_of):
    """lm-eval writes a bare NaN for an undefined metric of a task of its own."""
    rows = read_run(mixed).rows
    results = json.loads(results_of(mixed).read_text())
    results["results"]["caopd_math_conf"]["ece,none"] = float("nan")
    results["total_evaluation_time_seconds"] = float("nan")
    results_of(mixed).write_text(json.dumps(results))
    assert "NaN" in results_of(mixed).read_text()
    assert read_run(mixed).rows == rows
    assert read_run(mixed).provenance["seconds"] is None


def _deep(depth):
    value = 1
    for _ in range(depth):
        value = {"x": [value]}
    return value


ODD_RESULTS = {
    "few": {"n-shot": {"caopd_math_conf": "4"}},
    "negative": {"n-shot": {"caopd_math_conf": -1}},
    "deep": {"config": {"model": "hf", "model_args": _deep(350), "gen_kwargs": _deep(350)}},
    "names": {"model_name": {"a": 1}, "config": {"model": ["hf"]}},
    "environment": {"pretty_env_info": _deep(350), "chat_template_sha": _deep(350)},
    "generation": {"configs": {"caopd_math_conf": {"generation_kwargs": [1]}}},
    "time": {"total_evaluation_time_seconds": 10**400, "date": float("inf")},
    "surrogate": {"model_name": "a\udc80\n\x1b[2Jb", "config": {"model": "h\nf"}},
}


@pytest.mark.parametrize("odd", ODD_RESULTS.values(), ids=ODD_RESULTS)
def test_odd_results_are_read_scored_stored_and_drawn(mixed, results_of, run, tmp_path, odd):
    results = json.loads(results_of(mixed).read_text())
    results_of(mixed).write_text(json.dumps({**results, **odd}))
    out = tmp_path / "out"
    code, said, err = run("score", mixed, "--store", out, "--figure", tmp_path / "f.svg")
    assert code == 0
    assert all(line.startswith("left out of the stored run: ") for line in err.splitlines())
    assert "\x1b" not in said + err
    assert re.search("^  .*: 5 rows, .*, backend .*weights c72e9464$", said, re.MULTILINE)
    assert run("score", out)[1] == said


ODD_DOCS = {
    "weights int": {"weights": 5},
    "weights list": {"weights": ["a"]},
    "weights control": {"weights": "\n\n\x1b[2J"},
    "exemplars string": {"exemplars": "a"},
    "exemplars list": {"exemplars": ["a"]},
    "confidences words": {"exemplars": {"set": "a", "confidences": ["high"]}},
    "confidences dict": {"exemplars": {"set": "a", "confidences": {"a": 1}}},
    "confidences huge": {"exemplars": {"set": "a", "confidences": [10**400]}},
    "set control": {"exemplars": {"set": "a\nb\x1b", "confidences": ["0.9"]}},
    "set dict": {"exemplars": {"set": {"a": 1}}},
    "source": {"source": _deep(300)},
    "versions": {"prompt_version": 1, "parser_version": [1]},
    "level": {"level": 10**400, "family": "a\nb\x1b[2J\udc80" + "c" * 1000},
}


@pytest.mark.parametrize("odd", ODD_DOCS.values(), ids=ODD_DOCS)
def test_odd_documents_are_scored_and_stored(make_run, samples_of, edit_sample, run, tmp_path, odd):
    folder = make_run([(0.9, 1), (0.8, 0)])
    doc = json.loads(samples_of(folder).read_text().splitlines()[0])["doc"]
    edit_sample(folder, 1, doc={**doc, **odd})
    options = ("--by", "level", "--by", "family")
    code, said, err = run("score", folder, *options, "--store", tmp_path / "out")
    assert code == 0
    assert all(line.startswith("left out of the stored run: ") for line in err.splitlines())
    assert "\x1b" not in said + err
    assert max(map(len, said.splitlines())) < 160 + 400 * ("level" in odd)
    assert run("score", tmp_path / "out", *options)[1] == said
    assert run("score", folder, folder)[0] == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_group_that_is_no_number(refused, make_run, samples_of, edit_sample, value):
    folder = make_run([(0.9, 1), (0.8, 0)])
    edit_sample(folder, 2, doc={"item_hash": "a", "level": value})
    message = refused("score", folder)
    assert f"{samples_of(folder)} line 2: level must be a word or a finite number" in message


def test_a_value_is_echoed_in_one_short_line(refused, mixed, edit_sample):
    for value in ("a\n" * 5000, _deep(300), ["x" * 5000] * 9, 10**400):
        edit_sample(mixed, 2, acc=value)
        message = refused("score", mixed)
        assert "acc must be 0 or 1, got " in message
        assert len(message.partition(", got ")[2]) <= 200


def test_names_in_errors_are_one_line(refused, mixed, tmp_path):
    assert r"no\nwhere: no such file" in refused("score", tmp_path / "no\nwhere")
    assert r"no task 'a\nb'" in refused("score", mixed, "--task", "a\nb")


def test_another_parser(make_run, samples_of, run, tmp_path, monkeypatch):
    folder = make_run([(0.9, 1), (0.8, 0)])
    file = samples_of(folder)
    ours = f'"parser_version": "{PARSER_VERSION}"'
    file.write_text(file.read_text().replace(ours, '"parser_version": "0"'))
    now = f"parser {PARSER_VERSION} may"
    said = (
        f"caopd_math_conf: evaluated with parser 0; {now} read 2 of 2 answers differently; "
        "statuses and confidences are the evaluation's"
    )
    assert list(map(str, read_run(folder).warnings)) == [said]
    assert read_run(folder).provenance["tasks"]["caopd_math_conf"]["parser_version"] == "0"
    assert "parser_version" not in {*read_run(folder).provenance}
    assert f"  note: {said}\n" in run("score", folder, "--store", tmp_path / "stored")[1]
    assert list(map(str, read_run(tmp_path / "stored").warnings)) == [said]
    # What was stored with a warning, or without one, is read by another parser later.
    monkeypatch.setattr("caopd_bench.runs.provenance.PARSER_VERSION", "0")
    assert read_run(tmp_path / "stored").warnings == ()
    monkeypatch.setattr("caopd_bench.runs.provenance.PARSER_VERSION", "next")
    (note,) = read_run(tmp_path / "stored").warnings
    assert str(note) == said.replace(now, "parser next may")


@pytest.mark.parametrize(
    ("changed", "count"),
    [
        ({}, 0),
        ({"status": "no_confidence", "confidence": None}, 1),
        ({"status": "api_error", "confidence": None}, 0),
        ({"stated": "0.95%", "confidence": 0.0095}, 1),
        ({"answer": "7", "correct": 0}, 0),
        ({"answer": "a tunnel", "correct": 0}, 1),
        ({"answer": "a tunnel", "correct": 1}, 0),
    ],
)
def test_parser_2_is_named_where_an_answer_may_be_read_otherwise(changed, count):
    row = Row("t", "i", -1, {}, 0.9, 1, "ok", answer="-5", stated="0.9")
    rows = [row, replace(row, **changed)]
    provenance = clean_provenance({"tasks": {"t": {"parser_version": "2"}}})
    found = [str(note) for note in parser_warnings(provenance, rows)]
    assert [note.partition("may read ")[2].partition(" answers")[0] for note in found] == (
        [f"{count} of 2"] if count else []
    )


@pytest.mark.parametrize("odd", [None, [], "x", 3])
def test_results_of_another_shape_are_only_provenance(mixed, results_of, odd):
    results = json.loads(results_of(mixed).read_text())
    for key in ("config", "configs", "n-shot", "n-samples", "versions", "task_hashes"):
        results[key] = odd
    results_of(mixed).write_text(json.dumps(results))
    assert len(read_run(mixed).rows) == 5


def test_odd_documents_are_read(mixed, edit_sample):
    doc = {"item_hash": "ab", "level": [1], "family": None, "subject": "algebra"}
    edit_sample(mixed, 1, doc=doc, arguments=[["Problem", {}]], resps=[])
    row = read_run(mixed).rows[0]
    assert row.groups == {"subject": "algebra"}
    assert (row.text, row.confidence) == (None, 0.9)


def test_unreadable_file(refused, mixed, samples_of):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    samples_of(mixed).chmod(0)
    assert f"{samples_of(mixed)}: cannot be read (Permission denied)" in refused("score", mixed)


def test_an_error_of_the_disk_is_one_line(refused, mixed, samples_of):
    file = samples_of(mixed)
    file.unlink()
    file.mkdir()  # cannot be opened, by root neither
    assert f"{file}: cannot be read (Is a directory)" in refused("score", mixed)


def _write_plain(folder, results_of):
    """Add samples of a task that states no confidence, as plain gsm8k has them."""
    results = results_of(folder)
    file = results.with_name(results.name.replace("results_", "samples_gsm8k_") + "l")
    samples = ({"doc_id": i, "doc": {"question": "?"}, "exact_match": 1.0} for i in range(3))
    file.write_text("".join(json.dumps(sample) + "\n" for sample in samples))


def test_a_run_without_confidence(refused, mixed, samples_of, results_of):
    samples_of(mixed).unlink()
    _write_plain(mixed, results_of)
    message = refused("score", mixed)
    assert "none of its tasks has a confidence to score: caopd_math_conf: " in message
    assert "its samples file is missing" in message
    assert "; gsm8k: no stated confidence" in message


def test_a_run_that_is_partly_ours(run, mixed, results_of):
    _write_plain(mixed, results_of)
    code, out, _ = run("score", mixed)
    assert code == 0
    assert "5 rows" in out
    assert out.endswith("\nnote: gsm8k: no stated confidence in its samples; left out\n")


def test_unknown_task(refused, mixed):
    assert "no task 'gsm8k'; it has caopd_math_conf" in refused("score", mixed, "--task", "gsm8k")


def test_known_task(run, mixed):
    assert run("score", mixed, "--task", "caopd_math_conf")[1] == run("score", mixed)[1]


ODD_TEXTS = {
    "lone surrogate": "Answer: \ud800\nConfidence: 0.9",
    "NUL": "Answer: a\0b\nConfidence: 0.9",
    "line separators": "Answer: 5\u2028\u2029\x85\x1c\nConfidence: 0.9",
    "2 MB": "so " * 700_000 + "\nAnswer: 5\nConfidence: 0.9",
}


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_odd_text_survives_reading_and_storing(make_run, run, tmp_path, text):
    folder = make_run([(0.9, 1, "ok", text), (0.5, 0)])
    before = read_run(folder)
    assert before.rows[0].text == text
    assert run("score", folder, "--store", tmp_path / "stored", "--text")[0] == 0
    assert read_run(tmp_path / "stored").rows == before.rows


def test_line_separators_that_were_not_escaped(mixed, samples_of):
    """lm-eval writes with ensure_ascii=False: U+2028 stands in the line as it is."""
    file = samples_of(mixed)
    file.write_text(file.read_text().replace("What is", "\u2028What\x85is"), encoding="utf-8")
    assert len(read_run(mixed).rows) == 5


def test_no_answer_near_the_budget_is_unfinished(make_run):
    """By the budget that the request really had: the task's own, 4096, was overridden."""
    rambling = "and then we think about it " * 5  # 30 words
    answers = [(None, 0, "no_answer", rambling), (None, 0, "no_answer", "Hm.")]
    short = read_run(make_run(answers, "short", budget=32))
    long = read_run(make_run(answers, "long", budget=4096))
    assert [row.status for row in short.rows] == ["unfinished", "no_answer"]
    assert [row.status for row in long.rows] == ["no_answer", "no_answer"]


@pytest.mark.parametrize("budget", [None, 0, "128"])
def test_without_a_budget_nothing_is_unfinished(make_run, budget):
    folder = make_run([(None, 0, "no_answer", "and so on " * 100)], budget=budget)
    assert read_run(folder).rows[0].status == "no_answer"


@pytest.mark.parametrize(
    ("changed", "is_refused"),
    [({}, False), ({"status": "no_confidence", "confidence": None}, True)],
)
def test_two_parsers_are_refused_only_where_an_answer_may_be_read_otherwise(changed, is_refused):
    row = Row("t", "i", -1, {}, 0.9, 1, "ok", answer="-5", stated="0.9")
    runs = [
        Run(
            version,
            version,
            [row, replace(row, **changed)],
            clean_provenance({"tasks": {"t": {"parser_version": version}}}),
        )
        for version in ("2", PARSER_VERSION)
    ]
    for base, cand in (runs, reversed(runs)):
        if is_refused:
            with pytest.raises(NotComparableError, match=r"by parser .*--reparse"):
                check_parsers(base, cand, ["t"])
        else:
            check_parsers(base, cand, ["t"])
