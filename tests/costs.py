"""What a piece of Python costs, and what ends it if it goes on for ever; never by a clock.

Other work on the machine makes a clock lie. What is measured is measured in a process of its own,
because the one that runs the tests is large already, and compared with what a piece of work of
known size takes in that same process.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

__all__ = ["Cost", "bounded", "cost_of", "ends", "needs_status"]

# Processor seconds after which something is said to go on for ever.
_FOR_EVER = 60

needs_status = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc"
)

# What was asked for before the measured part counts neither for time nor for memory. The unit of
# work is to walk the opcodes of a list of 100,000 numbers, as pickletools does.
_PROGRAM = """
import pickle, pickletools, resource, sys
def _peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
def _spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
def _unit():
    data, start = pickle.dumps([*range(100_000)]), _spent()
    for _ in pickletools.genops(data):
        pass
    return _spent() - start
{before}
_units = min(_unit() for _ in range(3))
_memory, _seconds = _peak(), _spent()
{measured}
print("COST", (_spent() - _seconds) / _units, (_peak() - _memory) * 1024)
"""


@dataclass(frozen=True)
class Cost:
    """What it cost.

    Attributes:
        work: Processor time over all threads, in units of what 100,000 opcodes take to walk.
        memory: How much the peak of its memory grew, bytes.
        out: What it printed.
    """

    work: float
    memory: int
    out: str


def cost_of(measured: str, *arguments: Any, before: str = "") -> Cost:
    """Run Python and measure it.

    Args:
        measured: The part that is measured.
        *arguments: What it finds in ``sys.argv[1:]``.
        before: What comes before, such as imports.

    Returns:
        What the measured part cost.
    """
    program = _PROGRAM.format(before=dedent(before), measured=dedent(measured))
    child = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        check=False,
        text=True,
        timeout=600,
    )
    assert child.returncode == 0, child.stderr
    out, _, cost = child.stdout.rpartition("COST ")
    work, memory = cost.split()
    return Cost(float(work), int(memory), out)


def bounded(program: str, *, seconds: int = _FOR_EVER) -> str:
    """A program that is ended by SIGXCPU if it goes on for ever.

    Args:
        program: Python.
        seconds: Processor time that it has.

    Returns:
        Python, for a process of its own.
    """
    limit = f"resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds + 1}))"
    return f"import resource\n{limit}\n{program}"


@contextmanager
def ends() -> Iterator[None]:
    """Fail what goes on for ever in this process, where it would keep the tests waiting."""

    def fail(*_: object) -> None:
        raise AssertionError("It goes on for ever.")

    before = signal.signal(signal.SIGVTALRM, fail)
    signal.setitimer(signal.ITIMER_VIRTUAL, _FOR_EVER)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
