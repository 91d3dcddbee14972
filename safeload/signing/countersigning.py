"""Countersigning: a model that somebody signed gets another signer's bundle beside the first one.

Both bundles are over the very same statement, so a trust file can demand that several people vouch
for one model. Who countersigns looks for themselves: the first signature is verified with their own
trust file, and the file is scanned anew and judged by their own policy, against what the statement
lists and no more. So is every other file of a folder, by their policy alone.

Trust: the file and its bundle are hostile until the first signature and the digest are verified.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from safeload.arguments import as_path, is_folder
from safeload.artefact import Artefact, Progress
from safeload.demands import demanded, narrowed, packs_for
from safeload.errors import TrustError, about
from safeload.limits import Limits
from safeload.loading.admit import admit
from safeload.parameters import check_arguments
from safeload.policy.policy import Policy
from safeload.signing.folders import form_of_model
from safeload.signing.statement import bundler_of
from safeload.signing.writing import BUNDLE_MODE, changed, unwritable
from safeload.trust.bundle import bundle_path, given_bundle
from safeload.trust.countersignatures import labelled_path
from safeload.trust.envelope import UnverifiedBundle, VerifiedPayload
from safeload.trust.folders import check_folder
from safeload.trust.identities.keyless_signer import KeylessSigner
from safeload.trust.keys import Passphrase, Signer
from safeload.trust.manifest import Manifest
from safeload.trust.names import require_name
from safeload.trust.pairs import first_accepted
from safeload.trust.secret import hidden
from safeload.trust.signers import signer_of
from safeload.trust.trustfile import TrustFile
from safeload.verified import Verified
from safeload.writing.files import NewFile, put, writing

__all__ = ["Countersigned", "countersign"]

_Path = str | os.PathLike[str]
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
    key: _Path | Signer | KeylessSigner,
    trust: _Path | TrustFile | None = None,
    name: str | None = None,
    label: str | None = None,
    passphrase: Passphrase | None = None,
    certificate_chain: _Path | None = None,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    limits: Limits | None = None,
    progress: Progress | None = None,
    replace: bool = False,
) -> Countersigned:
    """Sign the statement that a trusted signer made about a model, with another key.

    Args:
        path: The model: a file beside which its bundle lies, or a signed folder.
        key: The signing key, as :func:`safeload.sign` takes it.
        trust: The trust file that the first signer is in; by default the one in the user's
            configuration directory.
        name: The model's name as signed; any that the first signer may sign unless given.
        label: What stands in the name of the new bundle, 1 to 64 letters, digits, ``-`` and ``_``;
            by default made of the key and the statement.
        passphrase: Of the key file, or a function that asks for it.
        certificate_chain: A file with the key's certificate and those of the authorities above it.
        policy: A policy, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        limits: Bounds on the work.
        progress: Told how many bytes each step of reading took.
        replace: Whether a bundle of the same label may be replaced that another signer made.

    Returns:
        Where the new bundle is, and what it vouches for.

    Raises:
        ArtefactError: The file cannot be taken in.
        TrustError: No trusted signature covers it, or the key is that of its signer
            (``signer-repeated``).
        RefusedError: Its content is not allowed, or was not read in full.
        UsageError: The key, trust file or policy file cannot be used, an argument is none that its
            parameter takes, or another signer's bundle has the label (``bundle-taken``).
    """
    passphrase = hidden(passphrase)
    check_arguments(**locals())
    if name is not None:
        require_name(name)
    signer = key if isinstance(key, KeylessSigner) else signer_of(key, passphrase=passphrase)
    bounds = limits or Limits()
    bundler = bundler_of(signer, None, certificate_chain, replace=replace, limits=bounds)
    with about(path):
        trusted = trust if isinstance(trust, TrustFile) else TrustFile.read(trust)
        vouched = partial(_vouched, as_path(path), trusted, name, bounds)
        # Steps 1 to 5 of the gate, without the number of signers, which is about to grow.
        if is_folder(path):
            payload, verified = vouched(None, given_bundle(bundle_path(path), bounds))
            verified.manifest.require_folder()
            check_folder(verified.path, verified.manifest, trusted.check_file)
            artefact = verified.open_model()
            others = [name for name in verified.files if name != verified.manifest.model_file]
        else:
            artefact = Artefact.of(path, limits=bounds, progress=progress)
            payload, verified = first_accepted(
                artefact.path, artefact.digests, bounds, partial(vouched, artefact)
            )
            others = []
        allowed = demanded(verified, Policy.of(policy, packs=packs), given=policy)
        admit(artefact, narrowed(allowed, verified.manifest.require_model()), bounds)
        # The statement lists what the model uses, and says nothing of what is beside it.
        for other in others:
            form_of_model(other, verified.open(other), allowed, bounds)
        key_id = signer.label if isinstance(signer, KeylessSigner) else signer.public.key_id
        if key_id == payload.key.key_id:
            raise TrustError(
                "This key has signed the model already.",
                code="signer-repeated",
                hint="Countersign with the key of another signer.",
            )
        where = labelled_path(
            verified.path, label or f"{key_id[:_DIGITS]}-{payload.sha256[:_DIGITS]}"
        )
        bundler.require_place(where, labelled=True)
        bundle = bundler.bundle_of(payload.payload)
        try:
            with writing(where.parent) as folder:
                if not artefact.is_current():
                    raise changed()
                # Somebody else may have signed meanwhile.
                bundler.require_place(where, bundle, labelled=True)
                put(folder, NewFile(where.name, bundle, BUNDLE_MODE))
        except OSError as error:
            raise unwritable("bundle", error, where) from error
        return Countersigned(where, verified.manifest, verified.signer)


def _vouched(
    path: Path,
    trusted: TrustFile,
    name: str | None,
    bounds: Limits,
    artefact: Artefact | None,
    bundle: UnverifiedBundle,
) -> tuple[VerifiedPayload, Verified]:
    """What the first signer vouches for; of a file, its bytes are compared, too."""
    payload = trusted.verify(bundle)
    manifest = Manifest.from_payload(payload)
    with about(release=manifest.release):
        signer = trusted.authorise(payload, manifest, wanted=name).name
        rule, packs = trusted.rule_of(manifest.require_model().name), packs_for(trusted, manifest)
        if artefact is not None:
            manifest.require_single()
            manifest.check_content(artefact.path.name, artefact.digests)
            trusted.check_file(artefact.digests)
    return payload, Verified(path, manifest, (signer,), rule, packs, _held=artefact, _limits=bounds)
