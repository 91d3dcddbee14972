"""Every estimator of scikit-learn, fitted on small data.

``all_estimators()`` decides what belongs here, so that a new release adds its estimators by
itself. What needs arguments is in ``ARGUMENTS``; what cannot be fitted is in ``NOT_FITTED``, and
nothing else is left out: an estimator that fails to fit fails the tests.

Trust: not applicable; these models are made here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy import stats
from sklearn.base import BaseEstimator, is_classifier
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
from sklearn.utils import all_estimators

__all__ = ["ARGUMENTS", "METHODS", "NOT_FITTED", "Legitimate", "estimators", "names", "outputs"]

# An estimator that stays out, and why. Empty: every estimator of scikit-learn 1.9 can be fitted.
NOT_FITTED: dict[str, str] = {}

# The methods whose results must not change by dumping and loading.
METHODS = (
    "predict",
    "predict_proba",
    "decision_function",
    "transform",
    "score_samples",
    "kneighbors",
)


@dataclass(frozen=True)
class Legitimate:
    """A model as a project would dump it.

    Attributes:
        name: Unique, and what the test is called.
        model: The object to dump.
        data: What its methods are given, or None where it has none of ``METHODS``.
    """

    name: str
    model: Any
    data: Any = None


_ROWS, _COLUMNS = 60, 4


@cache
def _data() -> dict[str, Any]:
    """Inputs by kind; all values positive, so that every estimator takes them."""
    random = np.random.default_rng(0)
    dense = random.uniform(0.1, 3.0, (_ROWS, _COLUMNS))
    signal = dense @ np.array([1.0, -2.0, 0.5, 0.0])
    return {
        "dense": dense,
        "class": np.digitize(signal, np.quantile(signal, [0.33, 0.66])),
        "binary": (signal > np.median(signal)).astype(int),
        "number": signal - signal.min() + 0.1,
        "two": np.column_stack([signal, -signal + dense[:, 3]]),
        "flags": np.column_stack([signal > np.median(signal), dense[:, 0] > 1]).astype(int),
        "codes": random.integers(0, 3, (_ROWS, _COLUMNS)),
        "one": dense[:, 0],
        "kernel": dense @ dense.T,
        "text": ["a red model", "a blue model", "two red pickles", "no pickle at all"] * 4,
        "dicts": [{"colour": "red", "size": 1.0}, {"colour": "blue", "size": 2.0}] * 4,
        "words": np.array(["red", "green", "blue", "red"]),
        "labels": [("red", "small"), ("blue",), ("red",)],
        "image": random.uniform(size=(2, 6, 6)),
    }


def _arguments() -> dict[str, Callable[[], dict[str, Any]]]:
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
    from sklearn.preprocessing import MinMaxScaler, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    few: Callable[[], dict[str, Any]] = lambda: {"n_estimators": 5}  # noqa: E731
    short: Callable[[], dict[str, Any]] = lambda: {"max_iter": 5}  # noqa: E731
    of_classifier: Callable[[], dict[str, Any]] = lambda: {  # noqa: E731
        "estimator": LogisticRegression(max_iter=200)
    }
    of_regressor: Callable[[], dict[str, Any]] = lambda: {"estimator": Ridge()}  # noqa: E731
    named_classifiers = lambda: {  # noqa: E731
        "estimators": [("a", LogisticRegression(max_iter=200)), ("b", DecisionTreeClassifier())]
    }
    named_regressors = lambda: {  # noqa: E731
        "estimators": [("a", Ridge()), ("b", LinearRegression())]
    }
    return {
        "AdaBoostClassifier": few,
        "AdaBoostRegressor": few,
        "BaggingClassifier": few,
        "BaggingRegressor": few,
        "BernoulliRBM": lambda: {"n_components": 3, "n_iter": 2},
        "BisectingKMeans": lambda: {"n_clusters": 3},
        "CCA": lambda: {"n_components": 1},
        "ClassicalMDS": lambda: {"n_components": 2},
        "ClassifierChain": of_classifier,
        "ColumnTransformer": lambda: {
            "transformers": [("a", StandardScaler(), [0, 1]), ("b", MinMaxScaler(), slice(2, 4))]
        },
        "DictionaryLearning": lambda: {"n_components": 3, "max_iter": 3},
        "ExtraTreesClassifier": few,
        "ExtraTreesRegressor": few,
        "FeatureHasher": lambda: {"n_features": 16},
        "FeatureUnion": lambda: {
            "transformer_list": [("a", StandardScaler()), ("b", MinMaxScaler())]
        },
        "FixedThresholdClassifier": of_classifier,
        "FrozenEstimator": lambda: {
            "estimator": LogisticRegression(max_iter=200).fit(_data()["dense"], _data()["class"])
        },
        "GaussianRandomProjection": lambda: {"n_components": 2},
        "GradientBoostingClassifier": few,
        "GradientBoostingRegressor": few,
        "GridSearchCV": lambda: {"estimator": Ridge(), "param_grid": {"alpha": [0.1, 1.0]}},
        "HalvingGridSearchCV": lambda: {"estimator": Ridge(), "param_grid": {"alpha": [0.1, 1.0]}},
        "HalvingRandomSearchCV": lambda: {
            "estimator": Ridge(),
            "param_distributions": {"alpha": stats.uniform(0.1, 2.0)},
        },
        "HashingVectorizer": lambda: {"n_features": 16},
        "HistGradientBoostingClassifier": lambda: {"max_iter": 5, "min_samples_leaf": 5},
        "HistGradientBoostingRegressor": lambda: {"max_iter": 5, "min_samples_leaf": 5},
        "IsolationForest": few,
        "KMeans": lambda: {"n_clusters": 3, "n_init": 2},
        "LatentDirichletAllocation": lambda: {"n_components": 3, "max_iter": 3},
        "MDS": lambda: {"max_iter": 10, "n_init": 1, "init": "random", "normalized_stress": "auto"},
        "MLPClassifier": lambda: {"hidden_layer_sizes": (5,), "max_iter": 10},
        "MLPRegressor": lambda: {"hidden_layer_sizes": (5,), "max_iter": 10},
        "MiniBatchDictionaryLearning": lambda: {"n_components": 3, "max_iter": 3},
        "MiniBatchKMeans": lambda: {"n_clusters": 3, "n_init": 2},
        "MiniBatchNMF": lambda: {"n_components": 2, "max_iter": 20},
        "MiniBatchSparsePCA": lambda: {"n_components": 2, "max_iter": 3},
        "MultiOutputClassifier": of_classifier,
        "MultiOutputRegressor": of_regressor,
        "NMF": lambda: {"n_components": 2, "max_iter": 50},
        "NeighborhoodComponentsAnalysis": short,
        "Nystroem": lambda: {"n_components": 10},
        "OneVsOneClassifier": of_classifier,
        "OneVsRestClassifier": of_classifier,
        "OutputCodeClassifier": of_classifier,
        "PLSCanonical": lambda: {"n_components": 1},
        "PLSRegression": lambda: {"n_components": 2},
        "PLSSVD": lambda: {"n_components": 1},
        "PatchExtractor": lambda: {"patch_size": (2, 2), "max_patches": 3},
        "Pipeline": lambda: {
            "steps": [("scale", StandardScaler()), ("model", LogisticRegression(max_iter=200))]
        },
        "RANSACRegressor": lambda: {"min_samples": 10},
        "RFE": of_regressor,
        "RFECV": of_regressor,
        "RandomForestClassifier": few,
        "RandomForestRegressor": few,
        "RandomTreesEmbedding": few,
        "RandomizedSearchCV": lambda: {
            "estimator": Ridge(),
            "param_distributions": {"alpha": stats.loguniform(0.1, 2.0)},
            "n_iter": 3,
        },
        "RegressorChain": of_regressor,
        "SelectFromModel": of_regressor,
        "SelfTrainingClassifier": of_classifier,
        "SequentialFeatureSelector": of_regressor,
        "SparseCoder": lambda: {"dictionary": np.eye(_COLUMNS)},
        "SparsePCA": lambda: {"n_components": 2, "max_iter": 5},
        "SparseRandomProjection": lambda: {"n_components": 2},
        "SpectralBiclustering": lambda: {"n_clusters": 2},
        "SpectralClustering": lambda: {"n_clusters": 2},
        "SpectralCoclustering": lambda: {"n_clusters": 2},
        "StackingClassifier": named_classifiers,
        "StackingRegressor": named_regressors,
        "TSNE": lambda: {"max_iter": 250, "perplexity": 5.0, "init": "random"},
        "TheilSenRegressor": lambda: {"max_subpopulation": 100},
        "TransformedTargetRegressor": lambda: {
            "regressor": Ridge(),
            "func": np.log1p,
            "inverse_func": np.expm1,
        },
        "TunedThresholdClassifierCV": lambda: {"estimator": LogisticRegression(max_iter=200)},
        "VotingClassifier": named_classifiers,
        "VotingRegressor": named_regressors,
        "FeatureAgglomeration": lambda: {"n_clusters": 2},
        "BayesianGaussianMixture": lambda: {"n_components": 2},
        "GaussianMixture": lambda: {"n_components": 2},
        "Birch": lambda: {"n_clusters": KMeans(2, n_init=1)},
    }


ARGUMENTS = _arguments()

# What is fitted on something else than numbers: the input, and the target or None.
_FITTED_ON: dict[str, tuple[str, str | None]] = {
    "CCA": ("dense", "two"),
    "CategoricalNB": ("codes", "class"),
    "ClassifierChain": ("dense", "flags"),
    "CountVectorizer": ("text", None),
    "DictVectorizer": ("dicts", None),
    "FeatureHasher": ("dicts", None),
    "FixedThresholdClassifier": ("dense", "binary"),
    "HashingVectorizer": ("text", None),
    "IsotonicRegression": ("one", "number"),
    "KernelCenterer": ("kernel", None),
    "LabelBinarizer": ("words", None),
    "LabelEncoder": ("words", None),
    "MultiLabelBinarizer": ("labels", None),
    "MultiOutputClassifier": ("dense", "flags"),
    "MultiOutputRegressor": ("dense", "two"),
    "NeighborhoodComponentsAnalysis": ("dense", "class"),
    "MultiTaskElasticNet": ("dense", "two"),
    "MultiTaskElasticNetCV": ("dense", "two"),
    "MultiTaskLasso": ("dense", "two"),
    "MultiTaskLassoCV": ("dense", "two"),
    "OneHotEncoder": ("codes", None),
    "OrdinalEncoder": ("codes", None),
    "PLSCanonical": ("dense", "two"),
    "PLSRegression": ("dense", "two"),
    "PLSSVD": ("dense", "two"),
    "PatchExtractor": ("image", None),
    "RegressorChain": ("dense", "two"),
    "TargetEncoder": ("codes", "number"),
    "TfidfVectorizer": ("text", None),
    "TunedThresholdClassifierCV": ("dense", "binary"),
}


@cache
def _classes() -> dict[str, type[BaseEstimator]]:
    return {name: cls for name, cls in all_estimators() if name not in NOT_FITTED}


def names() -> list[str]:
    """Names of all estimators that :func:`estimators` fits, sorted."""
    return sorted(_classes())


def _fit(name: str) -> Legitimate:
    cls = _classes()[name]
    model = cls(**ARGUMENTS.get(name, dict)())
    if "random_state" in model.get_params(deep=False):
        model.set_params(random_state=0)
    default = ("dense", "class" if is_classifier(model) else "number")
    kind, target = _FITTED_ON.get(name, default)
    data = _data()[kind]
    # Short runs on small data do not converge; that is their point.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if target is None:
            model.fit(data)
        else:
            model.fit(data, _data()[target])
    return Legitimate(name, model, data)


@cache
def estimator(name: str) -> Legitimate:
    """One estimator, fitted once a session."""
    return _fit(name)


def estimators() -> Iterator[Legitimate]:
    """Every estimator of scikit-learn, fitted."""
    return (estimator(name) for name in names())


def outputs(model: Any, data: Any) -> dict[str, Any]:
    """What the model's methods answer, by method.

    Args:
        model: Any object.
        data: What its methods are given, or None.

    Returns:
        The results; for a method that raises, the type and text of its exception. Random results
        are made equal by seeding first.
    """
    results: dict[str, Any] = {}
    if data is None:
        return results
    for name in (*METHODS, "inverse_transform"):
        method = getattr(model, name, None)
        if method is None:
            continue
        if name == "inverse_transform":
            data = results.get("transform")
        np.random.seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                results[name] = method(data)
            except (ValueError, TypeError, AttributeError, NotImplementedError) as error:
                results[name] = repr(error)
    return results
