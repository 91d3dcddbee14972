"""Where an object array belongs stands a pickle of anything."""

from __future__ import annotations

from malicious_samples.recipes import payload
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle(framed=True).object_array(payload(canary)).finish()
