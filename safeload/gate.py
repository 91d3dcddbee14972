"""The gate: what was verified is what was scanned, and what was scanned is all that can run.

Loading a signed model takes these steps, in this order, and each works on what the one before has
proven. The numbers recur in SECURITY.md and in the tests.

1. Read the artefact once; everything below works on those bytes.
2. Verify the signature of the bundle with the trusted keys, certificates and identities.
3. Parse the manifest from the verified payload.
4. Check model name and version, signers' rights and number, expiry, serial, revocation and
   forbidden packs.
5. Compare size and SHA-256 of the bytes with the manifest's; where a ledger is kept, the serial
   with those that were accepted before.
6. Scan the bytes and judge them, native state included; every verdict but ACCEPT ends here.
   Signed bytes that this process accepted before, by the same rules, are not judged again.
7. Import every allowed name, and compare library versions, before anything is unpickled.
8. Unpickle the canonical code under the seal; it is granted those names and no other.
9. Compare the probe's predictions where the caller or the trust file asks for them; where a ledger
   is kept, record that the model is handed over, unless a newer one was meanwhile.

For a file of a third party, steps 6 to 9 can be taken in a process of its own, which can do less
than this one.

Trust: the file and its bundle are hostile until step 5; their content stays hostile to the end.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeload.arguments import as_path, is_folder
from safeload.artefact import Artefact, Hashing, Progress, Source, name_of
from safeload.beside import Beside
from safeload.demands import demanded, narrowed, packs_for
from safeload.errors import TrustError, UsageError, about
from safeload.forks import IMPORTING
from safeload.handed import remember
from safeload.ledger.recording import recorded
from safeload.limits import Isolation, Limits
from safeload.loading.admit import admit, deserialise
from safeload.parameters import check_arguments
from safeload.policy.policy import Policy
from safeload.trust.authority import believed_until
from safeload.trust.bundle import bundle_path, given_bundle, given_bundles
from safeload.trust.countersignatures import Countersignature, countersignatures
from safeload.trust.envelope import UnverifiedBundle
from safeload.trust.folders import check_folder
from safeload.trust.manifest import Manifest
from safeload.trust.names import require_name
from safeload.trust.pairs import first_accepted
from safeload.trust.trustfile import ModelRule, TrustFile
from safeload.trust.wanted import Wanted
from safeload.verified import Verified

if TYPE_CHECKING:
    from safeload.isolation.model import IsolatedModel

__all__ = ["Verified", "dry_run", "load", "load_unsigned", "narrowed", "verify"]

_Path = str | os.PathLike[str]
# A bundle as a caller may give it; or several, over one statement.
_Bundle = _Path | bytes | Sequence[_Path | bytes]
# How often a model may be replaced while it is read. Each time takes the writer longer than us.
_REPLACED = 16


def load(
    source: Source,
    *,
    bundle: _Bundle | None = None,
    trust: _Path | TrustFile | None = None,
    name: str | None = None,
    version: str | None = None,
    min_version: str | None = None,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    probe: bool = False,
    ledger: _Path | None = None,
    allow_rollback: str | None = None,
    mmap_mode: str | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Any:
    """Load a signed model: steps 1 to 9.

    Args:
        source: The model: a path, bytes, or a binary file, which is read to its end; or the path
            of a signed folder, in which the manifest names the model.
        bundle: The signature bundle: a path, or bytes; or a list of several by several signers, of
            which the first is the statement that counts. By default it lies beside the model, with
            ``.sig`` appended to the name, or in the folder as ``model.sig``.
        trust: The trust file; by default the one in the user's configuration directory.
        name: The model's name as signed; any that the signer may sign unless given.
        version: Its version as signed, compared by PEP 440 where both are such versions and as
            text otherwise; any unless given.
        min_version: The least version, of PEP 440. A model whose version is none is refused.
        policy: A policy, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        probe: Predict on the rows that were recorded at signing and compare, even if the trust file
            does not require it.
        ledger: Where the load is recorded, accepted or refused, and where it is looked up that no
            newer release of the model was loaded before; by default the trust file's, if it names
            one.
        allow_rollback: Why an older release may be loaded all the same; kept in the ledger.
        mmap_mode: ``"r"`` or ``"c"`` to view arrays instead of copying them, as in ``joblib``.
        limits: Bounds on the work.
        progress: Told how many bytes each step of reading took.

    Returns:
        The model.

    Raises:
        ArtefactError: The file cannot be taken in.
        TrustError: No trusted signature covers it, it has another version than was asked for, or
            a newer release was loaded before (``rollback``).
        RefusedError: Its content is not allowed, or was not read in full.
        LoadError: It does not load here, predicts otherwise than recorded, or cannot be recorded.
        UsageError: The trust file, policy file or ledger cannot be used, there is no such pack, or
            an argument is none that its parameter takes.
    """
    check_arguments(**locals())
    bounds = limits or Limits()
    wanted = Wanted(name=name, version=version, min_version=min_version)
    allowed = Policy.of(policy, packs=packs)
    record = recorded("load", source, trust, name, ledger=ledger, reason=allow_rollback)
    with about(name_of(source)), record as entry:
        # 1 to 5, and no older release than was loaded before.
        verified = _verified(source, bundle, trust, wanted, bounds, progress, mmap_mode)
        entry.require_current(verified)
        signed = verified.manifest.require_model()
        allowed = demanded(verified, allowed, given=policy)
        # 6
        artefact = verified.open_model(mmap_mode=mmap_mode)
        accepted = admit(artefact, narrowed(allowed, signed), bounds, use_cache=True)
        # 7, 8
        model = deserialise(accepted, allowed, signed=signed.versions, mmap_mode=mmap_mode)
        # 9
        if probe or verified.rule.probe:
            with IMPORTING:
                from safeload.loading.probe import check_probe

            check_probe(model, signed.probe)
    remember(model, verified)
    return model


def dry_run(
    source: Source,
    *,
    bundle: _Bundle | None = None,
    trust: _Path | TrustFile | None = None,
    name: str | None = None,
    version: str | None = None,
    min_version: str | None = None,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    probe: bool = False,
    ledger: _Path | None = None,
    allow_rollback: str | None = None,
    limits: Limits | None = None,
    isolation: Isolation | None = None,
) -> tuple[Verified, IsolatedModel]:
    """Load a signed model and compare the probe, steps 1 to 9, with 6 to 9 in another process.

    Args:
        source: The model: a path, bytes, or a binary file, which is read to its end; or the path
            of a signed folder, in which the manifest names the model.
        bundle: The signature bundle: a path, or bytes; or a list of several by several signers, of
            which the first is the statement that counts. By default it lies beside the model, with
            ``.sig`` appended to the name, or in the folder as ``model.sig``.
        trust: The trust file; by default the one in the user's configuration directory.
        name: The model's name as signed; any that the signer may sign unless given.
        version: Its version as signed, compared by PEP 440 where both are such versions and as
            text otherwise; any unless given.
        min_version: The least version, of PEP 440. A model whose version is none is refused.
        policy: A policy, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        probe: Require that predictions were recorded at signing, even if the trust file does not;
            those that were are compared in any case.
        ledger: Where the load is recorded, accepted or refused, and where it is looked up that no
            newer release of the model was loaded before; by default the trust file's, if it names
            one.
        allow_rollback: Why an older release may be loaded all the same; kept in the ledger.
        limits: Bounds on the work.
        isolation: Bounds on the process.

    Returns:
        What was verified, and the model, which the caller has to close.

    Raises:
        ArtefactError: The file cannot be taken in.
        TrustError: No trusted signature covers it, it has another version than was asked for, or
            a newer release was loaded before (``rollback``).
        RefusedError: Its content is not allowed, or was not read in full.
        LoadError: It does not load there, predicts otherwise than recorded, ends its process, or
            cannot be recorded.
        UsageError: The trust file, policy file or ledger cannot be used, there is no such pack, or
            an argument is none that its parameter takes.
    """
    check_arguments(**locals())
    with IMPORTING:
        from safeload.isolation.model import load_isolated

    bounds = limits or Limits()
    wanted = Wanted(name=name, version=version, min_version=min_version)
    allowed = Policy.of(policy, packs=packs)
    record = recorded("dry-run", source, trust, name, ledger=ledger, reason=allow_rollback)
    with about(name_of(source)), record as entry:
        # 1 to 5, and no older release than was loaded before.
        verified = _verified(source, bundle, trust, wanted, bounds)
        entry.require_current(verified)
        signed = verified.manifest.require_model()
        allowed = demanded(verified, allowed, given=policy)
        # 6 to 9
        model = load_isolated(
            verified.artefact,
            narrowed(allowed, signed),
            bounds,
            isolation or Isolation(),
            signed=signed.versions,
            compare=signed.probe is not None or probe or verified.rule.probe,
            probe=signed.probe,
        )
        entry.unless_accepted(model.close)
    remember(model, verified)
    return verified, model


def load_unsigned(
    source: Source,
    *,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    isolated: bool | Isolation = False,
    mmap_mode: str | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Any:
    """Load a file that nobody signed: steps 1 and 6 to 8 only.

    The allow-list is all that stands between the file and the process: nobody vouches for what
    the model predicts. Sign what you trained, and use :func:`load`. With ``isolated``, a file that
    you were sent never comes into this process: steps 6 to 8 are taken in another one, which can
    do less, and the model stays there.

    What joblib before 0.10 wrote has arrays in files beside it. They are read once each where
    ``source`` is a path, and what was read is judged and loaded; an isolated process is given none.

    Args:
        source: The model: a path, bytes, a binary file, which is read to its end, or what
            :meth:`Verified.open` returned.
        policy: A policy, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        isolated: Whether to load into a process of its own; or the bounds on that process.
        mmap_mode: ``"r"`` or ``"c"`` to view arrays instead of copying them, as in ``joblib``.
        limits: Bounds on the work.
        progress: Told how many bytes each step of reading took.

    Returns:
        The model; an :class:`~safeload.isolation.model.IsolatedModel` if it is isolated.

    Raises:
        ArtefactError: The file cannot be taken in.
        RefusedError: Its content is not allowed, or was not read in full.
        LoadError: It does not load here, or ends the process that it was to be loaded in.
        UsageError: The policy file cannot be used, there is no such pack, or an argument is none
            that its parameter takes.
    """
    check_arguments(**locals())
    bounds = limits or Limits()
    if isolated and mmap_mode is not None:
        raise UsageError(
            "An isolated model has no arrays in this process that could be mapped.",
            code="mmap-mode",
            hint="Leave out mmap_mode, or isolated.",
        )
    with about(name_of(source)):
        # 1
        artefact = Artefact.of(
            source, limits=bounds, mmap_mode=mmap_mode, hashing=Hashing.NONE, progress=progress
        )
        allowed = Policy.of(policy, packs=packs)
        # 6 to 8
        if isolated:
            with IMPORTING:
                from safeload.isolation.model import load_isolated

            bounds_of_process = isolated if isinstance(isolated, Isolation) else Isolation()
            return load_isolated(artefact, allowed, bounds, bounds_of_process)
        # 6
        is_path = isinstance(source, str | os.PathLike)
        beside = Beside(artefact, bounds, mmap_mode) if is_path else None
        accepted = admit(artefact, allowed, bounds, beside=beside)
        # 7, 8
        return deserialise(accepted, allowed, mmap_mode=mmap_mode)


def verify(
    source: Source,
    *,
    bundle: _Bundle | None = None,
    trust: _Path | TrustFile | None = None,
    name: str | None = None,
    version: str | None = None,
    min_version: str | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    mmap_mode: str | None = None,
) -> Verified:
    """Verify a file or a folder without looking into it: steps 1 to 5.

    Args:
        source: The file: a path, bytes, or a binary file, which is read to its end; or the path of
            a folder.
        bundle: The signature bundle: a path, or bytes; or a list of several by several signers, of
            which the first is the statement that counts. By default it lies beside the file, with
            ``.sig`` appended to the name, or in the folder as ``model.sig``.
        trust: The trust file; by default the one in the user's configuration directory.
        name: The model's name as signed; any that the signer may sign unless given.
        version: Its version as signed, compared by PEP 440 where both are such versions and as
            text otherwise; any unless given.
        min_version: The least version, of PEP 440. A model whose version is none is refused.
        limits: Bounds on the work.
        progress: Told how many bytes each step of reading took.
        mmap_mode: As :func:`load` takes it.

    Returns:
        The manifest, the signer, and the bytes; of a folder, each file's when it is asked for.

    Raises:
        ArtefactError: The file cannot be taken in.
        TrustError: No trusted signature covers it, or it has another version than was asked for.
        UsageError: The trust file cannot be used, no model can have this name, or an argument is
            none that its parameter takes.
    """
    check_arguments(**locals())
    wanted = Wanted(name=name, version=version, min_version=min_version)
    with about(name_of(source)):
        return _verified(source, bundle, trust, wanted, limits or Limits(), progress, mmap_mode)


def _verified(
    source: Source,
    bundle: _Bundle | None,
    trust: _Path | TrustFile | None,
    wanted: Wanted,
    bounds: Limits,
    progress: Progress | None = None,
    mmap_mode: str | None = None,
) -> Verified:
    if wanted.name is not None:
        require_name(wanted.name)
    if is_folder(source):
        return _verified_folder(as_path(source), bundle, trust, wanted, bounds)
    replaced = 0
    while True:
        # 1 Read the artefact once.
        artefact = Artefact.of(source, limits=bounds, mmap_mode=mmap_mode, progress=progress)
        trusted = trust if isinstance(trust, TrustFile) else TrustFile.read(trust)
        judged = partial(_judged, artefact, trusted, wanted, bounds)
        try:
            # 2 to 5, with the bundle that was given, or the one beside the file.
            if bundle is not None or not artefact.version:
                first, further = given_bundles(bundle, bounds)
                return judged(first, further=further)
            return first_accepted(artefact.path, artefact.digests, bounds, judged)
        except TrustError:
            replaced += 1
            if bundle is not None or artefact.is_current() or replaced == _REPLACED:
                raise
        # Another model has taken its place, and the bundle is that one's: all over again.
        del artefact


def _judged(
    artefact: Artefact,
    trusted: TrustFile,
    wanted: Wanted,
    bounds: Limits,
    bundle: UnverifiedBundle,
    *,
    further: Iterable[Countersignature] | None = None,
) -> Verified:
    if further is None:
        further = countersignatures(artefact.path, bounds)
    # 2 to 4
    verified = _vouched(artefact.path, trusted, wanted, bundle, further)
    # 5 These bytes are the ones that were signed.
    with about(release=verified.manifest.release):
        verified.manifest.require_single()
        verified.manifest.check_content(artefact.path.name, artefact.digests)
        trusted.check_file(artefact.digests)
    return replace(verified, _held=artefact, _limits=bounds)


def _verified_folder(
    path: Path,
    bundle: _Bundle | None,
    trust: _Path | TrustFile | None,
    wanted: Wanted,
    bounds: Limits,
) -> Verified:
    trusted = trust if isinstance(trust, TrustFile) else TrustFile.read(trust)
    # 2 to 4
    if bundle is None:
        beside = countersignatures(path, bounds)
        verified = _vouched(path, trusted, wanted, given_bundle(bundle_path(path), bounds), beside)
    else:
        verified = _vouched(path, trusted, wanted, *given_bundles(bundle, bounds))
    # 5 The files in it are the ones that were signed. Step 1 is taken for each when it is opened.
    with about(release=verified.manifest.release):
        verified.manifest.require_folder()
        check_folder(path, verified.manifest, trusted.check_file)
    return replace(verified, _limits=bounds)


def _vouched(
    path: Path,
    trusted: TrustFile,
    wanted: Wanted,
    bundle: UnverifiedBundle,
    further: Iterable[Countersignature],
) -> Verified:
    # 2 Verify the bundle with the trusted keys, or a certificate with those who vouch for it.
    payload = trusted.verify(bundle)
    # 3 Parse the manifest from the verified payload, and from nothing else.
    manifest = Manifest.from_payload(payload)
    # 4 Name, rights and number of the signers, expiry, serial, revocation, version, packs.
    with about(release=manifest.release):
        signers = trusted.vouchers(payload, manifest, wanted=wanted.name, further=further)
        wanted.check_version(manifest)
        packs = packs_for(trusted, manifest)
    model = manifest.model
    rule = ModelRule() if model is None else trusted.rule_of(model.name)
    names = tuple([signer.name for signer in signers])
    until = believed_until(payload, manifest, signers[0])
    return Verified(path, manifest, names, rule, packs, until, trusted.ledger)
