"""Logging's configuration opens a file, or calls any factory."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    return pickled_call(
        "logging.config",
        "dictConfig",
        {"version": 1, "handlers": {"h": {"class": "logging.FileHandler", "filename": canary}}},
    )
