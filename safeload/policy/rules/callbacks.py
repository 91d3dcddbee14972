"""Argument rules of the callbacks of scikit-learn 1.9: what watches a model while it is fitted.

A scoring monitor keeps the address of a socket, to which its own ``__setstate__`` would connect.
The loader gives it none (:mod:`safeload.loading.callbacks`); whoever loads the file in another way
should find nothing but what scikit-learn writes all the same.

Trust: all arguments and states are hostile.
Source: ``sklearn/callback/_scoring_monitor.py``, ``_progressbar.py`` and ``_transport.py``.
"""

from __future__ import annotations

import re

from safeload.policy.rules.rule import Rule
from safeload.scan.program import Blob, Mapping, ObjectToken, Token

__all__ = ["CALLBACK_RULES"]

_HANDLE = ("sklearn.callback._transport", "ListenerHandle")
_MONITOR = frozenset(["_scoring", "_log", "_estimator_scorers", "_listener_handle"])
_BAR = frozenset(["max_propagation_depth", "_listener_handles"])
# A socket in a folder for temporary files, or a pipe of Windows; a pair would be a host and a port.
_ADDRESS = re.compile(
    r"/(?:[\w.+-]+/)+listener-[\w-]{1,32}|\\\\\.\\pipe\\pyc-[\w-]{1,64}", re.ASCII
)
_KEY_BYTES = 32


def _listener_handle(built: ObjectToken) -> str | None:
    """The place of a local socket as Python names it, and a key of 32 bytes.

    ``ListenerHandle("/tmp/pymp-.../listener-...", key)``.
    """
    args = built.args
    if (
        len(args) == 2
        and type(args[0]) is str
        and _ADDRESS.fullmatch(args[0])
        and "/../" not in args[0]
        and isinstance(args[1], Blob)
        and args[1].size == _KEY_BYTES
        and not built.states
        and not built.kwargs
    ):
        return None
    return "it is not a handle of a listener that scikit-learn would open"


def _scoring_monitor(built: ObjectToken) -> str | None:
    """What to score, what was logged, no scorers, and the handle of a listener."""
    state = _only_state(built, _MONITOR)
    if state is None:
        return "its state is not one that a scoring monitor writes"
    handle, scorers = state.get("_listener_handle"), state.get("_estimator_scorers")
    if not (isinstance(handle, ObjectToken) and handle.is_of(*_HANDLE)):
        return "it keeps another thing than the handle of a listener"
    if type(state.get("_log")) is not list or type(scorers) is not Mapping or scorers:
        return "its state is not one that a scoring monitor writes"
    return None


def _progress_bar(built: ObjectToken) -> str | None:
    """How deep to go, and no listeners: those are there while a model is fitted only."""
    state = _only_state(built, _BAR)
    if state is None:
        return "its state is not one that a progress bar writes"
    depth, handles = state.get("max_propagation_depth"), state.get("_listener_handles")
    if not (depth is None or type(depth) is int) or type(handles) is not Mapping or handles:
        return "its state is not one that a progress bar writes"
    return None


def _only_state(built: ObjectToken, keys: frozenset[str]) -> Mapping | None:
    """The one state of an object that is made of nothing, if it has exactly these attributes."""
    state: Token = built.states[0] if len(built.states) == 1 else None
    if type(state) is not Mapping or built.args != () or built.kwargs or built.items:
        return None
    names = state.keys
    known = all(type(name) is str for name in names) and len(names) == len(keys)
    return state if known and keys == set(names) else None


CALLBACK_RULES: dict[str, Rule] = {
    "listener_handle": _listener_handle,
    "progress_bar": _progress_bar,
    "scoring_monitor": _scoring_monitor,
}
