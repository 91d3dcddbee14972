"""The gate: what was verified is what was scanned, and what was scanned is all that can run.

Loading a signed model takes these steps, in this order, and each works on what the one before has
proven. The numbers recur in SECURITY.md and in the tests.

1. Read the artefact once; everything below works on those bytes.
2. Verify the signature of the bundle with the trusted keys.
3. Parse the manifest from the verified payload.
4. Check model name, signers' rights and number, expiry, serial, revocation and forbidden packs.
5. Compare size and SHA-256 of the bytes with the manifest's.
6. Scan the bytes and judge them, native state included; every verdict but ACCEPT ends here.
   Signed bytes that this process accepted before, by the same rules, are not judged again.
7. Import every allowed name, and compare library versions, before anything is unpickled.
8. Unpickle the canonical code under the seal; it is granted those names and no other.
9. Compare the probe's predictions where the caller or the trust file asks for them.

For a file of a stranger, steps 6 to 9 can be taken in a process of its own, which can do less than
this one.

Trust: the file and its bundle are hostile until step 5; their content stays hostile to the end.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from safeload.artefact import Artefact, Progress
from safeload.errors import TrustError, UsageError
from safeload.forks import IMPORTING
from safeload.limits import Isolation, Limits
from safeload.loading.admit import admit, deserialise
from safeload.parameters import check_arguments
from safeload.policy.packs import opt_in_packs, wanted_packs
from safeload.policy.policy import Policy
from safeload.trust.countersignatures import countersignatures
from safeload.trust.envelope import UnverifiedBundle
from safeload.trust.envelope import verify as verify_bundle
from safeload.trust.manifest import Manifest
from safeload.trust.model import Model
from safeload.trust.names import require_name
from safeload.trust.pairs import first_accepted
from safeload.trust.trustfile import ModelRule, TrustFile

if TYPE_CHECKING:
    from safeload.isolation.model import IsolatedModel

__all__ = [
    "Verified",
    "demanded",
    "load",
    "load_unsigned",
    "narrowed",
    "packs_for",
    "rehearse",
    "verify",
]

_Path = str | os.PathLike[str]
# How often a model may be replaced while it is read. Each time takes the writer longer than us.
_REPLACED = 16
# What another minor release of a library leads to, in the words of a trust file and of a policy.
_DRIFT = {None: None, "refuse": "error", "warn": "warn"}


@dataclass(frozen=True, slots=True)
class Verified:
    """A file that a trusted signer vouches for.

    Attributes:
        artefact: The bytes, read once.
        manifest: What the signer says about them.
        signer: Name of the signer in the trust file.
        signers: Names of all whose signatures the trust file demands, that one in front.
        rule: What the trust file demands of this model.
        packs: The packs that are on for it and would not be by default: its signer's, and those of
            the trust file.
    """

    artefact: Artefact
    manifest: Manifest
    signer: str
    signers: tuple[str, ...]
    rule: ModelRule
    packs: frozenset[str] = frozenset()


def load(
    path: _Path,
    *,
    trust: _Path | TrustFile | None = None,
    name: str | None = None,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    probe: bool = False,
    mmap_mode: str | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Any:
    """Load a signed model: steps 1 to 9.

    Args:
        path: The model; its bundle lies beside it, with ``.sig`` appended to the name.
        trust: The trust file; by default the one in the user's configuration directory.
        name: The model's name as signed; any that the signer may sign unless given.
        policy: A policy, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        probe: Predict on the rows that were sealed at signing and compare, even if the trust file
            does not require it.
        mmap_mode: ``"r"`` or ``"c"`` to view arrays instead of copying them, as in ``joblib``.
        limits: Bounds on the work.
        progress: Told how many bytes each step of reading took.

    Returns:
        The model.

    Raises:
        ArtefactError: The file cannot be taken in.
        TrustError: No trusted signature covers it.
        RefusedError: Its content is not allowed, or was not read in full.
        LoadError: It does not load here, or predicts otherwise than sealed.
        UsageError: The trust file or policy file cannot be used, there is no such pack, or an
            argument is none that its parameter takes.
    """
    check_arguments(**locals())
    bounds = limits or Limits()
    allowed = Policy.of(policy, packs=packs)
    # 1 to 5
    verified = _verified(path, trust, name, bounds, progress, mmap_mode)
    about = verified.manifest.require_model()
    allowed = demanded(verified, allowed, given=policy)
    # 6
    accepted = admit(verified.artefact, narrowed(allowed, about), bounds, use_cache=True)
    # 7, 8
    model = deserialise(accepted, allowed, signed=about.versions, mmap_mode=mmap_mode)
    # 9
    if probe or verified.rule.probe:
        with IMPORTING:
            from safeload.loading.probe import check_probe

        check_probe(model, about.probe)
    return model


def rehearse(
    path: _Path,
    *,
    trust: _Path | TrustFile | None = None,
    name: str | None = None,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    limits: Limits | None = None,
    isolation: Isolation | None = None,
) -> tuple[Verified, IsolatedModel]:
    """Load a signed model and compare the probe, steps 1 to 9, with 6 to 9 in another process.

    Args:
        path: The model; its bundle lies beside it, with ``.sig`` appended to the name.
        trust: The trust file; by default the one in the user's configuration directory.
        name: The model's name as signed; any that the signer may sign unless given.
        policy: A policy, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        limits: Bounds on the work.
        isolation: Bounds on the process.

    Returns:
        What was verified, and the model, which the caller has to close.

    Raises:
        ArtefactError: The file cannot be taken in.
        TrustError: No trusted signature covers it.
        RefusedError: Its content is not allowed, or was not read in full.
        LoadError: It does not load there, predicts otherwise than sealed, or ends its process.
        UsageError: The trust file or policy file cannot be used, there is no such pack, or an
            argument is none that its parameter takes.
    """
    check_arguments(**locals())
    with IMPORTING:
        from safeload.isolation.model import load_isolated

    bounds = limits or Limits()
    allowed = Policy.of(policy, packs=packs)
    # 1 to 5
    verified = _verified(path, trust, name, bounds)
    about = verified.manifest.require_model()
    allowed = demanded(verified, allowed, given=policy)
    # 6 to 9
    model = load_isolated(
        verified.artefact,
        narrowed(allowed, about),
        bounds,
        isolation or Isolation(),
        signed=about.versions,
        compare=True,
        probe=about.probe,
    )
    return verified, model


def load_unsigned(
    path: _Path,
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

    Args:
        path: The model.
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
    # 1
    artefact = Artefact.read(path, limits=bounds, mmap_mode=mmap_mode, progress=progress)
    allowed = Policy.of(policy, packs=packs)
    # 6 to 8
    if isolated:
        with IMPORTING:
            from safeload.isolation.model import load_isolated

        bounds_of_process = isolated if isinstance(isolated, Isolation) else Isolation()
        return load_isolated(artefact, allowed, bounds, bounds_of_process)
    # 6
    accepted = admit(artefact, allowed, bounds)
    # 7, 8
    return deserialise(accepted, allowed, mmap_mode=mmap_mode)


def verify(
    path: _Path,
    *,
    trust: _Path | TrustFile | None = None,
    name: str | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    mmap_mode: str | None = None,
) -> Verified:
    """Verify a file without looking into it: steps 1 to 5.

    Args:
        path: The file; its bundle lies beside it, with ``.sig`` appended to the name.
        trust: The trust file; by default the one in the user's configuration directory.
        name: The model's name as signed; any that the signer may sign unless given.
        limits: Bounds on the work.
        progress: Told how many bytes each step of reading took.
        mmap_mode: As :func:`load` takes it.

    Returns:
        The bytes, the manifest and the signer.

    Raises:
        ArtefactError: The file cannot be taken in.
        TrustError: No trusted signature covers it.
        UsageError: The trust file cannot be used, no model can have this name, or an argument is
            none that its parameter takes.
    """
    check_arguments(**locals())
    return _verified(path, trust, name, limits or Limits(), progress, mmap_mode)


def _verified(
    path: _Path,
    trust: _Path | TrustFile | None,
    name: str | None,
    bounds: Limits,
    progress: Progress | None = None,
    mmap_mode: str | None = None,
) -> Verified:
    if name is not None:
        require_name(name)
    replaced = 0
    while True:
        # 1 Read the artefact once.
        artefact = Artefact.read(path, limits=bounds, mmap_mode=mmap_mode, progress=progress)
        trusted = trust if isinstance(trust, TrustFile) else TrustFile.read(trust)
        try:
            # 2 to 5, with the bundle beside it.
            return first_accepted(
                artefact.path,
                artefact.sha256,
                bounds,
                partial(_judged, artefact, trusted, name, bounds),
            )
        except TrustError:
            replaced += 1
            if artefact.is_current() or replaced == _REPLACED:
                raise
        # Another model has taken its place, and the bundle is that one's: all over again.
        del artefact


def _judged(
    artefact: Artefact,
    trusted: TrustFile,
    name: str | None,
    bounds: Limits,
    bundle: UnverifiedBundle,
) -> Verified:
    # 2 Verify the bundle with the trusted keys.
    payload = verify_bundle(bundle, trusted.keys)
    # 3 Parse the manifest from the verified payload, and from nothing else.
    manifest = Manifest.from_payload(payload)
    # 4 Name, rights and number of the signers, expiry, serial, revocation, packs.
    further = partial(countersignatures, artefact.path, bounds)
    signers = trusted.vouchers(payload, manifest, wanted=name, further=further)
    packs = packs_for(trusted, manifest)
    # 5 These bytes are the ones that were signed.
    manifest.check_digest(artefact.path.name, size=artefact.size, sha256=artefact.sha256)
    names = tuple([signer.name for signer in signers])
    about = manifest.model
    rule = ModelRule() if about is None else trusted.rule_of(about.name)
    return Verified(artefact, manifest, names[0], names, rule, packs)


def packs_for(trusted: TrustFile, manifest: Manifest) -> frozenset[str]:
    """The packs that a signed model may use beside those that are on by default.

    Raises:
        TrustError: The trust file forbids one that it needs (``pack-forbidden``).
        UsageError: The trust file names a pack that there is none of (``pack-unknown``).
    """
    about = manifest.model
    named = trusted.packs.named
    if about is None or not (named or about.packs):
        return frozenset()
    # What is forbidden by a misspelt name would not be forbidden.
    wanted_packs(named)
    rule = trusted.packs.of(about.name)
    for pack in sorted(rule.forbidden):
        listed = Policy.of_pack(pack)
        if pack in about.packs or any(listed.get(g.module, g.name) for g in about.globals):
            raise TrustError(
                f"The trust file forbids the pack {pack}, which the model needs.",
                code="pack-forbidden",
                hint="Have a model signed that does without, or let this one use the pack.",
            )
    return opt_in_packs() & (rule.on | set(about.packs))


def demanded(verified: Verified, policy: Policy, *, given: _Path | Policy | None) -> Policy:
    """The policy that the trust file demands for a model, with what it says of packs and releases.

    Args:
        verified: The model.
        policy: What the caller asks for.
        given: The policy that the caller gave; it outweighs that of the trust file.
    """
    rule = verified.rule
    if given is None and rule.policy is not None:
        policy = Policy.read(rule.policy, packs=policy.packs)
    return policy.with_packs(verified.packs).with_drift(_DRIFT[rule.drift])


def narrowed(policy: Policy, about: Model) -> Policy:
    """A policy without what the manifest of a model does not list."""
    return policy.narrowed({(g.module, g.name): frozenset(g.uses) for g in about.globals})
