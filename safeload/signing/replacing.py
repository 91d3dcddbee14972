"""Whose is the bundle that lies where one is to be written? Another's is not replaced unasked.

A bundle is its maker's: of the key that it names, of the key that its certificate is for, or, where
certificates live for minutes, of whom the certificate names and who says so. What says none of
that, and what is no bundle, is somebody else's.

Trust: the file that lies there is hostile, and what it says of its maker is not verified. One that
claims to be made with the signer's own key is replaced as if it were, which whoever could put it
there could have done as well.

Source: Fulcio's object identifiers (oid-info.md), for who says so.
"""

from __future__ import annotations

import stat
from pathlib import Path

from safeload.errors import TrustError, UsageError, printable
from safeload.forks import IMPORTING
from safeload.limits import Limits
from safeload.trust.bundle import read_bundle
from safeload.trust.envelope import Evidence, UnverifiedBundle
from safeload.trust.identities.keyless_signer import KeylessSigner
from safeload.trust.keys import Signer

__all__ = ["maker_of", "require_replaceable_bundle", "signing_maker"]

_KEY = "key "


def maker_of(bundle: UnverifiedBundle) -> str | None:
    """Say who made a bundle, as far as it tells.

    Args:
        bundle: The bundle.

    Returns:
        ``"key "`` and the key id, or an identity in words; None where it does not tell.
    """
    if bundle.evidence is Evidence.KEY:
        return _KEY + bundle.unverified_key_id if bundle.unverified_key_id else None
    # Most bundles bring no certificate, and importing this takes as long as loading a small model.
    with IMPORTING:
        from safeload.trust.identities.certificates import Leaf
    try:
        leaf = Leaf.read(bundle.unverified_certificates)
    except TrustError:
        return None
    if bundle.evidence is Evidence.CERTIFICATES:
        return _KEY + leaf.unverified_key.key_id
    if not leaf.unverified_names:
        return None
    return f"{', '.join(sorted(leaf.unverified_names))} by {leaf.unverified_issuer or 'nobody'}"


def signing_maker(signer: Signer | KeylessSigner) -> str | None:
    """Say who is about to make a bundle, in the words of :func:`maker_of`.

    Args:
        signer: Who signs.

    Returns:
        The key; None for whoever signs with a token, as it is the certificate to come that says who
        that is.
    """
    return None if isinstance(signer, KeylessSigner) else _KEY + signer.public.key_id


def require_replaceable_bundle(
    where: Path,
    maker: str | None,
    *,
    made: bytes | None = None,
    limits: Limits | None = None,
    labelled: bool = False,
) -> None:
    """Require that a bundle may be written where another one may lie.

    Args:
        where: Where it is to be written.
        maker: Who makes it; None where the bundle alone tells.
        made: The bundle, once it is made.
        limits: Bounds; ``bundle_bytes`` applies.
        labelled: Whether it is one of several bundles beside a model.

    Raises:
        UsageError: Another signer's bundle lies there, or something else (``bundle-taken``).
    """
    if not _is_file(where):
        return
    if maker is None and made is not None:
        maker = maker_of(UnverifiedBundle.read(made, limits=limits)) or ""
    try:
        there = maker_of(read_bundle(where, limits))
    except TrustError as error:
        if error.code == "bundle-missing":
            return
        what = "a file that is no bundle of ours"
    else:
        # Before a certificate is issued, it may turn out to be for whoever made that one.
        if there is not None and (there == maker or (maker is None and not there.startswith(_KEY))):
            return
        whose = printable(there or "it does not say whose", limit=200)
        what = f"the bundle of another signer ({whose})"
    beside = "choose another --label (label=)" if labelled else "sign the same statement with --add"
    raise UsageError(
        f"Where the bundle is to be written lies {what}; it was not replaced.",
        code="bundle-taken",
        hint=f"To keep it, {beside}; to have yours in its place, give --replace (replace=True).",
        path=where,
    )


def _is_file(path: Path) -> bool:
    """Whether a regular file lies there; whatever else does is for the writer to refuse."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False
