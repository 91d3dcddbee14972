"""Tensors of torch: which numbers of which storage does a call stand for?

A tensor is a view: where it begins in its storage, how many numbers it has in each dimension, and
how far apart they are. torch hands all of these to compiled code.

Trust: calls are hostile. A view that is given out lies within its storage.
Source: PyTorch ``torch/_utils.py`` (``_rebuild_tensor_v2`` and its like), ``torch/_tensor.py``
(``_reduce_ex_internal``).
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from safeload.scan.containers.torch.types import ITEMSIZES, PACKED
from safeload.scan.program import Global, ObjectToken, Token
from safeload.scan.storage import Storage

__all__ = ["TENSORS", "View", "dtype_of", "is_tensor", "lengths_of", "view_of"]

_UTILS = "torch._utils"
_VIEWS = frozenset(["_rebuild_qtensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"])
# What rebuilds a tensor from anything, by module and name.
TENSORS = frozenset(
    [(_UTILS, name) for name in _VIEWS]
    + [(_UTILS, "_rebuild_meta_tensor_no_storage"), (_UTILS, "_rebuild_parameter")]
    + [(_UTILS, "_rebuild_parameter_with_state"), (_UTILS, "_rebuild_sparse_tensor")]
    + [("torch._tensor", "_rebuild_from_type_v2")]
)
_DIMENSIONS = 64
_MOST = 2**63


class View(NamedTuple):
    """A tensor whose numbers lie in a storage.

    Attributes:
        storage: The storage.
        dtype: Type of the numbers, as torch calls it.
        offset: Where it begins, elements.
        shape: How many numbers there are in each dimension.
        strides: How far apart they are, elements.
    """

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def numbers(self) -> int:
        """How many numbers it has; those that lie on each other count each time."""
        return prod(self.shape)


def is_tensor(token: Token) -> bool:
    """Whether a token is what a call returns that rebuilds a tensor."""
    target = token.callable if type(token) is ObjectToken else None
    return type(target) is Global and (target.module, target.name) in TENSORS


def view_of(built: ObjectToken) -> View | str:
    """The view that a call rebuilds, or why there is none.

    Args:
        built: A call of ``_rebuild_tensor_v2``, ``_rebuild_tensor_v3`` or ``_rebuild_qtensor``.
    """
    target = built.callable
    name = target.name if type(target) is Global and target.module == _UTILS else ""
    if name not in _VIEWS or type(built.args) is not tuple or len(built.args) < 6:
        return "a tensor is not made the way torch makes it"
    storage, offset, shape, strides = built.args[:4]
    if type(storage) is not Storage:
        return "a tensor is made of something that is not a storage of the file"
    dtype: str | None = storage.dtype
    if name == "_rebuild_tensor_v3":
        dtype = dtype_of(built.args[6]) if len(built.args) > 6 else None
    if dtype not in ITEMSIZES:
        return "a tensor is made without a type of its numbers"
    sizes, steps = lengths_of(shape), lengths_of(strides)
    if sizes is None or steps is None or len(sizes) != len(steps) or not _is_length(offset):
        return "a tensor has a shape, strides or a beginning that none can have"
    last = sum((size - 1) * step for size, step in zip(sizes, steps, strict=True))
    stop = offset + last + 1 if 0 not in sizes else 0
    if stop * ITEMSIZES[dtype] > storage.size * PACKED.get(dtype, 1):
        return "a tensor reaches beyond the end of its storage"
    return View(storage, dtype, offset, sizes, steps)


def lengths_of(token: Token) -> tuple[int, ...] | None:
    """Lengths in a tuple or a ``torch.Size``, or None."""
    if type(token) is ObjectToken and token.is_of("torch", "Size"):
        token = token.args[0] if type(token.args) is tuple and len(token.args) == 1 else None
    if type(token) is not tuple or len(token) > _DIMENSIONS or not all(map(_is_length, token)):
        return None
    return token


def dtype_of(token: Token) -> str | None:
    """The type of numbers that a name of torch's stands for, or None."""
    is_type = type(token) is Global and token.module == "torch" and token.name in ITEMSIZES
    return token.name if is_type else None


def _is_length(token: Token) -> bool:
    return type(token) is int and 0 <= token < _MOST
