"""The same stream in other opcodes: those that the interpreter's loop does not have written out.

What is common in models is read in the loop itself, and everything else by a function for each
opcode. Most of what is common can be said in rarer opcodes as well, and has to mean the same.
"""

from __future__ import annotations

import pickletools
import struct
from typing import Any

__all__ = ["long_spelling"]


def long_spelling(data: bytes) -> bytes:
    """Write a stream in the rarest opcodes that say the same, and without frames.

    Args:
        data: A valid stream without arrays between its opcodes.
    """
    found = list(pickletools.genops(data))
    ends = [at for _, _, at in found[1:] if at is not None]
    chunks: list[bytes] = []
    memo: set[int] = set()
    for (opcode, argument, start), end in zip(found, [*ends, len(data)], strict=True):
        assert start is not None
        value: Any = len(memo) if opcode.name == "MEMOIZE" else argument
        if "PUT" in opcode.name or opcode.name == "MEMOIZE":
            memo.add(int(value))
        chunks.append(_longer(opcode.name, value, data[start:end]))
    return b"".join(chunks)


def _longer(name: str, argument: Any, code: bytes) -> bytes:
    match name:
        case "BININT" | "BININT1" | "BININT2":
            return b"I%d\n" % argument
        case "BINFLOAT":
            return b"F%s\n" % repr(argument).encode()
        case "NEWTRUE" | "NEWFALSE":
            return b"I%02d\n" % (name == "NEWTRUE")
        case "SHORT_BINUNICODE" | "BINUNICODE":
            text = str(argument).encode("utf-8", "surrogatepass")
            return b"\x8d" + struct.pack("<Q", len(text)) + text
        case "BINPUT" | "LONG_BINPUT" | "MEMOIZE":
            return b"p%d\n" % argument
        case "BINGET" | "LONG_BINGET":
            return b"g%d\n" % argument
        case "EMPTY_DICT":
            return b"(d"
        case "EMPTY_LIST":
            return b"(l"
        case "FRAME":
            return b""
        case _:
            return code
