"""Members of a skops archive become arrays and sparse matrices, by our own reader's headers.

skops hands its members to ``numpy.load`` and ``scipy.sparse.load_npz``, which have Python parse a
header as source. The seal cannot tell that from other source, and in releases of Python before
3.11.8 and 3.12.2 it fails at times when several threads do it. What is made here is the same.

Trust: the archive was scanned and judged. A header that the scan would refuse is refused here.
Source: numpy ``lib/_format_impl.py`` (``read_array``); scipy ``sparse/_matrix_io.py``
(``load_npz``).
"""

from __future__ import annotations

from typing import IO, Any, Literal
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt
import scipy.sparse

from safeload.limits import Limits
from safeload.scan.arrays.specs import dtype_of
from safeload.scan.containers.npy import read_npy

__all__ = ["array_of", "matrix_of"]

_LIMITS = Limits()


def array_of(member: bytes) -> npt.NDArray[Any]:
    """What ``numpy.load`` makes of a member.

    Args:
        member: An array in ``.npy`` form.

    Returns:
        An array with memory of its own, in its own byte order.

    Raises:
        NpyError: It is none that numpy would write.
    """
    header = read_npy(memoryview(member), _LIMITS)
    dtype = dtype_of(header.dtype)
    order: Literal["C", "F"] = "F" if header.order == "F" else "C"
    if not header.nbytes:
        return np.ndarray(0, dtype).reshape(header.shape, order=order)
    found: npt.NDArray[Any] = np.ndarray(
        header.shape, dtype, member, offset=header.offset, order=order
    )
    return found.copy(order)


def matrix_of(member: IO[bytes]) -> Any:
    """What ``scipy.sparse.load_npz`` makes of a member.

    Args:
        member: A sparse matrix or array in ``.npz`` form.

    Raises:
        NpyError: An array of it is none that numpy would write.
        KeyError: One is missing.
    """
    with ZipFile(member) as archive:
        parts = {
            name.removesuffix(".npy"): array_of(archive.read(name)) for name in archive.namelist()
        }
    layout = parts["format"].item().decode("ascii")
    cls = getattr(scipy.sparse, f"{layout}_{'array' if parts.get('_is_array') else 'matrix'}")
    if layout == "coo":
        places = parts["coords"] if "coords" in parts else (parts["row"], parts["col"])
        content: Any = (parts["data"], places)
    elif layout == "dia":
        content = (parts["data"], parts["offsets"])
    else:
        content = (parts["data"], parts["indices"], parts["indptr"])
    return cls(content, shape=parts["shape"])
