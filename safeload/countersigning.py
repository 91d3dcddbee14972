"""Countersigning: a model that somebody signed gets another signer's bundle beside the first one.

Both bundles are over the very same statement, so a trust file can demand that several people vouch
for one model. Who countersigns looks for themselves: the first signature is verified with their own
trust file, and the file is scanned anew and judged by their own policy, against what the statement
lists and no more.

Trust: the file and its bundle are hostile until the first signature and the digest are verified.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from safeload.artefact import Artefact, Progress
from safeload.errors import TrustError
from safeload.gate import Verified, demanded, narrowed, packs_for
from safeload.limits import Limits
from safeload.loading.admit import admit
from safeload.parameters import check_arguments
from safeload.policy.policy import Policy
from safeload.signing import changed, unwritable
from safeload.trust.countersignatures import labelled_path
from safeload.trust.envelope import UnverifiedBundle, VerifiedPayload, seal
from safeload.trust.envelope import verify as verify_bundle
from safeload.trust.keys import Passphrase, SigningKey
from safeload.trust.manifest import Manifest
from safeload.trust.names import require_name
from safeload.trust.pairs import first_accepted
from safeload.trust.trustfile import TrustFile
from safeload.writing.files import NewFile, put, writing

__all__ = ["Countersigned", "countersign"]

_Path = str | os.PathLike[str]
_MODE = 0o666
# Digits of the key id and of the statement's digest in a label, so that nobody's bundle takes the
# place of another one.
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Countersigned:
    """What was countersigned.

    Attributes:
        bundle: Where the new bundle is.
        manifest: What was vouched for.
        signer: Name of the first signer in the trust file.
    """

    bundle: Path
    manifest: Manifest
    signer: str


def countersign(
    path: _Path,
    *,
    key: _Path | SigningKey,
    trust: _Path | TrustFile | None = None,
    name: str | None = None,
    label: str | None = None,
    passphrase: Passphrase | None = None,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Countersigned:
    """Sign the statement that a trusted signer made about a model, with another key.

    Args:
        path: The model; its bundle lies beside it.
        key: The signing key, or the file it is in.
        trust: The trust file that the first signer is in; by default the one in the user's
            configuration directory.
        name: The model's name as signed; any that the first signer may sign unless given.
        label: What stands in the name of the new bundle, 1 to 64 letters, digits, ``-`` and ``_``;
            by default made of the key and the statement.
        passphrase: Of the key file, or a function that asks for it.
        policy: A policy, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        limits: Bounds on the work.
        progress: Told how many bytes each step of reading took.

    Returns:
        Where the new bundle is, and what it vouches for.

    Raises:
        ArtefactError: The file cannot be taken in.
        TrustError: No trusted signature covers it, or the key is that of its signer
            (``signer-repeated``).
        RefusedError: Its content is not allowed, or was not read in full.
        UsageError: The key, trust file or policy file cannot be used, or an argument is none that
            its parameter takes.
    """
    check_arguments(**locals())
    if name is not None:
        require_name(name)
    signing_key = (
        key if isinstance(key, SigningKey) else SigningKey.read(key, passphrase=passphrase)
    )
    bounds = limits or Limits()
    trusted = trust if isinstance(trust, TrustFile) else TrustFile.read(trust)
    artefact = Artefact.read(path, limits=bounds, progress=progress)

    def judged(bundle: UnverifiedBundle) -> tuple[VerifiedPayload, Verified]:
        # Steps 2 to 5 of the gate, without the number of signers, which is about to grow.
        payload = verify_bundle(bundle, trusted.keys)
        manifest = Manifest.from_payload(payload)
        signer = trusted.authorise(payload, manifest, wanted=name).name
        rule, extra = trusted.rule_of(manifest.require_model().name), packs_for(trusted, manifest)
        manifest.check_digest(artefact.path.name, size=artefact.size, sha256=artefact.sha256)
        return payload, Verified(artefact, manifest, signer, (signer,), rule, extra)

    payload, verified = first_accepted(artefact.path, artefact.sha256, bounds, judged)
    allowed = demanded(verified, Policy.of(policy, packs=packs), given=policy)
    admit(artefact, narrowed(allowed, verified.manifest.require_model()), bounds)
    key_id = signing_key.public.key_id
    if key_id == payload.key.key_id:
        raise TrustError(
            "This key has signed the model already.",
            code="signer-repeated",
            hint="Countersign with the key of another signer.",
        )
    where = labelled_path(artefact.path, label or f"{key_id[:_DIGITS]}-{payload.sha256[:_DIGITS]}")
    bundle = seal(payload.payload, signing_key)
    try:
        with writing(where.parent) as folder:
            if not artefact.is_current():
                raise changed()
            put(folder, NewFile(where.name, bundle, _MODE))
    except OSError as error:
        raise unwritable("bundle", error) from error
    return Countersigned(where, verified.manifest, verified.signer)
