"""``[identities.*]``: an identity that sigstore vouches for, and what it may sign.

Trust: the trust file is the caller's own. A file that it names is read by
:mod:`safeload.trust.trustfile`, which refuses one that others could have put there.

Source: sigstore_trustroot.proto (the trusted root); Fulcio's certificate specification (identity
and issuer).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from safeload.trust.tables.faults import Unfit
from safeload.trust.tables.grants import GRANT, Grant, granted, shown
from safeload.trust.tables.values import known, line

__all__ = ["TrustedIdentity", "trusted_identity"]

_IDENTITY = frozenset({"identity", "issuer", "trusted_root"}) | GRANT
_CHARACTERS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIdentity(Grant):
    """An identity with what it may sign.

    Attributes:
        identity: The subject alternative name of its certificates, exactly.
        issuer: Who said so: the issuer of the OpenID Connect token, exactly.
        trusted_root: The pinned keys of the authorities, JSON as sigstore distributes it.
    """

    identity: str
    issuer: str
    trusted_root: bytes = field(repr=False)


def trusted_identity(name: str, value: object, files: Mapping[str, bytes]) -> TrustedIdentity:
    """Parse the table of an identity.

    Args:
        name: Who it is.
        value: The table.
        files: What is in the files that the trust file names, by the text that names them.
    """
    where, place = shown("identities", name), ("identities", name)
    found = known(value, where, _IDENTITY, *place)
    texts = {
        entry: line(found.get(entry), f"{entry} of {where}", (*place, entry), most=_CHARACTERS)
        for entry in ("identity", "issuer", "trusted_root")
    }
    root = files[texts["trusted_root"]]
    if not root.lstrip().startswith(b"{"):
        why = f"the trusted_root of {where} is not a file of JSON"
        raise Unfit(why, *place, "trusted_root")
    return TrustedIdentity(
        identity=texts["identity"],
        issuer=texts["issuer"],
        trusted_root=root,
        **granted(found, "identities", name),
    )
