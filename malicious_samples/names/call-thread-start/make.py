"""A new thread runs the function."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, shell
from tests.builder import Name


def build(canary: str) -> bytes:
    return pickled_call("_thread", "start_new_thread", Name("posix", "system"), (shell(canary),))
