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
    called_as = "scorer"                # optional: the kind that calling an instance has
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
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from safeload.errors import UsageError
from safeload.policy.callables.kinds import KINDS, Signature
from safeload.policy.callables.parameters import MalformedSignatureError
from safeload.policy.packs import HEAD_KEYS, shipped_packs, wanted_packs
from safeload.policy.rules import RULES
from safeload.scan.program import Use
from safeload.soundness import CHECKS

__all__ = ["Entry", "Policy", "policy_text"]

_GROUP_KEYS = {"reason", "uses", "rule", "native", "called_as", "names"}
_CALLABLE_KEYS = {"kind", "data", "parameters", "evidence", "names"}
_FILE_KEYS = frozenset(
    ["library", "releases", "distributions", "group", "callable", "versions", "packs"]
)
_PACK_KEYS = _FILE_KEYS | HEAD_KEYS
# Whose minor releases differ in how they read a model.
_SKLEARN = "scikit-learn"
# Far more than any list of names takes.
_BYTES = 16 << 20
_CHECKS_OF_VERSIONS = {"error", "warn", "ignore"}


@dataclass(frozen=True, slots=True)
class Entry:
    """What is allowed for one name.

    Attributes:
        uses: The uses allowed.
        rule: Name of the argument rule that each construction or call must pass, or None.
        source: The pack or file it comes from.
        distributions: What provides the name, any one of them; none for a team's own entries and
            for Python's.
        native: Name of the check that native state must pass, or None.
        signature: What it takes and gives, if a model may keep it and call it.
        called_as: The kind that calling an instance of the class has, or None.
    """

    uses: frozenset[Use]
    rule: str | None
    source: str
    distributions: tuple[str, ...] = ()
    native: str | None = None
    signature: Signature | None = None
    called_as: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """An allow-list.

    Attributes:
        entries: Allowed uses by (module, qualified name).
        digest: SHA-256 over the text of all its sources, 64 lower-case hex digits.
        versions: ``"error"``, ``"warn"`` or ``"ignore"`` by library: what it leads to that a model
            was written with another minor release. Only what a policy file sets; see
            :meth:`version_check`.
        packs: The packs that are on and would not be by default.
    """

    entries: Mapping[tuple[str, str], Entry]
    digest: str
    versions: Mapping[str, str] = field(default_factory=dict)
    packs: frozenset[str] = frozenset()

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
        """
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
        return cls.parse(policy_text(path), str(path), packs=packs)

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
        return _with_file(text, source, wanted_packs(packs))

    @classmethod
    def of(
        cls, policy: str | os.PathLike[str] | Policy | None, *, packs: Iterable[str] = ()
    ) -> Policy:
        """A policy as callers may give it: itself, a policy file to add, or None for the packs.

        Args:
            policy: What the caller gave.
            packs: Names of packs to switch on beside those that it has.
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
        added = wanted_packs(names) - self.packs
        if not added:
            return self
        entries = dict(self.entries)
        digest = hashlib.sha256(self.digest.encode())
        for name in sorted(added):
            pack = _pack(name)
            digest.update(pack.digest.encode())
            for key, entry in pack.entries.items():
                known = entries.setdefault(key, entry)
                if known is not entry and _disagreement(known, entry) is None:
                    entries[key] = _merged(known, entry)
        return replace(self, entries=entries, digest=digest.hexdigest(), packs=self.packs | added)

    def narrowed(self, signed: Mapping[tuple[str, str], frozenset[str]]) -> Policy:
        """This policy without what a signed manifest does not list.

        Args:
            signed: Uses by (module, qualified name), as scanned when the file was signed.

        Returns:
            The intersection; it never allows more than either.
        """
        entries = {}
        for name, uses in signed.items():
            entry = self.entries.get(name)
            if entry is not None:
                entries[name] = entry if entry.uses <= uses else _narrowed(entry, uses)
        return replace(self, entries=entries)

    def get(self, module: str, name: str) -> Entry | None:
        """The entry of exactly this name, or None."""
        return self.entries.get((module, name))

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
        if library == _SKLEARN:
            default = "error" if signed else "warn"
        return self.versions.get(library, default)


def _narrowed(entry: Entry, uses: frozenset[str]) -> Entry:
    return replace(entry, uses=frozenset(use for use in entry.uses if use in uses))


def _unreadable(why: str) -> UsageError:
    return UsageError(
        f"The policy file cannot be read: {why}.",
        code="policy-unreadable",
        hint="Check the path given with --policy or policy=.",
    )


def policy_text(path: str | os.PathLike[str]) -> bytes:
    """Read a policy file, without saying yet whether it is one.

    Args:
        path: The file.

    Returns:
        Its text, read once.

    Raises:
        UsageError: The file cannot be read, or anybody may write to it.
    """
    try:
        with Path(path).open("rb") as file:
            mode, text = os.fstat(file.fileno()).st_mode, file.read(_BYTES + 1)
    except OSError as error:
        raise _unreadable(str(error.strerror)) from error
    if len(text) > _BYTES:
        raise _unreadable(f"larger than {_BYTES} bytes")
    if os.name == "posix" and mode & stat.S_IWOTH:
        raise UsageError(
            "Anybody may write to the policy file.",
            code="policy-writable",
            hint="Take the write permission for others away (chmod o-w).",
        )
    return text


@lru_cache(maxsize=32)
def _packs(names: frozenset[str]) -> Policy:
    if names:
        return _packs(frozenset()).with_packs(names)
    on = [pack for pack in shipped_packs().values() if not pack.opt_in]
    return _union([(pack.source, pack.text) for pack in on], keys=_PACK_KEYS)


@lru_cache(maxsize=32)
def _pack(name: str) -> Policy:
    pack = shipped_packs()[name]
    return _union([(pack.source, pack.text)], keys=_PACK_KEYS)


@lru_cache(maxsize=8)
def _with_file(text: bytes, source: str, packs: frozenset[str]) -> Policy:
    document = _parse(text, source, _FILE_KEYS)
    wanted = wanted_packs(_strings(document.get("packs", []), source, "packs"))
    return _union([(source, text)], base=_packs(packs | wanted))


def _union(
    sources: Iterable[tuple[str, bytes]],
    *,
    base: Policy | None = None,
    keys: frozenset[str] = _FILE_KEYS,
) -> Policy:
    entries: dict[tuple[str, str], Entry] = dict(base.entries) if base else {}
    versions = dict(base.versions) if base else {}
    digest = hashlib.sha256(base.digest.encode() if base else b"")
    for source, text in sources:
        document = _parse(text, source, keys)
        digest.update(hashlib.sha256(text).digest())
        versions.update(_versions(document.get("versions", {}), source))
        unknown = sorted(set(versions) - _recorded()) if versions else []
        if unknown:
            raise _malformed(source, f"no model says which {unknown[0]!r} wrote it")
        distributions = _strings(document.get("distributions", []), source, "distributions")
        for group in _tables(document, "group", source):
            _add(entries, group, _entry(group, source, tuple(distributions)), source)
        for table in _tables(document, "callable", source):
            _add(entries, table, _callable(table, source, tuple(distributions)), source)
    return Policy(entries, digest.hexdigest(), versions, base.packs if base else frozenset())


def _parse(text: bytes, source: str, keys: frozenset[str]) -> dict[str, Any]:
    try:
        document = tomllib.loads(text.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _malformed(source, f"it is not TOML ({error})") from error
    unknown = set(document) - keys
    if unknown:
        raise _malformed(source, f"unknown key {min(unknown)!r}")
    return document


def _versions(value: Any, source: str) -> dict[str, str]:
    """What is said by library; a text alone speaks of scikit-learn."""
    checks = {_SKLEARN: value} if isinstance(value, str) else value
    if not isinstance(checks, dict) or not all(
        isinstance(check, str) and check in _CHECKS_OF_VERSIONS for check in checks.values()
    ):
        raise _malformed(source, "versions are not 'error', 'warn' or 'ignore' by library")
    return checks


def _recorded() -> set[str]:
    """The libraries whose releases a manifest records."""
    packs = {name for pack in shipped_packs().values() for name in pack.distributions}
    return {"python", "skops"} | packs


def _strings(value: Any, source: str, what: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _malformed(source, f"{what} are not a list of strings")
    return value


def _tables(document: dict[str, Any], key: str, source: str) -> list[dict[str, Any]]:
    tables = document.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise _malformed(source, f"{key} is not a list of tables")
    return tables


def _add(
    entries: dict[tuple[str, str], Entry], group: dict[str, Any], added: Entry, source: str
) -> None:
    """Grant each name of a table what the table says, beside what others grant it."""
    for module, qualnames in group["names"].items():
        for name in _strings(qualnames, source, f"the names of {module!r}"):
            known = entries.get((module, name))
            if known is None:
                entries[module, name] = added
                continue
            reason = _disagreement(known, added)
            if reason is not None:
                raise _malformed(source, f"{module}.{name} {reason}")
            entries[module, name] = _merged(known, added)


def _disagreement(known: Entry, added: Entry) -> str | None:
    """Why two entries of one name cannot be one, or None."""
    if known.rule and added.rule and known.rule != added.rule:
        return "has two argument rules"
    if known.native and added.native and known.native != added.native:
        return "has two checks of native state"
    if known.signature and added.signature and known.signature != added.signature:
        return "is a callable of two kinds"
    return None


def _merged(known: Entry, added: Entry) -> Entry:
    """What two entries of one name allow together."""
    return replace(
        known,
        uses=known.uses | added.uses,
        rule=known.rule or added.rule,
        native=known.native or added.native,
        signature=known.signature or added.signature,
        called_as=known.called_as or added.called_as,
        distributions=known.distributions or added.distributions,
    )


def _entry(group: dict[str, Any], source: str, distributions: tuple[str, ...]) -> Entry:
    """What a group allows for each of its names."""
    unknown = set(group) - _GROUP_KEYS
    if unknown:
        raise _malformed(source, f"unknown key {min(unknown)!r} in a group")
    try:
        uses = frozenset(Use(use) for use in group["uses"])
        group["names"].items()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _malformed(source, f"a group lacks names or has an unknown use ({error})") from error
    rule, native = group.get("rule"), group.get("native")
    if rule is not None and (not isinstance(rule, str) or rule not in RULES):
        raise _malformed(source, f"unknown argument rule {rule!r}")
    if native is not None and (not isinstance(native, str) or native not in CHECKS):
        raise _malformed(source, f"unknown check of native state {native!r}")
    called_as = group.get("called_as")
    if called_as is not None and called_as not in KINDS:
        raise _malformed(source, f"unknown kind {called_as!r}")
    return Entry(uses, rule, source, distributions, native, called_as=called_as)


def _callable(table: dict[str, Any], source: str, distributions: tuple[str, ...]) -> Entry:
    """What a ``[[callable]]`` allows for each of its names: to be kept where its kind may stand."""
    unknown = set(table) - _CALLABLE_KEYS
    if unknown:
        raise _malformed(source, f"unknown key {min(unknown)!r} in a callable")
    if not isinstance(table.get("names"), dict):
        raise _malformed(source, "a callable lacks names")
    try:
        signature = Signature.parse(table)
    except MalformedSignatureError as error:
        raise _malformed(source, str(error)) from error
    return Entry(frozenset([Use.REFERENCE]), None, source, distributions, signature=signature)


def _malformed(source: str, reason: str) -> UsageError:
    return UsageError(
        f"{source} is not a policy: {reason}.",
        code="policy-malformed",
        hint="See docs/policy.md for the form of a policy file.",
    )
