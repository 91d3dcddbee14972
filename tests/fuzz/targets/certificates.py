"""Certificates of a bundle: any bytes are read or a TrustError, and only issued ones believed."""

from __future__ import annotations

from cryptography import x509

from safeload.errors import TrustError
from safeload.trust.identities.certificates import Leaf, Roots
from tests.fuzz.target import Target, Violation
from tests.trust.identities.issuing import CODE_SIGNING, IDENTITY, between, leaf, root
from tests.trust.statements import NOW

__all__ = ["TARGET"]

_ROOT = root()
_BETWEEN = between("between", _ROOT)
_LEAVES = (
    leaf(_BETWEEN),
    leaf(_BETWEEN, x509.ExtendedKeyUsage([CODE_SIGNING]), identities=(IDENTITY, "a.example")),
)
_ROOTS = Roots.from_pem(_ROOT.pem)
_NAMES = {IDENTITY, "a.example"}


def _examples() -> list[bytes]:
    return [each.der for each in (*_LEAVES, _BETWEEN, _ROOT)]


def _check(data: bytes) -> None:
    try:
        found = Leaf.read([data, _BETWEEN.der])
        path = found.path_to(_ROOTS, now=NOW)
    except TrustError as error:
        if not (error.message.isascii() and error.message.isprintable()):
            raise Violation("the error cannot be printed") from error
        return
    # A signature has more than one form; what was signed has one.
    if path.key.key_id not in {Leaf.read([each.der]).unverified_key.key_id for each in _LEAVES}:
        raise Violation("a key that was never certified leads to a root")
    if not found.unverified_names <= _NAMES:
        raise Violation("a name that was never certified leads to a root")


TARGET = Target(
    name="certificates",
    about="only what was issued leads to a root",
    examples=_examples,
    check=_check,
)
