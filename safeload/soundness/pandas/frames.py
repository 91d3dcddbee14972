"""Frames, series and indexes of pandas: blocks and labels that belong together.

A frame's columns are places in blocks, and a series has a label for each value; pandas' compiled
code takes rows and places without a look, and so does it take the codes of an index of several
levels. A label may be any text; but numpy looks an interface of raw memory up by its name, and a
series answers for attributes with its labels.

Trust: the states are hostile.
Source: pandas ``_libs/internals.pyx`` (``_rebuild_blknos_and_blklocs``), ``_libs/algos.pyx``
(``take_2d_*``), ``core/internals/managers.py`` (``SingleBlockManager.__setstate__``),
``core/indexes/multi.py``, ``core/generic.py`` (``__getattr__``); numpy
``PyArray_FromInterface``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from safeload.scan.bounds.allowance import look_at, look_into, spend
from safeload.scan.program import Blob, Mapping, ObjectToken, Token, Use
from safeload.soundness.keys import INTERFACES, is_key
from safeload.soundness.pandas.arrays import within
from safeload.soundness.pandas.lengths import backed, length, parts_of, shape, span
from safeload.soundness.states import UnsoundError, attributes, each
from safeload.soundness.values import NDArray, array, integer, is_array, objects, scalar

__all__ = ["frame", "index", "series"]

_UNPICKLE_BLOCK = ("pandas._libs.internals", "_unpickle_block")
_INTERFACE = re.compile("|".join(map(re.escape, sorted(INTERFACES))).encode())
# How many containers and objects the bytes of an array may lie within.
_DEEPEST = 16
# Beyond, numpy makes an array of another length than the range has.
_MOST_PLACES = 2**53


@each
def frame(built: ObjectToken) -> None:
    """``BlockManager(blocks, axes)``: each column is a row of one block.

    pandas before 1.3 makes an empty one and gives it a state.
    """
    if built.use is Use.CONSTRUCT:
        _frame_of_state(built)
        return
    args = built.args
    if type(args) is not tuple or len(args) != 2 or type(args[0]) is not tuple:
        raise UnsoundError("it is not made the way pandas makes it")
    placements = []
    for block in args[0]:
        if not (isinstance(block, ObjectToken) and block.is_of(*_UNPICKLE_BLOCK)):
            raise UnsoundError("it holds something that is not a block")
        values, placement, dimensions = block.args
        if dimensions != 2:
            raise UnsoundError("a block of a frame does not have two dimensions")
        columns = _places(placement)
        if _rows(values) != len(columns):
            raise UnsoundError("values of a block do not have one row for each column")
        placements.append(np.asarray(columns, np.int64))
    _once(placements)


def _once(placements: list[NDArray]) -> int:
    """Check that the places of blocks are each column once, and count them."""
    taken = np.concatenate(placements) if placements else np.empty(0, np.int64)
    if not np.array_equal(np.sort(taken), np.arange(len(taken))):
        raise UnsoundError("placements of the blocks are not each column once")
    return len(taken)


def _frame_of_state(built: ObjectToken) -> None:
    """The state of a frame of pandas before 1.3, as that of a series."""
    parts = _state_of(built)
    axes, blocks = parts.get("axes"), parts.get("blocks")
    if type(axes) is not list or len(axes) != 2 or type(blocks) is not list:
        raise UnsoundError("axes or blocks do not have the form that pandas writes")
    rows = length(axes[1], "axes")
    placements = []
    for token in blocks:
        block = _dict(token)
        values, columns = block.get("values"), _places(block.get("mgr_locs"))
        if _rows(values) != len(columns):
            raise UnsoundError("values of a block do not have one row for each column")
        # An array without elements may have any number of rows.
        spend(len(columns), "A frame has too many columns to look at.")
        if length(values, "values") != rows:
            raise UnsoundError("values of a block do not have one value for each label")
        placements.append(np.asarray(columns, np.int64))
    if _once(placements) != length(axes[0], "axes"):
        raise UnsoundError("the blocks do not have one column for each label")


def _state_of(built: ObjectToken) -> dict[str, Token]:
    """What the one state of a manager of blocks says in its newest form."""
    state = built.states[0] if len(built.states) == 1 else None
    if type(state) is not tuple or len(state) < 4 or not isinstance(state[3], Mapping):
        raise UnsoundError("its state does not have the form that pandas writes")
    if state[3].keys != ["0.14.1"]:
        raise UnsoundError("its state does not have the form that pandas writes")
    return _dict(state[3].values[0])


@each
def series(built: ObjectToken) -> None:
    """The state of a ``SingleBlockManager``: a label for each value."""
    if not built.states:
        raise UnsoundError("it is not given its blocks")
    for state in built.states:
        if type(state) is not tuple or len(state) < 4 or not isinstance(state[3], Mapping):
            raise UnsoundError("its state does not have the form that pandas writes")
        for key, value in zip(state[3].keys, state[3].values, strict=True):
            if key != "0.14.1":
                raise UnsoundError("its state does not have the form that pandas writes")
            _single(_dict(value))


@each
def index(built: ObjectToken) -> None:
    """An index: codes are places within their levels, labels none of numpy's, ranges no longer."""
    parts = parts_of(built, "an index")
    codes = parts.get("codes", parts.get("labels"))
    if codes is not None:
        _levels(parts.get("levels"), codes)
    elif "data" in parts:
        _labels(parts["data"])
    elif "stop" in parts:
        for name in ("start", "stop", "step"):
            if name in parts and abs(integer(parts[name], name)) > _MOST_PLACES:
                raise UnsoundError(f"{name} is out of range")


def _single(parts: dict[str, Token]) -> None:
    axes, blocks = parts.get("axes"), parts.get("blocks")
    if type(axes) is not list or len(axes) != 1 or type(blocks) is not list or len(blocks) != 1:
        raise UnsoundError("axes or blocks are not one each")
    block = _dict(blocks[0])
    values = length(block.get("values"), "values")
    if values != length(axes[0], "axes"):
        raise UnsoundError("values does not have one value for each label")
    if len(_places(block.get("mgr_locs"))) != values:
        raise UnsoundError("mgr_locs does not have one place for each value")


def _levels(levels: Token, codes: Token) -> None:
    listed = (list, tuple)
    if type(levels) not in listed or type(codes) not in listed or len(levels) != len(codes):
        raise UnsoundError("there are not as many codes as levels")
    counts = set()
    for level, token in zip(levels, codes, strict=True):
        found = array(token, "codes")
        within(found, length(level, "levels"), "codes")
        counts.add(found.shape)
    if len(counts) > 1:
        raise UnsoundError("codes are not of one length")


def _labels(data: Token) -> None:
    """Check that no label is what numpy looks up to find an array's memory."""
    if isinstance(data, ObjectToken) and data.is_of(
        "pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"
    ):
        dtype, data, _ = backed(data)
        if isinstance(dtype, ObjectToken) and not dtype.is_of("numpy", "dtype"):
            categories = attributes(dtype).get("categories")
            if isinstance(categories, ObjectToken):
                # It is an index itself.
                return
    if is_array(data):
        try:
            items = objects(data, "data")
        except UnsoundError:
            if array(data, "data").dtype.kind in "SU":
                # pandas would make labels of them, as it never writes them.
                raise UnsoundError("data has texts of a fixed length") from None
            return
        seen: set[int] = set()
        for item in items.ravel():
            if not is_key(item, seen=seen):
                raise UnsoundError("data has a label that is not a plain value")
            if isinstance(item, str | ObjectToken) and scalar(item) in INTERFACES:
                raise UnsoundError("data has a label that numpy looks up as an attribute")
    elif isinstance(data, ObjectToken) and any(
        _INTERFACE.search(blob.content) for blob in _blobs(data)
    ):
        raise UnsoundError("data has a label that numpy looks up as an attribute")


def _blobs(token: Token) -> Iterator[Blob]:
    """The bytes that an array of Arrow's is made from, each once, however often they recur."""
    seen: set[int] = set()
    level, depth = [token], 0
    while level and depth < _DEEPEST:
        inner: list[Token] = []
        for part in level:
            if id(part) in seen:
                continue
            seen.add(id(part))
            if isinstance(part, Blob):
                look_at(part, part.size)
                yield part
            elif isinstance(part, ObjectToken):
                inner += [part.args, *part.states]
            elif isinstance(part, tuple | list):
                look_into(part, len(part))
                inner += part
        level, depth = inner, depth + 1


def _dict(token: Token) -> dict[str, Token]:
    """A dict of parts, each given once."""
    if not isinstance(token, Mapping):
        raise UnsoundError("its state does not have the form that pandas writes")
    look_into(token, len(token))
    keys = token.keys
    if not all(type(key) is str for key in keys) or len(set(keys)) != len(keys):
        raise UnsoundError("its state has a part twice")
    return dict(zip(keys, token.values, strict=True))


def _places(token: Token) -> NDArray | range:
    """The places that a block takes, as pandas writes them: a slice, or an array of numbers."""
    if is_array(token):
        found = array(token, "placements")
        if found.ndim != 1 or found.dtype.kind not in "iu":
            raise UnsoundError("placements are not numbers of columns")
        return found
    return span(token, "placements")


def _rows(values: Token) -> int:
    """How many columns the values of a block are; an array of pandas' own is one, or a table."""
    if is_array(values):
        found = shape(values, "values")
        if len(found) != 2:
            raise UnsoundError("values of a block are not a table")
        return found[0]
    if isinstance(values, ObjectToken) and values.is_of(
        "pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"
    ):
        found = shape(values, "values")
        return found[0] if len(found) == 2 else 1
    return 1
