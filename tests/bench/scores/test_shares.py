"""Shares of sampled rows, the parse rate above all: samples of a question are not independent."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from caopd_bench import metrics, read_run, score
from caopd_bench.runs.counts import STATUSES, tally_share
from caopd_bench.runs.run import Row, Run, count_rows
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.scores.shares import share

SIMULATE = Path(__file__).parents[2] / "studies" / "bench" / "simulate_shares.py"
EXEMPLARS = {"num_fewshot": 2, "exemplars": {"confidences": [0.9, 0.35]}}


def make_rows(questions, samples, seed, *, greedy=False, alike=1.0):
    """Samples that mostly share their question's fate, as those of one prompt do."""
    rng = np.random.default_rng(seed)
    rows = []
    for q in range(questions):
        fate, stated = rng.random(), rng.choice([0.9, 0.6, 0.35])
        for sample in range(samples):
            luck = fate if rng.random() < alike else rng.random()
            status = "ok" if luck < 0.8 else "no_confidence" if luck < 0.9 else "unfinished"
            confidence = float(stated) if status == "ok" else None
            correct = int(status == "ok" and rng.random() < 0.6)
            number = -1 if greedy else sample
            rows.append(Row("t_sc8", f"{q:016x}", number, {}, confidence, correct, status))
    return rows


def records_of(rows):
    run = Run("a", "a", rows, {"tasks": {"t_sc8": EXEMPLARS}})
    return {record.metric: record for record in score(run)}


SHARES = ("parse_rate", "share_no_confidence", "share_unfinished", "exemplar_copies")


def test_samples_of_a_question_that_are_all_alike_count_once():
    """Eight samples that share everything are about as good as one."""
    sampled, once = (records_of(make_rows(200, samples, 3)) for samples in (8, 1))
    for name in (*SHARES, "accuracy"):
        eight, one = sampled[name], once[name]
        assert eight.interval == "cluster wilson 95%", name
        assert one.interval == "wilson 95%", name
        if name in SHARES:
            # The same draws of fates: nothing was learnt from seven more samples of each.
            assert eight.high - eight.low == pytest.approx(one.high - one.low, rel=0.25), name


def test_a_share_that_nothing_has_counts_questions():
    found = records_of(make_rows(60, 8, 4, alike=0.5))
    never = found["share_api_error"]
    assert (never.estimate, never.low) == (0.0, 0.0)
    assert never.high > metrics.proportion_interval(0, 60).high
    assert never.n == 480


def test_greedy_rows_and_single_samples_stay_rows():
    rows = make_rows(300, 1, 5, greedy=True)
    found = records_of(rows)
    for status in STATUSES:
        name = "parse_rate" if status == "ok" else f"share_{status}"
        k = sum(row.status == status for row in rows)
        i = metrics.proportion_interval(k, 300)
        assert (found[name].estimate, found[name].low, found[name].high) == (
            i.estimate,
            i.low,
            i.high,
        )
        assert found[name].interval == "wilson 95%"


def test_shares_do_not_depend_on_the_order_of_the_rows():
    rows = make_rows(50, 8, 6, alike=0.6)
    order = np.random.default_rng(0).permutation(len(rows))
    again = records_of([rows[i] for i in order])
    for name, record in records_of(rows).items():
        if name in SHARES:
            assert repr(again[name]) == repr(record)


def test_the_statuses_of_each_cluster_add_up():
    counts = count_rows(make_rows(40, 8, 7, alike=0.5))
    for status in STATUSES:
        t = counts.tally_status(status)
        assert (t.n, t.n_right) == (320, counts.statuses.get(status, 0))
        assert t.clusters.labels.tolist() == counts.filled.clusters.labels.tolist()
        assert t.clusters.right.sum() == t.n_right
        assert (t.clusters.right + t.clusters.wrong).tolist() == [8] * 40
    ok = counts.tally_status("ok").clusters
    parsed = counts.parsed.clusters
    of_parsed = np.bincount(parsed.cluster, parsed.right + parsed.wrong)
    assert sorted(of_parsed) == sorted(ok.right[ok.right > 0])


def test_one_question_has_no_interval_and_says_so():
    record = records_of(make_rows(1, 8, 0))["parse_rate"]
    assert np.isnan(record.low)
    assert (record.interval, record.reason) == ("", "one cluster: no interval")


def test_a_stored_run_gives_the_same_shares(tmp_path):
    run = Run("a", "a", make_rows(30, 4, 8, alike=0.5), {"tasks": {"t_sc8": EXEMPLARS}})
    records = score(run)
    write_stored(run, records, tmp_path / "stored")
    again = {record.metric: record for record in score(read_run(tmp_path / "stored"))}
    for record in records:
        if record.metric in (*SHARES, "share_api_error"):
            assert repr(again[record.metric]) == repr(record)


def test_limits_of_shares_hold_the_true_rate():
    """Of 30 questions that differ much, 8 samples each: Wilson's of the rows hold it in 63-75 %."""
    rng, held, naive = np.random.default_rng(9), 0, 0
    target = runpy.run_path(str(SIMULATE))["true_rate"](3.0, 2.5)
    for _ in range(300):
        chance = 1.0 / (1.0 + np.exp(-(3.0 + 2.5 * rng.standard_normal(30))))
        parsed = rng.random((30, 8)) < chance[:, None]
        rows = [
            Row("t", f"{q:016x}", k, {}, 0.5 if ok else None, 0, "ok" if ok else "no_answer")
            for (q, k), ok in np.ndenumerate(parsed)
        ]
        counts = count_rows(rows)
        for status, truth in (("ok", target), ("no_answer", 1.0 - target)):
            i = share(counts.tally_status(status), 0.95)
            held += i.low <= truth <= i.high
            j = metrics.proportion_interval(counts.statuses.get(status, 0), 240)
            naive += j.low <= truth <= j.high
    assert held / 600 >= 0.93
    assert naive / 600 < 0.80  # or the case shows nothing


@pytest.mark.slow
def test_the_table_of_the_documentation():
    """Least coverage over the designs, 500 simulations each: .93 less three standard errors."""
    study = runpy.run_path(str(SIMULATE))
    for samples, questions in study["DESIGNS"]:
        for spread in study["SPREADS"]:
            for centre in study["CENTRES"]:
                found = study["cover"](samples, questions, spread, centre, 500, 11)
                assert found.clustered >= 0.90, (samples, questions, spread, centre, found)


def test_a_share_of_rows_is_the_accuracy_of_its_tally():
    t = tally_share(np.array([3, 0, 8]), np.array([8, 8, 8]), np.array([4, 7, 9]))
    same = metrics.tally(
        [0.0] * 24, [1] * 3 + [0] * 13 + [1] * 8, cluster=[4] * 8 + [7] * 8 + [9] * 8
    )
    assert repr(metrics.bootstrap(t, metrics=["accuracy"])) == repr(
        metrics.bootstrap(same, metrics=["accuracy"])
    )
