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
from typing import Any

from safeload.errors import UsageError, printable
from safeload.trust.keys import VerifyingKey
from safeload.trust.names import matches, why_no_name, why_no_pattern
from safeload.trust.packrules import PackRule, PackRules
from safeload.trust.toml_lines import Place, line_of, reason_of

__all__ = ["Revoked", "TrustedKey", "entry_text", "parse_trust"]

_PACKS = frozenset({"packs", "forbidden_packs"})
_FILE = frozenset({"keys", "models", "revoked"}) | _PACKS
_KEY = frozenset({"public", "models", "not_before", "not_after", "only"})
_MODEL = frozenset({"min_serial", "threshold"}) | _PACKS
_REVOKED = frozenset({"keys", "payloads", "files"})

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_WILD = frozenset("*?")
_ANY_MODEL = "*"
_NAME_CHARACTERS = 255
_SOURCE_CHARACTERS = 300


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
        return any(matches(pattern, model) for pattern in self.models)


@dataclass(frozen=True, slots=True)
class Revoked:
    """What is not accepted any more: key ids, and SHA-256 of statements and of model files."""

    keys: frozenset[str] = frozenset()
    payloads: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()


class _Unfit(Exception):  # noqa: N818  # never leaves this module
    """What is wrong with the text, and where in it."""

    def __init__(
        self,
        why: str,
        *place: str | int,
        line: int | None = None,
        code: str = "trustfile-malformed",
        hint: str = "",
    ) -> None:
        super().__init__(why)
        self.why = why
        self.place: Place = place
        self.line = line
        self.code = code
        self.hint = hint


def parse_trust(
    data: bytes, source: str | None = None
) -> tuple[tuple[TrustedKey, ...], Mapping[str, int], Revoked, PackRules]:
    """Parse the text of a trust file.

    Args:
        data: TOML in UTF-8.
        source: What errors call the file; None where it has no name.

    Returns:
        The keys in the order of the file, the least serial by model name, what is revoked, and
        what is said of packs.

    Raises:
        UsageError: It is malformed (``trustfile-malformed``), a public key in it is
            (``key-malformed``, ``key-unsupported``), or it demands several signatures
            (``threshold-unsupported``). The sentence names the line.
    """
    text = ""
    try:
        text = _decoded(data)
        return _parse(_toml(text))
    except _Unfit as unfit:
        raise _error(unfit, source, unfit.line or line_of(text, unfit.place)) from unfit


def entry_text(name: str, key: VerifyingKey, models: Iterable[str]) -> str:
    """Write the entry of a key.

    Args:
        name: Who holds it.
        key: The public key.
        models: Patterns of the model names that it may sign.

    Returns:
        TOML that :func:`parse_trust` reads.

    Raises:
        UsageError: There is no model, what is given is no pattern of names, or the name does not
            fit into a line.
    """
    try:
        patterns = _patterns(list(models), "a key")
        # A JSON string of printable characters is a TOML string too.
        quoted = _line(name, "a name", ())
    except _Unfit as unfit:
        raise UsageError(
            f"The entry for a trust file cannot be written: {unfit.why}.",
            code="trustfile-malformed",
            hint=unfit.hint or "Choose another name, or other patterns of model names.",
        ) from unfit
    if not _BARE.fullmatch(name):
        quoted = json.dumps(name, ensure_ascii=False)
    listed = ", ".join(json.dumps(pattern, ensure_ascii=False) for pattern in patterns)
    return f'[keys.{quoted}]\npublic = """\n{key.pem}"""\nmodels = [{listed}]\n'


def _decoded(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        raise _Unfit("it begins with a byte order mark; save it as UTF-8 without one", line=1)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _Unfit("it is not in UTF-8", line=line) from error


def _toml(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise _Unfit("it is nested too deeply") from error
    except ValueError as error:
        why, line = reason_of(error, text)
        raise _Unfit(f"it is not valid TOML ({printable(why)})", line=line) from error


def _error(unfit: _Unfit, source: str | None, line: int | None) -> UsageError:
    named = "" if source is None else f" {printable(source, limit=_SOURCE_CHARACTERS)!r}"
    where = "" if line is None else f" at line {line}"
    return UsageError(
        f"The trust file{named} cannot be understood{where}: {unfit.why}.",
        code=unfit.code,
        hint=unfit.hint
        or "Its form is described in the documentation of the module safeload.trust.trustfile.",
    )


def _parse(
    found: Mapping[str, Any],
) -> tuple[tuple[TrustedKey, ...], Mapping[str, int], Revoked, PackRules]:
    _known(found, "the file", _FILE)
    signers: dict[str, TrustedKey] = {}
    for name, value in _table(found, "keys").items():
        signer = _key(name, value)
        if signer.key.key_id in signers:
            raise _Unfit("two of its names have the same public key", "keys", name, "public")
        signers[signer.key.key_id] = signer
    models = _table(found, "models")
    serials = {name: _min_serial(name, value) for name, value in models.items()}
    revoked = _known(_table(found, "revoked"), "revoked", _REVOKED, "revoked")
    packs = PackRules(
        _packs(found, "the file"),
        {name: _packs(value, _shown(name), "models", name) for name, value in models.items()},
    )
    digests = {kind: _digests(revoked, "revoked", kind) for kind in revoked}
    return tuple(signers.values()), serials, Revoked(**digests), packs


def _key(name: str, value: object) -> TrustedKey:
    where, place = f"keys.{printable(name, limit=40)}", ("keys", name)
    found = _known(value, where, _KEY, *place)
    public = found.get("public")
    models = found.get("models")
    if not isinstance(public, str):
        raise _Unfit(f"{where} has no public key in quotes", *place, "public")
    if not isinstance(models, list):
        raise _Unfit(f"{where} does not list the models that it may sign", *place, "models")
    try:
        key = VerifyingKey.from_text(public)
    except UsageError as error:
        why = f"the public key of {where} is none that can be used"
        raise _Unfit(why, *place, "public", code=error.code, hint=error.hint) from error
    return TrustedKey(
        name=_line(name, "a name", place),
        key=key,
        models=tuple(_patterns(models, where, *place, "models")),
        not_before=_moment(found, where, *place, "not_before"),
        not_after=_moment(found, where, *place, "not_after"),
        only=_digests(found, *place, "only") if "only" in found else None,
    )


def _patterns(values: list[Any], where: str, *place: str) -> list[str]:
    if not values:
        raise _Unfit(f"{where} has to say which models it may sign", *place)
    for index, value in enumerate(values):
        if wrong := why_no_pattern(value):
            shown = repr(printable(value, limit=40)) if isinstance(value, str) else "one"
            raise _Unfit(
                f"of the patterns of {where}, {shown} {wrong}",
                *place,
                index,
                hint="A pattern is a name in which * stands for any characters and ? for one.",
            )
    return values


def _shown(model: str) -> str:
    return f"models.{printable(model, limit=40)}"


def _packs(found: Mapping[str, Any], where: str, *place: str) -> PackRule:
    on, forbidden = (
        _lines(found.get(kind, []), f"{kind} of {where}", (*place, kind))
        for kind in ("packs", "forbidden_packs")
    )
    if both := on & forbidden:
        why = f"{where} asks for the pack {printable(min(both))!r} and forbids it"
        raise _Unfit(why, *place, "forbidden_packs")
    return PackRule(on, forbidden)


def _lines(value: object, what: str, place: Place) -> frozenset[str]:
    if not isinstance(value, list):
        raise _Unfit(f"{what} is no list", *place)
    return frozenset(
        _line(item, f"an item of {what}", (*place, index)) for index, item in enumerate(value)
    )


def _min_serial(name: str, value: object) -> int:
    where, place = _shown(name), ("models", name)
    if _WILD & set(name):
        raise _Unfit(f"{where} is a pattern, and needs to be one exact name", *place)
    if wrong := why_no_name(name):
        raise _Unfit(f"the name of {where} {wrong}, so that no model has it", *place)
    found = _known(value, where, _MODEL, *place)
    threshold, serial = found.get("threshold", 1), found.get("min_serial", 0)
    if type(threshold) is not int or threshold < 1:
        raise _Unfit(f"the threshold of {where} is no number of signatures", *place, "threshold")
    if threshold > 1:
        raise _Unfit(
            f"{where} demands {threshold} signatures",
            *place,
            "threshold",
            code="threshold-unsupported",
            hint="This release checks one signature a model; leave the threshold out.",
        )
    if type(serial) is not int or serial < 0:
        raise _Unfit(f"the min_serial of {where} is no whole number", *place, "min_serial")
    return serial


def _table(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = found.get(name, {})
    if not isinstance(table, dict):
        raise _Unfit(f"{name} is no table", name)
    return table


def _known(value: object, where: str, known: frozenset[str], *place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Unfit(f"{where} is no table", *place)
    if unknown := value.keys() - known:
        first = min(unknown)
        why = f"{where} has an unknown entry {printable(first, limit=40)!r}"
        raise _Unfit(why, *place, first)
    return value


def _moment(found: Mapping[str, Any], where: str, *place: str) -> datetime | None:
    moment = found.get(place[-1])
    if moment is None:
        return None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        why = f"{place[-1]} of {where} is no date and time with an offset, such as a final Z"
        raise _Unfit(why, *place)
    return moment


def _digests(found: Mapping[str, Any], *place: str) -> frozenset[str]:
    digests = found[place[-1]]
    if not isinstance(digests, list):
        raise _Unfit(f"{place[-1]} is no list of SHA-256 in lower-case hex", *place)
    for index, digest in enumerate(digests):
        if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
            why = f"an item of {place[-1]} is no SHA-256 in lower-case hex"
            raise _Unfit(why, *place, index)
    return frozenset(digests)


def _line(value: object, what: str, place: Place) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _NAME_CHARACTERS:
        raise _Unfit(f"{what} is no text of 1 to {_NAME_CHARACTERS} characters", *place)
    if not value.isprintable():
        raise _Unfit(f"{what} holds a character that cannot be shown", *place)
    return value
