"""What is a signed model judged by? What its signer listed, and what the trust file demands of it.

Trust: the trust file and the policies are the caller's own; the manifest was verified, and only
ever narrows what they allow.
"""

from __future__ import annotations

import os

from safeload.errors import TrustError
from safeload.policy.packs import opt_in_packs, wanted_packs
from safeload.policy.policy import Policy
from safeload.trust.manifest import Manifest
from safeload.trust.model import Model
from safeload.trust.trustfile import TrustFile
from safeload.verified import Verified

__all__ = ["demanded", "narrowed", "packs_for"]

_Path = str | os.PathLike[str]
# What another minor release of a library leads to, in the words of a trust file and of a policy.
_DRIFT = {None: None, "refuse": "error", "warn": "warn"}


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
                f"The trust file forbids the allow-list {pack}, which the model needs.",
                code="pack-forbidden",
                hint="Have a model signed that does without, or let this one use the list.",
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
