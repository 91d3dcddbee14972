"""What projects dump beside single estimators: pipelines, searches, ensembles, native state.

Python 3.8 and later, scikit-learn 1.2 and later: what a release does not know yet, or does not know
any more, is left out there, and said to be.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn
from data import ROWS, data
from scipy import sparse, special, stats
from scipy.spatial import distance
from sklearn import metrics, model_selection
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import FeatureAgglomeration
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingRegressor,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import RFECV, SelectKBest, SelectPercentile, chi2, f_regression
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor, kernels
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.naive_bayes import ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import (
    BallTree,
    KDTree,
    KernelDensity,
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
)
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import Bunch

if TYPE_CHECKING:
    # Not to be subscripted in Python 3.8.
    from collections.abc import Callable, Iterator

    Maker = Callable[[], Any]

__all__ = ["makers"]

_MAKERS: dict[str, Maker] = {}


def _fitted(
    name: str,
    make: Callable[[], Any],
    kind: str = "dense",
    target: str | None = None,
    *,
    fit: Any = None,
) -> None:
    """Enter a model that is made and then fitted on one kind of data."""

    def maker() -> tuple[Any, str]:
        model = make()
        if "random_state" in model.get_params(deep=False):
            model.set_params(random_state=0)
        arguments = [] if target is None else [data[target]]
        return model.fit(data[kind], *arguments, **(fit or {})), kind

    _MAKERS[name] = maker


def _bare(name: str, make: Callable[[], Any]) -> None:
    """Enter an object that is asked nothing."""
    _MAKERS[name] = lambda: (make(), None)


# -- frames and texts ------------------------------------------------------------------------------


def _titanic() -> Any:
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OneHotEncoder(handle_unknown="ignore"),
    )
    columns = ColumnTransformer(
        [("numbers", numbers, ["age", "fare"]), ("words", words, ["port"])], remainder="drop"
    )
    return Pipeline([("columns", columns), ("model", LogisticRegression(max_iter=300))])


def _columns_by_dtype() -> Any:
    return make_pipeline(
        ColumnTransformer(
            [
                ("a", StandardScaler(), make_column_selector(dtype_include=np.number)),
                ("b", OrdinalEncoder(), make_column_selector(pattern="^class$")),
                ("c", TfidfVectorizer(), "text"),
                ("d", "passthrough", ["alone"]),
            ],
            sparse_threshold=0,
        ),
        SimpleImputer(),
        RandomForestClassifier(5, random_state=0),
    )


_fitted("titanic", _titanic, "frame", "binary")
_fitted("columns_by_dtype", _columns_by_dtype, "frame", "class")
_fitted(
    "columns_with_remainder",
    lambda: ColumnTransformer(
        [("a", PCA(1), [0, 1]), ("b", "drop", [2])], remainder=StandardScaler()
    ),
)
_fitted(
    "columns_to_pandas",
    lambda: ColumnTransformer(
        [("a", StandardScaler(), ["age", "fare"])], remainder="drop"
    ).set_output(transform="pandas"),
    "frame",
)
_fitted(
    "features_to_pandas",
    lambda: make_pipeline(
        FunctionTransformer(np.log1p, np.expm1, feature_names_out="one-to-one"),
        PolynomialFeatures(2),
        PCA(2),
    ).set_output(transform="pandas"),
    "fares",
)
_fitted(
    "text_and_numbers",
    lambda: make_pipeline(
        ColumnTransformer(
            [
                ("text", make_pipeline(TfidfVectorizer(), SelectKBest(chi2, k=3)), "text"),
                ("fare", KBinsDiscretizer(3, encode="onehot-dense"), ["fare"]),
            ]
        ),
        ComplementNB(),
    ),
    "frame",
    "class",
)
_fitted(
    "tfidf_and_logistic_regression",
    lambda: make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), stop_words="english", sublinear_tf=True),
        LogisticRegression(max_iter=300),
    ),
    "text",
    "binary",
)
_fitted(
    "counts_and_naive_bayes",
    lambda: make_pipeline(CountVectorizer(dtype=np.int32, stop_words=["a"]), MultinomialNB()),
    "text",
    "name",
)
_fitted(
    "characters_and_linear_svc",
    lambda: make_pipeline(TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3)), LinearSVC()),
    "text",
    "name",
)
_fitted(
    "hashing_and_sgd",
    lambda: make_pipeline(
        HashingVectorizer(n_features=64), SGDClassifier(loss="log_loss", random_state=0)
    ),
    "text",
    "class",
)
_fitted(
    "latent_semantics",
    lambda: make_pipeline(TfidfVectorizer(), TruncatedSVD(2, random_state=0)),
    "text",
)
_fitted(
    "vectoriser_with_bound_methods",
    lambda: CountVectorizer(
        preprocessor=str.lower, tokenizer=re.compile(r"\w+").findall, token_pattern=None
    ),
    "text",
)
_fitted("dictionaries", lambda: make_pipeline(DictVectorizer(), StandardScaler(with_mean=False)),
        "dicts")  # fmt: skip

# -- features --------------------------------------------------------------------------------------

_fitted(
    "union",
    lambda: make_pipeline(
        make_union(PCA(2), SelectKBest(f_regression, k=2), SplineTransformer(n_knots=4)), Ridge()
    ),
    target="number",
)
_fitted("iterative_imputer", lambda: IterativeImputer(max_iter=2), "missing")
_fitted(
    "iterative_imputer_of_trees",
    lambda: IterativeImputer(RandomForestRegressor(3, random_state=0), max_iter=2),
    "missing",
)
_fitted("neighbours_imputer", lambda: KNNImputer(n_neighbors=3, add_indicator=True), "missing")
_fitted("imputer_of_frame", lambda: SimpleImputer(strategy="mean", add_indicator=True), "history")
_fitted(
    "elimination",
    lambda: RFECV(
        LogisticRegression(max_iter=200), cv=model_selection.StratifiedKFold(3), scoring="f1_macro"
    ),
    target="class",
)
_fitted("best_tenth", lambda: SelectPercentile(percentile=50), target="class")
_fitted(
    "distributions",
    lambda: make_pipeline(PowerTransformer(), QuantileTransformer(n_quantiles=20)),
)
_fitted(
    "target_by_ufunc",
    lambda: TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
    target="number",
)
_fitted(
    "target_by_estimator",
    lambda: TransformedTargetRegressor(SVR(), transformer=QuantileTransformer(n_quantiles=10)),
    target="number",
)
for _name, _function, _options in (
    ("log1p", np.log1p, {}),
    ("sqrt", np.sqrt, {}),
    ("expit", special.expit, {"inverse_func": special.logit}),
    ("softmax", special.softmax, {"kw_args": {"axis": 1}}),
    ("clip", np.clip, {"kw_args": {"a_min": 0, "a_max": 1}}),
    ("nan_to_num", np.nan_to_num, {}),
    ("partial", functools.partial(np.power, 2.0), {}),
    ("partial_keywords", functools.partial(np.clip, a_min=0.0, a_max=2.0), {}),
    ("normalise", sklearn.preprocessing.normalize, {"kw_args": {"norm": "l1"}}),
    ("vectorised", np.vectorize(round, otypes=[float]), {}),
    ("norm", functools.partial(np.linalg.norm, axis=1, keepdims=True), {}),
):
    _fitted(
        "function_" + _name,
        functools.partial(FunctionTransformer, _function, **_options),  # type: ignore[arg-type]
    )

# -- searches --------------------------------------------------------------------------------------

_fitted(
    "grid_search_of_pipeline",
    lambda: GridSearchCV(
        make_pipeline(StandardScaler(), SVC()),
        {"svc__C": [0.1, 1.0], "svc__kernel": ["rbf", "linear"]},
        cv=3,
        scoring="balanced_accuracy",
    ),
    target="name",
)
_fitted(
    "grid_search_over_estimators",
    lambda: GridSearchCV(
        Pipeline([("scale", None), ("model", Ridge())]),
        [{"model": [Ridge(), SVR()], "scale": ["passthrough", StandardScaler()]}],
        cv=2,
        scoring={"mse": "neg_mean_squared_error", "r2": make_scorer(metrics.r2_score)},
        refit="mse",
    ),
    target="number",
)
_fitted(
    "grid_search_by_groups",
    lambda: GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=model_selection.GroupKFold(2)),
    target="number",
    fit={"groups": np.arange(ROWS) % 4},
)
for _name, _distribution in (
    ("uniform", stats.uniform(0.1, 2.0)),
    ("loguniform", stats.loguniform(1e-3, 1e1)),
    ("randint", stats.randint(1, 10)),
    ("expon", stats.expon(scale=2.0)),
    ("truncnorm", stats.truncnorm(0.0, 2.0, loc=1.0)),
    ("poisson", stats.poisson(3, loc=1)),
    ("beta", stats.beta(2, 3)),
    ("norm", stats.norm(2.0, 0.1)),
    ("gamma", stats.gamma(2.0)),
    ("list", [0.1, 1.0, 3.0]),
    ("values", stats.rv_discrete(values=([1, 2, 3], [0.2, 0.3, 0.5]))),
):
    _fitted(
        "random_search_over_" + _name,
        functools.partial(RandomizedSearchCV, Ridge(), {"alpha": _distribution}, n_iter=3, cv=2),
        target="number",
    )
_fitted(
    "random_search_of_forest",
    lambda: RandomizedSearchCV(
        RandomForestClassifier(3),
        {"max_depth": stats.randint(2, 6), "min_samples_split": stats.uniform(0.1, 0.5)},
        n_iter=3,
        cv=model_selection.StratifiedShuffleSplit(2, test_size=0.3, random_state=0),
    ),
    target="class",
)
_fitted(
    "halving_search",
    lambda: HalvingGridSearchCV(
        DecisionTreeClassifier(), {"max_depth": [2, 3]}, cv=2, min_resources=20
    ),
    target="binary",
)

# -- ensembles -------------------------------------------------------------------------------------

_fitted("calibrated_sigmoid", lambda: CalibratedClassifierCV(LinearSVC(), cv=3), target="class")
_fitted(
    "calibrated_isotonic",
    lambda: CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=3),
    target="binary",
)
_fitted(
    "stacking",
    lambda: StackingClassifier(
        [
            ("forest", RandomForestClassifier(5, random_state=0)),
            ("svc", make_pipeline(StandardScaler(), SVC())),
            ("neighbours", KNeighborsClassifier(3)),
        ],
        final_estimator=LogisticRegression(),
        passthrough=True,
        cv=2,
    ),
    target="name",
)
_fitted(
    "voting",
    lambda: VotingClassifier(
        [("a", LogisticRegression()), ("b", GradientBoostingClassifier(n_estimators=3))],
        voting="soft",
    ),
    target="name",
)
_fitted(
    "one_against_the_rest",
    lambda: OneVsRestClassifier(OneVsOneClassifier(LogisticRegression())),
    target="name",
)
_fitted(
    "several_targets",
    lambda: MultiOutputRegressor(GradientBoostingRegressor(n_estimators=3, loss="huber")),
    target="two",
)
_fitted("forest_of_several_targets", lambda: RandomForestClassifier(5), target="flags")
_fitted("extra_trees", lambda: ExtraTreesRegressor(10, max_depth=6), target="two")
_fitted(
    "forest_with_missing_values",
    lambda: RandomForestClassifier(5, random_state=0),
    "missing",
    "class",
)
_fitted("forest_with_oob", lambda: RandomForestRegressor(20, oob_score=True), target="number")
_fitted("isolation", lambda: IsolationForest(n_estimators=5))
_fitted("tree_with_pruning", lambda: DecisionTreeClassifier(ccp_alpha=0.01), target="name")
_fitted(
    "boosted_trees",
    lambda: AdaBoostClassifier(DecisionTreeClassifier(max_depth=2), n_estimators=4),
    target="name",
)
_fitted(
    "bagged_pipelines",
    lambda: BaggingRegressor(make_pipeline(StandardScaler(), Ridge()), 3),
    target="number",
)
for _loss in ("absolute_error", "huber", "quantile", "squared_error"):
    _fitted(
        "gradient_boosting_" + _loss,
        functools.partial(GradientBoostingRegressor, loss=_loss, n_estimators=3),
        target="number",
    )
for _loss, _target in (("exponential", "binary"), ("log_loss", "binary")):
    _fitted(
        "gradient_boosting_" + _loss,
        functools.partial(GradientBoostingClassifier, loss=_loss, n_estimators=3),
        target=_target,
    )
_fitted(
    "gradient_boosting_of_three",
    lambda: GradientBoostingClassifier(n_estimators=3, init="zero"),
    target="class",
)
for _loss, _options in (
    ("absolute_error", {}),
    ("gamma", {}),
    ("poisson", {"monotonic_cst": [1, 0, -1, 0]}),
    ("quantile", {"quantile": 0.7}),
    ("squared_error", {"warm_start": True}),
):
    _fitted(
        "hist_gradient_boosting_" + _loss,
        functools.partial(
            HistGradientBoostingRegressor,
            loss=_loss,
            max_iter=3,
            min_samples_leaf=5,
            **_options,  # type: ignore[arg-type]
        ),
        target="number",
    )
_fitted(
    "hist_gradient_boosting_of_codes",
    lambda: HistGradientBoostingClassifier(
        max_iter=4, categorical_features=[0, 1], min_samples_leaf=5
    ),
    "codes",
    "name",
)
_fitted(
    "hist_gradient_boosting_of_frame",
    lambda: HistGradientBoostingClassifier(
        max_iter=4, categorical_features="from_dtype", min_samples_leaf=5
    ),
    "mixed",
    "name",
)
_fitted(
    "hist_gradient_boosting_stopped_early",
    lambda: HistGradientBoostingClassifier(
        max_iter=8,
        early_stopping=True,
        scoring="roc_auc",
        validation_fraction=0.3,
        n_iter_no_change=2,
        min_samples_leaf=5,
    ),
    target="binary",
)
_fitted(
    "hist_gradient_boosting_with_missing_values",
    lambda: HistGradientBoostingRegressor(max_iter=4, min_samples_leaf=5),
    "missing",
    "number",
)

# -- kernels, neighbours, other native state -------------------------------------------------------


def _kernel() -> Any:
    return (
        kernels.ConstantKernel(1.0) * kernels.RBF(1.0)
        + kernels.Matern(1.0, nu=1.5)
        + kernels.RationalQuadratic()
        + kernels.WhiteKernel(0.1)
        + kernels.DotProduct() ** 2
        + kernels.ExpSineSquared(1.0, 5.0, periodicity_bounds="fixed")
    )


_fitted(
    "gaussian_process",
    lambda: GaussianProcessRegressor(_kernel(), optimizer=None, normalize_y=True),
    target="number",
)
_fitted(
    "gaussian_process_classifier",
    lambda: GaussianProcessClassifier(kernels.PairwiseKernel(), optimizer=None),
    target="class",
)
_fitted("svc_precomputed", lambda: SVC(kernel="precomputed"), "kernel", "class")
_fitted("svc_with_probabilities", lambda: SVC(probability=True), target="name")
_fitted("svr_by_function", lambda: SVR(kernel=metrics.pairwise.chi2_kernel), target="number")
_fitted("kernel_ridge", lambda: KernelRidge(kernel="rbf"), target="number")
_MAKERS["svc_of_sparse"] = lambda: (
    SVC().fit(sparse.csr_matrix(data["dense"]), data["name"]),
    "dense",
)
_BOOLEAN = ("dice", "jaccard", "rogerstanimoto", "russellrao", "sokalsneath", "hamming")
_KD_TREE = ("chebyshev", "euclidean", "manhattan", "minkowski")
_PARAMETERS: dict[str, Any] = {
    "mahalanobis": {"VI": np.eye(4)},
    "minkowski": {"p": 3},
    "seuclidean": {"V": np.ones(4)},
}
for _metric in (
    "braycurtis",
    "canberra",
    "chebyshev",
    "euclidean",
    "haversine",
    "mahalanobis",
    "manhattan",
    "minkowski",
    "seuclidean",
    *_BOOLEAN,
):
    for _algorithm in ("ball_tree", "kd_tree") if _metric in _KD_TREE else ("ball_tree",):
        _fitted(
            f"{_algorithm}_of_{_metric}",
            functools.partial(
                KNeighborsClassifier,
                3,
                algorithm=_algorithm,
                metric=_metric,
                metric_params=_PARAMETERS.get(_metric),
            ),
            "truth" if _metric in _BOOLEAN else "globe" if _metric == "haversine" else "dense",
            "class",
        )
_fitted(
    "ball_tree_of_function",
    lambda: KNeighborsClassifier(3, algorithm="ball_tree", metric=distance.cosine),
    target="class",
)
_fitted(
    "brute_of_single_precision",
    lambda: KNeighborsRegressor(4, weights="distance", algorithm="brute"),
    target="two",
)
_fitted("outliers_by_neighbours", lambda: LocalOutlierFactor(5, novelty=True))
_fitted("density", lambda: KernelDensity(kernel="epanechnikov", metric="manhattan"))
_bare(
    "bare_trees",
    lambda: {
        "kd": KDTree(data["dense"], leaf_size=10),
        "ball": BallTree(data["dense"], metric="manhattan"),
    },
)
_fitted("agglomeration_by_function", lambda: FeatureAgglomeration(2, pooling_func=np.median))
for _solver in ("adam", "sgd", "lbfgs"):
    _fitted(
        "perceptron_by_" + _solver,
        functools.partial(MLPClassifier, (4,), solver=_solver, max_iter=5),
        target="name",
    )
for _loss in ("squared_epsilon_insensitive", "epsilon_insensitive", "squared_error", "huber"):
    _fitted(
        "stochastic_gradient_" + _loss,
        functools.partial(SGDRegressor, loss=_loss, max_iter=5, tol=None),
        target="number",
    )
for _loss in ("hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron"):
    _fitted(
        "stochastic_gradient_" + _loss,
        functools.partial(SGDClassifier, loss=_loss, max_iter=5, tol=None),
        target="class",
    )

# -- scorers, splitters, random states, bundles ----------------------------------------------------

_bare(
    "scorers",
    lambda: {
        "made": make_scorer(metrics.mean_pinball_loss, alpha=0.9, greater_is_better=False),
        "scipy": make_scorer(stats.spearmanr),
        "every": {name: metrics.get_scorer(name) for name in metrics.get_scorer_names()},
    },
)
_bare(
    "splitters",
    lambda: [
        model_selection.GroupKFold(3),
        model_selection.GroupShuffleSplit(3, random_state=0),
        model_selection.KFold(3, shuffle=True, random_state=0),
        model_selection.LeaveOneGroupOut(),
        model_selection.LeaveOneOut(),
        model_selection.LeavePGroupsOut(2),
        model_selection.LeavePOut(2),
        model_selection.PredefinedSplit(np.arange(ROWS) % 3),
        model_selection.RepeatedKFold(n_splits=2, random_state=0),
        model_selection.RepeatedStratifiedKFold(random_state=0),
        model_selection.ShuffleSplit(3),
        model_selection.StratifiedGroupKFold(2),
        model_selection.StratifiedKFold(2),
        model_selection.StratifiedShuffleSplit(2),
        model_selection.TimeSeriesSplit(3, gap=1),
    ],
)
_bare(
    "linear_models_by_cross_validation",
    lambda: [
        LogisticRegressionCV(Cs=2, cv=2).fit(data["dense"], data["class"]),
        RidgeCV([0.1, 1.0], scoring="r2", cv=3).fit(data["dense"], data["number"]),
    ],
)
_fitted(
    "forest_with_weights",
    lambda: RandomForestClassifier(3, class_weight={"low": 1.0, "middle": 2.0, "high": 1.5}),
    target="name",
)


def _routing() -> Any:
    with sklearn.config_context(enable_metadata_routing=True):
        model = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=True),
            LogisticRegression().set_fit_request(sample_weight=True),
        )
        scorer = metrics.get_scorer("accuracy").set_score_request(sample_weight="weight")
        search = GridSearchCV(model, {"logisticregression__C": [0.1, 1.0]}, cv=2, scoring=scorer)
        weights = np.ones(ROWS)
        return search.fit(data["dense"], data["binary"], sample_weight=weights, weight=weights)


_MAKERS["routing_of_weights"] = lambda: (_routing(), "dense")


def _random_forest_with_state() -> Any:
    model = RandomForestRegressor(3, random_state=np.random.RandomState(0))
    return model.fit(data["dense"], data["number"]), "dense"


_MAKERS["forest_with_random_state"] = _random_forest_with_state


def _bundle() -> Any:
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(data["dense"], data["name"])
    return {
        "model": model,
        "features": ["a", "b", "c", "d"],
        "metrics": {"auc": 0.93, "confusion": np.eye(3, dtype=np.int64)},
        "threshold": np.float64(0.4),
        "sample": data["frame"].head(3),
    }


_bare("bundle", _bundle)
_bare("bunch", lambda: Bunch(model=Ridge().fit(data["dense"], data["number"]), names=["a"]))


def makers() -> Iterator[tuple[str, Maker]]:
    """Name and maker of each; a maker returns the object and the kind of its data, or None."""
    return iter(_MAKERS.items())
