"""Which owners of files are we and root, and which groups have no member but us?

Trust: the accounts of the machine, as its own databases list them.

Source: OpenSSH, ``platform_sys_dir_uid``; Debian's patch of ``secure_permissions`` for groups of
one user; user_namespaces(7) for owners that have no number here; pam_umask(8), which calls a group
private that is named as its user.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

with suppress(ImportError):  # there are none on Windows
    import grp
    import pwd

__all__ = ["People", "has_no_other_member", "name_of"]

_MAP = Path("/proc/self/uid_map")
_OVERFLOW = Path("/proc/sys/kernel/overflowuid")
_USUAL_OVERFLOW = 65534


@dataclass(frozen=True, slots=True)
class People:
    """The owners that are believed.

    Attributes:
        trusted: Our user and root.
        nameless: The number that stands for every owner whom this user namespace has no number
            for, root of the machine and third parties alike, and that a user of the namespace may
            have besides; None where each owner has one.
    """

    trusted: frozenset[int]
    nameless: int | None

    @classmethod
    def here(cls) -> People:
        """The owners that this process believes."""
        if sys.platform == "win32":
            raise AssertionError("owners are judged on POSIX only")
        ranges = _ranges()
        if ranges == [(0, 2**32 - 1)]:
            return cls(frozenset({0, os.geteuid()}), None)
        nameless = _overflow()
        # Who is nameless shares the number with all others who are.
        unmapped = not any(first <= nameless < first + count for first, count in ranges)
        return cls(frozenset({0, os.geteuid()} - ({nameless} if unmapped else set())), nameless)


def has_no_other_member(gid: int) -> bool:
    """Whether a group is root's, or that of our user alone.

    What no account shows is not known: a process can be started with any group. So a group must
    be private by its name, as those are that most distributions make for each user; where a
    container has no accounts, by its number.

    Args:
        gid: The number of a group.

    Returns:
        True if nobody but root and us is a member, as far as the machine knows its accounts.
    """
    if sys.platform == "win32":
        return False
    user = os.geteuid()
    try:
        group = grp.getgrgid(gid)
    except KeyError:
        return gid == 0 or gid == user == os.getegid()
    try:
        account = pwd.getpwuid(user)
    except KeyError:
        return gid == 0 and set(group.gr_mem) <= {"root"}
    if not set(group.gr_mem) <= {"root", account.pw_name}:
        return False
    if gid == 0:
        # Some distributions give it to accounts such as halt, which nobody signs in with.
        return True
    return group.gr_name == account.pw_name and not any(
        other.pw_gid == gid and other.pw_uid not in (0, user) for other in pwd.getpwall()
    )


def name_of(uid: int) -> str:
    """What to call an owner: the name if there is one, otherwise the number."""
    if sys.platform == "win32":
        return str(uid)
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _ranges() -> list[tuple[int, int]]:
    """First number and length of each range of users that the namespace has numbers for."""
    try:
        lines = _MAP.read_bytes().splitlines()
    except OSError:
        return [(0, 2**32 - 1)]  # There are no user namespaces, or nothing that tells.
    return [(int(first), int(count)) for first, _, count in map(bytes.split, lines)]


def _overflow() -> int:
    try:
        return int(_OVERFLOW.read_text("ascii"))
    except OSError:
        return _USUAL_OVERFLOW
