"""A Python on Linux loses what another system's has not, as far as that can be taken away.

Called in a child, after all that safeload imports was imported and before safeload is: for safeload
is gone then what the other system's Python does not have, functions, constants, modules and
operations relative to open folders; libraries keep theirs. For Windows, files that are open in the
process are neither replaced nor removed. What remains is the kernel and its file system: how
Windows shares files with other processes, compares names and reads paths cannot be seen.

Trust: not applicable.
Source: "Availability" in the Python documentation of ``os``, ``signal``, ``mmap``, ``select``.
"""

from __future__ import annotations

import errno
import mmap
import os
import select
import signal
import socket
import sys
import types
from pathlib import Path
from typing import Any

__all__ = ["become"]

_LINUX_ALONE = {
    os: """copy_file_range eventfd getxattr listxattr memfd_create pidfd_open posix_fadvise
        removexattr sched_getaffinity sched_setaffinity setns setxattr splice unshare
        MFD_ALLOW_SEALING MFD_CLOEXEC O_PATH O_TMPFILE""",
    mmap: "MADV_HUGEPAGE MADV_DONTFORK",
    select: "epoll",
    signal: "sigtimedwait sigwaitinfo SIGRTMIN SIGRTMAX SIGPOLL SIGPWR",
}
_NOT_ON_WINDOWS = {
    os: """chown chroot confstr fchdir fchmod fchown fork forkpty fstatvfs getegid geteuid getgid
        getgrouplist getgroups getloadavg getpgid getpgrp getpriority getresgid getresuid getsid
        getuid initgroups killpg lchown lockf major makedev minor mkfifo mknod nice openpty pathconf
        posix_spawn posix_spawnp pread preadv pwrite readv register_at_fork sendfile setegid seteuid
        setgid setpgid setsid setuid statvfs sync sysconf ttyname uname wait wait3 wait4 waitid
        writev P_PID WEXITED WNOHANG WNOWAIT WEXITSTATUS WIFEXITED WIFSIGNALED WTERMSIG
        O_CLOEXEC O_DIRECTORY O_DSYNC O_NDELAY O_NOCTTY O_NOFOLLOW O_NONBLOCK O_SYNC
        ST_RDONLY set_blocking get_blocking""",
    mmap: "MAP_ANONYMOUS MAP_ANON MAP_PRIVATE MAP_SHARED PROT_READ PROT_WRITE PROT_EXEC",
    select: "poll POLLIN POLLOUT POLLHUP POLLERR",
    signal: """SIGALRM SIGCHLD SIGCONT SIGHUP SIGIO SIGKILL SIGPIPE SIGPROF SIGQUIT SIGSTOP SIGTSTP
        SIGUSR1 SIGUSR2 SIGXCPU SIGXFSZ SIG_BLOCK SIG_SETMASK SIG_UNBLOCK alarm pause
        pthread_kill pthread_sigmask setitimer getitimer siginterrupt sigpending sigwait""",
    socket: "AF_UNIX",
}
_LINUX_MODULES = "inotify_simple landlockpy"
_POSIX_MODULES = "fcntl grp pwd resource termios tty pty readline syslog"


def become(system: str) -> None:
    """Take away from what is imported from now on what a system's Python does not have.

    What was imported before, libraries and the standard library, keeps all that it works with.

    Args:
        system: ``"darwin"`` or ``"win32"``, as ``sys.platform`` has it.
    """
    absent = dict(_LINUX_ALONE)
    missing = _LINUX_MODULES
    if system == "win32":
        absent = {key: f"{absent.get(key, '')} {names}" for key, names in _NOT_ON_WINDOWS.items()}
        missing = f"{missing} {_POSIX_MODULES}"
        sys.modules["msvcrt"] = _locks()
    for module, names in absent.items():
        gone = set(names.split())
        copy = types.ModuleType(module.__name__, module.__doc__)
        copy.__dict__.update({key: each for key, each in vars(module).items() if key not in gone})
        sys.modules[module.__name__] = copy
    for name in missing.split():
        sys.modules[name] = None  # type: ignore[assignment]
    if system == "win32":
        of_windows: Any = sys.modules["os"]
        of_windows.name = "nt"
        of_windows.supports_dir_fd, of_windows.supports_fd = set(), set()
        of_windows.supports_follow_symlinks = {os.stat}
        of_windows.replace, of_windows.unlink = _unless_open(os.replace), _unless_open(os.unlink)
    sys.platform = system


def _unless_open(act: Any) -> Any:
    """What renames or removes files, and leaves those alone that this process has open."""

    def acting(*paths: Any, **folders: Any) -> None:
        opened = {os.path.realpath(entry) for entry in Path("/proc/self/fd").iterdir()}
        if any(os.path.realpath(path) in opened for path in paths):
            raise PermissionError(errno.EACCES, "The file is in use", os.fspath(paths[-1]))
        act(*paths, **folders)

    return acting


def _locks() -> Any:
    """The locks of Windows' C library, by those of Linux."""
    import fcntl

    def locking(descriptor: int, mode: int, _count: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB if mode == 2 else fcntl.LOCK_UN)

    module: Any = types.ModuleType("msvcrt")
    module.locking, module.LK_NBLCK, module.LK_UNLCK = locking, 2, 0
    return module
