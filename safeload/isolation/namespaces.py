"""How does a process come to be alone? It goes on in namespaces of its own, as a child of itself.

Three processes come of one. The outermost, the keeper, stays outside and watches for the caller's
end. The first of the new namespaces builds the file tree and waits; whatever is started in there,
the kernel ends with it. The second holds the model, and owns nothing of the namespaces any more.
Where the kernel gives an ordinary user no namespaces, there are two: the keeper, and the one that
goes on.

Trust: all of it takes place before anything hostile arrives. The one that goes on is told neither
the name of the machine nor the number of its user.
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

from safeload.isolation.file_tree import enter_file_tree
from safeload.isolation.keeper import end_with_parent, keep, stand_by
from safeload.isolation.libc import libc

__all__ = ["go_on_kept"]

# <linux/sched.h>
_MOUNTS, _HOST_NAME, _IPC, _USERS = 0x2_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000
_PROCESSES, _NETWORK = 0x2000_0000, 0x4000_0000
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
    alone = sys.platform.startswith("linux") and _unshare()
    _fork_from(lambda process: keep(process, life))
    if life is not None:
        os.close(life)
    if not alone:
        return False, False
    paths = enter_file_tree(granted)
    _fork_from(stand_by)
    _give_up_capabilities()
    return True, paths


def _fork_from(stay: Callable[[int], NoReturn]) -> None:
    """Go on in a child, which ends with this process; this process stays."""
    alive, mine = os.pipe()
    process = os.fork()
    if process:
        os.close(alive)
        stay(process)
    os.close(mine)
    end_with_parent(alive)


def _unshare() -> bool:
    """Enter new namespaces; processes are in the new one from the next child on."""
    user, group = os.geteuid(), os.getegid()
    kinds = _MOUNTS | _HOST_NAME | _IPC | _USERS | _PROCESSES | _NETWORK
    if libc().unshare(kinds) != 0:
        return False
    # Without a user and a group, nothing can be made in the file tree.
    with suppress(OSError):
        Path("/proc/self/setgroups").write_text("deny", "ascii")
        Path("/proc/self/uid_map").write_text(f"{_NOBODY} {user} 1", "ascii")
        Path("/proc/self/gid_map").write_text(f"{_NOBODY} {group} 1", "ascii")
    libc().sethostname(b"isolated", 8)
    return True


def _give_up_capabilities() -> None:
    """Give up what the owner of a namespace may do in it."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    libc().capset(header, (ctypes.c_uint32 * 6)())
