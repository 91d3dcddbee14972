"""The text of a trust file becomes its tables.

Trust: the text is the caller's own; it is parsed strictly because a misspelt restriction that is
skipped in silence would be no restriction.

Source: TOML 1.0; the form is described in :mod:`safeload.trust.trustfile`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safeload.trust.tables.certificates import TrustedCertificates, trusted_certificates
from safeload.trust.tables.faults import Unfit, as_error
from safeload.trust.tables.grants import Grant, shown
from safeload.trust.tables.identities import TrustedIdentity, trusted_identity
from safeload.trust.tables.keys import TrustedKey, trusted_key
from safeload.trust.tables.models import ModelRule, model_rule
from safeload.trust.tables.packs import PACKS, PackRules, pack_rule
from safeload.trust.tables.revoked import Revoked, revoked_things
from safeload.trust.tables.toml import decoded, toml_of
from safeload.trust.tables.values import known, path, table

__all__ = ["Tables", "parse_trust"]

_SIGNERS = ("keys", "certificates", "identities")
_NO_RULE = ModelRule()
_FILE = frozenset({*_SIGNERS, "models", "revoked", "ledger"}) | PACKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What a trust file says.

    Attributes:
        signers: Every key, in the order of the file, whether current or not.
        certificates: Every holder of certificates, in the order of the file.
        identities: Every identity that sigstore vouches for, in the order of the file.
        models: What is demanded of a model, by its exact name.
        revoked: What is not accepted any more, whoever signed it.
        packs: Which packs signed models may use.
        ledger: Where loads are recorded, or None.
    """

    signers: tuple[TrustedKey, ...] = ()
    certificates: tuple[TrustedCertificates, ...] = ()
    identities: tuple[TrustedIdentity, ...] = ()
    models: Mapping[str, ModelRule] = field(default_factory=dict)
    revoked: Revoked = field(default_factory=Revoked)
    packs: PackRules = field(default_factory=PackRules)
    ledger: Path | None = None

    @property
    def grants(self) -> tuple[Grant, ...]:
        """Every signer: keys, holders of certificates, identities."""
        return (*self.signers, *self.certificates, *self.identities)

    def rule_of(self, model: str) -> ModelRule:
        """What is demanded of a model.

        Args:
            model: Its name as signed.
        """
        return self.models.get(model, _NO_RULE)


def parse_trust(
    data: bytes,
    source: str | None = None,
    *,
    folder: Path | None = None,
    files: Mapping[str, bytes],
) -> Tables:
    """Parse the text of a trust file.

    Args:
        data: TOML in UTF-8.
        source: What errors call the file; None where it has no name.
        folder: Where relative paths begin; None where nobody can say.
        files: What is in the files that belong to it, by the text that names them; see
            :func:`safeload.trust.tables.named.read_named`.

    Returns:
        What it says.

    Raises:
        UsageError: It is malformed (``trustfile-malformed``), or a public key in it is
            (``key-malformed``, ``key-unsupported``). The sentence names the line.
    """
    text = ""
    try:
        text = decoded(data)
        return _parse(toml_of(text), folder, files)
    except Unfit as unfit:
        raise as_error(unfit, text, source) from unfit


def _parse(found: Mapping[str, Any], folder: Path | None, files: Mapping[str, bytes]) -> Tables:
    known(found, "the file", _FILE)
    _check_names(found)
    models = table(found, "models")
    tables = Tables(
        signers=tuple([trusted_key(*item, files) for item in table(found, "keys").items()]),
        certificates=tuple(
            [trusted_certificates(*item, files) for item in table(found, "certificates").items()]
        ),
        identities=tuple(
            [trusted_identity(*item, files) for item in table(found, "identities").items()]
        ),
        models={name: model_rule(name, value, folder) for name, value in models.items()},
        revoked=revoked_things(table(found, "revoked")),
        packs=PackRules(
            pack_rule(found, "the file"),
            {
                name: pack_rule(value, shown("models", name), "models", name)
                for name, value in models.items()
            },
        ),
        ledger=path(found["ledger"], "the ledger", ("ledger",), folder)
        if "ledger" in found
        else None,
    )
    _check_distinct(tables)
    return tables


def _check_names(found: Mapping[str, Any]) -> None:
    """Require that a name stands for one signer, whatever that one signs with."""
    kinds: dict[str, str] = {}
    for kind in _SIGNERS:
        for name in table(found, kind):
            if name in kinds:
                raise Unfit(f"{shown(kind, name)} has the name of another signer", kind, name)
            kinds[name] = kind


def _check_distinct(tables: Tables) -> None:
    """Require that nobody is in the file twice, and so counts as two."""
    for kind, entry, signers in (
        ("keys", "public", [(each.name, each.key.key_id) for each in tables.signers]),
        ("certificates", "identity", [(each.name, each.identity) for each in tables.certificates]),
        (
            "identities",
            "identity",
            [(each.name, (each.identity, each.issuer)) for each in tables.identities],
        ),
    ):
        seen: set[object] = set()
        for name, who in signers:
            if who in seen:
                what = "public key" if kind == "keys" else "identity"
                raise Unfit(f"two of its names have the same {what}", kind, name, entry)
            seen.add(who)
