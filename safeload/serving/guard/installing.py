"""The guard comes into a process, once: loaders are replaced, and the event is listened to.

Trust: not applicable; nothing from a file comes here.
"""

from __future__ import annotations

import pickle
from dataclasses import replace

import safeload.loading.guard  # noqa: F401  # its unpickler builds on the class as it is now
from safeload.errors import UsageError
from safeload.forks import IMPORTING
from safeload.serving.guard import children, libraries
from safeload.serving.guard.event import listen
from safeload.serving.guard.guard import Guard
from safeload.serving.guard.pickles import GuardedLoad, GuardedLoads, guarded_unpickler
from safeload.serving.guard.placing import place, when_imported
from safeload.serving.guard.settings import Settings

__all__ = ["install_with"]

_installed: Settings | None = None


def install_with(settings: Settings) -> None:
    """Guard this process.

    Args:
        settings: How.

    Raises:
        UsageError: The policy, trust file or log cannot be used, or the guard is there with other
            settings (``guard-installed``).
        LoadError: Another audit hook keeps the guard's out (``no-guard``).
    """
    global _installed  # so is what it has changed
    with IMPORTING:
        if _installed is None:
            _install(settings)
            _installed = settings
        elif replace(_installed, log=None) != replace(settings, log=None):
            raise UsageError(
                "The guard is in this process already, with other settings.",
                code="guard-installed",
                hint="Install it in one place, before anything loads a model.",
            )


def _install(settings: Settings) -> None:
    guard = Guard(settings)
    # The event first: if it cannot be heard, nothing was changed.
    listen(guard)
    when_imported({**libraries.changes(guard), **children.changes(settings)})
    place(pickle.load, GuardedLoad(guard, pickle.load))
    place(pickle.loads, GuardedLoads(guard, pickle.loads))
    place(pickle.Unpickler, guarded_unpickler(guard, pickle.Unpickler))
