"""Whether two objects hold the same: every array bit by bit, every object by what pickle sees.

Comparing two dumps would be shorter, but two equal objects need not give equal bytes: padding in
records, what lies under a mask, and which equal strings are one object may all differ.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

__all__ = ["difference"]

_PLAIN = (bool, int, str, bytes, bytearray, type(None), type(...))


def difference(one: Any, other: Any) -> str | None:
    """Where two objects differ.

    Args:
        one: Any object that can be pickled.
        other: Another.

    Returns:
        The path to the first difference and the two values there, or None if there is none.
    """
    return _Comparison()(one, other, "object")


class _Comparison:
    def __init__(self) -> None:
        # Pairs that are being compared or were; kept alive so that no other takes their identity.
        self._seen: dict[tuple[int, int], tuple[Any, Any]] = {}

    def __call__(self, one: Any, other: Any, path: str) -> str | None:
        if one is other or (id(one), id(other)) in self._seen:
            return None
        self._seen[id(one), id(other)] = (one, other)
        if type(one) is not type(other):
            return f"{path}: {type(one)} and {type(other)}"
        if isinstance(one, _PLAIN):
            return None if one == other else _unequal(path, one, other)
        if isinstance(one, float | complex | np.generic) and not isinstance(one, np.void):
            return None if repr(one) == repr(other) else _unequal(path, one, other)
        if isinstance(one, np.ndarray):
            return self._arrays(one, other, path)
        if isinstance(one, dict):
            return self._items(list(one.items()), list(other.items()), path) or self._reduced(
                one, other, path
            )
        if type(one) in (list, tuple):
            return self._items(one, other, path)
        if isinstance(one, set | frozenset):
            return None if one == other else _unequal(path, one, other)
        if isinstance(one, np.random.RandomState):
            # The seed it came from has no part in the numbers to come, and skops loses it.
            states = one.get_state(legacy=False), other.get_state(legacy=False)
            return self(*states, f"{path}.state")
        return self._reduced(one, other, path)

    def _items(self, one: Any, other: Any, path: str) -> str | None:
        if len(one) != len(other):
            return f"{path}: {len(one)} and {len(other)} items"
        pairs = enumerate(zip(one, other, strict=True))
        return next(filter(None, (self(a, b, f"{path}[{i}]") for i, (a, b) in pairs)), None)

    def _arrays(self, one: Any, other: Any, path: str) -> str | None:
        if (one.dtype, one.shape) != (other.dtype, other.shape):
            return _unequal(path, (one.dtype, one.shape), (other.dtype, other.shape))
        if isinstance(one, np.ma.MaskedArray):
            masks = np.ma.getmaskarray(one), np.ma.getmaskarray(other)
            return (
                self._arrays(*masks, f"{path}.mask")
                or self(one.fill_value, other.fill_value, f"{path}.fill_value")
                or self(one.compressed(), other.compressed(), f"{path}.data")
            )
        if one.dtype.names:
            fields = one.dtype.names
            pairs = ((np.asarray(one[name]), np.asarray(other[name]), name) for name in fields)
            return next(
                filter(None, (self._arrays(a, b, f"{path}.{n}") for a, b, n in pairs)), None
            )
        if one.dtype.hasobject:
            return self._items(one.ravel().tolist(), other.ravel().tolist(), path)
        return None if one.tobytes() == other.tobytes() else f"{path}: other elements"

    def _reduced(self, one: Any, other: Any, path: str) -> str | None:
        forms = [thing.__reduce_ex__(4) for thing in (one, other)]
        if isinstance(forms[0], str):
            return None if forms[0] == forms[1] else _unequal(path, *forms)
        parts = zip("make arguments state items pairs".split(), *map(_parts, forms), strict=False)
        return next(filter(None, (self(a, b, f"{path}.{name}") for name, a, b in parts)), None)


def _parts(form: tuple[Any, ...]) -> list[Any]:
    """The parts of a reduction; iterators over items become lists of them."""
    return [
        part if index < 3 or part is None else list(itertools.islice(part, 1_000_000))
        for index, part in enumerate(form)
    ]


def _unequal(path: str, one: Any, other: Any) -> str:
    return f"{path}: {one!r} and {other!r}"
