"""Cases of a search, by their seeds, in child processes that may crash or hang.

A child runs one seed after the other and writes down which. When it is ended by a signal or takes
too long, that seed is a finding, and another child goes on behind it.

Usage: ``python -m tests.attacks.workers MODULE FIRST COUNT`` is such a child.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from safeload.policy.rules.numerics import is_argument_parser

__all__ = ["Findings", "run_seeds"]

_ROOT = Path(__file__).parent.parent.parent
# CPU seconds and bytes that one act of a case may take.
_SECONDS = 10.0
_MEMORY = 6 << 30
# What no model has any business with; "open" and "import" are looked at.
_EVENTS = (
    "code.__new__", "ctypes", "exec", "ftplib", "http", "os.", "pty", "shutil",
    "smtplib", "socket", "sqlite3", "subprocess", "tempfile", "urllib", "webbrowser",
)  # fmt: skip
# Where files of libraries lie, and what tells them how many cores they have.
_LIBRARIES = ("site-packages", "lib/python", "/zoneinfo/", "/sys/fs/cgroup/")
# Of these, what libraries do by themselves.
_HARMLESS = ("os.listdir", "os.scandir", "os.fspath")


class Findings:
    """Notes what harm is done while something is done."""

    def __init__(self, report: TextIO | None = None) -> None:
        self._report = report
        self.found: list[tuple[str, str]] = []
        self._what: str | None = None
        self._next = False
        sys.addaudithook(self._hear)

    def accepted(self) -> None:
        """Say that the case at hand was accepted: what ends the process from now on is a finding.

        What ends it before has harmed whoever made the case, not whoever loads it.
        """
        if self._report is not None:
            self._report.write("accepted\n")
            self._report.flush()

    def add(self, what: str, harm: str) -> None:
        """Note harm."""
        self.found.append((what, harm))

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if self._what is None:
            return
        if event == "compile":
            # To parse is not to run.
            source = args[0].decode("utf-8", "replace") if isinstance(args[0], bytes) else ""
            self._next = is_argument_parser(source)
        elif event == "open" and not _is_of_a_library(args[0]):
            self.add(self._what, f"opens {args[0]!r}"[:200])
        elif event.startswith(_EVENTS) and event not in _HARMLESS:
            if event == "exec" and self._is_ordinary():
                return
            self.add(self._what, f"{event} {args!r}"[:200])

    def _is_ordinary(self) -> bool:
        """Whether a library runs its own: what it imports late, and scipy's readers of shapes."""
        expected, self._next = self._next, False
        return expected or _imports()

    def during(self, what: str, act: Callable[[], object]) -> None:
        """Do something, and note what harm comes of it; that it fails is none."""
        signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
        self._what = what
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                act()
        except TimeoutError:
            self.add(what, "does not end")
        except MemoryError:
            pass
        except BaseException as error:  # odd models raise all there is
            if isinstance(error, KeyboardInterrupt):
                raise
        finally:
            self._what = None
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _is_of_a_library(path: Any) -> bool:
    """Whether a file belongs to what is installed."""
    return isinstance(path, int) or (
        isinstance(path, str | bytes | Path)
        and any(
            part in str(path)
            for part in ("site-packages", "lib/python", "/zoneinfo/", "/sys/fs/cgroup/")
        )
    )


def _imports() -> bool:
    """Whether an import is going on."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def run_seeds(module: str, first: int, count: int) -> dict[str, Any]:
    """Run cases, each seed from ``first`` on.

    Args:
        module: Has ``run(seed, findings)``, which says whether the case was accepted.
        first: The first seed.
        count: How many.

    Returns:
        ``accepted``, how many cases were; ``findings``, pairs of what was done and what came of it.
    """
    accepted, findings, seed = 0, [], first
    while seed < first + count:
        command = [sys.executable, "-m", "tests.attacks.workers", module]
        child = subprocess.run(
            [*command, str(seed), str(first + count - seed)],
            cwd=_ROOT,
            # Models that ask for processes get none.
            env={**os.environ, "JOBLIB_MULTIPROCESSING": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        is_accepted = False
        for line in child.stdout.splitlines():
            is_accepted = line == "accepted"
            if line.startswith("{"):
                told = json.loads(line)
                seed = told["seed"] + 1
                accepted += told["accepted"]
                findings += told["findings"]
        if child.returncode != 0:
            if is_accepted or child.returncode > 0:
                how = f"exit {child.returncode}: {child.stderr[-500:]}"
                findings.append([f"{module} {seed}", how])
            seed += 1
    return {"accepted": accepted, "findings": findings}


def _child(module: str, first: str, count: str) -> None:
    # Whatever prints would be taken for a report.
    report, sys.stdout = sys.stdout, sys.stderr
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGVTALRM, _interrupt)
    run = importlib.import_module(module).run
    findings = Findings(report)
    for seed in range(int(first), int(first) + int(count)):
        accepted = run(seed, findings)
        told = {"seed": seed, "accepted": int(accepted), "findings": findings.found}
        report.write(json.dumps(told) + "\n")
        report.flush()
        findings.found = []


def _interrupt(*_: Any) -> None:
    raise TimeoutError


if __name__ == "__main__":
    _child(*sys.argv[1:])
