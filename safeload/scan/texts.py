"""What text an object is equal to, where it is no plain text itself.

``numpy.str_`` is a subclass of ``str``, and a ``collections.UserString`` has the hash of the text
that it holds: as keys both are taken for it. So wherever a text decides about something, these have
to be read as well.

Trust: tokens are hostile; what is read is a text and nothing more.
Source: numpy ``gentype_reduce`` (``scalar(dtype, bytes)``); skops ``NdArrayNode``, ``DictNode``;
CPython ``collections``.
"""

from __future__ import annotations

from safeload.scan.arrays.dtypes import DTypeError, describe
from safeload.scan.program import Array, ArraySpan, Blob, Global, Mapping, ObjectToken, Token

__all__ = ["text_of"]

# How many ``UserString`` may lie within each other; without end, such a key cannot be hashed.
_DEEPEST = 1_000
_CORES = frozenset(["numpy._core.multiarray", "numpy.core.multiarray"])


def text_of(token: Token) -> str | None:
    """The text that an object is equal to.

    Args:
        token: Any token.

    Returns:
        The text, or None if it is not a text of Python's or of numpy's.
    """
    if type(token) is not ObjectToken:
        return token if type(token) is str else None
    if not token.text:
        # A few bytes recall it as often as they like, so that it is read once.
        token.text = (_text_of(token),)
    return token.text[0]


def _text_of(token: Token) -> str | None:
    for _ in range(_DEEPEST):
        if not (type(token) is ObjectToken and token.is_of("collections", "UserString")):
            break
        token = _within(token)
    if type(token) is str:
        return token
    target = token.callable if type(token) is ObjectToken else None
    if not isinstance(target, Global) or type(token.args) is not tuple:
        return None
    if (target.module, target.name) == ("numpy", "str_") and len(token.args) < 2:
        return _of_argument(*token.args)
    if target.module in _CORES and target.name == "scalar" and len(token.args) == 2:
        dtype, data = token.args
        try:
            spec = describe(dtype).spec
        except DTypeError:
            return None
        return _decoded(data.content, spec) if isinstance(data, Blob) else None
    return None


def _within(wrapper: ObjectToken) -> Token:
    """What a ``UserString`` holds; its state is a dict, or a pair of dicts."""
    held: Token = None
    for state in wrapper.states:
        for part in state if type(state) is tuple else (state,):
            if isinstance(part, Mapping) and "data" in part.keys:
                held = part.get("data")
    return held


def _of_argument(argument: Token = "") -> str | None:
    if type(argument) is str:
        return argument
    if isinstance(argument, Array) and isinstance(argument.span, ArraySpan):
        span = argument.span
        content = memoryview(argument.source)[span.offset : span.offset + span.nbytes]
        return _decoded(content, span.dtype)
    return None


def _decoded(content: memoryview, spec: Token) -> str | None:
    if type(spec) is not str or spec[1:2] != "U":
        return None
    # A text of a fixed length is filled up with zeros, which do not belong to it.
    order = "utf-32-be" if spec[0] == ">" else "utf-32-le"
    return str(content, order, "replace").rstrip("\0")
