"""Itertools.imap is map below protocol 3."""

from __future__ import annotations

from malicious_samples.recipes import make_call, shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    calls = make_call(Name("itertools", "imap"), Name("posix", "system"), [shell(canary)])
    return Pickle(2).call(Name("collections", "deque"), calls).finish()
