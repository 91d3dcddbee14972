"""Functions that a careless policy allows, for the tests of the seal: each does something odd.

Loads reach them by name, as ``tests.loading.gadgets``.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = [
    "Touches",
    "audit",
    "collect_garbage",
    "forbid_later",
    "interrupt",
    "leave",
    "native_library",
    "open_in_a_thread",
    "set_on_load",
    "swallow_everything",
    "swallow_exceptions",
    "wait",
    "warn",
]

# What another thread is told and what it tells, for ``wait``.
started, finished = threading.Event(), threading.Event()
# Called by ``set_on_load``, whatever a test puts here.
on_load: list[Callable[[], Any]] = []


def swallow_exceptions(path: str) -> str:
    """Hide what went wrong, as much library code does."""
    with contextlib.suppress(Exception):
        Path(path).mkdir()
    return "loaded"


def swallow_everything(path: str) -> str:
    """Hide even what is no ``Exception``, and try again."""
    for _ in range(2):
        try:
            Path(path).mkdir()
        except:  # noqa: E722  # that is the point
            pass
        finally:
            with contextlib.suppress(BaseException):
                os.mkdir(path)  # noqa: PTH102
    return "loaded"


def leave(path: str) -> None:
    """End the program, after something was tried."""
    with contextlib.suppress(BaseException):
        Path(path).mkdir()
    sys.exit(0)


def interrupt() -> None:
    """Do what Ctrl-C does."""
    raise KeyboardInterrupt


def collect_garbage() -> str:
    """Have the garbage collector finalise whatever there is."""
    gc.collect()
    return "loaded"


def warn(text: str) -> str:
    """Warn, as scikit-learn does of models of another release."""
    warnings.warn(text, UserWarning, stacklevel=1)
    return "loaded"


def wait() -> str:
    """Let another thread do its work before the load goes on."""
    started.set()
    assert finished.wait(60)
    return "loaded"


def open_in_a_thread(path: str) -> str:
    """Have another thread do what this one may not."""
    thread = threading.Thread(target=Path(path).mkdir)
    thread.start()
    thread.join()
    return "loaded"


def set_on_load() -> Any:
    """Do what the test says."""
    return [action() for action in on_load]


class Touches:
    """An object that makes a file while its state is set."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __setstate__(self, state: dict[str, str]) -> None:
        Path(state["path"]).mkdir()


def audit(event: str, *args: Any) -> str:
    """Raise an audit event that nothing stands behind."""
    sys.audit(event, *args)
    return "loaded"


def native_library(name: str) -> Any:
    """A function of the library that is Python itself."""
    import ctypes

    return getattr(ctypes.pythonapi, name)


def forbid_later() -> None:
    """Add an audit hook that would see everything from then on."""
    sys.addaudithook(lambda event, args: None)
