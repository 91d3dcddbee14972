"""The text of a policy becomes entries, exactly as they are written.

The form is described in :mod:`safeload.policy.policy`. What would have no effect is an error.

Trust: packs and a team's file are trusted to decide what may run, not to be without mistakes.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from typing import Any

from safeload.errors import UsageError
from safeload.policy.callables.kinds import Signature
from safeload.policy.callables.parameters import MalformedSignatureError
from safeload.policy.packs import HEAD_KEYS, shipped_packs
from safeload.policy.rules import RULES
from safeload.scan.program import Use
from safeload.soundness import CHECKS

__all__ = ["SKLEARN", "Entry", "Text", "add_entries", "disagreement", "merged", "parse_text"]

_GROUP_KEYS = {"reason", "uses", "rule", "native", "resources", "names"}
_CALLABLE_KEYS = {"kind", "data", "parameters", "evidence", "names"}
_FILE_KEYS = frozenset(
    ["library", "releases", "distributions", "group", "callable", "versions", "packs"]
)
# Whose minor releases differ in how they read a model.
SKLEARN = "scikit-learn"
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
        is_type: Whether it names a type, which nothing calls, where it is kept as a value.
        resources: Attributes that may keep a path or a logger.
    """

    uses: frozenset[Use]
    rule: str | None
    source: str
    distributions: tuple[str, ...] = ()
    native: str | None = None
    signature: Signature | None = None
    is_type: bool = False
    resources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a policy, as far as it is not a list of names.

    Attributes:
        source: What it is called.
        document: The whole of it, parsed.
        packs: The packs that it asks for.
        versions: What it says of the releases of libraries.
    """

    source: str
    document: dict[str, Any]
    packs: tuple[str, ...]
    versions: dict[str, str]


def parse_text(text: bytes, source: str, *, is_pack: bool = False) -> Text:
    """Parse a policy, but for its names.

    Args:
        text: TOML.
        source: What to call it.
        is_pack: Whether it may say what only packs say of themselves.

    Raises:
        UsageError: It is not a policy.
    """
    document = _parse(text, source, _FILE_KEYS | HEAD_KEYS if is_pack else _FILE_KEYS)
    versions = _versions(document.get("versions", {}), source)
    unknown = sorted(set(versions) - _recorded()) if versions else []
    if unknown:
        raise _malformed(source, f"no model says which {unknown[0]!r} wrote it")
    packs = _strings(document.get("packs", []), source, "packs")
    return Text(source, document, tuple(packs), versions)


def add_entries(entries: dict[tuple[str, str], Entry], text: Text) -> None:
    """Grant what a text says, beside what is granted already.

    Args:
        entries: What is granted, by (module, qualified name); is added to.
        text: What to add.

    Raises:
        UsageError: It is not a policy, or does not agree with what is granted.
    """
    document, source = text.document, text.source
    distributions = tuple(_strings(document.get("distributions", []), source, "distributions"))
    for group in _tables(document, "group", source):
        _add(entries, group, _entry(group, source, distributions), source)
    for table in _tables(document, "callable", source):
        _add(entries, table, _callable(table, source, distributions), source)


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
    checks = {SKLEARN: value} if isinstance(value, str) else value
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
            reason = disagreement(known, added)
            if reason is not None:
                raise _malformed(source, f"{module}.{name} {reason}")
            entries[module, name] = merged(known, added)


def disagreement(known: Entry, added: Entry) -> str | None:
    """Why two entries of one name cannot be one, or None."""
    if known.rule and added.rule and known.rule != added.rule:
        return "has two argument rules"
    if known.native and added.native and known.native != added.native:
        return "has two checks of native state"
    if known.signature and added.signature and known.signature != added.signature:
        return "is a callable of two kinds"
    return None


def merged(known: Entry, added: Entry) -> Entry:
    """What two entries of one name allow together."""
    return replace(
        known,
        uses=known.uses | added.uses,
        rule=known.rule or added.rule,
        native=known.native or added.native,
        signature=known.signature or added.signature,
        is_type=known.is_type or added.is_type,
        resources=known.resources | added.resources,
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
    is_type = Use.REFERENCE in uses
    kept = frozenset(_strings(group.get("resources", []), source, "resources"))
    return Entry(uses, rule, source, distributions, native, is_type=is_type, resources=kept)


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
