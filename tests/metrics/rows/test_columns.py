"""Columns as people hold them: what is missing is said to be missing, whatever holds it."""

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import caopd_bench.metrics as m
from caopd_bench.metrics.rows.columns import as_labels, as_numbers

STATED, ANSWERS = [0.9, 0.8, 0.3, 0.95], [1, 1, 0, 0]
MISSING_CONFIDENCE = "confidence must be finite, got nan in row 1"
MISSING_ANSWER = r"correct must be 0/1 or bool, got nan in row 1: it is missing \(1 such row\)"


def masked(values, dtype=None):
    return np.ma.array(values, mask=[False, True, False, False], dtype=dtype)


def with_none(values, dtype):
    return pd.Series([values[0], None, *values[2:]], dtype=dtype)


CONFIDENCES = {
    "masked": masked(STATED),
    "masked, float32": masked(STATED, np.float32),
    "masked, one of a list": [0.9, np.ma.masked, 0.3, 0.95],
    "None": [0.9, None, 0.3, 0.95],
    "Float64": with_none(STATED, "Float64"),
    "Float64, as objects": with_none(STATED, "Float64").astype(object),
    "pandas' NA": [0.9, pd.NA, 0.3, 0.95],
    "no time": [0.9, pd.NaT, 0.3, 0.95],
    "Decimal": [Decimal("0.9"), Decimal("NaN"), Decimal("0.3"), Decimal("0.95")],
}
OUTCOMES = {
    "NaN": [1.0, math.nan, 0.0, 0.0],
    "None": [1, None, 0, 0],
    "booleans and None": [True, None, False, False],
    "booleans and NA": pd.Series([True, pd.NA, False, False], dtype=object),
    "Int64": with_none(ANSWERS, "Int64"),
    "Int64, as objects": with_none(ANSWERS, "Int64").astype(object),
    "boolean": with_none([True, True, False, False], "boolean"),
    "masked integers": masked(ANSWERS),
    "masked booleans": masked([True, True, False, False]),
    "masked, int8": masked(ANSWERS, np.int8),
    "masked, one of a list": [1, np.ma.masked, 0, 0],
}


@pytest.mark.parametrize("kind", CONFIDENCES)
def test_a_missing_confidence_is_refused_as_nan_is(kind):
    for function in (m.tally, m.brier, m.bootstrap, m.summary, m.reliability_table):
        with pytest.raises(ValueError, match=MISSING_CONFIDENCE):
            function(CONFIDENCES[kind], ANSWERS)
    with pytest.raises(ValueError, match=f"a: {MISSING_CONFIDENCE}"):
        m.compare((CONFIDENCES[kind], ANSWERS), (STATED, ANSWERS))
    with pytest.raises(ValueError, match="chunk 0: " + MISSING_CONFIDENCE):
        m.tally_chunks([(CONFIDENCES[kind], ANSWERS)])
    with pytest.raises(ValueError, match=MISSING_CONFIDENCE):
        m.recalibrate(STATED, ANSWERS, method="platt").apply(CONFIDENCES[kind])


@pytest.mark.parametrize("kind", OUTCOMES)
def test_a_missing_answer_is_called_missing(kind):
    for function in (m.tally, m.auroc, m.bootstrap, m.summary, m.null_ece):
        with pytest.raises(ValueError, match=MISSING_ANSWER) as refused:
            function(STATED, OUTCOMES[kind])
        assert "leave out the rows that were not graded" in str(refused.value)
    with pytest.raises(ValueError, match="b: " + MISSING_ANSWER):
        m.compare((STATED, ANSWERS), (STATED, OUTCOMES[kind]))
    with pytest.raises(ValueError, match=MISSING_ANSWER):
        m.cross_recalibrate(STATED, OUTCOMES[kind], method="isotonic", folds=2)


def test_masked_arrays_without_a_masked_entry_are_arrays():
    stated = np.ma.array(STATED, mask=False)
    plain = m.tally(STATED, ANSWERS)
    for answers in (np.ma.array(ANSWERS), np.ma.array(ANSWERS, mask=[False] * 4, dtype=bool)):
        t = m.tally(stated, answers, cluster=np.ma.array([1, 1, 2, 2]))
        assert repr(t.cells) == repr(plain.cells)
    recalibrator = m.recalibrate(STATED, ANSWERS, method="platt")
    assert recalibrator.apply(stated).tolist() == recalibrator.apply(STATED).tolist()


def test_what_lies_under_a_mask_is_never_used():
    """The masked confidence would be valid, and the masked answer too."""
    with pytest.raises(ValueError, match=r"got nan in row 0 \(2 such rows\)"):
        m.ece(np.ma.array([0.9, 0.8, 0.7], mask=[True, False, True]), [1, 1, 0])


def test_missing_weights_and_p_values():
    with pytest.raises(ValueError, match="weights must be finite and above 0, got nan in row 1"):
        m.tally(STATED, ANSWERS, weights=masked([1.0, 2.0, 1.0, 1.0]))
    adjusted = m.holm(masked([0.01, 0.9, 0.02, 0.03]))
    assert math.isnan(adjusted[1])
    assert adjusted[[0, 2, 3]].tolist() == m.holm([0.01, 0.02, 0.03]).tolist()


LABELS = {
    "None": ["a", None, "b", "b"],
    "NaN": ["a", math.nan, "b", "b"],  # numpy makes a label 'nan' of it
    "NaN of integers": [1.0, math.nan, 2.0, 2.0],
    "pandas' NA": ["a", pd.NA, "b", "b"],
    "strings of pandas": pd.Series(["a", None, "b", "b"]),
    "Int64": pd.Series([1, None, 2, 2], dtype="Int64"),
    "masked integers": masked([1, 1, 2, 2]),
    "masked strings": masked(["a", "a", "b", "b"]),
}


@pytest.mark.parametrize("kind", LABELS)
def test_a_missing_label_is_no_cluster(kind):
    with pytest.raises(ValueError, match="cluster must be integers or strings, but row 1 has no"):
        m.tally(STATED, ANSWERS, cluster=LABELS[kind])
    with pytest.raises(ValueError, match="item must be integers or strings, but row 1 has no"):
        m.compare((STATED, ANSWERS), (STATED, ANSWERS), item=(LABELS[kind], [1, 2, 3, 4]))


def test_labels_of_two_kinds_are_not_made_one():
    with pytest.raises(ValueError, match="cluster must be integers or strings, got both"):
        m.tally(STATED, ANSWERS, cluster=[1, "1", 2, 2])
    assert as_labels("cluster", pd.Series(["a", "b"]), "").tolist() == ["a", "b"]


NO_COLUMN = {
    "a dictionary": {"confidence": 0.9},
    "a generator": (c for c in STATED),
    "a set": {0.9, 0.8},
    "an object": object(),
    "ragged": [[0.9], [0.8, 0.7]],
    "text": "0.9, 0.8",
    "a function": m.brier,
}


@pytest.mark.parametrize("kind", NO_COLUMN)
def test_what_is_no_column_is_refused_by_name(kind):
    for function in (m.brier, m.bootstrap, m.ece_interval):
        with pytest.raises(ValueError, match="confidence must be"):
            function(NO_COLUMN[kind], ANSWERS)
        with pytest.raises(ValueError, match="correct must be"):
            function(STATED, NO_COLUMN[kind])


def test_objects_of_booleans_are_booleans():
    answers = pd.Series([True, True, False, False], dtype=object)
    assert m.tally(STATED, answers).n_right == 2
    with pytest.raises(ValueError, match="got booleans; the arguments are"):
        m.brier(answers, ANSWERS)


# Tensors


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
@pytest.mark.parametrize("grad", [False, True])
def test_tensors_of_any_width_hold_the_decimals_that_were_stated(torch, dtype, grad):
    stated = [0.0, 0.05, 0.1, 0.25, 0.3, 0.5, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99, 1.0]
    answers = [0, 1] * 7
    tensor = torch.tensor(stated, dtype=getattr(torch, dtype)).requires_grad_(grad)
    t = m.tally(tensor, torch.tensor(answers))
    assert t.values.tolist() == stated
    assert repr(t.cells) == repr(m.tally(stated, answers).cells)
    assert m.ece(tensor, answers) == m.ece(stated, answers)
    plain = m.bootstrap(stated, answers, metrics=["brier"])
    assert repr(m.bootstrap(tensor, answers, metrics=["brier"])) == repr(plain)


def test_brain_floats_that_are_no_decimal_keep_their_value(torch):
    tensor = torch.linspace(0.0, 1.0, 2000).to(torch.bfloat16)
    values = as_numbers("confidence", tensor)
    again = torch.from_numpy(values).to(torch.bfloat16)
    assert torch.equal(again, tensor)  # no two became one
    exact = tensor.to(torch.float64).numpy()
    assert np.abs(values - exact).max() <= 2.0**-9
    printed = values[values != exact]
    assert printed.size
    assert np.allclose(printed, [float(f"{v:.2g}") for v in printed], atol=1e-15)


def test_answers_and_gaps_in_brain_floats(torch):
    answers = torch.tensor([1, 1, 0, 0], dtype=torch.bfloat16)
    assert m.brier(STATED, answers) == m.brier(STATED, ANSWERS)
    answers[1] = math.nan
    with pytest.raises(ValueError, match=MISSING_ANSWER):
        m.brier(STATED, answers)
    with pytest.raises(ValueError, match=MISSING_CONFIDENCE):
        m.brier(answers, ANSWERS)


def test_a_tensor_that_numpy_cannot_read_is_refused_by_name(torch):
    sparse = torch.tensor(STATED).to_sparse()
    with pytest.raises(ValueError, match="confidence must be a list, an array or a column, got T"):
        m.brier(sparse, ANSWERS)
    scalars = [torch.tensor(c, dtype=torch.bfloat16) for c in STATED]
    with pytest.raises(ValueError, match="confidence must be a list, an array or a column, got l"):
        m.brier(scalars, ANSWERS)


def test_an_empty_tensor_is_an_empty_chunk(torch):
    builder = m.TallyBuilder()
    builder.add(torch.tensor([]), torch.tensor([]))
    builder.add(STATED, ANSWERS)
    assert builder.total().n == 4
