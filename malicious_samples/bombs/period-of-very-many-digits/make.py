"""A period is made from the text of very many digits, which pandas tries as dates for minutes."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(4).call(Name("pandas", "Period"), "1" * 900_000, "M").finish()
