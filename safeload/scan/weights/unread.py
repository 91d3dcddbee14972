"""What is said of a format that is recognised, and whose weights are not pickles."""

from __future__ import annotations

from safeload.verdict import Finding

__all__ = ["unread"]


def unread(form: str) -> Finding:
    """The finding for a file of a format that is not read in full.

    Args:
        form: What people call it, with its article where it takes one.
    """
    message = f"It is recognised as {form}: its weights hold no pickle, but not all of it is read."
    return Finding("SL013", message)
