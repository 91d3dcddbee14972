"""A dict vectoriser's term stands in a column far below zero."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.feature_extraction import DictVectorizer

    model = DictVectorizer(sparse=False).fit([{"apple": 1, "pear": 2}])
    model.vocabulary_["apple"] = -(2**30)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
