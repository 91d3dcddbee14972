"""A certificate is believed for the name in it, by the roots of that name, while it is valid."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from safeload.errors import TrustError
from safeload.trust.authority import believed_until
from safeload.trust.envelope import UnverifiedBundle, VerifiedPayload, signed_bundle, verify
from safeload.trust.keys import KeyType, SigningKey
from safeload.trust.manifest import Manifest
from safeload.trust.trustfile import Grant, TrustFile, entry_text
from tests.trust.identities.issuing import (
    CODE_SIGNING,
    END,
    IDENTITY,
    SERVER_AUTH,
    Issued,
    authority,
    between,
    issue,
    key,
    leaf,
    names,
    root,
    usage,
)
from tests.trust.statements import NOW, PAYLOAD, edited, payload_of, setting

ROOT = root()
BETWEEN = between("between", ROOT)
LEAF = leaf(BETWEEN)
STRANGER = root("third_party")
DAY = timedelta(days=1)


def entry(roots: str = ROOT.pem, name: str = "acme", *more: str, identity: str = IDENTITY) -> str:
    lines = [
        f"[certificates.{name}]",
        f'roots = """\n{roots}"""',
        f'identity = "{identity}"',
        *(more or ['models = ["churn"]']),
    ]
    return "\n".join(lines) + "\n"


TRUST = entry()


def signed(chain: Sequence[Issued], payload: bytes = PAYLOAD) -> bytes:
    """A bundle that the first of a chain has signed."""
    return signed_bundle(payload, SigningKey._of(chain[0].key), [each.der for each in chain])


def authorised(
    bundle: bytes, trust: str = TRUST, *, now: datetime = NOW
) -> tuple[VerifiedPayload, Grant]:
    trusted = TrustFile.parse(trust.encode())
    payload = trusted.verify(UnverifiedBundle.read(bundle), now=now)
    manifest = Manifest.from_payload(payload)
    return payload, trusted.authorise(payload, manifest, wanted="churn", now=now)


def refused(bundle: bytes, trust: str = TRUST, *, now: datetime = NOW) -> str:
    with pytest.raises(TrustError) as caught:
        authorised(bundle, trust, now=now)
    return caught.value.code


BUNDLE = signed([LEAF, BETWEEN])


def test_a_certificate_says_who_signed() -> None:
    payload, grant = authorised(BUNDLE)
    assert grant.name == "acme"
    assert payload.payload == PAYLOAD
    assert payload.key == SigningKey._of(LEAF.key).public
    assert payload.credential is not None
    assert payload.credential.grant is grant
    assert len(payload.credential.key_ids) == 3


@pytest.mark.parametrize("key_type", KeyType)
def test_a_key_of_every_type_can_have_a_certificate(key_type: KeyType) -> None:
    holder = leaf(BETWEEN, own=SigningKey.generate(key_type)._private)
    assert authorised(signed([holder, BETWEEN]))


RSA = rsa.generate_private_key(65537, 2048)


LEGITIMATE: dict[str, Callable[[], Sequence[Issued]]] = {
    "by the root itself": lambda: [leaf(ROOT)],
    "with the root in the bundle": lambda: [LEAF, BETWEEN, ROOT],
    "with the authorities in another order": lambda: [LEAF, ROOT, BETWEEN],
    "with a certificate that is on no path": lambda: [LEAF, BETWEEN, STRANGER],
    "over four authorities": lambda: _long(4),
    "with code signing among the purposes": lambda: [
        leaf(BETWEEN, x509.ExtendedKeyUsage([SERVER_AUTH, CODE_SIGNING])),
        BETWEEN,
    ],
    "with several names": lambda: [leaf(BETWEEN, identities=("a.example", IDENTITY)), BETWEEN],
    "below an authority that is for code signing": lambda: _below(
        x509.ExtendedKeyUsage([CODE_SIGNING])
    ),
    "below an authority that is for any purpose": lambda: _below(
        x509.ExtendedKeyUsage([x509.ObjectIdentifier("2.5.29.37.0")])
    ),
    "below an authority for its domain": lambda: _below(_within("acme.example")),
    "below an authority that says no usage": lambda: _chain(
        issue("between", ROOT, [authority()]), leaf
    ),
    "below an authority with a path length": lambda: _chain(
        between("between", ROOT, path_length=0), leaf
    ),
    "below an authority with an RSA key": lambda: _chain(between("between", ROOT, own=RSA), leaf),
}


def _chain(above: Issued, make: Callable[..., Issued], *more: x509.ExtensionType) -> list[Issued]:
    return [make(above, *more), above]


def _below(extension: x509.ExtensionType) -> list[Issued]:
    return _chain(between("between", ROOT, extension), leaf)


def _within(domain: str) -> x509.NameConstraints:
    return x509.NameConstraints([x509.RFC822Name(domain)], None)


def _long(authorities: int) -> list[Issued]:
    chain = [ROOT]
    for number in range(authorities):
        chain.insert(0, between(f"authority {number}", chain[0]))
    return [leaf(chain[0]), *chain[:-1]]


@pytest.mark.parametrize("chain", LEGITIMATE.values(), ids=LEGITIMATE)
def test_what_an_legitimate_authority_issued_is_believed(
    chain: Callable[[], Sequence[Issued]],
) -> None:
    assert authorised(signed(chain()))


@dataclass(frozen=True)
class Attack:
    """A chain that is refused, and the error."""

    chain: Callable[[], Sequence[Issued]]
    code: str = "certificate-untrusted"
    trust: str = TRUST


def _leaf_as_authority() -> list[Issued]:
    holder = leaf(BETWEEN, identities=("other@acme.example",), name="other")
    return [leaf(holder), holder, BETWEEN]


def _same_name_as_root() -> list[Issued]:
    forged = root("root", own=key("a key of the attacker's"))
    return [leaf(forged), forged]


def _forged_signature() -> list[Issued]:
    forger = Issued("between", key("a key of the attacker's"), BETWEEN.certificate)
    return [leaf(forger), BETWEEN]


ATTACKS: dict[str, Attack] = {
    "a third party signed for themselves": Attack(
        lambda: [issue("signer", None, [usage("digital_signature"), names(IDENTITY)])]
    ),
    "a third party's authority issued it": Attack(lambda: [leaf(STRANGER), STRANGER]),
    "a third party's authority stands between": Attack(
        lambda: _chain(between("between", STRANGER), leaf)
    ),
    "the third party's root is called as ours": Attack(_same_name_as_root),
    "the authority's name was borrowed, not its key": Attack(_forged_signature),
    "the authority between is missing": Attack(lambda: [LEAF]),
    "a leaf issued it": Attack(_leaf_as_authority),
    "a leaf that may sign certificates issued it": Attack(
        lambda: _chain(
            issue("between", ROOT, [usage("key_cert_sign"), names("x@acme.example")]), leaf
        )
    ),
    "the authority's key may not sign certificates": Attack(
        lambda: _chain(issue("between", ROOT, [authority(), usage("digital_signature")]), leaf)
    ),
    "the signer is an authority": Attack(
        lambda: [
            between("signer", ROOT, names(IDENTITY)),
        ]
    ),
    "the signer is an authority that may make signatures": Attack(
        lambda: [
            issue("signer", ROOT, [authority(), usage("digital_signature"), names(IDENTITY)]),
        ]
    ),
    "the signer's key may sign certificates": Attack(
        lambda: [
            issue("signer", ROOT, [usage("digital_signature", "key_cert_sign"), names(IDENTITY)])
        ]
    ),
    "the signer's key is for agreeing on keys": Attack(
        lambda: [issue("signer", ROOT, [usage("key_agreement"), names(IDENTITY)])]
    ),
    "the signer's key says no usage": Attack(lambda: [issue("signer", ROOT, [names(IDENTITY)])]),
    "the certificate is for a server": Attack(
        lambda: _chain(BETWEEN, leaf, x509.ExtendedKeyUsage([SERVER_AUTH]))
    ),
    "the certificate is for any purpose": Attack(
        lambda: _chain(BETWEEN, leaf, x509.ExtendedKeyUsage([x509.ObjectIdentifier("2.5.29.37.0")]))
    ),
    "the authority is for servers": Attack(lambda: _below(x509.ExtendedKeyUsage([SERVER_AUTH]))),
    "the authority is for another domain": Attack(lambda: _below(_within("other.example"))),
    "the root is for another domain": Attack(
        lambda: [leaf(root("root", _within("other.example")))],
        trust=entry(root("root", _within("other.example")).pem),
    ),
    "the domain is excluded": Attack(
        lambda: _below(x509.NameConstraints(None, [x509.RFC822Name("acme.example")]))
    ),
    "the authority below has no path length left": Attack(
        lambda: (
            lambda above: _chain(between("below", above), leaf) + [above]  # noqa: RUF005
        )(between("between", ROOT, path_length=0))
    ),
    "the certificate has a critical extension that nobody knows": Attack(
        lambda: [
            leaf(
                ROOT,
                x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"),
                critical=(x509.UnrecognizedExtension,),
            )
        ]
    ),
    "the authority has a critical extension that nobody knows": Attack(
        lambda: _chain(
            between(
                "between",
                ROOT,
                x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"),
                critical=(x509.UnrecognizedExtension, x509.BasicConstraints),
            ),
            leaf,
        )
    ),
    "it is signed with SHA-1": Attack(lambda: [_with_sha1()]),
    "the authority's RSA key is short": Attack(
        lambda: _chain(between("between", ROOT, own=rsa.generate_private_key(65537, 1024)), leaf)
    ),
    "the authority's curve is none of the Web's": Attack(
        lambda: _chain(between("between", ROOT, own=ec.generate_private_key(ec.SECP256K1())), leaf)
    ),
    "the signer's key is RSA": Attack(lambda: [leaf(ROOT, own=RSA)], code="certificate-key"),
    "the signer's curve is none of ours": Attack(
        lambda: [leaf(ROOT, own=ec.generate_private_key(ec.SECP256K1()))], code="certificate-key"
    ),
    "the certificate is for somebody else": Attack(
        lambda: [leaf(ROOT, identities=("eve@acme.example",))], code="signer-unknown"
    ),
    "the name has a beginning more": Attack(
        lambda: [leaf(ROOT, identities=(f"x{IDENTITY}",))], code="signer-unknown"
    ),
    "the name has an ending more": Attack(
        lambda: [leaf(ROOT, identities=(f"{IDENTITY}.evil.example",))], code="signer-unknown"
    ),
    "the name ends in a NUL": Attack(
        lambda: [leaf(ROOT, identities=(f"{IDENTITY}\0.evil.example",))], code="signer-unknown"
    ),
    "the name is in other letters": Attack(
        lambda: [leaf(ROOT, identities=(IDENTITY.upper(),))], code="signer-unknown"
    ),
    "the name is a wildcard": Attack(
        lambda: [leaf(ROOT, identities=("*@acme.example", "*"))], code="signer-unknown"
    ),
    "the name is a wildcard of the domain": Attack(
        lambda: [leaf(ROOT, identities=("*.acme.example",))],
        code="signer-unknown",
        trust=entry(identity="models.acme.example"),
    ),
    "the address stands as a DNS name": Attack(
        lambda: [_named(x509.DNSName(IDENTITY))], code="signer-unknown"
    ),
    "the address stands as a URI": Attack(
        lambda: [_named(x509.UniformResourceIdentifier(IDENTITY))], code="signer-unknown"
    ),
    "the URI stands as an address": Attack(
        lambda: [_named(x509.RFC822Name("https://ml@acme.example"))],
        code="signer-unknown",
        trust=entry(identity="https://ml@acme.example"),
    ),
    "the name stands in the subject alone": Attack(
        lambda: [issue(IDENTITY, ROOT, [usage("digital_signature")])], code="signer-unknown"
    ),
    "the name stands among those of the issuer": Attack(
        lambda: [
            leaf(
                ROOT,
                x509.IssuerAlternativeName([x509.RFC822Name(IDENTITY)]),
                identities=("eve@acme.example",),
            )
        ],
        code="signer-unknown",
    ),
    "the name is another one's, by whose root it is": Attack(
        lambda: [leaf(STRANGER)],
        trust=TRUST + entry(STRANGER.pem, "others", identity="other@acme.example"),
    ),
    "the leaf comes last": Attack(lambda: [BETWEEN, LEAF], code="signer-unknown"),
    "the chain is a hundred long": Attack(
        lambda: [LEAF, *([BETWEEN] * 99)], code="bundle-malformed"
    ),
    "an authority comes twice": Attack(
        lambda: [LEAF, BETWEEN, BETWEEN], code="certificate-malformed"
    ),
    "many authorities of one name and key lead nowhere": Attack(
        lambda: [LEAF, *[between("between", STRANGER) for _ in range(7)]],
        code="certificate-malformed",
    ),
    "authorities vouch for each other in a circle": Attack(lambda: _circle()),
    "a huge certificate": Attack(
        lambda: [
            leaf(ROOT, x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"x" * 16_384))
        ],
        code="bundle-malformed",
    ),
}


def _circle() -> list[Issued]:
    names_ = [f"circle {number}" for number in range(7)]
    circle = [
        between(name, Issued(above, key(above), ROOT.certificate))
        for name, above in zip(names_, [*names_[1:], names_[0]], strict=True)
    ]
    return [leaf(circle[0]), *circle]


def _named(name: x509.GeneralName) -> Issued:
    return issue("signer", ROOT, [usage("digital_signature"), x509.SubjectAlternativeName([name])])


def _with_sha1() -> Issued:
    """A certificate that is signed by the root with ECDSA and SHA-1."""
    legitimate = leaf(ROOT)
    sha256, sha1 = (
        bytes.fromhex("300a06082a8648ce3d040302"),
        bytes.fromhex("300906072a8648ce3d0401"),
    )
    old = legitimate.certificate.tbs_certificate_bytes
    inner = _sequence(old[old.index(b"\xa0\x03\x02\x01\x02") :].replace(sha256, sha1, 1))
    signature = ROOT.key.sign(inner, ec.ECDSA(hashes.SHA1()))
    bits = b"\x03" + bytes([len(signature) + 1]) + b"\0" + signature
    der = _sequence(inner + sha1 + bits)
    return replace(legitimate, certificate=x509.load_der_x509_certificate(der))


def _sequence(body: bytes) -> bytes:
    """A sequence of ASN.1 in DER."""
    size = bytes([0x81, len(body)]) if len(body) < 256 else b"\x82" + len(body).to_bytes(2, "big")
    return b"\x30" + size + body


@pytest.mark.guarantee("G1")
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_other_certificate_is_believed(attack: Attack) -> None:
    bundle = _signed_anyhow(attack.chain())
    assert refused(bundle, attack.trust) == attack.code


def _signed_anyhow(chain: Sequence[Issued]) -> bytes:
    """A bundle with any chain; of keys that safeload does not sign with, the signature is not."""
    own = chain[0].key
    if not isinstance(own, ec.EllipticCurvePrivateKey) or isinstance(own.curve, ec.SECP256K1):
        own = key("another")
    return signed_bundle(PAYLOAD, SigningKey._of(own), [each.der for each in chain])


# When: of signing, of verifying, what the trust file says more, and what comes of it.
FROM, UNTIL = NOW - 100 * DAY, NOW + 100 * DAY
ACCEPT = 'expired = "accept"'
TIMES: dict[str, tuple[datetime, datetime, str, str]] = {
    "signed and verified while it is valid": (NOW - DAY, NOW, "", ""),
    "signed and verified in its first second": (FROM, FROM, "", ""),
    "signed and verified in its last second": (UNTIL, UNTIL, "", ""),
    "verified after it expired": (NOW, UNTIL + DAY, "", "certificate-expired"),
    "verified a second after it expired": (
        NOW,
        UNTIL + timedelta(seconds=1),
        "",
        "certificate-expired",
    ),
    "verified before it is valid": (FROM, FROM - DAY, "", "certificate-not-yet-valid"),
    "signed before it was valid": (FROM - DAY, NOW, "", "certificate-not-valid"),
    "signed after it expired": (UNTIL + DAY, UNTIL + DAY, "", "certificate-not-valid"),
    "signed in a future when it will have expired": (UNTIL + DAY, NOW, "", "certificate-not-valid"),
    "dated back by whoever has the expired key": (NOW, END, "", "certificate-expired"),
    "verified after it expired, which is accepted": (NOW, UNTIL + DAY, ACCEPT, ""),
    "signed after it expired, although that is accepted": (
        UNTIL + DAY,
        UNTIL + 2 * DAY,
        ACCEPT,
        "certificate-not-valid",
    ),
    "verified before it is valid, although expiry is accepted": (
        FROM,
        FROM - DAY,
        ACCEPT,
        "certificate-not-yet-valid",
    ),
    "verified after its root expired": (NOW, END + DAY, "", "certificate-expired"),
    "verified after its root expired, which is accepted": (NOW, END + DAY, ACCEPT, ""),
    "verified when the holder is trusted no more": (
        NOW,
        NOW + 2 * DAY,
        f"not_after = {(NOW + DAY).isoformat()}",
        "signer-not-current",
    ),
    "verified after it expired, when the holder is trusted no more": (
        NOW,
        UNTIL + DAY,
        f"{ACCEPT}\nnot_after = {UNTIL.isoformat()}",
        "signer-not-current",
    ),
    "verified before the holder is trusted": (
        NOW,
        NOW,
        f"not_before = {(NOW + DAY).isoformat()}",
        "signer-not-current",
    ),
}


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("case", TIMES.values(), ids=TIMES)
def test_a_certificate_is_good_while_it_is_valid(
    case: tuple[datetime, datetime, str, str],
) -> None:
    signing, verifying, more, code = case
    payload = payload_of(signed=signing, not_after=None)
    bundle = signed([leaf(BETWEEN, start=FROM, end=UNTIL), BETWEEN], payload)
    trust = entry(ROOT.pem, "acme", 'models = ["churn"]', more)
    if code:
        assert refused(bundle, trust, now=verifying) == code
    else:
        assert authorised(bundle, trust, now=verifying)


ENDS = {
    "with the certificate": ("", None, UNTIL),
    "never, where expired ones are accepted": (ACCEPT, None, None),
    "with the statement": ("", UNTIL - DAY, UNTIL - DAY),
    "with the certificate, and not with the statement": ("", UNTIL + DAY, UNTIL),
    "with the holder's entry": (f"not_after = {NOW.isoformat()}", UNTIL, NOW),
}


@pytest.mark.parametrize("case", ENDS.values(), ids=ENDS)
def test_it_is_known_when_a_signature_ends(
    case: tuple[str, datetime | None, datetime | None],
) -> None:
    more, not_after, end = case
    bundle = signed(
        [leaf(BETWEEN, start=FROM, end=UNTIL), BETWEEN], payload_of(not_after=not_after)
    )
    payload, grant = authorised(bundle, entry(ROOT.pem, "acme", 'models = ["churn"]', more))
    assert believed_until(payload, Manifest.from_payload(payload), grant) == end


def test_what_was_signed_before_a_root_was_renewed_is_believed() -> None:
    renewed = root("root", start=NOW - DAY, end=END + 365 * DAY)
    assert authorised(BUNDLE, entry(renewed.pem))


def test_an_authority_that_expired_ends_what_is_below_it() -> None:
    above = between("between", ROOT, end=NOW + DAY)
    bundle = signed([leaf(above), above])
    assert authorised(bundle)
    assert refused(bundle, now=NOW + 2 * DAY) == "certificate-expired"


def test_a_statement_that_does_not_say_when_it_was_signed_ends_with_its_certificate() -> None:
    nameless = edited(PAYLOAD, lambda value: value["subject"][0].pop("annotations"))
    trust = entry(ROOT.pem, "acme", 'models = ["*"]', ACCEPT)
    bundle = UnverifiedBundle.read(signed([LEAF, BETWEEN], nameless))
    trusted = TrustFile.parse(trust.encode())
    for now, ends in ((NOW, False), (END + DAY, True)):
        payload = trusted.verify(bundle, now=now)
        manifest = Manifest.from_payload(payload)
        if not ends:
            assert trusted.authorise(payload, manifest, wanted=None, now=now)
            continue
        with pytest.raises(TrustError) as caught:
            trusted.authorise(payload, manifest, wanted=None, now=now)
        assert caught.value.code == "certificate-expired"


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("whose", [LEAF, BETWEEN, ROOT], ids=["leaf", "authority", "root"])
def test_the_key_of_any_certificate_on_the_path_can_be_revoked(whose: Issued) -> None:
    key_id = SigningKey._of(whose.key).public.key_id
    assert refused(BUNDLE, f'{TRUST}[revoked]\nkeys = ["{key_id}"]\n') == "revoked"


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ('models = ["fraud"]', "signer-not-allowed"),
        (f'models = ["*"]\nonly = ["{"0" * 64}"]', "signer-retired"),
    ],
)
def test_a_holder_of_a_certificate_signs_what_they_may(more: str, code: str) -> None:
    assert refused(BUNDLE, entry(ROOT.pem, "acme", more)) == code


@pytest.mark.guarantee("G2")
@given(data=st.data())
def test_a_bundle_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    changed = bytearray(BUNDLE)
    index = data.draw(st.integers(0, len(changed) - 1))
    changed[index] ^= data.draw(st.integers(1, 255))
    # The key's id beside a certificate is looked at by nobody.
    keyid = BUNDLE.index(b'"keyid":"') + 9
    if keyid <= index < keyid + 64:
        return
    with pytest.raises(TrustError):
        authorised(bytes(changed))


@pytest.mark.guarantee("G2")
@given(data=st.data())
def test_a_certificate_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    der = bytearray(LEAF.der)
    der[data.draw(st.integers(0, len(der) - 1))] ^= data.draw(st.integers(1, 255))
    bundle = signed_bundle(PAYLOAD, SigningKey._of(LEAF.key), [bytes(der), BETWEEN.der])
    with pytest.raises(TrustError):
        authorised(bundle)


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("left_out", range(1, 8))
def test_a_signature_of_a_certificate_is_made_of_whole_bytes(left_out: int) -> None:
    # No signature covers that number, and readers ignore it where the bits left out are zero.
    der = bytearray(LEAF.der)
    der[-len(x509.load_der_x509_certificate(LEAF.der).signature) - 1] = left_out
    bundle = signed_bundle(PAYLOAD, SigningKey._of(LEAF.key), [bytes(der), BETWEEN.der])
    assert refused(bundle) == "certificate-malformed"


@given(certificates=st.lists(st.binary(min_size=1, max_size=64), min_size=1, max_size=9))
def test_any_bytes_are_refused_as_certificates(certificates: list[bytes]) -> None:
    bundle = signed_bundle(PAYLOAD, SigningKey._of(LEAF.key), certificates)
    assert refused(bundle) in {"bundle-malformed", "certificate-malformed"}


KEY = SigningKey._of(LEAF.key)
KEY_TRUSTED = entry_text("alice", KEY.public, ["churn"])


@pytest.mark.guarantee("G3")
def test_a_bundle_of_one_kind_never_verifies_as_another() -> None:
    # The same key, trusted as a key, does not make its certificate trusted, nor the other way.
    assert refused(BUNDLE, KEY_TRUSTED) == "signer-unknown"
    assert refused(signed_bundle(PAYLOAD, KEY), TRUST) == "signer-unknown"
    both = KEY_TRUSTED + TRUST
    assert authorised(BUNDLE, both)[1].name == "acme"
    assert authorised(signed_bundle(PAYLOAD, KEY), both)[1].name == "alice"
    with pytest.raises(TrustError) as caught:
        verify(UnverifiedBundle.read(BUNDLE), [KEY.public])
    assert caught.value.code == "signer-unknown"


@pytest.mark.guarantee("G3")
def test_the_id_of_a_key_beside_a_certificate_says_nothing() -> None:
    other = edited(BUNDLE, setting("dsseEnvelope", "signatures", 0, "keyid", to="0" * 64))
    assert authorised(other)[1].name == "acme"


def test_a_single_certificate_may_stand_in_the_place_of_a_chain() -> None:
    holder = leaf(ROOT)
    bundle = json.loads(signed([holder]))
    chain = bundle["verificationMaterial"].pop("x509CertificateChain")
    bundle["verificationMaterial"]["certificate"] = chain["certificates"][0]
    assert authorised(json.dumps(bundle).encode())


MALFORMED: dict[str, Callable[[dict[str, object]], object]] = {
    "a key beside the chain": lambda material: material.update(
        publicKey={"hint": KEY.public.key_id}
    ),
    "a certificate beside the chain": lambda material: material.update(
        certificate={"rawBytes": "AA=="}
    ),
    "no certificate": lambda material: material.update(x509CertificateChain={"certificates": []}),
    "no list": lambda material: material.update(x509CertificateChain={"certificates": {}}),
    "no chain": lambda material: material.update(x509CertificateChain=None),
    "more than a chain": lambda material: material.update(
        x509CertificateChain={"certificates": [{"rawBytes": "AA=="}], "trust": "me"}
    ),
    "more than a certificate": lambda material: material.update(
        x509CertificateChain={"certificates": [{"rawBytes": "AA==", "trust": "me"}]}
    ),
    "base64 with bits left over": lambda material: material.update(
        x509CertificateChain={"certificates": [{"rawBytes": "AB=="}]}
    ),
    "base64 for URLs": lambda material: material.update(
        x509CertificateChain={"certificates": [{"rawBytes": "-_-_"}]}
    ),
}


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED)
def test_a_chain_of_another_form_is_no_bundle(
    change: Callable[[dict[str, object]], object],
) -> None:
    assert refused(edited(BUNDLE, lambda value: change(value["verificationMaterial"]))) == (
        "bundle-malformed"
    )


def test_text_of_a_certificate_is_escaped() -> None:
    bundle = signed([leaf(ROOT, identities=("urn:\x1b[31m",))])
    with pytest.raises(TrustError) as caught:
        authorised(bundle)
    assert "\x1b" not in caught.value.message


def test_a_certificate_in_pem_is_none_in_der() -> None:
    pem = LEAF.certificate.public_bytes(Encoding.PEM)
    assert refused(signed_bundle(PAYLOAD, KEY, [pem])) == "certificate-malformed"


def test_bytes_after_a_certificate_are_refused() -> None:
    assert (
        refused(signed_bundle(PAYLOAD, KEY, [LEAF.der + b"\0", BETWEEN.der]))
        == "certificate-malformed"
    )
