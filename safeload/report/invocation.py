"""When was an audit run, and how did it end? What formats for other tools ask for beside findings.

A report says what files would do, which depends on nothing but the files; this is kept apart, so
that the same files give the same report.

Trust: all of it is the caller's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

__all__ = ["Invocation"]


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of an audit.

    Attributes:
        started: When it began, with a time zone.
        ended: When its last file was judged, with a time zone.
        exit_code: What the command exits with.
        root: The folder that paths in the report are shown relative to, where they lie below it.
    """

    started: datetime
    ended: datetime
    exit_code: int
    root: Path
