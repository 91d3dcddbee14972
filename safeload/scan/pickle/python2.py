"""Where may text stand for bytes? Python 2 had one type for both, and so have its pickles.

``pickle`` reads a ``str`` of Python 2 as text where all of it is ASCII. The bytes of numpy's arrays
and scalars may come that way; numpy turns such text into bytes again, one byte for each character.
Here the tokens are made the bytes that numpy will make of them, so that whoever looks at the
elements of an array finds bytes, whichever Python wrote them.

Trust: the text is hostile. It is ASCII, so that no two readers take it for different bytes.
Source: numpy ``array_setstate`` and ``array_scalar``.
"""

from __future__ import annotations

from safeload.scan.program import Blob, Global, ObjectToken, Token

__all__ = ["array_state", "scalar_arguments"]

_MODULES = frozenset(["numpy._core.multiarray", "numpy.core.multiarray"])
# Where the elements stand in (version, shape, dtype, order, elements), with those of the mask
# behind them if the array is masked, and in (dtype, elements).
_IN_STATE, _IN_ARGUMENTS = 4, 1
_MASKED = ("numpy.ma.core", "_mareconstruct")


def array_state(target: ObjectToken, state: Token) -> Token:
    """The state of an array with its elements as bytes.

    Args:
        target: What a call returned.
        state: The token of what it is given for a state.

    Returns:
        ``state`` itself, unless it is that of an array and has text for elements.
    """
    made = target.callable
    if type(made) is Global and made.name == "_reconstruct" and made.module in _MODULES:
        return _with_bytes(state, _IN_STATE)
    if type(made) is Global and (made.module, made.name) == _MASKED:
        return _with_bytes(_with_bytes(state, _IN_STATE), _IN_STATE + 1)
    return state


def scalar_arguments(target: Global, args: Token) -> Token:
    """The arguments of numpy's ``scalar`` with its one element as bytes.

    Args:
        target: What is called.
        args: The token of its arguments.

    Returns:
        ``args`` itself, unless a scalar is made from text.
    """
    if target.name == "scalar" and target.module in _MODULES:
        return _with_bytes(args, _IN_ARGUMENTS)
    return args


def _with_bytes(parts: Token, place: int) -> Token:
    text = parts[place] if type(parts) is tuple and len(parts) > place else None
    if type(text) is not str or not text.isascii():
        return parts
    made = Blob("bytes", 0, len(text), text[:256].encode("ascii"), text)
    return (*parts[:place], made, *parts[place + 1 :])
