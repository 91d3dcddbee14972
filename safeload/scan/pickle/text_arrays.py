"""An array of texts in a joblib file, which is a stream of its own, read at once.

Every model that was fitted on a table has some: the names of columns, and categories. What is read
here becomes exactly the program that :mod:`safeload.scan.pickle.interpreter` would have made of it;
what is not in the one form that is known, the interpreter reads.

Trust: a match proves the form of the opcodes; whether the texts are as many as the shape says, the
policy judges as ever.
Source: numpy ``array_reduce``, ``arraydescr_reduce``; CPython ``Modules/_pickle.c``.
"""

from __future__ import annotations

import re

from safeload.limits import Limits
from safeload.scan.bounds.budget import WorkBudget
from safeload.scan.program import Blob, Buffer, Global, GlobalUse, ObjectToken, Program, Use
from safeload.scan.runs import SHAPE, shape_of, short_text

__all__ = ["read_texts"]

# _reconstruct(ndarray, (0,), b"b") and the first number of its state.
_MAKE = (
    b"\x8c\x16numpy._core.multiarray\x94\x8c\x0c_reconstruct\x94\x93\x94"
    b"\x8c\x05numpy\x94\x8c\x07ndarray\x94\x93\x94K\x00\x85\x94C\x01b\x94\x87\x94R\x94(K\x01"
)
# dtype("O8", False, True) with its state, False for the order, and a list.
_OF_OBJECTS = (
    b"h\x03\x8c\x05dtype\x94\x93\x94\x8c\x02O8\x94\x89\x88\x87\x94R\x94"
    b"(K\x03\x8c\x01|\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?t\x94b\x89]\x94"
)
_ARRAY = re.compile(
    b"\x80[\x04\x05]\x95(.{8})%s((?!\\))(?:%s))%s"
    % (re.escape(_MAKE), SHAPE, re.escape(_OF_OBJECTS)),
    re.DOTALL,
)
# APPENDS of several texts or APPEND of one, then the end of the state and of the stream.
_ENDS = {True: b"et\x94b.", False: b"at\x94b."}
_STATE = (3, "|", None, None, None, -1, -1, 63)
# Where in these its opcodes stand.
_NAMED, _ARRAY_NAMED = _MAKE.index(b"\x93"), _MAKE.rindex(b"\x93")
_DTYPE_NAMED = _OF_OBJECTS.index(b"\x93")
_BLOB = _MAKE.index(b"C\x01b") + 2
_MADE, _DTYPE_MADE = _MAKE.index(b"R"), _OF_OBJECTS.index(b"R")
# Longer streams are read with looks at the limits and the clock in between.
_LONGEST = 1 << 16
_PROTO, _FRAME = 2, 11
# Opcodes beside those of the shape and of the texts.
_OPCODES = 61
# How deep results of calls are nested in it.
_DEPTH = 2


def read_texts(
    data: Buffer, limits: Limits, budget: WorkBudget, member: str, start: int
) -> Program | None:
    """The program of a stream that makes an array of texts.

    Args:
        data: The member's bytes.
        limits: ``nesting`` and ``globals`` apply.
        budget: What the file may still cost.
        member: The stream's path.
        start: Where it begins.

    Returns:
        The program, or None if the opcodes have to be read.
    """
    match = _ARRAY.match(data, start)
    if match is None:
        return None
    length, code = match.groups()
    begin, rest = start + _FRAME, match.end(2)
    are_several = data[match.end() : match.end() + 1] == b"("
    texts, stop = _texts(data, match.end() + are_several, start + _LONGEST)
    end = stop + len(_ENDS[are_several])
    shape = shape_of(code)
    opcodes = _OPCODES + len(shape) + 2 * len(texts) + are_several
    tokens = make, array, of_objects = (
        _global("numpy._core.multiarray", "_reconstruct", begin + _NAMED),
        _global("numpy", "ndarray", begin + _ARRAY_NAMED),
        _global("numpy", "dtype", rest + _DTYPE_NAMED),
    )
    budget.names.update((token.module, token.name) for token in tokens)
    if (
        data[stop:end] != _ENDS[are_several]
        or (len(texts) != 1 and not are_several)
        or int.from_bytes(length, "little") != end - begin
        or opcodes > budget.opcodes
        or len(budget.names) > limits.globals
        or limits.nesting < _DEPTH
    ):
        return None
    array.uses.add(Use.CONSTRUCT)
    for token in (make, of_objects):
        token.uses |= {Use.CALL, Use.BUILD}
    dtype = ObjectToken(of_objects, Use.CALL, ("O8", False, True), rest + _DTYPE_MADE)
    dtype.states = (_STATE,)
    dtype.nested = dtype.taken = True
    dtype.depth = _DEPTH - 1
    empty = array, (0,), Blob.within(data, "bytes", begin + _BLOB, 1)
    made = ObjectToken(make, Use.CALL, empty, begin + _MADE)
    made.states = ((1, (*shape,), dtype, False, texts),)
    made.depth = _DEPTH
    return Program(
        member,
        data,
        segments=[bytes(data[start : start + _PROTO]), bytes(data[begin:end])],
        globals=[
            GlobalUse(token.module, token.name, token.raw, frozenset(token.uses), token.offset)
            for token in tokens
        ],
        built=[made, dtype],
        root=made,
        opcodes=opcodes,
        size=end - start,
    )


def _texts(data: Buffer, position: int, stop: int) -> tuple[list[str], int]:
    """The texts that follow each other, and where they end; none that begins behind ``stop``."""
    texts: list[str] = []
    while position < stop:
        found = short_text(data, position)
        if found is None:
            break
        text, position = found
        texts.append(text)
    return texts, position


def _global(module: str, name: str, offset: int) -> Global:
    token = Global(module, name, (module, name), offset)
    token.pushed = token.consumed = 1
    return token
