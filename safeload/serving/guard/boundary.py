"""A file object and where it stands become the bytes of one pickle, and the file stands behind it.

``pickle.load`` reads one stream and leaves what follows to whoever reads on. Which opcode takes how
many bytes of argument is all that is needed to find the end. From a file that can go back, larger
pieces are read and the file is put where the stream ends; from any other, such as a pipe, not one
byte more is read than belongs to the stream.

Trust: the bytes are hostile. What is returned is what is judged and then loaded, so that to be
wrong about the end cannot let anything through.
Source: CPython ``pickletools.py``, the table of opcodes; ``Lib/pickle.py``, ``_Unpickler.load``.
"""

from __future__ import annotations

import io
import pickletools
from typing import Any, Final

from safeload.limits import Limits

__all__ = ["position_of", "read_pickle"]

# Bytes read at first where the file can go back; each further piece is as large as all before it.
_PIECE: Final = 1 << 14

# Bytes of an opcode with its argument, by opcode; or how the argument says how long it is.
_LINE, _TWO_LINES, _UNKNOWN = -1, -2, 0
_STOP: Final = ord(".")


def _sizes() -> tuple[list[int], dict[int, tuple[int, bool]]]:
    fixed, counted = [_UNKNOWN] * 256, {}
    for opcode in pickletools.opcodes:
        code = opcode.code.encode("latin-1")[0]
        argument = opcode.arg
        if argument is None:
            fixed[code] = 1
        elif argument.n >= 0:
            fixed[code] = 1 + argument.n
        elif argument.n == pickletools.UP_TO_NEWLINE:
            fixed[code] = _TWO_LINES if argument.name == "stringnl_noescape_pair" else _LINE
        else:
            counted[code] = _COUNTS[argument.n]
    return fixed, counted


# Bytes of the length that stands before an argument, and whether it may be negative.
_COUNTS = {
    pickletools.TAKEN_FROM_ARGUMENT1: (1, False),
    pickletools.TAKEN_FROM_ARGUMENT4: (4, True),
    pickletools.TAKEN_FROM_ARGUMENT4U: (4, False),
    pickletools.TAKEN_FROM_ARGUMENT8U: (8, False),
}
_FIXED, _COUNTED = _sizes()


def position_of(file: Any) -> int | None:
    """Where a file stands, bytes from its start, if it can go back there; else None."""
    try:
        if file.seekable():
            position = file.tell()
            return position if type(position) is int else None
    except (AttributeError, OSError, ValueError, io.UnsupportedOperation):
        pass
    return None


def read_pickle(file: Any, limits: Limits) -> bytes | bytearray:
    """Read the next pickle from a file.

    Args:
        file: What ``pickle.load`` takes: an object with ``read`` and ``readline``.
        limits: Bounds; no more than ``bytes_in`` is read, and a byte that shows that there is more.

    Returns:
        The bytes from where the file stands to the STOP of the stream; what there is of it, if it
        is damaged or ends before. None at all at the end of the file.

    Raises:
        TypeError: It is no such object.
        Exception: Whatever the file raises.
    """
    taken = _Taken(file, limits.bytes_in + 1)
    end = _end(taken)
    return taken.until(end)


class _Taken:
    """What was read of a file so far."""

    def __init__(self, file: Any, most: int) -> None:
        self._file = file
        self._most = most
        self.data = bytearray()
        self._start = position_of(file)
        if self._start is None and not callable(getattr(file, "readline", None)):
            raise TypeError("file must have 'read' and 'readline' attributes")

    def has(self, end: int) -> bool:
        """Read on until there are so many bytes, and say whether there are."""
        data = self.data
        while len(data) < end <= self._most:
            wanted = end - len(data)
            if self._start is not None:
                wanted = min(max(wanted, len(data), _PIECE), self._most - len(data))
            piece = self._file.read(wanted)
            if not piece:
                return False
            data += piece
        return len(data) >= end

    def line_end(self, start: int) -> int | None:
        """Where the line ends that begins there, behind its line break; None if it does not."""
        data = self.data
        looked = start
        while (found := data.find(b"\n", looked)) < 0:
            looked = len(data)
            if len(data) >= self._most:
                return None
            if self._start is None:
                data += self._file.readline()
            elif not self.has(len(data) + 1):
                return None
            if len(data) == looked:
                return None
        return found + 1

    def until(self, end: int | None) -> bytearray:
        """The bytes up to some place, behind which the file is put if it can go back."""
        if end is not None and end < len(self.data):
            del self.data[end:]
        if self._start is not None:
            self._file.seek(self._start + len(self.data))
        return self.data


def _end(taken: _Taken) -> int | None:
    """Where the stream ends; None if that is not found."""
    position, data = 0, taken.data
    while position < len(data) or taken.has(position + 1):
        opcode = data[position]
        size = _FIXED[opcode]
        if size > 0:
            position += size
            if opcode == _STOP:
                return position
        elif size < 0:
            for _ in range(-size):
                end = taken.line_end(position + 1)
                if end is None:
                    return None
                position = end - 1
            position += 1
        elif opcode in _COUNTED:
            width, signed = _COUNTED[opcode]
            start = position + 1 + width
            if not taken.has(start):
                return None
            count = int.from_bytes(data[position + 1 : start], "little", signed=signed)
            position = start + max(count, 0)
        else:
            return position + 1
    return None
