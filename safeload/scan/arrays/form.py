"""What a joblib wrapper says of its array, whatever the shape.

Trust: as hostile as the wrapper it was read from.
Source: joblib ``NumpyArrayWrapper``.
"""

from __future__ import annotations

from typing import NamedTuple

from safeload.scan.arrays.dtypes import DType
from safeload.scan.program import Global

__all__ = ["WRAPPERS", "ArrayForm"]

# scikit-learn before 0.21 brought a joblib of its own.
WRAPPERS = frozenset(
    (f"{joblib}.numpy_pickle", "NumpyArrayWrapper")
    for joblib in ("joblib", "sklearn.externals.joblib")
)


class ArrayForm(NamedTuple):
    """What a wrapper says of its array but for the shape.

    Attributes:
        subclass: The array's type, which no reader of today uses.
        dtype: Its element type.
        order: ``"C"`` or ``"F"``.
        alignment: What the first raw byte's offset is a multiple of, or None without padding.
    """

    subclass: Global
    dtype: DType
    order: str
    alignment: int | None
