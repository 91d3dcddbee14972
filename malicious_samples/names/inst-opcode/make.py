"""INST names and calls a global in one opcode."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle(0).mark().unicode(shell(canary)).inst("posix", "system").finish()
