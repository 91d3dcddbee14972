"""Which system calls does a process make, and what are they for?

Trust: Linux on x86-64 only.
Source: ptrace(2), ``linux/ptrace.h`` (``ptrace_syscall_info``); the manual pages of the calls.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import struct
from pathlib import Path
from typing import Any

__all__ = ["MARK", "be_traced", "followed", "judged", "system_calls"]

# A system call that nothing else makes: what lies between two of them is looked at.
MARK = "getppid"

_HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
# Memory, locks and clocks of the process itself: what computing takes.
_INNER = frozenset(
    "brk clock_getres clock_gettime futex getrandom gettimeofday madvise mmap mprotect mremap "
    "munmap rseq rt_sigprocmask rt_sigreturn sched_yield time".split()
)
# What tells how things are and changes nothing.
_ASKING = frozenset(
    "access capget faccessat faccessat2 fgetxattr flistxattr fstat fstatfs get_robust_list getcwd "
    "getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid "
    "getppid getpriority getresgid getresuid getrlimit getrusage getsid getsockname getsockopt "
    "gettid getuid getxattr lgetxattr listxattr llistxattr lstat newfstatat readlink readlinkat "
    "rt_sigpending sched_get_priority_max sched_get_priority_min sched_getaffinity "
    "sched_getparam sched_getscheduler sched_rr_get_interval sigaltstack stat statfs statx "
    "sysinfo times timerfd_gettime uname ustat".split()
)
# Of calls that do many things, what only asks, by the second argument: settings of terminals and of
# descriptors.
_ASKING_BY_COMMAND = {
    "ioctl": {0x5401, 0x540F, 0x5413, 0x5429, 0x541B},
    "fcntl": {1, 3, 5, 9, 16, 1034},
}
# The first that fits any call says what a function does.
_DOES: tuple[tuple[str, str], ...] = (
    ("execve(at)?", "runs a program"),
    ("v?fork|clone3?", "starts a process or thread"),
    ("t?kill|tgkill|pidfd_send_signal|rt_sigqueueinfo", "sends a signal"),
    (
        "clock_settime|clock_adjtime|settimeofday|set(host|domain)name|reboot|syslog|acct",
        "changes the machine",
    ),
    (
        "set(re|res|fs)?[ug]id|setgroups",
        "changes who the process is",
    ),
    ("chroot|unshare|setns|f?chdir|umask|mount|umount2|pivot_root", "changes where the process is"),
    ("setsid|setpgid", "leaves the process's group"),
    ("mknod(at)?", "makes a pipe or device"),
    ("(un|sym)?link(at)?|rename(at2?)?|mkdir(at)?|rmdir", "changes a folder"),
    ("f?chmod(at2?)?|[fl]?chown(at)?|utime.*|futime.*|.*(set|remove)xattr", "changes a file"),
    ("memfd_create", "makes a file in memory"),
    ("open(at2?)?|creat", "opens a file"),
    ("ftruncate|truncate|fallocate|copy_file_range|sendfile|v?msplice|splice|tee|p?write.*",
     "writes to an open file or socket"),
    ("connect|bind|listen|accept4?", "connects or listens"),
    ("send(to|m?msg)", "sends data"),
    ("socket|setsockopt|shutdown", "makes or changes a socket"),
    ("recv(from|m?msg)|p?read.*", "reads from an open file or socket"),
    ("socketpair|pipe2?|eventfd2?|timerfd_create|epoll_create1?|signalfd4?|inotify_init1?|pidfd_open",
     "makes pipes, sockets or counters"),
    ("timerfd_settime|epoll_ctl|inotify_.*_watch", "changes what is waited for"),
    ("dup2|dup3", "puts an open file in another's place"),
    ("dup|fcntl|ioctl", "changes an open file or terminal"),
    ("setpriority|sched_set.*|setrlimit|prlimit64|prctl|ioprio_set|mlock.*",
     "changes how the process runs"),
    ("rt_sigaction|rt_sigtimedwait|rt_sigsuspend|pause|setitimer|alarm|timer_.*",
     "changes or waits for signals"),
    ("wait4|waitid", "waits for a process"),
    ("f?sync|fdatasync|syncfs|msync|sync_file_range|fadvise64|flock", "writes buffers to the disk"),
    ("close(_range)?", "closes what is open"),
    ("(clock_)?nanosleep|p?select6?|p?poll|epoll_p?wait2?", "waits"),
    ("lseek", "moves the place in an open file"),
    ("exit(_group)?", "ends the process"),
)  # fmt: skip
_STOPS = "ends the process"
_WAITS = "does not come back"
_ASKS = "tells how things are outside of the program"

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_LIBC.ptrace.restype = ctypes.c_long
_TRACE_ME, _SYSCALL, _SET_OPTIONS, _SYSCALL_INFO = 0, 24, 0x4200, 0x420E
_GOOD_AND_KILL = 0x1 | 0x100000
_INFO_SIZE, _ENTRY, _NUMBER_AND_ARGUMENTS = 96, 1, struct.Struct("<24x7Q")


def system_calls() -> dict[int, str]:
    """Names of system calls by number."""
    found = re.findall(r"#define __NR_(\w+) (\d+)", _HEADER.read_text("ascii"))
    return {int(number): name for name, number in found}


def be_traced() -> None:
    """Have the parent trace this process, and wait until it does."""
    _LIBC.ptrace(_TRACE_ME, 0, None, None)
    os.kill(os.getpid(), signal.SIGSTOP)


def followed(child: int, numbers: dict[int, str]) -> tuple[list[str], str]:
    """Follow a process to its end.

    Args:
        child: A process that is about to call :func:`be_traced`.
        numbers: Names of system calls by number.

    Returns:
        The calls between two marks, those that only ask with a question mark behind them, and what
        ended the process between them: nothing, an end or a wait.
    """
    calls: list[str] = []
    marks = signalled = 0
    os.waitpid(child, 0)
    _LIBC.ptrace(_SET_OPTIONS, child, None, _GOOD_AND_KILL)
    about = ctypes.create_string_buffer(_INFO_SIZE)
    while True:
        _LIBC.ptrace(_SYSCALL, child, None, signalled)
        _, status = os.waitpid(child, 0)
        signalled = 0
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            if marks > 1:
                return calls, ""
            waited = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
            return calls, _WAITS if waited else _STOPS
        if os.WSTOPSIG(status) != signal.SIGTRAP | 0x80:
            signalled = os.WSTOPSIG(status)
            continue
        _LIBC.ptrace(_SYSCALL_INFO, child, _INFO_SIZE, ctypes.addressof(about))
        if about.raw[0] != _ENTRY:
            continue
        number, _, second, third, *_ = _NUMBER_AND_ARGUMENTS.unpack_from(about.raw)
        call = numbers.get(number, f"number {number}")
        if call == MARK:
            marks += 1
        elif marks == 1 and call not in _INNER:
            asks = call in _ASKING or second in _ASKING_BY_COMMAND.get(call, ())
            asks = asks or (call == "prlimit64" and not third)
            calls.append(f"{call}?" if asks else call)


def judged(found: dict[str, Any]) -> tuple[str, str] | None:
    """What a callable is, by what was found when it was called.

    Args:
        found: ``calls`` and ``end`` as :func:`followed` returns them; ``changed``, what was changed
            in the interpreter; ``event``, the event by which it was stopped, or None.

    Returns:
        The section of the table and what stands there; None for what does nothing outside.
    """
    acts = [call for call in found["calls"] if not call.endswith("?")]
    if found["end"] or found["changed"] or acts:
        return "acts", found["end"] or next(iter([*_done(acts), *found["changed"]]))
    if found["event"] is not None:
        return "stopped", found["event"]
    return ("asks", _ASKS) if found["calls"] else None


def _done(calls: list[str]) -> list[str]:
    known = [does for pattern, does in _DOES if any(re.fullmatch(pattern, c) for c in calls)]
    return known or [f"makes the system call {call}" for call in calls]
