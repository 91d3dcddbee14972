"""Twelve unions of transformers, each twice in the next: a notebook shows four thousand."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.pipeline import FeatureUnion
    from sklearn.preprocessing import StandardScaler

    union: Any = StandardScaler()
    for _ in range(12):
        union = FeatureUnion([("a", union), ("b", union)])
    return union


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
