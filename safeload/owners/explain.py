"""Each step of the way to a file becomes a line: whose it is, what its mode is, and what is wrong.

Trust: paths and names of accounts are shown by whoever prints them, escaped.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from safeload.owners.judge import Fault, Judge
from safeload.owners.mounts import mount_of
from safeload.owners.people import name_of
from safeload.owners.reading import read_open
from safeload.owners.walk import Kind, Step, walk

__all__ = ["Explained", "explain"]


@dataclass(frozen=True, slots=True)
class Explained:
    """A step of the way.

    Attributes:
        path: Its absolute path.
        kind: Folder, link or file.
        owner: Name or number of the user that it belongs to.
        group: Number of its group.
        mode: Its permission bits.
        file_system: Type of the file system that it lies on, or an empty string if not known.
        leads_to: What a link says.
        fault: What is wrong with it, or None.
    """

    path: str
    kind: Kind
    owner: str
    group: int
    mode: int
    file_system: str
    leads_to: str
    fault: Fault | None


def explain(
    path: Path, *, limit: int, secret: bool = False, own_group: bool = False
) -> tuple[list[Explained], OSError | None]:
    """Go the whole way to a file, past what is wrong with it.

    Args:
        path: The file.
        limit: Size at most, bytes.
        secret: As :func:`safeload.owners.reading.read_own` takes it.
        own_group: As :func:`safeload.owners.reading.read_own` takes it.

    Returns:
        The steps as far as they go, and what ended the way before its end, if anything did. On
        Windows, no steps.
    """
    explained: list[Explained] = []
    if sys.platform == "win32":
        return explained, None
    judge = Judge(secret=secret, own_group=own_group)
    try:
        for step in walk(os.fspath(path)):
            fault = judge.fault_of(step)
            if step.kind is Kind.FILE and fault is None:
                length = len(read_open(step.descriptor, limit))
                fault = judge.fault_of_content(step, length)
            told = _explained(step, fault)
            # A link may lead back to where the way has been.
            if told not in explained:
                explained.append(told)
    except OSError as error:
        return explained, error
    return explained, None


def _explained(step: Step, fault: Fault | None) -> Explained:
    mount = mount_of(step.descriptor)
    return Explained(
        path=step.path,
        kind=step.kind,
        owner=name_of(step.status.st_uid),
        group=step.status.st_gid,
        mode=stat.S_IMODE(step.status.st_mode),
        file_system="" if mount is None else mount.form,
        leads_to=step.leads_to,
        fault=fault,
    )
