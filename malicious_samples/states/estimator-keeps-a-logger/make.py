"""A parameter of a model is a logger of the process."""

from __future__ import annotations

import logging

from malicious_samples.native_state import dumped


def build(canary: str) -> bytes:
    from sklearn.feature_selection import RFE
    from sklearn.linear_model import Ridge

    return dumped(RFE(Ridge(), importance_getter=logging.getLogger(canary[:9].replace("/", ""))))
