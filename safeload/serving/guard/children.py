"""A process that this one starts anew is guarded as this one is, before it unpickles its work.

``multiprocessing`` (spawn, forkserver) and joblib's loky send a new interpreter a dict of what it
has to prepare. Its own keys are read by name, so that one more is unpickled and nothing else; what
it is made from installs the guard. A process that is forked has the guard as it has all else.

Trust: what is sent is this program's own.
Source: CPython ``Lib/multiprocessing/spawn.py`` (``get_preparation_data``, ``prepare``); loky
``backend/spawn.py``.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

from safeload.serving.guard.placing import Change, place
from safeload.serving.guard.settings import Settings

__all__ = ["changes"]

_KEY = "safeload.guard"
_MODULES = ("multiprocessing.spawn", "joblib.externals.loky.backend.spawn")


class _Message:
    """What is sent; where it is unpickled, the guard is installed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __reduce__(self) -> tuple[Any, ...]:
        from safeload.serving.guard.installing import install_with

        return install_with, (self._settings,)


def changes(settings: Settings) -> Mapping[str, Change]:
    """What becomes of the modules that start processes.

    Args:
        settings: How this process is guarded.
    """
    # A function may live where the new process does not find it yet.
    told = replace(settings, log=settings.log if isinstance(settings.log, str) else None)
    return dict.fromkeys(_MODULES, functools.partial(_change, told))


def _change(settings: Settings, module: ModuleType) -> None:
    original = vars(module).get("get_preparation_data")
    if original is None:
        return

    @functools.wraps(original)
    def with_guard(*args: Any, **kwargs: Any) -> Any:
        data = original(*args, **kwargs)
        data[_KEY] = _Message(settings)
        return data

    place(original, with_guard)
