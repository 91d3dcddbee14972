"""Whether a file in a folder belongs into the report; if in doubt, it does.

A file is left out only if no unpickler gets from it to a name that it would import: not from its
bytes, nor from what decompressors make of them, nor from the members of an archive. What takes too
long to find out is in the report, as something that was not read.

Trust: bytes are hostile. A yes costs a line in the report; a no leaves the file unread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from safeload.placeholders import pointer
from safeload.scan.containers.lenient import Pieces, UndecidedError, unpackings
from safeload.scan.containers.members import is_archive, members
from safeload.scan.containers.skops.read import has_schema
from safeload.scan.endings import has_model_name, is_clear_model_name
from safeload.scan.pickle.lenient import Outcome, reach
from safeload.scan.runs import Buffer

__all__ = ["reason_to_skip"]

_KNOWN = (
    b"\x93NUMPY",
    b"\x89HDF",
    *(b"\x80" + bytes([protocol]) for protocol in range(6)),
)
# Bytes that are decompressed at first, by how much more each time, and that are kept at most.
_FIRST, _GROWTH, _KEPT = 1 << 16, 8, 1 << 26
# Bytes that are decompressed in all, and how many compressions and archives within each other are
# looked into.
_WORK = 1 << 31
# What a piece costs beside its bytes, as many bytes.
_PIECE = 1 << 10
_DEPTH = 4
_HEAD = 4096
_LISTED = (Outcome.NAME, Outcome.UNDECIDED)


class _Look(NamedTuple):
    """What was found in some bytes.

    Attributes:
        outcome: As for a walk over a stream; ENDED if more bytes might change it.
        needed: So many bytes would, at least; 0 if all that there are.
    """

    outcome: Outcome
    needed: int = 0


class _NameError(Exception):
    """A member of an archive has a model's name."""


def reason_to_skip(name: str, data: Buffer) -> str | None:
    """Why a file need not be in a report.

    Args:
        name: The file's name, without folders.
        data: The whole file.

    Returns:
        A sentence, or None for a file that does need to be.
    """
    if has_model_name(name):
        return None
    found = _Search().look(data, whole=True, depth=0)
    if found.outcome in (Outcome.NAME, Outcome.UNDECIDED):
        return None
    return pointer(bytes(data[:_HEAD]), len(data)) or "No unpickler finds a name to import in it."


class _Search:
    """A search through one file, and what it may still decompress."""

    def __init__(self) -> None:
        self._left = _WORK

    def look(self, data: Buffer, *, whole: bool, depth: int) -> _Look:
        """Look for names.

        Args:
            data: The bytes.
            whole: Whether these are all.
            depth: How many compressions and archives they were taken out of.
        """
        if bytes(data[:8]).startswith(_KNOWN):
            return _Look(Outcome.NAME)
        outcome, offset, complete = reach(data)
        if outcome in _LISTED:
            return _Look(outcome)
        if whole and (complete or has_schema(data)):
            # It may name nothing, but a model it is.
            return _Look(Outcome.NAME)
        # How many bytes it takes to see more; 0 for all of them.
        needed = [offset] if outcome is Outcome.ENDED else []
        if not whole and is_archive(data):
            needed.append(0)
        try:
            for pieces in self._sources(data, whole=whole):
                if depth == _DEPTH:
                    return _Look(Outcome.UNDECIDED)
                found = self._unpacked(iter(pieces), depth + 1)
                if found.outcome in _LISTED:
                    return found
                if found.outcome is Outcome.ENDED and isinstance(pieces, Pieces) and pieces.cut_off:
                    needed.append(0)
        except _NameError:
            return _Look(Outcome.NAME)
        except UndecidedError:
            return _Look(Outcome.UNDECIDED)
        if whole or not needed:
            return _Look(Outcome.NOTHING)
        return _Look(Outcome.ENDED, min(needed))

    def _sources(self, data: Buffer, *, whole: bool) -> Iterator[Iterable[bytes]]:
        """What decompressors and archives make of the bytes, in pieces."""
        yield from unpackings(data)
        if not whole:
            return
        for name, pieces in members(data):
            if is_clear_model_name(name):
                raise _NameError
            yield pieces

    def _unpacked(self, pieces: Iterator[bytes], depth: int) -> _Look:
        """Look for names in what comes in pieces, taking no more of it than that needs."""
        data, size = bytearray(), _FIRST
        while True:
            complete = True
            for piece in pieces:
                self._pay(len(piece))
                data += piece
                if len(data) >= size:
                    complete = False
                    break
            found = self.look(data, whole=False, depth=depth)
            if found.outcome is not Outcome.ENDED:
                return found
            if complete:
                return self._at_the_end(data, depth)
            if size >= _KEPT:
                return self._far_behind(pieces, len(data), found.needed)
            size *= _GROWTH

    def _at_the_end(self, data: bytearray, depth: int) -> _Look:
        """What there is in all of it, if that is not cut off itself."""
        found = self.look(data, whole=True, depth=depth)
        return found if found.outcome in _LISTED else _Look(Outcome.ENDED)

    def _far_behind(self, pieces: Iterator[bytes], size: int, needed: int) -> _Look:
        """Whether there are so many bytes at all that the search would have to go on."""
        if needed:
            for piece in pieces:
                self._pay(len(piece))
                size += len(piece)
                if size >= needed:
                    break
            else:
                return _Look(Outcome.ENDED)
        return _Look(Outcome.UNDECIDED)

    def _pay(self, count: int) -> None:
        # A piece that is empty has cost its input, too.
        self._left -= count + _PIECE
        if self._left < 0:
            raise UndecidedError("It decompresses to more than is looked through.")
