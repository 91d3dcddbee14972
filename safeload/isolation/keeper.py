"""Who ends the process of a model, once nobody is there any more to end it?

The outermost process of the sandbox does: it holds the reading end of a pipe whose other end only
the caller has, and watches it. When the caller ends, in whatever way, the kernel closes that end,
and the keeper kills what it keeps, asleep or busy, whether it ever reads its own pipes or not. (A
signal at the parent's death would not do for this: it comes when the parent's thread ends.)

Trust: the keeper runs no code of the model's and shares no memory with it.
Source: pipe(7), poll(2) (``POLLHUP``), prctl(2) (``PR_SET_PDEATHSIG``).
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress
from typing import NoReturn

from safeload.isolation.libc import prctl

__all__ = ["end_with_parent", "hear_signals", "keep", "stand_by"]

# <linux/prctl.h>
_DEATH_SIGNAL, _DUMPABLE = 1, 4


def hear_signals() -> None:
    """Have signals mean the same here, whatever those who started this process made of them.

    What they block or ignore is handed down. Without the signal of a child's end nobody would know
    how it ended; without those of a crash or of used up time there would be none.
    """
    if sys.platform == "win32":
        return
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (signal.SIGCHLD, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    # Service managers send these to every process of a service, whose own may have questions until
    # it ends; then this one does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def keep(process: int, life: int | None) -> NoReturn:
    """Wait for a child, or for the caller's end, and end with it.

    This process has one thread, and is the leader of its process group.

    Args:
        process: The child.
        life: The reading end of the pipe that the caller holds, or None where there is none.
    """
    if sys.platform == "win32":
        raise AssertionError("there is nothing to keep: no process is forked")
    if life is None:
        stand_by(process)
    _close_pipes()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    watched = select.poll()
    watched.register(woken, select.POLLIN)
    # No events: that the other end is closed is told in any case.
    watched.register(life, 0)
    while True:
        # The child may have ended before the signal was asked for.
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            _end_as(status)
        for descriptor, _ in watched.poll():
            if descriptor == life:
                os.kill(process, signal.SIGKILL)
                os.killpg(0, signal.SIGKILL)
            else:
                os.read(woken, 1)


def stand_by(process: int) -> NoReturn:
    """Wait for a child, and end as it ended.

    Args:
        process: The child. Others, which the kernel hands over to the first process of a namespace,
            are waited for as well.
    """
    if sys.platform == "win32":
        raise AssertionError("no process is forked")
    _close_pipes()
    ended, status = os.wait()
    while ended != process:
        ended, status = os.wait()
    _end_as(status)


def end_with_parent(alive: int) -> None:
    """Have the kernel kill this process when its parent ends (Linux).

    Args:
        alive: The reading end of a pipe whose other end only the parent has: the parent may have
            ended before the kernel was told.
    """
    if sys.platform == "win32":
        raise AssertionError("no process is forked")
    if sys.platform == "linux":
        prctl(_DEATH_SIGNAL, signal.SIGKILL)
        prctl(_DUMPABLE, 0)
    if _hung_up(alive):
        os._exit(128 + signal.SIGKILL)
    os.close(alive)


def _end_as(status: int) -> NoReturn:
    """End as a child did; 128 and more stand for a signal."""
    if sys.platform == "win32":
        raise AssertionError("no process is forked")
    os._exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))


def _hung_up(pipe: int) -> bool:
    if sys.platform == "win32":
        raise AssertionError("no pipe can be waited for")
    watched = select.poll()
    watched.register(pipe, 0)
    return bool(watched.poll(0))


def _close_pipes() -> None:
    """Close standard input and output, which belong to the process that answers."""
    for pipe in (0, 1):
        with suppress(OSError):
            os.close(pipe)
