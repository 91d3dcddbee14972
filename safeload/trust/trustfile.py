"""A trust file becomes the signers to trust, and the judgement what each of them may sign.

::

    packs = ["mlxtend"]                          # optional: packs that are on, whoever signed
    forbidden_packs = ["catboost"]               # optional: packs that nobody may sign for
    ledger = "ledger.sqlite"                     # optional: where loads are recorded

    [keys.alice]
    public = "ssh-ed25519 AAAA… alice@example"   # or ecdsa-sha2-nistp256, -384, -521, or a PEM text
    # public_file = "alice.pub"                  # or the file that one of these is in
    models = ["churn", "fraud-*"]                # names of models as signed; * and ? as in a shell
    not_before = 2026-01-01T00:00:00Z            # optional; compared with the time of verifying
    not_after = 2027-01-01T00:00:00Z             # optional
    only = ["<payload sha256>"]                  # optional: a retired key, good for these alone

    [certificates.acme]                          # whoever has a certificate from these authorities
    roots = "acme-roots.pem"                     # or a PEM text
    identity = "ml@acme.example"                 # its subject alternative name, exactly
    models = ["churn"]                           # and not_before, not_after, only as for keys
    expired = "refuse"                           # or "accept": see docs/certificates.md

    [identities.release]                         # whoever sigstore says it is
    identity = "https://github.com/acme/models/.github/workflows/release.yml@refs/heads/main"
    issuer = "https://token.actions.githubusercontent.com"
    trusted_root = "trusted_root.json"
    models = ["churn"]                           # and not_before, not_after, only as for keys

    [models.churn]                               # optional; an exact name
    min_serial = 7                               # no older release than this
    threshold = 2                                # so many signers, each with another key
    policy = "churn-policy.toml"                 # loaded with this one, unless the caller gives one
    probe = "required"                           # it has to predict what was recorded at signing
    drift = "refuse"                             # or "warn": other minor releases of its libraries
    packs = ["statsmodels"]                      # as at the top of the file, for this model alone

    [revoked]                                    # optional; wins over everything above
    keys = ["<key id>"]
    payloads = ["<sha256 of a signed statement>"]
    files = ["<sha256 of a model file>"]

A pattern of names is a name in which ``*`` stands for any number of characters and ``?`` for one.
Whatever else a shell takes for something special is an error, and so is a name that no model can
have; :mod:`safeload.trust.names` says what names are. Errors name the line.

Relative paths begin in the folder of the trust file, as it was named. The files of public keys,
roots and trusted roots are read with it and judged as it is.

Packs are those of the policy. Beside the ones that are on by default, a signed model uses those
that its signer used, unless they are forbidden here; what is said for one model outweighs what is
said for all.

A statement made by another tool names no model (its subject is of no consequence, says the
specification), so only a key whose models include ``"*"`` may sign one.

Trust: the file is the caller's own and decides whom to believe, so one that somebody else could
have put there is refused (:mod:`safeload.owners.judge`). It is read anew each time; the result of
parsing the same bytes is kept.

Source: modelled on OpenSSH's ``allowed_signers`` (ssh-keygen(1)); TOML 1.0.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import platformdirs

from safeload.arguments import as_moment, as_path, as_text, as_texts, require_type
from safeload.errors import UsageError, about, printable
from safeload.hashing import Digests
from safeload.trust.authority import authorised, require_not_revoked
from safeload.trust.countersignatures import Countersignature
from safeload.trust.envelope import (
    UnverifiedBundle,
    VerifiedPayload,
)
from safeload.trust.keys import VerifyingKey
from safeload.trust.manifest import Manifest
from safeload.trust.rewriting import read_trust, rewrite
from safeload.trust.tables.certificates import TrustedCertificates
from safeload.trust.tables.entries import entry_text
from safeload.trust.tables.grants import Grant
from safeload.trust.tables.identities import TrustedIdentity
from safeload.trust.tables.keys import TrustedKey
from safeload.trust.tables.models import ModelRule
from safeload.trust.tables.named import read_named
from safeload.trust.tables.revoked import Revoked
from safeload.trust.tables.text import Tables, parse_trust
from safeload.trust.threshold import enough_signers
from safeload.trust.verification import verified_by

__all__ = [
    "Grant",
    "ModelRule",
    "Revoked",
    "TrustFile",
    "TrustedCertificates",
    "TrustedIdentity",
    "TrustedKey",
    "entry_text",
]


@dataclass(frozen=True, slots=True)
class TrustFile(Tables):
    """Whom to believe about what: the tables of a trust file, and what follows from them."""

    @staticmethod
    def default_path() -> Path:
        """Where the trust file lies unless told otherwise: the user's configuration directory.

        Raises:
            UsageError: This user has none, as in a container without ``HOME``.
        """
        try:
            folder = platformdirs.user_config_path("safeload", appauthor=False)
        except RuntimeError as error:
            raise UsageError(
                "There is no trust file: this user has no home directory.",
                code="trustfile-missing",
                hint="Say which trust file to use (--trust or trust=), or set HOME.",
            ) from error
        return folder / "trust.toml"

    @classmethod
    def read(cls, path: str | os.PathLike[str] | None = None) -> TrustFile:
        """Read a trust file.

        Args:
            path: The file, or None for :meth:`default_path`.

        Returns:
            Whom to believe about what.

        Raises:
            UsageError: There is none, it cannot be read, others may write it, or it is malformed.
        """
        where = cls.default_path() if path is None else as_path(path, "trust")
        with about(where, given=True):
            return cls.parse(read_trust(where)[0], source=os.fspath(where), folder=where.parent)

    @classmethod
    def parse(
        cls,
        data: bytes,
        *,
        source: str | None = None,
        folder: str | os.PathLike[str] | None = None,
    ) -> TrustFile:
        """Parse the text of a trust file, and read the files whose content belongs to it.

        Args:
            data: TOML in UTF-8.
            source: What errors call the file; None where it has no name.
            folder: Where relative paths begin; None where nobody can say, and they are an error.

        Returns:
            Whom to believe about what; the same object for the same bytes.

        Raises:
            UsageError: It is malformed, or a file that it names cannot be read
                (``trustfile-names-unreadable``) or could have been put there by somebody else.
        """
        require_type(data, "data", bytes, takes="bytes")
        require_type(source, "source", type(None), str, takes="None or text")
        begin = None if folder is None else as_path(folder, "folder")
        text = _Text(bytes(data), source, _absolute(begin))
        return _parsed(replace(text, files=read_named(text.data, source, begin)))

    @classmethod
    def add(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        name: str,
        key: VerifyingKey,
        models: Iterable[str],
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Path:
        """Append a key, or begin a trust file with it; see :mod:`safeload.trust.rewriting`.

        Args:
            path: The file, or None for :meth:`default_path`.
            name: Who holds the key; not in the file yet.
            key: The public key; not in the file yet.
            models: Patterns of the model names that it may sign, at least one.
            not_before: When trust in it begins, with a time zone, or None.
            not_after: When trust in it ends, with a time zone, or None.

        Returns:
            Where the file is.

        Raises:
            UsageError: The name or key is in the file already (``trustfile-has-name``,
                ``trustfile-has-key``), another writer does not finish (``folder-busy``), or the
                file cannot be read, used or written.
        """
        where = cls.default_path() if path is None else as_path(path)
        require_type(key, "key", VerifyingKey, takes="a VerifyingKey")
        name, models = as_text(name, "name"), as_texts(models, "models")
        text = entry_text(
            name,
            key,
            models,
            not_before=None if not_before is None else as_moment(not_before, "not_before"),
            not_after=None if not_after is None else as_moment(not_after, "not_after"),
        )

        def change(data: bytes | None) -> bytes:
            for signer in cls.parse(data or b"", folder=where.parent).signers:
                if signer.key == key and signer.name != name:
                    raise _present("key", signer.name)
            return cls.with_entry(data, name, text, where.parent)

        rewrite(where, change)
        return where

    @classmethod
    def with_entry(cls, data: bytes | None, name: str, text: str, folder: Path) -> bytes:
        """The text of a trust file with the entry of a signer more.

        Args:
            data: The text; None where there is no file.
            name: The signer, who is not in the file yet.
            text: The entry.
            folder: Where relative paths begin.

        Raises:
            UsageError: The name is in the file already (``trustfile-has-name``), or the text and
                the entry make no trust file.
        """
        data = data or b""
        if any(grant.name == name for grant in cls.parse(data, folder=folder).grants):
            raise _present("name", name)
        gap = b"\n" if data.endswith(b"\n") else b"\n\n"
        data = data + (gap if data else b"") + text.encode("utf-8")
        # A file whose keys are one inline table takes no more of them.
        cls.parse(data, folder=folder)
        return data

    @property
    def keys(self) -> tuple[VerifyingKey, ...]:
        """Every public key of the file, for :func:`safeload.trust.envelope.verify`.

        A key that has expired or was revoked is among them: :meth:`authorise` refuses it by name,
        which helps more than "unknown signer".
        """
        return tuple([signer.key for signer in self.signers])

    def keys_at(self, now: datetime) -> tuple[TrustedKey, ...]:
        """The keys that are current and not revoked.

        Args:
            now: A moment with a time zone.

        Raises:
            UsageError: It is none.
        """
        now = as_moment(now, "now")
        return tuple(
            [
                signer
                for signer in self.signers
                if signer.is_current(now) and signer.key.key_id not in self.revoked.keys
            ]
        )

    def verify(self, bundle: UnverifiedBundle, *, now: datetime | None = None) -> VerifiedPayload:
        """Check a bundle's signature with those whom the file trusts, of the kind that it is of.

        Args:
            bundle: What is to be verified.
            now: The time of verifying, with a time zone; the system's clock by default.

        Returns:
            The payload, and who signed it. What they may sign is for :meth:`authorise`.

        Raises:
            TrustError: Nobody who is trusted signed it.
            UsageError: Identities of sigstore are in the file, the bundle claims to be signed by
                one of them, and the package that verifies them is missing (``extra-missing``).
        """
        require_type(bundle, "bundle", UnverifiedBundle, takes="an UnverifiedBundle")
        return verified_by(
            self, bundle, now=datetime.now(UTC) if now is None else as_moment(now, "now")
        )

    def authorise(
        self,
        payload: VerifiedPayload,
        manifest: Manifest,
        *,
        wanted: str | None,
        now: datetime | None = None,
    ) -> Grant:
        """Judge whether whoever signed was allowed to say this, and whether it still holds.

        How many have to sign is judged by :meth:`vouchers`.

        Args:
            payload: The verified statement.
            manifest: What was parsed from it.
            wanted: Name of the model that the caller asks for, or None for any that the signer may
                sign.
            now: The time of verifying, with a time zone; the system's clock by default.

        Returns:
            The signer.

        Raises:
            TrustError: The signer is unknown (``signer-unknown``), not yet or no longer trusted
                (``signer-not-current``), retired (``signer-retired``) or not trusted with this
                model (``signer-not-allowed``); the model is another one (``wrong-model``), too old
                (``stale``) or expired (``expired``); any of it was revoked (``revoked``); or the
                signer's certificate was not valid when it had to be.
        """
        require_type(payload, "payload", VerifiedPayload, takes="a VerifiedPayload")
        require_type(manifest, "manifest", Manifest, takes="a Manifest")
        require_type(wanted, "wanted", type(None), str, takes="None or text")
        now = datetime.now(UTC) if now is None else as_moment(now, "now")
        if manifest.payload_sha256 != payload.sha256:
            raise ValueError("the manifest was parsed from another payload")
        return authorised(self, payload, manifest, wanted=wanted, now=now)

    def vouchers(
        self,
        payload: VerifiedPayload,
        manifest: Manifest,
        *,
        wanted: str | None,
        further: Iterable[Countersignature],
        now: datetime | None = None,
    ) -> tuple[Grant, ...]:
        """Judge whoever signed, and require as many signers as this file demands for the model.

        Args:
            payload: The verified statement.
            manifest: What was parsed from it.
            wanted: Name of the model that the caller asks for, or None for any that the signer may
                sign.
            further: The bundles that may be over the same payload; looked at only if this file
                demands several signers.
            now: The time of verifying, with a time zone; the system's clock by default.

        Returns:
            The signers, that of ``payload`` in front.

        Raises:
            TrustError: As :meth:`authorise`; or there are too few signers (``threshold-not-met``),
                and one of the bundles is over another payload (``countersignature-differs``) or by
                a signer who has signed already (``signer-repeated``).
        """
        first = self.authorise(payload, manifest, wanted=wanted, now=now)
        threshold = 1 if manifest.model is None else self.rule_of(manifest.model.name).threshold
        if threshold == 1:
            return (first,)

        def judge(bundle: UnverifiedBundle) -> tuple[Grant, VerifiedPayload]:
            own = self.verify(bundle, now=now)
            return self.authorise(own, manifest, wanted=wanted, now=now), own

        return enough_signers(payload, first, threshold, further, judge)

    def check_file(self, content: Digests) -> None:
        """Judge whether a file is one that is not accepted any more.

        Args:
            content: The digests of its bytes.

        Raises:
            TrustError: It is (``revoked``).
        """
        require_not_revoked(self.revoked, content)


@dataclass(frozen=True, slots=True)
class _Text:
    """The text of a trust file; what it is called makes no difference to what it says."""

    data: bytes = field(repr=False)
    source: str | None = field(compare=False)
    folder: Path | None
    files: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)


@lru_cache(maxsize=32)
def _parsed(text: _Text) -> TrustFile:
    tables = parse_trust(text.data, text.source, folder=text.folder, files=dict(text.files))
    return TrustFile(**{each: getattr(tables, each) for each in Tables.__dataclass_fields__})


def _absolute(folder: Path | None) -> Path | None:
    """The folder, whatever the current one will be; as it is where nobody can say."""
    try:
        return folder and folder.absolute()
    except OSError:
        return folder


def _present(what: str, name: str) -> UsageError:
    return UsageError(
        f"This {what} is in the trust file already, as {printable(name)!r}.",
        code="trustfile-has-key" if what == "key" else "trustfile-has-name",
        hint="Change or remove that entry by hand first."
        if what == "key"
        else f"Give another name, such as {printable(name)}-2, or change that entry by hand.",
    )
