"""What a stream writes again and again, read at once: arrays of bytes, constants, vocabularies.

What is read here has exactly the effect that :mod:`safeload.scan.pickle.interpreter` would have
given it; what is not in the one form that is known, the interpreter reads.

Trust: a match proves the form of the opcodes; tokens, types and lengths are checked as ever.
"""

from __future__ import annotations

import struct

from safeload.scan.pickle.machine import CONSTANTS, WATCHED, Machine
from safeload.scan.program import Blob, ObjectToken, Token, Use
from safeload.scan.runs import (
    ARGUMENTS,
    INTEGER,
    Run,
    count_pairs,
    number_of,
    shape_of,
    short_text,
)

__all__ = ["CALL_OPCODES", "read_batch", "read_stretch", "repeat_call"]

# How many opcodes the call takes that makes an array of bytes, beside one for each dimension.
CALL_OPCODES = 11

_CALL = Use.CALL
_FLOAT64 = struct.Struct(">d")
# Opcodes that push bytes, with the width of their length and what they push.
_BYTES = {0x96: (8, "bytearray"), 0x8E: (8, "bytes"), 0x42: (4, "bytes"), 0x43: (1, "bytes")}
# BINGET and the opcodes that push a constant, with the bytes of their arguments.
_SIZES = {0x68: 1, 0x4B: 1, 0x47: 8, 0x4E: 0, 0x88: 0, 0x89: 0}
# Stretches of constants that are kept for when they come again.
_STRETCHES = 1_000


def repeat_call(m: Machine, end: int) -> ObjectToken | None:
    """The array that numpy makes of bytes, in a call that recalls a dtype and an order.

    Does all that the opcodes of the arguments and of the call would do.

    Args:
        m: The machine, right behind the BINGET of ``_frombuffer``.
        end: Where the frame or the bytes end.

    Returns:
        The token of the array, or None if the opcodes have to be read.
    """
    data, memo, position, target = m.data, m.memo, m.position, m.frombuffer
    if data[position] != 0x28 or m.gaps or target is None:  # MARK
        return None
    width, kind = _BYTES.get(data[position + 1], (0, ""))
    start = position + 2 + width
    length = int.from_bytes(data[start - width : start], "little")
    if not width or length >= end - start:
        return None
    match = ARGUMENTS.match(data, start + length, end)
    if match is None:
        return None
    of_dtype, code, of_order = match.groups()
    recalled = m.recalled.get((of_dtype, of_order)) or _recall(m, of_dtype, of_order)
    if recalled is None:
        return None
    dtype, order = recalled
    blob = Blob.within(data, kind, start, length)
    # One of its own, as each array has.
    shape = (*shape_of(code),)
    args = blob, dtype, shape, order
    m.position = match.end()
    made = ObjectToken(target, _CALL, args, m.position - 2)
    m.program.built.append(made)
    memo += (blob, shape, args, made) if shape else (blob, args, made)
    target.uses.add(_CALL)
    target.consumed += 1
    m.taken.note(blob)
    m.shape.nest(made, dtype.depth)
    return made


def _recall(m: Machine, of_dtype: bytes, of_order: bytes) -> tuple[ObjectToken, str] | None:
    """The dtype and the order that two opcodes recall, if they are as numpy writes them."""
    index, place = int.from_bytes(of_dtype[1:], "little"), int.from_bytes(of_order[1:], "little")
    if max(index, place) >= len(m.memo):
        return None
    dtype, order = m.memo[index], m.memo[place]
    # With its state, a dtype is as good as a value.
    if type(dtype) is not ObjectToken or dtype.use is not _CALL or not dtype.states:
        return None
    if not dtype.is_of("numpy", "dtype") or type(order) is not str or len(order) > 1:
        return None
    m.shape.recurring.setdefault(id(dtype), dtype)
    dtype.nested = dtype.taken = True
    recalled = m.recalled[of_dtype, of_order] = dtype, order
    return recalled


def read_batch(m: Machine, count: int, stop: int) -> int:
    """Put the pairs of a batch into the dict on the stack; a frame may end among them.

    Does all that the opcodes of the pairs would do, those of the next frame and SETITEMS.

    Args:
        m: The machine, at the first pair, behind the MARK.
        count: How many pairs there are up to ``stop``.
        stop: Where they end; no further than the frame.

    Returns:
        How many opcodes that were, or 0 if they have to be read.
    """
    data = m.data
    if stop != m.frame_end and data[stop : stop + 1] == b"u":  # SETITEMS
        _add_run(m, m.position, stop, count)
        m.position = stop + 1
        return 3 * count + 1
    # Before a key or before a value, where it has its key in the frame that ends.
    split = short_text(data, stop)
    frame = stop if split is None else split[1]
    inner = frame + 9
    if frame != m.frame_end or data[frame : frame + 1] != b"\x95":  # FRAME
        return 0
    value = None if split is None else INTEGER.match(data, inner)
    size, rest = int.from_bytes(data[frame + 1 : inner], "little"), inner
    if split is not None:
        if value is None:
            return 0
        rest = value.end()
    more, end = count_pairs(data, rest, len(data))
    if data[end : end + 1] != b"u" or end >= inner + size:
        return 0
    _add_run(m, m.position, stop, count)
    m.position = frame
    m.leave_frame()
    m.position = inner
    m.enter_frame(size)
    if split is not None and value is not None:
        m.stack[-1] += split[0], number_of(value[0])
        m.memo.append(split[0])
        count += 1
    if more:
        _add_run(m, rest, end, more)
    m.position = end + 1
    return 3 * (count + more) + 2


def _add_run(m: Machine, start: int, stop: int, count: int) -> None:
    run = Run(m.data, start, stop, len(m.memo), count)
    m.stack[-1].append(run)
    m.memo += [run] * count


def read_stretch(m: Machine, code: bytes) -> tuple[list[Token], int, int]:
    """What opcodes push that push constants and what the memo holds, this time and the next.

    Those behind the first that does more than that are left to be read.

    Args:
        m: The machine.
        code: What :data:`~safeload.scan.runs.STRETCH` matched.

    Returns:
        The tokens, how many bytes of the code they take, and how many of them take no memory of
        their own, because they are there already.
    """
    if len(m.stretches) >= _STRETCHES:
        m.stretches.clear()
    values: list[Token] = []
    position = 0
    while position < len(code):
        opcode = code[position]
        stop = position + 1 + _SIZES[opcode]
        if opcode == 0x68:  # BINGET
            index = code[position + 1]
            if index >= len(m.memo) or type(m.memo[index]) in WATCHED:
                break
            values.append(m.memo[index])
        elif opcode == 0x4B:  # BININT1
            values.append(code[position + 1])
        elif opcode == 0x47:  # BINFLOAT
            values += _FLOAT64.unpack_from(code, position + 1)
        else:
            values.append(CONSTANTS[opcode])
        position = stop
    return values, position, sum(type(value) is not float for value in values)
