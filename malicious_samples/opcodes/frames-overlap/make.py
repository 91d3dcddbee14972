"""A frame begins before the last one has ended."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return (
        Pickle().frame(40).save(1).frame(4).save(2).tuple2().raw(b"0" * 20 + b"K\x01" * 20).finish()
    )
