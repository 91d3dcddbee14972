"""A threshold predicts by fit, and its model keeps pickles in a folder of the file's choice."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state, make_array, make_object
from tests.builder import Name, Pickle

SCALER = Name("sklearn.preprocessing._data", "StandardScaler")
MODEL = Name("sklearn.naive_bayes", "GaussianNB")


def build(canary: str) -> bytes:
    scaler = make_object(SCALER, state=legitimate_state(with_mean=True, with_std=True, copy=True))
    classes = make_array(0, 1, dtype="<i8")
    model = make_object(MODEL, state=legitimate_state(classes_=classes, priors=None))
    steps = [("scale", scaler), ("predict", model)]
    parts = legitimate_state(steps=steps, memory=canary, verbose=False, transform_input=None)
    pipeline = make_object(Name("sklearn.pipeline", "Pipeline"), state=parts)
    state = legitimate_state(
        estimator=pipeline, estimator_=pipeline, threshold=0.5, pos_label=1, response_method="fit"
    )
    module = "sklearn.model_selection._classification_threshold"
    return (
        Pickle(framed=True).object_(Name(module, "FixedThresholdClassifier"), state=state).finish()
    )
