"""The text of a trust file becomes trusted keys, least serials and revocations; a key its text.

Trust: the text is the caller's own; it is parsed strictly because a misspelt restriction that is
skipped in silence would be no restriction.

Source: TOML 1.0; the form is described in :mod:`safeload.trust.trustfile`.
"""

from __future__ import annotations

import codecs
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from safeload.errors import UsageError, printable
from safeload.trust.keys import VerifyingKey
from safeload.trust.packrules import PackRule, PackRules

__all__ = ["Revoked", "TrustedKey", "entry_text", "parse_trust"]

_PACKS = frozenset({"packs", "forbidden_packs"})
_FILE = frozenset({"keys", "models", "revoked"}) | _PACKS
_KEY = frozenset({"public", "models", "not_before", "not_after", "only"})
_MODEL = frozenset({"min_serial", "threshold"}) | _PACKS
_REVOKED = frozenset({"keys", "payloads", "files"})

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_GLOB = frozenset("*?[")
_ANY_MODEL = "*"
_NAME_CHARACTERS = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A public key with what it may sign.

    Attributes:
        name: Who holds it, as the trust file says.
        key: The public key.
        models: Patterns of the model names that it may sign, at least one.
        not_before: When trust in it begins, or None.
        not_after: When trust in it ends, or None.
        only: The SHA-256 of the statements that it is still trusted with, or None for all.
    """

    name: str
    key: VerifyingKey
    models: tuple[str, ...]
    not_before: datetime | None = None
    not_after: datetime | None = None
    only: frozenset[str] | None = None

    def is_current(self, now: datetime) -> bool:
        """Whether trust in the key has begun and not ended at this moment."""
        return (self.not_before is None or self.not_before <= now) and (
            self.not_after is None or now <= self.not_after
        )

    def may_sign(self, model: str | None) -> bool:
        """Whether the key may sign a model of this name, or one of no name (None)."""
        if model is None:
            return _ANY_MODEL in self.models
        return any(fnmatchcase(model, pattern) for pattern in self.models)


@dataclass(frozen=True, slots=True)
class Revoked:
    """What is not accepted any more: key ids, and SHA-256 of statements and of model files."""

    keys: frozenset[str] = frozenset()
    payloads: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()


def parse_trust(
    data: bytes,
) -> tuple[tuple[TrustedKey, ...], Mapping[str, int], Revoked, PackRules]:
    """Parse the text of a trust file.

    Args:
        data: TOML in UTF-8.

    Returns:
        The keys in the order of the file, the least serial by model name, what is revoked, and
        what is said of packs.

    Raises:
        UsageError: It is malformed (``trustfile-malformed``), a public key in it is
            (``key-malformed``, ``key-unsupported``), or it demands several signatures
            (``threshold-unsupported``).
    """
    if data.startswith(codecs.BOM_UTF8):
        raise _malformed("it begins with a byte order mark; save it as UTF-8 without one")
    try:
        found = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _malformed("it is not valid TOML in UTF-8") from error
    _known(found, "the file", _FILE)
    signers = tuple(_key(name, value) for name, value in _table(found, "keys").items())
    if len({signer.key.key_id for signer in signers}) != len(signers):
        raise _malformed("two of its names have the same public key")
    models = _table(found, "models")
    serials = {name: _min_serial(name, value) for name, value in models.items()}
    revoked = _known(_table(found, "revoked"), "revoked", _REVOKED)
    packs = PackRules(
        _packs(found, "the file"),
        {name: _packs(value, _place(name)) for name, value in models.items()},
    )
    return signers, serials, Revoked(**{kind: _digests(revoked, kind) for kind in revoked}), packs


def entry_text(name: str, key: VerifyingKey, models: Iterable[str]) -> str:
    """Write the entry of a key.

    Args:
        name: Who holds it.
        key: The public key.
        models: Patterns of the model names that it may sign.

    Returns:
        TOML that :func:`parse_trust` reads.

    Raises:
        UsageError: There is no model, or a name that does not fit into a line.
    """
    patterns = [_line(pattern, "a model pattern") for pattern in models]
    if not patterns:
        raise _malformed("a key has to say which models it may sign")
    # A JSON string of printable characters is a TOML string too.
    quoted = _line(name, "a name")
    if not _BARE.fullmatch(name):
        quoted = json.dumps(name, ensure_ascii=False)
    listed = ", ".join(json.dumps(pattern, ensure_ascii=False) for pattern in patterns)
    return f'[keys.{quoted}]\npublic = """\n{key.pem}"""\nmodels = [{listed}]\n'


def _key(name: str, value: object) -> TrustedKey:
    where = f"keys.{printable(name, limit=40)}"
    found = _known(value, where, _KEY)
    public = found.get("public")
    models = found.get("models")
    if not isinstance(public, str):
        raise _malformed(f"{where} has no public key in quotes")
    if not isinstance(models, list) or not models:
        raise _malformed(f"{where} does not list the models that it may sign")
    return TrustedKey(
        name=_line(name, "a name"),
        key=VerifyingKey.from_text(public),
        models=tuple([_line(pattern, f"a pattern of {where}") for pattern in models]),
        not_before=_moment(found, where, "not_before"),
        not_after=_moment(found, where, "not_after"),
        only=_digests(found, "only") if "only" in found else None,
    )


def _place(model: str) -> str:
    return f"models.{printable(model, limit=40)}"


def _packs(found: Mapping[str, Any], where: str) -> PackRule:
    on = _lines(found.get("packs", []), f"packs of {where}")
    forbidden = _lines(found.get("forbidden_packs", []), f"forbidden_packs of {where}")
    if both := on & forbidden:
        raise _malformed(f"{where} asks for the pack {printable(min(both))!r} and forbids it")
    return PackRule(on, forbidden)


def _lines(value: object, what: str) -> frozenset[str]:
    if not isinstance(value, list):
        raise _malformed(f"{what} is no list")
    return frozenset(_line(item, f"an item of {what}") for item in value)


def _min_serial(name: str, value: object) -> int:
    where = _place(name)
    if _GLOB & set(name):
        raise _malformed(f"{where} is a pattern, and needs to be one exact name")
    found = _known(value, where, _MODEL)
    threshold, serial = found.get("threshold", 1), found.get("min_serial", 0)
    if type(threshold) is not int or threshold < 1:
        raise _malformed(f"the threshold of {where} is no number of signatures")
    if threshold > 1:
        raise UsageError(
            f"The trust file demands {threshold} signatures for {where}.",
            code="threshold-unsupported",
            hint="This release checks one signature a model; leave the threshold out.",
        )
    if type(serial) is not int or serial < 0:
        raise _malformed(f"the min_serial of {where} is no whole number")
    return serial


def _table(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = found.get(name, {})
    if not isinstance(table, dict):
        raise _malformed(f"{name} is no table")
    return table


def _known(value: object, where: str, known: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _malformed(f"{where} is no table")
    if unknown := value.keys() - known:
        raise _malformed(f"{where} has an unknown entry {printable(min(unknown), limit=40)!r}")
    return value


def _moment(found: Mapping[str, Any], where: str, name: str) -> datetime | None:
    moment = found.get(name)
    if moment is None:
        return None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise _malformed(f"{name} of {where} is no date and time with an offset, such as a final Z")
    return moment


def _digests(found: Mapping[str, Any], name: str) -> frozenset[str]:
    digests = found[name]
    if not isinstance(digests, list) or not all(
        isinstance(digest, str) and _SHA256.fullmatch(digest) for digest in digests
    ):
        raise _malformed(f"{name} is no list of SHA-256 in lower-case hex")
    return frozenset(digests)


def _line(value: object, what: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _NAME_CHARACTERS:
        raise _malformed(f"{what} is no text of 1 to {_NAME_CHARACTERS} characters")
    if not value.isprintable():
        raise _malformed(f"{what} holds a character that cannot be shown")
    return value


def _malformed(why: str) -> UsageError:
    """The error about a trust file that cannot be understood."""
    return UsageError(
        f"The trust file cannot be understood: {why}.",
        code="trustfile-malformed",
        hint="Its form is described in the documentation of the module safeload.trust.trustfile.",
    )
