"""A model that does in its process what it is told to, for the tests of isolation."""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["ThirdParty"]


class ThirdParty:
    """Runs Python while it loads, if it is told to; as its predictions, it says what came of some.

    Args:
        on_load: A statement.
        returns: An expression: what ``transform`` returns.
    """

    def __init__(self, on_load: str = "", returns: str = "data") -> None:
        self.on_load = on_load
        self.returns = returns

    def __setstate__(self, state: dict[str, str]) -> None:
        vars(self).update(state)
        if self.on_load:
            ACTIONS[self.on_load]()

    def predict(self, expressions: list[str]) -> list[str]:
        """The value of each expression, or the name of the error it ended in."""
        return [_evaluated(expression) for expression in expressions]

    def transform(self, data: Any) -> Any:
        """What it was told to return."""
        return eval(self.returns, {"data": data, "np": np, "os": os})


def _evaluated(expression: str) -> str:
    try:
        return str(eval(expression, {"np": np, "call": call, "threads": threads, "loop": _loop}))
    except BaseException as error:  # noqa: BLE001  # SystemExit, too
        return type(error).__name__


def call(number: int, *arguments: int) -> str:
    """Make a system call, and name the error it ended in, if any."""
    library = ctypes.CDLL(None, use_errno=True)
    result = library.syscall(*map(ctypes.c_long, (number, *arguments)))
    return errno.errorcode[ctypes.get_errno()] if result == -1 else ""


def threads(count: int) -> int:
    """Start threads, and count those that ran."""
    ran: list[int] = []
    started = [threading.Thread(target=ran.append, args=(n,)) for n in range(count)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return len(ran)


def _loop() -> None:
    while True:
        pass


def _fail_to_import() -> None:
    raise ImportError("no such thing")


# No code is compiled while it loads: the seal would be the first to stop it.
ACTIONS: dict[str, Callable[[], object]] = {
    "abort": os.abort,
    "segfault": faulthandler._sigsegv,  # type: ignore[attr-defined]
    "loop": _loop,
    "memory": lambda: bytearray(1 << 50),
    "exit": lambda: os._exit(0),
    "fail": _fail_to_import,
    "open": lambda: Path("/etc/hostname").read_text(),
}
