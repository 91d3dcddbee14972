"""An identity of sigstore is believed for what it signed and logged, by the pinned root alone."""

from __future__ import annotations

import base64
import json
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.errors import SafeloadError, TrustError, UsageError
from safeload.trust.envelope import UnverifiedBundle, VerifiedPayload
from safeload.trust.identities.keyless import prove
from safeload.trust.manifest import Manifest
from safeload.trust.tables.identities import TrustedIdentity
from safeload.trust.trustfile import Grant, TrustFile
from tests.trust.identities.instance import (
    IDENTITY,
    ISSUER,
    MINUTE,
    NOW,
    Instance,
    as_json,
    b64,
    bundle_of,
    envelope_of,
    signed,
)
from tests.trust.identities.issuing import SERVER_AUTH, key
from tests.trust.statements import PAYLOAD, edited, payload_of, setting

pytest.importorskip("sigstore")

LEGITIMATE = Instance()
OTHER = payload_of(version="6.6.6")
MATERIAL = "verificationMaterial"
ENTRY = (MATERIAL, "tlogEntries", 0)
PROOF = (*ENTRY, "inclusionProof")
HASH = b64(b"x" * 32)


def trusting(instance: Instance = LEGITIMATE, *, issuer: str = ISSUER, **more: Any) -> TrustFile:
    """A trust file with one identity."""
    release = TrustedIdentity(
        name="release",
        models=("churn",),
        identity=IDENTITY,
        issuer=issuer,
        trusted_root=as_json(instance.trusted_root),
    )
    return TrustFile(identities=(release,), **more)


TRUST = trusting()
BUNDLE = as_json(signed(PAYLOAD))


def authorised(bundle: bytes, trust: TrustFile = TRUST) -> tuple[VerifiedPayload, Grant]:
    payload = trust.verify(UnverifiedBundle.read(bundle))
    manifest = Manifest.from_payload(payload)
    return payload, trust.authorise(payload, manifest, wanted="churn", now=NOW)


def refused(bundle: bytes, trust: TrustFile = TRUST) -> str:
    with pytest.raises(TrustError) as caught:
        authorised(bundle, trust)
    return caught.value.code


def test_an_identity_says_who_signed() -> None:
    payload, grant = authorised(BUNDLE)
    assert grant.name == "release"
    assert payload.payload == PAYLOAD
    assert payload.credential is not None
    assert payload.credential.path is None


def test_an_identity_may_be_an_address() -> None:
    release = replace(TRUST.identities[0], identity="ml@acme.example", issuer="https://idp.example")
    bundle = signed(PAYLOAD, identity="ml@acme.example", issuer="https://idp.example")
    assert authorised(as_json(bundle), TrustFile(identities=(release,)))


def test_it_stands_in_a_trust_file_with_its_root_beside_it(tmp_path: Path) -> None:
    (tmp_path / "trusted_root.json").write_bytes(as_json(LEGITIMATE.trusted_root))
    path = tmp_path / "trust.toml"
    path.write_text(
        f'[identities.release]\nidentity = "{IDENTITY}"\nissuer = "{ISSUER}"\n'
        'trusted_root = "trusted_root.json"\nmodels = ["churn"]\n'
    )
    for each in tmp_path.iterdir():
        each.chmod(0o600)
    assert authorised(BUNDLE, TrustFile.read(path))[1].name == "release"


def test_no_network_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("something asks the network")

    for name in ("connect", "connect_ex", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    # Roots and verifiers of other tests are not used again.
    fresh = trusting(replace(LEGITIMATE, url="https://rekor.acme.example"))
    assert authorised(BUNDLE, fresh)


@dataclass(frozen=True)
class Attack:
    """A bundle that is refused, and the error."""

    bundle: Callable[[], bytes]
    code: str = "identity-unproven"


def by(instance: Instance = LEGITIMATE, **about: Any) -> Callable[[], bytes]:
    return lambda: as_json(signed(PAYLOAD, instance, **about))


def with_edit(*edits: Callable[[Any], object]) -> Callable[[], bytes]:
    def make() -> bytes:
        bundle = BUNDLE
        for edit in edits:
            bundle = edited(bundle, edit)
        return bundle

    return make


def taken_from(other: dict[str, Any], *path: str | int) -> Callable[[], bytes]:
    """The legitimate bundle with a part of another one."""
    value: Any = other
    for step in path:
        value = value[step]
    return with_edit(setting(*path, to=value))


STRANGERS_LOG = replace(LEGITIMATE, log=key("a log of the attacker's"))
LATER = replace(LEGITIMATE, integrated=NOW + 10 * MINUTE)
AGAIN = signed(PAYLOAD)


def _forged_entry(body: Callable[[dict[str, Any]], object]) -> Callable[[], bytes]:
    """The log took in something else than it should have."""

    def make() -> bytes:
        private = key("an ephemeral key")
        certificate = LEGITIMATE.certificate(private)
        envelope = envelope_of(PAYLOAD, private)
        (entry,) = LEGITIMATE.entry(envelope, certificate).values()
        changed = json.loads(base64.b64decode(entry["body"]))
        body(changed)
        return as_json(bundle_of(envelope, certificate, LEGITIMATE.logged(as_json(changed))))

    return make


ATTACKS: dict[str, Attack] = {
    "another authority issued the certificate": Attack(by(replace(LEGITIMATE, name="evil"))),
    "no certificate log has seen the certificate": Attack(
        by(replace(LEGITIMATE, certificate_log=None))
    ),
    "another certificate log has seen it": Attack(
        by(replace(LEGITIMATE, certificate_log=key("a certificate log of the attacker's")))
    ),
    "another log took it in": Attack(by(STRANGERS_LOG)),
    "the entry is of another log": Attack(taken_from(signed(PAYLOAD, STRANGERS_LOG), *ENTRY)),
    "the entry is about another payload": Attack(taken_from(signed(OTHER), *ENTRY)),
    "the entry is about another signature of the payload": Attack(taken_from(AGAIN, *ENTRY)),
    "the entry is about another certificate": Attack(taken_from(AGAIN, MATERIAL, "certificate")),
    "the envelope is another one's": Attack(taken_from(signed(OTHER), "dsseEnvelope")),
    "the payload was changed": Attack(with_edit(setting("dsseEnvelope", "payload", to=b64(OTHER)))),
    "the entry's body names another payload": Attack(
        _forged_entry(lambda body: setting("spec", "payloadHash", "value", to="0" * 64)(body))
    ),
    "the entry's body has another signature": Attack(
        _forged_entry(
            lambda body: setting("spec", "signatures", 0, "signature", to=b64(b"another"))(body)
        )
    ),
    "the entry's body has no signature": Attack(
        _forged_entry(lambda body: setting("spec", "signatures", to=[])(body))
    ),
    "the entry's body is of another kind": Attack(
        _forged_entry(lambda body: setting("kind", to="rekord")(body))
    ),
    "the entry claims another kind": Attack(
        with_edit(setting(*ENTRY, "kindVersion", "kind", to="hashedrekord"))
    ),
    "the entry claims another version": Attack(
        with_edit(setting(*ENTRY, "kindVersion", "version", to="0.0.2"))
    ),
    "there are two entries": Attack(
        with_edit(
            lambda bundle: bundle[MATERIAL]["tlogEntries"].append(
                bundle[MATERIAL]["tlogEntries"][0]
            )
        )
    ),
    "there is no inclusion proof": Attack(with_edit(lambda b: _entry(b).pop("inclusionProof"))),
    "the proof leads elsewhere": Attack(with_edit(setting(*PROOF, "hashes", 0, to=HASH))),
    "the proof is too short": Attack(with_edit(lambda b: _proof(b)["hashes"].pop())),
    "the proof is too long": Attack(with_edit(lambda b: _proof(b)["hashes"].append(HASH))),
    "the proof is for another place": Attack(with_edit(setting(*PROOF, "logIndex", to="0"))),
    "the proof's head is another one": Attack(with_edit(setting(*PROOF, "rootHash", to=HASH))),
    "the head was signed by another log": Attack(
        taken_from(signed(PAYLOAD, STRANGERS_LOG), *PROOF, "checkpoint")
    ),
    "the signed head is another one": Attack(taken_from(signed(OTHER), *PROOF, "checkpoint")),
    "the head has no signature": Attack(
        with_edit(lambda b: _proof(b)["checkpoint"].update(envelope="rekor\n3\nAAAA\n\n"))
    ),
    "there is no head": Attack(with_edit(lambda b: _proof(b).pop("checkpoint"))),
    "the log did not promise a time": Attack(
        with_edit(lambda b: _entry(b).pop("inclusionPromise"))
    ),
    "there is no time": Attack(with_edit(lambda b: _entry(b).pop("integratedTime"))),
    "the time is zero": Attack(with_edit(setting(*ENTRY, "integratedTime", to="0"))),
    "the time was changed": Attack(
        with_edit(setting(*ENTRY, "integratedTime", to=str(int(NOW.timestamp()) + 1)))
    ),
    "the promise is another log's": Attack(
        taken_from(signed(PAYLOAD, STRANGERS_LOG), *ENTRY, "inclusionPromise")
    ),
    "it was taken in after the certificate expired": Attack(by(LATER)),
    "it was taken in before the certificate began": Attack(
        by(replace(LEGITIMATE, integrated=NOW - 2 * MINUTE))
    ),
    "the certificate is for a server": Attack(by(purposes=(SERVER_AUTH,))),
    "the certificate's key is for agreeing on keys": Attack(by(uses="key_agreement")),
    "another issuer says so": Attack(by(issuer="https://idp.evil.example")),
    "no issuer says so": Attack(by(issuer=None)),
    "the issuer has an ending more": Attack(by(issuer=f"{ISSUER}.evil.example")),
    "the issuer has a slash more": Attack(by(issuer=f"{ISSUER}/")),
    "the issuer is a beginning": Attack(by(issuer=ISSUER[:-1])),
    "the identity is another one": Attack(by(identity="https://evil.example/a"), "signer-unknown"),
    "the identity has an ending more": Attack(by(identity=f"{IDENTITY}-evil"), "signer-unknown"),
    "the identity has a beginning more": Attack(by(identity=f"x{IDENTITY}"), "signer-unknown"),
    "the identity is a beginning": Attack(by(identity=IDENTITY[:-1]), "signer-unknown"),
    "the branch is another one": Attack(
        by(identity=IDENTITY.replace("heads/main", "heads/evil")), "signer-unknown"
    ),
    "the repository is a fork": Attack(
        by(identity=IDENTITY.replace("acme/", "acme-fork/")), "signer-unknown"
    ),
    "the entries were taken off": Attack(
        with_edit(setting(MATERIAL, "tlogEntries", to=[])), "signer-unknown"
    ),
    "the certificate stands in a chain": Attack(
        with_edit(
            lambda b: b[MATERIAL].update(
                x509CertificateChain={"certificates": [b[MATERIAL].pop("certificate")]}
            )
        ),
        "signer-unknown",
    ),
    "a key stands in the place of the certificate": Attack(
        with_edit(
            lambda b: b[MATERIAL].pop("certificate"),
            lambda b: b[MATERIAL].update(publicKey={"hint": "0" * 64}),
        ),
        "signer-unknown",
    ),
}


def _entry(bundle: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = bundle[MATERIAL]["tlogEntries"][0]
    return entry


def _proof(bundle: dict[str, Any]) -> dict[str, Any]:
    proof: dict[str, Any] = _entry(bundle)["inclusionProof"]
    return proof


@pytest.mark.guarantee("G1")
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_nothing_else_is_believed(attack: Attack) -> None:
    assert refused(attack.bundle()) == attack.code


@pytest.mark.guarantee("G1")
@pytest.mark.parametrize(
    "instance",
    [
        replace(LEGITIMATE, name="evil"),
        STRANGERS_LOG,
        replace(LEGITIMATE, certificate_log=key("a certificate log of the attacker's")),
    ],
    ids=["authority", "log", "certificate log"],
)
def test_each_key_of_the_pinned_root_is_needed(instance: Instance) -> None:
    assert refused(BUNDLE, trusting(instance)) == "identity-unproven"


@pytest.mark.guarantee("G2")
@given(data=st.data())
def test_a_changed_byte_changes_nothing_that_is_believed(data: st.DataObject) -> None:
    changed = bytearray(BUNDLE)
    index = data.draw(st.integers(0, len(changed) - 1))
    changed[index] ^= data.draw(st.integers(1, 255))
    try:
        payload, grant = authorised(bytes(changed))
    except TrustError:
        return
    # The size of the log's tree, and what the log calls itself, prove nothing.
    assert (payload.payload, grant.name) == (PAYLOAD, "release")


@given(entry=st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=4))
def test_any_entry_of_a_log_is_refused(entry: object) -> None:
    assert refused(edited(BUNDLE, setting(*ENTRY, to=entry))) == "identity-unproven"


@pytest.mark.guarantee("G4")
def test_an_identity_signs_what_it_may_and_as_long_as_it_is_trusted() -> None:
    (release,) = TRUST.identities
    for changes, code in (
        ({"models": ("fraud",)}, "signer-not-allowed"),
        ({"not_after": NOW - MINUTE}, "signer-not-current"),
        ({"only": frozenset({"0" * 64})}, "signer-retired"),
    ):
        changed: Any = replace(release, **changes)
        assert refused(BUNDLE, TrustFile(identities=(changed,))) == code


@pytest.mark.parametrize("root", [b"{}", b"{", b'{"mediaType": "x"}', b"{" * 100_000])
def test_a_root_that_is_none_is_a_wrong_usage(root: bytes) -> None:
    (release,) = TRUST.identities
    trust = TrustFile(identities=(replace(release, trusted_root=root),))
    with pytest.raises(UsageError) as caught:
        authorised(BUNDLE, trust)
    assert caught.value.code == "trusted-root-malformed"


def test_an_identity_of_any_issuer_is_none() -> None:
    (release,) = TRUST.identities
    with pytest.raises(ValueError, match="issuer"):
        prove(UnverifiedBundle.read(BUNDLE), replace(release, issuer=""))


def test_without_the_package_it_is_said_which_one_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sigstore.models", None)
    with pytest.raises(SafeloadError) as caught:
        authorised(BUNDLE)
    assert (caught.value.code, caught.value.exit_code) == ("extra-missing", 2)
    assert "safeload[sigstore]" in caught.value.hint


@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("theirs", [signed(OTHER), signed(PAYLOAD)], ids=["payload", "certificate"])
def test_what_the_package_reads_in_a_bundle_is_what_we_read(
    monkeypatch: pytest.MonkeyPatch, theirs: dict[str, Any]
) -> None:
    from sigstore.models import Bundle

    other = Bundle.from_json(as_json(theirs))
    monkeypatch.setattr(Bundle, "from_json", lambda _: other)
    assert refused(BUNDLE) == "identity-unproven"
