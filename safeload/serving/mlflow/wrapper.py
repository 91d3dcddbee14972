"""What MLflow asks for predictions: a model with the methods that its ``python_function`` names.

Trust: which of these methods is asked is what the signer wrote; there are no others.
"""

from __future__ import annotations

from typing import Any

__all__ = ["METHODS", "Served"]

_OTHERS = ("predict_proba", "predict_log_proba", "predict_joint_log_proba", "score")
METHODS = ("predict", *_OTHERS)


class Served:
    """A model as MLflow takes one.

    Args:
        model: The model; what it has of ``predict_proba`` and its like is there as well.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        for name in _OTHERS:
            if hasattr(model, name):
                setattr(self, name, getattr(model, name))

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Predict; ``params`` is what MLflow passes on, and no scikit-learn model takes any."""
        return self._model.predict(data)

    def get_raw_model(self) -> Any:
        """The model itself, which ``PyFuncModel.get_raw_model`` returns."""
        return self._model
