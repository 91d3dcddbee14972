"""The state of a search tree lacks its last part, which is read from behind the tuple."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import Stand, dumped, table


def model() -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(algorithm="kd_tree").fit(*table())
    make, args, state = getattr(model, "_tree").__reduce__()  # noqa: B009  # private to scikit-learn
    vars(model)["_tree"] = Stand(make, args, state[:-1])
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
