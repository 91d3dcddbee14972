"""Which system calls may the process of a model make? Those of a list, and no others.

The list with its reasons is ``system_calls.toml``. What is not on it fails with ``EPERM``: sockets,
so there is no network and no service of this machine; processes, so what bounds one process bounds
all that the model does; owners, modes, times and attributes of files, which no other lock holds;
shared memory, which no limit counts; and every rarely used part of the kernel. What C libraries try
and do without fails with ``ENOSYS``, and so does what is newer than this list: they take it for an
older kernel.

Trust: the filter holds native code, too, and cannot be taken back. It sees numbers, not what
pointers lead to; calls whose arguments lie in memory are absent for that reason.
Source: seccomp(2); ``<linux/seccomp.h>``, ``<linux/filter.h>``, ``<linux/audit.h>``,
``<linux/sched.h>``; the numbers of ``<asm/unistd_64.h>`` and ``<asm-generic/unistd.h>``.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from safeload.isolation.libc import prctl

__all__ = ["SystemCall", "allow_system_calls", "filter_program", "system_calls"]

_TABLE = Path(__file__).with_name("system_calls.toml")
# What the kernel calls an architecture, and which numbers it has.
_ARCHITECTURES = {
    "x86_64": (0xC000_003E, "x86_64"),
    "aarch64": (0xC000_00B7, "generic"),
    "riscv64": (0xC000_00F3, "generic"),
}
# The first number that the list knows nothing about. (x86-64 has a second table, for pointers of 32
# bits, far above: it is absent as well.)
_UNKNOWN = 471

# Load a word of the call's data, keep some of its bits, compare it, end.
_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_ALLOW, _FAIL = 0x7FFF_0000, 0x0005_0000
_WORD = 0xFFFF_FFFF

_SET_SECCOMP, _FILTER, _NO_NEW_PRIVILEGES = 22, 2, 38

# Opening: close on exec, no waiting, no terminal; a folder, no link, large (whose bits, and that of
# unbuffered reading, architectures hand out in different orders). Not to write or create, and no
# descriptor for a mere path, of which Landlock is not asked.
_READING = 0o2_744_400
# A thread shares all with its maker: CLONE_THREAD, _VM, _FS, _FILES, _SIGHAND (with open files of
# its own, it would have their number once more). It may share _SYSVSEM, and say where its own
# variables and its number are kept: _SETTLS, _PARENT_SETTID, _CHILD_CLEARTID, _DETACHED,
# _CHILD_SETTID.
_THREAD, _MAY = 0x0001_0F00, 0x017C_0000
# What is told about memory of one's own: MADV_NORMAL to MADV_DONTNEED, _FREE, _DONTFORK, _DOFORK,
# _HUGEPAGE, _NOHUGEPAGE, _DONTDUMP, _DODUMP, _WIPEONFORK, _KEEPONFORK, _COLD, _POPULATE_READ,
# _POPULATE_WRITE, _DONTNEED_LOCKED, _COLLAPSE, _GUARD_INSTALL, _GUARD_REMOVE. Not _MERGEABLE, which
# tells what other processes have in theirs, and not _PAGEOUT, which reaches files that others use.
_ADVICE = (0, 1, 2, 3, 4, 8, 10, 11, 14, 15, 16, 17, 18, 19, 20, 22, 23, 24, 25, 102, 103)


@dataclass(frozen=True, slots=True)
class SystemCall:
    """A line of the list.

    Attributes:
        name: As the kernel calls it.
        numbers: Its numbers, by table; where one is missing, the architecture has no such call.
        allowed: Whether it may be made; if not, it is absent.
        when: The condition on its arguments, or an empty string.
        why: What makes it.
    """

    name: str
    numbers: dict[str, int]
    allowed: bool
    when: str
    why: str


@dataclass(frozen=True, slots=True)
class _Test:
    """What an argument has to be: one of these, once only the bits of the mask are kept."""

    argument: int
    values: tuple[int, ...]
    mask: int = _WORD
    # The upper half of an argument, for pointers; what the kernel takes as int has none.
    upper: bool = False


def _conditions() -> dict[str, tuple[_Test, ...]]:
    """The tests of each condition, all of which must hold."""
    return {
        "": (),
        "reads": (_Test(2, (0,), _WORD & ~_READING),),
        "opens": (_Test(1, (0,), _WORD & ~_READING),),
        "thread": (_Test(0, (_THREAD,), _WORD & ~_MAY),),
        "advises": (_Test(2, _ADVICE),),
        "itself": (_Test(0, (os.getpid(),)),),
        "asks": (_Test(0, (0,)), _Test(2, (0,)), _Test(2, (0,), upper=True)),
        # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC
        "flags": (_Test(1, (0, 1, 2, 3, 1030)),),
        # TCGETS, FIONCLEX, FIOCLEX
        "terminal": (_Test(1, (0x5401, 0x5450, 0x5451)),),
        # PR_SET_NAME, PR_GET_NAME, PR_GET_THP_DISABLE, PR_SET_VMA
        "name": (_Test(0, (15, 16, 42, 0x5356_4D41)),),
    }


@cache
def system_calls() -> tuple[SystemCall, ...]:
    """The list, in its order."""
    table = tomllib.loads(_TABLE.read_text("utf-8"))
    return tuple(
        SystemCall(
            name,
            {table: row[table] for table in ("x86_64", "generic") if table in row},
            kind == "allowed",
            row.get("when", ""),
            row["why"],
        )
        for kind in ("allowed", "absent")
        for name, row in table[kind].items()
    )


def filter_program(machine: str) -> bytes | None:
    """The filter for an architecture, and for this process.

    Args:
        machine: Its name, as ``os.uname`` gives it.

    Returns:
        Instructions of the kernel's packet filter, eight bytes each; None where the numbers are
        not known.
    """
    if machine not in _ARCHITECTURES:
        return None
    architecture, table = _ARCHITECTURES[machine]
    conditions = _conditions()
    instructions = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _FAIL | errno.EPERM),
        (_LOAD, 0, 0, _NUMBER),
    ]
    for call in system_calls():
        if table in call.numbers:
            tests = conditions[call.when] if call.allowed else ()
            answer = _ALLOW if call.allowed else _FAIL | errno.ENOSYS
            block = [*_tests(tests), (_RETURN, 0, 0, answer)]
            instructions += [(_EQUAL, 0, len(block), call.numbers[table]), *block]
    instructions += [
        (_AT_LEAST, 0, 1, _UNKNOWN),
        (_RETURN, 0, 0, _FAIL | errno.ENOSYS),
        (_RETURN, 0, 0, _FAIL | errno.EPERM),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def _tests(tests: tuple[_Test, ...]) -> Iterator[tuple[int, int, int, int]]:
    for test in tests:
        yield _LOAD, 0, 0, _ARGUMENTS + 8 * test.argument + 4 * test.upper
        if test.mask != _WORD:
            yield _AND, 0, 0, test.mask
        # Any of them jumps over the others and over the refusal.
        for left, value in zip(range(len(test.values), 0, -1), test.values, strict=True):
            yield _EQUAL, left, 0, value
        yield _RETURN, 0, 0, _FAIL | errno.EPERM


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def allow_system_calls() -> bool:
    """Allow this thread, and every thread that it will start, the calls of the list and no others.

    Returns:
        Whether others are refused from now on.
    """
    if sys.platform != "linux":
        return False
    program = filter_program(os.uname().machine)
    if program is None or sys.maxsize < 2**32:
        return False
    prctl(_NO_NEW_PRIVILEGES, 1)
    described = _Program(len(program) // 8, program)
    return prctl(_SET_SECCOMP, _FILTER, ctypes.byref(described)) == 0
