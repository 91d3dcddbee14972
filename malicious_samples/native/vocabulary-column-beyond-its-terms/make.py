"""A vocabulary's term stands in a column far beyond the number of terms."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    model = CountVectorizer().fit(["apple pear", "pear plum"])
    model.vocabulary_["apple"] = 2**30
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
