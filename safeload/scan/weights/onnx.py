"""ONNX: a graph as protocol buffers. Where its tensors lie, and whose operators it has, is read.

Trust: the bytes are hostile. Messages are walked on a list, each byte of them once for each message
that it is in, up to a depth.
Source: ``onnx/onnx.proto``, ``docs/ExternalData.md``; the encoding of protocol buffers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from safeload.errors import printable
from safeload.limits import Limits
from safeload.scan.bounds.budget import OverLimitError
from safeload.scan.containers.nesting import Nesting
from safeload.scan.containers.paths import leads_outside
from safeload.scan.program import Buffer, Scan
from safeload.scan.weights.unread import unread
from safeload.verdict import Finding

__all__ = ["is_onnx", "lacking", "read_onnx"]

_DEPTH = 64
_CLOCK = 1024
_LENGTH = 2
# The fields of a model, and what stands in messages that hold tensors: by message and field.
_MODEL = frozenset([*range(1, 9), 14, 20, 25, 26])
_INNER = {
    "model": {7: "graph", 8: "operators", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 9: "operators"},
    "operators": {},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "pair"},
}
# The fields that say whose operators they are, and which one, by message.
_OPERATORS = {"operators": (1, 1), "node": (7, 4), "function": (10, 1)}
# The standard's; and onnxruntime's own, which are built into it: a text is split by one of them.
_KNOWN = frozenset([b"", b"ai.onnx", b"ai.onnx.ml", b"com.microsoft"])
# Fields of a tensor: where it lies, and that it lies elsewhere.
_PLACE, _IS_ELSEWHERE = 13, 14


class _Field(NamedTuple):
    number: int
    kind: int
    start: int
    stop: int
    value: int = 0


def is_onnx(data: Buffer) -> bool:
    """Whether all of a file are fields of a model, its version and its graph among them."""
    if data[:1] != b"\x08":
        return False
    try:
        fields = list(_fields(data, 0, len(data), most=100_000))
    except ValueError:
        return False
    numbers = {field.number for field in fields}
    return {1, 7} <= numbers <= _MODEL and all(f.kind == _LENGTH for f in fields if f.number == 7)


def read_onnx(data: Buffer, nesting: Nesting) -> Scan:
    """Look for tensors that lie elsewhere.

    Args:
        data: The whole file.
        nesting: Bounds; the clock applies.

    Returns:
        A scan without programs.
    """
    findings = [unread("ONNX")]
    try:
        for path in _paths(data, nesting):
            if leads_outside(path):
                message = f"Its weights lie outside of its folder: {printable(path)}."
                findings.insert(0, Finding("SL308", message))
    except ValueError:
        findings.insert(
            0, Finding("SL307", "A message in it leads beyond its end, or is not valid.")
        )
    return Scan("onnx", [], findings, data, single=False)


def lacking(data: Buffer, limits: Limits) -> str | None:
    """What a model takes besides itself, the operators of the standard and those of onnxruntime.

    Args:
        data: The whole file.
        limits: Bounds on the work.

    Returns:
        The first such thing in words, or that it cannot be told; None for a model that stands by
        itself. An operator that the file defines itself, as a function, is a part of it.
    """
    try:
        foreign = _foreign(data, limits)
    except OverLimitError:
        return "more work to be read than a limit allows"
    except ValueError:
        return "what is beyond its end"
    if foreign is None:
        return "a tensor that lies in another file"
    defined = foreign["function"]
    domains = {domain for domain, _ in defined}
    others = [name for name in foreign["node"] if name not in defined]
    others += [name for name in foreign["operators"] if name[0] not in domains]
    if others:
        named = printable(min(others)[0].decode("utf-8", "replace"))
        return f"operators of somebody's own ({named})"
    return None


def _foreign(data: Buffer, limits: Limits) -> dict[str, set[tuple[bytes, bytes]]] | None:
    """The operators that are not known, by message; None if a tensor lies elsewhere.

    Raises:
        OverLimitError: They are too many, or have too long names.
        ValueError: A message leads beyond its end, or is none.
    """
    found: dict[str, set[tuple[bytes, bytes]]] = {message: set() for message in _OPERATORS}
    texts: dict[int, bytes] = {}
    for message, field in _parts(data, Nesting.of(limits, len(data))):
        if message == "tensor" and field is not None and _is_elsewhere(field):
            return None
        if message not in _OPERATORS:
            continue
        whose, which = _OPERATORS[message]
        if field is None:
            # Its fields came in any order.
            domain, name = texts.get(whose, b""), texts.get(which, b"")
            if domain not in _KNOWN:
                found[message].add((domain, name))
            if len(found[message]) > limits.globals:
                raise OverLimitError("It has many operators.", "globals")
            texts.clear()
        elif field.number in (whose, which) and field.kind == _LENGTH:
            if field.stop - field.start > limits.name:
                raise OverLimitError("An operator has a long name.", "name")
            texts[field.number] = bytes(data[field.start : field.stop])
    return found


def _is_elsewhere(field: _Field) -> bool:
    return field.number == _PLACE or (field.number == _IS_ELSEWHERE and bool(field.value))


def _paths(data: Buffer, nesting: Nesting) -> Iterator[str]:
    """The paths of files that tensors lie in."""
    for message, field in _parts(data, nesting):
        if field is None or message != "tensor":
            continue
        if field.number == _PLACE and field.kind == _LENGTH:
            key, value = _pair(data, field)
            if key == b"location":
                yield value.decode("utf-8", "replace")


def _parts(data: Buffer, nesting: Nesting) -> Iterator[tuple[str, _Field | None]]:
    """The messages that hold tensors or operators: each field of one, and None after the last."""
    left = [("model", 0, len(data), 0)]
    count = 0
    while left:
        message, start, stop, depth = left.pop()
        if depth > _DEPTH:
            raise ValueError("nested too deeply")
        for field in _fields(data, start, stop):
            count += 1
            if not count % _CLOCK:
                nesting.work.check_time()
            yield message, field
            inner = _INNER[message].get(field.number)
            if inner not in (None, "pair") and field.kind == _LENGTH:
                left.append((inner, field.start, field.stop, depth + 1))
        yield message, None


def _pair(data: Buffer, field: _Field) -> tuple[bytes, bytes]:
    texts = {1: b"", 2: b""}
    for part in _fields(data, field.start, field.stop):
        texts[part.number] = bytes(data[part.start : part.stop])
    return texts[1], texts[2]


def _fields(data: Buffer, start: int, stop: int, most: int | None = None) -> Iterator[_Field]:
    """The fields of a message."""
    count = 0
    while start < stop:
        count += 1
        if most is not None and count > most:
            raise ValueError("too many fields")
        tag, start = _varint(data, start, stop)
        number, kind, value = tag >> 3, tag & 7, 0
        if kind == 0:
            value, after = _varint(data, start, stop)
        elif kind == _LENGTH:
            length, start = _varint(data, start, stop)
            after = start + length
        elif kind in (1, 5):
            after = start + (8 if kind == 1 else 4)
        else:
            raise ValueError("no kind of field")
        if after > stop or not number:
            raise ValueError("a field beyond the end")
        yield _Field(number, kind, start, after, value)
        start = after


def _varint(data: Buffer, start: int, stop: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if start >= stop:
            break
        byte = data[start]
        start += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, start
    raise ValueError("no number")
