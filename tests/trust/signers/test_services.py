"""Texts that name keys of tokens and services, as far as that goes without either.

The tokens and services themselves are in ``tests/with_signers``.
"""

from __future__ import annotations

import copy
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeload.errors import TrustError, UsageError
from safeload.trust.keys import KeyType, SigningKey
from safeload.trust.signers import public_key_of, services, signer_of

GOOGLE = "gcpkms:projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions"
KEYS = {
    "hsm": ["hsm:", "hsm:2", "hsm:?label=Token+one", "hsm:12?label=a%2Fb"],
    "awskms": [
        "awskms:1234abcd-12ab-34cd-56ef-1234567890ab",
        "awskms:alias/models",
        "awskms:arn:aws:kms:eu-west-1:111122223333:key/1234abcd",
    ],
    "gcpkms": [f"{GOOGLE}/1"],
    "azurekms": [
        "azurekms://acme.vault.azure.net/keys/models",
        "azurekms://acme.vault.azure.net/keys/models/0123abcd",
    ],
    "vault": ["hv:models", "hv:models/3"],
}
WELL_NAMED = [(extra, key) for extra, keys in KEYS.items() for key in keys]
BADLY_NAMED = [
    "hsm:two",
    "hsm:-1",
    "hsm:2?pin=1234",
    "hsm:2?label=a&pin=1234",
    "hsm:2?label=",
    "hsm:99999999999",
    "awskms:",
    "awskms:a b",
    "awskms:a?b",
    "gcpkms:models",
    f"{GOOGLE}/",
    f"{GOOGLE}/1/2",
    f"{GOOGLE}/²",
    "azurekms:models",
    "azurekms://acme.example/keys/models",
    "azurekms://acme.vault.azure.net@evil.example/keys/models",
    "azurekms://evil.example/.vault.azure.net/keys/models",
    "hv:",
    "hv:..",
    "hv:models/new",
    "hv:../sys/seal",
    "hv:a/1/2",
    "hv:models\n",
]


def refusal(key: str, **how: Any) -> UsageError:
    with pytest.raises(UsageError) as caught:
        signer_of(key, **how)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("key", BADLY_NAMED)
def test_a_key_that_is_badly_named_is_not_looked_for(key: str) -> None:
    assert refusal(key, passphrase=b"1234").code == "key-uri"


@pytest.mark.parametrize(("extra", "key"), WELL_NAMED)
def test_what_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, extra: str, key: str
) -> None:
    monkeypatch.setenv("PYKCS11LIB", "/nowhere.so")
    # As where nothing but safeload itself is installed.
    monkeypatch.setitem(sys.modules, "securesystemslib.signer", None)
    error = refusal(key, passphrase=b"1234")
    assert (error.code, f"'safeload[{extra}]'" in error.hint) == ("extra-missing", True)


# -- a library that does as it is told -------------------------------------------------------------


# Errors go by their names alone: none of these libraries has to be there.
NoSuchKey, PinIncorrect, VaultDown = (
    type(name, (Exception,), {}) for name in ("NoSuchKey", "PinIncorrect", "VaultDown")
)


class UnsupportedLibraryError(Exception):
    """Named as that of securesystemslib."""


class ClientError(Exception):
    """As boto has one for all that AWS may answer."""

    def __init__(self, code: object) -> None:
        super().__init__("An error occurred")
        self.response = {"Error": {"Code": code}}


class HttpResponseError(Exception):
    """As Azure has one for most that its services may answer."""

    def __init__(self, status: object) -> None:
        super().__init__("An error occurred")
        self.status_code = status


class Library:
    """Stands for ``securesystemslib.signer``: every class finds one key, or raises an error."""

    def __init__(self, key: SigningKey, full: str = "hv:models/3") -> None:
        self.key = key
        self.full = full
        self.asked: list[Any] = []
        self.finding: BaseException | None = None
        self.signature: str | BaseException | None = None

    def import_(self, *arguments: Any) -> tuple[str, Any]:
        self.asked.append(arguments)
        if self.finding is not None:
            raise self.finding
        return self.full, SimpleNamespace(keytype="ecdsa", keyval={"public": self.key.public.pem})

    def from_priv_key_uri(self, *arguments: Any) -> Any:
        self.asked.append(arguments)
        return SimpleNamespace(sign=self.sign)

    def sign(self, data: bytes) -> Any:
        if isinstance(self.signature, BaseException):
            raise self.signature
        made = self.key.sign(data).hex() if self.signature is None else self.signature
        return SimpleNamespace(keyid="ff" * 32, signature=made)

    def __getattr__(self, _: str) -> Library:
        return self


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    made = Library(SigningKey.generate(KeyType.P256))
    monkeypatch.setattr(services, "_library", lambda _: made)
    monkeypatch.setenv("PYKCS11LIB", "/nowhere.so")
    return made


def test_the_full_name_of_the_key_is_what_signs(library: Library) -> None:
    signer = signer_of("hv:models")
    signer.public.verify(signer.sign(b"data"), b"data")
    assert signer.public == library.key.public
    assert library.asked[0] == ("models",)
    assert library.asked[1][0] == "hv:models/3"


@pytest.mark.parametrize(
    ("key", "full"),
    [
        ("hv:models/2", "hv:models/3"),
        ("hv:models/3", "hv:models/33"),
        (
            "azurekms://a.vault.azure.net/keys/k/aa",
            "azurekms://a.vault.azure.net/keys/k/bb",
        ),
    ],
)
def test_a_version_that_would_not_sign_is_refused(library: Library, key: str, full: str) -> None:
    library.full = full
    assert refusal(key).code == "signer-key-missing"


def within(error: Exception, context: Exception) -> Exception:
    error.__context__ = context
    return error


FAILURES: dict[str, tuple[BaseException, str]] = {
    "no key, in other words": (within(ValueError("none"), NoSuchKey()), "signer-key-missing"),
    "a wrong PIN": (PinIncorrect(), "pin-wrong"),
    "a service that is down": (VaultDown("on get"), "signer-unreachable"),
    "a network that is down": (ConnectionRefusedError("no"), "signer-unreachable"),
    "a key that AWS does not have": (ClientError("NotFoundException"), "signer-key-missing"),
    "a key that AWS does not let us use": (ClientError("AccessDeniedException"), "signer-denied"),
    "a key that AWS keeps disabled": (ClientError("DisabledException"), "signer-denied"),
    "a key that Azure does not let us use": (HttpResponseError(403), "signer-denied"),
    "an answer of Azure's that says nothing": (HttpResponseError(None), "signer-failed"),
    "an answer out of form": (ClientError(["NotFoundException"]), "signer-failed"),
    "an error of no name": (KeyError("keys"), "signer-failed"),
    "the end of the program": (SystemExit(0), "signer-failed"),
    "a library that is missing": (UnsupportedLibraryError("hvac"), "extra-missing"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_what_goes_wrong_has_a_code(library: Library, case: str) -> None:
    library.finding, code = FAILURES[case]
    assert refusal("hv:models").code == code
    library.finding, library.signature = None, FAILURES[case][0]
    with pytest.raises(UsageError) as caught:
        signer_of("hv:models").sign(b"data")
    assert caught.value.code == code


def test_what_the_user_interrupts_is_interrupted(library: Library) -> None:
    library.finding = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        signer_of("hv:models")


def test_what_a_service_says_of_its_errors_is_escaped_and_cut(library: Library) -> None:
    library.finding = ValueError("\x1b[31m" + "x" * 10_000)
    message = refusal("hv:models").message
    assert "\x1b" not in message
    assert len(message) < 300


@pytest.mark.parametrize("signature", ["", "00", "xyz", "ü", "30" * 100_000])
def test_a_signature_that_is_none_is_refused(library: Library, signature: str) -> None:
    signer = signer_of("hv:models")
    library.signature = signature
    with pytest.raises((TrustError, UsageError)) as caught:
        signer.sign(b"data")
    assert caught.value.code in {"signer-wrong", "signer-failed"}


def test_the_signature_of_another_key_is_refused(library: Library) -> None:
    signer = signer_of("hv:models")
    library.key = SigningKey.generate(KeyType.P256)
    with pytest.raises(TrustError) as caught:
        signer.sign(b"data")
    assert caught.value.code == "signer-wrong"


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(value=st.none() | st.text() | st.binary() | st.integers() | st.lists(st.text()))
def test_a_public_key_out_of_form_is_an_error(library: Library, value: Any) -> None:
    library.key = SimpleNamespace(public=SimpleNamespace(pem=value))  # type: ignore[assignment]
    with pytest.raises(UsageError):
        public_key_of("hv:models")


# -- the PIN ---------------------------------------------------------------------------------------


def test_a_pin_is_asked_for_once_and_before_the_token_is(library: Library) -> None:
    asked: list[int] = []

    def ask() -> bytes:
        asked.append(len(library.asked))
        return b"1234"

    signer_of("hsm:7?label=a%2Fb+c", passphrase=ask)
    number, label, secrets = library.asked[0]
    assert (number, label, secrets("pin"), secrets("pin")) == (7, "a/b c", "1234", "1234")
    assert asked == [0]


def test_a_public_key_needs_no_pin(library: Library) -> None:
    assert public_key_of("hsm:") == library.key.public
    assert library.asked[0][:2] == (None, None)


def test_services_are_given_no_pin(library: Library) -> None:
    def ask() -> bytes:
        raise AssertionError

    assert signer_of("awskms:alias/models", passphrase=ask).public == library.key.public


PINS = {
    "none": (None, "passphrase-needed"),
    "no text": (b"\xff\xfe", "pin-wrong"),
    "text and no bytes, from a function": (lambda: "1234", "argument-type"),
    "text and no bytes": ("1234", "argument-type"),
}


@pytest.mark.parametrize("case", PINS)
def test_a_pin_that_is_none_is_refused(library: Library, case: str) -> None:
    pin, code = PINS[case]
    assert refusal("hsm:2", passphrase=pin).code == code
    assert library.asked == []


def test_no_pin_is_shown(library: Library) -> None:
    assert "1234" not in repr(signer_of("hsm:2", passphrase=b"1234"))
    library.finding = PinIncorrect()
    error = refusal("hsm:2", passphrase=b"1234")
    assert "1234" not in f"{error} {error.message} {error.hint}"


def test_no_pin_is_copied_or_sent(library: Library) -> None:
    signer_of("hsm:2", passphrase=b"1234")
    secrets = library.asked[0][-1]
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            way(secrets)


def test_a_token_without_a_module_cannot_be_reached(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYKCS11LIB")
    assert refusal("hsm:2", passphrase=b"1234").code == "signer-unreachable"
    assert library.asked == []


def test_a_module_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYKCS11LIB", str(tmp_path / "none.so"))
    assert refusal("hsm:2", passphrase=b"1234").code in {"signer-failed", "extra-missing"}
