"""STUB."""

from __future__ import annotations


def is_estimator(module: str, name: str) -> bool | None:
    """STUB."""
    return module.startswith("sklearn.") and name[0] != "_"
