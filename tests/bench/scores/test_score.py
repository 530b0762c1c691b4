"""Numbers: a run counted by hand, the same calls by hand, and what is said beside them."""

import json
import math
import random
import re

import numpy as np
import pytest

from caopd_bench import metrics, read_run, score
from caopd_bench.core.errors import UsageError
from caopd_bench.runs.records import to_frame
from caopd_bench.runs.run import STATUSES, Row, tally_rows
from caopd_bench.tasks.read.parse import STATUSES as PARSER_STATUSES

# Ten answers; eight state a confidence. Counted by hand:
#   right 4 of 8 parsed, and 5 of all 10: accuracy .5
#   mean confidence (4 x .9 + 3 x .5 + .1) / 8 = 5.2 / 8 = .65, gap .65 - 4/8 = +.15
#   ECE  bin .9: |3.6 - 2| = 1.6, bin .5: |1.5 - 1| = .5, bin .1: |.1 - 1| = .9: 3.0 / 8 = .375
#   Brier  .9: 2 x .01 + 2 x .81, .5: 3 x .25, .1: .81: 3.2 / 8 = .4
#   pairs  right {.9 .9 .5 .1} x wrong {.9 .9 .5 .5}: 16, above 2 x 2 = 4, tied 2 x 2 + 1 x 2 = 6:
#          SPR 4/16, ties 6/16, AUROC (4 + 6/2) / 16 = .4375
#   confidence when wrong (.9 + .9 + .5 + .5) / 4 = .7
#   within level  1: right {.9 .9 .5} x wrong {.9}: 3 pairs, 2 tied; 2: right {.1}, wrong three: 3
#          pairs, none: (0 + 2/2 + 0) / 6 = .1667
#   copies of the exemplars .98 .90 .35 .85: four times .9: 4 / 8
BY_HAND = [
    (0.9, 1, "ok", None, 1),
    (0.9, 1, "ok", None, 1),
    (0.9, 0, "ok", None, 1),
    (0.5, 1, "ok", None, 1),
    (None, 1, "no_confidence", "Answer: 4", 1),
    (0.9, 0, "ok", None, 2),
    (0.5, 0, "ok", None, 2),
    (0.5, 0, "ok", None, 2),
    (0.1, 1, "ok", None, 2),
    (None, 0, "unfinished", "<think>hm", 2),
]
GOLDEN = {
    "parse rate": "0.800",
    "accuracy": "0.500",
    "mean confidence": "0.650",
    "overconfidence gap": "+0.150",
    "ECE": "0.375",
    "Brier": "0.400",
    "AUROC": "0.438",
    "within level": "0.167",
    "SPR": "0.250",
    "tie rate": "0.375",
    "confidence when wrong": "0.700",
    "copies of exemplars": "0.500",
}


def _by_metric(records, group=None):
    return {record.metric: record for record in records if record.group == group}


def _cells(out):
    """Label -> first number of the lines of a printed table."""
    found = (re.match(r"  +(\S.*?)  +([+-]?\d\.\d{3}|-)(?: |$)", line) for line in out.splitlines())
    return {match[1]: match[2] for match in found if match}


def test_the_table_counted_by_hand(make_run, run):
    code, out, err = run("score", make_run(BY_HAND))
    assert (code, err) == (0, "")
    cells = _cells(out)
    assert {label: cells[label] for label in GOLDEN} == GOLDEN
    assert "tiny: 10 rows, 4 exemplars (set a), chat template, backend hf, levels 1-2, " in out
    assert "low parse rate, the numbers describe the parsed rows only: 1 no_confidence" in out
    assert "3 distinct values are stated; the most common, 0.9, in 4 of 8 rows" in out
    assert "8 parsed rows: the coverage of the ECE interval was only checked from 50 rows on" in out


def test_shares_of_what_went_wrong(make_run):
    found = _by_metric(score(read_run(make_run(BY_HAND))))
    assert found["share_unfinished"].estimate == 0.1
    assert found["share_no_confidence"].estimate == 0.1
    assert found["share_bad_confidence"].estimate == 0.0
    assert found["parse_rate"].n == found["accuracy"].n == 10
    assert found["ece"].n == found["auroc_within_level"].n == 8


def _random_answers(n, seed=0):
    rng = random.Random(seed)
    answers = []
    for i in range(n):
        level = 1 + i % 5
        confidence = rng.choice([0.5, 0.7, 0.8, 0.9, 0.95, 1.0])
        right = int(rng.random() < confidence - 0.1 * level)
        is_parsed = rng.random() < 0.95
        answers.append(
            (confidence, right, "ok", None, level)
            if is_parsed
            else (None, right, "no_confidence", "Answer: 1", level)
        )
    return answers


@pytest.fixture
def big(make_run):
    return make_run(_random_answers(200), "big")


def test_records_equal_direct_calls(big):
    run = read_run(big)
    found = _by_metric(score(run, level=0.9))
    parsed = [row for row in run.rows if row.confidence is not None]
    assert 150 < len(parsed) < 200
    confidence = np.array([row.confidence for row in parsed])
    correct = np.array([row.correct for row in parsed])
    names = "mean_confidence overconfidence_gap ece brier auroc spr tie_rate confidence_when_wrong"
    for name in names.split():
        expected = getattr(metrics, name)(confidence, correct)
        assert found[name].estimate == pytest.approx(expected, abs=1e-12), name
    counts = metrics.tally(confidence, correct)
    for name, interval in metrics.bootstrap(counts, metrics=names.split(), level=0.9).items():
        assert found[name].low == pytest.approx(interval.low, abs=1e-12), name
        assert found[name].high == pytest.approx(interval.high, abs=1e-12), name
    assert found["ece_debiased"].estimate == metrics.ece_interval(counts).debiased
    assert (found["null_ece"].estimate, found["null_ece"].high) == metrics.null_ece(counts)
    share = metrics.proportion_interval(sum(row.correct for row in run.rows), 200, 0.9)
    assert (found["accuracy"].estimate, found["accuracy"].low) == (share.estimate, share.low)
    levels = [
        metrics.tally(confidence[on_level], correct[on_level])
        for on_level in [[row.groups["level"] == n for row in parsed] for n in range(1, 6)]
    ]
    assert found["auroc_within_level"].estimate == metrics.auroc_within(levels)


def test_within_the_groups_of_any_key(big):
    run = read_run(big)
    parsed = [row for row in run.rows if row.confidence is not None]
    groups = [
        [row for row in parsed if row.groups["family"] == name] for name in ("product", "sum")
    ]
    tallies = [
        metrics.tally([row.confidence for row in rows], [row.correct for row in rows])
        for rows in groups
    ]
    found = {record.metric: record for record in score(run, by=["family"]) if not record.group}
    assert found["auroc_within_family"].estimate == metrics.auroc_within(tallies)
    assert "auroc_within_family" not in {record.metric for record in score(run)}


def test_by_level(big):
    run = read_run(big)
    records = score(run, by=["level"])
    # As text: to Python 3.13 records with a NaN in them are not equal.
    assert repr([r for r in records if r.group is None]) == repr(score(run))
    groups = list(dict.fromkeys(r.group for r in records))
    assert groups == [None, *(f"level={i}" for i in range(1, 6))]
    hard = [row for row in run.rows if row.groups["level"] == 5]
    parsed = [row for row in hard if row.confidence is not None]
    found = _by_metric(records, "level=5")
    assert found["accuracy"].estimate == sum(row.correct for row in hard) / len(hard)
    brier = metrics.brier([r.confidence for r in parsed], [r.correct for r in parsed])
    assert found["brier"].estimate == pytest.approx(brier, abs=1e-12)


def test_groups_sort_as_numbers(make_run):
    answers = [(0.5, 1, "ok", None, level) for level in (10, 2, 1)]
    records = score(read_run(make_run(answers)), by=["level"])
    groups = list(dict.fromkeys(record.group for record in records))
    assert groups == [None, "level=1", "level=2", "level=10"]


def test_by_is_printed(big, run):
    code, out, _ = run("score", big, "--by", "level", "--by", "family", "--by", "level")
    assert code == 0
    assert out.count("  tiny by level\n") == out.count("  tiny by family\n") == 1
    assert len(re.findall(r"^ +\d  40 ", out, re.MULTILINE)) == 5


def test_by_takes_one_name_too(mixed):
    run = read_run(mixed)
    assert repr(score(run, by="level")) == repr(score(run, by=["level", "level"]))


def test_by_unknown(mixed, refused):
    message = refused("score", mixed, "--by", "colour")
    assert "--by colour: task caopd_math_conf has no such group; it has family, level" in message
    with pytest.raises(UsageError, match="no such group"):
        score(read_run(mixed), by=["colour"])


UNDEFINED = {
    "all right": ([(0.9, 1), (0.8, 1)] * 10, "all answers right"),
    "all wrong": ([(0.9, 0), (0.8, 0)] * 10, "all answers wrong"),
    "nothing parsed": ([(None, 0, "no_answer", "Hm.")] * 4, "no row states a usable confidence"),
    "one row": ([(0.9, 1)], "all answers right"),
}


@pytest.mark.parametrize(("answers", "why"), UNDEFINED.values(), ids=UNDEFINED)
def test_undefined_numbers_have_a_reason(make_run, run, tmp_path, answers, why):
    folder = make_run(answers)
    records = score(read_run(folder), by=["level"])
    for record in records:
        has_gap = any(map(math.isnan, (record.estimate, record.low, record.high)))
        assert has_gap == bool(record.reason), record
    assert math.isnan(_by_metric(records)["auroc"].estimate)
    code, out, err = run("score", folder, "--by", "level", "--json", tmp_path / "r.json")
    assert (code, err) == (0, "")
    assert re.search(rf"^  AUROC +-  \((\d)\)(?s:.*)^  \(\1\) .*{why}", out, re.MULTILINE)
    _assert_same(json.loads((tmp_path / "r.json").read_text(), parse_constant=_refuse), records)


def _refuse(constant):
    raise AssertionError(f"{constant} is not JSON")


def _assert_same(written, records):
    assert len(written) == len(records)
    for entry, record in zip(written, records, strict=True):
        for key, value in entry.items():
            ours = getattr(record, key)
            is_undefined = isinstance(ours, float) and math.isnan(ours)
            assert value is None if is_undefined else value == ours


def test_the_json_is_the_records(big, run, tmp_path):
    run("score", big, "--by", "family", "--json", tmp_path / "new" / "r.json")
    written = json.loads((tmp_path / "new" / "r.json").read_text(), parse_constant=_refuse)
    _assert_same(written, score(read_run(big), by=["family"]))
    keys = "run task group metric estimate low high n interval reason caution"
    assert list(written[0]) == keys.split()


def test_to_frame(big):
    records = score(read_run(big))
    frame = to_frame(records)
    assert len(frame) == len(records)
    assert (
        frame.set_index("metric").loc["brier", "estimate"] == _by_metric(records)["brier"].estimate
    )


@pytest.mark.parametrize(("shots", "share"), [(4, 3 / 4), (2, 2 / 4), (1, 1 / 4), (0, None)])
def test_copies_of_the_exemplars_that_were_shown(make_run, run, shots, share):
    # Shown in this order: .98 .90 .35 .85
    folder = make_run([(0.35, 1), (0.9, 0), (0.98, 1), (0.7, 0)], shots=shots)
    record = _by_metric(score(read_run(folder)))["exemplar_copies"]
    out = run("score", folder)[1]
    if share is None:
        assert record.reason == "no exemplars shown"
        assert "copies of exemplars" not in out
        assert "4 rows, no exemplars," in out
    else:
        assert record.estimate == share
        assert f"{shots} exemplars (set a)" in out


def _advice(run, folder):
    found = re.search(r"note: low parse rate.*", run("score", folder)[1])
    return found[0] if found else ""


def test_advice_on_a_low_parse_rate(make_run, run):
    silent = [(None, 0, "no_confidence", "Answer: 5"), (0.9, 1)]
    cut = [(None, 0, "unfinished", "<think>"), (0.9, 1)]
    advice = _advice(run, make_run(silent, "a", shots=0))
    assert "1 no_confidence" in advice
    assert "--num_fewshot 4" in advice
    assert "--apply_chat_template" not in advice
    assert "max_gen_toks" not in advice
    advice = _advice(run, make_run(silent, "b", chat=False))
    assert "--apply_chat_template" in advice
    assert "--num_fewshot" not in advice
    assert "max_gen_toks=8192" in _advice(run, make_run(cut, "c"))  # twice that of the run
    assert _advice(run, make_run(silent, "d")).endswith("; look at the responses")
    assert _advice(run, make_run([(0.9, 1)] * 9 + silent[:1], "e")) == ""


def test_one_row_reads_well(make_run, run):
    out = run("score", make_run([(0.9, 1)]))[1]
    assert "tiny: 1 row, " in out
    assert "only one value is stated: " in out
    assert "1 parsed row: " in out
    assert re.search(r"^  Brier +0\.010  \((\d)\)(?s:.*)^  \(\1\) one row", out, re.MULTILINE)


def test_two_runs_side_by_side(make_run, run):
    base, other = make_run(BY_HAND, "base"), make_run([(0.9, 1), (0.8, 0)], "other")
    code, out, _ = run("score", f"base={base}", f"other={other}")
    assert code == 0
    assert re.search(r"^ +estimate \[95% interval\] +base +other$", out, re.MULTILINE)
    assert re.search(r"^  accuracy +0\.500 \[.*\] +0\.500 \[", out, re.MULTILINE)
    assert "note on base: low parse rate" in out
    assert "note on other: 2 parsed rows" in out
    both = score([read_run(f"base={base}"), read_run(f"other={other}")])
    alone = score(read_run(f"other={other}"))
    assert repr([record for record in both if record.run == "other"]) == repr(alone)


def test_tasks_are_printed_apart(make_run, run):
    make_run([(0.9, 1)], "both")
    other = make_run([(0.5, 0), (0.6, 1)], "both", task="caopd_other_conf")
    # Each call wrote the results of its own task; what the other counts is not checked then.
    code, out, _ = run("score", other)
    assert code == 0
    assert re.findall(r"^caopd_\w+$", out, re.MULTILINE) == ["caopd_math_conf", "caopd_other_conf"]
    assert run("score", other, "--task", "caopd_other_conf")[1].count("rows, ") == 1


def test_equal_names_are_told_apart(mixed, run):
    code, out, _ = run("score", mixed, mixed, f"tiny (2)={mixed}", mixed)
    assert code == 0
    heads = re.findall(r"^  (tiny.*): 5 rows", out, re.MULTILINE)
    assert heads == ["tiny", "tiny (2)", "tiny (2) (2)", "tiny (3)"]


def test_equal_weights_under_different_names(make_run, run):
    a = make_run([(0.9, 1)], "a", model="org/base", weights="aaaa")
    b = make_run([(0.8, 1)], "b", model="org/tuned", weights="aaaa")
    c = make_run([(0.8, 1)], "c", model="org/tuned", weights="cccc")
    warning = "warning: base and tuned claim different models but have the same weights (aaaa)"
    assert warning in run("score", a, b)[1]
    assert "warning" not in run("score", a, c)[1]
    none = make_run([(0.8, 1)], "d", model="org/api", weights=None)
    assert "warning" not in run("score", none, a)[1]


def test_the_same_evaluation_twice(make_run, samples_of, results_of, run):
    """`base=A new=B`, and both looked at the same ./checkpoint."""

    def change(folder, file, old, new):
        text = file(folder).read_text()
        assert old in text
        file(folder).write_text(text.replace(old, new))
        return folder

    a = make_run([(0.9, 1)], "a", model="checkpoint", weights="aaaa")
    b = make_run([(0.8, 1)], "b", model="checkpoint", weights="aaaa")
    said = "warning: base and new are the same evaluation of the same weights (aaaa); "
    assert said + "did you give one folder twice?" in run("score", f"base={a}", f"new={b}")[1]
    assert "warning" in run("score", a, a)[1]
    # Anything that makes it another evaluation: no warning.
    new = {"model": "checkpoint", "weights": "aaaa"}
    assert "warning" not in run("score", a, make_run([(0.8, 1)], "c", shots=2, **new))[1]
    assert "warning" not in run("score", a, make_run([(0.8, 1)], "d", chat=False, **new))[1]
    folder = make_run([(0.8, 1)], "e", **new)
    other_set = change(folder, samples_of, '"set": "a"', '"set": "b"')
    assert "warning" not in run("score", a, other_set)[1]
    adapter = change(
        make_run([(0.8, 1)], "f", **new), results_of, '"bfloat16"', '"bfloat16", "peft": "x"'
    )
    assert "warning" not in run("score", a, adapter)[1]
    other = make_run([(0.8, 1)], "g", model="checkpoint", weights="bbbb")
    assert "warning" not in run("score", a, other)[1]


@pytest.mark.parametrize(("level", "heading"), [("0.8", "80%"), ("0.975", "97.5%")])
def test_confidence_of_the_intervals(big, run, tmp_path, level, heading):
    out = run("score", big, "--level", level, "--json", tmp_path / "r.json")[1]
    assert f"estimate [{heading} interval]" in out
    wide = _by_metric(score(read_run(big), level=0.999))
    for entry in json.loads((tmp_path / "r.json").read_text()):
        if entry["metric"] not in ("null_ece", "exemplar_copies"):
            assert wide[entry["metric"]].low <= entry["low"]
            assert entry["high"] <= wide[entry["metric"]].high


@pytest.mark.parametrize("level", ["1", "0", "95", "nan", "x", "0.4"])
def test_confidence_that_is_none(mixed, run, level):
    code, out, err = run("score", mixed, "--level", level)
    assert (code, out) == (2, "")
    assert f"must be at least 0.5 and below 1, got '{level}'" in err


def test_the_order_of_the_rows_does_not_matter(big, samples_of):
    before = score(read_run(big), by=["level", "family"])
    file = samples_of(big)
    lines = file.read_text().splitlines(keepends=True)
    random.Random(1).shuffle(lines)
    file.write_text("".join(lines))
    assert repr(score(read_run(big), by=["level", "family"])) == repr(before)


def _answer(item, sample, confidence, correct):
    return Row("t", item, sample, {}, confidence, correct, "ok")


def test_a_question_sampled_twice_is_a_cluster():
    """Its rows are not independent."""
    rows = [_answer("a", 0, 0.9, 1), _answer("a", 1, 0.8, 0), _answer("b", 0, 0.7, 1)]
    assert tally_rows(rows).clusters.labels.size == 2


def test_two_greedy_rows_of_one_question_are_no_cluster(make_run, edit_sample):
    answers = _random_answers(60)
    before = _by_metric(score(read_run(make_run(answers, "a"))))["ece"]
    folder = make_run(answers, "b")
    edit_sample(folder, 2, doc={"item_hash": f"{0:016x}"})
    record = _by_metric(score(read_run(folder)))["ece"]
    assert (record.low, record.high, record.interval) == (before.low, before.high, before.interval)


def test_the_statuses_are_those_of_the_parser():
    assert (*PARSER_STATUSES, "api_error") == STATUSES


def test_intervals_say_how_and_at_what_level(big):
    found = _by_metric(score(read_run(big), level=0.9))
    assert found["parse_rate"].interval == "wilson 90%"
    assert found["ece"].interval == found["ece_debiased"].interval
    assert found["ece"].interval.endswith(" 90%")
    assert found["null_ece"].interval == "95% of simulated calibrated models"
    assert found["exemplar_copies"].interval.startswith("wilson")
    for record in score(read_run(big)):
        assert (record.interval == "") == math.isnan(record.low), record


def test_the_group_table(big, run):
    lines = run("score", big, "--by", "level", "--level", "0.9")[1].splitlines()
    start = next(i for i, line in enumerate(lines) if line.endswith(" by level"))
    head, first = lines[start + 1 : start + 3]
    heads = "level n parsed acc Brier DSC stated gap ECE 90% null AUROC SPR if wrong"
    assert head.split() == heads.split()
    assert max(map(len, lines[start + 1 : start + 7])) <= 110
    found = _by_metric(score(read_run(big), by=["level"], level=0.9), "level=1")
    assert f"[{found['ece'].low:.3f}, {found['ece'].high:.3f}]" in first
    ours = [f"{found[name].estimate:.3f}" for name in ("auroc", "spr", "confidence_when_wrong")]
    assert first.split()[-3:] == ours
