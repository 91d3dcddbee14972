"""Plain data: tokens that stand for values and for nothing that could act.

Trust: tokens are hostile; a container may hold itself, or another one many times over.
"""

from __future__ import annotations

from safeload.scan.bounds.allowance import look_into
from safeload.scan.bounds.weight import FEW
from safeload.scan.program import Array, Blob, Collection, Global, Mapping, ObjectToken, Token
from safeload.scan.runs import Run

__all__ = ["is_container", "is_numpy", "is_plain"]

_NUMPY_VALUES = frozenset(["_reconstruct", "_frombuffer", "scalar"])
_DATA = frozenset([type(None), bool, int, float, str, Blob, Array, Run])
_CONTAINERS = frozenset([tuple, list, Mapping, Collection])
# What passes on to its items what may stand in it.
_PASSING_ON = frozenset(
    [("collections", name) for name in ("Counter", "OrderedDict", "defaultdict", "deque")]
    + [("collections", name) for name in ("ChainMap", "UserDict", "UserList")]
    + [("builtins", name) for name in ("frozenset", "set")]
    + [("types", name) for name in ("MappingProxyType", "SimpleNamespace")]
    + [("sklearn.utils", "Bunch"), ("sklearn.utils._bunch", "Bunch")]
    + [(f"numpy.{core}.multiarray", "_reconstruct") for core in ("_core", "core")]
    + [("numpy.ma.core", "_mareconstruct"), ("numpy.ma", "MaskedArray")]
)
# Items within the containers of a token: what is plain is small, and may be asked about often.
_ITEMS_WALKED = 1_000


def is_plain(token: Token, *, arrays: bool = True) -> bool:
    """Whether a token is data through and through.

    Args:
        token: Any token.
        arrays: Whether arrays are data, too.

    Returns:
        True for None, numbers, strings, bytes, arrays, and containers of these.
    """
    pending, seen = [token], set()
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind in _DATA and (arrays or kind is not Array):
            continue
        # A container may hold itself, or one other many times over.
        if id(item) in seen:
            continue
        seen.add(id(item))
        parts = item.items if kind is Collection else item
        if kind not in _CONTAINERS or (len(parts) > _ITEMS_WALKED and item is not token):
            return False
        if len(parts) > FEW:
            look_into(item, len(parts))
        pending += parts
    return True


def is_numpy(token: Token) -> bool:
    """Whether a token is a numpy array or scalar, whose own rules judge what is in it.

    Args:
        token: Any token.
    """
    return (
        isinstance(token, ObjectToken)
        and isinstance(token.callable, Global)
        and token.callable.module.startswith(("numpy._core.", "numpy.core."))
        and token.callable.name in _NUMPY_VALUES
    )


def is_container(built: ObjectToken) -> bool:
    """Whether an object passes on to its items what may stand in it, and is nothing more.

    Args:
        built: Any object; arrays of objects are among those that do.
    """
    target = built.callable
    return type(target) is Global and (target.module, target.name) in _PASSING_ON
