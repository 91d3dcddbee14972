"""Allow-lists: exact names with exact uses, read from TOML.

A policy is the union of packs (``packs/*.toml``, shipped; those on by default, and others that a
caller asks for) and what a team adds in its own file. Both have one form::

    library = "scikit-learn"            # packs only: what it covers, which releases it was
    releases = ["1.9.1"]                # derived from, and which distributions provide its
    distributions = ["scikit-learn"]    # modules, any one of them, the usual one first

    packs = ["statsmodels"]             # a team's file only: packs that are off by default

    [[group]]
    reason = "estimators: made by NEWOBJ, filled by BUILD"
    uses = ["construct", "reference"]
    rule = "no_arguments"               # optional: a function of policy/rules/__init__.py
    native = "tree"                     # optional: a check of soundness/, for native state
    resources = ["folder"]              # optional: attributes that may keep a path or a logger
    [group.names]
    "sklearn.pipeline" = ["FeatureUnion", "Pipeline"]

    [[callable]]                        # what a model may keep and call; see callables/kinds.py
    kind = "elementwise"
    data = ["x"]
    [callable.names]
    "numpy" = ["log1p"]

A name is allowed exactly as written: never a prefix, never a pattern. A dotted qualified name
(``"ZoneInfo._unpickle"``) is an entry of its own. An entry named by several groups has the uses
of all of them and must name one rule, and one check, at most.

Trust: packs and the team's file are trusted input; they decide what may run. Nothing from a model
file ever adds an entry.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from safeload.arguments import as_path, as_text, require_type
from safeload.errors import UsageError, about, printable
from safeload.forks import IMPORTING
from safeload.policy.callables.kinds import Signature
from safeload.policy.callables.methods import gives_arrays
from safeload.policy.entries import (
    SKLEARN,
    Entry,
    add_entries,
    disagreement,
    merged,
    parse_text,
)
from safeload.policy.packs import packs_for_format, shipped_packs, wanted_packs
from safeload.scan.program import Use

__all__ = ["Entry", "Policy", "policy_text"]

# Far more than any list of names takes.
_BYTES = 16 << 20
# Policies whose methods are kept by their names.
_POLICIES = 32
# Stands for every library whose releases a policy says nothing of.
_OTHERS = "*"
_METHOD_USES = frozenset([Use.REFERENCE])


@dataclass(frozen=True, slots=True, repr=False)
class Policy:
    """An allow-list.

    Attributes:
        entries: Allowed uses by (module, qualified name).
        digest: SHA-256 over the text of all its sources, 64 lower-case hex digits.
        versions: ``"error"``, ``"warn"`` or ``"ignore"`` by library: what it leads to that a model
            was written with another minor release, or for all others by ``"*"``. Only what a policy
            file or :meth:`with_drift` sets; see :meth:`version_check`.
        packs: The packs that are on and would not be by default, or not for every file.
        whole: The policy that this one is a part of; None if it is the whole.
    """

    entries: Mapping[tuple[str, str], Entry]
    digest: str
    versions: Mapping[str, str] = field(default_factory=dict)
    packs: frozenset[str] = frozenset()
    whole: Policy | None = None

    def __repr__(self) -> str:
        return f"<Policy: {len(self.entries):,} names, SHA-256 {self.digest}>"

    @classmethod
    def default(cls, *, packs: Iterable[str] = ()) -> Policy:
        """The packs that are on by default.

        Args:
            packs: Names of further packs that ship with safeload.

        Raises:
            UsageError: There is no such pack (``pack-unknown``).
        """
        return _packs(wanted_packs(packs))

    @classmethod
    def of_pack(cls, name: str) -> Policy:
        """What one of the packs lists, alone.

        Args:
            name: One of :func:`safeload.policy.packs.shipped_packs`.

        Raises:
            UsageError: There is no such pack (``pack-unknown``).
        """
        wanted_packs([name])
        return _pack(name)

    @classmethod
    def read(cls, path: str | os.PathLike[str], *, packs: Iterable[str] = ()) -> Policy:
        """The packs and what the policy file at ``path`` adds to them.

        Args:
            path: A TOML file of the form in the module docstring.
            packs: Names of packs beside those on by default and those that the file asks for.

        Returns:
            The union.

        Raises:
            UsageError: The file cannot be read or is not a policy, or there is no such pack.
        """
        where = as_path(path, "policy")
        with about(where, given=True):
            return cls.parse(policy_text(where), str(where), packs=packs)

    @classmethod
    def parse(cls, text: bytes, source: str, *, packs: Iterable[str] = ()) -> Policy:
        """The packs and what the text of a policy file adds to them.

        Args:
            text: TOML of the form in the module docstring.
            source: What to call it.
            packs: Names of packs beside those on by default and those that the text asks for.

        Returns:
            The union.

        Raises:
            UsageError: It is not a policy, or there is no such pack.
        """
        require_type(text, "text", bytes, takes="bytes")
        return _with_file(bytes(text), as_text(source, "source"), wanted_packs(packs))

    @classmethod
    def of(
        cls, policy: str | os.PathLike[str] | Policy | None, *, packs: Iterable[str] = ()
    ) -> Policy:
        """A policy as callers may give it: itself, a policy file to add, or None for the packs.

        Args:
            policy: What the caller gave.
            packs: Names of packs to switch on beside those that it has.

        Raises:
            UsageError: As for :meth:`read`.
        """
        if isinstance(policy, Policy):
            return policy.with_packs(packs)
        return cls.default(packs=packs) if policy is None else cls.read(policy, packs=packs)

    def with_packs(self, names: Iterable[str]) -> Policy:
        """This policy and what further packs list.

        Where this policy has another argument rule or check for a name than the pack, it stays as
        it is.

        Args:
            names: Names of packs.

        Raises:
            UsageError: There is no such pack.
        """
        return self._with(wanted_packs(names))

    def with_drift(self, check: str | None) -> Policy:
        """This policy with another answer where it says nothing of the releases of a library.

        Args:
            check: ``"error"``, ``"warn"`` or ``"ignore"``, or None to leave it as it is.
        """
        return self if check is None else replace(self, versions={_OTHERS: check, **self.versions})

    def for_format(self, form: str) -> Policy:
        """This policy and what the packs list that are for files of one format.

        Args:
            form: The format of a :class:`~safeload.scan.program.Scan`.
        """
        return self._with(packs_for_format(form))

    def _with(self, names: frozenset[str]) -> Policy:
        added = names - self.packs
        if not added:
            return self
        if self is _packs(self.packs):
            return _packs(self.packs | added)
        return _extended(self, added)

    def narrowed(self, signed: Mapping[tuple[str, str], frozenset[str]]) -> Policy:
        """This policy without what a signed manifest does not list.

        Args:
            signed: Uses by (module, qualified name), as scanned when the file was signed.

        Returns:
            The intersection; it never allows more than either.
        """
        entries = {}
        for name, uses in signed.items():
            entry = self.get(*name)
            if entry is not None:
                entries[name] = entry if entry.uses <= uses else _narrowed(entry, uses)
        return replace(self, entries=entries, whole=self.whole or self)

    def get(self, module: str, name: str) -> Entry | None:
        """The entry of exactly this name, or None.

        A method that an estimator on the list predicts or transforms with is on it as well: bound
        to an estimator of the file it is a callable that a model may keep.
        """
        entry = self.entries.get((module, name))
        if entry is not None or "." not in name:
            return entry
        cls, _, method = name.rpartition(".")
        owner = self.entries.get((module, cls))
        if owner is None or not gives_arrays(module, cls, method):
            return None
        return replace(owner, uses=_METHOD_USES, rule=None, native=None, is_type=False)

    def methods(self, name: str) -> tuple[Signature, ...]:
        """Signatures of the methods of data of this name, which ``methodcaller`` may call."""
        return _methods(self.whole or self).get(name, ())

    def version_check(self, library: str, *, signed: bool) -> str:
        """What another minor release of a library than the one that wrote a model leads to.

        Unless the policy says otherwise, only scikit-learn's matters: it promises nothing across
        minor releases, where others do. What a signed manifest says is an error, because whoever
        signed tested that release; what an unsigned file says of itself is worth a warning.

        Args:
            library: Name of a distribution, or ``"python"``.
            signed: Whether a manifest says which release it was.

        Returns:
            ``"error"``, ``"warn"`` or ``"ignore"``.
        """
        default = "ignore"
        if library == SKLEARN:
            default = "error" if signed else "warn"
        return self.versions.get(library, self.versions.get(_OTHERS, default))


_METHODS: dict[str, dict[str, tuple[Signature, ...]]] = {}


def _methods(policy: Policy) -> dict[str, tuple[Signature, ...]]:
    """Signatures of the methods of classes of data, by the names of the methods."""
    known = _METHODS.get(policy.digest)
    if known is not None:
        return known
    found: dict[str, tuple[Signature, ...]] = {}
    for (_, qualname), entry in policy.entries.items():
        _, dot, name = qualname.rpartition(".")
        if dot and entry.signature is not None and "own" not in entry.signature.kinds:
            found[name] = (*found.get(name, ()), entry.signature)
    if len(_METHODS) >= _POLICIES:
        _METHODS.clear()
    _METHODS[policy.digest] = found
    return found


def _extended(policy: Policy, added: frozenset[str]) -> Policy:
    """A policy and what opt-in packs list that it has not got."""
    entries = dict(policy.entries)
    digest = hashlib.sha256(policy.digest.encode())
    for name in sorted(added):
        pack = _pack(name)
        digest.update(pack.digest.encode())
        for key, entry in pack.entries.items():
            known = entries.setdefault(key, entry)
            if known is not entry and disagreement(known, entry) is None:
                entries[key] = merged(known, entry)
    whole = None if policy.whole is None else policy.whole.with_packs(added)
    return replace(
        policy,
        entries=entries,
        digest=digest.hexdigest(),
        packs=policy.packs | added,
        whole=whole,
    )


def _narrowed(entry: Entry, uses: frozenset[str]) -> Entry:
    return replace(entry, uses=frozenset(use for use in entry.uses if use in uses))


def _unreadable(path: Path, why: str) -> UsageError:
    return UsageError(
        f"The policy file cannot be read: {why}.",
        code="policy-unreadable",
        hint=f"Check {printable(os.fspath(path))!r}.",
        path=path,
    )


def policy_text(path: str | os.PathLike[str]) -> bytes:
    """Read a policy file, without saying yet whether it is one.

    Args:
        path: The file.

    Returns:
        Its text, read once.

    Raises:
        UsageError: The file cannot be read, or somebody else could have written it
            (``policy-writable``).
    """
    with IMPORTING:
        from safeload.owners.reading import read_own  # most runs are given no policy file

    file = as_path(path, "policy")
    try:
        # Teams keep their policy in a checkout, whose files a user's own group may often write.
        text, _ = read_own(
            file,
            noun="policy file",
            code="policy-writable",
            limit=_BYTES,
            own_group=True,
        )
    except OSError as error:
        raise _unreadable(file, str(error.strerror)) from error
    return text


@lru_cache(maxsize=32)
def _packs(names: frozenset[str]) -> Policy:
    if names:
        return _extended(_packs(frozenset()), names)
    entries: dict[tuple[str, str], Entry] = {}
    digest = hashlib.sha256()
    for pack in shipped_packs().values():
        if pack.is_core:
            add_entries(entries, parse_text(pack.text, pack.source, is_pack=True))
            digest.update(hashlib.sha256(pack.text).digest())
    return Policy(entries, digest.hexdigest())


@lru_cache(maxsize=32)
def _pack(name: str) -> Policy:
    pack, entries = shipped_packs()[name], dict[tuple[str, str], Entry]()
    add_entries(entries, parse_text(pack.text, pack.source, is_pack=True))
    return Policy(entries, hashlib.sha256(pack.text).hexdigest())


@lru_cache(maxsize=8)
def _with_file(text: bytes, source: str, packs: frozenset[str]) -> Policy:
    parsed = parse_text(text, source)
    base = _packs(packs | wanted_packs(parsed.packs))
    entries = dict(base.entries)
    add_entries(entries, parsed)
    digest = hashlib.sha256(base.digest.encode() + hashlib.sha256(text).digest())
    return Policy(entries, digest.hexdigest(), parsed.versions, base.packs)
