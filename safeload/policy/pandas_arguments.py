"""Argument rules of pandas: indexes, blocks and arrays, which its compiled code believes.

The same contract as :mod:`safeload.policy.arguments`.

Trust: all arguments and states are hostile.
Source: pandas ``core/indexes/base.py``, ``_libs/internals.pyx`` and ``_libs/arrays.pyx``.
"""

from __future__ import annotations

from collections.abc import Callable

from safeload.policy.plain import is_numpy
from safeload.scan.dtypes import DTypeError, describe
from safeload.scan.program import Array, Built, Global, Mapping

__all__ = ["PANDAS_RULES"]

Rule = Callable[[Built], str | None]

_INDEX_PARTS = frozenset(
    [
        "closed",
        "codes",
        "copy",
        "data",
        "dtype",
        "freq",
        "labels",
        "left",
        "levels",
        "name",
        "names",
        "right",
        "sortorder",
        "start",
        "step",
        "stop",
        "tz",
    ]
)


def _pandas_index(built: Built) -> str | None:
    """An index class and the parts that pandas writes.

    ``_new_Index(cls, parts)`` and its like: parts become arguments of ``cls.__new__``.
    """
    args = built.args
    if type(args) is not tuple or len(args) != 2 or not isinstance(args[0], Global):
        return "an index is made in another way than pandas does"
    if not (args[0].module.startswith("pandas") and args[0].name.endswith("Index")):
        return "an index is made of a class that is none"
    parts = args[1]
    if isinstance(parts, Mapping) and all(
        type(key) is str and key in _INDEX_PARTS for key in parts.keys
    ):
        return None
    return "an index has parts that pandas does not write"


_UNPICKLE_BLOCK = ("pandas._libs.internals", "_unpickle_block")


def _pandas_block(built: Built) -> str | None:
    """Values and a range of columns.

    ``_unpickle_block(values, placement, ndim)``.
    """
    args = built.args
    if type(args) is not tuple or len(args) != 3 or args[2] not in (1, 2):
        return "a block is made in another way than pandas does"
    if not isinstance(args[0], Built | Array) or not isinstance(args[1], Built | Array):
        return "a block is made in another way than pandas does"
    if isinstance(args[1], Built) and args[1].is_of("builtins", "slice"):
        return None if _columns(args[1]) is not None else "a block's columns are no range"
    return None


# Each of them is looked at.
_MOST_COLUMNS = 1_000_000


def _columns(placement: Built) -> range | None:
    """The columns a slice stands for, of which pandas itself asks only how many they are."""
    args = placement.args
    if type(args) is not tuple or len(args) != 3:
        return None
    start, stop, step = args
    if not all(type(bound) is int and 0 <= bound <= _MOST_COLUMNS for bound in args) or not step:
        return None
    return range(start, stop, step)


def _pandas_blocks(built: Built) -> str | None:
    """Blocks whose columns are each column once.

    ``BlockManager(blocks, axes)``: slices of columns must not reach beyond all columns.

    A placement that is an array is not known here, and nothing checks it yet.
    """
    args = built.args
    if type(args) is not tuple or len(args) != 2 or type(args[0]) is not tuple:
        return "a frame is made in another way than pandas does"
    ranges = []
    for block in args[0]:
        if not (isinstance(block, Built) and block.is_of(*_UNPICKLE_BLOCK)):
            return "a frame holds something that is no block"
        if type(block.args) is not tuple or len(block.args) != 3:
            return "a frame holds a block made in another way than pandas does"
        placement = block.args[1]
        if isinstance(placement, Built) and placement.is_of("builtins", "slice"):
            ranges.append(_columns(placement))
    if None in ranges:
        return "a block's columns are no range"
    if len(ranges) < len(args[0]):
        return None
    total = sum(len(columns) for columns in ranges if columns is not None)
    taken = {column for columns in ranges if columns is not None for column in columns[:total]}
    return None if taken == set(range(total)) else "the blocks of a frame are not its columns"


_ARRAY_TYPES = {
    "Categorical": "i",
    "DatetimeArray": "M",
    "PeriodArray": "i",
    "StringArray": "O",
    "TimedeltaArray": "m",
}


def _pandas_array(built: Built) -> str | None:
    """An array class, and values of the type that it holds.

    ``__pyx_unpickle_NDArrayBacked(cls, checksum, state)``, state ``(dtype, values)``.

    The compiled code reads the values as the class says, whatever they are.
    """
    args = built.args
    if type(args) is not tuple or len(args) != 3 or not isinstance(args[0], Global):
        return "a pandas array is made in another way than pandas does"
    expected = _ARRAY_TYPES.get(args[0].name)
    if expected is None or not args[0].module.startswith("pandas"):
        return "a pandas array is made of a class that is none"
    states = built.states if args[2] is None else [args[2], *built.states]
    for state in states:
        if type(state) is not tuple or len(state) not in (2, 3):
            return "the state of a pandas array has not the form pandas writes"
        values = [part for part in state[:2] if isinstance(part, Array) or is_numpy(part)]
        if len(values) != 1:
            return "the state of a pandas array has not the form pandas writes"
        if isinstance(values[0], Built) and _kind(values[0]) != expected:
            return "the values of a pandas array are of another type than the array"
    return None


def _kind(array: Built) -> str | None:
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


PANDAS_RULES: dict[str, Rule] = {
    "pandas_array": _pandas_array,
    "pandas_block": _pandas_block,
    "pandas_blocks": _pandas_blocks,
    "pandas_index": _pandas_index,
}
