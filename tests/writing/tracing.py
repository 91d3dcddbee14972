"""Run a function in a child and kill it at one of its system calls.

The child is forked from this process, which has imported and used everything before, and is traced:
it stops at the entry and at the exit of every system call. Between two marks (``getsid``, which
nothing else here calls) the stops are counted, and at the chosen one the child gets SIGKILL. Killed
at the entry, the call does not take place; killed at the exit, it has.

Source: ptrace(2), ``PTRACE_GET_SYSCALL_INFO`` (Linux 5.3).
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

_TRACEME, _SYSCALL, _SETOPTIONS, _GET_SYSCALL_INFO = 0, 24, 0x4200, 0x420E
_OPTIONS = 0x1 | 0x100000  # PTRACE_O_TRACESYSGOOD, PTRACE_O_EXITKILL
_STOPPED_AT_CALL = signal.SIGTRAP | 0x80
_ENTRY, _EXIT = 1, 2
FAILED = 70

# Calls that change what others find on the disk, and those that lock.
_CHANGING = {
    "x86_64": {
        "open": 2, "write": 1, "pwrite64": 18, "writev": 20, "flock": 73, "fsync": 74,
        "fdatasync": 75, "truncate": 76, "ftruncate": 77, "rename": 82, "mkdir": 83, "rmdir": 84,
        "creat": 85, "link": 86, "unlink": 87, "symlink": 88, "chmod": 90, "fchmod": 91,
        "chown": 92, "fchown": 93, "lchown": 94, "openat": 257, "mkdirat": 258, "fchownat": 260,
        "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266, "fchmodat": 268,
        "renameat2": 316,
    },
    "aarch64": {
        "flock": 32, "mkdirat": 34, "unlinkat": 35, "symlinkat": 36, "linkat": 37, "renameat": 38,
        "truncate": 45, "ftruncate": 46, "fchmod": 52, "fchmodat": 53, "fchownat": 54,
        "fchown": 55, "openat": 56, "write": 64, "writev": 66, "pwrite64": 68, "fsync": 82,
        "fdatasync": 83, "renameat2": 276,
    },
}  # fmt: skip
_MARK = {"x86_64": 124, "aarch64": 156}
_MACHINE = platform.machine()
_NAMES = {number: name for name, number in _CHANGING.get(_MACHINE, {}).items()}
# Where an argument says whether an open may create a file.
_FLAGS = {"open": 1, "openat": 2}


class _Entry(ctypes.Structure):
    _fields_ = [
        ("op", ctypes.c_uint8),
        ("arch", ctypes.c_uint32),
        ("ip", ctypes.c_uint64),
        ("sp", ctypes.c_uint64),
        ("number", ctypes.c_uint64),
        ("arguments", ctypes.c_uint64 * 6),
    ]


_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a child was killed.

    Attributes:
        number: How many stops came before.
        call: Name of the system call, or its number.
        at_exit: Whether the call had taken place.
    """

    number: int
    call: str
    at_exit: bool


class CannotTraceError(Exception):
    """This machine does not let a process trace its child."""


def reason_not_to_trace() -> str:
    """Why nothing can be traced here, or an empty string."""
    if not sys.platform.startswith("linux") or _MACHINE not in _MARK:
        return f"no tracer for {sys.platform} on {_MACHINE}"
    try:
        kill_at(lambda: None, 0, every=True)
    except CannotTraceError as error:
        return f"this machine does not let a process trace its child: {error}"
    return ""


def kill_at(action: Callable[[], object], number: int, *, every: bool = False) -> Stop | None:
    """Run a function in a child until a stop, and kill it there.

    Args:
        action: What to run.
        number: The stop, counted from 0.
        every: Whether to stop at all system calls, not only at those that change files or lock.

    Returns:
        Where the child was killed, or None if it had come to its end before.

    Raises:
        CannotTraceError: The system does not allow it.
        AssertionError: The function raised an exception.
    """
    child = os.fork()
    if not child:
        _be_traced(action)
    try:
        return _follow(child, number, every=every)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        os.waitpid(child, 0)


def _be_traced(action: Callable[[], object]) -> None:
    code = FAILED
    try:
        if _ptrace(_TRACEME, 0) != 0:
            os._exit(FAILED - 1)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.getsid(0)
        action()
        os.getsid(0)
        code = 0
    except BaseException:  # noqa: BLE001  # a child ends here
        traceback.print_exc()
    finally:
        os._exit(code)


def _follow(child: int, number: int, *, every: bool) -> Stop | None:
    _, status = os.waitpid(child, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        raise CannotTraceError("PTRACE_TRACEME")
    if _ptrace(_SETOPTIONS, child, 0, _OPTIONS) != 0:
        raise CannotTraceError("PTRACE_SETOPTIONS")
    info = _Entry()
    marks, seen, call, counts = 0, 0, 0, False
    pending = 0
    while True:
        _ptrace(_SYSCALL, child, 0, pending)
        # Not reaped: whoever called waits for it in the end.
        result = os.waitid(os.P_PID, child, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
        assert result is not None
        if result.si_code in (os.CLD_EXITED, os.CLD_KILLED, os.CLD_DUMPED):
            assert (result.si_code, result.si_status) == (os.CLD_EXITED, 0), result
            return None
        os.waitpid(child, os.WUNTRACED)
        pending = 0
        if result.si_status != _STOPPED_AT_CALL:
            pending = result.si_status
            continue
        if _ptrace(_GET_SYSCALL_INFO, child, ctypes.sizeof(info), ctypes.byref(info)) <= 0:
            raise CannotTraceError("PTRACE_GET_SYSCALL_INFO")
        if info.op == _ENTRY:
            call = info.number
            counts = marks == 1 and (every or _changes(info))
            marks += call == _MARK[_MACHINE]
        if counts and call != _MARK[_MACHINE]:
            if seen == number:
                os.kill(child, signal.SIGKILL)
                return Stop(number, _NAMES.get(call, str(call)), info.op == _EXIT)
            seen += 1


def _changes(info: _Entry) -> bool:
    name = _NAMES.get(info.number)
    if name in _FLAGS:
        return bool(info.arguments[_FLAGS[name]] & os.O_CREAT)
    return name is not None


def _ptrace(request: int, child: int, address: int = 0, data: object = 0) -> int:
    pointer = data if not isinstance(data, int) else ctypes.c_void_p(data)
    return int(
        _LIBC.ptrace(
            ctypes.c_long(request), ctypes.c_long(child), ctypes.c_void_p(address), pointer
        )
    )
