"""When is a warning shown that a load gives?

To show one is the program's own business: it may open a log, or fetch a line of source. That is put
off until the load is over, and then left to whatever shows warnings in the thread that has loaded.
A warning that is only recorded (``catch_warnings(record=True)``) is recorded at once, by whoever
records it there and then; one that is an error is raised where it is given.

Trust: nothing is shown that would not be shown without us, and nothing twice.
Source: CPython ``Lib/warnings.py``, in 3.14 ``Lib/_py_warnings.py`` (``_showwarnmsg``,
``catch_warnings``).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import BuiltinMethodType

from safeload.loading.current import CURRENT
from safeload.loading.garbage import runs_here
from safeload.loading.presence import Presence

__all__ = ["PRESENCE", "show"]

_Show = Callable[[warnings.WarningMessage], object]
_NAME = "_showwarnmsg"
# Where Python itself has the function of that name.
_HOMES = ("warnings", "_py_warnings")
# Everything in the module that is not for the public is looked up here.
_WARNINGS = vars(warnings)


# What stands in the program's place, and what stood there.
_placed: tuple[_Show, _Show] | None = None


def show(message: warnings.WarningMessage) -> None:
    """Show a warning that was put off, in the way that is in force now."""
    now: _Show = _WARNINGS[_NAME]
    now(message)


def _put() -> None:
    global _placed  # so is what it stands for
    shown: _Show = _WARNINGS[_NAME]
    if _placed is None or shown is not _placed[0]:
        # A new one each time: what the program has put over an older one may still call that.
        placed = _deferring(shown)
        _placed = placed, shown
        _WARNINGS[_NAME] = placed


def _take() -> None:
    global _placed
    if _placed is not None:
        placed, shown = _placed
        if _WARNINGS.get(_NAME) is placed:
            _WARNINGS[_NAME] = shown
        _placed = None


def _deferring(shown: _Show) -> _Show:
    is_pythons = getattr(shown, "__module__", None) in _HOMES

    def deferring(message: warnings.WarningMessage) -> None:
        load = CURRENT.load
        if load is None or (is_pythons and _is_recorded()) or runs_here():
            shown(message)
        else:
            load.warnings.append(message)

    return deferring


def _is_recorded() -> bool:
    """Whether all that happens to a warning is that it is appended to a list."""
    if _WARNINGS.get("showwarning") is not _WARNINGS.get("_showwarning_orig"):
        return False
    append = _WARNINGS.get("_showwarnmsg_impl")
    if type(append) is BuiltinMethodType:
        return type(append.__self__) is list
    context = _WARNINGS.get("_get_context")
    return context is not None and type(getattr(context(), "log", None)) is list


PRESENCE = Presence(_put, _take)
