"""Signing with a token: the services are asked, and what they answer is verified."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import model_signing
import pytest

import safeload
from safeload.errors import SafeloadError, TrustError, UsageError
from safeload.signing.replacing import maker_of
from safeload.trust.envelope import Evidence, UnverifiedBundle
from safeload.trust.identities.keyless_signer import KeylessSigner
from safeload.trust.manifest import Manifest, Resource, to_payload
from safeload.trust.trustfile import TrustFile
from tests.trust.identities.instance import IDENTITY, ISSUER, MINUTE, as_json, envelope_of
from tests.trust.identities.issuing import key
from tests.trust.identities.services import Services, running, token_of
from tests.trust.statements import CONTENT, MODEL, SHA256, edited, payload_of

# A single file, as signing writes it: model_signing looks for no name.
PAYLOAD = to_payload(subject="churn.joblib", resources=[Resource(".", SHA256)], model=MODEL)
OTHER = payload_of(version="6.6.6")

pytest.importorskip("sigstore")


@pytest.fixture
def services() -> Iterator[Services]:
    with running() as services:
        yield services


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment that offers tokens."""
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE", "CI"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def config(services: Services, tmp_path: Path) -> Path:
    path = tmp_path / "config.json"
    path.write_bytes(services.config)
    return path


def signer(config: Path, **claims: Any) -> KeylessSigner:
    return KeylessSigner.of(token=token_of(**claims), config=config)


def trusting(services: Services, tmp_path: Path) -> TrustFile:
    root = tmp_path / "trusted_root.json"
    root.write_bytes(as_json(services.instance.trusted_root))
    root.chmod(0o600)
    text = (
        f'[identities.release]\nidentity = "{IDENTITY}"\nissuer = "{ISSUER}"\n'
        f'trusted_root = "trusted_root.json"\nmodels = ["*"]\n'
    )
    return TrustFile.parse(text.encode(), folder=tmp_path)


def test_what_is_signed_with_a_token_verifies(
    services: Services, config: Path, tmp_path: Path
) -> None:
    bundle = UnverifiedBundle.read(signer(config).signed_bundle(PAYLOAD))
    assert bundle.evidence is Evidence.LOGGED
    trust = trusting(services, tmp_path)
    payload = trust.verify(bundle)
    assert payload.payload == PAYLOAD
    manifest = Manifest.from_payload(payload)
    assert trust.authorise(payload, manifest, wanted="churn").name == "release"
    assert services.asked == ["/api/v2/signingCert", "/api/v1/log/entries"]


def test_the_environment_may_offer_the_token(
    services: Services, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ghs_secret")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{services.instance.url}/token?v=1")
    assert KeylessSigner.of(config=config).signed_bundle(PAYLOAD)
    assert services.asked[0] == "/token"
    assert services.tokens[0] == "ghs_secret"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "abc",
        "a.b.c",
        token_of(seconds=-60),
        token_of(aud="another"),
        token_of(sub=None),
        "ü",
    ],
    ids=["none", "a word", "three words", "expired", "for others", "of nobody", "no ASCII"],
)
def test_a_token_that_cannot_be_used_is_a_wrong_usage(config: Path, token: str) -> None:
    with pytest.raises(UsageError) as caught:
        KeylessSigner.of(token=token, config=config)
    assert caught.value.code in {"identity-token", "argument-value"}
    assert not token or token not in str(caught.value)


def test_without_a_token_nothing_is_signed(config: Path) -> None:
    with pytest.raises(UsageError) as caught:
        KeylessSigner.of(config=config)
    assert caught.value.code == "identity-token"


def test_an_environment_that_fails_to_give_a_token_is_said(
    services: Services, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with pytest.raises(UsageError) as caught:
        KeylessSigner.of(config=config)
    assert caught.value.code == "identity-token"


@pytest.mark.parametrize("text", [b"", b"{}", b"{", b"\xff", b"[]"])
def test_a_configuration_that_is_none_is_a_wrong_usage(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(text)
    with pytest.raises(UsageError) as caught:
        KeylessSigner.of(token=token_of(), config=path)
    assert caught.value.code == "sigstore-config"
    with pytest.raises(UsageError):
        KeylessSigner.of(token=token_of(), config=tmp_path / "missing")


def test_a_token_is_never_shown(config: Path) -> None:
    token = token_of()
    shown = repr(KeylessSigner.of(token=token, config=config))
    assert not set(token.split(".")) & set(shown.replace("'", " ").split())
    assert "eyJ" not in shown


@dataclass(frozen=True)
class Fault:
    """What a service does wrong, and the error."""

    cause: Callable[[Services], object]
    code: str


FAULTS: dict[str, Fault] = {
    "the authority refuses": Fault(
        lambda s: s.fails.update({"/api/v2/signingCert": (403, b'{"message": "no"}')}),
        "keyless-failed",
    ),
    "the authority answers nonsense": Fault(
        lambda s: s.fails.update({"/api/v2/signingCert": (200, b"<html>")}), "keyless-failed"
    ),
    "the authority gives no certificate": Fault(
        lambda s: s.fails.update({"/api/v2/signingCert": (200, b"{}")}), "keyless-failed"
    ),
    "the certificate is in no log": Fault(
        lambda s: _set(s, issuing=replace(s.issuing, certificate_log=None)), "keyless-failed"
    ),
    "the certificate is for another key": Fault(
        lambda s: _set(s, certifying=lambda _: key("another").public_key()), "keyless-unverified"
    ),
    "the certificate has expired": Fault(
        lambda s: _set(
            s,
            issuing=replace(s.issuing, lifetime=_before(s.issuing.integrated)),
        ),
        "keyless-failed",
    ),
    "the log refuses": Fault(
        lambda s: s.fails.update({"/api/v1/log/entries": (409, b'{"code": 409, "message": "x"}')}),
        "keyless-failed",
    ),
    "the log answers nonsense": Fault(
        lambda s: s.fails.update({"/api/v1/log/entries": (201, b"{}")}), "keyless-failed"
    ),
    "the log is another one": Fault(
        lambda s: _set(s, logging=replace(s.logging, log=key("a log of the attacker's"))),
        "keyless-unverified",
    ),
    "the log takes in something else": Fault(
        lambda s: _set(s, entering=lambda _: envelope_of(OTHER, key("another"))),
        "keyless-unverified",
    ),
    "the authority is another one": Fault(
        lambda s: _set(s, issuing=replace(s.issuing, name="evil")), "keyless-unverified"
    ),
}


def _before(now: datetime) -> tuple[datetime, datetime]:
    return now - 20 * MINUTE, now - 10 * MINUTE


def _set(services: Services, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(services, name, value)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_nothing_is_signed_where_a_service_fails_or_lies(
    services: Services, config: Path, fault: Fault
) -> None:
    fault.cause(services)
    with pytest.raises(SafeloadError) as caught:
        signer(config).signed_bundle(PAYLOAD)
    assert caught.value.code == fault.code
    assert isinstance(caught.value, TrustError) == (fault.code == "keyless-unverified")


def test_a_service_that_is_not_there_is_said(config: Path, services: Services) -> None:
    away = json.loads(services.config)
    for kind in ("caUrls", "rekorTlogUrls"):
        away["signingConfig"][kind][0]["url"] = "http://127.0.0.1:1"
    config.write_bytes(as_json(away))
    with pytest.raises(UsageError) as caught:
        signer(config).signed_bundle(PAYLOAD)
    assert caught.value.code == "keyless-failed"


def test_without_the_package_it_is_said_which_one_to_install(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sigstore.models", None)
    with pytest.raises(UsageError) as caught:
        KeylessSigner.of(token=token_of(), config=config)
    assert caught.value.code == "extra-missing"


# A log of the second version, which promises no time, and an authority that signs one.


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Services]:
    with running(version=2) as services:
        (tmp_path / "config.json").write_bytes(services.config)
        yield services


def test_a_log_of_the_second_version_takes_signatures_in(second: Services, tmp_path: Path) -> None:
    bundle_bytes = signer(tmp_path / "config.json").signed_bundle(PAYLOAD)
    assert second.asked == ["/api/v2/signingCert", "/time", "/api/v2/log/entries"]
    trust = trusting(second, tmp_path)
    assert trust.verify(UnverifiedBundle.read(bundle_bytes)).payload == PAYLOAD


def _without_time(bundle: Any) -> None:
    bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] = []


def _twice(bundle: Any) -> None:
    stamps = bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    stamps.append(stamps[0])


def _another_payload(bundle: Any) -> None:
    bundle["dsseEnvelope"]["payload"] = envelope_of(OTHER, key("another"))["payload"]


@pytest.mark.guarantee("G1")
@pytest.mark.parametrize("edit", [_without_time, _twice, _another_payload])
def test_no_other_time_and_payload_are_believed(
    second: Services, tmp_path: Path, edit: Callable[[Any], None]
) -> None:
    bundle_bytes = signer(tmp_path / "config.json").signed_bundle(PAYLOAD)
    bundle = UnverifiedBundle.read(edited(bundle_bytes, edit))
    with pytest.raises(TrustError) as caught:
        trusting(second, tmp_path).verify(bundle)
    assert caught.value.code == "identity-unproven"


def test_a_time_of_another_authority_is_none(second: Services, tmp_path: Path) -> None:
    second.timing = replace(second.timing, name="evil")
    with pytest.raises(TrustError) as caught:
        signer(tmp_path / "config.json").signed_bundle(PAYLOAD)
    assert caught.value.code == "keyless-unverified"


# model_signing, both ways.


def test_model_signing_verifies_what_we_sign(
    services: Services, config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "churn.joblib"
    file.write_bytes(CONTENT)
    bundle = tmp_path / "churn.joblib.sig"
    bundle.write_bytes(signer(config).signed_bundle(PAYLOAD))
    verifying: Any = model_signing.verifying.Config
    verifier = verifying().use_sigstore_verifier(
        identity=IDENTITY, oidc_issuer=ISSUER, trust_config=config
    )
    verifier.verify(file, bundle)
    file.write_bytes(CONTENT + b"!")
    with pytest.raises(ValueError, match="mismatch"):
        verifier.verify(file, bundle)


def test_we_verify_what_model_signing_signs(
    services: Services, config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "churn.joblib"
    file.write_bytes(CONTENT)
    bundle = tmp_path / "churn.joblib.sig"
    signing: Any = model_signing.signing.Config
    signing().use_sigstore_signer(identity_token=token_of(), trust_config=config).sign(file, bundle)
    trust = trusting(services, tmp_path)
    payload = trust.verify(UnverifiedBundle.read(bundle.read_bytes()))
    manifest = Manifest.from_payload(payload)
    assert trust.authorise(payload, manifest, wanted=None).name == "release"
    assert manifest.resources[0].sha256 == SHA256


# -- in the place of another bundle ----------------------------------------------------------------


def test_who_signs_with_a_token_replaces_their_own_bundle_alone(
    config: Path, services: Services, tmp_path: Path
) -> None:
    path = tmp_path / "churn.joblib"
    key_ = safeload.SigningKey.generate()
    bundle = safeload.dump([1], path, key=key_, name="churn", version="1")

    def signed_by(who: Any, *, replace: bool = False) -> None:
        safeload.sign(path, key=who, name="churn", version="1", replace=replace)

    def is_refused(who: Any) -> None:
        before = bundle.read_bytes()
        with pytest.raises(UsageError) as caught:
            signed_by(who)
        assert caught.value.code == "bundle-taken"
        assert bundle.read_bytes() == before

    # A key's is another's before anything is said to a service.
    is_refused(signer(config))
    assert services.asked == []
    signed_by(signer(config), replace=True)
    before = bundle.read_bytes()
    # Another key and certificate each time, and the same identity.
    signed_by(signer(config))
    assert bundle.read_bytes() != before
    is_refused(signer(config, sub="https://github.com/mallory/models"))
    is_refused(key_)


def test_an_identity_by_another_issuer_is_another(config: Path, tmp_path: Path) -> None:
    path = tmp_path / "churn.joblib"
    bundle = safeload.dump([1], path, key=signer(config), name="churn", version="1")
    again = UnverifiedBundle.read(signer(config).signed_bundle(PAYLOAD))
    other = UnverifiedBundle.read(
        signer(config, iss="https://issuer.example").signed_bundle(PAYLOAD)
    )
    own = UnverifiedBundle.read(bundle.read_bytes())
    assert maker_of(own) == maker_of(again) != maker_of(other)
