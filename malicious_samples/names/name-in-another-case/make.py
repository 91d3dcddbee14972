"""An allowed name in capitals, as a case-blind file system would import it."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(Name("Sklearn.Pipeline", "Pipeline")).finish()
