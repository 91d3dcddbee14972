"""Confinement: a process gives up what it does not need, for good, and says what it gave up.

It takes place before anything hostile arrives. What the kernel here does not let an ordinary user
give up is not given up, and is reported as missing; nothing depends on being root.

Trust: the process is our own until it has confined itself. What is given up cannot be taken back,
by native code neither.
Source: setrlimit(2), user_namespaces(7), pid_namespaces(7), capabilities(7), landlock(7).
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

from safeload.isolation.granted import granted, import_path, is_root, kind
from safeload.isolation.namespaces import go_on_kept
from safeload.isolation.system_calls import allow_system_calls
from safeload.isolation.trial import is_survived
from safeload.limits import Isolation

__all__ = ["Confinement", "confine"]

# The version of Landlock since which it forbids to cut a file short.
_CUTS_SHORT = 3

# Which libraries this process has loaded, and where: threadpoolctl and glibc ask for it.
_OWN_MAP = "/proc/self/maps"


@dataclass(frozen=True, slots=True)
class Confinement:
    """What holds a process.

    Attributes:
        memory: Its address space is bounded.
        processor: Its processor time is bounded.
        files: It reads no files but those of Python and its libraries, changes none, and runs no
            program.
        paths: It sees no other files either: neither names nor sizes, owners or times.
        system_calls: It makes the system calls of models and no others: it opens no socket, neither
            to a network nor to another process, starts no process, and changes nothing about files.
        processes: It sees no other process, and none of its own outlives it.
    """

    memory: bool = False
    processor: bool = False
    files: bool = False
    paths: bool = False
    system_calls: bool = False
    processes: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """What does not hold it on this machine."""
        return tuple(field.name for field in fields(self) if not getattr(self, field.name))


def confine(isolation: Isolation, life: int | None) -> Confinement:
    """Confine this process, which goes on as a child of itself where it can.

    It must have one thread only.

    Args:
        isolation: Bounds.
        life: The reading end of a pipe whose other end only the caller has: when that is closed,
            the process ends. None where there is none.

    Returns:
        What holds the process from now on.
    """
    # Where memory runs out, the kernel ends this process before any other.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    readable = granted()
    alone, paths = go_on_kept(readable, life)
    # In a tree of its own, the root lists nothing but what was granted.
    listed = ["/"] if paths and any(map(is_root, import_path())) else []
    files = _forbid([*readable, *_own_map()], listed)
    memory, processor = _bound(isolation, threads=alone)
    system_calls = allow_system_calls()
    return Confinement(memory, processor, files, paths, system_calls, processes=alone)


def _own_map() -> list[str]:
    """The file that lists what this process has in its memory, which stays open for good.

    A right is bound to an inode; the kernel makes another one for this file as soon as it has
    forgotten the name, which it does not while the file is open.
    """
    with suppress(OSError):
        os.open(_OWN_MAP, getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_CLOEXEC", 0))
        return [_OWN_MAP]
    return []


def _forbid(readable: list[str], listed: list[str]) -> bool:
    """Read only these files, and list these folders, where that can be had."""
    return is_survived(lambda: _forbid_files(readable, listed)) and _forbid_files(readable, listed)


def _forbid_files(readable: Iterable[str], listed: Iterable[str]) -> bool:
    """Read and list no other files, change none, run no program, and signal nobody."""
    try:
        from landlockpy import AccessFS, Ruleset, Scope, abi_version
    except ImportError:
        return False
    try:
        with Ruleset(scoped=Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL) as rules:
            for path in readable:
                rights = AccessFS.READ_FILE
                if kind(path) == stat.S_IFDIR:
                    rights |= AccessFS.READ_DIR
                # What is not there is not needed.
                with suppress(OSError):
                    rules.allow_path(path, rights)
            for path in listed:
                rules.allow_path(path, AccessFS.READ_DIR)
            rules.restrict()
        return bool(abi_version() >= _CUTS_SHORT)
    except OSError:
        return False


def _bound(isolation: Isolation, *, threads: bool) -> tuple[bool, bool]:
    """Bound what the process may use.

    Args:
        isolation: The bounds.
        threads: Whether threads are counted for this process alone, and not for all of its user.

    Returns:
        Whether memory and processor time are bounded.
    """
    if sys.platform == "win32":
        return False, False
    try:
        import resource
    except ImportError:
        return False, False

    def bound(kind: int, value: int, grace: int = 0) -> bool:
        _, hard = resource.getrlimit(kind)
        most = value + grace if hard == resource.RLIM_INFINITY else min(value + grace, hard)
        try:
            resource.setrlimit(kind, (min(value, most), most))
        except (OSError, ValueError):
            return False
        return True

    bound(resource.RLIMIT_CORE, 0)
    bound(resource.RLIMIT_FSIZE, 0)
    bound(resource.RLIMIT_NOFILE, isolation.files)
    if threads:
        bound(resource.RLIMIT_NPROC, isolation.threads)
    # macOS takes the bound on memory, and does nothing about it.
    memory = bound(resource.RLIMIT_AS, isolation.memory) and sys.platform == "linux"
    # The signal that says so comes first.
    return memory, bound(resource.RLIMIT_CPU, isolation.processor, grace=5)
