"""A bin mapper counts more features than it has thresholds for."""

from __future__ import annotations

from typing import Any

from sklearn.ensemble._hist_gradient_boosting.binning import _BinMapper

from malicious_samples.native_state import dumped, table


def model() -> Any:
    mapper = _BinMapper().fit(table()[0])
    mapper.bin_thresholds_ = []
    # So that the data are as wide.
    setattr(mapper, "n_features_in_", 4)  # noqa: B010
    return mapper


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
