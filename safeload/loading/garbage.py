"""Does the garbage collector run in this thread, in the midst of a load?

What it finalises may be anybody's, and so is what the program has it call before and after: none of
that is the file's doing. To know of it, two callbacks stand in the program's list while a load
runs, one before all others and one behind them.

Trust: what a file does may start a collection, but none is taken to run that has ended. That is
told from how many collections have ended, which the interpreter counts, and by the callback behind
all others. That one is no Python code, so that neither an interrupt nor a deep stack can keep it
from being heard.
Source: ``gc.callbacks`` and ``gc.get_stats`` in the Python documentation; CPython
``Modules/gcmodule.c`` (``invoke_gc_callback``), in 3.13 and later ``Python/gc.c``.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from safeload.loading.current import CURRENT
from safeload.loading.presence import Presence

__all__ = ["PRESENCE", "runs_here"]

# The list that the interpreter walks, whatever the name stands for later.
_CALLBACKS: list[Any] = gc.callbacks


def _collecting(phase: str, _info: object) -> None:
    load = CURRENT.load
    if phase == "start" and load is not None:
        # In this order: interrupted in between, it is as if none ran.
        load.ended_before = _ended()
        CURRENT.stop = None


# Called with "stop" and a dict, it sets the attribute of that name, in the thread that has
# collected.
_collected: Callable[[str, Any], object] = CURRENT.__setattr__


def runs_here() -> bool:
    """Whether a collection is under way in this thread that began during its load."""
    load = CURRENT.load
    if load is None or load.ended_before is None or CURRENT.stop is not None:
        return False
    before = load.ended_before
    ended = _ended()
    # It counts as ended while the callbacks are told, and ours is told last, if it is still there.
    return ended == before or (ended == before + 1 and _place(_collected) is not None)


def _ended() -> int:
    return sum(generation["collections"] for generation in gc.get_stats())


def _place(callback: object) -> int | None:
    # By identity: to compare may call what the program has put there.
    for place, other in enumerate(_CALLBACKS):
        if other is callback:
            return place
    return None


def _put() -> None:
    if _place(_collecting) is None:
        _CALLBACKS.insert(0, _collecting)
    if _place(_collected) is None:
        _CALLBACKS.append(_collected)


def _take() -> None:
    for callback in (_collecting, _collected):
        place = _place(callback)
        if place is not None:
            del _CALLBACKS[place]


PRESENCE = Presence(_put, _take)
