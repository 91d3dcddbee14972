"""Boosters of xgboost: would the library load and follow these bytes within their bounds?

A pickled booster is what ``XGBoosterSerializeToBuffer`` writes: the model and the configuration of
its training, as UBJSON since release 1.6 and as JSON from 1.3 on. xgboost reads the configuration
only where its own release wrote the file, so the same is asked of it in both. It has no field that
names a file or a host.

Trust: the bytes are hostile. They are read here and never handed on changed.
Source: xgboost ``src/learner.cc`` (``LoadModelImpl``, ``LoadConfigImpl``), ``src/gbm/gbtree.cc``,
``gbtree_model.cc``, ``gblinear_model.cc``, ``src/data/cat_container.cc``,
``src/objective/multiclass_obj.cu``, ``python-package/xgboost/core.py``.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from safeload.scan.bounds.allowance import look_at
from safeload.scan.program import Blob, ObjectToken
from safeload.soundness.libraries.fields import (
    Fields,
    as_list,
    as_object,
    digits,
    integers,
    length,
    text,
)
from safeload.soundness.libraries.ubjson import UBJSONError, parse
from safeload.soundness.libraries.xgboost_trees import check_trees
from safeload.soundness.states import MISSING, UnreadError, UnsoundError, attributes, each
from safeload.soundness.values import integer

__all__ = ["booster", "estimator"]

# A sample takes a number for each feature in memory, and a table of importances one in Python.
# Texts are hashed to so many.
_MAX_FEATURES: Final = 2**24
_MAX_OUTPUTS: Final = 2**20
# Outputs that need no trees of their own to show for them.
_FREE_OUTPUTS: Final = 1_000
_MAX_TREES: Final = 2**31 - 1
# More threads than any machine has cores; each is asked of the system.
_MAX_THREADS: Final = 4096
_MIN_CLASSES: Final = 2
# The best iteration where there is none.
_NO_ITERATION: Final = -1

_OUTLINE: Final = frozenset(["Config", "Model"])
_TREE_BOOSTERS: Final = ("dart", "gbtree")
_OF_TREES: Final = frozenset(
    ["cats", "gbtree_model_param", "iteration_indptr", "tree_info", "trees", "weight_drop"]
)
_WHOLE: Final = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_NUMBER: Final = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
_BASE_SCORE: Final = re.compile(rf"{_NUMBER}|\[{_NUMBER}(?:,{_NUMBER})*\]", re.ASCII)

# How many numbers each booster that was read predicts for a sample. Its wrapper asks for it again.
_OUTPUTS: WeakKeyDictionary[ObjectToken, int] = WeakKeyDictionary()


@each
def booster(built: ObjectToken) -> None:
    """``Booster``: the model and the configuration within its bytes."""
    _outputs(built)


@each
def estimator(built: ObjectToken) -> None:
    """``XGBModel`` and its heirs: no more classes than the booster tells apart."""
    state = attributes(built)
    classes, kept = state.get("n_classes_", MISSING), state.get("_Booster")
    if classes is MISSING:
        return
    most = _MIN_CLASSES
    if isinstance(kept, ObjectToken) and kept.is_of("xgboost.core", "Booster"):
        try:
            most = max(most, _outputs(kept))
        except (UnreadError, UnsoundError):
            # The booster's own check says so.
            return
    if not 0 <= integer(classes, "n_classes_") <= most:
        raise UnsoundError("n_classes_ is not how many classes its booster tells apart")


def _outputs(built: ObjectToken) -> int:
    """Check a booster, unless it was sound before; how many numbers it predicts for a sample."""
    known = _OUTPUTS.get(built)
    if known is None:
        state = attributes(built)
        if integer(state.get("best_iteration", 0), "best_iteration") < _NO_ITERATION:
            raise UnsoundError("best_iteration is not an iteration")
        handle = state.get("handle")
        if not isinstance(handle, Blob):
            raise UnsoundError("handle has no bytes")
        look_at(handle, handle.size)
        known = _OUTPUTS[built] = _check(_parsed(handle.content))
    return known


# -- the bytes ------------------------------------------------------------------------------------


def _parsed(data: memoryview) -> Fields:
    start = bytes(data[:2])
    if start == b"{L":
        try:
            value = parse(data)
        except UBJSONError as error:
            raise UnsoundError(f"handle is no UBJSON as xgboost writes it: {error}") from error
    elif start == b'{"':
        value = _json(bytes(data))
    else:
        raise UnreadError("handle is in the binary form of releases before xgboost 1.3")
    fields = as_object(value, "handle")
    if set(fields) != _OUTLINE:
        raise UnsoundError("handle does not have the parts that xgboost writes")
    return fields


def _json(data: bytes) -> Any:
    """JSON in the part of it that Python's reader and xgboost's read alike."""
    if b"\\u" in data:
        # xgboost leaves the six characters as they are.
        raise UnreadError("handle has characters by their numbers, which no check reads")
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise UnsoundError("handle is not JSON as xgboost writes it") from error


def _pairs(pairs: list[tuple[str, Any]]) -> Fields:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnsoundError("handle has an object with a key twice")
    return found


def _no_constant(name: str) -> float:
    return float(name)


# -- the model ------------------------------------------------------------------------------------


def _check(fields: Fields) -> int:
    learner = as_object(as_object(fields["Model"], "Model").get("learner"), "learner")
    about = as_object(learner.get("learner_model_param"), "learner_model_param")
    features = digits(about, "num_feature", _MAX_FEATURES)
    classes = digits(about, "num_class", _MAX_OUTPUTS)
    outputs = max(classes, digits(about, "num_target", _MAX_OUTPUTS, missing=1), 1)
    scores = text(about, "base_score")
    if not _BASE_SCORE.fullmatch(scores) or scores.count(",") + 1 not in (1, outputs):
        raise UnsoundError("base_score does not have one number for each output")
    objective = _objective(learner, classes)
    gradient = as_object(learner.get("gradient_booster"), "gradient_booster")
    kind = text(gradient, "name")
    if kind in _TREE_BOOSTERS:
        is_wide = _check_forest(gradient, kind, features, outputs)
    elif kind == "gblinear":
        is_wide = None
        model = as_object(gradient.get("model"), "model")
        if length(model, "weights") != (features + 1) * outputs:
            raise UnsoundError("weights does not have one number for each feature and output")
    else:
        raise UnreadError("it is a booster of a kind that cannot be validated")
    _check_notes(learner)
    config = as_object(as_object(fields["Config"], "Config").get("learner"), "learner")
    _check_configuration(config, kind, objective, classes)
    training = as_object(config.get("learner_train_param"), "learner_train_param")
    is_to_be_wide = training.get("multi_strategy") == "multi_output_tree"
    if outputs > 1 and is_wide not in (None, is_to_be_wide):
        # Releases before 3.2 go by this, and not by what the trees are.
        raise UnsoundError("multi_strategy is not that of its trees")
    return outputs


def _objective(learner: Fields, classes: int) -> str:
    """The name of the objective; what it divides by is no zero, and what it walks is there."""
    objective = as_object(learner.get("objective"), "objective")
    name = text(objective, "name")
    if name.startswith("multi:"):
        about = as_object(objective.get("softmax_multiclass_param"), "softmax_multiclass_param")
        if not 0 < digits(about, "num_class", _MAX_OUTPUTS) == classes:
            raise UnsoundError("the objective has another number of classes than the model")
    return name


def _check_configuration(config: Fields, kind: str, objective: str, classes: int) -> None:
    """The configuration is one of the same objective and booster, and asks for no crowd."""
    if _objective(config, classes) != objective:
        raise UnsoundError("its configuration has another objective")
    if text(as_object(config.get("gradient_booster"), "gradient_booster"), "name") != kind:
        raise UnsoundError("its configuration has another booster")
    generic = as_object(config.get("generic_param"), "generic_param")
    for name in ("n_jobs", "nthread"):
        value = generic.get(name, "0")
        if type(value) is not str or not _WHOLE.fullmatch(value) or int(value) > _MAX_THREADS:
            raise UnsoundError(f"{name} is not a number of threads")


def _check_notes(learner: Fields) -> None:
    """Attributes and names are texts; the best iteration is one that prediction can end with."""
    notes = as_object(learner.get("attributes"), "attributes")
    if not all(type(value) is str for value in notes.values()):
        raise UnsoundError("attributes have a value that is not a text")
    best = notes.get("best_iteration", "0")
    if not _WHOLE.fullmatch(best) or int(best) < _NO_ITERATION:
        # One more than this is where prediction ends, and places are counted from the first.
        raise UnsoundError("best_iteration is not an iteration")


# -- trees ----------------------------------------------------------------------------------------


def _check_forest(gradient: Fields, kind: str, features: int, outputs: int) -> bool | None:
    """Check a booster of trees; whether its leaves have a number for each output, if it has any."""
    of_trees = as_object(gradient.get("gbtree"), "gbtree") if kind == "dart" else gradient
    model = as_object(of_trees.get("model"), "model")
    if not _OF_TREES.issuperset(model):
        unknown = min(key for key in model if key not in _OF_TREES)
        raise UnreadError(f"the model has the field {unknown!r}, which no check knows")
    about = as_object(model.get("gbtree_model_param"), "gbtree_model_param")
    trees = as_list(model.get("trees"), "trees")
    if digits(about, "num_trees", _MAX_TREES) != len(trees):
        raise UnsoundError("num_trees is not how many trees there are")
    # xgboost divides by the trees of a round, which it counts in 32 bits.
    if not 0 < digits(about, "num_parallel_tree", _MAX_TREES, missing=1) * outputs <= _MAX_TREES:
        raise UnsoundError("num_parallel_tree is not one that xgboost can count with")
    groups = integers(model, "tree_info")
    if len(groups) != len(trees) or (
        groups.size and not 0 <= groups.min() <= groups.max() < outputs
    ):
        raise UnsoundError("tree_info does not have an output that is there for each tree")
    if "iteration_indptr" in model:
        ends = integers(model, "iteration_indptr")
        if not ends.size or ends[0] or ends[-1] != len(trees) or (np.diff(ends) < 0).any():
            raise UnsoundError("iteration_indptr does not lead from the first tree to the last")
    # Releases until 3.3 keep the weights beside the trees, and have them for dart only.
    for place in (gradient, of_trees, model):
        if "weight_drop" in place and length(place, "weight_drop") != len(trees):
            raise UnsoundError("weight_drop does not have one weight for each tree")
    if kind == "dart" and "weight_drop" not in gradient:
        raise UnsoundError("weight_drop is missing")
    if "cats" in model:
        _check_categories(as_object(model["cats"], "cats"), features)
    is_wide = check_trees(trees, features, outputs)
    if not is_wide and outputs > max(_FREE_OUTPUTS, len(trees)):
        raise UnsoundError("it has outputs that no tree adds to")
    return is_wide


def _check_categories(cats: Fields, features: int) -> None:
    """The categories of the training data: texts lie within their bytes, an order within them."""
    columns = as_list(cats.get("enc"), "enc")
    segments, order = integers(cats, "feature_segments"), integers(cats, "sorted_idx")
    if not columns:
        if segments.any() or order.size:
            raise UnsoundError("cats has an order of categories that do not exist")
        return
    sizes = [_categories(as_object(column, "enc")) for column in columns]
    if len(columns) != features or not np.array_equal(segments, np.cumsum([0, *sizes])):
        raise UnsoundError("feature_segments is not where the categories of each feature are")
    counts = np.repeat(sizes, sizes)
    if len(order) != len(counts) or (order < 0).any() or (order >= counts).any():
        raise UnsoundError("sorted_idx has a category that does not exist")


def _categories(column: Fields) -> int:
    """How many categories a feature has."""
    size = length(column, "values")
    if "offsets" not in column:
        if type(column.get("type")) is not int:
            raise UnsoundError("categories have no type")
        return size
    offsets = integers(column, "offsets")
    if not offsets.size:
        return 0
    if offsets[0] < 0 or offsets[-1] > size or (np.diff(offsets) < 0).any():
        raise UnsoundError("a category is beyond the texts that there are")
    return len(offsets) - 1
