"""The seal: while a file is unpickled, its thread may compute, and do nothing else.

All names are imported before, so that unpickling needs nothing but memory. Under the seal every
event that Python audits is refused, but for the few that allowlist models raise: imports, files,
processes, sockets, threads, code and native libraries are out of reach, whatever the policy allows.
This is the second lock behind the allow-list, for the case that a name on it can do more than its
reviewers saw.

Whoever catches the refusal gains nothing: that the seal was broken is remembered, and the load
fails. The seal holds in the thread that loads, for as long as it unpickles. Other threads, and what
the garbage collector finalises meanwhile, are the program's own. So is what happens when a warning
is shown (a log that is opened, say), and that is put off until the seal is lifted.

Trust: an audit hook is not a sandbox. Native code does not ask it, and code that can change this
module can switch it off. What an object does later (in a finaliser, in ``predict``) is not under
the seal, and a signal handler that Python runs in the loading thread meanwhile is.
Source: PEP 578; "Audit events table" in the Python documentation.
"""

from __future__ import annotations

import _thread
import codecs
import sys
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, TypeVar

from safeload.errors import LoadError, printable
from safeload.forks import Lock
from safeload.loading import deferral, garbage
from safeload.loading.current import CURRENT, Load
from safeload.loading.event_allowlist import EventAllowlist

__all__ = ["prepare", "sealed"]

_T = TypeVar("_T")

# Python imports an encoding when it is first used: how protocols 0 to 2 write bytes, how the names
# in an archive are written, and how errors show them.
_ENCODINGS = ("latin-1", "cp437", "unicode_escape")


class _BrokenError(BaseException):
    """Raised where the event was. No ``except Exception`` of a library stops it."""


class _Seal(Load):
    """The seal on one thread, for one load.

    Attributes:
        allowlist: What passes.
        broken: The first event that did not, with what it was about if that is plain text.
    """

    def __init__(self, allowlist: EventAllowlist) -> None:
        super().__init__()
        self.allowlist = allowlist
        self.broken: tuple[str, str] | None = None

    def meet(self, event: str, args: tuple[Any, ...]) -> None:
        """Let an event pass, or break."""
        # What the collector finalises may be anybody's.
        if garbage.runs_here() or self.allowlist.includes(event, args):
            return
        if self.broken is None:
            self.broken = event, args[0] if args and type(args[0]) is str else ""
        raise _BrokenError


_PREPARING = Lock()
_prepared = False


def sealed(work: Callable[[], _T], *, libraries: Collection[str] = ()) -> _T:
    """Do some work under the seal.

    Args:
        work: Unpickles; whatever it needs is imported.
        libraries: Top-level packages that the file's names come from.

    Returns:
        What it returns.

    Raises:
        LoadError: Something was asked for that no model needs (``seal-broken``), or this process
            cannot be sealed (``no-seal``).
    """
    if CURRENT.load is not None and not garbage.runs_here():
        # A load within a load: it is under the seal already.
        return work()
    prepare()
    seal = _Seal(EventAllowlist(libraries))
    try:
        result = _under(seal, work)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if seal.broken is not None:
            raise _broken(*seal.broken) from error
        raise
    if seal.broken is not None:
        raise _broken(*seal.broken)
    return result


def _under(seal: _Seal, work: Callable[[], _T]) -> _T:
    # A finaliser may load while the garbage of another load is collected.
    outer = CURRENT.load
    for presence in _PRESENT:
        presence.begin()
    try:
        CURRENT.load = seal
        result = work()
    except BaseException:
        CURRENT.load = outer
        for message in seal.warnings:
            # How loading failed is what counts, whatever becomes of a warning.
            with suppress(Exception):
                deferral.show(message)
        raise
    finally:
        # First of all: an interrupt may keep the rest from being done.
        CURRENT.load = outer
        for presence in _PRESENT:
            presence.end()
    for message in seal.warnings:
        deferral.show(message)
    return result


def _broken(event: str, about: str) -> LoadError:
    quoted = f" ({printable(about)})" if about else ""
    return LoadError(
        f"Unpickling raised the event {printable(event)}{quoted}, which no model needs.",
        code="seal-broken",
        hint="It was stopped there; do not load the file in another way. If it was a class of your "
        "own: import what it needs when its module is imported, and open nothing in __setstate__.",
    )


def prepare() -> None:
    """Install the hook, once and for the life of the process: Python removes none.

    Raises:
        LoadError: Another hook keeps it out (``no-seal``).
    """
    global _prepared  # so is the list of audit hooks
    if _prepared:
        return
    with _PREPARING:
        for name in _ENCODINGS:
            codecs.lookup(name)
        if sys.version_info < (3, 12):
            _announce_threads()
        if not _is_heard():
            try:
                sys.addaudithook(_hook)
            except Exception as error:
                raise _not_sealed() from error
            if not _is_heard():
                # Another hook may keep this one out, and Python says nothing about it.
                raise _not_sealed()
        _prepared = True


def _is_heard() -> bool:
    """Whether the hook is asked."""
    outer = CURRENT.load
    try:
        CURRENT.load = _Seal(EventAllowlist())
        sys.audit("safeload.sealed")
    except _BrokenError:
        return True
    except Exception as error:
        raise _not_sealed() from error
    finally:
        CURRENT.load = outer
    return False


def _announce_threads() -> None:
    """Have a thread's start raise the event that it raises by itself since Python 3.12."""
    start = _thread.start_new_thread
    if getattr(start, "__module__", "") == __name__:
        return

    def announced(function: Callable[..., object], *rest: Any) -> int:
        sys.audit("_thread.start_new_thread", function, *rest)
        return start(function, *rest)

    vars(_thread).update(start_new_thread=announced, start_new=announced)
    vars(threading)["_start_new_thread"] = announced


def _not_sealed() -> LoadError:
    return LoadError(
        "This process cannot be sealed: an audit hook keeps others out.",
        code="no-seal",
        hint="Load the model in a process without that hook, or have the hook let others in.",
    )


def _hook(event: str, args: tuple[Any, ...], current: Any = CURRENT) -> None:
    # Every audited event of the whole program comes through here, in every thread.
    load = current.load
    if load is not None:
        load.meet(event, args)


# What loads need beside the hook, while there are any.
_PRESENT = (garbage.PRESENCE, deferral.PRESENCE)
