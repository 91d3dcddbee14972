"""The functions and the class of ``pickle``, guarded.

What is small and plain passes; so does what comes from an exempted function. All else is one stream
of bytes, which the guard loads or, where it only reports, the original.

``pickle.load`` and ``pickle.loads`` are no Python functions, and a class that keeps one of them as
an attribute counts on that. So their stand-ins are objects.

Trust: bytes and files are hostile.
Source: CPython ``Modules/_pickle.c``; signatures in the ``pickle`` documentation.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import FrameType
from typing import Any

from safeload.errors import ArtefactError
from safeload.serving.guard.boundary import position_of, read_pickle
from safeload.serving.guard.exemptions import through
from safeload.serving.guard.guard import Guard, Wanted, path_of
from safeload.serving.guard.plain import is_plain

__all__ = ["GuardedLoad", "GuardedLoads", "guarded_unpickler"]

_Original = Callable[..., Any]
_Options = Mapping[str, Any]
# Protocols that have no strings of Python 2.
_MODERN = (b"\x80\x03", b"\x80\x04", b"\x80\x05")
_LOADS = pickle.loads
_FETCHES = frozenset(["GET", "BINGET", "LONG_BINGET"])


class _Function:
    """A stand-in for a function of ``pickle``, which pickles as that function.

    Args:
        guard: What guards this process.
        original: The function.
    """

    def __init__(self, guard: Guard, original: _Original) -> None:
        self._guard = guard
        self._original = original
        self.__name__ = self.__qualname__ = original.__name__
        self.__module__ = "pickle"
        self.__doc__ = original.__doc__
        self.__wrapped__ = original

    def __repr__(self) -> str:
        return f"<function pickle.{self.__name__}, guarded by safeload>"

    def __reduce__(self) -> str:
        return self.__name__


class GuardedLoads(_Function):
    """What stands for ``pickle.loads``."""

    def __call__(self, data: Any, /, **options: Any) -> Any:
        """Make the object that bytes describe, as ``pickle.loads`` does."""
        guard, frame = self._guard, sys._getframe(1)  # noqa: SLF001
        if guard.passes(frame):
            return through(self._original, data, **options)
        if type(data) is not bytes:
            # Somebody may change them between check and use, if they are not ours.
            data = bytes(memoryview(data))
        if is_plain(data):
            return self._original(data, **options)
        original = partial(self._original, data, **options)
        # What follows the stream is nobody's business: pickle does not look at it.
        whole = bytes(read_pickle(io.BytesIO(data), guard.settings.limits))
        return _load(guard, Wanted("pickle.loads", whole, original, frame), options)


class GuardedLoad(_Function):
    """What stands for ``pickle.load``."""

    def __call__(self, file: Any, **options: Any) -> Any:
        """Make the object that the next stream in a file describes, as ``pickle.load`` does."""
        guard, frame = self._guard, sys._getframe(1)  # noqa: SLF001
        if guard.passes(frame):
            return through(self._original, file, **options)
        return _load_next(guard, "pickle.load", self._original, file, options, frame)


def guarded_unpickler(guard: Guard, original: Any) -> type:
    """What stands for ``pickle.Unpickler``, a subclass of it.

    Its own instances load by the guard. Those of its subclasses, which may find classes in a way of
    their own, load by themselves: what they ask ``pickle`` for meets the event.

    Args:
        guard: What guards this process.
        original: The class.
    """

    class Unpickler(original):  # type: ignore[misc]
        __doc__ = original.__doc__

        def __init__(self, file: Any, **options: Any) -> None:
            super().__init__(file, **options)
            self.__file, self.__options, self.__again = file, options, False

        def load(self) -> Any:
            frame = sys._getframe(1)  # noqa: SLF001
            own = super().load
            if guard.passes(frame):
                return through(own)
            if type(self) is not Unpickler or "persistent_load" in vars(self):
                return own()
            again, self.__again = self.__again, True
            return _load_with(guard, own, self.__file, self.__options, frame, again=again)

    Unpickler.__module__, Unpickler.__qualname__ = "pickle", "Unpickler"
    return Unpickler


def _load_with(
    guard: Guard,
    own: Callable[[], Any],
    file: Any,
    options: _Options,
    frame: FrameType,
    *,
    again: bool,
) -> Any:
    """Load the next stream by an unpickler that may have loaded others before."""
    loader, limits = "pickle.Unpickler", guard.settings.limits
    if guard.enforces:
        data = bytes(read_pickle(file, limits))
        if again and _fetches(data):
            raise ArtefactError(
                "A second stream may refer to the first one's memo, which the guard does not keep.",
                code="memo-shared",
                hint="Dump each object by pickle.dump, and load each by pickle.load.",
            )
        path = path_of(file) if not again else None
        return _load(guard, Wanted(loader, data, own, frame, path), options)
    start, found = position_of(file), None
    if start is not None:
        found = bytes(read_pickle(file, limits))
        file.seek(start)
    return guard.load(Wanted(loader, found, own, frame, path_of(file)))


def _fetches(data: bytes) -> bool:
    """Whether a stream takes something from the memo, or cannot be read."""
    try:
        return any(opcode.name in _FETCHES for opcode, _, _ in pickletools.genops(data))
    except ValueError:
        return True


def _load_next(
    guard: Guard, loader: str, original: _Original, file: Any, options: _Options, frame: FrameType
) -> Any:
    """Load the next stream of a file."""
    start = position_of(file)
    if not guard.enforces and start is None:
        return _listen(guard, loader, original, file, options, frame)
    data = bytes(read_pickle(file, guard.settings.limits))
    path = path_of(file) if start == 0 else None
    wanted = Wanted(loader, data, partial(original, file, **options), frame, path)
    if guard.enforces:
        return _load(guard, wanted, options)
    file.seek(start)
    return guard.load(wanted)


def _load(guard: Guard, wanted: Wanted, options: _Options) -> Any:
    """Load one stream."""
    data = bytes(wanted.source)
    if not guard.enforces:
        return guard.load(wanted)
    if is_plain(data) or not data:
        # Where there is nothing, pickle has an error of its own, which tells programs that they
        # have read all.
        return _LOADS(data, **options)
    if options.get("encoding") == "bytes" and not data.startswith(_MODERN):
        raise ArtefactError(
            "Text of Python 2 is asked for as bytes, which the guard does not do.",
            code="python2-bytes",
            hint="Leave out encoding='bytes', or write the file anew with Python 3.",
        )
    return guard.load(wanted)


def _listen(
    guard: Guard, loader: str, original: _Original, file: Any, options: _Options, frame: FrameType
) -> Any:
    """Load the next stream of a file that cannot go back, and report on what was read."""
    heard = _Heard(file)
    try:
        return through(original, heard, **options)
    finally:
        guard.report(Wanted(loader, bytes(heard.data), original, frame))


class _Heard:
    """A file, and what was read of it.

    It has no more than the two methods that an unpickler needs, so that nothing is read ahead.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self.data = bytearray()

    def read(self, size: int) -> Any:
        return self._keep(self._file.read(size))

    def readline(self) -> Any:
        return self._keep(self._file.readline())

    def _keep(self, piece: Any) -> Any:
        self.data += piece
        return piece
