"""A transformer of three columns samples them 2**40 times."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.kernel_approximation import AdditiveChi2Sampler

    sampler = AdditiveChi2Sampler(sample_interval=0.5).fit(np.eye(3))
    sampler.sample_steps = 2**40
    return sampler


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
