"""Files that ship with safeload, beside its modules.

Trust: they are part of safeload.
"""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable

from safeload.forks import IMPORTING

__all__ = ["shipped"]


def shipped(package: str, *parts: str) -> Traversable:
    """A file or folder that ships with a package.

    Args:
        package: The package's full name.
        parts: Names of folders and of the file within it.

    Returns:
        It, to be read.
    """
    with IMPORTING:
        # Python imports what finds it when it is first asked.
        return resources.files(package).joinpath(*parts)
