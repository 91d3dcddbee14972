"""Accepted files, and those that this process accepted before.

What a file would do, and whether that is allowed, follows from its bytes, the limits and the
allow-list, and from nothing else. A server that takes models in and out of memory loads the same
ones time and again; it reads, hashes and verifies each of them anew, but what is known to the bit
is not judged anew. What is kept of the latest files is their canonical opcodes and where their
arrays lie, never their bytes; what was refused is not kept.

Trust: a file is recognised by the digest of the bytes at hand, which the caller has just verified,
and by every bound and every entry of the allow-list that it was judged by, all of them by value.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from safeload.artefact import Artefact
from safeload.limits import Limits
from safeload.policy.policy import Entry, Policy
from safeload.scan.program import Buffer, Program
from safeload.verdict import FileReport

__all__ = ["Accepted", "forget", "recall", "remember"]

# Bytes of memory: of all that is kept, of one file, and of an array or a name.
_MOST, _LARGEST, _EACH = 32 << 20, 4 << 20, 400


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file that was read in full and in which everything is allowed.

    Attributes:
        programs: Its streams, outermost first.
        data: The bytes they point into.
        report: The report, whose verdict is ACCEPT.
        needed: Each top-level package that the packs grant names of, and the distributions that
            provide it.
        written: Releases by library that wrote it, as far as the file itself says.
    """

    programs: tuple[Program, ...]
    data: Buffer
    report: FileReport
    needed: frozenset[tuple[str, tuple[str, ...]]]
    written: Mapping[str, tuple[str, ...]]


# What the verdict on a file follows from.
_Key = tuple[str, int, Limits, frozenset[tuple[tuple[str, str], Entry]]]

_lock = threading.Lock()
_kept: OrderedDict[_Key, tuple[Accepted, int]] = OrderedDict()


def recall(artefact: Artefact, policy: Policy, limits: Limits) -> Accepted | None:
    """What this process found when it last accepted these very bytes.

    Args:
        artefact: The file, read and hashed just now.
        policy: What is allowed; a narrowed one, because its entries are compared one by one.
        limits: Bounds on the work.

    Returns:
        The accepted file, with the bytes at hand; None if they were not accepted, or too long ago.
    """
    key = _key(artefact, policy, limits)
    with _lock:
        if key not in _kept:
            return None
        _kept.move_to_end(key)
        accepted, _ = _kept[key]
    report = replace(accepted.report, path=str(artefact.path))
    return replace(_within(artefact.data, accepted), report=report)


def remember(artefact: Artefact, policy: Policy, limits: Limits, accepted: Accepted) -> None:
    """Keep what was found of a file for when it is loaded again, if that takes little memory.

    Args:
        artefact: The file.
        policy: What is allowed.
        limits: Bounds on the work.
        accepted: What was found. Of a compressed file, nothing is kept: its arrays lie in what it
            decompresses to.
    """
    weight = sum(map(_weight, accepted.programs))
    if weight > _LARGEST or accepted.data is not artefact.data:
        return
    key = _key(artefact, policy, limits)
    with _lock:
        _kept[key] = _within(b"", accepted), weight
        while sum(weight for _, weight in _kept.values()) > _MOST:
            _kept.popitem(last=False)


def forget() -> None:
    """Forget every file."""
    with _lock:
        _kept.clear()


def _key(artefact: Artefact, policy: Policy, limits: Limits) -> _Key:
    return artefact.sha256, artefact.size, limits, frozenset(policy.entries.items())


def _within(data: Buffer, accepted: Accepted) -> Accepted:
    first, *rest = accepted.programs
    # The others are within the first.
    programs = first.within(data), *(program.within(data) for program in rest)
    return replace(accepted, programs=programs, data=data)


def _weight(program: Program) -> int:
    code = sum(len(part) for part in program.segments if isinstance(part, bytes))
    parts = len(program.segments) + len(program.arrays) + len(program.globals)
    return code + _EACH * (parts + len(program.aliases) + 1)
