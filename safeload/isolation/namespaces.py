"""How does a process come to be alone? It goes on in namespaces of its own, as a child of itself.

Three processes come of one. The outermost, the keeper, stays outside and watches for the caller's
end. The first of the new namespaces builds the file tree and waits; whatever is started in there,
the kernel ends with it. The second holds the model, and owns nothing of the namespaces any more.
Where the kernel gives an ordinary user no namespaces, there are two: the keeper, and the one that
goes on.

Trust: all of it takes place before anything hostile arrives. The one that goes on is told neither
the name of the machine, unless a filter of somebody else's keeps it, nor the number of its user.
Source: user_namespaces(7), pid_namespaces(7), capabilities(7), capset(2).
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from safeload.isolation.file_tree import enter_file_tree, try_calls
from safeload.isolation.keeper import end_with_parent, keep, stand_by
from safeload.isolation.libc import libc
from safeload.isolation.trial import is_survived

__all__ = ["go_on_kept"]

# <linux/sched.h>
_MOUNTS, _HOST_NAME, _IPC, _USERS = 0x2_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000
_PROCESSES, _NETWORK = 0x2000_0000, 0x4000_0000
_KINDS = _MOUNTS | _HOST_NAME | _IPC | _USERS | _PROCESSES | _NETWORK
# <linux/capability.h>
_CAPABILITY_VERSION = 0x2008_0522
# Who a process is that has no user of its own.
_NOBODY = 65_534


def go_on_kept(granted: Iterable[str], life: int | None) -> tuple[bool, bool]:
    """Go on as a child of this process, in namespaces of its own where that can be.

    Args:
        granted: The files and folders that are to be seen.
        life: The reading end of a pipe whose other end only the caller has, or None.

    Returns:
        Whether other processes and networks are out of sight, and whether other paths are.
    """
    if not hasattr(os, "fork"):
        return False, False
    alone = sys.platform.startswith("linux") and is_survived(_leave_all) and _leave()
    _fork_from(lambda process: keep(process, life))
    if life is not None:
        os.close(life)
    if not alone:
        return False, False
    paths = is_survived(try_calls) and enter_file_tree(granted)
    _fork_from(stand_by)
    # Who keeps them may do in the namespaces what he likes.
    gave_up = _give_up_capabilities()
    return gave_up, paths and gave_up


def _fork_from(stay: Callable[[int], NoReturn]) -> None:
    """Go on in a child, which ends with this process; this process stays."""
    if sys.platform == "win32":
        raise AssertionError("no process is forked")
    alive, mine = os.pipe()
    process = os.fork()
    if process:
        os.close(alive)
        stay(process)
    os.close(mine)
    end_with_parent(alive)


def _leave_all() -> None:
    _unshare()
    _give_up_capabilities()


def _leave_and_rename() -> None:
    if _unshare():
        _rename()


def _leave() -> bool:
    """Enter new namespaces, where the machine has another name."""
    # Tried before: the first child of a new namespace is the one that it ends with.
    may_rename = is_survived(_leave_and_rename)
    if not _unshare():
        return False
    if may_rename:
        _rename()
    return True


def _unshare() -> bool:
    """Enter new namespaces; processes are in the new one from the next child on."""
    if sys.platform != "linux":
        return False
    user, group = os.geteuid(), os.getegid()
    if libc().unshare(_KINDS) != 0:
        return False
    # Without a user and a group, nothing can be made in the file tree.
    with suppress(OSError):
        Path("/proc/self/setgroups").write_text("deny", "ascii")
        Path("/proc/self/uid_map").write_text(f"{_NOBODY} {user} 1", "ascii")
        Path("/proc/self/gid_map").write_text(f"{_NOBODY} {group} 1", "ascii")
    return True


def _rename() -> None:
    libc().sethostname(b"isolated", 8)


def _give_up_capabilities() -> bool:
    """Give up what the owner of a namespace may do in it, and say whether it is given up."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    return bool(libc().capset(header, (ctypes.c_uint32 * 6)()) == 0)
