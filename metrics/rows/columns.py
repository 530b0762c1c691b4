"""Convert columns (lists, pandas, masked arrays, torch tensors) to numpy arrays.

A missing value (NaN, None, pandas' NA, a masked entry) becomes NaN in numbers and is an error in
labels. The caller decides what to do with a missing number.
"""

from __future__ import annotations

import sys
from functools import partial
from operator import is_
from typing import Any

import numpy as np
from numpy.typing import NDArray

PLAIN = "?lqdf"  # type codes of arrays that need no conversion: bool, int64, float64, float32
BRAIN_FLOAT_DIGITS = 2  # decimal digits that a bfloat16 always preserves


def as_numbers(name: str, values: Any) -> NDArray[Any]:
    """Return a column as an array of numbers or booleans, with NaN where a value is missing.

    Parameters
    ----------
    name : str
        Name of the argument, for error messages.
    values : array_like
        Array of any shape. bfloat16, which numpy lacks, becomes float64: 0.9 in bfloat16 becomes
        0.9.

    Returns
    -------
    ndarray
        The type of the values is kept and not checked: text stays text.

    Raises
    ------
    ValueError
        If the values are not a column, or are objects that are not all numbers.

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
    if array.dtype.name == "bfloat16":  # from the package ml_dtypes, which JAX uses
        return _of_brain_floats(array.astype(np.float32))
    return array


def as_labels(name: str, values: Any, hint: str) -> NDArray[Any]:
    """Return a column of integers or strings; ``hint`` ends the error message of a missing label.

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
    ValueError: cluster must be integers or strings, but row 1 has no label; leave the row out
    """
    labels = _as_array(name, values)
    if labels.dtype.kind == "U" and isinstance(values, (list, tuple)):
        # As objects: numpy would turn ["a", nan] into a label "nan", and [1, "1"] into one label.
        labels = np.fromiter(values, dtype=np.object_, count=len(values))
    missing = np.zeros(0, dtype=np.bool_)
    if labels.dtype.kind == "O":
        missing = np.array([_is_missing(label) for label in labels.flat], dtype=np.bool_)
    elif labels.dtype.kind == "f":
        missing = np.isnan(labels).ravel()
    if missing.any():
        row = int(np.argmax(missing))
        raise ValueError(f"{name} must be integers or strings, but row {row} has no label; {hint}")
    if labels.dtype.kind in "OT":
        kinds = {isinstance(label, str) for label in labels.flat}
        if len(kinds) > 1:
            raise ValueError(f"{name} must be integers or strings, got both; use strings only")
        labels = np.array(labels.tolist())
    if labels.dtype.kind not in "iuU":
        raise ValueError(f"{name} must be integers or strings, got dtype {labels.dtype}; {hint}")
    return labels


def has_rows(values: Any) -> bool:
    """Return whether a column has any rows; True for anything without a length."""
    try:
        return len(values) > 0
    except TypeError:
        return True


def _as_array(name: str, values: Any) -> NDArray[Any]:
    """Return the values as a numpy array; masked entries as NaN, or as None among objects."""
    torch = sys.modules.get("torch")  # if it was not imported, there are no tensors
    try:
        if torch is not None and isinstance(values, torch.Tensor):
            values = values.detach().cpu()
            if values.dtype == torch.bfloat16:
                return _of_brain_floats(values.to(torch.float32).numpy())
        # An entry `np.ma.masked` in a list, which numpy would convert to NaN with a warning.
        if isinstance(values, (list, tuple)) and any(map(partial(is_, np.ma.masked), values)):
            values = [None if value is np.ma.masked else value for value in values]
        if isinstance(values, np.ma.MaskedArray):
            return _filled(values)
        return np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        first_line = str(error).split("\n")[0]
        raise ValueError(
            f"{name} must be a list, an array or a column, got {type(values).__name__}, which "
            f"numpy cannot read: {first_line}"
        ) from error


def _filled(values: np.ma.MaskedArray[Any, Any]) -> NDArray[Any]:
    mask, kind = np.ma.getmaskarray(values), values.dtype.kind
    data = np.asarray(values.data)
    if not mask.any():
        return data
    missing: Any = np.nan if kind in "biuf" else None
    return np.where(mask, missing, data)


def _numbers_of(name: str, values: NDArray[Any], given: str) -> NDArray[Any]:
    """Return numbers stored as Python objects, such as a pandas column that contains NA."""
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
    # By name, because pandas may not be installed.
    return type(value).__name__ in ("NAType", "NaTType")


def _of_brain_floats(exact: NDArray[np.float32]) -> NDArray[Any]:
    """Return the decimals that were rounded to these bfloat16s, where two digits determine them."""
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
