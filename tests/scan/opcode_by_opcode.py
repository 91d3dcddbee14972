"""The machine without what recognises several opcodes at once, to compare the two."""

from __future__ import annotations

import re
from contextlib import ExitStack
from types import ModuleType
from typing import Any
from unittest.mock import patch

from safeload.limits import Limits
from safeload.scan.pickle import interpreter, repeats
from safeload.scan.program import Buffer, Program

__all__ = ["SWITCHED_OFF", "interpret_one_by_one"]

_NOTHING = re.compile(b"(?!)")


def _no_pairs(data: Buffer, start: int, end: int) -> tuple[int, int]:
    del data, end
    return 0, start


def _no_texts(*_: object) -> None:
    return None


# What recognises a stretch: where it is looked up, and what recognises none. Without names that
# count as text, SETITEMS of a dict is left to its own function as well.
SWITCHED_OFF: dict[tuple[ModuleType, str], Any] = {
    (interpreter, "count_pairs"): _no_pairs,
    (interpreter, "read_texts"): _no_texts,
    (interpreter, "WRAPPER"): _NOTHING,
    (interpreter, "STRETCH"): _NOTHING,
    (interpreter, "_STRINGS"): frozenset(),
    (repeats, "ARGUMENTS"): _NOTHING,
}


def interpret_one_by_one(data: bytes, limits: Limits) -> Program:
    """What a stream does, read opcode by opcode.

    Args:
        data: The stream.
        limits: Bounds on it.
    """
    with ExitStack() as switches:
        for (module, name), nothing in SWITCHED_OFF.items():
            switches.enter_context(patch.object(module, name, nothing))
        return interpreter.interpret(data, limits=limits)
