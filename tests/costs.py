"""What a piece of Python costs in a process of its own: processor time and memory, no clock.

Other work on the machine makes a wall clock lie, and the process that runs the tests is large
already.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

__all__ = ["Cost", "cost_of", "needs_status"]

needs_status = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc"
)

# What was asked for before the measured part counts neither for time nor for memory.
_PROGRAM = """
import resource, sys
def _peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
def _spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
{before}
_memory, _seconds = _peak(), _spent()
{measured}
print("COST", _spent() - _seconds, (_peak() - _memory) * 1024)
"""


@dataclass(frozen=True)
class Cost:
    """What it cost.

    Attributes:
        seconds: Processor time, over all threads.
        memory: How much the peak of its memory grew, bytes.
        out: What it printed.
    """

    seconds: float
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
    seconds, memory = cost.split()
    return Cost(float(seconds), int(memory), out)
