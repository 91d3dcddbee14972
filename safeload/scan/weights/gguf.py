"""GGUF: counts, metadata, the places of tensors, and their bytes. All of it is walked.

Trust: the bytes are hostile. Every length is compared with what is left before it is believed. A
chat template among the metadata is a program in Jinja, which whoever runs the model runs: a note.
Source: ``docs/gguf.md`` of ggml; the sizes of its types in ``gguf-py``.
"""

from __future__ import annotations

import struct
from math import prod

from safeload.scan.containers.nesting import Nesting
from safeload.scan.program import Buffer, Scan
from safeload.verdict import Finding

__all__ = ["is_gguf", "read_gguf"]

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_TEXT, _LIST = 8, 9
# Bytes of a value, by the number of its type.
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_WHOLE = {0: "<B", 2: "<H", 4: "<I", 5: "<i", 10: "<Q"}
_DEPTH, _DIMENSIONS = 4, 8
# Elements of a block and its bytes, by the number of a tensor's type.
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    9: (32, 36), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
    15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18),
    21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8),
    28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
_CLOCK = 1024


class _UnknownError(Exception):
    """It has something that this module does not know; the text is a sentence."""


def is_gguf(data: Buffer) -> bool:
    """Whether a file begins with the magic bytes."""
    return data[: len(_MAGIC)] == _MAGIC


def read_gguf(data: Buffer, nesting: Nesting) -> Scan:
    """Walk through a file.

    Args:
        data: The whole file.
        nesting: Bounds; the clock applies.

    Returns:
        A scan without programs.
    """
    walk = _Walk(data, nesting)
    try:
        walk.run()
    except _UnknownError as unknown:
        walk.findings.append(Finding("SL013", str(unknown), offset=walk.place))
    except (ValueError, struct.error):
        message = "A length in the file leads beyond its end, or is not valid."
        walk.findings.append(Finding("SL307", message, offset=walk.place))
    return Scan("gguf", [], walk.findings, data, single=False)


class _Walk:
    def __init__(self, data: Buffer, nesting: Nesting) -> None:
        self._data = data
        self._nesting = nesting
        self.place = len(_MAGIC)
        self.findings: list[Finding] = []
        self._alignment = 32
        self._steps = 0

    def run(self) -> None:
        version = self._number("<I")
        if version not in _VERSIONS:
            raise _UnknownError(f"It is GGUF of version {version}, which safeload does not read.")
        tensors, pairs = self._number("<Q"), self._number("<Q")
        for _ in range(pairs):
            self._pair()
        ends = [self._tensor() for _ in range(tensors)]
        start = self._aligned(self.place)
        end = start + max(ends, default=0)
        if tensors and end > len(self._data):
            raise ValueError("tensors beyond the end")
        if self._aligned(end) < len(self._data):
            self.place = end
            raise _UnknownError("Bytes follow the last tensor, which safeload does not read.")

    def _pair(self) -> None:
        key = self._text()
        kind = self._number("<I")
        if key == b"general.alignment" and kind in _WHOLE:
            place = self.place
            self._alignment = self._number(_WHOLE[kind])
            self.place = place
            if not 1 <= self._alignment <= 1 << 20:
                raise ValueError("no alignment")
        if key.startswith(b"tokenizer.chat_template") and kind == _TEXT:
            message = "It has a chat template: a program in Jinja, which others run."
            self.findings.append(Finding("SL903", message, offset=self.place))
        self._value(kind, 0)

    def _value(self, kind: int, depth: int) -> None:
        if kind == _TEXT:
            self._text()
        elif kind == _LIST and depth < _DEPTH:
            inner, count = self._number("<I"), self._number("<Q")
            if inner in _SIZES:
                self._skip(count * _SIZES[inner])
            else:
                for _ in range(count):
                    self._value(inner, depth + 1)
        elif kind in _SIZES:
            self._skip(_SIZES[kind])
        else:
            raise _UnknownError("It has a value of a type that safeload does not know.")

    def _tensor(self) -> int:
        """Where a tensor ends, counted from the first byte of tensors."""
        self._text()
        dimensions = self._number("<I")
        if dimensions > _DIMENSIONS:
            raise ValueError("too many dimensions")
        count = prod(self._number("<Q") for _ in range(dimensions))
        kind, offset = self._number("<I"), self._number("<Q")
        if kind not in _BLOCKS:
            raise _UnknownError("It has a tensor of a type that safeload does not know.")
        elements, size = _BLOCKS[kind]
        if offset % self._alignment or count % elements:
            raise ValueError("a tensor between two places")
        return offset + count // elements * size

    def _aligned(self, place: int) -> int:
        return place + -place % self._alignment

    def _number(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self._data, self.place)
        self.place += struct.calcsize(form)
        self._steps += 1
        if not self._steps % _CLOCK:
            self._nesting.work.check_time()
        return int(value)

    def _text(self) -> bytes:
        length = self._number("<Q")
        start = self.place
        self._skip(length)
        # Only keys are compared with anything.
        return bytes(self._data[start : start + min(length, 64)])

    def _skip(self, count: int) -> None:
        if count > len(self._data) - self.place:
            raise ValueError("beyond the end")
        self.place += count
