"""Key files become keys: a private key signs bytes, a public key verifies a signature.

Ed25519, and ECDSA over P-256 (with SHA-256), P-384 (SHA-384) and P-521 (SHA-512) with signatures
in DER. ``model_signing`` knows the three curves, with these very hashes, and no Ed25519. The
algorithm is a property of the key; nothing in a bundle can choose another one.

Trust: key files are the caller's own input. A private key file that others may read, or
could have put there, is refused.
The data and the signature are hostile. A valid ECDSA signature has a second valid form (its ``s``
negated), so a signature never identifies anything: the payload's digest does.

Source: RFC 8032 (Ed25519; section 5.1 for its curve), FIPS 186-5 (ECDSA), RFC 5280 4.1 (SPKI), RFC
8709 (``ssh-ed25519``), RFC 5656 (``ecdsa-sha2-*``).
"""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from safeload.arguments import as_path, require_type
from safeload.errors import TrustError, UsageError, about, printable
from safeload.owners.reading import read_own
from safeload.trust.private import Passphrase, check_length, check_passphrase, load_private
from safeload.trust.secret import Secret, hidden
from safeload.writing.files import NewFile, write_together

__all__ = ["KeyType", "Passphrase", "Signer", "SigningKey", "VerifyingKey", "check_passphrase"]

_Private: TypeAlias = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
_Public: TypeAlias = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey

_PEM_BEGIN = "-----BEGIN PUBLIC KEY-----"
_PEM_END = "-----END PUBLIC KEY-----"
_SSH_PREFIXES = (
    "ssh-ed25519 ",
    "ecdsa-sha2-nistp256 ",
    "ecdsa-sha2-nistp384 ",
    "ecdsa-sha2-nistp521 ",
)
# Ed25519's field, and the y of its points of order 1, 2, 4 and 8: public keys that everybody can
# sign for, at least now and then. RFC 8032 leaves them to the application.
_FIELD = 2**255 - 19
_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_WEAK = frozenset({0, 1, _FIELD - 1, _OF_ORDER_8, _FIELD - _OF_ORDER_8})
# A P-521 key takes 400 bytes; what is so much longer is another file.
_KEY_FILE_BYTES = 64 * 1024
_BYTES = (bytes, bytearray, memoryview)


class KeyType(StrEnum):
    """An algorithm together with its curve."""

    ED25519 = "ed25519"
    P256 = "p256"
    P384 = "p384"
    P521 = "p521"


_CURVES: dict[KeyType, ec.EllipticCurve] = {
    KeyType.P256: ec.SECP256R1(),
    KeyType.P384: ec.SECP384R1(),
    KeyType.P521: ec.SECP521R1(),
}
_ECDSA: dict[KeyType, ec.ECDSA] = {
    KeyType.P256: ec.ECDSA(hashes.SHA256()),
    KeyType.P384: ec.ECDSA(hashes.SHA384()),
    KeyType.P521: ec.ECDSA(hashes.SHA512()),
}


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key; two are equal when their PEM text is.

    Attributes:
        pem: The key as SubjectPublicKeyInfo in PEM, with a final newline.
        key_id: SHA-256 over that text, 64 lower-case hex digits. It selects a key and proves
            nothing.
        key_type: What it verifies with.
    """

    pem: str = field(repr=False)
    key_id: str
    key_type: KeyType
    _public: _Public = field(repr=False, compare=False)

    @classmethod
    def from_text(cls, text: str) -> VerifyingKey:
        """Read a public key.

        Args:
            text: SubjectPublicKeyInfo in PEM, or one line as OpenSSH writes them:
                ``ssh-ed25519`` or ``ecdsa-sha2-nistp256`` (``-384``, ``-521``), base64, comment.

        Returns:
            The key.

        Raises:
            UsageError: The text is no such key, or a key of a type that is not supported.
        """
        require_type(text, "text", str, takes="text")
        text = text.strip()
        if "PRIVATE KEY-----" in text:
            raise UsageError(
                "This is a private key where a public key belongs.",
                code="key-malformed",
                hint="Keep it secret, and give the public key that belongs to it.",
            )
        try:
            if text.startswith(_SSH_PREFIXES) and len(text.splitlines()) == 1:
                # The comment proves nothing and may be in any script.
                line = " ".join(text.split()[:2])
                return cls.of(serialization.load_ssh_public_key(line.encode("ascii")))
            if text.startswith(_PEM_BEGIN) and text.endswith(_PEM_END) and text.count("BEGIN") == 1:
                return cls.of(serialization.load_pem_public_key(text.encode("ascii")))
        except (ValueError, TypeError, NotImplementedError, UnsupportedAlgorithm) as error:
            raise _malformed_public_key() from error
        raise _malformed_public_key()

    @classmethod
    def of(cls, public: object) -> VerifyingKey:
        """Wrap a public key of the ``cryptography`` package.

        Raises:
            UsageError: Keys of its type are not supported, or anybody can sign for it
                (``key-weak``).
        """
        if isinstance(public, ed25519.Ed25519PublicKey):
            key_type = KeyType.ED25519
            _check_strength(public)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            key_type = _type_of(public.curve)
        else:
            raise _unsupported()
        pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return cls(pem.decode("ascii"), hashlib.sha256(pem).hexdigest(), key_type, public)

    def verify(self, signature: bytes, data: bytes) -> None:
        """Return when this key signed the data, and raise in every other case.

        Args:
            signature: 64 bytes for Ed25519, DER for ECDSA.
            data: What was signed.

        Raises:
            TrustError: The signature is not this key's over this data.
            UsageError: One of them is not of bytes.
        """
        for value, parameter in ((signature, "signature"), (data, "data")):
            require_type(value, parameter, *_BYTES, takes="bytes")
        try:
            if isinstance(self._public, ed25519.Ed25519PublicKey):
                self._public.verify(signature, data)
            else:
                self._public.verify(signature, data, _ECDSA[self.key_type])
        except InvalidSignature as error:
            raise TrustError(
                "The signature does not belong to this key and these bytes.",
                code="signature-invalid",
                hint="The bundle was changed or made with another key; get the original again.",
            ) from error


class Signer(ABC):
    """Whoever can sign with one key: a file's key here, or what holds a key elsewhere.

    Attributes:
        public: The public key that belongs to it.
    """

    __slots__ = ()

    public: VerifyingKey

    def sign(self, data: bytes) -> bytes:
        """Sign bytes, and hand the signature on only if the public key verifies it.

        Args:
            data: What to sign.

        Returns:
            64 bytes for Ed25519, DER for ECDSA.

        Raises:
            UsageError: The data are not of bytes, or the key cannot be used.
            TrustError: What came back is not this key's signature (``signer-wrong``).
        """
        require_type(data, "data", *_BYTES, takes="bytes")
        signature = self.unverified_signature(data)
        try:
            self.public.verify(signature, data)
        except TrustError as error:
            raise TrustError(
                "What holds the key returned a signature that its public key does not verify.",
                code="signer-wrong",
                hint="Nothing was signed. Find out what answered in its place, or is broken.",
            ) from error
        return signature

    @abstractmethod
    def unverified_signature(self, data: bytes) -> bytes:
        """What the holder of the key makes of some bytes, for :meth:`sign` to check.

        Args:
            data: What to sign.

        Returns:
            64 bytes for Ed25519, DER for ECDSA, if all is well.

        Raises:
            UsageError: The key cannot be used.
        """


@dataclass(frozen=True, slots=True)
class SigningKey(Signer):
    """A private key. Neither its ``repr`` nor an error shows the secret.

    Attributes:
        public: The public key that belongs to it.
    """

    public: VerifyingKey
    _private: _Private = field(repr=False, compare=False)

    @classmethod
    def generate(cls, key_type: KeyType = KeyType.ED25519) -> SigningKey:
        """Make a new key from the system's randomness.

        Args:
            key_type: A :class:`KeyType`, or the text that is its value.

        Raises:
            UsageError: Keys of this type are not supported.
        """
        require_type(key_type, "key_type", str, takes="a KeyType")
        try:
            wanted = KeyType(str.__str__(key_type))
        except ValueError as error:
            raise _unsupported() from error
        if wanted is KeyType.ED25519:
            return cls._of(ed25519.Ed25519PrivateKey.generate())
        return cls._of(ec.generate_private_key(_CURVES[wanted]))

    @classmethod
    def _of(cls, private: object) -> SigningKey:
        if not isinstance(private, _Private):
            raise _unsupported()
        return cls(VerifyingKey.of(private.public_key()), private)

    @classmethod
    def read(
        cls, path: str | os.PathLike[str], *, passphrase: Passphrase | None = None
    ) -> SigningKey:
        """Read a private key file.

        Args:
            path: PKCS#8 in PEM, encrypted or not; what ``openssl`` writes for EC keys will do, and
                what ``ssh-keygen`` writes.
            passphrase: The passphrase, or a callable that is asked for it only if the file is
                encrypted. A file that is not encrypted needs none.

        Returns:
            The key.

        Raises:
            UsageError: The file cannot be read, others may read it or could have written it
                (``key-permissions``), it holds no supported private key, or the passphrase is
                missing or wrong.
        """
        passphrase = hidden(passphrase)
        where = as_path(path, "key")
        check_passphrase(passphrase)
        try:
            data, _ = read_own(
                where,
                noun="key file",
                code="key-permissions",
                limit=_KEY_FILE_BYTES,
                secret=True,
            )
        except OSError as error:
            raise UsageError(
                f"The key file cannot be read: {error.strerror}.",
                code="key-unreadable",
                hint=f"Check that {printable(os.fspath(path))!r} is your key file.",
                path=where,
            ) from error
        data = hidden(data)
        with about(where, given=True):
            return cls._of(load_private(data, passphrase))

    def write(
        self, path: str | os.PathLike[str], *, passphrase: bytes | None, with_public: bool = False
    ) -> None:
        """Write the key to a new file that only its owner may read.

        Args:
            path: Where nothing is yet.
            passphrase: What to encrypt it with, 1 to 1,023 bytes, or None for a file that
                whoever reads it can sign with.
            with_public: Whether to write the public key as well, to a file with ``.pub`` appended
                to the name; then both are written or neither.

        Raises:
            UsageError: A file exists or cannot be written, or the passphrase does not fit.
        """
        passphrase = hidden(passphrase)
        where = as_path(path)
        require_type(passphrase, "passphrase", type(None), bytes, takes="None or bytes")
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if passphrase is not None:
            check_length(passphrase)
            encryption = serialization.BestAvailableEncryption(passphrase)
        pem = Secret(
            self._private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
            )
        )
        files = [NewFile(where.name, pem, 0o600)]
        if with_public:
            # The private key comes last: one that has its name can be signed with at once.
            files.insert(0, NewFile(f"{where.name}.pub", self.public.pem.encode("ascii"), 0o644))
        try:
            write_together(where.parent, files)
        except FileExistsError as error:
            raise UsageError(
                "A file of this name exists, and keys are never overwritten.",
                code="key-exists",
                hint="Choose another name, or move the old key away first.",
                path=where,
            ) from error
        except OSError as error:
            raise UsageError(
                f"The key file cannot be written: {error.strerror}.",
                code="key-unwritable",
                hint=f"Check the directory of {printable(os.fspath(path))!r}.",
                path=where,
            ) from error

    def unverified_signature(self, data: bytes) -> bytes:
        """Sign bytes; :meth:`sign` is what callers want."""
        if isinstance(self._private, ed25519.Ed25519PrivateKey):
            return self._private.sign(data)
        return self._private.sign(data, _ECDSA[self.public.key_type])


def _check_strength(public: ed25519.Ed25519PublicKey) -> None:
    y = int.from_bytes(public.public_bytes_raw(), "little") % 2**255
    if y % _FIELD in _WEAK:
        raise UsageError(
            "This public key is one that anybody can sign for.",
            code="key-weak",
            hint="No tool makes such a key by chance: ask where it came from, and trust another.",
        )


def _type_of(curve: ec.EllipticCurve) -> KeyType:
    for key_type, supported in _CURVES.items():
        if curve.name == supported.name:
            return key_type
    raise _unsupported()


def _unsupported() -> UsageError:
    return UsageError(
        "Keys of this type are not supported.",
        code="key-unsupported",
        hint="Use Ed25519, or ECDSA over P-256, P-384 or P-521.",
    )


def _malformed_public_key() -> UsageError:
    return UsageError(
        "This is not a public key.",
        code="key-malformed",
        hint="Give the text from BEGIN PUBLIC KEY to END PUBLIC KEY, or one line of OpenSSH: "
        "ssh-ed25519 or ecdsa-sha2-nistp256, -384, -521.",
    )
