"""Atexit calls the function when the process ends, not while loading."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, shell
from tests.builder import Name


def build(canary: str) -> bytes:
    return pickled_call("atexit", "register", Name("posix", "system"), shell(canary))
