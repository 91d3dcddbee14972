"""Argument rules of composites: models that hand their data on to others, and scorers.

The same contract as :mod:`safeload.policy.rules`. A stack calls ``getattr(estimator, name)`` of
what its state names, and so do scorers, thresholds and chains; a pipeline calls ``transform`` of
whatever its steps are, with whatever the step before made. Paths, tables and arrays have methods
that delete, write and evaluate. So a method that is asked for by its name only predicts, and what
stands where a model is asked for is no mere data.

Trust: all arguments and states are hostile.
Source: scikit-learn ``_stacking.py`` (``_transform``), ``validation.py``
(``_check_response_method``), ``multioutput.py``, ``_frozen.py`` (``__getattr__``), ``pipeline.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

from safeload.policy.rules.plain import is_numpy
from safeload.policy.rules.rule import Rule
from safeload.scan.bounds.allowance import is_new
from safeload.scan.program import Array, Collection, Global, Mapping, ObjectToken, Token
from safeload.scan.runs import Run

__all__ = ["COMPOSITE_RULES"]


# The attributes that name a method, and what they may name.
_NAMING = frozenset(
    "_response_method chain_method chain_method_ response_method stack_method stack_method_".split()
)
_PREDICTING = frozenset(
    [None, "auto", "decision_function", "predict", "predict_log_proba", "predict_proba"]
)
# The attributes in which other models are.
_HOLDING = frozenset(
    "base_estimator base_estimator_ best_estimator_ estimator estimator_ estimators estimators_ "
    "feature_encoder final_estimator final_estimator_ regressor regressor_ steps transformer "
    "transformer_ transformer_list transformers transformers_".split()
)
# Of a column transformer: which columns come after the model.
_WITH_COLUMNS = frozenset(["transformers", "transformers_"])
# Libraries whose objects are data, or containers that stand for anything.
_DATA = frozenset(
    "builtins collections datetime functools ipaddress joblib logging numpy operator pandas "
    "pathlib pyarrow random re scipy types".split()
)
# Raw boosters predict from whatever they are given, and take a text for the path of a file.
_BOOSTERS = frozenset(
    [("lightgbm.basic", "Booster"), ("lightgbm.engine", "CVBooster"), ("xgboost.core", "Booster")]
)
_NO_METHOD = "a method it asks for by name does more than predict"
_NO_MODEL = "something stands in the place of a model that is none"


def _composite(built: ObjectToken) -> str | None:
    """Models where it asks for them, never data; of methods named in a text, those that predict."""
    if built.args != () or built.kwargs or built.items:
        return "it is constructed with arguments"
    for state in built.states:
        if not isinstance(state, Mapping):
            return "its state is no dict"
        for key, value in zip(state.keys, state.values, strict=True):
            if type(key) is not str:
                return "an attribute's name is no string"
            if key in _NAMING and not _all_predict(value):
                return _NO_METHOD
            if key in _HOLDING and not all(map(_is_model, _held(key, value))):
                return _NO_MODEL
    return None


def _all_predict(value: Token) -> bool:
    names = [value]
    if type(value) in (list, tuple):
        names = value if is_new("methods that predict", value) else []
    return all((name is None or type(name) is str) and name in _PREDICTING for name in names)


def _held(key: str, value: Token) -> Iterator[Token]:
    """What stands in an attribute, within lists, tuples and dicts."""
    pending, seen = [(value, key in _WITH_COLUMNS)], set()
    while pending:
        item, has_columns = pending.pop()
        if type(item) not in (list, tuple, Mapping):
            yield item
            continue
        if id(item) in seen or not is_new(f"models with columns: {has_columns}", item):
            continue
        seen.add(id(item))
        if isinstance(item, Mapping):
            parts: list[Token] = item.values
        elif has_columns and type(item) is tuple:
            parts = [item[1]] if len(item) == 3 else [*item]
        else:
            parts = [*item]
        pending += [(part, has_columns) for part in parts]


def _is_model(token: Token) -> bool:
    """Whether a token is a model, or one of the texts and numbers that stand beside models."""
    if type(token) in (Array, Collection, Run) or is_numpy(token):
        return False
    target = token.callable if isinstance(token, ObjectToken) else token
    return not isinstance(target, Global) or not (
        target.module.partition(".")[0] in _DATA or (target.module, target.name) in _BOOSTERS
    )


COMPOSITE_RULES: dict[str, Rule] = {"composite": _composite}
