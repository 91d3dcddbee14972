"""How much of a report is for people to read?

Trust: it is the reader's own choice, and changes no verdict.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Detail"]


class Detail(StrEnum):
    """All files, those that are not accepted, or how many there are of each verdict."""

    ALL = "all"
    QUIET = "quiet"
    SUMMARY = "summary"
