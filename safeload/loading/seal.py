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

Trust: an audit hook is no sandbox. Native code does not ask it, and code that can change this
module can switch it off. What an object does later (in a finaliser, in ``predict``) is not under
the seal, and a signal handler that Python runs in the loading thread meanwhile is.
Source: PEP 578; "Audit events table" in the Python documentation.
"""

from __future__ import annotations

import _thread
import codecs
import gc
import sys
import threading
import warnings
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from safeload.errors import LoadError, printable
from safeload.loading.event_allowlist import EventAllowlist

__all__ = ["prepare", "sealed"]

_T = TypeVar("_T")

# Python imports an encoding when it is first used: how protocols 0 to 2 write bytes, how the names
# in an archive are written, and how errors show them.
_ENCODINGS = ("latin-1", "cp437", "unicode_escape")


class _BrokenError(BaseException):
    """Raised where the event was. No ``except Exception`` of a library stops it."""


class _Seal:
    """The seal on one thread.

    Attributes:
        allowlist: What passes.
        broken: The first event that did not, with what it was about if that is plain text.
        warnings: What is to be shown when the seal is lifted.
    """

    def __init__(self, allowlist: EventAllowlist) -> None:
        self.allowlist = allowlist
        self.broken: tuple[str, str] | None = None
        self.warnings: list[warnings.WarningMessage] = []

    def meet(self, event: str, args: tuple[Any, ...]) -> None:
        """Let an event pass, or break."""
        if self.allowlist.includes(event, args):
            return
        if self.broken is None:
            self.broken = event, args[0] if args and type(args[0]) is str else ""
        raise _BrokenError


class _State(threading.local):
    """What each thread has.

    Attributes:
        seal: The seal on it, or None.
        lifted: The seal while the garbage collector runs in this thread, or None.
    """

    seal: _Seal | None = None
    lifted: _Seal | None = None


_STATE = _State()
_INSTALLING = threading.Lock()
_installed = False
_show_now: Callable[[warnings.WarningMessage], object] = vars(warnings)["_showwarnmsg"]


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
    if _STATE.seal is not None:
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
    try:
        # The same function several times, for loads in several threads, is as good as once.
        gc.callbacks.append(_collecting)
        _STATE.seal = seal
        return work()
    finally:
        _STATE.seal = _STATE.lifted = None
        gc.callbacks.remove(_collecting)
        for message in seal.warnings:
            _show_now(message)


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
    global _installed  # so is the list of audit hooks
    with _INSTALLING:
        if _installed:
            return
        for name in _ENCODINGS:
            codecs.lookup(name)
        if sys.version_info < (3, 12):
            _announce_threads()
        try:
            sys.addaudithook(_hook)
            _STATE.seal = _Seal(EventAllowlist())
            sys.audit("safeload.sealed")
        except _BrokenError:
            pass
        except Exception as error:
            raise _not_sealed() from error
        else:
            # Another hook may keep this one out, and Python says nothing about it.
            raise _not_sealed()
        finally:
            _STATE.seal = None
        vars(warnings)["_showwarnmsg"] = _show
        _installed = True


def _announce_threads() -> None:
    """Have a thread's start raise the event that it raises by itself since Python 3.12."""
    start = _thread.start_new_thread

    def announced(function: Callable[..., object], *rest: Any) -> int:
        sys.audit("_thread.start_new_thread", function, *rest)
        return start(function, *rest)

    for module, name in ((_thread, "start_new_thread"), (_thread, "start_new")):
        setattr(module, name, announced)
    vars(threading)["_start_new_thread"] = announced


def _not_sealed() -> LoadError:
    return LoadError(
        "This process cannot be sealed: an audit hook keeps others out.",
        code="no-seal",
        hint="Load the model in a process without that hook, or have the hook let others in.",
    )


def _hook(event: str, args: tuple[Any, ...], state: _State = _STATE) -> None:
    # Every audited event of the whole program comes through here, in every thread.
    seal = state.seal
    if seal is not None:
        seal.meet(event, args)


def _collecting(phase: str, _info: object) -> None:
    """Lift the seal while the garbage collector runs: what it finalises may be anybody's."""
    if phase == "start":
        if _STATE.seal is not None:
            _STATE.lifted, _STATE.seal = _STATE.seal, None
    elif _STATE.lifted is not None:
        _STATE.seal, _STATE.lifted = _STATE.lifted, None


def _show(message: warnings.WarningMessage) -> None:
    seal = _STATE.seal
    if seal is None:
        _show_now(message)
    else:
        seal.warnings.append(message)
