"""What takes the place of scikit-learn's scoring monitor while a file is unpickled?

A scoring monitor opens a socket when it is made, and when it is unpickled connects to the one that
the file names, or opens another. This one does neither: what is sent to it within the process goes
straight to its log, as it would in the process that made it. Workers of other processes do not
reach it; a copy of it (``clone``, ``deepcopy``) opens a socket of its own.

Trust: the state passed its rule; the address in it is thrown away.
Source: ``__setstate__`` of scikit-learn's ``ScoringMonitor``; ``send`` of ``_transport``.
"""

from __future__ import annotations

import uuid
import weakref
from functools import cache, partial
from typing import Any

__all__ = ["MONITOR", "monitor_class"]

MONITOR = ("sklearn.callback._scoring_monitor", "ScoringMonitor")


@cache
def monitor_class() -> type:
    """A class whose instances are scoring monitors that take a state in a way of their own.

    Raises:
        ImportError: The installed release of scikit-learn has no such class.
        AttributeError: It has another one.
    """
    from sklearn.callback import _transport
    from sklearn.callback._scoring_monitor import ScoringMonitor

    def restore(monitor: Any, state: dict[str, Any]) -> None:
        monitor.__dict__.clear()
        monitor.__dict__.update(state)
        handle = _transport.ListenerHandle(address=f"none-{uuid.uuid4().hex}", authkey=b"")
        _transport._message_consumers[handle.address] = monitor._log.append  # noqa: SLF001
        weakref.finalize(monitor, _transport.close_listener, handle)
        monitor._listener_handle = handle  # noqa: SLF001

    class Maker(ScoringMonitor):  # type: ignore[misc]  # scikit-learn has no types
        def __new__(cls) -> Any:
            monitor = object.__new__(ScoringMonitor)
            # An unpickler asks the instance for it, so that the class's own is never called.
            monitor.__dict__["__setstate__"] = partial(restore, monitor)
            return monitor

    return Maker
