"""A union of transformers is one of its own transformers, and a notebook shows each of them."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.pipeline import FeatureUnion

    union = FeatureUnion([])
    union.transformer_list = [("a", union), ("b", union)]
    return union


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
