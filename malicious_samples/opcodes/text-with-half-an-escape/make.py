"""UNICODE with half of an escape."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).unicode(rb"\u00").finish()
