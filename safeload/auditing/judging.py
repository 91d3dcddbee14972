"""On what does a verdict rest beside the bytes? A policy, limits, and the code that judges by them.

Trust: the policy is the caller's own, and is read once for all files of an audit.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import safeload
from safeload.arguments import as_path, as_texts
from safeload.forks import IMPORTING
from safeload.limits import Limits

if TYPE_CHECKING:
    from safeload.policy.policy import Policy

__all__ = ["Judging"]

# What is no code of ours and no list, among the files of the package.
_MADE = "__pycache__"


@dataclass(frozen=True, slots=True)
class Judging:
    """How files are judged; small, and the same in every process.

    Attributes:
        limits: Bounds on each file.
        packs: Names of packs to switch on beside those on by default.
        text: The text of a team's policy file, or None for the packs alone.
        source: What to call that file.
        second_opinion: Whether fickling is asked as well.
        notes: Whether signs are noted that decide nothing.
        given: A policy that the caller made, in place of a file; None if there is none.
    """

    limits: Limits
    packs: tuple[str, ...] = ()
    text: bytes | None = field(default=None, repr=False)
    source: str = ""
    second_opinion: bool = False
    notes: bool = True
    given: Policy | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        policy: str | os.PathLike[str] | Policy | None,
        packs: Iterable[str],
        limits: Limits | None,
        *,
        second_opinion: bool = False,
        notes: bool = True,
    ) -> Judging:
        """Judge by what a caller gave.

        Args:
            policy: The allow-list, or a policy file to add to the packs.
            packs: Names of packs to switch on.
            limits: Bounds on each file; None for the usual ones.
            second_opinion: As the attribute.
            notes: As the attribute.

        Raises:
            UsageError: An argument is none that its parameter takes, or the file cannot be read.
        """
        bounds, names = Limits.of(limits), as_texts(packs, "packs")
        if policy is None:
            return cls(bounds, names, second_opinion=second_opinion, notes=notes)
        from safeload.policy.policy import Policy, policy_text

        if isinstance(policy, Policy):
            return cls(bounds, names, second_opinion=second_opinion, notes=notes, given=policy)
        path = as_path(policy, "policy")
        return cls(bounds, names, policy_text(path), str(path), second_opinion, notes)

    def policy(self) -> Policy:
        """The policy, which is made once in each process.

        Raises:
            UsageError: The text is not a policy, or there is no such pack.
        """
        if self.given is not None:
            return self.given.with_packs(self.packs)
        return _policy(self.text, self.source, self.packs)

    @property
    def key(self) -> str | None:
        """What names this way of judging, 64 hex digits; None for a policy that no file holds."""
        if self.given is not None:
            return None
        text = b"" if self.text is None else hashlib.sha256(self.text).digest()
        basis = (
            repr(self.limits),
            sorted(set(self.packs)),
            text,
            self.second_opinion,
            self.notes,
            _code(),
        )
        return hashlib.sha256(repr(basis).encode()).hexdigest()


@lru_cache(maxsize=8)
def _policy(text: bytes | None, source: str, packs: tuple[str, ...]) -> Policy:
    from safeload.policy.policy import Policy

    if text is None:
        return Policy.default(packs=packs)
    return Policy.parse(text, source, packs=packs)


@cache
def _code() -> tuple[object, ...]:
    """What tells this code, with its packs and the Python that runs it, from any other.

    The version alone would not: a file of a checkout may have been edited.
    """
    top = Path(safeload.__file__).parent
    files = []
    for folder, _, names in os.walk(top):
        if not folder.endswith(_MADE):
            for name in names:
                status = (Path(folder) / name).stat()
                files.append((folder, name, status.st_size, status.st_mtime_ns))
    return safeload.__version__, sys.version, _libraries(), sorted(files)


def _libraries() -> tuple[tuple[str, str], ...]:
    """The releases of the libraries that bytes go through before they are judged."""
    with IMPORTING:
        # Only a cache asks, and this takes as long as auditing ten small models.
        from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in _DECODERS:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, ""))
    return tuple(found)


_DECODERS = ("backports-zstd", "fickling", "lz4", "py7zr")
