"""Arrays of joblib before 0.10: which wrappers name a file beside, and who gives what is in it?

Trust: the names are hostile. A wrapper is resolved by whoever gives the bytes of such files, and
by nobody else.
Source: joblib ``numpy_pickle_compat.py``.
"""

from __future__ import annotations

from typing import Protocol

from safeload.scan.arrays.dtypes import DType
from safeload.scan.program import Program

__all__ = ["ZIPPED", "ArrayFiles", "is_old_wrapper"]

# The class of an array in numpy's form, and of one whose bytes alone are compressed.
_NAMES = ("NDArrayWrapper", "ZNDArrayWrapper")
ZIPPED = _NAMES[1]
_MODULES = ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")


def is_old_wrapper(module: str, name: str) -> bool:
    """Whether a global is the class of such a wrapper."""
    return name in _NAMES and module in _MODULES


class ArrayFiles(Protocol):
    """Makes programs of the arrays that lie in files of their own."""

    def plain(self, name: str) -> Program:
        """The program that makes the array in a file in numpy's form.

        Args:
            name: The file's name, without folders.

        Returns:
            The program, with a finding and no code where the file was not read.
        """

    def zipped(
        self, name: str, dtype: DType, shape: tuple[int, ...], order: str, *, matrix: bool
    ) -> Program:
        """The program that makes an array whose bytes are all that is in a file.

        Args:
            name: The file's name, without folders.
            dtype: Type of its elements, which are not objects.
            shape: Its shape.
            order: ``"C"`` or ``"F"``.
            matrix: Whether it is a ``numpy.matrix``.

        Returns:
            The program, with a finding and no code where the file was not read.
        """
