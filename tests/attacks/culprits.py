"""Callables that do what no kept callable may, for a test of the search that looks for it."""

from __future__ import annotations

import faulthandler
import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np

from safeload.policy.callables.kinds import Signature

__all__ = ["CALLABLES"]

setting = 1


def crashes(_: Any) -> None:
    """End the process by a signal."""
    faulthandler._sigsegv()  # type: ignore[attr-defined]  # for tests, but not public


def never_ends(_: Any) -> None:
    """Loop."""
    for _ in itertools.count():
        pass


def hoards(_: Any) -> None:
    """Take much memory."""
    np.ones(600 << 17)


def asks(_: Any) -> None:
    """Ask for more memory than there is."""
    bytearray(1 << 42)


def writes(_: Any) -> None:
    """Open a file."""
    Path("canary").write_text("")


def imports(_: Any) -> None:
    """Import a module of no library."""
    __import__("canary_module")


def evaluates(_: Any) -> Any:
    """Run code."""
    return eval("'canary' and 1")


def runs(_: Any) -> None:
    """Start a program."""
    os.system("true")


def changes(_: Any) -> None:
    """Change a module for everybody."""
    os.altsep = str(setting)


def gives_iterator(_: Any) -> Any:
    """Give what is no data."""
    return iter([1])


def gives_tuple(_: Any) -> Any:
    """Give several parts."""
    return 1, 2


def computes(value: Any) -> Any:
    """Do nothing that is looked for."""
    return [value]


def refuses(_: Any) -> Any:
    """Raise."""
    raise ValueError


CALLABLES = {
    f"{__name__}:{function.__name__}": (function, Signature(frozenset(["array"]), ("x",)))
    for function in (
        crashes, never_ends, hoards, asks, writes, imports, evaluates, runs, changes,
        gives_iterator, gives_tuple, computes, refuses,
    )
}  # fmt: skip
