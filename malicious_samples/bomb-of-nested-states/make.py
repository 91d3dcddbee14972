"""Ten thousand estimators, each the state of the next."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().save(Name("sklearn.pipeline", "Pipeline")).pop()
    p.raw(b"h\x02)\x81" * 10_000).empty_dict()
    return p.raw(b"b" * 10_000).finish()
