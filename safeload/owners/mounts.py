"""On which mount does an open file lie, and who answers for what that mount shows?

Trust: the kernel's own list. Where there is none (no ``/proc``, not Linux), nothing is known.

Source: proc_pid_mountinfo(5), proc_pid_fdinfo(5); ``fuse_show_options`` of Linux, which writes
``user_id``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Mount", "mount_of", "users_serve"]

_MOUNTS = Path("/proc/self/mountinfo")
_OPEN_FILES = Path("/proc/self/fdinfo")
_ID = re.compile(r"^mnt_id:\s*(\d+)$", re.MULTILINE)
_ESCAPED = re.compile(r"\\([0-7]{3})")
_SERVED_BY = re.compile(r"user_id=(\d+)")


@dataclass(frozen=True, slots=True)
class Mount:
    """A place where a file system is seen.

    Attributes:
        point: The absolute path of its root.
        form: The type of the file system, such as ``"ext4"``.
        read_only_here: Whether nothing can be written by way of this mount; it may well be by way
            of another one.
        read_only: Whether nothing can be written to the file system at all.
        served_by: The user whose process makes up all that the file system shows, or None for one
            that the kernel answers for.
    """

    point: str
    form: str
    read_only_here: bool
    read_only: bool
    served_by: int | None


def mount_of(descriptor: int) -> Mount | None:
    """Find the mount that an open file or folder was reached by.

    Args:
        descriptor: An open descriptor; one that can only name its file will do.

    Returns:
        The mount, or None where that is not known.
    """
    try:
        found = _ID.search((_OPEN_FILES / str(descriptor)).read_text("ascii"))
        lines = os.fsdecode(_MOUNTS.read_bytes()).split("\n")
    except OSError:
        return None
    if found is None:
        return None
    # Of what ends a line for Python, the kernel escapes only the one character that does for it.
    return next((_mount(line) for line in lines if line.startswith(f"{found[1]} ")), None)


def users_serve() -> bool:
    """Whether any mount is served by a process of a user; costs less than to ask of each."""
    try:
        return b",user_id=" in _MOUNTS.read_bytes()
    except OSError:
        return False


def _mount(line: str) -> Mount:
    # 36 35 98:0 /root /point rw,noatime master:1 - ext4 /dev/sda rw,errors=continue
    own, _, of_all = line.partition(" - ")
    _, _, _, _, point, options, *_ = own.split(" ")
    form, _, further = of_all.split(" ", 2)
    served = [_SERVED_BY.fullmatch(option) for option in further.split(",")]
    return Mount(
        point=_ESCAPED.sub(lambda escape: chr(int(escape[1], 8)), point),
        form=form,
        read_only_here="ro" in options.split(","),
        read_only="ro" in further.split(","),
        served_by=next((int(user[1]) for user in served if user), None),
    )
