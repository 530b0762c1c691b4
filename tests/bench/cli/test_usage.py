"""A command line that cannot be read: one line, with the name of the command that explains it."""

import re

import pytest

from caopd_bench.cli import build_parser

#: Commands of which the intervals have a level, and words that they are complete with.
WITH_LEVEL = {
    "score": ("x",),
    "rescore": ("x",),
    "compare": ("x", "y"),
    "report": ("x", "-o", "r.html"),
    "recalibrate": ("x",),
    "threshold": ("x", "--max-risk", "0.05"),
    "check": ("t.json", "x"),
}

WRONG = [
    (("compare", "a"), "compare", "missing: CAND; usage: caopd-bench compare BASE CAND; "),
    (("compare", "a", "b", "c"), "compare", "too many arguments: c; usage: caopd-bench compare"),
    (("report", "a"), "report", "missing: -o/--output; usage: caopd-bench report RUN... -o FILE; "),
    (("baseline",), "baseline", "missing: ACTION; usage: caopd-bench baseline ACTION; "),
    (("baseline", "int", "x"), "baseline", "ACTION: invalid choice: 'int'; did you mean init?"),
    (("baseline", "init", "x", "--output", "d"), "baseline init", "missing: --reason; usage: "),
    (("check",), "check", "missing: THRESHOLD, RUN; usage: caopd-bench check THRESHOLD RUN; "),
    (("scoer", "x"), "", "COMMAND: invalid choice: 'scoer'; did you mean score?"),
    (("zzz",), "", "COMMAND: invalid choice: 'zzz'; choose from tasks, fetch-model, score, "),
    (
        ("score", "x", "--missing", "none"),
        "score",
        "--missing: invalid choice: 'none'; choose from ",
    ),
    (("score", "x", "--levle", "0.9"), "score", "--levle 0.9; did you mean --level?"),
    (("score", "x", "--leve", "0.9"), "score", "--leve 0.9; did you mean --level?"),
    (("gate", "a", "b", "--polic", "x"), "gate", "--polic x; did you mean --policy?"),
    (("score", "x", "--by"), "score", "--by: needs a value"),
    (("report", "x", "-o", "y", "--compare", "a"), "report", "--compare: needs 2 values"),
    (("gate", "a", "b", "--strict=1"), "gate", "--strict: takes no value, got '1'"),
    (("rescore", "x", "--scale", "five"), "rescore", "--scale: must be a whole number, got 'five'"),
    (("score", "x", "--level", "95"), "score", "got '95'; for 95 % write 0.95"),
    (("score", "x", "--level", "0"), "score", "--level: must be at least 0.5 and below 1, got '0'"),
    (("train", "--methd", "opd"), "train", "--methd opd; did you mean --method?"),
    (("rescore", "a", "b"), "rescore", "give one FILE per command, got 2: a, b; store each"),
    (("gate", "a", "--confidence", "0.9"), "gate", "in its policy (confidence: 0.95)"),
    (("gate", "a", "--level=0.9"), "gate", "in its policy (confidence: 0.95)"),
    (("gate", "a", "b", "--strict", "x", "--level", ".9"), "gate", "in its policy (conf"),
    (("score", "x", "--conf", "0.9"), "score", "--conf 0.9; did you mean --confidence-column?"),
    (
        ("score", "x", "--level", "0.9", "--confidence", "0.8"),
        "score",
        "--confidence is the old name of --level; leave --confidence out",
    ),
    (("sweep", "a", "--level", "0.9"), "sweep", "this command has no confidence level"),
    (("score", "x", "--a\nb"), "score", r"unrecognized arguments: --a\nb; see "),
    (("--bogus", "score", "x"), "score", "unrecognized arguments: --bogus; see "),
]


@pytest.mark.parametrize(("words", "command", "said"), WRONG)
def test_one_line_that_names_the_command(run, words, command, said):
    code, out, err = run(*words)
    name = f"caopd-bench {command}".strip()
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert err.startswith(f"{name}: ")
    assert said in err
    assert err.endswith(f"; see {name} --help\n")


def test_a_file_with_options_before_it_or_between(make_run, run):
    """argparse fills a list of words once; what comes later is no other kind of word."""
    one, other = make_run([(0.9, 1), (0.4, 0)], "a"), make_run([(0.8, 1), (0.4, 0)], "b")
    wanted = run("score", one, other, "--level", "0.9")
    assert wanted[0] == 0
    assert run("score", "--level", "0.9", one, other) == wanted
    assert run("score", one, "--level", "0.9", other) == wanted
    assert run("compare", one, "--level", "0.9", other) == run(
        "compare", one, other, "--level", "0.9"
    )


@pytest.mark.parametrize("command", WITH_LEVEL)
def test_the_level_of_intervals_has_one_name(run, command, capsys):
    parser = build_parser()
    words = [command, *WITH_LEVEL[command]]
    assert parser.parse_args([*words, "--level", "0.9"]).level == 0.9
    assert capsys.readouterr().err == ""
    for given in (["--confidence", "0.9"], ["--confidence=0.9"]):
        assert parser.parse_args([*words, *given]).level == 0.9
        assert capsys.readouterr().err == (
            f"caopd-bench {command}: --confidence is now --level; the old name still works\n"
        )
    shown = run(command, "--help")[1]
    assert "--level P" in shown
    assert not re.search(r"--confidence[\s=]", shown)


def test_the_old_name_gives_the_same_numbers(mixed, run):
    code, out, err = run("score", mixed, "--confidence", "0.8", "--json", "-")
    assert code == 0
    assert "estimate [80% interval]" in err
    assert err.startswith("caopd-bench score: --confidence is now --level")
    assert out == run("score", mixed, "--level", "0.8", "--json", "-")[1]


def test_a_file_of_answers_may_be_named_as_a_run_is(run, tmp_path):
    rows = '{"response": "Answer: 7\\nConfidence: 0.9", "gold": "7"}\n'
    (tmp_path / "a=b.jsonl").write_text(rows)
    (tmp_path / "log.jsonl").write_text(rows)
    assert "  mine: 1 row" in run("rescore", f"mine={tmp_path / 'log.jsonl'}")[1]
    assert (
        "  other: 1 row" in run("rescore", f"mine={tmp_path / 'log.jsonl'}", "--name", "other")[1]
    )
    assert run("rescore", tmp_path / "a=b.jsonl")[0] == 0
    code, _, err = run("rescore", f"mine={tmp_path / 'lost.jsonl'}")
    assert (code, err.count("\n")) == (2, 1)
    assert f"{tmp_path / 'lost.jsonl'}" in err
