"""Every estimator of the installed scikit-learn, fitted on small data.

Python 3.8 and later, scikit-learn 1.2 and later: arguments that a release does not know make an
estimator that is left out there, and said to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from data import data
from scipy import stats
from sklearn.base import is_classifier
from sklearn.cluster import KMeans
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

if TYPE_CHECKING:
    # Not to be subscripted in Python 3.8.
    from collections.abc import Callable, Iterator

    Maker = Callable[[], Any]

__all__ = ["makers"]

_FEW: dict[str, Any] = {"n_estimators": 5}
_COMPONENTS: dict[str, Any] = {"n_components": 2}
_CLASSIFIER: dict[str, Any] = {"estimator": LogisticRegression(max_iter=200)}
_REGRESSOR: dict[str, Any] = {"estimator": Ridge()}
_CLASSIFIERS: dict[str, Any] = {
    "estimators": [("a", LogisticRegression(max_iter=200)), ("b", DecisionTreeClassifier())]
}
_REGRESSORS: dict[str, Any] = {"estimators": [("a", Ridge()), ("b", LinearRegression())]}


def _each(names: tuple[str, ...], value: Any) -> dict[str, Any]:
    return {name: value for name in names}  # noqa: C420  # fromkeys is for values that never change


# What an estimator is given, where its defaults will not do or would take long.
_ARGUMENTS: dict[str, dict[str, Any]] = {
    **_each(
        (
            "AdaBoostClassifier",
            "AdaBoostRegressor",
            "BaggingClassifier",
            "BaggingRegressor",
            "ExtraTreesClassifier",
            "ExtraTreesRegressor",
            "GradientBoostingClassifier",
            "GradientBoostingRegressor",
            "IsolationForest",
            "RandomForestClassifier",
            "RandomForestRegressor",
            "RandomTreesEmbedding",
        ),
        _FEW,
    ),
    **_each(
        (
            "BayesianGaussianMixture",
            "ClassicalMDS",
            "GaussianMixture",
            "GaussianRandomProjection",
            "PLSRegression",
            "SparseRandomProjection",
        ),
        _COMPONENTS,
    ),
    **_each(
        (
            "FixedThresholdClassifier",
            "MultiOutputClassifier",
            "OneVsOneClassifier",
            "OneVsRestClassifier",
            "OutputCodeClassifier",
            "TunedThresholdClassifierCV",
        ),
        _CLASSIFIER,
    ),
    **_each(
        (
            "MultiOutputRegressor",
            "RFE",
            "RFECV",
            "SelectFromModel",
            "SequentialFeatureSelector",
        ),
        _REGRESSOR,
    ),
    **_each(("StackingClassifier", "VotingClassifier"), _CLASSIFIERS),
    **_each(("StackingRegressor", "VotingRegressor"), _REGRESSORS),
    **_each(("CCA", "PLSCanonical", "PLSSVD"), {"n_components": 1}),
    **_each(
        ("DictionaryLearning", "MiniBatchDictionaryLearning", "LatentDirichletAllocation"),
        {"n_components": 3, "max_iter": 3},
    ),
    **_each(("SparsePCA", "MiniBatchSparsePCA"), {"n_components": 2, "max_iter": 3}),
    **_each(("NMF", "MiniBatchNMF"), {"n_components": 2, "max_iter": 20}),
    **_each(("KMeans", "MiniBatchKMeans"), {"n_clusters": 3, "n_init": 2}),
    **_each(
        (
            "FeatureAgglomeration",
            "SpectralBiclustering",
            "SpectralClustering",
            "SpectralCoclustering",
        ),
        {"n_clusters": 2},
    ),
    **_each(("FeatureHasher", "HashingVectorizer"), {"n_features": 16}),
    **_each(
        ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
        {"max_iter": 5, "min_samples_leaf": 5},
    ),
    **_each(("MLPClassifier", "MLPRegressor"), {"hidden_layer_sizes": (5,), "max_iter": 10}),
    "BernoulliRBM": {"n_components": 3, "n_iter": 2},
    "Birch": {"n_clusters": KMeans(2, n_init=1)},
    "BisectingKMeans": {"n_clusters": 3},
    "ColumnTransformer": {
        "transformers": [("a", StandardScaler(), [0, 1]), ("b", MinMaxScaler(), slice(2, 4))]
    },
    "FeatureUnion": {"transformer_list": [("a", StandardScaler()), ("b", MinMaxScaler())]},
    "GridSearchCV": {"estimator": Ridge(), "param_grid": {"alpha": [0.1, 1.0]}},
    "HalvingGridSearchCV": {"estimator": Ridge(), "param_grid": {"alpha": [0.1, 1.0]}},
    "HalvingRandomSearchCV": {
        "estimator": Ridge(),
        "param_distributions": {"alpha": stats.uniform(0.1, 2.0)},
    },
    "MDS": {"max_iter": 10, "n_init": 1},
    "NeighborhoodComponentsAnalysis": {"max_iter": 5},
    "Nystroem": {"n_components": 10},
    "PatchExtractor": {"patch_size": (2, 2), "max_patches": 3},
    "Pipeline": {
        "steps": [("scale", StandardScaler()), ("model", LogisticRegression(max_iter=200))]
    },
    "RANSACRegressor": {"min_samples": 10},
    "RandomizedSearchCV": {
        "estimator": Ridge(),
        "param_distributions": {"alpha": stats.loguniform(0.1, 2.0)},
        "n_iter": 3,
    },
    "SelectKBest": {"k": 2},
    "SparseCoder": {"dictionary": np.eye(4)},
    "TSNE": {"perplexity": 5.0, "init": "random"},
    "TheilSenRegressor": {"max_subpopulation": 100},
    "TransformedTargetRegressor": {
        "regressor": Ridge(),
        "func": np.log1p,
        "inverse_func": np.expm1,
    },
}

_WRAPPED: dict[str, Maker] = {
    "ClassifierChain": lambda: LogisticRegression(max_iter=200),
    "FrozenEstimator": lambda: LogisticRegression().fit(data["dense"], data["class"]),
    "RegressorChain": Ridge,
    "SelfTrainingClassifier": lambda: LogisticRegression(max_iter=200),
}

# What is fitted on something else than numbers: the input, and the target or None.
_FITTED_ON: dict[str, tuple[str, str | None]] = {
    **_each(
        (
            "CCA",
            "MultiOutputRegressor",
            "MultiTaskElasticNet",
            "MultiTaskElasticNetCV",
            "MultiTaskLasso",
            "MultiTaskLassoCV",
            "PLSCanonical",
            "PLSRegression",
            "PLSSVD",
            "RegressorChain",
        ),
        ("dense", "two"),
    ),
    **_each(("ClassifierChain", "MultiOutputClassifier"), ("dense", "flags")),
    **_each(("CountVectorizer", "HashingVectorizer", "TfidfVectorizer"), ("text", None)),
    **_each(("DictVectorizer", "FeatureHasher"), ("dicts", None)),
    **_each(("FixedThresholdClassifier", "TunedThresholdClassifierCV"), ("dense", "binary")),
    **_each(("LabelBinarizer", "LabelEncoder"), ("words", None)),
    **_each(("OneHotEncoder", "OrdinalEncoder"), ("codes", None)),
    "CategoricalNB": ("codes", "class"),
    "IsotonicRegression": ("one", "number"),
    "KernelCenterer": ("kernel", None),
    "MultiLabelBinarizer": ("labels", None),
    "NeighborhoodComponentsAnalysis": ("dense", "class"),
    "PatchExtractor": ("image", None),
    "TargetEncoder": ("codes", "number"),
}


def _maker(name: str, cls: Any) -> Maker:
    def make() -> tuple[Any, str]:
        # Where an argument's name differs between releases, its place does not.
        wrapped = [_WRAPPED[name]()] if name in _WRAPPED else []
        model = cls(*wrapped, **_ARGUMENTS.get(name, {}))
        if "random_state" in model.get_params(deep=False):
            model.set_params(random_state=0)
        default = ("dense", "class" if is_classifier(model) else "number")
        kind, target = _FITTED_ON.get(name, default)
        model.fit(data[kind], *([] if target is None else [data[target]]))
        return model, kind

    return make


def makers() -> Iterator[tuple[str, Maker]]:
    """Name and maker of each estimator; a maker returns the model and the kind of its data."""
    for name, cls in all_estimators():
        yield name, _maker(name, cls)
