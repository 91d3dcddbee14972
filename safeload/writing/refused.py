"""Why a result that somebody asked for cannot go where it was to go.

Trust: not applicable; the path is the user's own.
"""

from __future__ import annotations

import os
from pathlib import Path

from safeload.errors import UsageError, plain

__all__ = ["output_exists", "output_unwritable"]


def output_exists(path: str | os.PathLike[str]) -> UsageError:
    """A file is there that may not be replaced (``output-exists``).

    Args:
        path: The file.
    """
    return UsageError(
        f"{plain(Path(path).name)} exists.",
        code="output-exists",
        hint="Choose another name, or replace it (--force, replacing=True); what is in it is lost.",
        path=path,
    )


def output_unwritable(noun: str, why: str, path: str | os.PathLike[str]) -> UsageError:
    """A file cannot be written there (``output-unwritable``).

    Args:
        noun: What the result is called.
        why: The reason, in a few words.
        path: Where it was to go.
    """
    return UsageError(
        f"The {noun} cannot be written there: {why}.",
        code="output-unwritable",
        hint="Name a file in a folder that exists and that you may write to; nothing that was "
        "there was changed.",
        path=path,
    )
