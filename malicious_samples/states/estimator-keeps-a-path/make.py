"""A parameter of a model is a path, whose methods delete and write."""

from __future__ import annotations

import pathlib

from malicious_samples.native_state import dumped


def build(canary: str) -> bytes:
    from sklearn.feature_extraction.text import CountVectorizer

    vectoriser = CountVectorizer(stop_words=[pathlib.PurePosixPath(canary)])
    return dumped(vectoriser)
