"""System calls that no model makes, refused by the kernel: sockets first of all.

Without sockets there is no network, and no way to the services on this machine either, some of
which (a container engine, a session bus) start programs for whoever asks. The rest are doors to
other processes and to rarely used parts of the kernel.

Trust: the filter holds native code, too, and cannot be taken back. It is a list of what is refused,
not of what is allowed: which calls Python and its libraries make nobody knows for every machine.
Source: seccomp(2); ``<linux/seccomp.h>``, ``<linux/filter.h>``, ``<linux/audit.h>``; the numbers of
``<asm/unistd_64.h>`` and ``<asm-generic/unistd.h>``.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

__all__ = ["filter_program", "refuse_system_calls"]

# Name, number on x86-64, number on the architectures that share one table.
_REFUSED = (
    ("socket", 41, 198),
    ("socketpair", 53, 199),
    ("io_uring_setup", 425, 425),  # makes sockets without the call
    ("ptrace", 101, 117),
    ("process_vm_readv", 310, 270),
    ("process_vm_writev", 311, 271),
    ("pidfd_getfd", 438, 438),
    ("add_key", 248, 217),
    ("request_key", 249, 218),
    ("keyctl", 250, 219),
    ("mount", 165, 40),
    ("setns", 308, 268),
    ("unshare", 272, 97),
    ("bpf", 321, 280),
    ("perf_event_open", 298, 241),
    ("userfaultfd", 323, 282),
)
# What the kernel calls an architecture, and which column of the table it has.
_ARCHITECTURES = {
    "x86_64": (0xC000_003E, 1),
    "aarch64": (0xC000_00B7, 2),
    "riscv64": (0xC000_00F3, 2),
}
# x86-64 has a second table, for pointers of 32 bits, from here on.
_X32 = 0x4000_0000

# Load a word of the call's data, compare it, end.
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE = 0, 4
_ALLOW, _REFUSE = 0x7FFF_0000, 0x0005_0000 | errno.EPERM

_SET_SECCOMP, _FILTER, _NO_NEW_PRIVILEGES = 22, 2, 38


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def filter_program(machine: str) -> bytes | None:
    """The filter for an architecture.

    Args:
        machine: Its name, as ``os.uname`` gives it.

    Returns:
        Instructions of the kernel's packet filter, eight bytes each; None where the numbers are
        not known.
    """
    if machine not in _ARCHITECTURES:
        return None
    architecture, column = _ARCHITECTURES[machine]
    numbers = [row[column] for row in _REFUSED]
    # Each jumps to the last instruction, which refuses; the one before allows the rest.
    checks = [(_EQUAL, number) for number in numbers] + [(_AT_LEAST, _X32)]
    instructions = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, _NUMBER),
        *((code, len(checks) - place, 0, value) for place, (code, value) in enumerate(checks)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def refuse_system_calls() -> bool:
    """Refuse them to this thread, and to every thread and process that it will start.

    Returns:
        Whether they are refused from now on.
    """
    program = filter_program(os.uname().machine) if sys.platform.startswith("linux") else None
    if program is None or sys.maxsize < 2**32:
        return False
    libc = ctypes.CDLL(None)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    described = _Program(len(program) // 8, program)
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(described), 0, 0) == 0)
