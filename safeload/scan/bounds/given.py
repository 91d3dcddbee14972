"""What an object is given, which everyone pays for who is given the same.

A few bytes recall a container as often as they like, and whoever judges the objects that are given
it walks it each time. The first of them has paid for it with the bytes it was written in; everyone
after that pays what it weighs from the allowance of the file. What lies deeper, whoever walks there
pays for himself.

Trust: tokens are hostile; nothing here walks further than one level.
"""

from __future__ import annotations

from safeload.scan.bounds.allowance import look_at, look_into
from safeload.scan.bounds.weight import FEW
from safeload.scan.program import Collection, Mapping, ObjectToken, Token

__all__ = ["pay_for_parts"]

_WEIGHING = frozenset([Collection, Mapping, list, str, tuple])
# Attributes, keys and values counted, and characters, that are read about as fast as an object is
# made; FEW items of what may have further containers in it.
_ATTRIBUTES, _SHORT = 64, 256


def pay_for_parts(built: ObjectToken, question: str) -> None:
    """Pay for walking the arguments and the state of an object, and the containers among them.

    Args:
        built: Any object.
        question: Who may walk them; the first time is free for each.

    Raises:
        OverLimitError: Something in them is given to too many objects for what it weighs.
    """
    for given in (built.args, built.kwargs, *built.states):
        kind = type(given)
        # Many are given nothing.
        if not given or kind not in _WEIGHING:
            continue
        _pay(given, question)
        if kind is tuple:
            for part in given:
                kind = type(part)
                if kind in _WEIGHING and not (kind is str and len(part) <= _SHORT):
                    _pay(part, question)


def _pay(token: Token, question: str) -> None:
    kind = type(token)
    if kind is str:
        if len(token) > _SHORT:
            look_at(token, len(token), question)
        return
    # What stands for many pairs at once is in no file but a pickle, whose scan pays for it as well.
    items = token.items if kind is Collection else token
    if len(items) > (_ATTRIBUTES if kind is Mapping else FEW):
        look_into(token, len(items), question)
