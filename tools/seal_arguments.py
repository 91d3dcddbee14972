"""What suits Python's functions as arguments, and what in the interpreter they may change.

Trust: harmless values; what could harm the machine is given values that the system refuses, as a
system call that fails is seen as well.
"""

from __future__ import annotations

import _locale
import array
import atexit
import builtins
import codecs
import contextlib
import csv
import decimal
import faulthandler
import gc
import inspect
import io
import itertools
import mmap
import multiprocessing
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
import tracemalloc
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["ARGUMENTS", "Place", "candidates", "state"]


class Place:
    """Where a callable is tried: a folder with a file, open files, and values by parameter."""

    def __init__(self, folder: str) -> None:
        os.chdir(folder)
        self.path = f"{folder}/file"
        Path(self.path).write_bytes(bytes(range(64)))
        self.fd = os.open(self.path, os.O_RDWR)
        self.other = os.open(f"{folder}/other", os.O_RDWR | os.O_CREAT)
        self.pipe = os.pipe()
        for end in self.pipe:
            os.set_blocking(end, False)
        _, self.terminal = os.openpty()
        self.map = mmap.mmap(self.fd, 64)
        self.sockets = socket.socketpair()
        for one in self.sockets:
            one.settimeout(0)
        self.values: dict[str, Any] = {
            **dict.fromkeys(["path", "src", "source", "filename", "file", "name"], self.path),
            **dict.fromkeys(["dst", "destination", "target", "new"], f"{folder}/new"),
            **dict.fromkeys(["fd", "in_fd", "fd_low", "out_fd", "filedes", "fildes"], self.fd),
            **dict.fromkeys(["fd2", "dst_fd", "fd_high"], self.other),
            **dict.fromkeys(["data", "bytes", "string", "s", "buf"], b"x"),
            "buffers": [bytearray(4)],
            **dict.fromkeys(["length", "size", "count", "n", "nbytes", "bufsize"], 4),
            **dict.fromkeys(["mode", "mask"], 0o600),
            **dict.fromkeys(["offset", "flags", "position", "pos", "how", "which", "whence"], 0),
            **dict.fromkeys(["uid", "gid", "ruid", "euid", "suid", "rgid", "egid", "sgid"], 65534),
            **dict.fromkeys(["pid", "pgid", "pgrp"], 0),
            **dict.fromkeys(["signalnum", "sig", "signal"], int(signal.SIGUSR1)),
            **dict.fromkeys(["seconds", "secs", "timeout", "interval"], 0.001),
            **dict.fromkeys(["callback", "function", "func", "object", "obj", "hook"], _nothing),
            "groups": [65534], "attribute": b"user.x", "value": b"x", "times": (1, 1),
            "sigset": [signal.SIGUSR1], "handler": signal.SIG_DFL, "env": {}, "argv": ["true"],
            "policy": 0, "param": 0, "length_": 4, "increment": 1, "args": (), "kwargs": {},
            "limit": 5000, "new_limit": 5000, "enable": 1, "advice": 0, "device": 0, "clk_id": 0,
        }  # fmt: skip

    def holder(self, type_name: str) -> Any:
        """An instance of one of the types whose methods are tried."""
        return {
            "_io.FileIO": lambda: io.FileIO(os.dup(self.fd), "r+"),
            "_io.BufferedReader": lambda: os.fdopen(os.dup(self.fd), "rb"),
            "_io.BufferedWriter": lambda: os.fdopen(os.dup(self.fd), "wb"),
            "_io.BufferedRandom": lambda: os.fdopen(os.dup(self.fd), "r+b"),
            "_io.TextIOWrapper": lambda: os.fdopen(os.dup(self.fd), "r+"),
            "mmap.mmap": lambda: self.map,
            "_socket.socket": lambda: self.sockets[0],
            "select.epoll": select.epoll,
            "select.poll": select.poll,
            "_multiprocessing.SemLock": lambda: vars(multiprocessing.Lock())["_semlock"],
            "posix.DirEntry": lambda: next(iter(os.scandir("."))),
            "array.array": lambda: array.array("b", b"abcd"),
            "_thread.lock": threading.Lock,
            "_thread.RLock": threading.RLock,
        }[type_name]()


_BUFFERED = ("Reader", "Writer", "Random")
# Where the names of parameters do not tell what is wanted.
ARGUMENTS: dict[str, Callable[[Place], tuple[Any, ...]]] = {
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
    "posix.closerange": lambda p: (p.fd, p.fd + 1),
    "time.sleep": lambda p: (0.001,), "time.clock_settime": lambda p: (99, 0.0),
    "time.clock_settime_ns": lambda p: (99, 0), "signal.pause": lambda p: (),
    "_signal.signal": lambda p: (int(signal.SIGUSR1), 1), "_signal.pause": lambda p: (),
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
    "termios.tcsetattr": lambda p: (p.terminal, 0, [0, 0, 0, 0, 0, 0, [b"\0"] * 32]),
    "termios.tcsendbreak": lambda p: (p.terminal, 0),
    "termios.tcflow": lambda p: (p.terminal, 0), "termios.tcdrain": lambda p: (p.terminal,),
    "termios.tcflush": lambda p: (p.terminal, 0),
    "termios.tcsetwinsize": lambda p: (p.terminal, (1, 1)),
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
    "sys.setrecursionlimit": lambda p: (5000,), "sys.setswitchinterval": lambda p: (0.1,),
    "sys.settrace": lambda p: (print,), "sys.setprofile": lambda p: (print,),
    "sys.setdlopenflags": lambda p: (1,), "sys.set_int_max_str_digits": lambda p: (5000,),
    "sys.addaudithook": lambda p: (print,), "sys.intern": lambda p: ("x",),
    "sys.audit": lambda p: ("measured",), "sys.call_tracing": lambda p: (_nothing, ()),
    "_ctypes.dlsym": lambda p: (0, "x"),
    "_pickle.loads": lambda p: (b"N.",), "_io.FileIO.writelines": lambda p: ([b"x"],),
    "_io.BufferedReader.readinto": lambda p: (bytearray(4),),
    "_io.BufferedReader.readinto1": lambda p: (bytearray(4),),
    "_io.BufferedRandom.readinto": lambda p: (bytearray(4),),
    "_io.BufferedWriter.writelines": lambda p: ([b"x" * 20_000],),
    "_io.BufferedRandom.writelines": lambda p: ([b"x" * 20_000],),
    "mmap.mmap.__delitem__": lambda p: (0,), "time.mktime": lambda p: ((2000,) + (1,) * 8,),
    "sys.set_asyncgen_hooks": lambda p: (print, print), "sys.unraisablehook": lambda p: (),
    "sys.set_coroutine_origin_tracking_depth": lambda p: (3,), "sys.breakpointhook": lambda p: (),
    "sys.activate_stack_trampoline": lambda p: ("perf",), "sys.excepthook": lambda p: (
        ValueError, ValueError("x"), None), "sys.displayhook": lambda p: (1,),
    "gc.set_threshold": lambda p: (1000,), "gc.set_debug": lambda p: (1,),
    "atexit.register": lambda p: (print,),
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
    "_codecs.register": lambda p: (_nothing,),
    "_codecs.register_error": lambda p: ("measured", _nothing),
    "_csv.field_size_limit": lambda p: (5,), "_csv.register_dialect": lambda p: ("x",),
    "_decimal.setcontext": lambda p: (decimal.Context(3),),
    "_warnings.warn": lambda p: ("x",), "_imp.create_dynamic": lambda p: (
        types.SimpleNamespace(name="math", origin="/nowhere.so"),),
    "_queue.SimpleQueue": lambda p: (), "_contextvars.Context": lambda p: (),
    **{f"_io.Buffered{kind}": lambda p: (p.holder("_io.FileIO"),) for kind in _BUFFERED},
    "_io.TextIOWrapper": lambda p: (p.holder("_io.BufferedWriter"), "utf-8"),
    "_socket.setdefaulttimeout": lambda p: (5,),
    # What ends something is tried where there is something to end.
    "gc.enable": lambda p: _after(gc.disable), "gc.unfreeze": lambda p: _after(gc.freeze),
    "tracemalloc.stop": lambda p: _after(tracemalloc.start),
    "_tracemalloc.stop": lambda p: _after(tracemalloc.start),
    "faulthandler.disable": lambda p: _after(faulthandler.enable),
    "faulthandler.unregister": lambda p: (
        *_after(faulthandler.register, signal.SIGUSR1), signal.SIGUSR1),
    "faulthandler.cancel_dump_traceback_later": lambda p: _after(
        faulthandler.dump_traceback_later, 60),
    "atexit.unregister": lambda p: (*_after(atexit.register, _nothing), _nothing),
    "_codecs.unregister": lambda p: (*_after(codecs.register, _nothing), _nothing),
    "_csv.unregister_dialect": lambda p: (*_after(csv.register_dialect, "x"), "x"),
}  # fmt: skip


def _after(begin: Callable[..., object], *arguments: Any) -> tuple[()]:
    """No arguments, once something was begun that is to be ended."""
    begin(*arguments)
    return ()


def _fork_exec() -> tuple[Any, ...]:
    ends = os.pipe()
    start = ([b"true"], [b"/bin/true"], True, (ends[1],), None, None)
    rest = (-1, -1, -1, -1, -1, -1, ends[0], ends[1], True, False, 0, None, None, None, -1, None)
    return (*start, *rest, *([True] if sys.version_info >= (3, 11) and not _newer() else []))


def _newer() -> bool:
    return sys.version_info >= (3, 14)


def _nothing(*_: object, **__: object) -> None:
    pass


def state(place: Place) -> dict[str, Any]:
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
        "has something called at the end of the process": vars(atexit)["_ncallbacks"](),
        "changes or blocks signals": (
            signal.pthread_sigmask(signal.SIG_BLOCK, []), _wakeup(),
        ),
        "has something called at signals or crashes": (
            faulthandler.is_enabled(), [signal.getsignal(n) for n in (1, 2, 10, 12, 14, 15)]),
        "changes the environment": (dict(os.environ), time.tzname, _locale.setlocale(6, None)),
        "changes modules of the program": (
            sorted(sys.modules), sorted(vars(sys)), sorted(vars(builtins))),
        "changes how libraries work": (_error_handler(), decimal.getcontext().prec,
                                       sys.get_asyncgen_hooks(),
                                       csv.field_size_limit(),
                                       csv.list_dialects(),
                                       sys.get_coroutine_origin_tracking_depth(),
                                       threading.stack_size(), sys.getdlopenflags(),
                                       socket.getdefaulttimeout()),
    }  # fmt: skip


def _wakeup() -> int:
    """The descriptor that is written to when a signal comes."""
    found = signal.set_wakeup_fd(-1)
    if found != -1:
        signal.set_wakeup_fd(found)
    return found


def _error_handler() -> object:
    with contextlib.suppress(LookupError):
        return codecs.lookup_error("measured")
    return None


def candidates(name: str, value: Any, place: Place) -> Iterator[tuple[Any, ...]]:
    """What a callable may be called with, the likeliest first.

    Args:
        name: Its name in the table.
        value: The callable.
        place: Where it is tried.
    """
    if name in ARGUMENTS:
        yield ARGUMENTS[name](place)
        return
    with contextlib.suppress(ValueError, TypeError):
        given = []
        for parameter in inspect.signature(value).parameters.values():
            if parameter.default is not parameter.empty or parameter.kind in (2, 3, 4):
                continue
            given.append(place.values.get(parameter.name, 0))
        yield tuple(given)
    pool: list[Any] = [place.fd, place.path, b"x", _nothing, [place.fd]]
    for count in range(4):
        yield from (
            itertools.product(pool, repeat=count)
            if count < 2
            else ((first,) * count for first in pool)
        )
