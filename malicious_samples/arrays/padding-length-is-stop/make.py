"""The padding's length byte is 46, which is STOP; the alignment is made to fit."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    p = Pickle().save([]).array(bytes(8), alignment=64, padding_length=46)
    return p.save(system(canary)).tuple3().finish()
