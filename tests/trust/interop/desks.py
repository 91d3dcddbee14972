"""A model, keys, and the other tools, run as people run them.

The other tools are the ``model_signing`` command line, run by this interpreter, and ``openssl``.
Where one of them is missing, tests fail: a form that nobody else has read is no standard.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from safeload.trust.bundle import bundle_path, read_bundle
from safeload.trust.envelope import signed_bundle, verify
from safeload.trust.keys import KeyType, SigningKey
from safeload.trust.manifest import Manifest, Model, Resource, to_payload
from safeload.trust.trustfile import TrustFile
from tests.trust.statements import CONTENT, MODEL, SHA256

__all__ = ["CURVES", "DIGESTS", "Desk", "every_curve", "model_signing", "openssl", "run"]

CURVES = [KeyType.P256, KeyType.P384, KeyType.P521]
DIGESTS = {KeyType.P256: "-sha256", KeyType.P384: "-sha384", KeyType.P521: "-sha512"}
every_curve = pytest.mark.parametrize("key_type", CURVES)


def run(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def model_signing(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "model_signing", *arguments)


def openssl(*arguments: str | Path) -> None:
    done = run("openssl", *arguments)
    assert done.returncode == 0, done.stderr


class Desk:
    """A directory with a model, a key pair of safeload's making, and the way to sign."""

    def __init__(self, directory: Path, key_type: KeyType) -> None:
        self.key = SigningKey.generate(key_type)
        self.private = directory / "signing.key"
        self.key.write(self.private, passphrase=None)
        self.public = directory / "signing.pub"
        self.public.write_text(self.key.public.pem, encoding="ascii")
        self.folder = directory / "model"
        self.folder.mkdir()
        self.file = self.folder / "churn.joblib"
        self.file.write_bytes(CONTENT)
        self.bundle = bundle_path(self.file)
        self.trust = TrustFile.parse(
            f'[keys.alice]\npublic = """\n{self.key.public.pem}"""\nmodels = ["*"]\n'.encode()
        )

    def sign(self, name: str, model: Model | None = MODEL) -> None:
        payload = to_payload(
            subject=self.file.name, resources=[Resource(name, SHA256)], model=model
        )
        self.bundle.write_bytes(signed_bundle(payload, self.key))

    def manifest(self) -> Manifest:
        payload = verify(read_bundle(self.bundle), [self.key.public])
        return Manifest.from_payload(payload)

    def model_signing_verifies(self, path: Path, *options: str) -> bool:
        where = ["--signature", str(self.bundle), "--public_key", str(self.public)]
        return model_signing("verify", "key", path, *where, *options).returncode == 0
