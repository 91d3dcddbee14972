"""ONNX: a graph as protocol buffers. Where its tensors lie is read, and not what it computes.

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

__all__ = ["has_other_files", "is_onnx", "read_onnx"]

_DEPTH = 64
_CLOCK = 1024
_LENGTH = 2
# The fields of a model, and what stands in messages that hold tensors: by message and field.
_MODEL = frozenset([*range(1, 9), 14, 20, 25, 26])
_INNER = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "pair"},
}


class _Field(NamedTuple):
    number: int
    kind: int
    start: int
    stop: int


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
        findings.insert(0, Finding("SL307", "A message in it leads beyond its end, or is none."))
    return Scan("onnx", [], findings, data, single=False)


def has_other_files(data: Buffer, limits: Limits) -> bool:
    """Whether some of a model's tensors lie in other files, or that cannot be told.

    Args:
        data: The whole file.
        limits: Bounds on the work.
    """
    try:
        return any(True for _ in _paths(data, Nesting.of(limits, len(data))))
    except (OverLimitError, ValueError):
        return True


def _paths(data: Buffer, nesting: Nesting) -> Iterator[str]:
    """The paths of files that tensors lie in."""
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
            inner = _INNER[message].get(field.number)
            if inner is None or field.kind != _LENGTH:
                continue
            if inner == "pair":
                key, value = _pair(data, field)
                if key == b"location":
                    yield value.decode("utf-8", "replace")
            else:
                left.append((inner, field.start, field.stop, depth + 1))


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
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            _, after = _varint(data, start, stop)
        elif kind == _LENGTH:
            length, start = _varint(data, start, stop)
            after = start + length
        elif kind in (1, 5):
            after = start + (8 if kind == 1 else 4)
        else:
            raise ValueError("no kind of field")
        if after > stop or not number:
            raise ValueError("a field beyond the end")
        yield _Field(number, kind, start, after)
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
