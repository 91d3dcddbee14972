"""Argument rules of pandas: blocks and arrays, which its compiled code believes.

The same contract as :mod:`safeload.policy.rules`.

Trust: all arguments and states are hostile.
Source: pandas ``_libs/internals.pyx`` and ``_libs/arrays.pyx``.
"""

from __future__ import annotations

from safeload.forks import IMPORTING
from safeload.policy.rules.arrow_texts import texts_of
from safeload.policy.rules.pandas_indexes import PANDAS_INDEX_RULES
from safeload.policy.rules.pandas_values import PANDAS_VALUE_RULES
from safeload.policy.rules.plain import is_numpy
from safeload.policy.rules.rule import Rule
from safeload.scan.arrays.dtypes import DTypeError, describe
from safeload.scan.bounds.allowance import look_into, spend
from safeload.scan.program import Array, Global, Mapping, ObjectToken, Program, Token, Use

__all__ = ["PANDAS_RULES", "column_names"]


_UNPICKLE_BLOCK = ("pandas._libs.internals", "_unpickle_block")


def _pandas_block(built: ObjectToken) -> str | None:
    """Values and a range of columns.

    ``_unpickle_block(values, placement, ndim)``.
    """
    args = built.args
    if len(args) != 3 or args[2] not in (1, 2):
        return "a block is not made the way pandas makes it"
    if not isinstance(args[0], ObjectToken | Array) or not isinstance(args[1], ObjectToken | Array):
        return "a block is not made the way pandas makes it"
    if isinstance(args[1], ObjectToken) and args[1].is_of("builtins", "slice"):
        return None if _columns(args[1]) is not None else "a block's columns are not a range"
    return None


# Each of them is looked at.
_MOST_COLUMNS = 1_000_000


def _columns(placement: ObjectToken) -> range | None:
    """The columns a slice stands for, of which pandas itself asks only how many they are."""
    args = placement.args
    if len(args) != 3:
        return None
    start, stop, step = args
    if not all(type(bound) is int and 0 <= bound <= _MOST_COLUMNS for bound in args) or not step:
        return None
    return range(start, stop, step)


def _pandas_blocks(built: ObjectToken) -> str | None:
    """Blocks whose columns are each column once.

    ``BlockManager(blocks, axes)``: slices of columns must not reach beyond all columns.

    A placement that is an array is not known here, and nothing checks it yet. Before pandas 1.3 a
    frame's blocks are in a state, which is checked with the native state.
    """
    args = built.args
    if built.use is Use.CONSTRUCT:
        empty = args == () and not built.kwargs and not built.items
        return None if empty else "a frame is not made the way pandas makes it"
    if len(args) != 2 or type(args[0]) is not tuple:
        return "a frame is not made the way pandas makes it"
    ranges = []
    for block in args[0]:
        if not (isinstance(block, ObjectToken) and block.is_of(*_UNPICKLE_BLOCK)):
            return "a frame holds something that is not a block"
        if type(block.args) is not tuple or len(block.args) != 3:
            return "a frame holds a block that is not made the way pandas makes it"
        placement = block.args[1]
        if isinstance(placement, ObjectToken) and placement.is_of("builtins", "slice"):
            ranges.append(_columns(placement))
    if None in ranges:
        return "a block's columns are not a range"
    if len(ranges) < len(args[0]):
        return None
    total = sum(len(columns) for columns in ranges if columns is not None)
    spend(total, "A frame has too many columns to look at.")
    taken = {column for columns in ranges if columns is not None for column in columns[:total]}
    return None if taken == set(range(total)) else "the blocks of a frame are not its columns"


_ARRAY_TYPES = {
    "Categorical": "i",
    "DatetimeArray": "M",
    "PeriodArray": "i",
    "StringArray": "O",
    "TimedeltaArray": "m",
}


def _pandas_array(built: ObjectToken) -> str | None:
    """An array class, and values of the type that it holds.

    ``__pyx_unpickle_NDArrayBacked(cls, checksum, state)``, state ``(dtype, values)``.

    The compiled code reads the values as the class says, whatever they are.
    """
    args = built.args
    if len(args) != 3 or not isinstance(args[0], Global):
        return "a pandas array is not made the way pandas makes it"
    expected = _ARRAY_TYPES.get(args[0].name)
    if expected is None or not args[0].module.startswith("pandas"):
        return "a pandas array is not made from a class"
    states = built.states if args[2] is None else [args[2], *built.states]
    for state in states:
        if type(state) is not tuple or len(state) not in (2, 3):
            return "the state of a pandas array does not have the form that pandas writes"
        values = [part for part in state[:2] if isinstance(part, Array) or is_numpy(part)]
        if len(values) != 1:
            return "the state of a pandas array does not have the form that pandas writes"
        if isinstance(values[0], ObjectToken) and _kind(values[0]) != expected:
            return "the values of a pandas array are of a different type from the array"
    return None


def _kind(array: ObjectToken) -> str | None:
    """The kind of a numpy array's dtype, one letter, or None if it cannot be told."""
    if array.is_of("numpy._core.numeric", "_frombuffer") or array.is_of(
        "numpy.core.numeric", "_frombuffer"
    ):
        dtypes = [array.args[1]]
    else:
        dtypes = [state[2] for state in array.states if type(state) is tuple and len(state) > 2]
    kinds = set()
    for dtype in dtypes:
        try:
            spec = describe(dtype).spec
        except DTypeError:
            return None
        kinds.add(spec.lstrip("<>|=")[:1] if type(spec) is str else "V")
    return kinds.pop() if len(kinds) == 1 else None


_FRAMES = frozenset([("pandas", "DataFrame"), ("pandas.core.frame", "DataFrame")])
_MANAGER = ("pandas.core.internals.managers", "BlockManager")
_OF_FRAMES = frozenset(["_flags", "_metadata", "_mgr", "_typ", "attrs"])
_OF_NAMES = frozenset(["data", "name"])
_STRINGS = frozenset([str])


def column_names(frame: Token) -> frozenset[str] | None:
    """The names of a frame's columns.

    Args:
        frame: Any token.

    Returns:
        The names, or None if it is not a frame as pandas writes one, with texts for names.
    """
    if (
        not isinstance(frame, ObjectToken)
        or frame.use is not Use.CONSTRUCT
        or len(frame.states) != 1
    ):
        return None
    target, state = frame.callable, frame.states[0]
    if not isinstance(target, Global) or (target.module, target.name) not in _FRAMES:
        return None
    if not isinstance(state, Mapping) or frame.args != () or not _only(state.keys, _OF_FRAMES):
        # What else is set on it could be its columns.
        return None
    managers = [v for k, v in zip(state.keys, state.values, strict=True) if k == "_mgr"]
    if len(managers) != 1 or not isinstance(managers[0], ObjectToken) or managers[0].states:
        return None
    args = managers[0].args
    if not managers[0].is_of(*_MANAGER) or len(args) != 2:
        return None
    axes = args[1]
    if type(axes) is not list or len(axes) != 2 or not isinstance(axes[0], ObjectToken):
        return None
    return _names_of(axes[0])


def _only(keys: list[Token], known: frozenset[str]) -> bool:
    return all(type(key) is str and key in known for key in keys)


def _names_of(index: ObjectToken) -> frozenset[str] | None:
    args = index.args
    if not index.is_of("pandas.core.indexes.base", "_new_Index") or index.states:
        return None
    if len(args) != 2 or not isinstance(args[1], Mapping):
        return None
    if not isinstance(args[0], Global) or args[0].name != "Index":
        return None
    if not _only(args[1].keys, _OF_NAMES):
        return None
    parts = dict(zip(args[1].keys, args[1].values, strict=True))
    if len(args[1].keys) != len(parts):
        return None
    names = _texts(parts.get("data"))
    if names is None:
        names = texts_of(parts.get("data"))
    return None if names is None else frozenset(names)


def _texts(values: Token) -> list[str] | None:
    """The texts of an array of objects, or of an array of pandas over one or over arrow's."""
    if isinstance(values, ObjectToken) and isinstance(values.callable, Global):
        target = values.callable
        if target.name in _ARROW_TEXTS and target.path.startswith("pandas."):
            return _texts_of_arrow(values)
    if isinstance(values, ObjectToken) and values.is_of(
        "pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"
    ):
        state = values.states[0] if len(values.states) == 1 else ()
        parts = state if type(state) is tuple else ()
        arrays = [part for part in parts if isinstance(part, Array) or is_numpy(part)]
        return _texts(arrays[0]) if len(arrays) == 1 else None
    if isinstance(values, Array):
        # joblib writes the objects as a stream of their own; what else is in it, could be returned.
        made = values.span.built if isinstance(values.span, Program) else []
        arrays = [part for part in made if is_numpy(part)]
        values = arrays[0] if len(arrays) == 1 else None
    if not (isinstance(values, ObjectToken) and is_numpy(values) and len(values.states) == 1):
        return None
    state = values.states[0]
    items = state[4] if type(state) is tuple and len(state) == 5 else None
    if type(items) is list:
        look_into(items, len(items))
    return items if type(items) is list and _STRINGS.issuperset(map(type, items)) else None


_ARROW_TEXTS = frozenset(["ArrowStringArray", "ArrowStringArrayNumpySemantics"])
_OF_ARROW = frozenset(["_dtype", "_pa_array", "_readonly"])


def _texts_of_arrow(values: ObjectToken) -> list[str] | None:
    # It needs numpy, which is not imported before a frame beside a formula is judged.
    with IMPORTING:
        from safeload.soundness.pandas.arrow import texts
        from safeload.soundness.states import UnsoundError

    state = values.states[0] if len(values.states) == 1 else None
    if not isinstance(state, Mapping) or values.args != () or not _only(state.keys, _OF_ARROW):
        return None
    arrays = [v for k, v in zip(state.keys, state.values, strict=True) if k == "_pa_array"]
    if len(arrays) != 1:
        return None
    try:
        return texts(arrays[0])
    except UnsoundError:
        return None


def _arrow_parts(built: ObjectToken) -> str | None:
    """The parts of an array, whose buffers are checked as native state; or arrays of one type.

    ``_restore_array((type, length, ...))``, ``chunked_array([array, ...], type)``.
    """
    args = built.args
    if built.kwargs is not None or built.states or type(args) is not tuple:
        return "an arrow array is not made the way pyarrow makes it"
    if built.is_of("pyarrow.lib", "_restore_array"):
        known = len(args) == 1 and type(args[0]) is tuple
        return None if known else "an arrow array is not made from its parts"
    if len(args) == 2 and type(args[0]) is list and isinstance(args[1], ObjectToken):
        made = (
            isinstance(a, ObjectToken) and a.is_of("pyarrow.lib", "_restore_array") for a in args[0]
        )
        if all(made):
            return None
    return "an arrow array is made of something other than arrays"


PANDAS_RULES: dict[str, Rule] = {
    "arrow_parts": _arrow_parts,
    "pandas_array": _pandas_array,
    "pandas_block": _pandas_block,
    "pandas_blocks": _pandas_blocks,
    **PANDAS_INDEX_RULES,
    **PANDAS_VALUE_RULES,
}
