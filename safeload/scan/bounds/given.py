"""What an object is given, which everyone pays for who is given the same.

A few bytes recall a container as often as they like, and whoever judges the objects that are given
it walks it each time. The first of them has paid for it with the bytes it was written in; everyone
after that pays what it weighs from the allowance of the file. What lies deeper, whoever walks there
pays for himself.

Trust: tokens are hostile; nothing here walks further than one level.
"""

from __future__ import annotations

from safeload.scan.bounds.allowance import look_at, look_into
from safeload.scan.bounds.weight import FEW, size_of
from safeload.scan.program import Collection, Mapping, ObjectToken, Token

__all__ = ["pay_for_parts"]

_PARTED = frozenset([Collection, Mapping, list, tuple])
# Characters that are read about as fast as the opcodes that recall them.
_LONG = 256


def pay_for_parts(built: ObjectToken) -> None:
    """Pay for walking the arguments and the state of an object, and the containers among them.

    Args:
        built: Any object.

    Raises:
        OverLimitError: Something in them is given to too many objects for what it weighs.
    """
    _pay(built.args)
    _pay(built.kwargs)
    if type(built.args) is tuple:
        for part in built.args:
            _pay(part)
    for state in built.states:
        _pay(state)
        if type(state) is tuple:
            for part in state:
                _pay(part)


def _pay(token: Token) -> None:
    kind = type(token)
    if kind in _PARTED:
        size = size_of(token)
        if size > FEW:
            look_into(token, size)
    elif kind is str and len(token) > _LONG:
        look_at(token, len(token))
