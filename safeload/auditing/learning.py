"""Learn from files: every model below some paths is scanned, and none is loaded.

Trust: as :mod:`safeload.policy.team.learn` says.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from safeload.arguments import require_callable
from safeload.auditing.opening import open_candidate
from safeload.auditing.walk import Candidate, walk
from safeload.beside import Beside
from safeload.limits import Limits
from safeload.policy.policy import Policy
from safeload.policy.team.learn import Learner, Proposal
from safeload.scan.contents import joined, parts
from safeload.scan.scan import scan
from safeload.verdict import Finding, Skipped

__all__ = ["learn"]


def learn(
    *paths: str | os.PathLike[str],
    policy: str | os.PathLike[str] | Policy | None = None,
    packs: Iterable[str] = (),
    limits: Limits | None = None,
    progress: Callable[[Iterable[Candidate]], Iterable[Candidate]] | None = None,
) -> Proposal:
    """Propose the entries that models need beyond a policy.

    Args:
        *paths: Files and folders; folders are searched for models by name and content.
        policy: What is allowed already, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        limits: Bounds on each file.
        progress: Wraps the iteration over files, to show it.

    Returns:
        The proposal.

    Raises:
        UsageError: The policy file cannot be used, there is no such pack, or an argument is none
            that its parameter takes.
    """
    require_callable(progress, "progress", takes="None or a function")
    bounds = Limits.of(limits)
    candidates: Iterable[Candidate] = walk(paths)
    learner = Learner(Policy.of(policy, packs=packs))
    for candidate in progress(candidates) if progress is not None else candidates:
        path = candidate.label
        opened = open_candidate(candidate, bounds)
        if isinstance(opened, Finding):
            learner.unread(path, opened)
        elif not isinstance(opened, Skipped):
            whole = scan(opened.data, bounds, Beside(opened, bounds))
            for part, scanned in parts(whole):
                if scanned.programs or scanned.findings:
                    learner.add(joined(path, part), scanned)
    return learner.proposal()
