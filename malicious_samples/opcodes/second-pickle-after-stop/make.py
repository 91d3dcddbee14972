"""A second pickle follows, for readers that go on."""

from __future__ import annotations

from malicious_samples.recipes import payload
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle().save({"a": 1}).finish() + payload(canary)
