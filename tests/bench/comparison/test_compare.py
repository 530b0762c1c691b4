"""One sentence that is right in the hard cases, and numbers that are those of the metrics."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from caopd_bench import score
from caopd_bench.cli.compare import _render
from caopd_bench.comparison.as_json import to_plain
from caopd_bench.comparison.compare import compare
from caopd_bench.comparison.direction import judge
from caopd_bench.comparison.sentence import say
from caopd_bench.comparison.table import render_comparison
from caopd_bench.comparison.unpaired import compare_unpaired
from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.metrics import brier_change, cross_recalibrate, gap_change
from caopd_bench.metrics import compare as compare_rows
from caopd_bench.runs.stored.store import write_stored


@pytest.fixture
def make(populations):
    def make(name, stated, right, **options):
        return populations.make_run(np.asarray(stated), np.asarray(right), name, **options)

    return make


def only(found):
    (one,) = found
    return one


def test_the_papers_failure_reads_as_worse(populations, make):
    stated, right = populations.draw(400, 1, accuracy=0.8)
    base, opd = make("sft", stated, right), make("opd", *populations.collapse(stated, right))
    one = only(compare(base, opd))
    # Brier alone says better: more answers are right.
    assert one.parts.brier.brier.high < 0
    assert judge(one) == "worse"
    sentence = say(one)
    assert sentence.startswith(
        "opd is worse calibrated than sft and no longer tells right answers from wrong ones, but "
        "is right more often on caopd_math_conf (400 items): accuracy 0.7"
    )
    assert "confidence when wrong 0.8" in sentence
    assert "to 1.000" in sentence


def test_a_collapse_that_fits_the_average_better_is_not_praised(populations, make):
    stated, right = populations.draw(400, 1, accuracy=0.8)
    stated = np.where(np.random.default_rng(3).random(stated.shape) < 0.65, 1.0, stated)
    base, opd = make("sft", stated, right), make("opd", *populations.collapse(stated, right))
    one = only(compare(base, opd))
    # More right answers below an unchanged 1.00 fit better, and that is no merit of it.
    assert one.parts.brier.confidence.high < 0
    assert judge(one) == "worse"
    assert say(one).startswith("opd is surer of its wrong answers than sft, but is right ")
    assert "opd states 1.00 in every usable row" in say(one)
    assert "better" not in say(one)


def test_a_model_that_knows_when_it_is_wrong_is_better(populations, make):
    stated, right = populations.draw(400, 1)
    one = only(compare(make("a", stated, right), make("b", stated - 0.2 * (1 - right), right)))
    assert judge(one) == "better"
    parts = one.parts.brier
    for text in (
        "b tells right answers from wrong ones better than a",
        f"Brier change {parts.brier.difference:+.3f}",
        f"miscalibration contributes {parts.miscalibration.difference:+.3f}",
        f"discrimination {-parts.discrimination.difference:+.3f}",
    ):
        assert text in say(one)
    back = only(compare(make("b", stated - 0.2 * (1 - right), right), make("a", stated, right)))
    assert judge(back) == "worse"


def test_more_right_answers_alone_are_no_calibration(populations, make):
    stated, right = populations.draw(400, 1, accuracy=0.8)
    more = np.maximum(right, np.random.default_rng(0).random(right.shape) < 0.15)
    one = only(compare(make("a", stated, right), make("b", stated, more)))
    assert judge(one) == "answers only"
    assert say(one).startswith("b differs from a in its answers on ")
    assert "no difference in calibration was seen: accuracy 0." in say(one)


def test_what_cannot_be_told_apart(populations, make):
    first, second = (populations.draw(300, seed) for seed in (1, 2))
    equal = populations.redecode(first, second, 0, 0.3)
    one = only(compare(make("a", *first), make("b", *equal)))
    assert judge(one) == "no difference seen"
    assert "cannot be told apart" in say(one)


def test_unparsed_rows_that_could_turn_the_sign(populations, make):
    stated, right = populations.draw(400, 1)
    spoke = np.random.default_rng(0).random(stated.shape) < 0.8
    quiet = make("b", stated - 0.1 * (1 - right), right, parsed=spoke)
    one = only(compare(make("a", stated, right), quiet))
    assert one.parts.brier.confidence.high < 0
    assert judge(one) == "silent"
    assert say(one).startswith("b states a usable confidence less often than a on ")
    assert "it is unclear which of them is better calibrated" in say(one)
    assert "parse rate 1.000 to 0." in say(one)
    assert f"{400 - spoke.sum()} of 400 rows lack a usable confidence" in say(one)
    assert one.both == spoke.sum()
    assert (one.flips.silenced, one.flips.voiced) == (400 - spoke.sum(), 0)
    bounds = {b.metric: b for b in one.bounds}
    a = {r.metric: r for r in score([make("a", stated, right)])}
    b = {r.metric: r for r in score([quiet])}
    assert bounds["brier"].low == pytest.approx(b["brier_bounds"].low - a["brier"].estimate)
    assert bounds["brier"].high == pytest.approx(b["brier_bounds"].high - a["brier"].estimate)


@pytest.mark.parametrize("samples", [1, 4])
def test_the_numbers_are_those_of_the_metrics(populations, make, samples):
    first, second = (populations.draw(200, seed, samples=samples) for seed in (3, 4))
    spoke = np.random.default_rng(1).random(first[0].shape) < 0.95
    a, b = make("a", *first), make("b", *second, parsed=spoke)
    one = only(compare(a, b))
    assert (one.items, one.rows, one.both) == (200, 200 * samples, spoke.sum())
    keep = spoke.ravel()
    rows = [(x[0].ravel()[keep], x[1].ravel()[keep]) for x in (first, second)]
    items = np.repeat(np.arange(200), samples)[keep]
    cluster = items if samples > 1 else None
    expected = compare_rows(*rows, cluster=cluster, metrics=list(one.metrics.changes))
    for name, change in one.metrics.changes.items():
        assert repr(change) == repr(expected[name]), name
    assert repr(one.parts.gap) == repr(gap_change(*rows, cluster=cluster))
    assert repr(one.parts.brier) == repr(brier_change(*rows, cluster=cluster))
    mapped = [
        cross_recalibrate(*side, method="isotonic", folds=5, cluster=cluster) for side in rows
    ]
    again = brier_change((mapped[0], rows[0][1]), (mapped[1], rows[1][1]), cluster=cluster)
    assert one.parts.recalibrated.brier.difference == pytest.approx(again.brier.difference)
    both_wrong = (rows[0][1] == 0) & (rows[1][1] == 0)
    stated = one.parts.wrong_in_both
    assert stated.a == pytest.approx(rows[0][0][both_wrong].mean())
    assert stated.b == pytest.approx(rows[1][0][both_wrong].mean())
    flips = (first[1] > second[1]).sum(), (first[1] < second[1]).sum()
    assert (one.flips.to_wrong, one.flips.to_right) == flips
    assert one.accuracy.difference == pytest.approx(second[1].mean() - first[1].mean())
    assert one.parse_rate.b == pytest.approx(spoke.mean())


def test_the_parts_add_up(populations, make):
    first, second = (populations.draw(200, seed) for seed in (5, 6))
    parts = only(compare(make("a", *first), make("b", *second))).parts
    for brier in (parts.brier, parts.recalibrated):
        total = (
            brier.miscalibration.difference
            - brier.discrimination.difference
            + brier.uncertainty.difference
        )
        assert brier.brier.difference == pytest.approx(total)
        net = brier.miscalibration.difference - brier.discrimination.difference
        assert brier.confidence.difference == pytest.approx(net)
    gap = parts.gap
    assert gap.gap.difference == gap.confidence.difference - gap.accuracy.difference


def test_a_change_that_a_monotone_map_undoes_is_gone_after_recalibration(populations, make):
    stated, right = populations.draw(600, 7)
    one = only(compare(make("a", stated, right), make("b", stated**3, right)))
    assert abs(one.parts.brier.brier.difference) > 0.01
    assert one.parts.recalibrated.brier.difference == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("stated", "right", "said"),
    [
        ([[0.9]] * 30, [[1]] * 30, "cannot be told apart"),
        ([[0.9]] * 30, [[0]] * 30, "cannot be told apart"),
        ([[0.9]], [[1]], "fewer than 5 rows"),
    ],
)
def test_degenerate_runs(make, stated, right, said):
    one = only(compare(make("a", stated, right), make("b", stated, right)))
    assert said in say(one)
    json.dumps(to_plain(one), allow_nan=False)
    "\n".join(render_comparison(one))


def test_a_run_that_says_nothing(make):
    stated, right = np.full((30, 1), 0.9), np.ones((30, 1), dtype=int)
    mute = make("mute", stated, right, parsed=np.zeros_like(stated))
    one = only(compare(make("a", stated, right), mute))
    assert judge(one) == "silent"
    assert "parse rate 1.000 to 0.000" in say(one)
    assert "no row states a usable confidence in both runs" in say(one)
    assert one.metrics is None
    text = "\n".join(render_comparison(one))
    assert "parse rate" in text
    json.dumps(to_plain(one), allow_nan=False)


def test_groups(populations, make):
    first, second = (populations.draw(300, seed) for seed in (1, 2))
    a, b = make("a", *first), make("b", *second)
    found = compare(a, b, by=["level"])
    assert [one.group for one in found] == [None, *(f"level={i}" for i in range(1, 6))]
    third = [i for i in range(300) if i % 5 == 2]
    expected = compare_rows(
        (first[0].ravel()[third], first[1].ravel()[third]),
        (second[0].ravel()[third], second[1].ravel()[third]),
        metrics=["brier"],
    )["brier"]
    assert found[3].metrics["brier"].difference == pytest.approx(expected.difference)
    with pytest.raises(UsageError, match="--by subject: task caopd_math_conf has no such group"):
        compare(a, b, by=["subject"])


def test_runs_that_do_not_compare(populations, make):
    first = populations.draw(50, 1)
    a, b = make("a", *first), make("b", *first)
    with pytest.raises(NotComparableError, match="40 in both, 10 only in the first"):
        compare(a, replace(b, rows=b.rows[:40]))
    with pytest.raises(NotComparableError, match="share no task: caopd_math_conf and other"):
        compare(a, make("b", *first, task="other"))
    with pytest.raises(NotComparableError, match="--task x: the first run has caopd_math_conf"):
        compare(a, b, task="x")
    other = replace(b, provenance={**b.provenance, "chat_template_sha": "f" * 64})
    assert str(only(compare(a, other)).differences[0]).startswith("chat template: none against")
    with pytest.raises(NotComparableError, match="--strict"):
        compare(a, other, strict=True)


def test_unpaired_is_wider_and_says_so(populations, make):
    first, second = (populations.draw(400, seed) for seed in (1, 2))
    a, b = make("a", *first), make("b", *second)
    paired = only(compare(a, b)).metrics["brier"]
    apart = only(compare_unpaired(a, b))
    brier = next(one for one in apart.metrics if one.metric == "brier")
    assert brier.difference == pytest.approx(paired.difference)
    assert brier.low < brier.difference < brier.high
    assert apart.same_items
    records = [{r.metric: r for r in score([run])}["brier"] for run in (a, b)]
    low = math.hypot(records[1].estimate - records[1].low, records[0].high - records[0].estimate)
    assert brier.low == pytest.approx(brier.difference - low)


def test_unpaired_covers():
    """Of 300 pairs of independent runs of one population, 95 % of the intervals hold 0."""
    from caopd_bench.comparison.unpaired import _apart
    from caopd_bench.metrics import bootstrap, tally
    from caopd_bench.runs.records import Record

    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        records = []
        for _side in range(2):
            stated = rng.choice([0.5, 0.7, 0.9], 200)
            right = (rng.random(200) < stated - 0.1).astype(int)
            i = bootstrap(tally(stated, right), metrics=["brier"])["brier"]
            records.append(Record("r", "t", None, "brier", i.estimate, i.low, i.high, 200))
        one = _apart(*records)
        covered += one.low <= 0 <= one.high
    assert 0.92 <= covered / 300 <= 0.985


@pytest.fixture
def stored(populations, make, tmp_path):
    first, second = (populations.draw(150, seed) for seed in (1, 2))
    for name, rows in (("a", first), ("b", second)):
        run = make(name, *rows)
        write_stored(run, score(run), tmp_path / name)
    short = make("short", *(x[:100] for x in second))
    write_stored(short, score(short), tmp_path / "short")
    return tmp_path


def test_from_the_command_line(stored, run):
    code, out, _ = run("compare", stored / "a", stored / "b", "--by", "level")
    assert code == 0
    first = out.splitlines()[0]
    assert "150 items" in first
    assert "Brier" in first
    for line in (
        "= mean confidence - accuracy",
        "= MCB - DSC + UNC",
        "after recalibration",
        "stated where both are wrong",
        "became right",
        "Holm",
        "by level",
    ):
        assert line in out
    file = stored / "new/out.json"
    assert run("compare", stored / "a", stored / "b", "--json", file)[0] == 0
    (plain,) = json.loads(file.read_text())
    assert plain["sentence"] == first
    code, out, err = run("compare", stored / "a", stored / "b", "--json", "-")
    assert json.loads(out)[0]["task"] == "caopd_math_conf"
    assert first in err


def test_exit_codes(stored, run):
    assert run("compare", stored / "a", stored / "short")[0] == 4
    assert run("compare", stored / "a", stored / "none")[0] == 2
    code, out, _ = run("compare", stored / "a", stored / "short", "--unpaired")
    assert code == 0
    assert out.startswith("UNPAIRED  ")
    assert run("compare", stored / "a", stored / "b", "--unpaired", "--by", "level")[0] == 2
    assert run("compare", stored / "a", stored / "b", "--task", "x")[0] == 4
    assert run("compare", stored / "a")[0] == 2


def test_a_few_unparsed_rows_do_not_turn_a_large_change(populations, make):
    stated, right = populations.draw(400, 1)
    spoke = np.random.default_rng(0).random(stated.shape) < 0.98
    one = only(
        compare(
            make("a", stated, right), make("b", stated - 0.4 * (1 - right), right, parsed=spoke)
        )
    )
    assert judge(one) == "better"
    assert f"{400 - spoke.sum()} of 400 rows lack a usable confidence" in say(one)
    assert "b tells right answers from wrong ones better than a" in say(one)


@pytest.mark.slow
def test_how_often_equal_models_are_told_apart(populations, make):
    """Eight tests a sentence that share 5 %."""
    wrong = 0
    for seed in range(200):
        first, second = (populations.draw(300, 2 * seed + i) for i in range(2))
        equal = populations.redecode(first, second, seed)
        wrong += judge(only(compare(make("a", *first), make("b", *equal)))) != "no difference seen"
    assert wrong / 200 < 0.07


def test_hostile_names(populations, make):
    name = "x\x1b[31m\n::error::\u202e"
    first, second = (populations.draw(60, seed) for seed in (1, 2))
    found = only(compare(make(name, *first, task=name), make("b", *second, task=name)))
    text = "\n".join(render_comparison(found))
    runs = [
        make("a", *rows, task=name).rows + make("a", *rows, task="other").rows
        for rows in (first, second)
    ]
    both = compare(*(replace(make("a", *first), rows=rows) for rows in runs), by=["level"])
    text += "\n".join(_render(both))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not [line for line in text.splitlines() if line.startswith("::")]
