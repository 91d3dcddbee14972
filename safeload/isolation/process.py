"""The process of one model, as its caller holds it: started, asked, and ended for certain.

Each question has its time. A process that does not answer in time, that answers nonsense, or that
ends by itself, is ended with all that it has started, and cannot be asked again.

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
import time
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from safeload.errors import LoadError, UsageError
from safeload.isolation.channel import Bytes, GarbledError, receive, send
from safeload.isolation.confinement import Confinement
from safeload.isolation.forms import read_confinement
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
# Seconds that a process, once it was killed or has closed its pipe, has to end.
_END_SECONDS = 10.0
_MOMENT = 0.01

_T = TypeVar("_T")
_Answer = tuple[dict[str, Any], bytearray]


class Process:
    """A process that is confined and waits for a model.

    Args:
        isolation: Bounds on it.

    Attributes:
        confinement: What holds it on this machine.

    Raises:
        LoadError: It cannot be started, or does not come up.
    """

    def __init__(self, isolation: Isolation) -> None:
        self._isolation = isolation
        self._asking = threading.Lock()
        self._process = _start()
        # Also when nobody closes it, and when the program ends.
        self._end = weakref.finalize(self, _end, self._process)
        self.confinement = self._come_up()

    def _come_up(self) -> Confinement:
        answer, _ = self.ask({"isolation": asdict(self._isolation)})
        return self.parse_or_kill(lambda: read_confinement(answer.get("confinement")))

    def ask(self, question: dict[str, Any], parts: Iterable[Bytes] = ()) -> _Answer:
        """Ask, and wait for the answer.

        Args:
            question: Of JSON types.
            parts: Raw bytes that belong to it.

        Returns:
            The answer and its raw bytes; hostile.

        Raises:
            LoadError: There is none in time, or none at all; the process has ended.
            UsageError: The process had ended before.
        """
        with self._asking:
            if not self._end.alive:
                raise UsageError(
                    "The isolated model has been closed.",
                    code="isolated-closed",
                    hint="Load it anew.",
                )
            outcome: list[_Answer | Exception] = []
            # A thread of its own, because a pipe may stay open and silent for ever.
            exchange = threading.Thread(
                target=self._exchange, args=(question, parts, outcome), daemon=True
            )
            try:
                exchange.start()
                exchange.join(self._isolation.seconds)
            except BaseException:
                self._end()
                raise
            if not outcome:
                self._end()
                raise self._late()
        answer = outcome[0]
        if isinstance(answer, tuple):
            return answer
        raise self._ended() if isinstance(answer, OSError | EOFError) else self._garbled(answer)

    def parse_or_kill(self, read: Callable[[], _T]) -> _T:
        """Read an answer.

        Args:
            read: Raises :class:`GarbledError` where it is none.

        Returns:
            What was read.

        Raises:
            LoadError: The answer was none; the process was ended.
        """
        try:
            return read()
        except GarbledError as error:
            raise self._garbled(error) from error

    def end(self) -> None:
        """End the process and whatever it has started."""
        self._end()

    def _exchange(
        self,
        question: dict[str, Any],
        parts: Iterable[Bytes],
        outcome: list[_Answer | Exception],
    ) -> None:
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise AssertionError("started with pipes")
        bounds = self._isolation
        try:
            send(requests.fileno(), question, parts)
            outcome.append(receive(answers.fileno(), text=bounds.text, size=bounds.reply))
        except (OSError, EOFError, ValueError, MemoryError) as error:
            outcome.append(error)

    def _late(self) -> LoadError:
        return LoadError(
            f"The isolated process took longer than {self._isolation.seconds:g} seconds.",
            code="isolated-timeout",
            hint="It was ended. Give it more (Isolation(seconds=...)) if you expect it to be slow.",
        )

    def _garbled(self, error: Exception) -> LoadError:
        self._end()
        return LoadError(
            f"The isolated process sent an answer that is none: {error}.",
            code="isolated-garbled",
            hint="It was ended. The model may have taken it over: do not load it anywhere.",
        )

    def _ended(self) -> LoadError:
        """Why a process that does not answer any more has ended."""
        _await_end(self._process)
        self._end()
        code = self._process.returncode
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
            "is short, it may have been the system that ended it.)",
        )


class _Started(subprocess.Popen[bytes]):
    """A process, and the pipe that it watches."""

    def __init__(self, *arguments: Any, life: int | None, **options: Any) -> None:
        self.life = life
        super().__init__(*arguments, **options)


def _start() -> _Started:
    """Start a fresh interpreter in a folder that is not there any more."""
    folder = _empty_folder()
    # Its keeper watches the one end; the other is closed when this process ends, however it does.
    theirs, ours = os.pipe() if os.name == "posix" else (None, None)
    try:
        return _Started(  # our own interpreter and module
            [sys.executable, "-I", "-c", _PROGRAM, json.dumps(_import_path()), json.dumps(theirs)],
            life=ours,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=folder,
            env={name: os.environ[name] for name in _VARIABLES if name in os.environ} | _OVERRIDDEN,
            start_new_session=True,
            pass_fds=() if theirs is None else (theirs,),
        )
    except (OSError, ValueError, TypeError) as error:
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


def _import_path() -> list[str]:
    # The working directory, which an empty entry stands for, may be the stranger's.
    return [entry for entry in sys.path if Path(entry).is_absolute()]


def _await_end(process: _Started) -> None:
    """Give a process some time to end. Its number stays its own until it is waited for."""
    until = time.monotonic() + _END_SECONDS
    if not hasattr(os, "waitid"):
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
        return
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    while os.waitid(os.P_PID, process.pid, options) is None and time.monotonic() < until:
        time.sleep(_MOMENT)


def _end(process: _Started) -> None:
    if process.returncode is None:
        # What it has started and is still in its process group ends as well, also where it has
        # ended itself.
        if hasattr(os, "killpg"):
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    if process.life is not None:
        os.close(process.life)
        process.life = None


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
