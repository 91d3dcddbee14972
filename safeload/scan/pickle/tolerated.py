"""What unpicklers take for an argument, though no pickler writes it so.

Trust: arguments are hostile; a yes means that some unpickler may go on.
Source: CPython 3.9 to 3.14 ``pickle.py`` and ``_pickle.c`` (``load_int``, ``load_string``, ...).
"""

from __future__ import annotations

import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable

from safeload.scan.runs import Buffer

__all__ = [
    "COUNTED",
    "FLOAT",
    "INTEGER",
    "LINE",
    "PLAIN",
    "QUOTED",
    "comes_with_python",
    "is_literal",
    "line",
    "line_end",
]

# What an opcode's argument is: so many bytes, so many of a length before it, or a line.
PLAIN, COUNTED, INTEGER, FLOAT, QUOTED, LINE = range(6)
# Characters of a literal, and of a name, beyond which they are not looked at.
_LITERAL = 1_000
_NAME = 10_000


def line_end(data: Buffer, position: int) -> int:
    """Where a line ends; the last one need not have an end."""
    end = data.find(b"\n", position)
    return end + 1 if end >= 0 else len(data)


def line(data: Buffer, start: int, end: int) -> str:
    """A line without its last character, which unpicklers take for its end."""
    return "" if end - start > _NAME else bytes(data[start : max(end - 1, start)]).decode()


def is_literal(form: int, data: Buffer, start: int, end: int) -> bool:
    """Whether some unpickler takes a line for what its opcode says."""
    if form == LINE or end - start > _LITERAL:
        return True
    line = bytes(data[start:end])
    text = line.strip()
    if form == QUOTED:
        return len(text) > 1 and text[0] == text[-1] and text[0] in b"'\""
    # C reads a number as far as the first zero byte, and may take none at all for 0.
    text = line.partition(b"\0")[0].strip()
    if form == FLOAT:
        return _is_number(float, text)
    text = text.removesuffix(b"L")
    if not text:
        return b"\0" in line
    return _is_number(lambda text: int(text, 0), text) or _is_number(int, text)


def _is_number(read: Callable[[bytes], object], text: bytes) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def comes_with_python(module: str, name: str) -> bool:
    """Whether asking for a name may do something wherever there is a Python.

    A module that is loaded already does nothing if it is asked for a name that it has not got. What
    it makes when it is asked first, ``types.CapsuleType``, it lists in ``__all__``.
    """
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    if module.partition(".")[0] not in sys.stdlib_module_names:
        return False
    loaded = sys.modules.get(module)
    if loaded is None:
        return True
    attributes, first = vars(loaded), name.partition(".")[0]
    return first in attributes or first in attributes.get("__all__", ())
