"""Which key of a token or a service does a text such as ``hsm:2`` mean, and what signs with it?

What speaks to them is ``securesystemslib`` with the library of each, as extras. What they sign is
hashed here, but by Vault, which is sent the statement. Keys: P-256 and P-384 on a token, in AWS and
in Google's cloud; these and P-521 in Azure's; Ed25519 in Vault.

=========================================================  =======================================
text                                                       found by
=========================================================  =======================================
``hsm:[ID][?label=TOKEN]``, ID 2 if there is none          ``PYKCS11LIB``: the PKCS#11 module
``awskms:ID``, an ARN, ``alias/NAME``                      what the AWS SDK finds in its environment
``gcpkms:projects/…/cryptoKeyVersions/N``                  Google's default credentials
``azurekms://VAULT.vault.azure.net/keys/NAME[/VERSION]``   Azure's default credentials
``hv:NAME[/VERSION]``, the newest version                  ``VAULT_ADDR``, ``VAULT_TOKEN``
=========================================================  =======================================

Trust: the text, the environment and the libraries are the caller's own; answers are not. Public
keys are read as any others, signatures are verified by :meth:`Signer.sign`, and what a service
says of its errors is escaped and cut.

Source: securesystemslib, ``securesystemslib.signer``; PKCS#11 3.0 (``CKM_ECDSA``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from cryptography.hazmat.primitives.asymmetric import ed25519

from safeload.arguments import require_type
from safeload.errors import SafeloadError, UsageError, printable
from safeload.forks import IMPORTING
from safeload.trust.keys import Passphrase, Signer, VerifyingKey
from safeload.unruly import UNRULY, described

__all__ = ["SERVICES", "ServiceKey", "open_service_key"]


@dataclass(frozen=True, slots=True)
class _Service:
    """How keys of a scheme are named, and what finds them.

    Attributes:
        extra: The extra of safeload that installs what is needed.
        signer: The class of ``securesystemslib.signer``; its ``import_`` takes the groups of the
            pattern, but for ``version``.
        form: How a key is named, for people.
        pattern: The same for us.
        has_pin: Whether it takes a PIN to sign.
    """

    extra: str
    signer: str
    form: str
    pattern: re.Pattern[str]
    has_pin: bool = False


SERVICES = {
    "hsm": _Service(
        "hsm",
        "HSMSigner",
        "hsm:ID?label=TOKEN, with a number for ID",
        re.compile(r"hsm:(?P<id>[0-9]{0,9})(?:\?label=(?P<label>[^&#?]{1,200}))?"),
        has_pin=True,
    ),
    "awskms": _Service(
        "awskms",
        "AWSSigner",
        "awskms:ID, with the id, the ARN or the alias/NAME of the key",
        re.compile(r"awskms:(?P<id>[A-Za-z0-9:/_-]{1,2048})"),
    ),
    "gcpkms": _Service(
        "gcpkms",
        "GCPSigner",
        "gcpkms:projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N",
        re.compile(
            r"gcpkms:(?P<id>projects/[\w.:-]+/locations/[\w-]+/keyRings/[\w-]+/cryptoKeys/[\w-]+"
            r"/cryptoKeyVersions/[0-9]+)",
            re.ASCII,
        ),
    ),
    "azurekms": _Service(
        "azurekms",
        "AzureSigner",
        "azurekms://VAULT.vault.azure.net/keys/NAME/VERSION",
        re.compile(
            r"azurekms://(?P<vault>[A-Za-z0-9-]+)\.vault\.azure\.net/keys/(?P<id>[A-Za-z0-9-]+)"
            r"(?:/(?P<version>[A-Za-z0-9]+))?"
        ),
    ),
    "hv": _Service(
        "vault",
        "VaultSigner",
        "hv:NAME/VERSION",
        re.compile(r"hv:(?P<id>[A-Za-z0-9_][A-Za-z0-9_.-]*)(?:/(?P<version>[0-9]+))?"),
    ),
}


@dataclass(frozen=True, slots=True)
class ServiceKey(Signer):
    """A key that a token or a service holds.

    Attributes:
        public: Its public key, as the service gave it.
    """

    public: VerifyingKey
    _library_signer: Any = field(repr=False, compare=False)

    def unverified_signature(self, data: bytes) -> bytes:
        """Have the service sign; :meth:`sign` is what callers want."""
        with _failing():
            return bytes.fromhex(self._library_signer.sign(bytes(data)).signature)


def open_service_key(uri: str, *, passphrase: Passphrase | None, to_sign: bool) -> ServiceKey:
    """Find a key that a token or a service holds.

    Args:
        uri: Text that begins with one of :data:`SERVICES` and a colon.
        passphrase: The PIN of a token, or a function that asks for it.
        to_sign: Whether the key is to sign: then a PIN is asked for at once, and not after a model
            was read.

    Returns:
        The key.

    Raises:
        UsageError: The text is malformed (``key-uri``), an extra is missing
            (``extra-missing``), there is no such key (``signer-key-missing``) or one of
            another type (``key-unsupported``), the PIN is missing or wrong (``pin-wrong``,
            ``pin-locked``), or the service does not let us (``signer-denied``) or cannot be
            reached (``signer-unreachable``).
    """
    scheme = uri.partition(":")[0]
    service = SERVICES[scheme]
    text = service.pattern.fullmatch(uri)
    if text is None:
        raise UsageError(
            f"{printable(uri)!r} is not how such a key is named.",
            code="key-uri",
            hint=f"Write {service.form}. A file of this name is ./{printable(uri)}.",
        )
    library = _library(service.extra)
    secret = _Secret(passphrase)
    if service.has_pin and to_sign:
        secret("pin")
    with _failing(service.extra, ValueError=_UNSUITABLE):
        importer = getattr(library, service.signer).import_
        named = text.groupdict()
        version = named.pop("version", None)
        if service.has_pin:
            full, public = importer(*_on_token(**named), secret)
        else:
            full, public = importer(*named.values())
        if version is not None:
            _require_version(version, full)
        return ServiceKey(
            _public_key(public), library.Signer.from_priv_key_uri(full, public, secret)
        )


def _library(extra: str) -> Any:
    with IMPORTING:
        try:
            import securesystemslib.signer
        except ImportError as error:
            raise _extra_missing(extra) from error
    return securesystemslib.signer


class _Secret:
    """The PIN, asked for once: a token that is told a wrong one too often locks itself."""

    def __init__(self, passphrase: Passphrase | None) -> None:
        self._passphrase = passphrase
        self._answer: str | None = None

    def __reduce__(self) -> str:
        raise TypeError("a PIN is not copied, pickled or sent")

    def __call__(self, _: str) -> str:
        if self._answer is None:
            self._answer = self._ask()
        return self._answer

    def _ask(self) -> str:
        if self._passphrase is None:
            raise UsageError(
                "The token wants a PIN and none was given.",
                code="passphrase-needed",
                hint="Give it as the passphrase.",
            )
        secret = self._passphrase() if callable(self._passphrase) else self._passphrase
        require_type(secret, "passphrase", bytes, takes="bytes, or a function that returns bytes")
        try:
            return secret.decode()
        except UnicodeDecodeError as error:
            raise UsageError(
                "The PIN is not a text in UTF-8.", code="pin-wrong", hint="Try again."
            ) from error


def _on_token(id: str, label: str | None) -> tuple[int | None, str | None]:  # noqa: A002
    """Which key on which token, once it is clear that a token can be spoken to."""
    if not os.environ.get("PYKCS11LIB"):
        raise UsageError(
            "The token cannot be reached: PYKCS11LIB is not set.",
            code="signer-unreachable",
            hint="It is the path of the token's PKCS#11 module, such as "
            "/usr/lib/softhsm/libsofthsm2.so.",
        )
    return int(id) if id else None, unquote_plus(label) if label else None


def _require_version(wanted: str, full: str) -> None:
    """Where keys have versions the newest signs, which may be another than the one meant."""
    found = full.rpartition("/")[2]
    if wanted != found:
        raise UsageError(
            f"The newest version of this key is {printable(found)}, and only that one signs.",
            code="signer-key-missing",
            hint="Name that version, or none.",
        )


def _public_key(public: Any) -> VerifyingKey:
    value = public.keyval["public"]
    if public.keytype == "ed25519":
        return VerifyingKey.of(ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(value)))
    return VerifyingKey.from_text(value)


# -- what goes wrong -------------------------------------------------------------------------------

# By the names of the libraries' errors, or of their parents: none of these libraries has to be
# there. AWS has one error for all, and its names in the answer; Azure has one, with a status.
_KEY_MISSING = """NoSuchKey NoSuchToken TokenNotPresent MultipleObjectsReturned
    MultipleTokensReturned InvalidPath NotFound
    NotFoundException ResourceNotFoundError""".split()
_DENIED = """Forbidden Unauthorized Unauthenticated PermissionDenied AccessDeniedException
    ClientAuthenticationError DefaultCredentialsError RefreshError CredentialUnavailableError
    NoCredentialsError PartialCredentialsError UnrecognizedClientException ExpiredTokenException
    InvalidSignatureException InvalidClientTokenId
    DisabledException KMSInvalidStateException""".split()
_UNREACHABLE = """ConnectionError HTTPClientError NoRegionError VaultDown VaultNotInitialized
    BadGateway RetryError ServiceUnavailable DeadlineExceeded ServiceRequestError
    ServiceResponseError DeviceRemoved""".split()
_UNSUPPORTED = """UnsupportedAlgorithmError UnsupportedKeyType KeyTypeInconsistent
    MechanismInvalid""".split()
_WRONG_PIN = "PinIncorrect PinInvalid PinLenRange".split()
_LOCKED_PIN = "PinLocked PinExpired UserPinNotInitialized".split()


class _Meaning(NamedTuple):
    """What an error of a library means; the sentence has the library's words.

    Attributes:
        code: Code of our error.
        hint: What to do.
    """

    code: str
    hint: str


# What a library makes of a public key that it has no form for is some ValueError.
_UNSUITABLE = _Meaning(
    code="key-unsupported",
    hint="Use a key for signatures by P-256 or P-384, or P-521 in Azure, or Ed25519 in Vault.",
)
_MEANINGS = {
    **dict.fromkeys(
        _KEY_MISSING,
        _Meaning(
            code="signer-key-missing",
            hint="Check the name of the key, and which account or token it is in.",
        ),
    ),
    **dict.fromkeys(
        _DENIED,
        _Meaning(
            code="signer-denied",
            hint="Check the credentials here, what they may do, and that the key is enabled.",
        ),
    ),
    **dict.fromkeys(
        _UNREACHABLE,
        _Meaning(
            code="signer-unreachable", hint="Check the address and the network, then try again."
        ),
    ),
    **dict.fromkeys(_UNSUPPORTED, _UNSUITABLE),
    **dict.fromkeys(
        _WRONG_PIN,
        _Meaning(
            code="pin-wrong",
            hint="Try again, and not too often: a token locks itself after a few attempts.",
        ),
    ),
    **dict.fromkeys(
        _LOCKED_PIN,
        _Meaning(code="pin-locked", hint="Whoever administers the token can set a new PIN."),
    ),
}


@contextmanager
def _failing(extra: str = "", **meanings: _Meaning) -> Iterator[None]:
    """Make of whatever a library raises an error of ours.

    Args:
        extra: What to install if the library says that something is missing.
        **meanings: Of further errors, by their names.
    """
    try:
        yield
    except SafeloadError:
        raise
    except UNRULY as error:
        # A library that finds no key says so in words of its own, and in the error before.
        names = [
            ancestor.__name__
            for raised in (error.__context__, error)
            for ancestor in type(raised).__mro__
        ]
        if "UnsupportedLibraryError" in names:
            raise _extra_missing(extra) from error
        code, hint = _meaning(error, names, {**_MEANINGS, **meanings})
        raise UsageError(
            f"The key cannot be used: {described(error)}", code=code, hint=hint
        ) from error


def _meaning(error: BaseException, names: list[str], meanings: Mapping[str, _Meaning]) -> _Meaning:
    if getattr(error, "status_code", None) in (401, 403):
        names = ["Forbidden", *names]
    answer = getattr(error, "response", None)
    if isinstance(answer, dict) and isinstance(about := answer.get("Error"), dict):
        names = [str(about.get("Code")), *names]
    for name in names:
        if name in meanings:
            return meanings[name]
    return _Meaning(
        code="signer-failed", hint="Check the name of the key, the service and what it logs."
    )


def _extra_missing(extra: str) -> UsageError:
    return UsageError(
        "What speaks to the holder of this key is not installed.",
        code="extra-missing",
        hint=f"Run: pip install 'safeload[{extra}]'",
    )
