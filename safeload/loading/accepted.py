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

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from safeload.artefact import Artefact
from safeload.limits import Limits
from safeload.policy.policy import Entry, Policy
from safeload.scan.program import Buffer, Program

__all__ = ["Accepted", "Rules", "forget", "lookup", "store"]

# Bytes of memory: of all that is kept, of one file, and of an array or a name.
_KEPT_BYTES, _LARGEST_SCAN, _BYTES_PER_SEGMENT = 32 << 20, 4 << 20, 400


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file that was read in full and in which everything is allowed.

    Attributes:
        programs: Its streams, outermost first.
        data: The bytes they point into.
        format: The format as scanned, such as ``"joblib+zlib"``.
        needed: Each top-level package that the packs grant names of, and the distributions that
            provide it.
        written: Releases by library that wrote it, as far as the file itself says.
    """

    programs: tuple[Program, ...]
    data: Buffer = field(repr=False)
    format: str
    needed: frozenset[tuple[str, tuple[str, ...]]]
    written: Mapping[str, tuple[str, ...]]


class Rules(NamedTuple):
    """What the verdict on a file follows from, beside its bytes.

    Attributes:
        limits: Bounds on the work.
        entries: The allow-list, entry by entry.
        digest: Of the sources of the list that it is a part of, which says what methods of data a
            model may call.
        packs: The packs that are on and would not be by default.
    """

    limits: Limits
    entries: frozenset[tuple[tuple[str, str], Entry]]
    digest: str
    packs: frozenset[str]

    @classmethod
    def of(cls, policy: Policy, limits: Limits) -> Rules:
        """The rules of a policy, best of one that is narrowed to what a file needs."""
        entries = frozenset(policy.entries.items())
        return cls(limits, entries, policy.digest, policy.packs)


# The latest last. There is no lock that a fork could leave closed: each step below is one operation
# on the dict, and whoever comes between two of them judges a file once more.
_kept: dict[tuple[str, int, Rules], tuple[Accepted, int]] = {}


def lookup(artefact: Artefact, rules: Rules) -> Accepted | None:
    """What this process found when it last accepted these very bytes.

    Args:
        artefact: The file, read and hashed just now.
        rules: What it would be judged by.

    Returns:
        The accepted file, with the bytes at hand; None if they were not accepted, or too long ago.
    """
    key = artefact.digests.fingerprint, artefact.size, rules
    found = _kept.pop(key, None)
    if found is None:
        return None
    _kept[key] = found
    accepted, _ = found
    return replace(accepted, data=artefact.data)


def store(artefact: Artefact, rules: Rules, accepted: Accepted) -> None:
    """Keep what was found of a file for when it is loaded again, if that takes little memory.

    Args:
        artefact: The file.
        rules: What it was judged by.
        accepted: What was found. Of a compressed file, nothing is kept: its arrays lie in what it
            decompresses to.
    """
    weight = sum(map(_weight, accepted.programs))
    if weight > _LARGEST_SCAN or accepted.data is not artefact.data:
        return
    key = artefact.digests.fingerprint, artefact.size, rules
    _kept[key] = replace(accepted, data=b""), weight
    total = sum(weight for _, weight in list(_kept.values()))
    for oldest, (_, weight) in list(_kept.items()):
        if total <= _KEPT_BYTES:
            break
        _kept.pop(oldest, None)
        total -= weight


def forget() -> None:
    """Forget every file."""
    _kept.clear()


def _weight(program: Program) -> int:
    code = sum(len(part) for part in program.segments if isinstance(part, bytes))
    parts = len(program.segments) + len(program.arrays) + len(program.globals)
    return code + _BYTES_PER_SEGMENT * (parts + len(program.aliases) + 1)
