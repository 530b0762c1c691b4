"""`caopd-bench threshold` as a user types it."""

import json

import pytest

from caopd_bench import load_threshold

#: 300 answers at 0.99, 3 of them wrong; 200 at 0.9, 10 wrong; 100 at 0.5, 50 wrong.
ROWS = [
    (c, int(i >= wrong))
    for c, n, wrong in ((0.99, 300, 3), (0.9, 200, 10), (0.5, 100, 50))
    for i in range(n)
]


@pytest.fixture
def csv(tmp_path):
    """Write rows as a flat file with the columns that are named."""

    def write(rows, head="confidence,correct", name="rows"):
        file = tmp_path / f"{name}.csv"
        lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
        file.write_text("\n".join([head, *lines]) + "\n")
        return file

    return write


def test_a_cut_its_numbers_the_promise_and_a_file(run, make_run, tmp_path):
    folder = make_run([*ROWS, *[(None, 0, "no_answer")] * 25])
    file = tmp_path / "threshold.json"
    code, out, err = run("threshold", folder, "--max-risk", "0.05", "-o", file)
    assert (code, err) == (0, "")
    assert "CERTIFIED: act alone on answers with a stated confidence of 0.9 or more" in out
    assert "coverage  0.800 [0.766, 0.831]     500 of all 625 answers are kept" in out
    assert "risk      0.026 [95% below 0.04" in out
    assert "13 of the 500 kept are wrong" in out
    assert "questions drawn like these, by this model, asked in this way" in out
    assert "at most 5% of those with a stated confidence of 0.9 or more are wrong" in out
    assert "25 answers have no usable confidence; such answers are never kept" in out
    assert f"{file}: written; test it on new rows: caopd-bench check {file} RUN" in out
    made = load_threshold(file)
    assert (made.outcome, made.cut, made.cuts[0].n, made.cuts[0].n_parsed) == (
        "CERTIFIED",
        0.9,
        625,
        600,
    )
    assert made.keep([0.99, 0.9, 0.8999, None]).tolist() == [True, True, False, False]


def test_the_file_goes_to_standard_output_and_the_text_aside(run, make_run, tmp_path):
    folder, file = make_run(ROWS), tmp_path / "t.json"
    _, out, _ = run("threshold", folder, "--max-risk", "0.05", "-o", file)
    code, text, said = run("threshold", folder, "--max-risk", "0.05", "-o", "-")
    assert (code, text) == (0, file.read_text())
    assert out.startswith(said.rstrip("\n"))
    code, _, again = run("threshold", folder, "--max-risk", "0.05", "--level", "0.95")
    assert (code, again) == (0, "")


@pytest.mark.parametrize(
    ("rows", "code", "said"),
    [
        (ROWS[:500], 3, "INCONCLUSIVE at a risk of 1%: not shown either way"),
        ([(1.0, int(i % 3 > 0)) for i in range(300)], 1, "NONE at a risk of 1%: no cut"),
        ([(None, 0, "no_answer")] * 5, 3, "no answer has a usable confidence"),
    ],
)
def test_without_a_cut_a_script_sees_it_by_the_code(run, make_run, tmp_path, rows, code, said):
    folder, file = make_run(rows), tmp_path / "t.json"
    found, out, err = run("threshold", folder, "--max-risk", "0.01", "-o", file)
    assert (found, err) == (code, "")
    assert said in out
    assert "The promise" not in out
    assert f"{file}: written; it has no cut" in out
    made = load_threshold(file)
    assert (made.outcome, made.cut) == (
        "NONE" if code == 1 else "INCONCLUSIVE",
        pytest.approx(float("nan"), nan_ok=True),
    )
    assert not made.keep([0.5, 1.0]).any()


def test_how_many_answers_it_would_take_counts_those_without_a_confidence(run, make_run):
    rows = [(1.0, 1)] * 40
    _, out, _ = run("threshold", make_run(rows), "--max-risk", "0.05")
    _, half, _ = run(
        "threshold",
        make_run([*rows, *[(None, 0, "no_answer")] * 40], "half"),
        "--max-risk",
        "0.05",
    )
    needed, twice = (int(text.split("  about ")[1].split(" answers")[0]) for text in (out, half))
    assert twice in (2 * needed, 2 * needed - 1)


def test_samples_of_a_question_are_no_more_evidence_than_one(run, csv):
    """Sixty-one questions answered right prove 5 %; sixty answers to one question prove nothing."""
    head = "confidence,correct,item"
    many = [(1.0, 1, f"q{i // 4}") for i in range(4 * 90)]
    code, out, _ = run("threshold", csv(many, head), "--max-risk", "0.05")
    assert code == 0
    assert "90 questions, 360 answers: questions are treated as independent" in out
    few = [(1.0, 1, f"q{i // 40}") for i in range(40 * 9)]
    code, out, _ = run("threshold", csv(few, head), "--max-risk", "0.05")
    assert code == 3
    assert "questions like these would show one" in out
    code, out, _ = run("threshold", csv([row[:2] for row in few]), "--max-risk", "0.05")
    assert code == 0
    assert out.count("the rows have no item") == 1


def test_groups_share_the_error_rate_and_have_their_own_cuts(run, csv, tmp_path):
    rows = [(c, y, "easy") for c, y in ROWS] + [
        (c, int(i % 2), "hard") for i, (c, _) in enumerate(ROWS)
    ]
    file = tmp_path / "t.json"
    flat = csv([*rows, (0.9, 1, None)], "confidence,correct,kind")
    code, out, _ = run("threshold", flat, "--max-risk", "0.05", "--by", "kind", "-o", file)
    assert code == 0
    assert "easy  CERTIFIED  0.9" in out
    assert "hard  NONE       -" in out
    assert "each of the 2 groups at 97.5%, so that all promises hold together at 95%" in out
    assert "kind hard: no cut that keeps 30 answers" in out
    made = load_threshold(file)
    assert [round(one.level, 6) for one in made.cuts] == [0.975, 0.975]
    kept = made.keep([1.0, 1.0, 1.0, 0.5], group=["easy", "hard", "unknown", "easy"])
    assert kept.tolist() == [True, False, False, False]
    with pytest.raises(ValueError, match="the threshold has a cut for each kind"):
        made.keep([1.0])


def test_levels_are_groups_of_numbers(run, make_run, tmp_path):
    rows = [(c, y, "ok", None, 1 + i % 2) for i, (c, y) in enumerate(ROWS)]
    file = tmp_path / "t.json"
    assert (
        run("threshold", make_run(rows), "--max-risk", "0.1", "--by", "level", "-o", file)[0] == 0
    )
    made = load_threshold(file)
    assert [one.group for one in made.cuts] == [1, 2]
    assert made.keep(0.99, group=2)
    assert made.keep([0.99, 0.99], group=["1", 2.5]).tolist() == [True, False]


def test_the_other_direction_bounds_the_risk_at_a_coverage(run, make_run):
    folder = make_run([*ROWS, *[(None, 0, "no_answer")] * 25])
    code, out, _ = run("threshold", folder, "--min-coverage", "0.8")
    assert code == 0
    assert "coverage  0.800" in out
    assert "CERTIFIED: the cut that keeps 80% or more of the answers keeps those with a" in out
    assert "act alone" not in out  # at whatever risk
    assert "at most 4." in out
    code, out, _ = run("threshold", folder, "--min-coverage", "0.97")
    assert code == 1
    assert "NONE: only 96.0% of the answers have a usable confidence" in out


def test_prices_choose_the_cut(run, make_run):
    folder = make_run(ROWS)
    code, out, _ = run("threshold", folder, "--cost-wrong", "20", "--cost-human", "1")
    assert code == 0
    assert "cost      0.600 [95% below 0.985]" in out
    assert "1 if a person reviews every answer" in out
    assert "at most 5% (above it a review is cheaper) of those" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no goal: give --max-risk (for example 0.05)"),
        (("--max-risk", "5"), "must be above 0 and at most 1, got '5'"),
        (("--max-risk", "1"), "must be below 1"),
        (("--max-risk", "0.1", "--min-coverage", "0.5"), "give one of max_risk, min_coverage"),
        (("--cost-wrong", "20"), "cost_wrong with cost_human; got cost_wrong"),
        (("--cost-wrong", "1", "--cost-human", "2"), "cost_wrong must be above cost_human"),
        (("--max-risk", "0.1", "--task", "other"), "no task 'other'"),
        (("--max-risk", "0.1", "--by", "colour"), "the rows have family, level"),
        (("--max-risk", "0.1", "--map", "none.json"), "none.json: cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_line(run, make_run, words, said):
    code, out, err = run("threshold", make_run(ROWS), *words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_an_other_file_is_not_overwritten(run, make_run, tmp_path):
    other = tmp_path / "notes.json"
    other.write_text("{}")
    code, _, err = run("threshold", make_run(ROWS), "--max-risk", "0.05", "-o", other)
    assert code == 2
    assert "exists and is not a threshold" in err
    assert other.read_text() == "{}"
    blocked = tmp_path / "notes.json" / "t.json"
    assert run("threshold", make_run(ROWS), "--max-risk", "0.05", "-o", blocked)[0] == 5


def test_rounded_rows_keep_what_is_rounded_to_the_cut(run, csv, tmp_path):
    file = tmp_path / "t.json"
    rows = [(0.9 + (i % 9 - 4) / 1000, y) for i, (_, y) in enumerate(ROWS[:300])]
    flat = csv(rows)
    assert run("threshold", flat, "--max-risk", "0.05", "--decimals", "2", "-o", file)[0] == 0
    made = load_threshold(file)
    assert made.cuts[0].n_kept == 300
    assert made.keep([c for c, _ in rows]).all()
    assert not made.keep(0.894)


def test_a_fresh_process_says_nothing_else(shell, make_run):
    done = shell("threshold", make_run(ROWS), "--max-risk", "0.05")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("caopd_math_conf\n  tiny: 600 rows")


def test_json_is_strict_whatever_is_undefined(run, make_run):
    _, text, _ = run("threshold", make_run([(1.0, 1)] * 40), "--max-risk", "0.001", "-o", "-")
    found = json.loads(text, parse_constant=pytest.fail)
    assert found["outcome"] == "INCONCLUSIVE"
    assert found["cuts"][0]["cut"] is None
