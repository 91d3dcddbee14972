"""What each opcode takes and leaves, as the most tolerant of the unpicklers has it.

Trust: a table; nothing hostile gets here.
Source: CPython 3.9 to 3.14 ``pickle.py`` and ``_pickle.c`` (``load_*``).
"""

from __future__ import annotations

from safeload.scan.pickle.tolerated import COUNTED, FLOAT, INTEGER, LINE, PLAIN, QUOTED

__all__ = [
    "CALL",
    "CLOSE",
    "FETCH",
    "FILL",
    "MOVE",
    "SPECIAL",
    "STORE",
    "TABLE",
    "WRITE",
]

# What an opcode does: it moves the stack, reads or writes the memo, calls something, writes into
# what lies below, takes what lies above a mark for one value, or for items to write.
MOVE, FETCH, STORE, CALL, WRITE, CLOSE, FILL, SPECIAL = range(8)

# Of each opcode: form and size of its argument, what it does, the items that it needs, and how
# many there are more of afterwards (above a mark that is taken away: beside what lies below).
TABLE: dict[int, tuple[int, int, int, int, int]] = {
    **dict.fromkeys(b"N\x88\x89)]}\x8f\x97", (PLAIN, 0, MOVE, 0, 1)),
    **dict.fromkeys(b"K", (PLAIN, 1, MOVE, 0, 1)),
    **dict.fromkeys(b"M", (PLAIN, 2, MOVE, 0, 1)),
    **dict.fromkeys(b"J", (PLAIN, 4, MOVE, 0, 1)),
    **dict.fromkeys(b"G", (PLAIN, 8, MOVE, 0, 1)),
    **dict.fromkeys(b"U\x8cC\x8a", (COUNTED, 1, MOVE, 0, 1)),
    **dict.fromkeys(b"TXB\x8b", (COUNTED, 4, MOVE, 0, 1)),
    **dict.fromkeys(b"\x8d\x8e\x96", (COUNTED, 8, MOVE, 0, 1)),
    **dict.fromkeys(b"IL", (INTEGER, 0, MOVE, 0, 1)),
    **dict.fromkeys(b"F", (FLOAT, 0, MOVE, 0, 1)),
    **dict.fromkeys(b"S", (QUOTED, 0, MOVE, 0, 1)),
    **dict.fromkeys(b"V", (LINE, 0, MOVE, 0, 1)),
    **dict.fromkeys(b"\x80", (PLAIN, 1, MOVE, 0, 0)),
    **dict.fromkeys(b"2", (PLAIN, 0, MOVE, 1, 1)),
    **dict.fromkeys(b"\x85\x98", (PLAIN, 0, MOVE, 1, 0)),
    **dict.fromkeys(b"\x86", (PLAIN, 0, MOVE, 2, -1)),
    **dict.fromkeys(b"\x87", (PLAIN, 0, MOVE, 3, -2)),
    **dict.fromkeys(b"g", (INTEGER, 0, FETCH, 0, 1)),
    **dict.fromkeys(b"h", (PLAIN, 1, FETCH, 0, 1)),
    **dict.fromkeys(b"j", (PLAIN, 4, FETCH, 0, 1)),
    **dict.fromkeys(b"p", (INTEGER, 0, STORE, 1, 0)),
    **dict.fromkeys(b"q", (PLAIN, 1, STORE, 1, 0)),
    **dict.fromkeys(b"r", (PLAIN, 4, STORE, 1, 0)),
    **dict.fromkeys(b"\x94", (PLAIN, 0, STORE, 1, 0)),
    **dict.fromkeys(b"R\x81", (PLAIN, 0, CALL, 2, -1)),
    **dict.fromkeys(b"\x92", (PLAIN, 0, CALL, 3, -2)),
    **dict.fromkeys(b"ab", (PLAIN, 0, WRITE, 2, -1)),
    **dict.fromkeys(b"s", (PLAIN, 0, WRITE, 3, -2)),
    **dict.fromkeys(b"tld\x91", (PLAIN, 0, CLOSE, 0, 1)),
    **dict.fromkeys(b"1", (PLAIN, 0, CLOSE, 0, 0)),
    **dict.fromkeys(b"eu\x90", (PLAIN, 0, FILL, 1, 0)),
    **dict.fromkeys(b"P", (LINE, 0, SPECIAL, 0, 0)),
    **dict.fromkeys(b"\x82", (PLAIN, 1, SPECIAL, 0, 0)),
    **dict.fromkeys(b"\x83", (PLAIN, 2, SPECIAL, 0, 0)),
    **dict.fromkeys(b"\x84", (PLAIN, 4, SPECIAL, 0, 0)),
    **dict.fromkeys(b"\x95", (PLAIN, 8, SPECIAL, 0, 0)),
    **dict.fromkeys(b"(0.ociQ\x93", (PLAIN, 0, SPECIAL, 0, 0)),
}
