"""How long the arrays and indexes of pandas are, told from how they are written.

Trust: the tokens are hostile; a length is that of the values which pandas will be handed.
Source: pandas ``core/indexes/base.py`` (``_new_Index``), ``_libs/arrays.pyx``
(``NDArrayBacked.__setstate__``) and the ``__reduce__`` of each array.
"""

from __future__ import annotations

from safeload.scan.bounds.allowance import look_into
from safeload.scan.program import Array, ArraySpan, Global, Mapping, ObjectToken, Program, Token
from safeload.soundness.states import MISSING, Attributes, UnsoundError, attributes
from safeload.soundness.values import array, integer, is_array, objects

__all__ = ["backed", "length", "parts_of", "shape", "span"]

# The attribute that says how long an array of a class is.
_VALUES = {
    "ArrowExtensionArray": "_pa_array",
    "ArrowStringArray": "_pa_array",
    "ArrowStringArrayNumpySemantics": "_pa_array",
    "BooleanArray": "_data",
    # Before pandas 1.3.
    "Categorical": "_codes",
    "FloatingArray": "_data",
    "IntegerArray": "_data",
    "IntervalArray": "_left",
    "SparseArray": "_sparse_index",
    "__pyx_unpickle_IntervalMixin": "_left",
}
_DEEPEST = 16


def length(token: Token, what: str, depth: int = 0) -> int:
    """How many elements an index or an array of one dimension has.

    Args:
        token: What stands for it.
        what: What it is, for the error.
        depth: How many arrays and indexes it lies within.

    Raises:
        UnsoundError: It is none that pandas writes.
    """
    if is_array(token) or _is_backed(token):
        return shape(token, what)[-1]
    if isinstance(token, ObjectToken) and isinstance(token.callable, Global) and depth < _DEEPEST:
        name = token.callable.name
        if name.startswith("_new_") and name.endswith("Index"):
            return _index(parts_of(token, what), what, depth)
        if name in ("IntIndex", "BlockIndex"):
            return integer(token.args[0] if token.args else MISSING, what)
        if name in ("chunked_array", "_restore_array"):
            return _arrow(token, what)
        if name in _VALUES:
            state = attributes(token)
            values = state.get(_VALUES[name], state.get("_data", MISSING))
            return length(values, what, depth + 1)
    raise UnsoundError(f"{what} is not an array or index that pandas writes")


def shape(token: Token, what: str) -> tuple[int, ...]:
    """The shape of a numpy array of anything, or of what pandas keeps over one.

    Raises:
        UnsoundError: It is neither, or has no dimension.
    """
    if _is_backed(token):
        token = backed(token)[1]
    if type(token) is Array and type(token.span) is ArraySpan:
        found: tuple[int, ...] = token.span.shape
    else:
        nested = isinstance(token, Array) and isinstance(token.span, Program)
        plain = token.span.root if nested else token
        try:
            found = array(plain, what).shape
        except UnsoundError:
            found = objects(plain, what).shape
    if not found:
        raise UnsoundError(f"{what} has no dimension")
    return found


def backed(built: ObjectToken) -> tuple[Token, Token, Token]:
    """The dtype, the values and further attributes of an array over a numpy array.

    Raises:
        UnsoundError: It is in another form than pandas writes.
    """
    given = built.states if built.args[2] is None else (built.args[2], *built.states)
    if len(given) == 1 and type(given[0]) is tuple and len(given[0]) in (2, 3):
        first, second, rest = [*given[0], None][:3]
        if is_array(second):
            return first, second, rest
        if is_array(first):
            return second, first, rest
    raise UnsoundError("its state does not have the form that pandas writes")


def parts_of(built: ObjectToken, what: str) -> Attributes:
    """The parts that an index is made from, by name.

    Raises:
        UnsoundError: A part is given twice, or there are none.
    """
    args = built.args
    parts = args[1] if type(args) is tuple and len(args) == 2 else None
    if not isinstance(parts, Mapping):
        raise UnsoundError(f"{what} is an index that is not made the way pandas makes it")
    look_into(parts, len(parts))
    keys = parts.keys
    if not all(type(key) is str for key in keys) or len(set(keys)) != len(keys):
        raise UnsoundError(f"{what} is an index that has a part twice")
    return dict(zip(keys, parts.values, strict=True))


def span(token: Token, what: str) -> range:
    """The places that a slice stands for.

    Raises:
        UnsoundError: It is no slice of places that there may be.
    """
    args = (
        token.args if isinstance(token, ObjectToken) and token.is_of("builtins", "slice") else None
    )
    if type(args) is not tuple or len(args) != 3:
        raise UnsoundError(f"{what} is not a range of places")
    # Going down, a range may end before the first place, which is written as None.
    start, stop, step = (-1 if bound is None else integer(bound, what) for bound in args)
    if not 0 <= start < 2**31 or not -1 <= stop < 2**31 or not step:
        raise UnsoundError(f"{what} is not a range of places")
    return range(start, stop, step)


def _index(parts: Attributes, what: str, depth: int) -> int:
    if "codes" in parts or "labels" in parts:
        codes = parts.get("codes", parts.get("labels"))
        if type(codes) not in (list, tuple) or not codes:
            raise UnsoundError(f"{what} is an index without codes")
        return length(codes[0], what, depth + 1)
    for name in ("data", "left"):
        if name in parts:
            return length(parts[name], what, depth + 1)
    bounds = (integer(parts.get(name, MISSING), what) for name in ("start", "stop", "step"))
    try:
        return len(range(*bounds))
    except (ValueError, OverflowError) as error:
        raise UnsoundError(f"{what} is not a possible range") from error


def _arrow(built: ObjectToken, what: str) -> int:
    """An array of Arrow's, which has a check of its own."""
    args = built.args
    if built.is_of("pyarrow.lib", "chunked_array"):
        chunks = args[0] if type(args) is tuple and args else None
        if type(chunks) is list and all(isinstance(chunk, ObjectToken) for chunk in chunks):
            return sum(_arrow(chunk, what) for chunk in chunks)
    parts = args[0] if type(args) is tuple and args else None
    if built.is_of("pyarrow.lib", "_restore_array") and type(parts) is tuple and len(parts) > 1:
        return integer(parts[1], what)
    raise UnsoundError(f"{what} is not an array that Arrow writes")


def _is_backed(token: Token) -> bool:
    return (
        isinstance(token, ObjectToken)
        and token.is_of("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked")
        and type(token.args) is tuple
        and len(token.args) == 3
    )
