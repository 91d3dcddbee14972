"""The real unpicklers, let loose on hostile bytes in a child process that can do no harm.

What a stream asks ``find_class`` for is answered with inert stubs, and noted down at once, so that
it is known even if the child ends. What it makes is described as text, so that two streams can be
compared.

Run as a script, this module is the child: it reads requests from stdin, one JSON object a line,
and answers with lines of JSON.
"""

from __future__ import annotations

import itertools
import json
import os
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["KINDS", "Outcome", "Unpicklers"]

KINDS = ("c", "python", "joblib")

_ROOT = Path(__file__).parents[2]
# Seconds for one stream, and for the child's imports; bytes a child may map beyond what it has
# mapped by then.
_ANSWER_SECONDS = 30
_START = 120
_MEMORY = 256 << 20


@dataclass(frozen=True)
class Outcome:
    """What an unpickler did.

    Attributes:
        asked: Every pair it asked ``find_class`` for.
        value: What it returned, described, or None if it did not.
        error: The type of the exception it ended in, ``"crash"``, or an empty string.
    """

    asked: frozenset[tuple[str, str]]
    value: str | None
    error: str


class Unpicklers:
    """A child process that unpickles whatever it is sent; begun anew when it dies."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._said = b""

    def __call__(self, data: bytes, kind: str) -> Outcome:
        """Unpickle.

        Args:
            data: The stream; for the kind ``"code"`` canonical code, whose arrays are numbered.
            kind: One of :data:`KINDS`, or ``"code"``.
        """
        child = self._start()
        assert child.stdin is not None
        child.stdin.write(json.dumps({"kind": kind, "data": data.hex()}).encode() + b"\n")
        child.stdin.flush()
        asked: set[tuple[str, str]] = set()
        while (line := self._line(child, _ANSWER_SECONDS)) is not None:
            answer = json.loads(line)
            if "asked" not in answer:
                return Outcome(frozenset(asked), answer["value"], answer["error"])
            module, name = answer["asked"]
            asked.add((module, name))
        self.close()
        return Outcome(frozenset(asked), None, "crash")

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child, self._said = None, b""

    def _start(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "tests.scan.unpicklers"],
                cwd=_ROOT,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            assert self._line(self._child, _START) is not None
        return self._child

    def _line(self, child: subprocess.Popen[bytes], patience: float) -> bytes | None:
        """The next line the child says; None if it is silent for too long, or has ended."""
        assert child.stdout is not None
        while b"\n" not in self._said:
            if not select.select([child.stdout], [], [], patience)[0]:
                return None
            more = os.read(child.stdout.fileno(), 1 << 16)
            if not more:
                return None
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        return line


# -- the child -----------------------------------------------------------------------------------


def _child() -> None:
    import resource
    import warnings

    from tests.scan.stubs import describe, unpickle

    warnings.simplefilter("ignore")
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _say({"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        kind, count = request["kind"], itertools.count()
        run = unpickle(
            bytes.fromhex(request["data"]),
            "c" if kind == "code" else kind,
            arrays=(lambda _: ("array", next(count))) if kind == "code" else None,  # noqa: B023
            real=kind == "joblib",
            tell=lambda pair: _say({"asked": pair}),
        )
        value = None if run.error else describe(run.value, run.made)
        _say({"value": value, "error": type(run.error).__name__ if run.error else ""})


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _child()
