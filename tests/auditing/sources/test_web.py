"""Whatever a web server does, an audit ends with a file that was read in full or a reason."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import safeload
from safeload.auditing.sources import web
from safeload.errors import SafeloadError, TrustError, UsageError
from safeload.limits import Limits
from safeload.report.json import as_json
from safeload.verdict import FileReport, Verdict
from tests.auditing.sources.hostile import MODEL, Server, serving

DIGEST = hashlib.sha256(MODEL).hexdigest()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(Server(elsewhere="http://127.0.0.1:1/")) as started:
        yield started


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy stands between, and nobody is waited for as long as usual."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(web, "_SILENCE", 1.0)


def audited(address: str, limits: Limits | None = None) -> FileReport:
    (found,) = safeload.audit(address, limits=limits).files
    return found


@pytest.mark.parametrize("path", ["legitimate", "without-length", "chunked", "moved"])
def test_a_file_is_read_however_its_length_is_said(server: Server, path: str) -> None:
    found = audited(server.url(f"{path}.pkl"))
    assert (found.verdict, found.sha256, found.size) == (Verdict.ACCEPT, DIGEST, len(MODEL))


@pytest.mark.parametrize(
    "path",
    [
        *("nothing-there", "forbidden", "broken", "zipped", "longer", "negative", "huge"),
        *("silent", "stuck", "circle", "away", "to-file", "partial", "endless"),
    ],
)
def test_a_file_that_the_server_does_not_give_is_incomplete(server: Server, path: str) -> None:
    found = audited(server.url(f"{path}.pkl"), Limits(bytes_in=1 << 20))
    assert (found.verdict, found.sha256) == (Verdict.INCOMPLETE, "")
    assert [finding.rule for finding in found.findings] == ["SL000"]


def test_a_page_in_place_of_a_model_is_named(server: Server) -> None:
    found = audited(server.url("sign-in.pkl"))
    assert (found.verdict, [each.rule for each in found.findings]) == (
        Verdict.INCOMPLETE,
        ["SL001"],
    )


def test_a_file_that_is_cut_by_its_own_length_is_never_accepted(server: Server) -> None:
    assert audited(server.url("shorter.pkl")).verdict is not Verdict.ACCEPT


def test_no_secret_of_an_address_is_in_a_report_or_an_error(server: Server) -> None:
    secret = "hunter2"
    for path in ("legitimate", "broken", "longer", "nothing-there", "circle"):
        address = server.url(f"{path}.pkl?X-Amz-Signature={secret}#{secret}", user=f"me:{secret}@")
        report = as_json(safeload.audit(address))
        assert secret not in report
        assert f"{path}.pkl" in report
        with pytest.raises(TrustError if path == "legitimate" else UsageError) as caught:
            safeload.audit(*[address] * (1 if path == "legitimate" else 2), expect_sha256="0" * 64)
        assert secret not in f"{caught.value}{caught.value.hint}"
    assert any(authorization for _, authorization in server.asked)


def test_credentials_are_not_carried_to_another_server(server: Server) -> None:
    with serving(Server(elsewhere=server.url("legitimate.pkl"))) as first:
        server.asked.clear()
        found = audited(first.url("away.pkl", user="me:secret@"))
        assert found.verdict is Verdict.ACCEPT
        assert next(authorization for _, authorization in first.asked) is not None
        assert server.asked == [("/legitimate.pkl", None)]


def test_only_the_expected_digest_is_taken(server: Server) -> None:
    address = server.url("legitimate.pkl")
    report = safeload.audit(address, expect_sha256=DIGEST.upper())
    assert report.exit_code == 0
    with pytest.raises(TrustError) as caught:
        safeload.audit(address, expect_sha256="0" * 64)
    assert (caught.value.code, caught.value.exit_code) == ("digest-mismatch", 1)
    assert safeload.audit(server.url("broken.pkl"), expect_sha256=DIGEST).exit_code == 3
    for wrong in ("0" * 63, "g" * 64):
        with pytest.raises(UsageError):
            safeload.audit(address, expect_sha256=wrong)


def test_a_certificate_that_nobody_vouches_for_ends_the_reading(
    tmp_path: Path, server: Server
) -> None:
    with serving(Server(elsewhere=server.url("legitimate.pkl"))) as secured:
        secured.secure(self_signed(tmp_path))
        found = audited(secured.url("legitimate.pkl"))
        assert (found.verdict, found.sha256) == (Verdict.INCOMPLETE, "")
        assert secured.asked == []


def test_no_redirect_leads_from_https_to_http(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "pair.pem"))
    import aiohttp.connector

    trusting = ssl.create_default_context(cafile=tmp_path / "pair.pem")
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting)
    with serving(Server(elsewhere=server.url("legitimate.pkl"))) as secured:
        secured.secure(context)
        assert audited(secured.url("legitimate.pkl")).verdict is Verdict.ACCEPT
        assert audited(secured.url("away.pkl")).verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("ftp://host/model.pkl", "address-unknown"),
        ("s3+http://host/model.pkl", "address-unknown"),
        ("https:///model.pkl", "address-malformed"),
        ("https://[model.pkl", "address-malformed"),
        ("s3://key:secret@bucket/model.pkl", "address-credentials"),
        ("az://box/model.pkl?sv=1&sig=secret", "address-credentials"),
    ],
)
def test_an_address_that_nothing_reads_is_an_error_without_its_secrets(
    address: str, code: str
) -> None:
    with pytest.raises(SafeloadError) as caught:
        safeload.audit(address)
    assert (caught.value.exit_code, caught.value.code) == (2, code)
    assert "secret" not in f"{caught.value}{caught.value.hint}"


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pair = folder / "pair.pem"
    pair.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    return context
