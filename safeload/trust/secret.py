"""How is a secret kept out of what people see: logs, ``repr`` and tracebacks with variables?

A passphrase, a PIN and the text of a private key are bytes that say nothing of themselves when they
are printed. They hide only from eyes: whatever runs in this process can have them, and what the
caller's own code holds is shown as ever.

Trust: secrets are the caller's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

__all__ = ["Secret", "hidden"]

_T = TypeVar("_T")
_SHOWN = "<secret>"


class Secret(bytes):
    """Bytes that are not shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return _SHOWN

    __str__ = __repr__

    def __format__(self, _: str) -> str:
        return _SHOWN

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError("a secret is not copied, pickled or sent")


class _Text(str):
    """Text where bytes belong: an error names its type, and nothing shows it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return _SHOWN


# What the error calls it.
_Text.__name__ = "str"


class _Asked:
    """A function whose answers are not shown."""

    __slots__ = ("_ask",)

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask

    def __call__(self) -> object:
        return hidden(self._ask())


def hidden(value: _T) -> _T:
    """Hide what may be a secret.

    Args:
        value: Bytes, or a function that returns bytes. Text, which somebody gave by mistake, is
            hidden, too.

    Returns:
        Bytes or a function that do the same and are not shown; anything else as it is.
    """
    result: object = value
    if isinstance(value, bytes):
        result = Secret(value)
    elif isinstance(value, str):
        result = _Text(value)
    elif callable(value) and not isinstance(value, _Asked):
        result = _Asked(value)
    return result  # type: ignore[return-value]
