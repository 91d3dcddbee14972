"""A trust file becomes the keys to trust, and the judgement what each of them may sign.

::

    packs = ["mlxtend"]                          # optional: packs that are on, whoever signed
    forbidden_packs = ["catboost"]               # optional: packs that nobody may sign for

    [keys.alice]
    public = "ssh-ed25519 AAAA… alice@example"   # or a PEM text
    models = ["churn", "fraud-*"]                # names of models as signed; * and ? as in a shell
    not_before = 2026-01-01T00:00:00Z            # optional; compared with the time of verifying
    not_after = 2027-01-01T00:00:00Z             # optional
    only = ["<payload sha256>"]                  # optional: a retired key, good for these alone

    [models.churn]                               # optional; an exact name
    min_serial = 7                               # no older release than this
    packs = ["statsmodels"]                      # as at the top of the file, for this model alone

    [revoked]                                    # optional; wins over everything above
    keys = ["<key id>"]
    payloads = ["<sha256 of a signed statement>"]
    files = ["<sha256 of a model file>"]

A pattern of names is a name in which ``*`` stands for any number of characters and ``?`` for one.
Whatever else a shell takes for something special is an error, and so is a name that no model can
have; :mod:`safeload.trust.names` says what names are. Errors name the line.

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

import errno
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import platformdirs

from safeload.arguments import as_moment, as_path, as_text, as_texts, require_type
from safeload.errors import TrustError, UsageError, printable
from safeload.owners.reading import read_own
from safeload.trust.envelope import VerifiedPayload
from safeload.trust.keys import VerifyingKey
from safeload.trust.manifest import Manifest
from safeload.trust.packrules import PackRules
from safeload.trust.trusttext import Revoked, TrustedKey, entry_text, parse_trust
from safeload.writing.files import NewFile, put, writing
from safeload.writing.folder import Folder

__all__ = ["Revoked", "TrustFile", "TrustedKey", "entry_text"]

# Thousands of keys fit.
_TRUST_FILE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TrustFile:
    """Whom to believe about what.

    Attributes:
        signers: Every key of the file, in its order, whether current or not.
        min_serials: The least serial accepted, by exact model name.
        revoked: What is not accepted any more, whoever signed it.
        packs: Which packs signed models may use.
    """

    signers: tuple[TrustedKey, ...]
    min_serials: Mapping[str, int]
    revoked: Revoked
    packs: PackRules = field(default_factory=PackRules)

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
        return cls.parse(_read(where)[0], source=os.fspath(where))

    @classmethod
    def parse(cls, data: bytes, *, source: str | None = None) -> TrustFile:
        """Parse the text of a trust file.

        Args:
            data: TOML in UTF-8.
            source: What errors call the file; None where it has no name.

        Returns:
            Whom to believe about what; the same object for the same bytes.

        Raises:
            UsageError: It is malformed, or asks for what this release cannot do.
        """
        require_type(data, "data", bytes, takes="bytes")
        return _parsed(_Text(bytes(data), source))

    @classmethod
    def add(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        name: str,
        key: VerifyingKey,
        models: Iterable[str],
    ) -> Path:
        """Append a key, or begin a trust file with it.

        The whole file is replaced at once, so a reader sees the old one or the new one. Whoever
        else adds a key at the same time waits, so none is lost. A new file has mode 0600; one that
        exists keeps its mode, and a symbolic link to it stays one.

        Args:
            path: The file, or None for :meth:`default_path`.
            name: Who holds the key; not in the file yet.
            key: The public key; not in the file yet.
            models: Patterns of the model names that it may sign, at least one.

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
        # Before anything is made or waited for: what does not fit will not fit any better later.
        cls._with_key(where, name, key, models)
        try:
            file = Path(os.path.realpath(where))
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with writing(file.parent) as folder:
                data, read = cls._with_key(where, name, key, models)
                _check_place(folder, file.name, read)
                put(folder, NewFile(file.name, data, 0o600))
        except OSError as error:
            raise UsageError(
                f"The trust file cannot be written: {error.strerror}.",
                code="trustfile-unwritable",
                hint=f"Check the directory of {printable(os.fspath(where))!r}.",
            ) from error
        return where

    @classmethod
    def _with_key(
        cls, where: Path, name: str, key: VerifyingKey, models: Iterable[str]
    ) -> tuple[bytes, os.stat_result | None]:
        """The file's text with a key more, and the status of the file that was read, if any."""
        try:
            data, status = _read(where)
        except UsageError as error:
            if error.code != "trustfile-missing":
                raise
            data, status = b"", None
        for signer in cls.parse(data).signers:
            if signer.name == name:
                raise _present("name", name)
            if signer.key == key:
                raise _present("key", signer.name)
        gap = b"\n" if data.endswith(b"\n") else b"\n\n"
        data = data + (gap if data else b"") + entry_text(name, key, models).encode("utf-8")
        # A file whose keys are one inline table takes no more of them.
        cls.parse(data)
        return data, status

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

    def authorise(
        self,
        payload: VerifiedPayload,
        manifest: Manifest,
        *,
        wanted: str | None,
        now: datetime | None = None,
    ) -> TrustedKey:
        """Judge whether whoever signed was allowed to say this, and whether it still holds.

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
                (``stale``) or expired (``expired``); or any of it was revoked (``revoked``).
        """
        require_type(payload, "payload", VerifiedPayload, takes="a VerifiedPayload")
        require_type(manifest, "manifest", Manifest, takes="a Manifest")
        require_type(wanted, "wanted", type(None), str, takes="None or text")
        now = datetime.now(UTC) if now is None else as_moment(now, "now")
        if manifest.payload_sha256 != payload.sha256:
            raise ValueError("the manifest was parsed from another payload")
        signer = self._signer_of(payload)
        self._check_revoked(payload, manifest)
        if not signer.is_current(now):
            raise TrustError(
                f"The trust file does not trust the key of {signer.name!r} at this time.",
                code="signer-not-current",
                hint="Have the model signed with a current key, or mend not_before and not_after.",
            )
        if signer.only is not None and payload.sha256 not in signer.only:
            raise TrustError(
                f"The key of {signer.name!r} is retired, and this statement is not an exception.",
                code="signer-retired",
                hint="Have the model signed with a current key.",
            )
        self._check_model(signer, manifest, wanted)
        model = manifest.model
        if model is not None and model.not_after is not None and now > model.not_after:
            raise TrustError(
                f"The signature expired at {model.not_after.isoformat()}.",
                code="expired",
                hint="Have the model signed again, or train a new one.",
            )
        return signer

    def _signer_of(self, payload: VerifiedPayload) -> TrustedKey:
        for signer in self.signers:
            if signer.key == payload.key:
                return signer
        raise TrustError(
            "The key that verified the bundle is not in the trust file.",
            code="signer-unknown",
            hint="If you trust whoever signed it, add their public key to your trust file.",
        )

    def _check_revoked(self, payload: VerifiedPayload, manifest: Manifest) -> None:
        what = ""
        if payload.key.key_id in self.revoked.keys:
            what = "The key that signed this"
        elif payload.sha256 in self.revoked.payloads:
            what = "This signature"
        elif any(resource.sha256 in self.revoked.files for resource in manifest.resources):
            what = "This file"
        if what:
            raise TrustError(
                f"{what} was revoked in the trust file.",
                code="revoked",
                hint="Do not use the file; ask whoever signed it for another.",
            )

    def _check_model(self, signer: TrustedKey, manifest: Manifest, wanted: str | None) -> None:
        model = manifest.model
        name = None if model is None else model.name
        shown = "of no name" if name is None else repr(printable(name))
        if wanted is not None and name != wanted:
            raise TrustError(
                f"The bundle is about a model {shown}, not {printable(wanted)!r}.",
                code="wrong-model",
                hint="Check the path, or ask for the model by the name it was signed with.",
            )
        if not signer.may_sign(name):
            raise TrustError(
                f"The trust file does not let {signer.name!r} sign a model {shown}.",
                code="signer-not-allowed",
                hint="If it should, add the name to the models of that key.",
            )
        if model is not None and model.serial < self.min_serials.get(model.name, 0):
            raise TrustError(
                f"Serial {model.serial} of model {shown} is older than the trust file accepts.",
                code="stale",
                hint="Get the newest release of the model.",
            )


@dataclass(frozen=True, slots=True)
class _Text:
    """The text of a trust file; what it is called makes no difference to what it says."""

    data: bytes
    source: str | None = field(compare=False)


@lru_cache(maxsize=32)
def _parsed(text: _Text) -> TrustFile:
    return TrustFile(*parse_trust(text.data, text.source))


def _read(where: Path) -> tuple[bytes, os.stat_result]:
    shown = printable(os.fspath(where))
    try:
        return read_own(
            where, noun="trust file", code="trustfile-writable", limit=_TRUST_FILE_BYTES
        )
    except FileNotFoundError as error:
        raise UsageError(
            "There is no trust file.",
            code="trustfile-missing",
            hint=f"Make {shown!r} with 'safeload keygen', or name another one.",
        ) from error
    except OSError as error:
        raise UsageError(
            f"The trust file cannot be read: {error.strerror}.",
            code="trustfile-unreadable",
            hint=f"Check {shown!r}.",
        ) from error


def _check_place(folder: Folder, name: str, read: os.stat_result | None) -> None:
    """Check that the file that was read is the one that would be replaced."""
    try:
        there = folder.status(name)
    except FileNotFoundError:
        there = None
    if (there is None) != (read is None) or (there and read and not os.path.samestat(there, read)):
        raise OSError(errno.EBUSY, "It was exchanged for another one meanwhile")


def _present(what: str, name: str) -> UsageError:
    return UsageError(
        f"This {what} is in the trust file already, as {printable(name)!r}.",
        code=f"trustfile-has-{what}",
        hint="Change or remove that entry by hand first.",
    )
