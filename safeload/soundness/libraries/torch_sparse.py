"""Sparse tensors of torch: the places of their numbers are those of their shape.

``torch.load`` makes a sparse tensor without a look at its indices, and compiled code follows them.

Trust: the numbers are hostile.
Source: PyTorch ``torch/_utils.py`` (``_rebuild_sparse_tensor``), the invariants of
``torch.sparse.check_sparse_tensor_invariants``.
"""

from __future__ import annotations

import numpy as np

from safeload.scan.bounds.allowance import look_at
from safeload.scan.program import ObjectToken, Token
from safeload.soundness.libraries.torch_views import View, lengths_of, view_of
from safeload.soundness.states import UnreadError, UnsoundError, each
from safeload.soundness.values import NDArray

__all__ = ["sparse"]

# Which dimension the compressed indices are of, and how many dimensions each value has.
_COMPRESSED = {
    "torch.sparse_csr": (0, 0),
    "torch.sparse_csc": (1, 0),
    "torch.sparse_bsr": (0, 2),
    "torch.sparse_bsc": (1, 2),
}
_INTEGERS = {"int32": "i4", "int64": "i8"}


@each
def sparse(built: ObjectToken) -> None:
    """``_rebuild_sparse_tensor(layout, data)``, of which a rule has seen the form."""
    layout, data = built.args
    name = layout.args[0]
    if name == "torch.sparse_coo":
        _coordinates(data)
    else:
        _compressed(data, *_COMPRESSED[name])


def _coordinates(data: tuple[Token, ...]) -> None:
    """Check ``(indices, values, shape, is_coalesced)``."""
    indices, values, shape = _view(data[0]), _view(data[1]), _shape(data[2])
    if len(indices.shape) != 2 or not values.shape or indices.shape[1] != values.shape[0]:
        raise UnsoundError("indices does not have one column for each of values")
    sparse = indices.shape[0]
    if sparse > len(shape) or values.shape[1:] != shape[sparse:]:
        raise UnsoundError("values do not have the shape that is left of the tensor's")
    found = _numbers(indices, "indices")
    for row, length in zip(found, shape, strict=False):
        _within(row, length, "indices")
    if len(data) == 4 and data[3] is True:
        _in_order(found)


def _in_order(found: NDArray) -> None:
    """Check that columns grow: what says so is added up by nobody."""
    if 0 in found.shape or found.shape[1] < 2:
        return
    places = found[:, np.lexsort(found[::-1])]
    if not (places == found).all() or (found[:, 1:] == found[:, :-1]).all(axis=0).any():
        raise UnsoundError("indices are said to be in order, and are not")


def _compressed(data: tuple[Token, ...], dimension: int, dense: int) -> None:
    """Check ``(compressed indices, plain indices, values, shape)``."""
    starts, plain, values = (_view(part) for part in data[:3])
    shape = _shape(data[3])
    batch = len(starts.shape) - 1
    if len(shape) < batch + 2 or len(plain.shape) != batch + 1 or starts.shape[batch] < 1:
        raise UnsoundError("the indices do not have the dimensions of the tensor")
    count = plain.shape[batch]
    block = values.shape[batch + 1 : batch + 1 + dense] or (1, 1)
    matrix = shape[batch : batch + 2]
    if (
        values.shape != (*shape[:batch], count, *block[:dense], *shape[batch + 2 :])
        or starts.shape[:batch] != shape[:batch]
        or plain.shape[:batch] != shape[:batch]
        or len(block) != 2
        or 0 in block
        or matrix[0] % block[0]
        or matrix[1] % block[1]
    ):
        raise UnsoundError("indices and values do not have the shape of the tensor")
    cells = matrix[0] // block[0], matrix[1] // block[1]
    if starts.shape[batch] != cells[dimension] + 1:
        raise UnsoundError("the compressed indices are not one more than there are rows")
    begins = _numbers(starts, "compressed indices").reshape(-1, starts.shape[batch])
    if (
        (begins[:, 0] != 0).any()
        or (begins[:, -1] != count).any()
        or (begins[:, 1:] < begins[:, :-1]).any()
    ):
        raise UnsoundError("the compressed indices do not grow from 0 to the number of values")
    _within(_numbers(plain, "plain indices"), cells[1 - dimension], "plain indices")


def _view(token: Token) -> View:
    view = view_of(token)
    if isinstance(view, str):
        raise UnsoundError(view)
    return view


def _shape(token: Token) -> tuple[int, ...]:
    shape = lengths_of(token)
    if shape is None:
        raise UnsoundError("it has a shape that none can have")
    return shape


def _numbers(view: View, what: str) -> NDArray:
    """The numbers of a view."""
    if view.dtype not in _INTEGERS:
        raise UnsoundError(f"{what} are not whole numbers")
    if view.storage.read is None:
        raise UnreadError(f"{what} are not in the file")
    if view.numbers > view.storage.count:
        # Numbers that lie on each other: torch writes none, and they may be more than memory holds.
        raise UnsoundError(f"{what} are more than their storage has")
    look_at(view.storage, view.storage.size)
    flat = np.frombuffer(
        view.storage.read(), dtype=f"{view.storage.byteorder}{_INTEGERS[view.dtype]}"
    )
    if not view.numbers:
        return np.zeros(view.shape, dtype="i8")
    strides = [stride * flat.itemsize for stride in view.strides]
    return np.lib.stride_tricks.as_strided(
        flat[view.offset :], shape=view.shape, strides=strides, writeable=False
    )


def _within(found: NDArray, length: int, what: str) -> None:
    if found.size and not 0 <= int(found.min()) <= int(found.max()) < length:
        raise UnsoundError(f"{what} name a place beyond the shape")
