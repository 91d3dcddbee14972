"""Gradient boosting over histograms: ``TreePredictor``, ``_BinMapper`` and what holds them.

A predictor follows the children of its nodes, reads the feature of a sample and, for a categorical
split, a row of bits, all without a look at how many there are. Its data come from the estimator,
which compares their columns with ``n_features_in_``, or has a ``ColumnTransformer`` put them in
order and takes what that gives. Which categories are known is told by the estimator's bin mapper.

Of such a transformer only the form that scikit-learn itself makes is taken, because how many
columns come out of any other is known only to who runs it.

Trust: the attributes are hostile.
Source: scikit-learn ``ensemble/_hist_gradient_boosting/``: ``_predictor.pyx``, ``_binning.pyx``,
``predictor.py``, ``binning.py``, ``gradient_boosting.py`` (``_preprocess_X``, ``_raw_predict``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from safeload.scan.program import Global, Mapping, ObjectToken, Token
from safeload.scan.texts import text_of
from safeload.soundness.binary_trees import Links, fault, strides
from safeload.soundness.states import (
    MISSING,
    Attributes,
    UnsoundError,
    attributes,
    each,
    in_order,
    unshadowed,
)
from safeload.soundness.values import NDArray, Raw, array, integer, raw, shape_of

__all__ = ["bin_mapper", "estimator", "predictors"]

# The fields of a node by place, each with the kinds it may have: a node of another machine differs
# in the length of whole numbers and the order of bytes, and is converted place by place.
_FIELDS = {
    "value": ("f8",),
    "count": ("u4",),
    # Without a sign in scikit-learn 1.2.
    "feature_idx": ("i4", "i8", "u4"),
    "num_threshold": ("f8",),
    "missing_go_to_left": ("u1",),
    "left": ("u4",),
    "right": ("u4",),
    "gain": ("f8",),
    "depth": ("u4",),
    "is_leaf": ("u1",),
    "bin_threshold": ("u1",),
    "is_categorical": ("u1",),
    "bitset_idx": ("u4",),
}
_NAMES = tuple(_FIELDS)
_ATTRIBUTES = ["nodes", "binned_left_cat_bitsets", "raw_left_cat_bitsets"]
_BITSETS = ("raw_left_cat_bitsets", "binned_left_cat_bitsets")
# A bitset has a bit for each of 256 categories.
_WORDS = 8
_CHUNK = 1 << 14

_MODULE = "sklearn.ensemble._hist_gradient_boosting.gradient_boosting"
_RAW_PREDICT = frozenset(
    f"{_MODULE}.{name}._raw_predict"
    for name in (
        "BaseHistGradientBoosting",
        "HistGradientBoostingClassifier",
        "HistGradientBoostingRegressor",
    )
)
# Methods between data and predictors, which an attribute of the same name would stand before.
_OF_ESTIMATOR = (
    "_check_n_features",
    "_in_fit",
    "_predict_iterations",
    "_preprocess_X",
    "_staged_raw_predict",
    "_validate_data",
)
_OF_MAPPER = ("make_known_categories_bitsets",)
_OF_TRANSFORMER = ("_call_func_on_transformers", "_hstack", "_iter", "transform")
_OF_STEPS = ("_check_X", "_transform", "transform")


class _Predictor(NamedTuple):
    """A predictor, read.

    Attributes:
        built: Its token.
        nodes: Its nodes, one record each.
        size: Number of nodes.
        bitsets: How many categorical splits there are bitsets for.
    """

    built: ObjectToken
    nodes: Raw
    size: int
    bitsets: int


def predictors(builts: Sequence[ObjectToken]) -> Iterator[tuple[ObjectToken, str]]:
    """Check predictors: their links, and the bitsets of categorical splits.

    Args:
        builts: Objects of the class ``TreePredictor``.

    Yields:
        Each that is not sound, with the reason.
    """
    read: list[_Predictor] = []
    for built in builts:
        try:
            read.append(_read(built, read[-1].nodes.dtype if read else None))
        except UnsoundError as error:
            yield built, str(error)
    for chunk in _chunks(read):
        if _problem(chunk) is None:
            continue
        for predictor in chunk:
            reason = _problem([predictor])
            if reason is not None:
                yield predictor.built, reason


def _read(built: ObjectToken, known: Any) -> _Predictor:
    """Read a predictor whose nodes are probably of the type that is known."""
    parts = in_order(built, _ATTRIBUTES)
    nodes = raw(parts[0], "nodes")
    if len(nodes.shape) != 1 or not (nodes.dtype is known or _is_of_nodes(nodes.dtype)):
        raise UnsoundError("nodes is not an array of nodes")
    size = nodes.shape[0]
    if size == 0:
        raise UnsoundError("nodes has no root")
    rows = []
    for name, token in zip(_BITSETS, (parts[2], parts[1]), strict=True):
        shape = shape_of(token, name)
        if len(shape) != 2 or shape[1] < _WORDS:
            raise UnsoundError(f"{name} does not have one bit for each category")
        rows.append(shape[0])
    return _Predictor(built, nodes, size, min(rows))


def _is_of_nodes(dtype: np.dtype[Any]) -> bool:
    if (dtype.names or ())[: len(_NAMES)] != _NAMES:
        return False
    return all(dtype[name].str[1:] in kinds for name, kinds in _FIELDS.items())


def _chunks(read: Sequence[_Predictor]) -> Iterator[list[_Predictor]]:
    chunk: list[_Predictor] = []
    nodes = 0
    for predictor in read:
        other = chunk and chunk[0].nodes.dtype != predictor.nodes.dtype
        if chunk and (other or nodes + predictor.size > _CHUNK):
            yield chunk
            chunk, nodes = [], 0
        chunk.append(predictor)
        nodes += predictor.size
    if chunk:
        yield chunk


def _joined(chunk: Sequence[_Predictor]) -> NDArray:
    content = b"".join([predictor.nodes.content for predictor in chunk])
    return np.frombuffer(content, chunk[0].nodes.dtype)


def _problem(chunk: Sequence[_Predictor]) -> str | None:
    """What is wrong with some predictor of these, or None."""
    nodes = _joined(chunk)
    sizes = np.array([predictor.size for predictor in chunk])
    ends = np.cumsum(sizes)
    starts = ends - sizes
    is_inner = nodes["is_leaf"] == 0
    inner = np.flatnonzero(is_inner)
    base = np.repeat(starts, sizes).take(inner)
    left, right = (nodes[name][inner].astype(np.intp) + base for name in ("left", "right"))
    links = Links(is_inner, inner, left, right, starts, ends)
    if strides(links) is None:
        reason = fault(links, None)
        if reason is not None:
            return f"nodes {reason}"
    categorical = inner[nodes["is_categorical"][inner] != 0]
    if categorical.size:
        rows = np.repeat([predictor.bitsets for predictor in chunk], sizes).take(categorical)
        if (nodes["bitset_idx"][categorical] >= rows).any():
            return "nodes has a split of categories without a row in raw_left_cat_bitsets"
    return None


@each
def bin_mapper(built: ObjectToken) -> None:
    """A bin mapper: thresholds and a flag for each feature that it counts bins of."""
    state = attributes(built)
    unshadowed(state, _OF_MAPPER)
    if "n_bins_non_missing_" not in state:
        return
    counts = shape_of(state["n_bins_non_missing_"], "n_bins_non_missing_")
    thresholds = state.get("bin_thresholds_", MISSING)
    if type(thresholds) is not list or not counts or len(thresholds) < counts[0]:
        raise UnsoundError("bin_thresholds_ does not have thresholds for each feature")
    flags = shape_of(state.get("is_categorical_", MISSING), "is_categorical_")
    if len(flags) != 1 or flags[0] < counts[0]:
        raise UnsoundError("is_categorical_ does not have one flag for each feature")


@each
def estimator(built: ObjectToken) -> None:
    """An estimator: its predictors read columns that are there, and categories that are known."""
    state = attributes(built)
    unshadowed(state, _OF_ESTIMATOR)
    if "_raw_predict" in state and not _is_own_method(state["_raw_predict"], built):
        raise UnsoundError("_raw_predict replaces a method of the class")
    if "_predictors" not in state:
        return
    read = _predictors_of(state["_predictors"])
    feature, category = -1, -1
    for chunk in _chunks(read):
        nodes = _joined(chunk)
        asked = nodes["feature_idx"].astype(np.int64, copy=False)
        is_inner = nodes["is_leaf"] == 0
        if (asked[is_inner] < 0).any():
            raise UnsoundError("_predictors asks for a feature below zero")
        feature = max(feature, int(asked.max(initial=-1, where=is_inner)))
        is_inner &= nodes["is_categorical"] != 0
        category = max(category, int(asked.max(initial=-1, where=is_inner)))
    if feature >= 0 and feature >= _columns(state):
        raise UnsoundError("_predictors asks for a feature beyond those of the data")
    if category >= 0:
        _check_categories(state.get("_bin_mapper", MISSING), category)


def _is_own_method(token: Token, built: ObjectToken) -> bool:
    # So it is left behind in an estimator whose training a scorer stopped.
    given = token.args if isinstance(token, ObjectToken) else ()
    if not isinstance(token, ObjectToken) or type(given) is not tuple or len(given) != 2:
        return False
    if token.is_of("builtins", "getattr"):
        return given[0] is built and type(given[1]) is str and given[1] == "_raw_predict"
    # The words of cloudpickle and dill.
    function, owner = given
    return (
        token.is_of("types", "MethodType")
        and owner is built
        and isinstance(function, Global)
        and function.path in _RAW_PREDICT
    )


def _predictors_of(rounds: Token) -> list[_Predictor]:
    if type(rounds) is not list or not all(type(each_) is list for each_ in rounds):
        raise UnsoundError("_predictors is not a list of lists")
    read: list[_Predictor] = []
    for of_round in rounds:
        for built in of_round:
            if not isinstance(built, ObjectToken) or _name(built) != "TreePredictor":
                raise UnsoundError("_predictors holds something that is not a predictor")
            read.append(_read(built, read[-1].nodes.dtype if read else None))
    return read


def _name(token: Token) -> str:
    target = token.callable if isinstance(token, ObjectToken) else None
    if isinstance(target, Global) and target.module.startswith("sklearn."):
        return target.name
    return ""


def _check_categories(mapper: Token, category: int) -> None:
    """Check that a feature of a split of categories has its categories."""
    if not isinstance(mapper, ObjectToken):
        raise UnsoundError("_bin_mapper is not there, but splits of categories are")
    flags = array(attributes(mapper).get("is_categorical_", MISSING), "is_categorical_")
    if category >= flags.size or not flags.any():
        raise UnsoundError("_predictors splits by categories that _bin_mapper does not know")


def _columns(state: Attributes) -> int:
    """How many columns the predictors are given."""
    preprocessor = state.get("_preprocessor")
    if preprocessor is None:
        return integer(state.get("n_features_in_", MISSING), "n_features_in_")
    if not isinstance(preprocessor, ObjectToken) or _name(preprocessor) != "ColumnTransformer":
        raise UnsoundError("_preprocessor is not one that scikit-learn makes")
    given = attributes(preprocessor)
    unshadowed(given, _OF_TRANSFORMER)
    if given.get("transformer_weights") is not None:
        raise UnsoundError("_preprocessor has weights")
    steps, indices = given.get("transformers_"), given.get("_transformer_to_input_indices")
    if type(steps) is not list or not isinstance(indices, Mapping):
        raise UnsoundError("_preprocessor is not one that scikit-learn makes")
    by_name = dict(zip(map(text_of, indices.keys), indices.values, strict=True))
    if len(by_name) * 2 != len(indices.pairs):
        raise UnsoundError("_preprocessor has a step twice")
    by_mask = by_index = 0
    for step in steps:
        if type(step) is not tuple or len(step) != 3 or type(step[0]) is not str:
            raise UnsoundError("_preprocessor is not one that scikit-learn makes")
        name, transformer, mask = step
        if transformer == "drop":
            continue
        _check_step(transformer)
        selected = by_name.get(name)
        if type(selected) is not list:
            raise UnsoundError("_preprocessor has a step without columns")
        for index in selected:
            integer(index, "_preprocessor")
        # Data with names are taken apart by these, data without by the mask.
        by_index += len(selected)
        by_mask += _selected(mask)
    return min(by_mask, by_index)


def _selected(mask: Token) -> int:
    chosen = array(mask, "_preprocessor")
    if chosen.ndim != 1 or chosen.dtype.kind != "b":
        raise UnsoundError("_preprocessor does not select columns as scikit-learn does")
    return int(np.count_nonzero(chosen))


def _check_step(transformer: Token) -> None:
    """Check that a transformer gives as many columns as it is given."""
    kind = _name(transformer)
    if kind not in ("OrdinalEncoder", "FunctionTransformer"):
        raise UnsoundError("_preprocessor has a step that scikit-learn does not give it")
    state = attributes(transformer)
    unshadowed(state, _OF_STEPS)
    if kind == "FunctionTransformer" and not _is_check(state.get("func")):
        raise UnsoundError("_preprocessor has a function that may change the columns")


def _is_check(function: Token) -> bool:
    """Whether a function is ``check_array`` with named arguments only."""
    if not (isinstance(function, ObjectToken) and function.is_of("functools", "partial")):
        return False
    if len(function.states) != 1 or type(function.states[0]) is not tuple:
        return False
    target, arguments, *_ = function.states[0]
    return (
        isinstance(target, Global)
        and (target.module, target.name) == ("sklearn.utils.validation", "check_array")
        and arguments == ()
    )
