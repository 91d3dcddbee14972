"""A file that a walk came upon is read, skipped with a reason, or unreadable with a finding.

Trust: names and bytes are hostile; see :mod:`safeload.scan.discovery` for what may be skipped.
"""

from __future__ import annotations

from safeload.artefact import Artefact
from safeload.auditing.walk import Candidate
from safeload.errors import ArtefactError
from safeload.limits import Limits
from safeload.scan.discovery import reason_to_skip
from safeload.scan.endings import has_model_name
from safeload.verdict import Finding, Skipped

__all__ = ["open_candidate"]


def open_candidate(candidate: Candidate, limits: Limits) -> Artefact | Skipped | Finding:
    """Read a file, unless there is no need.

    Args:
        candidate: The file.
        limits: ``bytes_in`` applies.

    Returns:
        Its bytes, or why it was skipped, or why it could not be read.
    """
    if candidate.obstacle:
        if has_model_name(candidate.path.name):
            return Finding("SL000", candidate.obstacle)
        return Skipped(str(candidate.path), candidate.obstacle)
    try:
        artefact = Artefact.read(candidate.path, limits=limits)
    except ArtefactError as error:
        return Finding("SL000", error.message)
    if not candidate.named:
        reason = reason_to_skip(candidate.path.name, artefact.data)
        if reason is not None:
            return Skipped(str(candidate.path), reason)
    return artefact
