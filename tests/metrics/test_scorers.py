"""Scorers of scikit-learn against its own numbers, and weights against rows that are repeated."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, make_scorer, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict, cross_val_score

from caopd_bench.metrics import auroc, auroc_score, brier, brier_score, ece, ece_score, tally

SCORES = (ece_score, brier_score, auroc_score)


def data(classes, *, seed=0):
    return make_classification(
        300, 8, n_informative=5, n_classes=classes, flip_y=0.2, random_state=seed
    )


def test_binary_scores_are_those_of_scikit_learn():
    x, y = data(2)
    p = cross_val_predict(LogisticRegression(), x, y, method="predict_proba")[:, 1]
    w = np.random.default_rng(0).uniform(0.1, 3.0, y.size)
    for weight in (None, w):
        assert brier_score(y, p, sample_weight=weight) == pytest.approx(
            brier_score_loss(y, p, sample_weight=weight), abs=1e-12
        )
        assert auroc_score(y, p, sample_weight=weight) == pytest.approx(
            roc_auc_score(y, p, sample_weight=weight), abs=1e-12
        )
    assert ece_score(y, p) == ece(p, y)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("score", SCORES, ids=lambda score: score.__name__)
def test_cross_val_score_takes_them(score, classes):
    x, y = data(classes)
    model = LogisticRegression(max_iter=500)
    scorer = make_scorer(
        score, response_method="predict_proba", greater_is_better=score is auroc_score
    )
    found = cross_val_score(model, x, y, scoring=scorer, cv=4, error_score="raise")
    assert np.isfinite(found).all()
    sign = 1 if score is auroc_score else -1
    fold = next(iter(StratifiedKFold(4).split(x, y)))
    p = model.fit(x[fold[0]], y[fold[0]]).predict_proba(x[fold[1]])
    given = p[:, 1] if classes == 2 else p
    assert found[0] == pytest.approx(sign * score(y[fold[1]], given), abs=1e-12)


def test_labels_may_be_text():
    x, y = data(3)
    names = np.array(["cat", "dog", "eel"], dtype=object)[y]
    scorer = make_scorer(ece_score, response_method="predict_proba", greater_is_better=False)
    model = LogisticRegression(max_iter=500)
    as_text = cross_val_score(model, x, names, scoring=scorer, cv=3, error_score="raise")
    as_number = cross_val_score(model, x, y, scoring=scorer, cv=3, error_score="raise")
    np.testing.assert_allclose(as_text, as_number, atol=1e-12)


def test_several_classes_count_by_the_most_probable_one():
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0.3, 0.4, 0.3], [0.5, 0.1, 0.4]])
    y = [0, 1, 1, 2]
    confidence, correct = p.max(axis=1), p.argmax(axis=1) == y
    assert ece_score(y, p) == ece(confidence, correct)
    assert brier_score(y, p) == brier(confidence, correct)
    assert auroc_score(y, p) == auroc(confidence, correct)


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("score", SCORES, ids=lambda score: score.__name__)
def test_a_weight_is_a_row_that_is_repeated(score, columns):
    rng = np.random.default_rng(7)
    p = rng.dirichlet(np.ones(3), 200)
    y = rng.integers(0, 3, 200)
    if columns == 1:
        p, y = p[:, 0], (y == 0).astype(int)
    times = rng.integers(0, 4, 200)
    again = np.repeat(np.arange(200), times)
    weighted = score(y, p, sample_weight=times)
    assert weighted == pytest.approx(score(y[again], p[again]), abs=1e-12)
    assert weighted != pytest.approx(score(y, p), abs=1e-3)
    # Scaled weights are the same weights.
    assert score(y, p, sample_weight=times * 0.37) == pytest.approx(weighted, abs=1e-12)


def test_labels_that_a_fold_lacks_are_named():
    p = [[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]]
    with pytest.raises(ValueError, match="2 labels but y_prob has 3 columns; pass labels="):
        ece_score([0, 1], p)
    assert ece_score([0, 1], p, labels=[0, 1, 2]) == ece([0.7, 0.6], [1, 1])
    assert ece_score(["b", "a"], p, labels=["b", "a", "c"]) == ece([0.7, 0.6], [1, 1])
    with pytest.raises(ValueError, match="y_true contains 'z', which is not in labels"):
        ece_score(["b", "z"], p, labels=["b", "a", "c"])


def test_which_label_is_the_positive_one():
    assert brier_score([-1, 1], [0.2, 0.9]) == brier([0.2, 0.9], [0, 1])
    assert brier_score([1, 1], [0.2, 0.9]) == brier([0.2, 0.9], [1, 1])
    assert brier_score([True, False], [0.2, 0.9]) == brier([0.2, 0.9], [1, 0])
    assert brier_score(["no", "yes"], [0.2, 0.9]) == brier([0.2, 0.9], [0, 1])
    assert brier_score(["no", "yes"], [0.2, 0.9], pos_label="no") == brier([0.2, 0.9], [1, 0])
    assert brier_score(["yes"], [0.9], labels=["no", "yes"]) == brier([0.9], [1])
    with pytest.raises(ValueError, match=r"has only the label 'yes'.*pass pos_label"):
        brier_score(["yes"], [0.9])
    with pytest.raises(ValueError, match="one column but y_true has 3 labels"):
        brier_score([0, 1, 2], [0.9, 0.1, 0.3])


@pytest.mark.parametrize(
    ("y_true", "y_prob", "weight", "said"),
    [
        ([0, 1], [0.5], None, r"y_prob \(n,\) or \(n, classes\), got \(2,\) and \(1,\)"),
        ([0, 1], [0.5, 1.5], None, r"in \[0, 1\], got 1.5"),
        ([0, 1], [[0.5, 0.6], [0.5, 0.5]], None, "sum to 1 in each row, got 1.1 in row 0"),
        ([0, 1], [0.5, 0.5], [1.0], r"one entry per row \(2\), got shape \(1,\)"),
        ([0, 1], [0.5, 0.5], [1.0, -1.0], "weights must be finite and above 0, got -1.0"),
        ([0, 1], [0.5, 0.5], [0.0, 0.0], "at least one row, got 0"),
        ([0, np.nan], [0.5, 0.5], None, "y_true must have a label in every row; row 1 has none"),
        (["a", None], [0.5, 0.5], None, "y_true must have a label in every row; row 1 has none"),
    ],
)
def test_wrong_input_is_refused_in_one_line(y_true, y_prob, weight, said):
    with pytest.raises(ValueError, match=said) as caught:
        ece_score(y_true, y_prob, sample_weight=weight)
    assert "\n" not in str(caught.value)


def test_all_right_has_no_auroc():
    assert np.isnan(auroc_score([1, 1], [0.9, 0.8]))


def test_they_are_the_tallies_of_the_package():
    rows = tally([0.9, 0.9, 0.5], [1, 0, 1])
    assert ece_score([1, 0, 1], [0.9, 0.9, 0.5]) == ece(rows)


@pytest.mark.parametrize(
    ("y_true", "pos_label"),
    [([0, 1], 2), ([0.0, 1.0], "1"), (["no", "yes"], "Yes"), (["no", "yes"], 1), ([0, 0], "0")],
)
@pytest.mark.parametrize("score", SCORES, ids=lambda score: score.__name__)
def test_a_positive_label_that_is_none_is_refused(score, y_true, pos_label):
    with pytest.raises(ValueError, match=r"pos_label .* is not among the labels \[.*labels="):
        score(y_true, [0.2, 0.9], pos_label=pos_label)


def test_a_positive_label_may_be_absent_from_a_fold():
    assert brier_score([0, 0], [0.2, 0.9], pos_label=1) == brier([0.2, 0.9], [0, 0])
    assert brier_score([1, 1], [0.2, 0.9], pos_label=2) == brier([0.2, 0.9], [0, 0])
    assert brier_score(["no"], [0.2], pos_label="yes") == brier([0.2], [0])
    assert brier_score([True, True], [0.2, 0.9], pos_label=1) == brier([0.2, 0.9], [1, 1])
    with pytest.raises(ValueError, match="pos_label 3 is not among the labels"):
        brier_score([1, 1], [0.2, 0.9], labels=[1, 2], pos_label=3)
    with pytest.raises(ValueError, match="y_true contains 3, which is not in labels"):
        brier_score([1, 3], [0.2, 0.9], labels=[1, 2])


@pytest.mark.parametrize(
    "known", [[1, 2], [1, 3], [-1, 0], [-5, -1], [0, 1], [-1, 1], [0, 2], [2, 3]]
)
def test_a_fold_of_one_label_agrees_with_one_of_both(known):
    """Each fold gives what its rows give among all, or asks for the label."""
    p = [0.2, 0.9]
    one, other = known

    def read(labels):
        try:
            return brier_score(labels, p)
        except ValueError as error:
            return str(error)

    ask = "pass pos_label= or labels="
    together = read(known)
    if isinstance(together, str):
        assert ask in together
    else:
        positive = other if together == brier(p, [0, 1]) else one
        for label in known:
            alone = read([label, label])
            asked = isinstance(alone, str) and ask in alone
            assert asked or alone == brier(p, [label == positive] * 2)
    assert brier_score([one, one], p, labels=known) == brier(p, [0, 0])
    assert brier_score([other, other], p, labels=known) == brier(p, [1, 1])
