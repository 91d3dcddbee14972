"""A described dtype becomes the dtype.

What :class:`~safeload.scan.arrays.dtypes.DType` calls its spec is read.

``numpy.dtype`` takes a type string, a pair of one and a shape, or a dict of fields. For a record
whose fields are attributes (``numpy.rec.array``) it wants a class, which no description names; such
a spec is the pair of :data:`RECORD` and the dict.

Trust: specs come from descriptions, which hold nothing that numpy would not write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["RECORD", "dtype_of"]

RECORD = "record"


def dtype_of(spec: Any) -> np.dtype[Any]:
    """Make the dtype that a spec describes.

    Args:
        spec: ``DType.spec`` or ``ArraySpan.dtype``.

    Returns:
        A new dtype, or the one that numpy itself has for it.
    """
    import numpy as np

    # Its overloads do not take a spec in two parts.
    make: Any = np.dtype
    made: np.dtype[Any]
    if isinstance(spec, dict):
        made = make({**spec, "formats": [dtype_of(part) for part in spec["formats"]]})
    elif isinstance(spec, tuple) and spec[0] == RECORD:
        made = make((np.record, dtype_of(spec[1])))
    elif isinstance(spec, tuple):
        made = make((dtype_of(spec[0]), spec[1]))
    else:
        made = make(spec)
    return made
