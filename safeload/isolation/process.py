"""The process of one model, as its caller holds it: started, asked, and ended for certain.

Each question has its time, from the first byte sent until the answer is read. A process that does
not answer in time, that answers nonsense, or that ends by itself, is ended with all that it has
started, and cannot be asked again.

Trust: the process may have been taken over once it has unpickled a model. It gets the pipes, the
folders Python imports from and a handful of variables; no other file, variable or argument of the
caller.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

from safeload.errors import LoadError, SafeloadError
from safeload.isolation.channel import Bytes, GarbledError, receive, send
from safeload.isolation.clock import Clock, LateError
from safeload.isolation.confinement import Confinement
from safeload.isolation.descriptors import standard_taken
from safeload.isolation.forms import read_confinement, read_text
from safeload.isolation.granted import import_path
from safeload.isolation.held import Held, Started, no_signal
from safeload.limits import Isolation

__all__ = ["Process"]

_PROGRAM = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from safeload.isolation.child import main
main(json.loads(sys.argv[2]))
"""
# What language, time zone and libraries the process works with; everything else stays here.
_VARIABLES = (
    "DYLD_LIBRARY_PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "PYTHONTZPATH",
    "PYTZ_TZDATADIR",
    "SYSTEMROOT",
    "TZ",
)
# joblib would start processes, and needs semaphores in shared memory for that. It works without.
_OVERRIDDEN = {"HOME": "/nonexistent", "JOBLIB_MULTIPROCESSING": "0"}
# Seconds that a process that has closed its pipe has to end.
_END_SECONDS = 10.0

_T = TypeVar("_T")
_Read = Callable[[dict[str, Any], bytearray, Clock], _T]


class Process:
    """A process that is confined and waits for a model.

    Args:
        isolation: Bounds on it.
        clock: The time to come up; by default, that of one question.

    Attributes:
        confinement: What holds it on this machine.

    Raises:
        LoadError: It cannot be started, or does not come up.
    """

    def __init__(self, isolation: Isolation, clock: Clock | None = None) -> None:
        self._isolation = isolation
        self._asking = threading.Lock()
        self._held = Held(_start)
        # Also when nobody closes it, and when the program ends.
        self._end = weakref.finalize(self, self._held.end)
        self.confinement = self.ask({"isolation": asdict(isolation)}, self._confined, clock=clock)

    def ask(
        self,
        question: dict[str, Any],
        read: _Read[_T],
        parts: Iterable[Bytes] = (),
        *,
        clock: Clock | None = None,
    ) -> _T:
        """Ask, wait for the answer, and read it.

        Args:
            question: Of JSON types.
            read: Reads the answer and its raw bytes, which are hostile, within the time of a clock;
                raises :class:`GarbledError` where they are none.
            parts: Raw bytes that belong to the question.
            clock: The time for all of it; by default, that of one question.

        Returns:
            What was read.

        Raises:
            LoadError: There is no answer in time, none at all, or one that is none; the process
                has ended.
            UsageError: The process had ended before, or is not one of this process.
            SafeloadError: What ``read`` raises; the process goes on.
        """
        # Before the lock: in a fork, somebody who is not there may hold it.
        self._held.check()
        with self._asking:
            clock = clock or Clock(self._isolation.seconds)
            with self._held.used(clock):
                try:
                    answer = self._exchanged(question, parts, clock)
                    outcome = read(*answer, clock)
                    clock.left()
                except LateError:
                    self._end()
                    raise self._late() from None
                except GarbledError as error:
                    raise self._garbled(str(error)) from error
                except (OSError, EOFError):
                    raise self._ended(clock) from None
                except MemoryError as error:
                    self._end()
                    raise _no_room() from error
                except SafeloadError:
                    raise
                except BaseException:
                    self._end()
                    raise
        return outcome

    def check(self) -> None:
        """See that it can be asked.

        Raises:
            UsageError: It has ended, or is not one of this process.
        """
        self._held.check()

    def end(self) -> None:
        """End the process and whatever it has started."""
        self._end()

    def _exchanged(
        self, question: dict[str, Any], parts: Iterable[Bytes], clock: Clock
    ) -> tuple[dict[str, Any], bytearray]:
        held, bounds = self._held, self._isolation
        wait = partial(held.wait, clock)
        with no_signal():
            send(held.requests, question, parts, wait=wait)
        return receive(held.answers, text=bounds.text, size=bounds.reply, wait=wait)

    def _confined(self, answer: dict[str, Any], *_: Any) -> Confinement:
        if "failed" in answer:
            self._end()
            raise LoadError(
                f"The isolated process cannot be set up: {read_text(answer['failed'])}.",
                code="isolated-unavailable",
                hint="It takes three processes, and some open files and memory, of what this user "
                "may have (ulimit -a).",
            )
        return read_confinement(answer.get("confinement"))

    def _late(self) -> LoadError:
        return LoadError(
            f"The isolated process took longer than {self._isolation.seconds:g} seconds.",
            code="isolated-timeout",
            hint="It was ended. Give it more (Isolation(seconds=...)) if you expect it to be slow.",
        )

    def _garbled(self, why: str) -> LoadError:
        self._end()
        return LoadError(
            f"The isolated process sent an answer that is none: {why}.",
            code="isolated-garbled",
            hint="It was ended. The model may have taken it over: do not load it anywhere.",
        )

    def _ended(self, clock: Clock) -> LoadError:
        """Why a process that does not answer any more has ended, as far as time allows to see."""
        try:
            has_ended = self._held.await_end(min(clock.left(), _END_SECONDS))
            clock.left()
        except LateError:
            self._end()
            return self._late()
        if not has_ended:
            return self._garbled("it has closed its pipe, and goes on")
        self._end()
        # Where somebody else has waited for it, nobody knows.
        code = self._held.process.returncode or 0
        number = -code if code < 0 else code - 128
        if number <= 0:
            return LoadError(
                f"The isolated process ended with {code} and no answer.",
                code="isolated-failed",
                hint="A library that cannot be imported in a fresh Python is the most likely "
                "reason; so is a model that ends its process.",
            )
        if number == getattr(signal, "SIGXCPU", None):
            return LoadError(
                f"The isolated process has used up its {self._isolation.processor} seconds of "
                "processor time.",
                code="isolated-timeout",
                hint="Give it more (Isolation(processor=...)) if you expect it to compute long.",
            )
        return LoadError(
            f"The isolated process was ended by {_name(number)}.",
            code="isolated-crashed",
            hint="This model would end a service too. Do not load it elsewhere. (Only where memory "
            "or threads are short, it may have been the system or a library that ended it.)",
        )


def _start() -> Started:
    """Start a fresh interpreter in a folder that is not there any more.

    Raises:
        LoadError: It cannot be started.
    """
    if getattr(sys, "frozen", False):
        raise LoadError(
            "No process can be started to isolate the model: this program has its Python built in.",
            code="isolated-unavailable",
            hint="Isolation starts the Python that sys.executable names, which would be the "
            "program itself.",
        )
    with standard_taken():
        return _started()


def _started() -> Started:
    """Start the interpreter, where no pipe can be taken for standard input or output."""
    folder = _empty_folder()
    theirs, life = None, None
    try:
        if sys.platform != "win32":
            # Its keeper watches this end; ours is closed when this process ends, however it does.
            theirs, ours = os.pipe()
            life = FileIO(ours, "wb")
        return Started(  # our own interpreter and module
            [sys.executable, "-I", "-c", _PROGRAM, json.dumps(import_path()), json.dumps(theirs)],
            life=life,
            stderr=subprocess.DEVNULL,
            cwd=folder or os.sep,
            env={name: os.environ[name] for name in _VARIABLES if name in os.environ} | _OVERRIDDEN,
            start_new_session=True,
            pass_fds=() if theirs is None else (theirs,),
        )
    except (OSError, ValueError, TypeError) as error:
        if life is not None:
            life.close()
        raise LoadError(
            f"No process can be started to isolate the model: {error}.",
            code="isolated-unavailable",
            hint="Isolation starts the Python that sys.executable names.",
        ) from error
    finally:
        if theirs is not None:
            os.close(theirs)
        # Nothing can be made in a folder that was removed, and nothing is left of it.
        if folder is not None:
            with suppress(OSError):
                Path(folder).rmdir()


def _empty_folder() -> str | None:
    with suppress(OSError):
        return tempfile.mkdtemp(prefix="safeload-")
    return None


def _no_room() -> LoadError:
    return LoadError(
        "There is no memory here for the answer of the isolated process.",
        code="isolated-memory",
        hint="It was ended. Ask for fewer predictions at a time.",
    )


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
