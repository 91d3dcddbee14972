"""What one process holds of another that it has started: its number, and pipes; both given back.

They belong to the process that started it. A fork of that process has copies of the pipes, which
would keep the other side waiting for somebody who is gone: they are closed there at once, and
nothing else is done there. A pipe that a thread is using is closed by that thread, when it is done:
its number may be that of another file right after.

Trust: the other process may do anything, its end included, at any time.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from io import FileIO
from typing import Any

from safeload.errors import UsageError
from safeload.forks import Lock
from safeload.isolation.clock import Clock
from safeload.isolation.descriptors import close_own, identity

__all__ = ["Held", "Started", "no_signal"]


class _State(Enum):
    RUNS = auto()
    ENDED = auto()
    FORGOTTEN = auto()


# Held by whoever makes or closes pipes, or forks: a fork has either all of them in its list, or
# none. A signal's handler, or the end of an object, may come in between in the same thread.
_LOCK = Lock()
_ALL: set[Held] = set()
# Windows cannot wait for a pipe. Some libraries take this away from a program while it runs.
_POLL = getattr(select, "poll", None)
# Seconds between two looks: at whether it has ended, and at whether somebody has ended it.
_MOMENT = 0.01
_WHILE = 1.0


class Started(subprocess.Popen[bytes]):
    """A process, with a pipe to it, a pipe from it, and one whose end tells it of ours.

    Args:
        command: The program and its arguments.
        life: The end of a pipe that the process watches, or None.
        options: As ``Popen`` takes them.
    """

    def __init__(self, command: list[str], *, life: FileIO | None, **options: Any) -> None:
        self.life = life
        pipe = subprocess.PIPE
        super().__init__(command, bufsize=0, stdin=pipe, stdout=pipe, **options)


class Held:
    """A process that was started, and its pipes.

    Args:
        start: Starts it.

    Attributes:
        process: The process.
    """

    def __init__(self, start: Callable[[], Started]) -> None:
        self._owner = os.getpid()
        self._elsewhere = False
        self._users = 0
        self._ended = False
        with _LOCK:
            self.process = start()
            requests, answers, life = self.process.stdin, self.process.stdout, self.process.life
            if requests is None or answers is None:
                raise AssertionError("started with pipes")
            self.requests, self.answers = requests.fileno(), answers.fileno()
            pipes = (requests, answers, life)
            self._pipes = {pipe: identity(pipe) for pipe in pipes if pipe is not None}
            _ALL.add(self)
        if _POLL and sys.platform != "win32":
            os.set_blocking(self.requests, False)
            os.set_blocking(self.answers, False)

    def check(self) -> None:
        """See that it can be used.

        Raises:
            UsageError: It has ended, or belongs to another process, or its pipes are gone.
        """
        if self._is_elsewhere():
            raise UsageError(
                "The isolated model was loaded in another process, which this one was forked from.",
                code="isolated-elsewhere",
                hint="Load it after the fork: in each worker, not before they are started.",
            )
        if self._ended:
            raise UsageError(
                "The isolated model has been closed.", code="isolated-closed", hint="Load it anew."
            )
        if any(identity(pipe) != known for pipe, known in self._pipes.items()):
            raise UsageError(
                "Something in this program has closed the pipes of the isolated model.",
                code="isolated-closed",
                hint="Programs that close all files to go into the background load it after that.",
            )

    @contextmanager
    def used(self, clock: Clock) -> Iterator[None]:
        """Keep the pipes open for as long as they are used.

        Args:
            clock: The time for it.

        Raises:
            UsageError: It has ended, or belongs to another process.
        """
        with _LOCK:
            self.check()
            self._users += 1
        # Where a pipe cannot be waited for, it is at its end when the process is.
        timer = None if _POLL else threading.Timer(clock.left(), self.process.kill)
        try:
            if timer is not None:
                timer.start()
            yield
        finally:
            if timer is not None:
                timer.cancel()
            with _LOCK:
                self._users -= 1
                self._close_unused()

    def wait(self, clock: Clock, *, writing: bool) -> None:
        """Wait until a pipe can be used.

        Args:
            clock: The time for it.
            writing: Which pipe: to the process, or from it.

        Raises:
            LateError: The time is over.
            UsageError: It was ended meanwhile, or this process is a fork by now.
        """
        if sys.platform == "win32" or not _POLL:
            self.check()
            clock.left()
            return
        poll = _POLL()
        poll.register(
            *((self.requests, select.POLLOUT) if writing else (self.answers, select.POLLIN))
        )
        ready = False
        while not ready:
            self.check()
            ready = bool(poll.poll(min(clock.left(), _WHILE) * 1000))
        # A handler of a signal may have forked.
        self.check()

    def await_end(self, seconds: float) -> bool:
        """Give the process some time to end. Its number stays its own until it is waited for.

        Args:
            seconds: The time.

        Returns:
            Whether it has ended.
        """
        if not hasattr(os, "waitid"):
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
            return self.process.returncode is not None
        until = time.monotonic() + seconds
        while self._state() is _State.RUNS:
            if time.monotonic() >= until:
                return False
            time.sleep(_MOMENT)
        return True

    def end(self) -> None:
        """End the process and what it has started; in a process that it is not of, do nothing."""
        if self._is_elsewhere():
            self.leave()
            return
        self._ended = True
        try:
            if self.process.returncode is None:
                self._kill()
        finally:
            with _LOCK:
                self._close_unused()

    def leave(self) -> None:
        """Close the copies that a fork has."""
        self._elsewhere = True
        # It is no child of this process, which has nothing to wait for.
        self.process.returncode = 0
        self._close()

    def _is_elsewhere(self) -> bool:
        return self._elsewhere or self._owner != os.getpid()

    def _kill(self) -> None:
        # What it has started and is still in its process group ends as well, also where it has
        # ended itself. The number may be that of others once it was waited for.
        if sys.platform != "win32" and self._state() is not _State.FORGOTTEN:
            with suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def _state(self) -> _State:
        if sys.platform == "win32" or not hasattr(os, "waitid"):
            return _State.RUNS
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        try:
            ended = os.waitid(os.P_PID, self.process.pid, options)
        except ChildProcessError:
            # Somebody else in this program has waited for it, or nobody has to.
            return _State.FORGOTTEN
        return _State.RUNS if ended is None else _State.ENDED

    def _close_unused(self) -> None:
        if self._ended and not self._users:
            self._close()
            _ALL.discard(self)

    def _close(self) -> None:
        for pipe, known in self._pipes.items():
            with suppress(OSError):
                close_own(pipe, known)


def _in_child() -> None:
    for held in _ALL:
        held.leave()
    _ALL.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


@contextmanager
def no_signal() -> Iterator[None]:
    """Have a pipe that nobody reads any more raise an error in this thread, and end no program.

    Python ignores the signal for that, but a program may have set it back to what ends it.
    """
    if sys.platform == "win32":
        yield
        return
    pipe = {signal.SIGPIPE}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, pipe)
    came_before = signal.SIGPIPE in signal.sigpending()
    try:
        yield
    except BrokenPipeError:
        # The signal that came with the error is taken away, and no other.
        if not came_before and signal.SIGPIPE in signal.sigpending():
            signal.sigwait(pipe)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
