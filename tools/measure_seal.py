"""Which functions of Python's own act without an audit event, so that the seal does not see them?

Every callable of the modules that are written in C, and the methods of the types that hold files,
memory or sockets, is called under the seal, with arguments that suit it, in a process of its own
that is given up afterwards. That process is traced: its system calls are noted, and the state of
the interpreter is compared. What was refused before anything was done is stopped. What did
something is blind, and so is what ended the process or did not come back. Of the functions that are
written in Python, those are listed that name a blind one in their code.

    python tools/measure_seal.py [--python PYTHON ...]

writes ``safeload/policy/team/seal_sight.toml`` and ``docs/seal.md``, for all those interpreters
together. What no arguments were found for is counted, and passes for what does nothing. Linux on
x86-64 only; ``strace`` is not needed.

Trust: runs everything that Python has, with harmless arguments, in a folder of its own; as an
ordinary user, or as root in a container.
"""

from __future__ import annotations

import _locale
import argparse
import array
import atexit
import builtins
import contextlib
import csv
import ctypes
import decimal
import dis
import faulthandler
import gc
import importlib
import inspect
import io
import itertools
import json
import mmap
import multiprocessing
import os
import pkgutil
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "safeload" / "policy" / "team" / "seal_sight.toml"
PAGE = ROOT / "docs" / "seal.md"
_HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")

# -- what a system call is for ---------------------------------------------------------------------

# Memory, locks and clocks of the process itself: what computing takes.
_INNER = frozenset(
    "brk clock_getres clock_gettime futex getrandom gettimeofday madvise mmap mprotect mremap "
    "munmap rseq rt_sigreturn sched_yield time".split()
)
# What tells how things are and changes nothing.
_ASKING = frozenset(
    "access capget epoll_create1 faccessat faccessat2 fcntl fgetxattr flistxattr fstat fstatfs "
    "get_robust_list getcwd getdents64 getegid geteuid getgid getgroups getitimer getpgid getpgrp "
    "getpid getpeername getppid getpriority getresgid getresuid getrlimit getrusage getsid "
    "getsockname getsockopt gettid getuid getxattr ioctl lgetxattr listxattr llistxattr lstat "
    "newfstatat pidfd_open poll prlimit64 readlink readlinkat rt_sigpending rt_sigprocmask "
    "sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getparam "
    "sched_getscheduler sched_rr_get_interval sigaltstack stat statfs statx sysinfo times "
    "timerfd_gettime uname ustat".split()
)
# The first that fits says what a function does.
_DOES: tuple[tuple[str, str], ...] = (
    ("fork|vfork|clone3?", "starts a process or thread"),
    ("execveat|execve", "runs a program"),
    ("kill|tkill|tgkill|pidfd_send_signal|rt_sigqueueinfo", "sends a signal"),
    ("mknod|mknodat", "makes a pipe or device"),
    ("memfd_create", "makes a file in memory"),
    ("openat2?|open|creat", "opens a file"),
    ("unlink|unlinkat|rmdir|rename|renameat2?|link|linkat|symlink|symlinkat|mkdir|mkdirat",
     "changes a folder"),
    ("chmod|fchmodat2?|fchmod|chown|lchown|fchownat|fchown|utimensat|futimesat|.*setxattr"
     "|.*removexattr", "changes what is said of a file"),
    ("truncate|ftruncate|fallocate|copy_file_range|sendfile|splice|tee|vmsplice|p?write.*",
     "writes to an open file or socket"),
    ("sendto|sendmsg|sendmmsg", "sends data"),
    ("connect|bind|listen|accept4?", "connects or listens"),
    ("socketpair|socket|shutdown|setsockopt", "makes or changes a socket"),
    ("recvfrom|recvmsg|recvmmsg|p?read|preadv2?|readv", "reads from an open file or socket"),
    ("lseek", "moves the place in an open file"),
    ("close|close_range", "closes files that are open"),
    ("dup[23]?", "puts an open file in another's place"),
    ("pipe2?|eventfd2?|timerfd_create|epoll_create|signalfd4?|inotify_init1?",
     "makes pipes or counters"),
    ("timerfd_settime|epoll_ctl|inotify_add_watch|inotify_rm_watch", "changes what is waited for"),
    ("setuid|setgid|setre?[ug]id|setres[ug]id|setgroups|setfs[ug]id",
     "changes who the process is"),
    ("chroot|unshare|setns|chdir|fchdir|umask|mount|umount2|pivot_root",
     "changes where the process is"),
    ("setsid|setpgid", "leaves the process's group"),
    ("setpriority|nice|sched_set.*|setrlimit|prctl|ioprio_set|mlock.*|msync",
     "changes how the process runs"),
    ("rt_sigaction|rt_sigtimedwait|rt_sigsuspend|pause|setitimer|alarm|timer_.*",
     "changes or waits for signals"),
    ("wait4|waitid", "waits for a process"),
    ("nanosleep|clock_nanosleep|select|pselect6|ppoll|epoll_wait|epoll_pwait2?", "waits"),
    ("sync|fsync|fdatasync|syncfs|sync_file_range|posix_fadvise|fadvise64|flock",
     "writes buffers to the disk"),
    ("clock_settime|clock_adjtime|settimeofday|sethostname|setdomainname|reboot|syslog|acct",
     "changes the machine"),
    ("exit|exit_group", "ends the process"),
)  # fmt: skip
_STOPS = "ends the process"
_WAITS = "does not come back"
_ASKS = "tells how things are outside of the program"

# -- what is measured ------------------------------------------------------------------------------

# Python's own tests, and what asks for a screen or opens a browser.
_LEFT_OUT = re.compile(
    r"_?test.*|_xx.*|xx.*|_ctypes_test|antigravity|idlelib.*|lib2to3.*|this|tkinter.*|_tkinter"
    r"|turtle.*|ensurepip.*|.*\.__main__|pip|venv.*|pydoc_data.*|distutils.*|.*\.tests?(\..*)?"
    r"|readline|_curses.*|curses.*|_suggestions|_sysconfig|config-.*"
)
# Which part of a type's methods does something beside computing.
_HOLDERS = (
    "_io.FileIO", "_io.BufferedReader", "_io.BufferedWriter", "_io.BufferedRandom",
    "_io.TextIOWrapper", "mmap.mmap", "_socket.socket", "select.epoll", "select.poll",
    "_multiprocessing.SemLock", "posix.DirEntry", "array.array", "_thread.lock", "_thread.RLock",
)  # fmt: skip
# Changes of these are no doing of the function.
_ENDS = frozenset(["builtins.breakpoint", "builtins.input"])


class Place:
    """Where a callable is tried: a folder with a file, open files, and values by parameter."""

    def __init__(self, folder: str) -> None:
        os.chdir(folder)
        self.path = f"{folder}/file"
        Path(self.path).write_bytes(bytes(range(64)))
        self.fd = os.open(self.path, os.O_RDWR)
        self.other = os.open(f"{folder}/other", os.O_RDWR | os.O_CREAT)
        self.pipe = os.pipe()
        os.set_blocking(self.pipe[0], False)
        self.map = mmap.mmap(self.fd, 64)
        self.sockets = socket.socketpair()
        for end in self.sockets:
            end.setblocking(False)
        self.values: dict[str, Any] = {
            **dict.fromkeys(["path", "src", "source", "filename", "file", "name"], self.path),
            **dict.fromkeys(["dst", "destination", "target", "new"], f"{folder}/new"),
            **dict.fromkeys(["fd", "in_fd", "fd_low", "out_fd", "filedes", "fildes"], self.fd),
            **dict.fromkeys(["fd2", "dst_fd", "fd_high"], self.other),
            **dict.fromkeys(["data", "bytes", "string", "s", "buf"], b"x"),
            **dict.fromkeys(["buffers"], [bytearray(4)]),
            **dict.fromkeys(["length", "size", "count", "n", "nbytes", "bufsize"], 4),
            **dict.fromkeys(["mode", "mask"], 0o600),
            **dict.fromkeys(["offset", "flags", "position", "pos", "how", "which", "whence"], 0),
            **dict.fromkeys(["uid", "gid", "ruid", "euid", "suid", "rgid", "egid", "sgid"], 65534),
            **dict.fromkeys(["pid", "pgid", "pgrp"], 0),
            **dict.fromkeys(["signalnum", "sig", "signal"], int(signal.SIGUSR1)),
            **dict.fromkeys(["seconds", "secs", "timeout", "interval"], 0.001),
            **dict.fromkeys(["callback", "function", "func", "object", "obj", "hook"], print),
            "groups": [65534], "attribute": b"user.x", "value": b"x", "times": (1, 1),
            "sigset": [signal.SIGUSR1], "handler": signal.SIG_DFL, "env": {}, "argv": ["true"],
            "policy": 0, "param": 0, "length_": 4, "increment": 1, "args": (), "kwargs": {},
            "limit": 5000, "new_limit": 5000, "enable": 1, "advice": 0, "device": 0, "clk_id": 0,
        }  # fmt: skip

    def holder(self, type_name: str) -> Any:
        """An instance of one of the types whose methods are tried."""
        return {
            "_io.FileIO": lambda: io.FileIO(self.fd, "r+", closefd=False),
            "_io.BufferedReader": lambda: open(self.fd, "rb", closefd=False),  # noqa: SIM115, PTH123
            "_io.BufferedWriter": lambda: open(self.fd, "wb", closefd=False),  # noqa: SIM115, PTH123
            "_io.BufferedRandom": lambda: open(self.fd, "r+b", closefd=False),  # noqa: SIM115, PTH123
            "_io.TextIOWrapper": lambda: open(self.fd, "r+", closefd=False),  # noqa: SIM115, PTH123, PLW1514
            "mmap.mmap": lambda: self.map,
            "_socket.socket": lambda: self.sockets[0],
            "select.epoll": select.epoll,
            "select.poll": select.poll,
            "_multiprocessing.SemLock": lambda: multiprocessing.Lock()._semlock,
            "posix.DirEntry": lambda: next(iter(os.scandir("."))),
            "array.array": lambda: array.array("b", b"abcd"),
            "_thread.lock": threading.Lock,
            "_thread.RLock": threading.RLock,
        }[type_name]()


# Where the names of parameters do not tell what is wanted.
_ARGUMENTS: dict[str, Callable[[Place], tuple[Any, ...]]] = {
    "_posixshmem.shm_open": lambda p: (f"/measured-{os.getpid()}", os.O_CREAT | os.O_RDWR),
    "_posixshmem.shm_unlink": lambda p: (f"/measured-{os.getpid()}",),
    "_multiprocessing.SemLock": lambda p: (1, 1, 1, f"/measured-{os.getpid()}", True),
    "_multiprocessing.sem_unlink": lambda p: (f"/measured-{os.getpid()}",),
    "_posixsubprocess.fork_exec": lambda p: _fork_exec(),
    "posix.setuid": lambda p: (65534,), "posix.setgid": lambda p: (65534,),
    "posix.mknod": lambda p: ("node", 0o010600), "posix.mkfifo": lambda p: ("fifo", 0o600),
    "posix.write": lambda p: (p.fd, b"x"), "posix.pwrite": lambda p: (p.fd, b"x", 0),
    "posix.writev": lambda p: (p.fd, [b"x"]), "posix.pwritev": lambda p: (p.fd, [b"x"], 0),
    "posix.sendfile": lambda p: (p.other, p.fd, 0, 4), "posix.dup2": lambda p: (p.fd, p.other),
    "posix.readv": lambda p: (p.fd, [bytearray(4)]), "posix.umask": lambda p: (0o77,),
    "posix.preadv": lambda p: (p.fd, [bytearray(4)], 0), "posix.fchdir": lambda p: (
        os.open(".", os.O_RDONLY),), "posix.lockf": lambda p: (p.fd, 0, 0),
    "posix.waitid": lambda p: (os.P_ALL, 0, os.WEXITED), "posix.getgrouplist": lambda p: (
        "nobody", 1), "posix.initgroups": lambda p: ("nobody", 65534),
    "posix.sched_setaffinity": lambda p: (0, [0]), "posix.login_tty": lambda p: (p.fd,),
    "posix.sched_setscheduler": lambda p: (0, 0, os.sched_param(0)),
    "posix.sched_setparam": lambda p: (0, os.sched_param(0)),
    "posix.splice": lambda p: (p.fd, p.pipe[1], 4), "posix._exit": lambda p: (0,),
    "posix.posix_spawn": lambda p: ("/bin/true", ["true"], {}),
    "posix.posix_spawnp": lambda p: ("true", ["true"], {}),
    "posix.copy_file_range": lambda p: (p.fd, p.other, 4),
    "posix.tcsetpgrp": lambda p: (p.fd, 0), "posix.setpriority": lambda p: (0, 0, 1),
    "posix.timerfd_settime": lambda p: (p.fd,), "posix.unshare": lambda p: (0,),
    "posix.register_at_fork": lambda p: (), "posix.closerange": lambda p: (p.fd, p.fd + 1),
    "time.sleep": lambda p: (0.001,), "time.clock_settime": lambda p: (99, 0.0),
    "time.clock_settime_ns": lambda p: (99, 0), "signal.pause": lambda p: (),
    "_signal.signal": lambda p: (signal.SIGUSR1, signal.SIG_IGN), "_signal.pause": lambda p: (),
    "_signal.alarm": lambda p: (1,), "_signal.setitimer": lambda p: (0, 1.0),
    "_signal.sigwait": lambda p: ([signal.SIGUSR1],), "_signal.set_wakeup_fd": lambda p: (
        p.pipe[1],), "_signal.siginterrupt": lambda p: (signal.SIGUSR1, True),
    "_signal.sigtimedwait": lambda p: ([signal.SIGUSR1], 0.001),
    "_signal.pthread_sigmask": lambda p: (0, [signal.SIGUSR1]),
    "_signal.pthread_kill": lambda p: (threading.get_ident(), 0),
    "_signal.pidfd_send_signal": lambda p: (p.fd, 0),
    "_signal.raise_signal": lambda p: (signal.SIGUSR1,),
    "resource.setrlimit": lambda p: (resource.RLIMIT_CORE, (0, 0)),
    "resource.prlimit": lambda p: (0, resource.RLIMIT_CORE, (0, 0)),
    "fcntl.ioctl": lambda p: (p.fd, 0), "fcntl.fcntl": lambda p: (p.fd, 1),
    "fcntl.flock": lambda p: (p.fd, 8), "fcntl.lockf": lambda p: (p.fd, 8),
    "termios.tcsetattr": lambda p: (p.fd, 0, [0, 0, 0, 0, 0, 0, [b"\0"] * 32]),
    "termios.tcsendbreak": lambda p: (p.fd, 0), "termios.tcflow": lambda p: (p.fd, 0),
    "termios.tcflush": lambda p: (p.fd, 0), "termios.tcsetwinsize": lambda p: (p.fd, (1, 1)),
    "select.select": lambda p: ([p.fd], [], [], 0), "select.epoll": lambda p: (),
    "select.epoll.register": lambda p: (p.pipe[0],), "select.epoll.poll": lambda p: (0,),
    "select.poll.poll": lambda p: (0,), "select.epoll.fromfd": lambda p: (p.fd,),
    "_socket.socket": lambda p: (), "_socket.socketpair": lambda p: (),
    "_socket.close": lambda p: (p.other,), "_socket.dup": lambda p: (p.fd,),
    "_socket.socket.connect": lambda p: ("/nowhere",), "_socket.socket.bind": lambda p: ("b",),
    "_socket.socket.sendto": lambda p: (b"x", "/nowhere"), "_socket.socket.sendmsg": lambda p: (
        [b"x"],), "_socket.socket.setsockopt": lambda p: (1, 2, 1),
    "_socket.socket.recv_into": lambda p: (bytearray(4),), "_socket.socket.shutdown": lambda p: (
        2,), "_socket.socket.connect_ex": lambda p: ("/nowhere",),
    "_socket.socket.getsockopt": lambda p: (1, 2), "_socket.socket.recvfrom_into": lambda p: (
        bytearray(4),), "_socket.socket.recvmsg": lambda p: (4,),
    "_socket.socket.recvmsg_into": lambda p: ([bytearray(4)],),
    "_socket.getaddrinfo": lambda p: ("127.0.0.1", 1), "_socket.gethostbyname": lambda p: (
        "127.0.0.1",), "_socket.getnameinfo": lambda p: (("127.0.0.1", 1), 0),
    "mmap.mmap": lambda p: (-1, 64), "mmap.mmap.write": lambda p: (b"x",),
    "mmap.mmap.move": lambda p: (0, 4, 4), "mmap.mmap.__setitem__": lambda p: (0, 1),
    "mmap.mmap.resize": lambda p: (128,), "mmap.mmap.flush": lambda p: (),
    "array.array.tofile": lambda p: (io.FileIO(p.fd, "r+", closefd=False),),
    "array.array.fromfile": lambda p: (io.FileIO(p.fd, "r+", closefd=False), 4),
    "_thread.start_new_thread": lambda p: (print, ()), "_thread.start_new": lambda p: (print, ()),
    "_thread.start_joinable_thread": lambda p: (print,), "_thread.stack_size": lambda p: (1 << 20,),
    "_thread.interrupt_main": lambda p: (signal.SIGUSR1,),
    "sys.setrecursionlimit": lambda p: (5000,), "sys.setswitchinterval": lambda p: (0.1,),
    "sys.settrace": lambda p: (print,), "sys.setprofile": lambda p: (print,),
    "sys.setdlopenflags": lambda p: (1,), "sys.set_int_max_str_digits": lambda p: (5000,),
    "sys.addaudithook": lambda p: (print,), "sys.intern": lambda p: ("x",),
    "sys.set_asyncgen_hooks": lambda p: (print, print), "sys.unraisablehook": lambda p: (),
    "sys.set_coroutine_origin_tracking_depth": lambda p: (3,), "sys.breakpointhook": lambda p: (),
    "sys.activate_stack_trampoline": lambda p: ("perf",), "sys.excepthook": lambda p: (
        ValueError, ValueError("x"), None), "sys.displayhook": lambda p: (1,),
    "gc.set_threshold": lambda p: (1000,), "gc.set_debug": lambda p: (1,),
    "atexit.register": lambda p: (print,), "atexit.unregister": lambda p: (_at_exit,),
    "faulthandler.register": lambda p: (signal.SIGUSR1,), "faulthandler.enable": lambda p: (),
    "faulthandler.dump_traceback_later": lambda p: (60,), "faulthandler.dump_traceback": lambda p: (
        p.other,), "_locale.setlocale": lambda p: (0, "C"), "time.tzset": lambda p: (),
    "tracemalloc.start": lambda p: (1,), "_tracemalloc.start": lambda p: (1,),
    "builtins.print": lambda p: ("x",), "builtins.open": lambda p: (p.path,),
    "builtins.exec": lambda p: ("1",), "builtins.eval": lambda p: ("1",),
    "builtins.compile": lambda p: ("1", "x", "eval"), "builtins.__import__": lambda p: ("this",),
    "builtins.setattr": lambda p: (sys, "measured", 1), "builtins.delattr": lambda p: (
        sys, "byteorder"), "marshal.dump": lambda p: (1, io.FileIO(p.fd, "r+", closefd=False)),
    "marshal.load": lambda p: (io.FileIO(p.fd, "r+", closefd=False),), "marshal.loads": lambda p: (
        b"N",), "_io.open_code": lambda p: (p.path,), "_io.FileIO": lambda p: (p.path,),
    "_io.FileIO.write": lambda p: (b"x",), "_io.BufferedWriter.write": lambda p: (b"x" * 20_000,),
    "_io.BufferedRandom.write": lambda p: (b"x" * 20_000,), "_io.TextIOWrapper.write": lambda p: (
        "x" * 20_000,), "_io.FileIO.readinto": lambda p: (bytearray(4),),
    "_io.FileIO.truncate": lambda p: (8,), "_io.BufferedRandom.truncate": lambda p: (8,),
    "_ctypes.dlopen": lambda p: (None, 0), "_ctypes.call_function": lambda p: (0, ()),
    "_sqlite3.connect": lambda p: (":memory:",), "syslog.syslog": lambda p: ("x",),
    "_codecs.register": lambda p: (print,), "_codecs.register_error": lambda p: ("x", print),
    "_csv.field_size_limit": lambda p: (5,), "_csv.register_dialect": lambda p: ("x",),
    "_decimal.setcontext": lambda p: (decimal.Context(3),),
    "_warnings.warn": lambda p: ("x",), "_imp.create_dynamic": lambda p: (
        types.SimpleNamespace(name="math", origin="/nowhere.so"),),
    "_queue.SimpleQueue": lambda p: (), "_contextvars.Context": lambda p: (),
}  # fmt: skip


def _fork_exec() -> tuple[Any, ...]:
    ends = os.pipe()
    start = ([b"true"], [b"/bin/true"], True, (ends[1],), None, None)
    rest = (-1, -1, -1, -1, -1, -1, ends[0], ends[1], True, False, 0, None, None, None, -1, None)
    return (*start, *rest, *([True] if sys.version_info >= (3, 11) and not _newer() else []))


def _newer() -> bool:
    return sys.version_info >= (3, 14)


def _at_exit() -> None:
    pass


def callables() -> Iterator[tuple[str, Any, str | None]]:
    """Every callable to try: its name, itself, and for a method the name of its type."""
    for module in _modules(compiled=True):
        for name, value in sorted(vars(module).items()):
            if callable(value) and _own(value, module) and not name.startswith("__"):
                if not (inspect.isclass(value) and issubclass(value, BaseException)):
                    yield f"{module.__name__}.{name}", value, None
    yield "builtins.__import__", __import__, None
    for holder in _HOLDERS:
        module_name, _, name = holder.rpartition(".")
        kind = _type_of(module_name, name)
        for method in sorted(set(dir(kind)) - set(dir(object))):
            if callable(getattr(kind, method, None)) and method != "__class_getitem__":
                yield f"{holder}.{method}", method, holder


def _type_of(module: str, name: str) -> type:
    if (module, name) in {("_thread", "lock"), ("_thread", "RLock")}:
        return type(threading.Lock()) if name == "lock" else type(threading.RLock())
    found = getattr(importlib.import_module(module), name)
    return found if isinstance(found, type) else type(select.poll())


def _own(value: Any, module: types.ModuleType) -> bool:
    home = getattr(value, "__module__", None)
    return home in (module.__name__, module.__name__.lstrip("_"), None)


def _modules(*, compiled: bool) -> Iterator[types.ModuleType]:
    names = set(sys.builtin_module_names) | set(sys.stdlib_module_names)
    with warnings.catch_warnings(), open(os.devnull, "w") as nowhere:  # noqa: PTH123, PLW1514
        warnings.simplefilter("ignore")
        for name in sorted(names):
            if _LEFT_OUT.fullmatch(name):
                continue
            try:
                with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                    module = importlib.import_module(name)
            except BaseException:  # noqa: BLE001, S112  # not built here, or for another system
                continue
            file = getattr(module, "__file__", None) or ""
            if compiled != file.endswith(".py"):
                yield module
            for part in pkgutil.iter_modules(getattr(module, "__path__", [])):
                within = f"{name}.{part.name}"
                if not compiled and not _LEFT_OUT.fullmatch(within):
                    with contextlib.suppress(BaseException):
                        yield importlib.import_module(within)


# -- measuring -------------------------------------------------------------------------------------

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_LIBC.ptrace.restype = ctypes.c_long
_TRACE_ME, _SYSCALL, _SET_OPTIONS, _SYSCALL_INFO = 0, 24, 0x4200, 0x420E
_GOOD_AND_KILL = 0x1 | 0x100000
_SECONDS = 2.0


def _state(place: Place) -> dict[str, Any]:
    """Settings of the interpreter, and files, that a function may change."""
    return {
        "writes to a file that is mapped into memory": [
            Path(path).read_bytes() for path in (place.path, f"{Path(place.path).parent}/other")
        ],
        "changes when garbage is collected": (gc.isenabled(), gc.get_threshold(), gc.get_debug(),
                                              gc.get_freeze_count()),
        "changes limits of the interpreter": (sys.getrecursionlimit(), sys.getswitchinterval(),
                                              getattr(sys, "get_int_max_str_digits", int)()),
        "has all that runs followed": (sys.gettrace(), sys.getprofile(), tracemalloc.is_tracing(),
                                       sys.is_stack_trampoline_active()
                                       if hasattr(sys, "is_stack_trampoline_active") else None),
        "has something called at the end of the process": atexit._ncallbacks(),
        "has something called at signals or crashes": (
            faulthandler.is_enabled(), [signal.getsignal(n) for n in (1, 2, 10, 12, 14, 15)]),
        "changes the environment": (dict(os.environ), time.tzname, _locale.setlocale(6, None)),
        "changes modules of the program": (
            sorted(sys.modules), sorted(vars(sys)), sorted(vars(builtins))),
        "changes how libraries work": (decimal.getcontext().prec, sys.get_asyncgen_hooks(),
                                       csv.field_size_limit(),
                                       csv.list_dialects(),
                                       sys.get_coroutine_origin_tracking_depth(),
                                       threading.stack_size(), sys.getdlopenflags()),
    }  # fmt: skip


def _candidates(name: str, value: Any, place: Place) -> Iterator[tuple[Any, ...]]:
    if name in _ARGUMENTS:
        yield _ARGUMENTS[name](place)
        return
    with contextlib.suppress(ValueError, TypeError):
        given = []
        for parameter in inspect.signature(value).parameters.values():
            if parameter.default is not parameter.empty or parameter.kind in (2, 3, 4):
                continue
            given.append(place.values.get(parameter.name, 0))
        yield tuple(given)
    pool: list[Any] = [place.fd, place.path, b"x", print, [place.fd]]
    for count in range(4):
        yield from itertools.product(pool, repeat=count) if count < 2 else (
            (first,) * count for first in pool
        )


def _tried(name: str, value: Any, holder: str | None, outcome: int, folder: str) -> None:
    """In the child: call, and write what came of it."""
    from safeload.errors import LoadError
    from safeload.loading import seal

    place = Place(folder)
    if holder is not None:
        value = getattr(place.holder(holder), value)
    candidates = list(itertools.islice(_candidates(name, value, place), 24))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    said: dict[str, Any] = {"called": False, "event": None, "changed": []}
    before = _state(place)
    _LIBC.ptrace(_TRACE_ME, 0, None, None)
    os.kill(os.getpid(), signal.SIGSTOP)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    marked, marking = os.getppid, {"event": None}

    def work() -> None:
        for arguments in candidates:
            try:
                value(*arguments)
            except TypeError:
                continue
            except Exception:  # noqa: BLE001  # a failing system call is one all the same
                said["called"] = True
                if name in _ARGUMENTS:
                    return
                continue
            said["called"] = True
            return

    marked()
    try:
        seal.sealed(work)
    except LoadError as error:
        if error.code == "seal-broken":
            marking["event"] = error.message.split(" event ")[1].split(",")[0].split(" ")[0]
    except BaseException:  # noqa: BLE001, S110
        pass
    marked()
    signal.setitimer(signal.ITIMER_REAL, 0)
    said["event"] = marking["event"]
    with contextlib.suppress(BaseException):
        after = _state(place)
        said["changed"] = [what for what in before if before[what] != after[what]]
    os.write(outcome, json.dumps(said).encode())
    os._exit(0)


def measured(name: str, value: Any, holder: str | None, numbers: dict[int, str]) -> dict[str, Any]:
    """Call one callable in a process of its own.

    Returns:
        The event that stopped it or None, the system calls that it made, what it changed in the
        interpreter, whether any arguments suited it, and how its process ended.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        receiving, sending = os.pipe()
        child = os.fork()
        if not child:
            os.setsid()
            os.close(receiving)
            try:
                _tried(name, value, holder, os.dup2(sending, 200), folder)
            finally:
                os._exit(3)
        os.close(sending)
        calls, end = _followed(child, numbers)
        with open(receiving, "rb") as answer:  # noqa: PTH123
            said = json.loads(answer.read() or "null")
    return {**(said or {"called": True, "event": None, "changed": []}), "calls": calls, "end": end}


def _followed(child: int, numbers: dict[int, str]) -> tuple[list[str], str]:
    """The system calls between two marks, and how the process ended."""
    calls: list[str] = []
    marks, signalled = 0, 0
    os.waitpid(child, 0)
    _LIBC.ptrace(_SET_OPTIONS, child, None, _GOOD_AND_KILL)
    about = ctypes.create_string_buffer(96)
    while True:
        _LIBC.ptrace(_SYSCALL, child, None, signalled)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            return calls, "" if marks >= 2 else _STOPS
        if os.WIFSIGNALED(status):
            waited = os.WTERMSIG(status) == signal.SIGALRM
            return calls, "" if marks >= 2 else _WAITS if waited else _STOPS
        signalled = 0
        if os.WSTOPSIG(status) != signal.SIGTRAP | 0x80:
            signalled = os.WSTOPSIG(status)
            continue
        _LIBC.ptrace(_SYSCALL_INFO, child, 96, ctypes.addressof(about))
        if about.raw[0] != 1:
            continue
        call = numbers.get(struct.unpack_from("<Q", about.raw, 24)[0], "another")
        if call == "getppid":
            marks += 1
        elif marks == 1:
            calls.append(call)


def judged(found: dict[str, Any]) -> tuple[str, str] | None:
    """Whether a callable is stopped or blind, and what it does; None if it does nothing outside."""
    calls = [call for call in found["calls"] if call not in _INNER]
    acts = [does for call in calls if call not in _ASKING for does in [_does(call)]]
    if acts:
        return "acts", acts[0] if found["end"] == "" else found["end"]
    if found["end"]:
        return "acts", found["end"]
    if found["changed"]:
        return "acts", found["changed"][0]
    if found["event"] is not None:
        return "stopped", found["event"]
    return ("asks", _ASKS) if calls else None


def _does(call: str) -> str:
    for pattern, does in _DOES:
        if re.fullmatch(pattern, call):
            return does
    return f"makes the system call {call}"


def system_calls() -> dict[int, str]:
    """Names of system calls by number."""
    found = re.findall(r"#define __NR_(\w+) (\d+)", _HEADER.read_text("ascii"))
    return {int(number): name for name, number in found}


def measure(names: Iterable[str] | None = None) -> dict[str, Any]:
    """Measure this interpreter.

    Args:
        names: Only these.

    Returns:
        By name: what it is judged to be. Under ``"untried"``, what no arguments were found for.
    """
    from safeload.loading import seal

    seal.prepare()
    numbers, wanted = system_calls(), None if names is None else set(names)
    result: dict[str, Any] = {"acts": {}, "asks": {}, "stopped": {}, "untried": []}
    for name, value, holder in list(callables()):
        if (wanted is not None and name not in wanted) or name in _ENDS:
            continue
        found = measured(name, value, holder, numbers)
        told = judged(found)
        if told is not None:
            result[told[0]][name] = told[1]
        elif not found["called"]:
            result["untried"].append(name)
    return result


# -- functions that are written in Python ----------------------------------------------------------


def leading(blind: dict[str, str]) -> dict[str, str]:
    """Functions and classes of the standard library whose code names a function that is blind."""
    by_identity = {}
    for name in blind:
        module, _, attribute = name.rpartition(".")
        with contextlib.suppress(ImportError, AttributeError):
            by_identity[id(getattr(importlib.import_module(module), attribute))] = name
    found = {}
    for module in _modules(compiled=False):
        for name, value in sorted(vars(module).items()):
            if getattr(value, "__module__", None) != module.__name__ or name.startswith("__"):
                continue
            reached = sorted({end for code in _codes(value) for end in _named(code, by_identity)})
            if reached:
                found[f"{module.__name__}.{name}"] = ", ".join(reached[:3])
    return found


def _codes(value: Any) -> Iterator[types.FunctionType]:
    with contextlib.suppress(ValueError):
        value = inspect.unwrap(value)
    if isinstance(value, types.FunctionType):
        yield value
    elif inspect.isclass(value):
        for part in vars(value).values():
            part = getattr(part, "__func__", getattr(part, "fget", part))  # noqa: PLW2901
            if isinstance(part, types.FunctionType):
                yield part


def _named(function: types.FunctionType, blind: dict[int, str]) -> Iterator[str]:
    waiting = [function.__code__]
    while waiting:
        code = waiting.pop()
        waiting += [part for part in code.co_consts if isinstance(part, types.CodeType)]
        owner: Any = None
        for step in dis.get_instructions(code):
            if step.opname in {"LOAD_GLOBAL", "LOAD_NAME"}:
                owner = function.__globals__.get(step.argval)
            elif step.opname in {"LOAD_ATTR", "LOAD_METHOD"} and isinstance(owner, types.ModuleType):
                owner = getattr(owner, step.argval, None)
            elif step.opname not in {"CACHE", "PUSH_NULL"}:
                owner = None
            if owner is not None and id(owner) in blind:
                yield blind[id(owner)]


# -- writing ---------------------------------------------------------------------------------------


def _one(names: list[str]) -> None:
    found = measure(names or None)
    found["leads"] = {} if names else leading(found["acts"])
    found["release"] = ".".join(map(str, sys.version_info[:2]))
    print(json.dumps(found))


def joined(found: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """What was measured with several releases; what one of them is blind for counts as blind."""
    whole: dict[str, dict[str, str]] = {"acts": {}, "asks": {}, "stopped": {}, "leads": {}}
    for part in whole:
        for one in found:
            for name, does in one[part].items():
                whole[part].setdefault(name, does)
    for name in whole["acts"]:
        whole["asks"].pop(name, None)
        whole["stopped"].pop(name, None)
    for name in whole["stopped"]:
        whole["asks"].pop(name, None)
    return {part: dict(sorted(names.items())) for part, names in whole.items()}


_ABOUT = """\
# What the seal sees of Python's own functions, measured by tools/measure_seal.py with Python
# {releases}, as {user}.
#
# acts: does something without an audit event; asks: tells how things are, without one; stopped: is
# refused, with that event, before anything is done; leads: is written in Python and names one that
# acts. Everything else that was tried computes and no more; {untried} callables were not tried, as
# no arguments were found for them.
"""


def written(whole: dict[str, dict[str, str]], about: str) -> str:
    """The table as TOML."""
    parts = [about]
    for part, names in whole.items():
        lines = [f"{json.dumps(name)} = {json.dumps(does)}" for name, does in names.items()]
        parts.append("\n".join([f"[{part}]", *lines, ""]))
    return "\n".join(parts)


def page(whole: dict[str, dict[str, str]], releases: str) -> str:
    """The table as a page of the documentation."""
    head = (ROOT / "tools" / "seal_page.md").read_text("utf-8").replace("RELEASES", releases)
    by_doing: dict[str, list[str]] = {}
    for name, does in whole["acts"].items():
        by_doing.setdefault(does, []).append(f"`{name}`")
    rows = [f"| {does} | {' '.join(names)} |" for does, names in sorted(by_doing.items())]
    stopped: dict[str, list[str]] = {}
    for name, event in whole["stopped"].items():
        stopped.setdefault(event, []).append(f"`{name}`")
    events = [f"| `{event}` | {' '.join(names)} |" for event, names in sorted(stopped.items())]
    leads = [f"| `{name}` | {ends} |" for name, ends in whole["leads"].items()]
    return head.format(
        acts="\n".join(rows),
        asks=" ".join(f"`{name}`" for name in whole["asks"]),
        stopped="\n".join(events),
        leads="\n".join(leads),
    )


def main() -> None:
    """Measure with each interpreter and write the table and the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", action="append", default=[], metavar="PYTHON")
    parser.add_argument("--one", action="store_true", help="print what this one finds, as JSON")
    parser.add_argument("names", nargs="*", metavar="NAME", help="with --one: only these")
    options = parser.parse_args()
    if options.one:
        _one(options.names)
        return
    found = []
    for python in options.python or [sys.executable]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [python, __file__, "--one"], env=environment, stdout=subprocess.PIPE, check=True
        )
        found.append(json.loads(done.stdout.splitlines()[-1]))
    whole = joined(found)
    releases = " and ".join(one["release"] for one in found)
    about = _ABOUT.format(
        releases=releases,
        user="root" if os.getuid() == 0 else "an ordinary user",
        untried=max(len(one["untried"]) for one in found),
    )
    TABLE.write_text(written(whole, about), "utf-8")
    PAGE.write_text(page(whole, releases), "utf-8")


if __name__ == "__main__":
    main()
