"""Columns as people hold them (lists, pandas, masked arrays, torch tensors) as numpy arrays.

What is missing (NaN, None, pandas' NA, a masked entry) becomes NaN in numbers, and is refused in
labels. Whoever asked for the numbers says what a missing one means there.
"""

from __future__ import annotations

import sys
from functools import partial
from operator import is_
from typing import Any

import numpy as np
from numpy.typing import NDArray

PLAIN = "?lqdf"  # type codes of arrays that need no look: bool, int64, float64 and float32
BRAIN_FLOAT_DIGITS = 2  # decimal digits that a bfloat16 always keeps


def as_numbers(name: str, values: Any) -> NDArray[Any]:
    """Return a column as an array of numbers or booleans, with NaN where a value is missing.

    Parameters
    ----------
    name : str
        Of the argument, for the message.
    values : array_like
        Of any shape. bfloat16, which numpy does not have, becomes float64: 0.9 stated in bfloat16
        is 0.9.

    Returns
    -------
    ndarray
        Of the kind of the values, which is not checked: text stays text.

    Raises
    ------
    ValueError
        If the values are no column, or are objects of which one is no number.

    Examples
    --------
    >>> as_numbers("confidence", [0.9, None]).tolist()
    [0.9, nan]
    >>> as_numbers("confidence", np.ma.array([0.9, 0.8], mask=[False, True])).tolist()
    [0.9, nan]
    >>> as_numbers("confidence", {"a": 0.9})
    Traceback (most recent call last):
    ValueError: confidence must be a sequence of numbers, got dict; pass a list or an array
    """
    if type(values) is np.ndarray and values.dtype.char in PLAIN:
        return values
    array = _as_array(name, values)
    if array.dtype.kind == "O":
        return _numbers_of(name, array, type(values).__name__)
    if array.dtype.name == "bfloat16":  # of the package ml_dtypes, which JAX uses
        return _of_brain_floats(array.astype(np.float32))
    return array


def as_labels(name: str, values: Any, hint: str) -> NDArray[Any]:
    """Return a column of integers or strings; ``hint`` ends the message about one without a label.

    Raises
    ------
    ValueError
        If a label is missing, or is neither an integer nor a string.

    Examples
    --------
    >>> as_labels("cluster", ["a", "b"], "leave the row out").tolist()
    ['a', 'b']
    >>> as_labels("cluster", ["a", None], "leave the row out")
    Traceback (most recent call last):
    ValueError: cluster must hold integers or strings, and row 1 has none; leave the row out
    """
    labels = _as_array(name, values)
    if labels.dtype.kind == "U" and isinstance(values, (list, tuple)):
        # As objects: of ["a", nan] numpy makes a label "nan", and of [1, "1"] one label.
        labels = np.fromiter(values, dtype=np.object_, count=len(values))
    missing = np.zeros(0, dtype=np.bool_)
    if labels.dtype.kind == "O":
        missing = np.array([_is_missing(label) for label in labels.flat], dtype=np.bool_)
    elif labels.dtype.kind == "f":
        missing = np.isnan(labels).ravel()
    if missing.any():
        row = int(np.argmax(missing))
        raise ValueError(f"{name} must hold integers or strings, and row {row} has none; {hint}")
    if labels.dtype.kind in "OT":
        kinds = {isinstance(label, str) for label in labels.flat}
        if len(kinds) > 1:
            raise ValueError(f"{name} must hold integers or strings, got both; use strings in all")
        labels = np.array(labels.tolist())
    if labels.dtype.kind not in "iuU":
        raise ValueError(f"{name} must hold integers or strings, got dtype {labels.dtype}; {hint}")
    return labels


def has_rows(values: Any) -> bool:
    """Say whether a column holds anything; what is no column counts as something."""
    try:
        return len(values) > 0
    except TypeError:
        return True


def _as_array(name: str, values: Any) -> NDArray[Any]:
    """Return numpy's array of the values; masked entries as NaN, or None among objects."""
    torch = sys.modules.get("torch")  # there are no tensors where it was not imported
    try:
        if torch is not None and isinstance(values, torch.Tensor):
            values = values.detach().cpu()
            if values.dtype == torch.bfloat16:
                return _of_brain_floats(values.to(torch.float32).numpy())
        # An entry `np.ma.masked` of a list, which numpy would take for NaN with a warning.
        if isinstance(values, (list, tuple)) and any(map(partial(is_, np.ma.masked), values)):
            values = [None if value is np.ma.masked else value for value in values]
        if isinstance(values, np.ma.MaskedArray):
            return _filled(values)
        return np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        first_line = str(error).split("\n")[0]
        raise ValueError(
            f"{name} must be a list, an array or a column, got {type(values).__name__} that numpy "
            f"cannot read: {first_line}"
        ) from error


def _filled(values: np.ma.MaskedArray[Any, Any]) -> NDArray[Any]:
    mask, kind = np.ma.getmaskarray(values), values.dtype.kind
    data = np.asarray(values.data)
    if not mask.any():
        return data
    missing: Any = np.nan if kind in "biuf" else None
    return np.where(mask, missing, data)


def _numbers_of(name: str, values: NDArray[Any], given: str) -> NDArray[Any]:
    """Numbers held as Python objects, such as a pandas column with NA in it."""
    if values.ndim == 0 and not np.isscalar(values[()]) and not _is_missing(values[()]):
        raise ValueError(
            f"{name} must be a sequence of numbers, got {given}; pass a list or an array"
        )
    flat = [None if _is_missing(value) else value for value in values.flat]
    if any(isinstance(value, (str, bytes)) for value in flat):
        raise ValueError(f"{name} must be numbers, got text; parse it first")
    if flat and all(isinstance(value, (bool, np.bool_)) for value in flat):
        return values.astype(np.bool_)
    try:
        numbers = [np.nan if value is None else float(value) for value in flat]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, got objects: {error}") from error
    return np.array(numbers, dtype=np.float64).reshape(values.shape)


def _is_missing(value: Any) -> bool:
    if value is None or value is np.ma.masked:
        return True
    if isinstance(value, (float, np.floating)):
        return bool(np.isnan(value))
    # By name: pandas need not be there.
    return type(value).__name__ in ("NAType", "NaTType")


def _of_brain_floats(exact: NDArray[np.float32]) -> NDArray[Any]:
    """Return the decimals that were rounded to these bfloat16s, where two digits say which."""
    values = exact.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        zeros = np.floor(-np.log10(np.where(np.abs(values) > 0, np.abs(values), 1.0)))
        scale = 10.0 ** (BRAIN_FLOAT_DIGITS + zeros)
        decimal = np.rint(values * scale) / scale
        rounded = _to_brain_float(decimal.astype(np.float32))
    return np.asarray(np.where(rounded == exact, decimal, values))


def _to_brain_float(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to the 8 bits of a bfloat16, half to even: the upper half of a float32."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (rounded & np.uint32(0xFFFF0000)).view(np.float32)
