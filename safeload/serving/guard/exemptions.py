"""Who may unpickle unguarded? Functions by which the processes of one program talk to each other.

What multiprocessing, joblib and Dask send from process to process is pickled, functions and all; no
allow-list fits it, and whoever can put bytes there has the program already. So loads that come from
one of these functions pass: from the function itself, told by its very code, not by a name that
somebody could take. Between it and the unpickler only functions may stand that are a part of the
unpickler. A function that is called *by* what is unpickled, and unpickles in its turn, is neither.

Trust: the frames of this process are the program's own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import FrameType, ModuleType
from typing import Any

from safeload.errors import UsageError
from safeload.owners.reading import require_own

__all__ = ["EXEMPTIONS", "PARTS", "Exemption", "Exemptions", "through"]


@dataclass(frozen=True, slots=True)
class Exemption:
    """Functions that may unpickle unguarded.

    Attributes:
        functions: As ``"module:qualified.name"``.
        reason: What they are for.
        risk: Who can run code by way of them.
        holds: Whether it applies to a call, told by the frame; None if it always does.
    """

    functions: tuple[str, ...]
    reason: str
    risk: str
    holds: Callable[[FrameType], bool] | None = None


def _is_own(frame: FrameType) -> bool:
    """Whether nobody else can write to what joblib's store is about to read."""
    path = frame.f_locals.get("filename")
    try:
        require_own(path, noun="cache", code="cache-writable")  # type: ignore[arg-type]
    except (OSError, TypeError, UsageError):
        return False
    return True


_PIPES = (
    "Whoever can write to the pipes of the program, which is its own user and root; and to a "
    "listener of multiprocessing.connection, whoever has its authkey."
)
EXEMPTIONS = (
    Exemption(
        ("multiprocessing.connection:_ConnectionBase.recv",),
        "Messages between processes: Pipe, Pool, managers, and what builds on them.",
        _PIPES,
    ),
    Exemption(
        ("multiprocessing.queues:Queue.get", "multiprocessing.queues:SimpleQueue.get"),
        "Queues between processes: Pool, concurrent.futures, joblib.",
        _PIPES,
    ),
    Exemption(
        (
            "multiprocessing.spawn:_main",
            "joblib.externals.loky.backend.popen_loky_posix:<module>",
            "joblib.externals.loky.backend.popen_loky_win32:main",
        ),
        "What a process is to do that was just started.",
        "Whoever can write to the pipe that it was started with, which is the program itself.",
    ),
    Exemption(
        ("joblib._memmapping_reducer:ArrayMemmapForwardReducer.__call__",),
        "joblib reads back an array that it has just written for its workers.",
        "Whoever can write to joblib's temporary folder, which is its own user and root.",
    ),
    Exemption(
        ("joblib._store_backends:StoreBackendMixin.load_item",),
        "A joblib.Memory cache that nobody else can write to; others are judged by the policy.",
        "Whoever can write to the cache as its user, such as another program of that user.",
        _is_own,
    ),
    Exemption(
        ("distributed.protocol.pickle:loads",),
        "Messages and tasks of a Dask cluster.",
        "Whoever can connect to the scheduler or a worker; Dask asks for TLS where that is others.",
    ),
    Exemption(
        ("dask.tokenize:_normalize_pickle",),
        "Dask reads back what it has just written, to see whether it can tell two of them apart.",
        "Nobody: it reads no bytes but its own.",
    ),
)
# What stands between those functions and the unpickler: parts of unpicklers.
PARTS = (
    "pickle:_Unpickler.*",
    "joblib.numpy_pickle:NumpyUnpickler.*",
    "joblib.numpy_pickle:NumpyArrayWrapper.*",
    "joblib.numpy_pickle:_unpickle",
    "joblib.numpy_pickle:load",
    "joblib.numpy_pickle:load_temporary_memmap",
    "joblib.externals.loky.cloudpickle_wrapper:_reconstruct_wrapper",
)


def through(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a loader as it was before the guard, for a caller that may."""
    return original(*args, **kwargs)


class Exemptions:
    """Those that ship with safeload, and a program's own.

    Args:
        more: Further functions, as ``"module:qualified.name"``.
    """

    def __init__(self, more: Iterable[str] = ()) -> None:
        own = Exemption(tuple(more), "The program's own.", "As the program says.")
        self._by_name: dict[str, list[tuple[str, Exemption | None]]] = {}
        for exemption in (*EXEMPTIONS, own):
            for function in exemption.functions:
                self._add(function, exemption)
        for function in PARTS:
            self._add(function, None)

    def _add(self, function: str, exemption: Exemption | None) -> None:
        module, _, name = function.partition(":")
        self._by_name.setdefault(name, []).append((module, exemption))

    def include(self, frame: FrameType | None) -> bool:
        """Whether a load may pass.

        Args:
            frame: The function that called an unpickler, or a loader.
        """
        while frame is not None:
            if frame.f_code is through.__code__:
                return True
            found, exemption = self._find(frame)
            if not found:
                return False
            if exemption is not None:
                return exemption.holds is None or exemption.holds(frame)
            frame = frame.f_back
        return False

    def _find(self, frame: FrameType) -> tuple[bool, Exemption | None]:
        name = frame.f_code.co_qualname
        rows = self._by_name.get(name) or self._by_name.get(f"{name.rpartition('.')[0]}.*")
        for module, exemption in rows or ():
            if _is(frame, module, name):
                return True, exemption
        return False, None


def _is(frame: FrameType, module: str, name: str) -> bool:
    """Whether a frame runs the very code of a function of an imported module."""
    if name == "<module>":
        # It is run as a program, and then goes by another name.
        return getattr(frame.f_globals.get("__spec__"), "name", None) == module
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        # Modules and classes may have a __getattr__ of their own, which is not asked.
        found = vars(found).get(part) if isinstance(found, type | ModuleType) else None
    for wrapped in ("__func__", "__wrapped__"):
        found = getattr(found, wrapped, found)
    return getattr(found, "__code__", None) is frame.f_code
