"""A histogram boosting says it is being fitted, and takes its data for binned."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, histograms


def model() -> Any:
    model = histograms(feature_idx=1 << 28)
    model.n_features_in_ = (1 << 28) + 1
    # As it is while fitting.
    setattr(model, "_in_fit", True)  # noqa: B010
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
