"""Argument rules of gradient boosting and its neighbours: xgboost, LightGBM, CatBoost and others.

The same contract as :mod:`safeload.policy.rules`. Boosters hand bytes from the file to native
code, so that they are admitted only in the form that their library writes. What the bytes say is
not checked; SECURITY.md says so.

Trust: all arguments and states are hostile.
Source: ``Booster.__setstate__`` of xgboost ``core.py`` and lightgbm ``basic.py``,
``_CatBoostBase.__setstate__`` of catboost ``core.py``, ``QuantileForest.__reduce__`` of
quantile-forest, ``HashingEncoder`` of category_encoders.
"""

from __future__ import annotations

import re

from safeload.policy.rules.plain import is_numpy
from safeload.policy.rules.rule import Rule
from safeload.scan.bounds.allowance import look_into
from safeload.scan.program import Array, Blob, Collection, Global, Mapping, ObjectToken, Token, Use
from safeload.scan.runs import Run

__all__ = ["BOOSTER_RULES"]


# -- what is kept beside a booster ----------------------------------------------------------------

_VALUES = frozenset(
    [type(None), bool, int, float, str, Blob, Array, Run, tuple, list, Mapping, Collection]
)
_DICTIONARIES = frozenset(["OrderedDict", "defaultdict"])


def _is_value(token: Token) -> bool:
    """Whether a token is data and not something to call; what is in a container is not asked."""
    if type(token) in _VALUES or is_numpy(token):
        return True
    target = token.callable if isinstance(token, ObjectToken) else None
    if not isinstance(target, Global):
        return False
    # numpy.float64(...) and its like are how skops writes a scalar.
    return target.module.partition(".")[0] in ("numpy", "pandas", "pathlib") or (
        target.module == "collections" and target.name in _DICTIONARIES
    )


def _state(built: ObjectToken) -> dict[str, Token] | None:
    """The attributes that the only state sets, each once; None for any other form."""
    if built.items or len(built.states) != 1 or not isinstance(built.states[0], Mapping):
        return None
    pairs = built.states[0].pairs
    if not all(type(key) is str for key in pairs[::2]):
        return None
    state = dict(zip(pairs[::2], pairs[1::2], strict=True))
    return state if len(state) * 2 == len(pairs) else None


# -- boosters -------------------------------------------------------------------------------------

# What releases before 1.6 kept beside the model.
_XGBOOST_KEYS = frozenset(
    "best_iteration best_ntree_limit best_score booster feature_names feature_types".split()
)


def _xgboost_booster(built: ObjectToken) -> str | None:
    """A state with the model as a bytearray, and nothing but plain attributes beside it.

    ``Booster.__setstate__`` hands the bytes to ``XGBoosterUnserializeFromBuffer``, and ``__del__``
    frees whatever ``handle`` then is.
    """
    if built.args != () or built.kwargs:
        return "it is constructed with arguments"
    state = _state(built)
    if state is None:
        return "the state of a booster does not have the form that xgboost writes"
    handle = state.pop("handle", None)
    if not (isinstance(handle, Blob) and handle.kind == "bytearray" and handle.size):
        return "a booster's model is not a bytearray"
    if not _XGBOOST_KEYS.issuperset(state) or not all(map(_is_value, state.values())):
        return "a booster has attributes that xgboost does not write"
    return None


_PRIVATE = "_Booster__"
_LIGHTGBM_KEYS = frozenset(
    "_network _train_data_name best_iteration best_score name_valid_sets network "
    "pandas_categorical params train_set_version".split()
) | frozenset(
    _PRIVATE + name
    for name in (
        "attr higher_better_inner_eval init_predictor inner_predict_buffer is_predicted_cur_iter "
        "name_inner_eval need_reload_eval_info num_class num_dataset num_inner_eval "
        "set_objective_to_none"
    ).split()
)


def _lightgbm_booster(built: ObjectToken) -> str | None:
    """A state with the model as text, and nothing but plain attributes beside it.

    ``Booster.__setstate__`` hands the text to ``LGBM_BoosterLoadModelFromString``, and ``__del__``
    frees whatever ``_handle`` then is.
    """
    if built.args != () or built.kwargs:
        return "it is constructed with arguments"
    state = _state(built)
    if state is None:
        return "the state of a booster does not have the form that LightGBM writes"
    # Releases before 4.0 have no underscore; of both, one would not be parsed but freed.
    models = [state.pop(key) for key in ("_handle", "handle") if key in state]
    if len(models) != 1 or type(models[0]) is not str:
        return "a booster's model is not a text"
    if not _LIGHTGBM_KEYS.issuperset(state) or not all(map(_is_value, state.values())):
        return "a booster has attributes that LightGBM does not write"
    return None


_LIGHTGBM_BOOSTER = ("lightgbm.basic", "Booster")


def _lightgbm_folds(built: ObjectToken) -> str | None:
    """A list of boosters and the number of the best iteration; any method is passed on to them."""
    if built.args != () or built.kwargs:
        return "it is constructed with arguments"
    state = _state(built)
    if state is None or set(state) != {"boosters", "best_iteration"}:
        return "its state does not have the form that LightGBM writes"
    boosters = state["boosters"]
    if type(boosters) is not list or not _is_value(state["best_iteration"]):
        return "its state does not have the form that LightGBM writes"
    look_into(boosters, len(boosters))
    if all(isinstance(item, ObjectToken) and item.is_of(*_LIGHTGBM_BOOSTER) for item in boosters):
        return None
    return "it forwards calls to something that is not a booster"


# -- estimators around a booster ------------------------------------------------------------------

_BOOSTERS = {"lightgbm": _LIGHTGBM_BOOSTER, "xgboost": ("xgboost.core", "Booster")}


def _boosted_estimator(built: ObjectToken) -> str | None:
    """A booster of the same library, or none.

    What stands in its place is asked to predict, and given parameters for native code.
    """
    if built.args != () or built.kwargs:
        return "it is constructed with arguments"
    state = _state(built)
    if state is None:
        return "its state is not a dict" if built.states or built.items else None
    booster = state.get("_Booster")
    library = _BOOSTERS.get(built.callable.module.partition(".")[0], ("", ""))
    if booster is None or (isinstance(booster, ObjectToken) and booster.is_of(*library)):
        return None
    return "its booster is not valid"


# -- CatBoost -------------------------------------------------------------------------------------

_CATBOOST_MODEL = "__model"
_CATBOOST_MAGIC = b"CBM1"
# Objects with methods that training calls are parameters as well.
_CATBOOST_OBJECTS = frozenset(
    ["custom_loss", "custom_metric", "eval_metric", "loss_function", "objective"]
)


def _catboost_model(built: ObjectToken) -> str | None:
    """Parameters that are plain data, and the model as bytes that begin as CatBoost's do.

    ``__setstate__`` hands the bytes to native code; the rest becomes parameters.
    """
    if built.args != () or built.kwargs:
        return "it is constructed with arguments"
    state = _state(built)
    if state is None:
        return "the state of a model does not have the form that CatBoost writes"
    for key, value in state.items():
        if key == _CATBOOST_MODEL:
            if not (isinstance(value, Blob) and value.kind == "bytes"):
                return "a model's content is not bytes"
            if not value.head.startswith(_CATBOOST_MAGIC):
                return "a model's content does not begin as CatBoost writes it"
        elif not _is_value(value) and not (
            key in _CATBOOST_OBJECTS
            and isinstance(value, ObjectToken)
            and value.use is Use.CONSTRUCT
        ):
            return "a parameter is not plain data"
    return None


# -- quantile-forest ------------------------------------------------------------------------------

_SPARSE_PARTS = {"shape1", "shape2", "matrix1", "matrix2"}


def _quantile_forest(built: ObjectToken) -> str | None:
    """Three arrays and a flag; in the state nothing, or two sparse matrices and their shapes.

    ``QuantileForest(y_train, y_train_leaves, y_bound_leaves, sparse_pickle)``.
    """
    args = built.args
    if len(args) != 4 or type(args[3]) is not bool or built.kwargs:
        return "it is not made the way quantile-forest makes it"
    if not all(isinstance(part, Array) or is_numpy(part) for part in args[:3]):
        return "it is made of something that is not an array"
    if not built.states:
        return None
    state = _state(built)
    if state is None or (state and set(state) != _SPARSE_PARTS):
        return "its state does not have the form that quantile-forest writes"
    for key, value in state.items():
        if key.startswith("shape"):
            if type(value) is not tuple or not all(type(length) is int for length in value):
                return "its state has a shape that is not valid"
        elif not (
            isinstance(value, ObjectToken)
            and value.use is Use.CONSTRUCT
            and isinstance(value.callable, Global)
            and value.callable.module.startswith("scipy.sparse.")
        ):
            return "its state has a matrix that is not valid"
    return None


# -- category_encoders ----------------------------------------------------------------------------

_HASH = re.compile(r"(?:md5|sha|blake|shake|sm3|ripemd)[0-9a-z_-]{0,12}", re.ASCII)
_STARTS = frozenset(["fork", "forkserver", "spawn"])
_MOST_PROCESSES = 128


def _hashing_encoder(built: ObjectToken) -> str | None:
    """A state that names a hash, and no more processes than the encoder itself would take.

    ``transform`` calls ``getattr(hashlib, hash_method)`` in ``max_process`` processes.
    """
    if built.args != () or built.kwargs:
        return "it is constructed with arguments"
    state = _state(built)
    if state is None:
        return None if not built.states and not built.items else "its state is not a dict"
    method = state.get("hash_method", "md5")
    if type(method) is not str or not _HASH.fullmatch(method):
        return "its hash method is not a valid name"
    processes = state.get("max_process", 1)
    if type(processes) is not int or not 0 < processes <= _MOST_PROCESSES:
        return "it starts more processes than the library would"
    if state.get("process_creation_method", "fork") not in _STARTS:
        return "it starts processes in another way than the library would"
    return None


BOOSTER_RULES: dict[str, Rule] = {
    "boosted_estimator": _boosted_estimator,
    "catboost_model": _catboost_model,
    "hashing_encoder": _hashing_encoder,
    "lightgbm_booster": _lightgbm_booster,
    "lightgbm_folds": _lightgbm_folds,
    "quantile_forest": _quantile_forest,
    "xgboost_booster": _xgboost_booster,
}
