"""A model becomes the bytes of a file of another format, in the process that it lives in.

Trust: the model is a third party's. What comes out is whatever the model wants it to be; whoever
gets the bytes reads them as a third party's file.
Source: ``joblib.dump``, ``skops.io.dumps``, ``skl2onnx.to_onnx``.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

from safeload.errors import LoadError
from safeload.unruly import UNRULY, described

__all__ = ["as_input", "written"]


def written(model: Any, form: str, *, compress: int, sample: Any, single: bool) -> bytes:
    """Write a model.

    Args:
        model: The model.
        form: ``"joblib"``, ``"skops"`` or ``"onnx"``.
        compress: How hard joblib is to compress, 0 to 9.
        sample: A row or more of what the model predicts on, which tells ONNX the types of its
            inputs; unused otherwise.
        single: Whether numbers come to ONNX in single precision; in double precision otherwise.

    Returns:
        The file.

    Raises:
        LoadError: The format cannot hold the model (``cannot-convert``).
    """
    try:
        if form == "joblib":
            return _joblib(model, compress)
        return _skops(model) if form == "skops" else _onnx(model, as_input(sample, single=single))
    except UNRULY as error:
        if isinstance(error, MemoryError):
            raise
        raise LoadError(
            f"{type(model).__name__} cannot be converted to {form}: {described(error)}",
            code="cannot-convert",
            hint="Convert to another format; joblib takes every model that safeload loads.",
        ) from error


def _joblib(model: Any, compress: int) -> bytes:
    import joblib

    file = io.BytesIO()
    joblib.dump(model, file, compress=compress, protocol=pickle.HIGHEST_PROTOCOL)
    return file.getvalue()


def _skops(model: Any) -> bytes:
    import skops.io

    data: bytes = skops.io.dumps(model)
    return data


def _onnx(model: Any, rows: Any) -> bytes:
    import skl2onnx
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

    # What all converters know, and runtimes of some years.
    releases = {"": skl2onnx.__max_supported_opset__, "ai.onnx.ml": 3}
    # Lower case as in C, which every machine has, and not as in American English.
    options: dict[Any, Any] = {kind: {"locale": "C"} for kind in (CountVectorizer, TfidfVectorizer)}
    # Probabilities as an array, and not as a list of dicts.
    arrays = {id(model): {"zipmap": False}}
    try:
        graph = skl2onnx.to_onnx(model, rows, options=options | arrays, target_opset=releases)
    except NameError:
        # It has no such option.
        graph = skl2onnx.to_onnx(model, rows, options=options, target_opset=releases)
    data: bytes = graph.SerializeToString()
    return data


def as_input(rows: Any, *, single: bool) -> Any:
    """Rows as ONNX has them: numbers of one precision, or a column of texts.

    Args:
        rows: An array, a data frame, or a list of texts.
        single: Whether it is single precision.
    """
    import numpy as np

    precision = np.float32 if single else np.float64
    if hasattr(rows, "columns"):
        numbers = rows.select_dtypes("number").columns
        return rows.astype(dict.fromkeys(numbers, precision))
    array = np.asarray(rows)
    if array.dtype.kind in "fiub":
        return array.astype(precision)
    return array.reshape(len(array), -1)
