"""A file that a walk came upon is read, skipped with a reason, or unreadable with a finding.

Trust: names and bytes are hostile; see :mod:`safeload.scan.discovery` for what may be skipped.
"""

from __future__ import annotations

from safeload.artefact import Artefact
from safeload.auditing.walk import Candidate
from safeload.errors import ArtefactError
from safeload.limits import Limits
from safeload.scan.discovery import reason_to_skip
from safeload.verdict import Finding, Skipped

__all__ = ["open_candidate", "read_candidate"]


def open_candidate(candidate: Candidate, limits: Limits) -> Artefact | Skipped | Finding:
    """Read a file, unless there is no need.

    Args:
        candidate: The file.
        limits: ``bytes_in`` applies.

    Returns:
        Its bytes, or why it was skipped, or why it could not be read.
    """
    opened = read_candidate(candidate, limits)
    if isinstance(opened, Artefact) and not candidate.is_listed:
        reason = reason_to_skip(candidate.name, opened.data)
        if reason is not None:
            return Skipped(candidate.label, reason)
    return opened


def read_candidate(candidate: Candidate, limits: Limits) -> Artefact | Skipped | Finding:
    """Read a file, if it is one.

    Args:
        candidate: The file.
        limits: ``bytes_in`` applies.

    Returns:
        Its bytes, whatever they are, or why there are none to be read.
    """
    if candidate.repeats:
        return Skipped(candidate.label, f"Its bytes are those of {candidate.repeats}.")
    if candidate.obstacle:
        if candidate.is_listed:
            return Finding("SL000", candidate.obstacle)
        return Skipped(candidate.label, candidate.obstacle)
    try:
        return candidate.read(limits)
    except ArtefactError as error:
        return Finding("SL000", error.message)
