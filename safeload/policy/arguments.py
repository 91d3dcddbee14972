"""Argument rules: what an allowed callable may be given.

Each rule is a small function from a :class:`~safeload.scan.program.Built` to the reason why it is
refused, or None. A policy entry names its rule; :data:`RULES` lists them all. Rules see tokens
only. The classes that arguments name are judged by the allow-list in their own right.

Trust: all arguments and states are hostile.
Source: the ``__reduce__`` of each callable named here, in CPython, numpy, scipy and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable

from safeload.policy.booster_arguments import BOOSTER_RULES
from safeload.policy.class_arguments import CLASS_RULES
from safeload.policy.library_arguments import LIBRARY_RULES
from safeload.policy.plain import is_plain
from safeload.policy.python_arguments import PYTHON_RULES
from safeload.policy.spelling_arguments import SPELLING_RULES
from safeload.policy.statistics_arguments import STATISTICS_RULES
from safeload.scan.dtypes import DType, DTypeError, describe
from safeload.scan.program import Blob, Built, Global, Mapping, Token

__all__ = ["RULES", "Rule"]

Rule = Callable[[Built], str | None]


def _no_arguments(built: Built) -> str | None:
    """No arguments."""
    return None if built.args == () and built.kwargs is None else "it takes no arguments"


def _plain_arguments(built: Built) -> str | None:
    """Numbers, strings, bytes, None, arrays, and containers of these."""
    if is_plain(built.args) and is_plain(built.kwargs):
        return None
    return "its arguments are not plain data"


def _numpy_dtype(built: Built) -> str | None:
    """A dtype whose state is what numpy writes for that type; a forged one makes pointers."""
    try:
        describe(built)
    except DTypeError as error:
        return str(error)
    return None


def _numpy_reconstruct(built: Built) -> str | None:
    """An empty array, with a state of as many bytes or objects as its shape says.

    ``_reconstruct(subtype, (0,), b"b")`` with state ``(1, shape, dtype, fortran, data)``.
    """
    args = built.args
    if type(args) is not tuple or len(args) != 3 or not isinstance(args[0], Global):
        return "_reconstruct is not given a type, a shape and a code"
    if args[1] not in ((0,), 0) or _short(args[2]) not in ("b", "B"):
        return "_reconstruct is called in another way than numpy does"
    for state in built.states:
        if type(state) is not tuple or len(state) < 5 or type(state[0]) is not int:
            return "the state of an array has not the form numpy writes"
        _, shape, dtype, fortran, data = state[:5]
        if fortran not in (True, False):
            return "the state of an array has not the form numpy writes"
        reason = _array_data(shape, dtype, data)
        if reason:
            return reason
    return None


def _array_data(shape: Token, dtype: Token, data: Token) -> str | None:
    described, count = _described(dtype), _count(shape)
    if isinstance(described, str):
        return described
    if count is None:
        return "an array's shape is no shape"
    if described.hasobject:
        if type(data) is list and len(data) == count:
            return None
        return "an object array is not given as many objects as it has elements"
    if count and not described.itemsize:
        # numpy would make any number of them out of nothing.
        return "an array has elements without size"
    if not isinstance(data, Blob) or data.size != count * described.itemsize:
        return "an array's bytes are not as many as its shape says"
    return None


def _numpy_frombuffer(built: Built) -> str | None:
    """As many bytes as shape and dtype say, as protocol 5 writes arrays; never objects.

    ``_frombuffer(buffer, dtype, shape, order)`` of protocol 5.
    """
    args = built.args
    if type(args) is not tuple or len(args) not in (4, 5) or args[3] not in ("C", "F", "K"):
        return "_frombuffer is called in another way than numpy does"
    if built.states:
        return "an array made from a buffer is given a state"
    described = _described(args[1])
    if isinstance(described, DType) and described.hasobject:
        return "an object array is made from raw bytes"
    if len(args) == 5 and not _is_permutation(args[4], args[2]):
        return "_frombuffer is called in another way than numpy does"
    return _array_data(args[2], args[1], args[0])


def _is_permutation(axes: Token, shape: Token) -> bool:
    if axes is None:
        return True
    if type(axes) is not tuple or type(shape) is not tuple or len(axes) != len(shape):
        return False
    return all(type(axis) is int for axis in axes) and sorted(axes) == list(range(len(axes)))


def _numpy_scalar(built: Built) -> str | None:
    """As many bytes as the dtype has; never an object.

    ``scalar(dtype, data)``, or ``scalar(dtype)``.
    """
    args = built.args
    if type(args) is not tuple or not args or len(args) > 2 or built.states:
        return "a numpy scalar is made in another way than numpy does"
    described = _described(args[0])
    if isinstance(described, str):
        return described
    if described.hasobject:
        return "a numpy scalar claims to hold an object"
    if len(args) == 1 or (isinstance(args[1], Blob) and args[1].size == described.itemsize):
        return None
    return "a numpy scalar's bytes are not as many as its dtype says"


def _described(token: Token) -> DType | str:
    try:
        return describe(token)
    except DTypeError as error:
        return str(error)


def _count(shape: Token) -> int | None:
    lengths = (shape,) if type(shape) is int else shape
    if type(lengths) is not tuple or len(lengths) > 64:
        return None
    count = 1
    for length in lengths:
        if type(length) is not int or not 0 <= length < 2**63:
            return None
        count *= length
    return count


def _short(token: Token) -> str | None:
    if type(token) is str:
        return token
    if isinstance(token, Blob) and token.size == len(token.head):
        return token.head.decode("latin-1")
    return None


_BASES = frozenset(["object", "dict", "list", "tuple", "set", "frozenset", "int", "float", "str"])


def _copyreg_reconstructor(built: Built) -> str | None:
    """An allowed class, its built-in base and a state of that base.

    ``_reconstructor(cls, base, state)`` of protocols 0 and 1.
    """
    args = built.args
    if type(args) is not tuple or len(args) != 3 or not isinstance(args[0], Global):
        return "_reconstructor is not given a class, its base and a state"
    base, state = args[1:]
    if not (isinstance(base, Global) and base.module == "builtins" and base.name in _BASES):
        return "_reconstructor is given a base that is no built-in type"
    if base.name == "object":
        return None if state is None else "_reconstructor gives object a state"
    return (
        None
        if type(state) in (dict, list, tuple, str, int, float, Mapping, Built)
        else ("_reconstructor is given a state of another type than its base")
    )


def _copyreg_newobj(built: Built) -> str | None:
    """An allowed class, without arguments."""
    args = built.args
    if type(args) is tuple and len(args) == 1 and isinstance(args[0], Global):
        return None
    if type(args) is tuple and len(args) == 3 and args[1] == () and _is_empty(args[2]):
        return None
    return "__newobj__ is given arguments"


def _is_empty(token: Token) -> bool:
    return isinstance(token, Mapping) and not token


def _codecs_encode(built: Built) -> str | None:
    """Text encoded as latin-1, which is how protocols 0 to 2 write bytes.

    ``_codecs.encode(text, "latin1")``.
    """
    args = built.args
    if type(args) is tuple and len(args) == 2 and type(args[0]) is str and args[1] == "latin1":
        return None
    return "_codecs.encode is used for another thing than bytes"


def _cython_unpickle(built: Built) -> str | None:
    """An allowed class, a checksum and a state.

    ``__pyx_unpickle_X(cls, checksum, state)``, and the same with a state set by BUILD.
    """
    args = built.args
    if type(args) is not tuple or len(args) != 3 or not isinstance(args[0], Global):
        return "a Cython reconstructor is not given a class, a checksum and a state"
    if type(args[1]) is not int or not (args[2] is None or type(args[2]) is tuple):
        return "a Cython reconstructor is not given a class, a checksum and a state"
    return None


RULES: dict[str, Rule] = {
    "no_arguments": _no_arguments,
    "plain_arguments": _plain_arguments,
    "numpy_dtype": _numpy_dtype,
    "numpy_reconstruct": _numpy_reconstruct,
    "numpy_frombuffer": _numpy_frombuffer,
    "numpy_scalar": _numpy_scalar,
    "copyreg_reconstructor": _copyreg_reconstructor,
    "copyreg_newobj": _copyreg_newobj,
    "codecs_encode": _codecs_encode,
    "cython_unpickle": _cython_unpickle,
    **CLASS_RULES,
    **LIBRARY_RULES,
    **BOOSTER_RULES,
    **PYTHON_RULES,
    **SPELLING_RULES,
    **STATISTICS_RULES,
}
