"""Hosts of a cloud on loopback: a tunnel that leads to them by their names, and their certificates.

The libraries of the clouds are told of a proxy and of a certificate authority by their environment,
as in many a company, so that they speak to these hosts as to the real ones.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["Certificates", "Tunnel"]


class Certificates:
    """A certificate for some hosts, and who issued it.

    Attributes:
        authority: The issuer's certificate, a file in PEM.
        chain: The hosts' certificate, a file in PEM.
        key: Their key, a file in PEM.
    """

    def __init__(self, folder: Path, *hosts: str) -> None:
        self.authority, self.chain, self.key = (
            folder / name for name in ("authority.pem", "chain.pem", "key.pem")
        )
        issuer, issuer_name = ec.generate_private_key(ec.SECP256R1()), _name("Test authority")
        own = ec.generate_private_key(ec.SECP256R1())
        root = (
            _builder(issuer_name, issuer_name, issuer.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(issuer, hashes.SHA256())
        )
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        leaf = (
            _builder(_name("Test hosts"), issuer_name, own.public_key())
            .add_extension(names, critical=False)
            .sign(issuer, hashes.SHA256())
        )
        self.authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
        self.chain.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


class Tunnel:
    """A proxy that understands ``CONNECT``, and leads to one port whatever host is asked for.

    Attributes:
        address: What to put into ``HTTPS_PROXY``.
        asked: The hosts that were asked for.
    """

    def __init__(self, port: int) -> None:
        self.asked: set[str] = set()
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._lead, args=(connection,), daemon=True).start()

    def _lead(self, connection: socket.socket) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n") and (byte := connection.recv(1)):
            request += byte
        verb, _, rest = request.partition(b" ")
        if verb != b"CONNECT":
            connection.close()
            return
        self.asked.add(rest.partition(b":")[0].decode())
        with connection, socket.create_connection(("127.0.0.1", self._port)) as host:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(host, connection), daemon=True)
            back.start()
            _pump(connection, host)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
