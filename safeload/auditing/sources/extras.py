"""Is the library there that reads a kind of place? Each comes with an extra of safeload's.

Trust: libraries are imported by fixed names.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from safeload.errors import UsageError

__all__ = ["require"]


def require(module: str, extra: str, *, what: str = "What reads such an address") -> Any:
    """Import a library.

    Args:
        module: Its name.
        extra: The extra that installs it.
        what: What it is for, as the beginning of a sentence.

    Returns:
        The module.

    Raises:
        UsageError: It is not installed (``extra-missing``).
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(
            f"{what} is not installed: {error.name or module}.",
            code="extra-missing",
            hint=f"pip install 'safeload[{extra}]'",
        ) from error
