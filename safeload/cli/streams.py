"""Is what a verb says delivered? A lost result is an error; a lost note is not one.

Verbs print their results to standard output and all else to standard error. Either may be closed,
full, or a pipe that nobody reads any more.

Trust: both streams are the user's own.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any, TextIO, cast

from safeload.errors import SafeloadError

__all__ = [
    "Ended",
    "UndeliveredError",
    "code_of",
    "deliver",
    "end_by_signals",
    "last_flush",
    "open_standard_files",
    "output_is_closed",
]


# What shells give to a program that a signal ended, with the signal's number added.
_BY_SIGNAL = 128


class UndeliveredError(SafeloadError):
    """The result could not be written; whatever it was, nobody has it."""


class Ended(KeyboardInterrupt):  # as KeyboardInterrupt, it is not an error
    """A signal that ends a process has come; it ends as by Ctrl-C, with all that is to be put away.

    Args:
        number: Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def code_of(ended: KeyboardInterrupt) -> int:
    """The exit code of a command that a signal, or Ctrl-C, has ended.

    Args:
        ended: What was raised.
    """
    return _BY_SIGNAL + (ended.number if isinstance(ended, Ended) else signal.SIGINT)


class _Stream:
    """A standard stream, or nothing if it was closed."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def isatty(self) -> bool:
        return self._stream is not None and self._stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Results(_Stream):
    """Standard output: what it does not take is an error, and stays one if somebody catches it."""

    _lost: Exception | None = None

    def write(self, text: str) -> int:
        if self._stream is None:
            self._lost = output_is_closed()
            raise self._lost
        with self._remembering():
            return self._stream.write(text)

    def flush(self) -> None:
        if self._lost is not None:
            raise self._lost
        if self._stream is not None:
            with self._remembering():
                self._stream.flush()

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError as error:
            self._lost = error
            raise
        except (OSError, ValueError) as error:
            self._lost = _undelivered(getattr(error, "strerror", None) or str(error))
            raise self._lost from error


class _Diagnostics(_Stream):
    """Standard error: what it does not take is lost, and changes nothing about the result."""

    def write(self, text: str) -> int:
        if self._stream is not None:
            with suppress(OSError, ValueError):
                self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        if self._stream is not None:
            with suppress(OSError, ValueError):
                self._stream.flush()


@contextmanager
def deliver() -> Iterator[None]:
    """Have standard output raise :class:`UndeliveredError`, and standard error nothing.

    A pipe that nobody reads any more raises ``BrokenPipeError`` as always.
    """
    before = sys.stdout, sys.stderr
    sys.stdout = cast("TextIO", _Results(sys.stdout))
    sys.stderr = cast("TextIO", _Diagnostics(sys.stderr))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def output_is_closed() -> UndeliveredError:
    """The error about a closed standard output, before any work is done for it."""
    return _undelivered("it is closed")


def open_standard_files() -> None:
    """Open what is closed of the three standard files, so that no file of ours gets its number."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest number that is free is this one.
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115  # as long as we live


def end_by_signals() -> None:
    """Have the signals that ask a process to end raise :class:`Ended`, unless they are ignored."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def last_flush() -> None:
    """Put away what the streams still hold, so that Python's own last flush cannot fail.

    It would end the process with an exit code of its own.
    """
    for stream in (sys.stdout, sys.stderr):
        _put_away(stream)


def _put_away(stream: IO[str] | None) -> None:
    if stream is None:
        return
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _undelivered(why: str) -> UndeliveredError:
    return UndeliveredError(
        f"The result cannot be written to standard output: {why}.",
        code="output-undelivered",
        hint="It is lost; run the command again where it can be written.",
    )


def _end(number: int, _frame: FrameType | None) -> None:
    raise Ended(number)
