"""A one-hot encoder maps its infrequent categories far beyond its columns."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.preprocessing import OneHotEncoder

    data = [["apple"]] * 4 + [["pear"], ["plum"]]
    model = OneHotEncoder(sparse_output=False, min_frequency=2).fit(data)
    model._default_to_infrequent_mappings[0][:] = 2**30
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
