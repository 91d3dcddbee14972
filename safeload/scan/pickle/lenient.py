"""Could any unpickler get from these bytes to a name that it imports?

The machine beside this module says what a stream does, and refuses what no legitimate writer
writes. A file that it refuses may still be read by a real unpickler, up to and beyond that place.
So whether a file may be left out of a report is decided here: each opcode is taken as the most
tolerant of the unpicklers takes it, values are forgotten, and only the depth of the stack and its
marks are kept. Whatever CPython's C or Python unpickler, or joblib's, can reach, this walk reaches.

An ordinary text can begin like a stream, too: ``cat``, ``dog`` is an opcode with a module and a
name. It asks for that one import and then fails. So a name in a text counts if something is done
with it afterwards, if the stream ends properly behind it, or if its module comes with Python.

Trust: the bytes are hostile; nothing is imported or made. Time is linear in the bytes walked, and
memory in the marks that are open; both are bounded.
Source: CPython 3.9 to 3.14 ``pickle.py`` and ``_pickle.c`` (``load_*``, ``_Unpickler_Read*``);
joblib's ``NumpyUnpickler``, whose arrays take a name of their own first.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from safeload.scan.pickle.effects import CALL, CLOSE, FETCH, FILL, SPECIAL, STORE, TABLE, WRITE
from safeload.scan.pickle.tolerated import (
    COUNTED,
    PLAIN,
    comes_with_python,
    is_literal,
    line,
    line_end,
)
from safeload.scan.runs import Buffer

__all__ = ["Outcome", "Reach", "reach"]

# What takes more than that is not decided.
_OPCODES = 5_000_000
_MARKS = 1_000_000
# Bytes behind a STOP that decide whether the stream ends there.
_REST = 1_000
# Bytes that are decoded together.
_PIECE = 1 << 16
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


class Outcome(Enum):
    """What a walk found.

    NAME: an unpickler can get to a name. UNDECIDED: whether one can was not found out, for the
    stream is too long, or readers read it differently. NOTHING: none can. ENDED: none can within
    these bytes, and the stream goes on where they end.
    """

    NAME = "name"
    UNDECIDED = "undecided"
    NOTHING = "nothing"
    ENDED = "ended"


class Reach(NamedTuple):
    """How far unpicklers get.

    Attributes:
        outcome: What was found.
        offset: Where, bytes from the start; of what has ENDED, the bytes it takes to go on.
        whole: Whether the bytes are streams from the first to the last.
    """

    outcome: Outcome
    offset: int
    whole: bool = False


class _DeadError(Exception):
    """No unpickler reads on."""


class _Found(Exception):  # noqa: N818  # an end of the walk, not a fault
    """The walk is over."""

    def __init__(self, outcome: Outcome, offset: int) -> None:
        super().__init__()
        self.reach = Reach(outcome, offset)


class _Walk:
    """Where a walk is, and what it knows.

    Attributes:
        position: The next byte.
        depth: Items above the last mark.
        marks: Items between the marks before that one.
        frame_end: Where a frame ends that readers of files take in as a whole.
        stored: Something is in the memo, which outlives a stream.
        foreign: What is no plain value may be on the stack or in the memo.
        named: This stream, a text so far, asked for a name.
        other: This stream has opcodes that are not names.
    """

    def __init__(self, data: Buffer) -> None:
        self.data = data
        self.size = len(data)
        self.position = self.depth = self.opcodes = self.frame_end = self._text_end = 0
        self.marks: list[int] = []
        self.stored = self.foreign = self.named = self.other = False

    def begin(self) -> None:
        """Begin with the stream at ``position``."""
        self.depth, self.marks, self.named, self.other = 0, [], False, False

    def close(self) -> None:
        """Take away everything above the last mark, and the mark."""
        if not self.marks:
            raise _DeadError
        self.depth = self.marks.pop()

    def need(self, count: int) -> None:
        """Require items above the last mark."""
        if self.depth < count:
            raise _DeadError

    def within_frame(self, start: int, end: int) -> None:
        """Require that an argument does not reach across the end of a frame.

        Python then fails; C goes on behind it if it reads from memory, and elsewhere if it reads
        from a file.
        """
        if start < self.frame_end < end:
            raise _Found(Outcome.UNDECIDED, start)

    def ask(self) -> None:
        """Ask for the name in the next two lines."""
        start = self.position
        middle = line_end(self.data, start)
        end = line_end(self.data, middle)
        self.within_frame(start - 1, middle)
        self.within_frame(middle, end)
        self.position, self.foreign = end, True
        try:
            module, name = line(self.data, start, middle), line(self.data, middle, end)
        except UnicodeDecodeError:
            raise (_DeadError if end < self.size else EOFError) from None
        # A module whose name is not an identifier is hardly one. There are some, so the walk goes
        # on.
        if all(part.isidentifier() for part in module.split(".")):
            if not self._is_text(end) or comes_with_python(module, name):
                raise _Found(Outcome.NAME, start - 1)
            self.named = True

    def _is_text(self, end: int) -> bool:
        """Whether everything before ``end``, which is behind a line, could stand in a text."""
        start, self._text_end = self._text_end, end
        if _CONTROL.search(self.data, start, end):
            return False
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            for begin in range(start, end, _PIECE):
                stop = min(begin + _PIECE, end)
                decoder.decode(bytes(self.data[begin:stop]), final=stop == end)
        except UnicodeDecodeError:
            return False
        return True


def reach(data: Buffer) -> Reach:
    """Walk through a stream, and through those that follow it.

    Args:
        data: The bytes, decompressed.

    Returns:
        Whether an unpickler could get to a name.
    """
    walk = _Walk(data)
    try:
        while walk.position < walk.size:
            _stream(walk)
    except _Found as found:
        return found.reach
    except EOFError:
        return Reach(Outcome.ENDED, max(walk.position, walk.size + 1))
    except _DeadError:
        return Reach(Outcome.NOTHING, walk.position)
    return Reach(Outcome.ENDED, walk.size, whole=walk.size > 0)


# Written out in one loop, because a function for each opcode would double the time.
def _stream(walk: _Walk) -> None:  # noqa: C901  # a call for each would double the time
    """Walk from the first opcode of a stream to behind its STOP."""
    data, size, table = walk.data, walk.size, TABLE
    walk.begin()
    while walk.position < size:
        start = walk.position
        opcode = data[start]
        entry = table.get(opcode)
        walk.opcodes += 1
        if entry is None:
            raise _DeadError
        if walk.opcodes > _OPCODES:
            raise _Found(Outcome.UNDECIDED, start)
        form, width, action, need, delta = entry
        end = start + 1 + width
        if form == COUNTED:
            walk.within_frame(start, end)
            end += int.from_bytes(data[start + 1 : end], "little")
        elif form != PLAIN:
            end = data.find(b"\n", start) + 1
            if not end:
                raise EOFError
            if not is_literal(form, data, start + 1, end):
                raise _DeadError
        if start < walk.frame_end < end:
            raise _Found(Outcome.UNDECIDED, start)
        walk.position = end
        if end > size:
            raise EOFError
        if action == SPECIAL:
            _SPECIALS[opcode](walk, start)
            if opcode == 0x2E:
                return
            continue
        if action in (CLOSE, FILL):
            walk.close()
        if walk.depth < need or (action == FETCH and not walk.stored):
            raise _DeadError
        walk.depth += delta
        if action in (WRITE, FILL):
            # A list of words can do so with names alone; what would matter needs a value.
            if walk.named and walk.other:
                raise _Found(Outcome.NAME, start)
            continue
        walk.other = True
        if action == STORE:
            walk.stored = True
        elif action == CALL:
            _call(walk, start)
    raise EOFError


def _call(walk: _Walk, start: int) -> None:
    if walk.named:
        raise _Found(Outcome.NAME, start)
    if not walk.foreign:
        # No plain value can be called.
        raise _DeadError


# -- opcodes that are like no other --------------------------------------------------------------


def _mark(walk: _Walk, start: int) -> None:
    if len(walk.marks) >= _MARKS:
        raise _Found(Outcome.UNDECIDED, start)
    walk.marks.append(walk.depth)
    walk.depth, walk.other = 0, True


def _pop(walk: _Walk, start: int) -> None:
    if walk.depth:
        walk.depth -= 1
    else:
        walk.close()


def _stop(walk: _Walk, start: int) -> None:
    walk.need(1)
    rest = bytes(walk.data[walk.position : walk.position + _REST])
    # A file of words goes on behind a full stop, as ``.gitignore`` does.
    if walk.named and (walk.other or _CONTROL.search(rest) or not rest.strip()):
        raise _Found(Outcome.NAME, start)
    if walk.position < walk.frame_end:
        # Who loads the next stream from the same file finds it here, or behind the frame.
        raise _Found(Outcome.UNDECIDED, start)


def _global(walk: _Walk, start: int) -> None:
    walk.ask()
    walk.depth += 1


def _inst(walk: _Walk, start: int) -> None:
    # Python asks for the name before it looks for the mark.
    walk.ask()
    walk.close()
    _call(walk, start)
    walk.depth += 1


def _obj(walk: _Walk, start: int) -> None:
    walk.need(1)
    walk.close()
    _call(walk, start)
    walk.depth += 1


def _stack_global(walk: _Walk, start: int) -> None:
    # Whatever the two are, they may be texts that came from anywhere.
    walk.need(2)
    raise _Found(Outcome.NAME, start)


def _extension(walk: _Walk, start: int) -> None:
    # A process may have registered any code but 0 for a name.
    if not any(walk.data[start + 1 : walk.position]):
        raise _DeadError
    raise _Found(Outcome.NAME, start)


def _frame(walk: _Walk, start: int) -> None:
    # Python does not mind a frame that ends beyond the file.
    begin = walk.position
    end = begin + int.from_bytes(walk.data[begin - 8 : begin], "little")
    walk.within_frame(begin, end)
    if end <= walk.size:
        walk.frame_end = max(walk.frame_end, end)


def _persistent(walk: _Walk, start: int) -> None:
    # A plain unpickler fails; some, torch's among them, know what it stands for.
    walk.foreign = walk.other = True
    walk.depth += 1


def _binary_persistent(walk: _Walk, start: int) -> None:
    walk.need(1)
    walk.foreign = walk.other = True


_SPECIALS: dict[int, Callable[[_Walk, int], None]] = {
    0x28: _mark,
    0x2E: _stop,
    0x30: _pop,
    0x50: _persistent,
    0x51: _binary_persistent,
    0x63: _global,
    0x69: _inst,
    0x6F: _obj,
    0x82: _extension,
    0x83: _extension,
    0x84: _extension,
    0x93: _stack_global,
    0x95: _frame,
}
