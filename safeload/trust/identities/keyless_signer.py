"""A token becomes a certificate, and with it a payload a bundle, with an entry of a public log.

The key is made for one signature and forgotten. The authority (Fulcio) issues a certificate for
whoever the token is about, the log (Rekor) takes in what was signed and promises when; both answers
are verified before a bundle is handed on.

Trust: the services are the caller's choice, by a client trust configuration; what they answer is
verified with the keys in it. A token is a secret for the minutes that it lives, and never shown.

Source: Sigstore client specification, "Signing"; sigstore_trustroot.proto (ClientTrustConfig).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import Any

from safeload.arguments import as_path, as_text
from safeload.errors import TrustError, UsageError, printable
from safeload.forks import IMPORTING
from safeload.trust.envelope import Evidence, UnverifiedBundle
from safeload.trust.files import read_small
from safeload.unruly import UNRULY, described

__all__ = ["KeylessSigner"]

# A configuration takes some 15,000 bytes.
_CONFIG_BYTES = 1024 * 1024


class _Anybody:
    """Who signed is not asked: it is us."""

    def verify(self, cert: Any) -> None:
        """Return, whoever the certificate is for."""


@dataclass(frozen=True, slots=True)
class KeylessSigner:
    """Somebody who signs with a token of theirs in the place of a key."""

    _config: Any = field(repr=False)
    _token: Any = field(repr=False)

    @classmethod
    def of(
        cls,
        *,
        token: str | None = None,
        config: str | os.PathLike[str] | None = None,
    ) -> KeylessSigner:
        """Get ready to sign.

        Args:
            token: An OpenID Connect token for the audience ``sigstore``; by default the one that
                the environment offers, as GitHub Actions, GitLab and others do.
            config: A client trust configuration: which services sign, and the trusted root that
                verifies what they answer. By default the public instance, whose configuration is
                fetched and verified by TUF.

        Returns:
            The signer, for the minutes that the token is good for.

        Raises:
            UsageError: The package is missing (``extra-missing``), the configuration cannot be
                used (``sigstore-config``), or there is no token that can (``identity-token``).
        """
        given = None if token is None else as_text(token, "token").strip()
        where = None if config is None else as_path(config, "config")
        try:
            with IMPORTING:
                from sigstore.models import ClientTrustConfig
                from sigstore.oidc import IdentityToken, detect_credential
        except ImportError as error:
            raise UsageError(
                "Signing with an identity needs the package sigstore, which is not installed.",
                code="extra-missing",
                hint="Install it: pip install 'safeload[sigstore]'.",
            ) from error
        try:
            if where is None:
                trust = ClientTrustConfig.production()
            else:
                data, _ = read_small(where, limit=_CONFIG_BYTES)
                trust = ClientTrustConfig.from_json(data.decode("utf-8"))
        except UNRULY as error:
            raise UsageError(
                f"The configuration of sigstore cannot be used: {described(error)}",
                code="sigstore-config",
                hint="Give a client trust configuration, or look at the network.",
            ) from error
        try:
            raw = detect_credential() if given is None else given
            identity = None if not raw else IdentityToken(raw)
        except UNRULY as error:
            # What it says may be about the token, and is not shown.
            raise _no_token(f"it cannot be used ({printable(type(error).__name__)})") from error
        if identity is None:
            raise _no_token("the environment offers none")
        return cls(trust, identity)

    @property
    def label(self) -> str:
        """What distinguishes this identity from others, 64 lower-case hex digits."""
        who = f"{self._token.issuer}\n{self._token.identity}"
        return hashlib.sha256(who.encode("utf-8", "backslashreplace")).hexdigest()

    def signed_bundle(self, payload: bytes) -> bytes:
        """Sign a payload and put it into a bundle.

        Args:
            payload: The exact bytes of the statement.

        Returns:
            The bundle, one line of JSON.

        Raises:
            UsageError: A service refused or did not answer (``keyless-failed``).
            TrustError: What the services answered does not verify (``keyless-unverified``).
        """
        with IMPORTING:
            from sigstore.dsse import Statement
            from sigstore.sign import SigningContext
            from sigstore.verify import Verifier
        try:
            context = SigningContext.from_trust_config(self._config)
            with context.signer(self._token) as signer:
                bundle = signer.sign_dsse(Statement(payload))
        except UNRULY as error:
            raise UsageError(
                f"The services of sigstore did not sign: {described(error)}",
                code="keyless-failed",
                hint="Get a new token, and look at the network and the configuration.",
            ) from error
        try:
            data = bundle.to_json().encode("utf-8")
            Verifier(trusted_root=self._config.trusted_root).verify_dsse(bundle, _Anybody())
            read = UnverifiedBundle.read(data)
            if read.evidence is not Evidence.LOGGED or read.unverified_payload != payload:
                raise ValueError("it is about something else")
        except UNRULY as error:
            raise TrustError(
                f"What the services of sigstore answered does not verify: {described(error)}",
                code="keyless-unverified",
                hint="Nothing was signed. Check the configuration, and who answered in its place.",
            ) from error
        return data


def _no_token(why: str) -> UsageError:
    return UsageError(
        f"There is no identity token: {why}.",
        code="identity-token",
        hint="Give --identity-token (token=) one for the audience sigstore, or sign where the "
        "environment offers one, as with 'id-token: write' in GitHub Actions.",
    )
