"""Argument rules of composites: models that hand their data on to others, and scorers.

The same contract as :mod:`safeload.policy.rules`. A stack calls ``getattr(estimator, name)`` of
what its state names, and so do scorers, thresholds and chains. So a method that is asked for by its
name only predicts. What stands where a model is asked for is a matter of
:mod:`safeload.policy.callables.models`.

Trust: all arguments and states are hostile.
Source: scikit-learn ``_stacking.py`` (``_transform``), ``validation.py``
(``_check_response_method``), ``multioutput.py``, ``_base.py`` (``_get_feature_importances``).
"""

from __future__ import annotations

from safeload.policy.rules.rule import Rule
from safeload.scan.bounds.allowance import is_new
from safeload.scan.program import Mapping, ObjectToken, Token

__all__ = ["COMPOSITE_RULES"]


# The attributes that name a method, and what they may name.
_NAMING = frozenset(
    "_response_method chain_method chain_method_ response_method stack_method stack_method_".split()
)
_PREDICTING = frozenset(
    [None, "auto", "decision_function", "predict", "predict_log_proba", "predict_proba"]
)
# The attributes that may be the path of an attribute of a model.
_PATHS = frozenset(["importance_getter"])
_NO_METHOD = "a method that it calls by name does more than predict"
_NO_PATH = "an attribute that it reads by its path is not one of a fitted model"


def _composite(built: ObjectToken) -> str | None:
    """Of methods that a text names, those that predict; of attributes, those of fitted models."""
    if built.args != () or built.kwargs or built.items:
        return "it is constructed with arguments"
    for state in built.states:
        if not isinstance(state, Mapping):
            return "its state is not a dict"
        for key, value in zip(state.keys, state.values, strict=True):
            if type(key) is not str:
                return "an attribute's name is not a string"
            if key in _NAMING and not _all_predict(value):
                return _NO_METHOD
            if key in _PATHS and type(value) is str and not _is_path(value):
                return _NO_PATH
    return None


def _all_predict(value: Token) -> bool:
    names = [value]
    if type(value) in (list, tuple):
        names = value if is_new("methods that predict", value) else []
    return all((name is None or type(name) is str) and name in _PREDICTING for name in names)


def _is_path(text: str) -> bool:
    return all(part.isidentifier() and part[0] != "_" for part in text.split("."))


COMPOSITE_RULES: dict[str, Rule] = {"composite": _composite}
