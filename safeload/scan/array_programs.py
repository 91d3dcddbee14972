"""An array outside of a pickle becomes the program that hands it over.

Trust: the bytes are hostile; the program permits nothing.
"""

from __future__ import annotations

from safeload.scan.containers.nesting import Nesting
from safeload.scan.containers.npy import NpyError, read_npy_at
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.program import Array, ArraySpan, Buffer, Program
from safeload.verdict import Finding

__all__ = ["array_at", "handing_over"]

# NONE BINPERSID STOP: hand over an array, for which nothing has to be built.
_HANDED_OVER = b"NQ."


def array_at(data: Buffer, start: int, nesting: Nesting, member: str = "") -> Program:
    """The program that makes an array in numpy's form.

    Args:
        data: Bytes.
        start: Where the array begins.
        nesting: Bounds.
        member: The array's path, for findings.

    Returns:
        For numbers and texts, a program that takes them as they lie there; for objects, the pickle
        that holds them. Its size counts from the first byte of ``data``.
    """
    try:
        npy = read_npy_at(memoryview(data), start, nesting.limits)
    except NpyError as error:
        return _odd(member, data, start, f"{str(error).capitalize()}.", "SL305")
    if npy.dtype is None:
        program = interpret(
            data,
            limits=nesting.limits,
            budget=nesting.work,
            member=member,
            start=npy.offset,
            nested=True,
        )
        program.size += npy.offset
        return program
    span = ArraySpan(npy.offset, npy.nbytes, npy.dtype, npy.shape, npy.order, described=True)
    end = npy.offset + npy.nbytes
    if end > len(data):
        return _odd(
            member, data, start, "An array has more elements than there are bytes.", "SL212"
        )
    return handing_over(member, data, span)


def handing_over(member: str, data: Buffer, span: ArraySpan) -> Program:
    """The program that makes an array of numbers or texts.

    Args:
        member: Its path, for findings.
        data: Bytes.
        span: Where in them it lies.
    """
    end = span.offset + span.nbytes
    root = Array(span, data)
    return Program(member, data, [_HANDED_OVER], [span], root=root, opcodes=3, size=end)


def _odd(member: str, data: Buffer, start: int, message: str, rule: str) -> Program:
    return Program(member, data, findings=[Finding(rule, message, member, start)], size=len(data))
