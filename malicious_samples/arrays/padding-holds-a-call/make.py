"""The padding is a pickle of its own, for readers that go on there."""

from __future__ import annotations

from malicious_samples.recipes import payload
from tests.builder import Pickle


def build(canary: str) -> bytes:
    data = payload(canary)
    return Pickle().array(bytes(8), padding_length=len(data), padding=data).finish()
