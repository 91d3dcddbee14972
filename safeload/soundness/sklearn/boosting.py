"""Estimators around decision trees: what they let through to their trees.

A decision tree compares the columns of its data with ``n_features_in_``, and compiled code then
reads as many as its ``Tree`` asks for. Forests hand their data to such estimators and need no check
of their own. Gradient boosting does not: ``predict_stages`` takes the ``Tree`` out of every
estimator after the first has looked at the data, and adds to as many columns as there are trees in
a round, to an array that came from the estimator in ``init_``.

So all trees must be content with the columns of the first, and the array must have a row for each
sample and a column for each tree. That is known of estimators whose shape their attributes tell;
whoever started with another is refused, because a pipeline can predict any shape at all.

Trust: the attributes are hostile.
Source: scikit-learn ``tree/_classes.py``: ``_validate_X_predict``; ``ensemble/_gb.py``:
``_raw_predict``, ``_raw_predict_init``, ``_init_raw_predictions``;
``ensemble/_gradient_boosting.pyx``: ``predict_stages``; ``dummy.py``; ``linear_model/_base.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from safeload.scan.bounds.allowance import look_into
from safeload.scan.program import Global, Mapping, ObjectToken, Token
from safeload.soundness.sklearn.trees import cannot_load, feature_count, is_tree
from safeload.soundness.states import (
    MISSING,
    Attributes,
    UnsoundError,
    attributes,
    each,
    unshadowed,
)
from safeload.soundness.values import integer, is_array, objects, shape_of

__all__ = ["classifier", "decision_trees", "regressor"]

# Methods between the data and a tree. An attribute of that name would be called in their place.
_OF_TREES = ("_check_n_features", "_validate_X_predict", "_validate_data")
_OF_BOOSTING = (
    "_check_n_features",
    "_raw_predict",
    "_raw_predict_init",
    "_staged_raw_predict",
    "_validate_data",
)
_OF_INIT = (
    "_decision_function",
    "_predict_proba_lr",
    "_validate_X_predict",
    "decision_function",
    "predict",
    "predict_proba",
)
_LOSSES = "sklearn._loss.loss"
_LINKS = "sklearn._loss.link"
# Losses of releases before 1.4, which newer ones cannot load.
_OLD_LOSSES = "sklearn.ensemble._gb_losses"
_MULTICLASS = "HalfMultinomialLoss"
# Estimators of which the shape of a prediction is known from their attributes.
_LINEAR = frozenset(
    "ARDRegression BayesianRidge ElasticNet ElasticNetCV HuberRegressor Lars LarsCV Lasso LassoCV "
    "LassoLars LassoLarsCV LassoLarsIC LinearRegression LinearSVR OrthogonalMatchingPursuit "
    "OrthogonalMatchingPursuitCV QuantileRegressor Ridge RidgeCV SGDRegressor "
    "TheilSenRegressor".split()
)
_LOGISTIC = frozenset(["LogisticRegression", "LogisticRegressionCV"])
_REGRESSION_TREES = frozenset(
    "DecisionTreeRegressor ExtraTreeRegressor ExtraTreesRegressor RandomForestRegressor".split()
)
_CLASSIFICATION_TREES = frozenset(
    "DecisionTreeClassifier ExtraTreeClassifier ExtraTreesClassifier RandomForestClassifier".split()
)
# Items of a state that are read about as fast as it is made.
_FEW = 128
_UNKNOWN = "init_ is not a dummy, linear model, tree or forest: its predictions may have any shape"

# By the names of its attributes in their order: where ``tree_`` and ``n_features_in_`` stand. An
# ensemble has hundreds of trees of one form.
_Places = dict[tuple[Token, ...], tuple[int, int] | None]


def decision_trees(builts: Sequence[ObjectToken]) -> Iterator[tuple[ObjectToken, str]]:
    """Check decision trees: they expect as many columns as their ``Tree`` reads.

    Args:
        builts: Estimators.

    Yields:
        Each that is not sound, with the reason.
    """
    known: _Places = {}
    for built in builts:
        try:
            _parts(built, known)
        except UnsoundError as error:
            yield built, str(error)


def _parts(built: ObjectToken, known: _Places) -> tuple[Token, int]:
    """A decision tree's ``Tree`` and how many columns it expects; None and 0 without one."""
    state = built.states[0] if len(built.states) == 1 else None
    if type(state) is Mapping:
        if len(state) > _FEW:
            look_into(state, len(state))
        pairs, names = state.pairs, state.form
    else:
        pairs = _pairs(built)
        names = tuple(pairs[::2])
    try:
        places = known[names]
    except KeyError:
        places = known[names] = _places(names)
    if places is None or not is_tree(pairs[places[0]]):
        # What is not there, or no Tree, reaches no compiled code.
        return None, 0
    tree = pairs[places[0]]
    if places[1] < 0:
        if "n_features_" in names and cannot_load(tree):
            # Of scikit-learn before 0.24, whose own check of the width was another.
            columns = integer(attributes(built)["n_features_"], "n_features_")
            if columns >= feature_count(tree):
                return tree, columns
        raise UnsoundError("n_features_in_ is not there, so that data of any width would do")
    columns = integer(pairs[places[1]], "n_features_in_")
    if columns < feature_count(tree):
        raise UnsoundError("n_features_in_ is less than the n_features of tree_")
    return tree, columns


def _pairs(built: ObjectToken) -> list[Token]:
    return [part for pair in attributes(built).items() for part in pair]


def _places(names: tuple[Token, ...]) -> tuple[int, int] | None:
    if not all(type(name) is str for name in names) or len(set(names)) != len(names):
        raise UnsoundError("an attribute is set twice, or its name is not a string")
    unshadowed(names, _OF_TREES)
    if "tree_" not in names:
        return None
    columns = names.index("n_features_in_") * 2 + 1 if "n_features_in_" in names else -1
    return names.index("tree_") * 2 + 1, columns


@each
def classifier(built: ObjectToken) -> None:
    """Gradient boosting of classes."""
    state = attributes(built)
    trees = _trees(state)
    if trees == 0:
        return
    if trees == 1:
        _start(state, lambda init, given: _probabilities(init, given, 2))
        return
    _start(state, lambda init, given: _probabilities(init, given, trees), _MULTICLASS)


@each
def regressor(built: ObjectToken) -> None:
    """Gradient boosting of numbers."""
    state = attributes(built)
    trees = _trees(state)
    if trees > 1:
        raise UnsoundError("estimators_ has more than one tree in a round")
    if trees == 1:
        _start(state, _numbers)


def _trees(state: Attributes) -> int:
    """Check the trees; how many there are in a round, 0 before fitting."""
    unshadowed(state, _OF_BOOSTING)
    if "estimators_" not in state:
        return 0
    rounds = objects(state["estimators_"], "estimators_")
    if rounds.ndim != 2:
        raise UnsoundError("estimators_ does not have one row for each round")
    if rounds.size == 0:
        return 0
    known: _Places = {}
    expected = None
    for estimator in {id(estimator): estimator for estimator in rounds.flat}.values():
        if not isinstance(estimator, ObjectToken):
            raise UnsoundError("estimators_ holds something that is not a tree")
        tree, columns = _parts(estimator, known)
        if tree is None:
            raise UnsoundError("estimators_ holds an estimator without a tree")
        # The first one looks at the data.
        expected = columns if expected is None else expected
        if feature_count(tree) > expected:
            raise UnsoundError("estimators_ has a tree that reads more columns than the first")
    trees: int = rounds.shape[1]
    if "n_trees_per_iteration_" in state and trees > integer(
        state["n_trees_per_iteration_"], "n_trees_per_iteration_"
    ):
        raise UnsoundError("n_trees_per_iteration_ is less than the trees in a round")
    return trees


def _is_of(token: Token, module: str) -> bool:
    return (
        isinstance(token, ObjectToken)
        and isinstance(token.callable, Global)
        and token.callable.module == module
    )


def _start(
    state: Attributes, check: Callable[[ObjectToken, Attributes], None], needed: str = ""
) -> None:
    """Check what the predictions are added to.

    Args:
        state: Attributes of the ensemble.
        check: Checks the estimator that predicts it, by its attributes.
        needed: The only loss that there may be, or any.
    """
    init, loss = (state.get(name, MISSING) for name in ("init_", "_loss"))
    if not isinstance(init, ObjectToken) or is_array(init):
        # Either "zero", or nothing that predicts.
        return
    if loss is MISSING or _is_of(loss, _OLD_LOSSES):
        # What this release cannot use.
        return
    given = attributes(init)
    unshadowed(given, _OF_INIT)
    if not _is_of(loss, _LOSSES) or (needed and loss.callable.name != needed):
        raise UnsoundError("_loss is not one that an ensemble of this form has")
    found = attributes(loss)
    unshadowed(found, ("is_multiclass",))
    link = found.get("link", MISSING)
    if not _is_of(link, _LINKS):
        raise UnsoundError("_loss has no link of scikit-learn")
    unshadowed(attributes(link), ("link",))
    check(init, given)


def _numbers(init: ObjectToken, given: Attributes) -> None:
    """Check that an estimator predicts one number, or more, for each sample."""
    kind = _kind(init)
    if kind == "DummyRegressor":
        if integer(given.get("n_outputs_", MISSING), "n_outputs_") < 1:
            raise UnsoundError("init_ predicts no numbers")
    elif kind in _LINEAR:
        _linear(given)
    elif kind not in _REGRESSION_TREES:
        raise UnsoundError(_UNKNOWN)


def _probabilities(init: ObjectToken, given: Attributes, classes: int) -> None:
    """Check that an estimator predicts probabilities of so many classes for each sample."""
    kind = _kind(init)
    if kind in _LOGISTIC:
        rows = _linear(given)
        found = 2 if rows == 1 else rows
    elif kind == "DummyClassifier":
        found = _classes(given)
        prior = shape_of(given.get("class_prior_", MISSING), "class_prior_")
        if len(prior) != 1 or prior[0] < classes:
            raise UnsoundError("init_ does not have one probability for each class")
    elif kind in _CLASSIFICATION_TREES:
        found = _classes(given)
        tree = given.get("tree_")
        if is_tree(tree):
            values = attributes(tree).get("values", MISSING)
            found = min(found, shape_of(values, "values")[-1])
    else:
        raise UnsoundError(_UNKNOWN)
    if found < classes:
        raise UnsoundError("init_ has fewer classes than estimators_ has trees in a round")


def _classes(given: Attributes) -> int:
    if integer(given.get("n_outputs_", MISSING), "n_outputs_") != 1:
        raise UnsoundError("init_ does not have one output")
    return integer(given.get("n_classes_", MISSING), "n_classes_")


def _linear(given: Attributes) -> int:
    """Check coefficients and intercepts; how many functions they make."""
    shape = shape_of(given.get("coef_", MISSING), "coef_")
    intercept = given.get("intercept_", 0.0)
    of_intercept: tuple[Any, ...] = ()
    if is_array(intercept):
        of_intercept = shape_of(intercept, "intercept_")
    functions: int = shape[0] if len(shape) == 2 else 1
    if len(shape) not in (1, 2) or functions < 1:
        raise UnsoundError("init_ has no coefficients for each column")
    if of_intercept not in ((), (1,), (functions,)):
        raise UnsoundError("init_ does not have one intercept for each function")
    return functions


def _kind(init: ObjectToken) -> str:
    target = init.callable
    if not isinstance(target, Global) or target.module.partition(".")[0] != "sklearn":
        return ""
    return target.name
