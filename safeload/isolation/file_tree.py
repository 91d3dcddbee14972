"""Which paths are there for the process of a model? A file tree of its own holds the granted ones.

Whether a file is there, its size, owner and times are no secret to somebody who may walk the file
tree, and Landlock does not govern that. So the process gets another root: an empty file system
into which the granted files and folders are mounted, and a ``/proc`` that knows its own namespace
only. The tree can be read and not written.

Trust: it takes place before anything hostile arrives, in a user and mount namespace of its own; the
process that lives in the tree has given up the right to mount.
Source: mount_namespaces(7), pivot_root(2), mount_setattr(2); bubblewrap, which builds its tree in
the same order.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from safeload.isolation.granted import kind
from safeload.isolation.libc import libc

__all__ = ["enter_file_tree", "try_calls"]

# <linux/mount.h>
_READ_ONLY, _NO_SET_USER, _NO_DEVICES, _NO_PROGRAMS = 0x1, 0x2, 0x4, 0x8
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x4_0000
_DETACH = 2
_ALL_BELOW = 0x8000  # AT_RECURSIVE
# Numbers that all architectures share, and that of pivot_root by architecture.
_MOUNT_SETATTR = 442
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41}

_OLD = "/old"


def enter_file_tree(granted: Iterable[str]) -> bool:
    """Make the granted paths all that there is.

    This process must be the first of a process namespace, in a user and mount namespace that are
    its own; so are its children's then.

    Args:
        granted: Files and folders, and not the root. What is not there is left out.

    Returns:
        Whether the tree was entered; where not, the old one is still there as it was.
    """
    if sys.platform != "linux":
        return False
    granted = list(granted)
    pivot = _PIVOT_ROOT.get(os.uname().machine)
    if pivot is None:
        return False
    wanted = list(_bindings(granted))
    # Any folder but the root can be mounted over for a moment.
    place = next((source for _, source in wanted if kind(source) == stat.S_IFDIR), None)
    if place is None:
        return False
    try:
        # What is mounted here from now on is seen nowhere else.
        _mount("none", "/", _RECURSIVE | _PRIVATE)
        _mount("tmpfs", place, _NO_SET_USER | _NO_DEVICES, kind="tmpfs", data="mode=0755")
        Path(place + _OLD).mkdir()
        _check(libc().syscall(pivot, os.fsencode(place), os.fsencode(place + _OLD)))
    except OSError:
        # One file system more, in which nothing is; nothing depends on it.
        with suppress(OSError):
            _check(libc().umount2(os.fsencode(place), _DETACH))
        return False
    os.chdir("/")
    for path, source in wanted:
        with suppress(OSError):
            _bind(_OLD + source, path)
    _mount_proc()
    _check(libc().umount2(_OLD.encode(), _DETACH))
    Path(_OLD).rmdir()
    with suppress(OSError):
        _make_unwritable()
    return True


def try_calls() -> None:
    """Make the calls of this module, with arguments that change nothing."""
    if sys.platform != "linux":
        return
    libc().mount(None, None, None, ctypes.c_ulong(0), None)
    libc().umount2(None, 0)
    libc().syscall(_PIVOT_ROOT.get(os.uname().machine, -1), None, None)
    libc().syscall(_MOUNT_SETATTR, -1, None, 0, None, ctypes.c_size_t(0))


def _bindings(granted: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Where each granted path is to be, and what is there; folders before what is in them.

    A path that leads over symbolic links is there by both names.
    """
    paths = {os.path.normpath(path) for path in granted if Path(path).is_absolute()}
    paths = {path for path in paths if not path.startswith("/proc/") and kind(path)}
    done: list[str] = []
    for path in sorted(paths | {os.path.realpath(path) for path in paths}):
        # What is below a folder is there with it; a link leads to what is there by its own name.
        # Nothing is made in a folder that is mounted: it is the caller's.
        if not any(path.startswith(f"{folder}/") for folder in done):
            yield path, os.path.realpath(path)
            done.append(path)


def _bind(source: str, path: str) -> None:
    if kind(source) == stat.S_IFDIR:
        Path(path).mkdir(parents=True, exist_ok=True)
    else:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if not kind(path):
            Path(path).touch()
    _mount(source, path, _BIND | _RECURSIVE)


def _mount_proc() -> None:
    """The files about processes, of this namespace only; where that is not to be, none."""
    Path("/proc").mkdir(exist_ok=True)
    try:
        _mount("proc", "/proc", _NO_SET_USER | _NO_DEVICES | _NO_PROGRAMS, kind="proc")
    except OSError:
        # Parts of the old one are hidden, as container engines do, and no other shows them: what
        # libraries ask about the machine has to do.
        for name in ("/proc/cpuinfo", "/proc/meminfo", "/proc/sys/vm/overcommit_memory"):
            with suppress(OSError):
                _bind(_OLD + name, name)


class _Attributes(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user"))


def _make_unwritable() -> None:
    attributes = _Attributes(_READ_ONLY | _NO_SET_USER, 0, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    _check(libc().syscall(_MOUNT_SETATTR, -1, b"/", _ALL_BELOW, ctypes.byref(attributes), size))


def _mount(source: str, path: str, flags: int, *, kind: str = "none", data: str = "") -> None:
    number = ctypes.c_ulong(flags)
    _check(
        libc().mount(os.fsencode(source), os.fsencode(path), kind.encode(), number, data.encode())
    )


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
