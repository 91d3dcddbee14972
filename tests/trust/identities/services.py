"""The services of an instance of sigstore on loopback: Fulcio, Rekor, and GitHub's tokens.

Source: Fulcio's and Rekor's OpenAPI; GitHub's documentation of OpenID Connect in Actions.
"""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.trust.identities.instance import IDENTITY, ISSUER, Instance, as_json

Answer = tuple[int, bytes]


def token_of(*, seconds: int = 600, **claims: Any) -> str:
    """A token; who signed it is looked at by the authority alone, and this one does not."""
    now = int(datetime.now(UTC).timestamp())
    body = {
        "iss": ISSUER,
        "sub": IDENTITY,
        "aud": "sigstore",
        "iat": now - 1,
        "exp": now + seconds,
        **claims,
    }
    parts = [{"alg": "RS256", "typ": "JWT"}, body]
    encoded = [base64.urlsafe_b64encode(as_json(part)).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "AAAA"])


@dataclass
class Services:
    """What runs, and what it shall do wrong.

    Attributes:
        instance: Whose services they are; its trusted root is the one that is right.
        issuing: The instance that issues certificates.
        logging: The instance that takes entries in.
        timing: The instance that signs times.
        certifying: Gets the request's own public key, and gives the one to certify.
        entering: Gets an envelope, and gives the one to log.
        fails: Paths, each with the answer to give in the place of the right one.
        asked: The paths that were asked for.
        tokens: The bearers that were shown.
    """

    instance: Instance
    issuing: Instance
    logging: Instance
    timing: Instance
    certifying: Callable[[Any], Any] = lambda public: public
    entering: Callable[[dict[str, Any]], dict[str, Any]] = lambda envelope: envelope
    fails: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    @property
    def config(self) -> bytes:
        """What signers are given."""
        return as_json(self.instance.client_config)

    def answer(self, path: str, body: bytes, bearer: str) -> Answer:
        self.asked.append(path)
        self.tokens.append(bearer)
        if path in self.fails:
            return self.fails[path]
        if path == "/api/v2/signingCert":
            return 200, as_json(self._certificate(json.loads(body), bearer))
        if path == "/api/v1/log/entries":
            return 201, as_json(self._entry(json.loads(body)))
        if path == "/api/v2/log/entries":
            return 201, as_json(self.logging.second_entry(json.loads(body)))
        if path == "/time":
            return 201, stamped(body, self.timing)
        if path == "/token":
            return 200, as_json({"value": token_of()})
        if path == "/.well-known/openid-configuration":
            url = self.instance.url
            return 200, as_json({"authorization_endpoint": url, "token_endpoint": url})
        return 404, b"{}"

    def _certificate(self, request: dict[str, Any], bearer: str) -> dict[str, Any]:
        asked = base64.b64decode(request["certificateSigningRequest"])
        public = x509.load_pem_x509_csr(asked).public_key()
        claims = bearer.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        certificate = self.issuing.certificate(
            _Public(self.certifying(public)), identity=said["sub"], issuer=said["iss"]
        )
        chain = [certificate, *[each.certificate for each in self.issuing.authorities]]
        pem = [each.public_bytes(Encoding.PEM).decode() for each in chain]
        return {"signedCertificateEmbeddedSct": {"chain": {"certificates": pem}}}

    def _entry(self, proposed: dict[str, Any]) -> dict[str, Any]:
        content = proposed["spec"]["proposedContent"]
        envelope = json.loads(content["envelope"])
        certificate = x509.load_pem_x509_certificate(base64.b64decode(content["verifiers"][0]))
        return self.logging.entry(self.entering(envelope), certificate)


_CLOCK = """
[tsa]
default_tsa = clock
[clock]
serial = serial
signer_digest = sha256
digests = sha256
default_policy = 1.2.3.4.1
ess_cert_id_alg = sha256
"""


def stamped(query: bytes, instance: Instance) -> bytes:
    """What openssl, as an authority for times, answers to a query."""
    clock, _ = instance.clock
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "openssl.cnf").write_text(_CLOCK)
        (folder / "serial").write_text("01")
        (folder / "query").write_bytes(query)
        (folder / "signer.pem").write_text(clock.pem)
        (folder / "signer.key").write_bytes(
            clock.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        command = "ts -reply -config openssl.cnf -queryfile query -signer signer.pem -out reply"
        subprocess.run(
            ["openssl", *command.split(), "-inkey", "signer.key"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        return (folder / "reply").read_bytes()


class _Public:
    """A public key in the place of the private one that it belongs to."""

    def __init__(self, public: Any) -> None:
        self._public = public

    def public_key(self) -> Any:
        return self._public


class _Handler(BaseHTTPRequestHandler):
    services: Services

    def do_POST(self) -> None:
        self._reply(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def do_GET(self) -> None:
        self._reply(b"")

    def _reply(self, body: bytes) -> None:
        bearer = self.headers.get("Authorization", "").partition(" ")[2]
        status, answer = self.services.answer(self.path.partition("?")[0], body, bearer)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running(version: int = 1) -> Iterator[Services]:
    """Services that answer as they should, until told otherwise."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {}))
    now = datetime.now(UTC).replace(microsecond=0)
    minute = timedelta(minutes=1)
    instance = Instance(
        integrated=now,
        lifetime=(now - minute, now + 9 * minute),
        url=f"http://127.0.0.1:{server.server_address[1]}",
        version=version,
    )
    services = Services(instance, instance, instance, instance)
    server.RequestHandlerClass.services = services  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield services
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
