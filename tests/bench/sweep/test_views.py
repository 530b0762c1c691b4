"""The views of an analysis: parts of the answers, maps, and what could be known without asking."""

from types import SimpleNamespace

import numpy as np
import pytest

from caopd_bench.core.errors import UsageError
from caopd_bench.metrics.intervals.over_seeds import replicate_metrics
from caopd_bench.sweep.analysis.spec import View
from caopd_bench.sweep.analysis.views import Shares, arrange, find_number, look


def _rows(right, levels=None, stated=1.0):
    """Make the answers of a run to items 000, 001, ..."""
    return [
        SimpleNamespace(
            item_hash=f"{i:03d}",
            confidence=stated,
            correct=int(y),
            groups={"family": "sum", **({} if levels is None else {"level": levels[i]})},
        )
        for i, y in enumerate(right)
    ]


def _look(rows, view):
    shares = Shares.of([rows], (1, 1))
    return look(rows, view, find_number(rows, view, None, shares, (0, 0), "task"))


def test_a_map_is_fitted_on_one_half_of_the_items_and_looked_at_on_the_other():
    """A model that always states 1.00: a map makes one value of it, that of the first half."""
    rows = _rows([i % 4 != 1 for i in range(40)])
    answers, kept = _look(rows, View(recalibrate="constant", fit={"family": "sum"}))
    assert list(kept) == list(range(1, 40, 2))
    assert len(set(answers.confidence)) == 1  # no fold leans away from its own items
    assert answers.confidence[0] > 0.9  # the first half is right always
    assert answers.correct.mean() == 0.5
    answers, kept = _look(rows, View(half="first"))
    assert list(kept) == list(range(0, 40, 2))
    with pytest.raises(UsageError, match="no row to fit on"):
        _look(rows, View(recalibrate="constant", fit={"family": "sumz"}))
    with pytest.raises(UsageError, match="no row to look at"):
        _look(rows, View(where={"family": "sumz"}))


def test_the_level_constant_is_fitted_on_one_half_and_stated_for_the_other():
    levels = [1, 1, 2, 2] * 10
    right = [i % 4 == 0 or (i % 4 == 2 and i < 20) for i in range(40)]
    answers, kept = _look(_rows(right, levels), View(column="level"))
    assert len(kept) == 40
    # Level 1: all of the first half are right, none of the second. Level 2: half of the first.
    assert answers.confidence[:4].tolist() == [0.0, 1.0, 0.0, 0.5]
    # Within a level a constant ranks nothing: pairs are of one half, where it is one value.
    ones = np.ones((1, 40))
    assert replicate_metrics(answers, ones)["auroc_within_level"][0] == 0.5
    second, kept = _look(_rows(right, levels), View(column="level", half="second"))
    assert second.confidence.tolist() == answers.confidence[kept].tolist()
    assert np.isnan(_look(_rows(right), View(column="level"))[0].confidence).all()


def test_siblings_and_other_bases_are_the_other_runs_of_the_group():
    right = np.random.default_rng(0).integers(0, 2, size=(3, 4, 20))
    runs = [_rows(cell, stated=0.5) for base in right for cell in base]
    shares = Shares.of(runs, (3, 4))
    for i, place in enumerate(np.ndindex(3, 4)):
        base, seed = place
        found = {
            column: find_number(runs[i], View(column=column), None, shares, place, "task")
            for column in ("siblings", "other_bases")
        }
        siblings = np.delete(right[base], seed, axis=0).mean(0)
        others = np.delete(right, base, axis=0).reshape(-1, 20).mean(0)
        assert found["siblings"] == pytest.approx(siblings)
        assert found["other_bases"] == pytest.approx(others)
    runs[0][3].confidence = None  # what states nothing is beside nothing
    assert np.isnan(find_number(runs[0], View(column="siblings"), None, shares, (0, 0), "t")[3])
    alone = Shares.of(runs[:1], (1, 1))
    assert np.isnan(alone.siblings).all()
    assert np.isnan(alone.other_bases).all()


def test_predictors_are_made_of_answers_that_state_a_number():
    """Those are what is judged: what states none is wrong more often, and would pull them down."""
    rows = _rows([1, 1, 0, 0, 1, 1, 0, 0], [1] * 8)
    rows[2].confidence = rows[3].confidence = rows[6].confidence = None
    answers, _ = _look(rows, View(column="level"))
    # The first half has items 0, 2, 4, 6, of which 0 and 4 count, both right.
    assert answers.confidence[[1, 5, 7]].tolist() == [1.0] * 3
    assert answers.confidence[0] == pytest.approx(2 / 3)
    runs = [_rows(right, stated=0.5) for right in ([1, 0], [0, 0], [1, 1])]
    runs[1][0].confidence = None
    shares = Shares.of(runs, (1, 3))
    assert shares.siblings[0].tolist() == [[1.0, 0.5], [1.0, 0.5], [1.0, 0.0]]
    apart = Shares.of(runs, (3, 1))
    assert apart.other_bases[:, 0].tolist() == [[1.0, 0.5], [1.0, 0.5], [1.0, 0.0]]


def test_cells_have_answered_the_same_items_once():
    rows, order = _rows([1, 0, 1]), ["000", "001", "002"]
    assert arrange(rows[::-1], order, "cell") == rows
    with pytest.raises(UsageError, match="cell has several answers to an item"):
        arrange([*rows, rows[0]], order, "cell")
    with pytest.raises(UsageError, match="cell was asked other items"):
        arrange(rows[:2], order, "cell")
