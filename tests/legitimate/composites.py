"""What real projects dump beside single estimators: pipelines, searches, bundles, arrays, frames.

Each entry of ``COMPOSITES`` makes one object. Together they use every kind of value that legitimate
scikit-learn projects keep in a model file; a value that is missing here is not known to be
accepted.

Trust: not applicable; these models are made here.
"""

from __future__ import annotations

import datetime as dt
import functools
import operator
import random
import re
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from scipy import fft, ndimage, signal, sparse, special, stats
from scipy.spatial import distance
from sklearn import metrics, model_selection
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import AgglomerativeClustering, FeatureAgglomeration, KMeans
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.covariance import EllipticEnvelope
from sklearn.decomposition import NMF, PCA, FastICA, LatentDirichletAllocation, TruncatedSVD
from sklearn.dummy import DummyClassifier
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
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
    strip_accents_unicode,
)
from sklearn.feature_selection import (
    RFECV,
    SelectFromModel,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    chi2,
    f_regression,
    mutual_info_classif,
    mutual_info_regression,
    r_regression,
)
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor, kernels
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    ElasticNetCV,
    LassoCV,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.metrics import make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputRegressor
from sklearn.naive_bayes import ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import (
    BallTree,
    KDTree,
    KernelDensity,
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NearestNeighbors,
)
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    LabelEncoder,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.random_projection import SparseRandomProjection
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import Bunch

from tests.legitimate.data import (
    BINARY,
    CLASS,
    FLAGS,
    GROUPS,
    NAMES,
    NUMBER,
    POSITIVE,
    RANDOM,
    ROWS,
    TEXT,
    TWO,
    X,
    frame,
)
from tests.legitimate.estimators import Legitimate
from tests.legitimate.values import VALUES

__all__ = ["composite", "composites", "names"]


def _fit(model: Any, data: Any = None, target: Any = None, **extra: Any) -> tuple[Any, Any]:
    data = X if data is None else data
    if "random_state" in model.get_params(deep=False):
        model.set_params(random_state=0)
    if target is None and not extra:
        return model.fit(data), data
    return model.fit(data, target, **extra), data


# -- the table ------------------------------------------------------------------------------------

Maker = Callable[[], Any]
COMPOSITES: dict[str, Maker] = {}


def _makes(maker: Maker) -> Maker:
    """Enter a maker of one object, under its own name."""
    COMPOSITES[maker.__name__] = maker
    return maker


def _each(prefix: str, makers: dict[str, Maker]) -> None:
    """Enter several makers."""
    COMPOSITES.update({f"{prefix}_{name}": maker for name, maker in makers.items()})


# -- pipelines on frames and text -----------------------------------------------------------------


@_makes
def titanic() -> Any:
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )
    columns = ColumnTransformer(
        [("numbers", numbers, ["age", "fare"]), ("words", words, ["port", "class"])]
    )
    model = Pipeline([("columns", columns), ("model", LogisticRegression(max_iter=300))])
    return _fit(model, frame(), BINARY)


@_makes
def columns_by_dtype() -> Any:
    model = make_pipeline(
        make_column_transformer(
            (StandardScaler(), make_column_selector(dtype_include=np.number)),
            (OrdinalEncoder(), make_column_selector(pattern="^class$")),
            (TfidfVectorizer(), "text"),
            ("passthrough", ["alone"]),
            sparse_threshold=0,
        ),
        SimpleImputer(),
        RandomForestClassifier(5),
    )
    return _fit(model, frame(), CLASS)


@_makes
def columns_from_one_name_to_another() -> Any:
    model = ColumnTransformer([("a", SimpleImputer(), slice("age", "fare"))], remainder="drop")
    return _fit(model, frame())


@_makes
def columns_to_pandas() -> Any:
    model = ColumnTransformer(
        [("a", StandardScaler(), ["age", "fare"]), ("b", TargetEncoder(), ["port"])],
        remainder="drop",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    return _fit(model, frame(), BINARY)


@_makes
def columns_with_callable_selector() -> Any:
    model = ColumnTransformer(
        [("a", MinMaxScaler(), [0, 1]), ("b", "drop", [2])], remainder=StandardScaler()
    )
    return _fit(model)


@_makes
def frames_through_everything() -> Any:
    model = make_pipeline(
        FunctionTransformer(np.log1p, np.expm1, feature_names_out="one-to-one"),
        PolynomialFeatures(2),
        PCA(2),
        KMeans(2, n_init=1),
    ).set_output(transform="pandas")
    return _fit(model, frame()[["fare"]].assign(size=1.0))


@_makes
def tfidf_and_logistic_regression() -> Any:
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), stop_words="english", sublinear_tf=True),
        LogisticRegression(max_iter=300),
    )
    return _fit(model, TEXT, BINARY)


@_makes
def counts_and_naive_bayes() -> Any:
    model = make_pipeline(
        CountVectorizer(stop_words=["a", "at"], dtype=np.int32, max_features=50), MultinomialNB()
    )
    return _fit(model, TEXT, NAMES)


@_makes
def characters_and_linear_svc() -> Any:
    model = make_pipeline(TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3)), LinearSVC())
    return _fit(model, TEXT, NAMES)


@_makes
def hashing_and_sgd() -> Any:
    model = make_pipeline(HashingVectorizer(n_features=64), SGDClassifier(loss="log_loss"))
    return _fit(model, TEXT, CLASS)


@_makes
def topics() -> Any:
    return _fit(make_pipeline(CountVectorizer(), LatentDirichletAllocation(3, max_iter=2)), TEXT)


@_makes
def latent_semantics() -> Any:
    return _fit(make_pipeline(TfidfVectorizer(), TruncatedSVD(2), MinMaxScaler()), TEXT)


@_makes
def vectoriser_with_bound_methods() -> Any:
    model = CountVectorizer(
        preprocessor=str.lower, tokenizer=re.compile(r"\w+").findall, token_pattern=None
    )
    return _fit(model, TEXT)


@_makes
def vectoriser_with_split() -> Any:
    return _fit(TfidfVectorizer(analyzer=str.split), TEXT)


@_makes
def vectoriser_with_searches() -> Any:
    model = CountVectorizer(
        preprocessor=functools.partial(re.sub, r"\d+", "#"),
        tokenizer=functools.partial(re.findall, r"\w+"),
        token_pattern=None,
    )
    return _fit(model, TEXT)


@_makes
def vectoriser_with_callers() -> Any:
    model = CountVectorizer(
        preprocessor=operator.methodcaller("replace", "-", " "),
        tokenizer=operator.methodcaller("split", " "),
        token_pattern=None,
    )
    return _fit(model, TEXT)


@_makes
def vectorisers_of_dictionaries() -> Any:
    documents = [{"title": text, "words": text.split()} for text in TEXT]
    model = make_union(
        TfidfVectorizer(preprocessor=operator.itemgetter("title")),
        CountVectorizer(analyzer=operator.itemgetter("words")),
    )
    return _fit(model, documents)


@_makes
def vectoriser_with_accents_stripped() -> Any:
    return _fit(TfidfVectorizer(preprocessor=strip_accents_unicode, analyzer=sorted), TEXT)


@_makes
def vectoriser_with_vocabulary_of_an_array() -> Any:
    return _fit(CountVectorizer(vocabulary=np.array(["red", "blue"])), TEXT)


@_makes
def vectoriser_with_vocabulary() -> Any:
    return _fit(CountVectorizer(vocabulary={"red": 0, "blue": 1}), TEXT)


@_makes
def dictionaries() -> Any:
    rows = [{"colour": "red", "size": float(i)} for i in range(ROWS)]
    return _fit(make_pipeline(DictVectorizer(), Ridge()), rows, NUMBER)


@_makes
def text_and_numbers() -> Any:
    model = make_pipeline(
        ColumnTransformer(
            [
                ("text", make_pipeline(TfidfVectorizer(), SelectKBest(chi2, k=3)), "text"),
                ("age", KBinsDiscretizer(3, encode="onehot-dense"), ["fare"]),
            ]
        ),
        ComplementNB(),
    )
    return _fit(model, frame(), CLASS)


# -- feature engineering --------------------------------------------------------------------------


@_makes
def union_of_transformers() -> Any:
    model = make_pipeline(
        make_union(PCA(2), SelectKBest(f_regression, k=2), SplineTransformer(n_knots=4)),
        Ridge(),
    )
    return _fit(model, X, NUMBER)


@_makes
def selection_by_information() -> Any:
    model = make_pipeline(
        SelectPercentile(functools.partial(mutual_info_classif, random_state=0), percentile=50),
        GaussianNB(),
    )
    return _fit(model, X, CLASS)


@_makes
def selection_by_correlation() -> Any:
    model = make_pipeline(
        SelectKBest(r_regression, k=4),
        SelectKBest(
            functools.partial(mutual_info_regression, discrete_features="auto", random_state=0), k=2
        ),
        Ridge(),
    )
    return _fit(model, X, NUMBER)


@_makes
def selection_by_model() -> Any:
    model = make_pipeline(
        SelectFromModel(ExtraTreesRegressor(5), threshold="median"), RidgeCV([0.1, 1.0])
    )
    return _fit(model, X, NUMBER)


@_makes
def selection_by_an_attribute() -> Any:
    model = make_pipeline(
        SelectFromModel(
            TransformedTargetRegressor(RidgeCV()),
            importance_getter=operator.attrgetter("regressor_.coef_"),
        ),
        RidgeCV(),
    )
    return _fit(model, X, NUMBER)


@_makes
def selection_by_elimination() -> Any:
    model = RFECV(
        LogisticRegression(max_iter=200), cv=model_selection.StratifiedKFold(3), scoring="f1_macro"
    )
    return _fit(model, X, CLASS)


@_makes
def selection_in_sequence() -> Any:
    model = SequentialFeatureSelector(Ridge(), n_features_to_select=2, cv=2, scoring="r2")
    return _fit(model, X, NUMBER)


@_makes
def imputers() -> Any:
    data = np.where(RANDOM.uniform(size=X.shape) < 0.1, np.nan, X)
    model = FeatureUnion(
        [
            ("iterative", IterativeImputer(RandomForestRegressor(3), max_iter=2)),
            ("neighbours", KNNImputer(n_neighbors=3, add_indicator=True)),
            ("constant", SimpleImputer(strategy="constant", fill_value=0.0)),
        ]
    )
    return _fit(model, data)


@_makes
def transformers_of_distribution() -> Any:
    model = make_pipeline(
        RobustScaler(),
        PowerTransformer(),
        QuantileTransformer(n_quantiles=20, output_distribution="normal"),
    )
    return _fit(model)


@_makes
def encoders_of_frames() -> Any:
    model = make_column_transformer(
        (OneHotEncoder(drop="first", min_frequency=2, sparse_output=False), ["class", "alone"]),
        (OrdinalEncoder(categories=[["S", "C", "Q", np.nan]]), ["port"]),
    )
    return _fit(model, frame())


@_makes
def target_transformed_by_ufunc() -> Any:
    model = TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1)
    return _fit(model, X, np.abs(NUMBER))


@_makes
def target_transformed_by_estimator() -> Any:
    model = TransformedTargetRegressor(SVR(), transformer=QuantileTransformer(n_quantiles=10))
    return _fit(model, X, NUMBER)


def _function(function: Any, data: Any = None, **options: Any) -> Maker:
    return lambda: _fit(FunctionTransformer(function, **options), data)


_each(
    "function",
    {
        "log1p": _function(np.log1p, POSITIVE, inverse_func=np.expm1, check_inverse=True),
        "sqrt": _function(np.sqrt, POSITIVE),
        "expit": _function(special.expit, inverse_func=special.logit),
        "softmax": _function(special.softmax, kw_args={"axis": 1}),
        "clip": _function(np.clip, kw_args={"a_min": -1, "a_max": 1}),
        "nan_to_num": _function(np.nan_to_num),
        "partial": _function(functools.partial(np.power, 2.0)),
        "partial_with_keywords": _function(functools.partial(np.clip, a_min=0.0, a_max=2.0)),
        "partial_of_partial": _function(
            functools.partial(functools.partial(np.quantile, q=0.5), axis=1, keepdims=True)
        ),
        "normalise": _function(sklearn.preprocessing.normalize, kw_args={"norm": "l1"}),
        "scale": _function(sklearn.preprocessing.scale),
        "absolute": _function(np.abs),
        "norm": _function(functools.partial(np.linalg.norm, axis=1, keepdims=True)),
        "column": _function(operator.itemgetter(["fare"]), frame()),
        "vectorised": _function(np.vectorize(round, otypes=[float])),
        "columns": _function(operator.itemgetter((slice(None), [0, 2]))),
        "columns_dropped": _function(operator.methodcaller("drop", columns=["text"]), frame()),
        "type": _function(operator.methodcaller("astype", np.float32)),
        "cosines": _function(fft.dct),
        "filtered": _function(signal.savgol_filter, kw_args={"window_length": 3, "polyorder": 1}),
        "smoothed": _function(ndimage.gaussian_filter1d, kw_args={"sigma": 1}),
        "trimmed": _function(stats.mstats.winsorize, kw_args={"limits": [0.1, 0.1]}),
        "binned": _function(pd.cut, frame()["fare"], kw_args={"bins": 3, "labels": False}),
        "of_frames": _function(pd.DataFrame.fillna, frame()[["age"]], kw_args={"value": 0}),
        "looked_up": _function(np.vectorize({True: 1}.get, otypes=[object]), FLAGS > 0),
        "likeness_to_a_point": _function(
            metrics.pairwise.rbf_kernel, X[:, :1], kw_args={"Y": [[0.5]], "gamma": 0.1}
        ),
        "type_of_array": _function(np.ndarray.astype, kw_args={"dtype": np.float32, "copy": False}),
        "flattened": _function(np.ndarray.flatten),
        "lengths": _function(np.vectorize(len), np.array(TEXT).reshape(-1, 1)),
        "rounded": _function(operator.methodcaller("round", 2), frame()[["fare"]]),
        "mean_weighted": _function(np.average, kw_args={"axis": 1, "weights": [1, 2, 3, 4, 5]}),
        "without_holes": _function(np.nan_to_num, kw_args={"nan": 0.0, "copy": True}),
        "checked": _function(
            functools.partial(
                sklearn.utils.check_array, accept_sparse=True, ensure_all_finite="allow-nan"
            )
        ),
        "days": _function(operator.attrgetter("dt.days"), pd.Series(pd.to_timedelta([1, 2], "D"))),
    },
)

# -- searches, calibration, ensembles -------------------------------------------------------------


@_makes
def grid_search_of_pipeline() -> Any:
    model = GridSearchCV(
        make_pipeline(StandardScaler(), SVC(probability=False)),
        {"svc__C": [0.1, 1.0], "svc__kernel": ["rbf", "linear"]},
        cv=3,
        scoring="balanced_accuracy",
        return_train_score=True,
    )
    return _fit(model, X, NAMES)


@_makes
def grid_search_over_functions() -> Any:
    model = GridSearchCV(
        Pipeline([("change", FunctionTransformer()), ("model", SVR())]),
        {
            "change__func": [None, np.tanh, functools.partial(np.clip, a_min=-1, a_max=1)],
            "model__kernel": [metrics.pairwise.rbf_kernel, metrics.pairwise.linear_kernel],
        },
        cv=2,
    )
    return _fit(model, X, NUMBER)


@_makes
def grid_search_over_estimators() -> Any:
    model = GridSearchCV(
        Pipeline([("scale", None), ("model", Ridge())]),
        [
            {"model": [Ridge(), SVR()], "scale": ["passthrough", StandardScaler()]},
            {"model": [DecisionTreeRegressor(max_depth=2)]},
        ],
        cv=2,
        scoring={"mse": "neg_mean_squared_error", "r2": make_scorer(metrics.r2_score)},
        refit="mse",
    )
    return _fit(model, X, NUMBER)


def _random_search(distributions: Any) -> Maker:
    def make() -> Any:
        model = RandomizedSearchCV(Ridge(), {"alpha": distributions}, n_iter=3, cv=2)
        return _fit(model, X, NUMBER)

    return make


_each(
    "random_search_over",
    {
        "uniform": _random_search(stats.uniform(0.1, 2.0)),
        "loguniform": _random_search(stats.loguniform(1e-3, 1e1)),
        "randint": _random_search(stats.randint(1, 10)),
        "expon": _random_search(stats.expon(scale=2.0)),
        "truncnorm": _random_search(stats.truncnorm(0.0, 2.0, loc=1.0)),
        "poisson": _random_search(stats.poisson(3, loc=1)),
        "beta": _random_search(stats.beta(2, 3)),
        "list": _random_search([0.1, 1.0, 3.0]),
        "values": _random_search(stats.rv_discrete(values=([1, 2, 3], [0.2, 0.3, 0.5]))),
        "histogram": _random_search(stats.rv_histogram(np.histogram(POSITIVE, bins=5))),
    },
)


@_makes
def random_search_of_forest() -> Any:
    model = RandomizedSearchCV(
        RandomForestClassifier(3),
        {
            "max_depth": stats.randint(2, 6),
            "min_samples_split": stats.uniform(0.1, 0.5),
            "criterion": ["gini", "entropy"],
        },
        n_iter=3,
        cv=model_selection.StratifiedShuffleSplit(2, test_size=0.3, random_state=0),
    )
    return _fit(model, X, CLASS)


@_makes
def halving_search() -> Any:
    model = HalvingGridSearchCV(
        DecisionTreeClassifier(), {"max_depth": [2, 3]}, cv=2, min_resources=20
    )
    return _fit(model, X, BINARY)


@_makes
def calibrated_sigmoid() -> Any:
    return _fit(CalibratedClassifierCV(LinearSVC(), cv=3), X, CLASS)


@_makes
def calibrated_isotonic() -> Any:
    return _fit(CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=3), X, BINARY)


@_makes
def calibrated_by_temperature() -> Any:
    return _fit(CalibratedClassifierCV(LogisticRegression(), method="temperature", cv=3), X, CLASS)


@_makes
def stacking() -> Any:
    model = StackingClassifier(
        [
            ("forest", RandomForestClassifier(5)),
            ("svc", make_pipeline(StandardScaler(), SVC())),
            ("neighbours", KNeighborsClassifier(3)),
        ],
        final_estimator=LogisticRegression(),
        passthrough=True,
        cv=2,
    )
    return _fit(model, X, NAMES)


@_makes
def stacking_of_regressors() -> Any:
    model = StackingRegressor([("a", LassoCV(cv=2)), ("b", SVR())], RidgeCV(), cv=2)
    return _fit(model, X, NUMBER)


@_makes
def voting() -> Any:
    model = VotingClassifier(
        [("a", LogisticRegression()), ("b", GradientBoostingClassifier(n_estimators=3))],
        voting="soft",
        weights=[1, 2],
    )
    return _fit(model, X, NAMES)


@_makes
def voting_of_regressors() -> Any:
    return _fit(VotingRegressor([("a", Ridge()), ("b", KNeighborsRegressor())]), X, NUMBER)


@_makes
def threshold_tuned() -> Any:
    model = TunedThresholdClassifierCV(
        LogisticRegression(), scoring=make_scorer(metrics.fbeta_score, beta=2), cv=3
    )
    return _fit(model, X, BINARY)


@_makes
def threshold_fixed() -> Any:
    return _fit(FixedThresholdClassifier(GaussianNB(), threshold=0.3), X, BINARY)


@_makes
def self_training() -> Any:
    target = np.where(np.arange(ROWS) % 3, CLASS, -1)
    return _fit(SelfTrainingClassifier(SVC(probability=True)), X, target)


@_makes
def one_against_the_rest() -> Any:
    model = make_pipeline(
        StandardScaler(),
        OneVsRestClassifier(OneVsOneClassifier(LogisticRegression())),
    )
    return _fit(model, X, NAMES)


@_makes
def output_codes() -> Any:
    return _fit(OutputCodeClassifier(DecisionTreeClassifier(max_depth=3)), X, CLASS)


@_makes
def chain_of_classifiers() -> Any:
    return _fit(ClassifierChain(LogisticRegression(), order="random"), X, FLAGS)


@_makes
def several_targets() -> Any:
    model = MultiOutputRegressor(GradientBoostingRegressor(n_estimators=3, loss="huber"))
    return _fit(model, X, TWO)


@_makes
def forest_of_several_targets() -> Any:
    return _fit(RandomForestClassifier(5, oob_score=True, bootstrap=True), X, FLAGS)


@_makes
def boosted_trees() -> Any:
    return _fit(AdaBoostClassifier(DecisionTreeClassifier(max_depth=2), n_estimators=4), X, NAMES)


@_makes
def bagged_pipelines() -> Any:
    return _fit(BaggingRegressor(make_pipeline(StandardScaler(), Ridge()), 3), X, NUMBER)


def _gradient(loss: str, target: Any) -> Maker:
    def make() -> Any:
        cls = GradientBoostingRegressor if target is NUMBER else GradientBoostingClassifier
        return _fit(cls(loss=loss, n_estimators=3, init=None), X, target)

    return make


_each(
    "gradient_boosting",
    {
        "absolute_error": _gradient("absolute_error", NUMBER),
        "huber": _gradient("huber", NUMBER),
        "quantile": _gradient("quantile", NUMBER),
        "squared_error": _gradient("squared_error", NUMBER),
        "exponential": _gradient("exponential", BINARY),
        "log_loss": _gradient("log_loss", BINARY),
        "log_loss_of_three": _gradient("log_loss", CLASS),
    },
)


def _hist(loss: str, **options: Any) -> Maker:
    def make() -> Any:
        model = HistGradientBoostingRegressor(
            loss=loss, max_iter=3, min_samples_leaf=5, early_stopping=False, **options
        )
        return _fit(model, X, np.abs(NUMBER) + 0.1)

    return make


_each(
    "hist_gradient_boosting",
    {
        "absolute_error": _hist("absolute_error"),
        "gamma": _hist("gamma"),
        "poisson": _hist("poisson", monotonic_cst=[1, 0, -1, 0, 0]),
        "quantile": _hist("quantile", quantile=0.7, interaction_cst="pairwise"),
        "squared_error": _hist("squared_error", warm_start=True),
    },
)


@_makes
def hist_gradient_boosting_on_frame() -> Any:
    data = frame()[["age", "fare", "class"]]
    model = HistGradientBoostingClassifier(
        max_iter=4, categorical_features="from_dtype", min_samples_leaf=5, class_weight="balanced"
    )
    return _fit(model, data, NAMES)


@_makes
def hist_gradient_boosting_stopped_early() -> Any:
    model = HistGradientBoostingClassifier(
        max_iter=8,
        early_stopping=True,
        scoring="roc_auc",
        validation_fraction=0.3,
        n_iter_no_change=2,
        min_samples_leaf=5,
    )
    return _fit(model, X, BINARY)


@_makes
def hist_gradient_boosting_stopped_by_loss() -> Any:
    model = HistGradientBoostingRegressor(
        max_iter=8, early_stopping=True, scoring="loss", n_iter_no_change=2, min_samples_leaf=5
    )
    return _fit(model, X, NUMBER)


# -- kernels, neighbours, other native state ------------------------------------------------------


@_makes
def gaussian_process_of_many_kernels() -> Any:
    kernel = (
        kernels.ConstantKernel(1.0) * kernels.RBF(1.0)
        + kernels.Matern(1.0, nu=1.5)
        + kernels.RationalQuadratic()
        + kernels.WhiteKernel(0.1)
        + kernels.DotProduct() ** 2
        + kernels.ExpSineSquared(1.0, 5.0, periodicity_bounds="fixed")
    )
    model = GaussianProcessRegressor(kernel, optimizer=None, normalize_y=True)
    return _fit(model, X[:30], NUMBER[:30])


@_makes
def gaussian_process_classifier() -> Any:
    model = GaussianProcessClassifier(
        kernels.CompoundKernel([kernels.RBF(), kernels.PairwiseKernel()]).kernels[0]
    )
    return _fit(model, X[:30], CLASS[:30])


@_makes
def kernel_of_precomputed() -> Any:
    data = X @ X.T
    return _fit(SVC(kernel="precomputed"), data, CLASS)


@_makes
def kernel_by_metric_function() -> Any:
    return _fit(SVR(kernel=metrics.pairwise.chi2_kernel), POSITIVE, NUMBER)


@_makes
def kernel_ridge_and_nystroem() -> Any:
    model = make_pipeline(Nystroem("laplacian", n_components=10), KernelRidge(kernel="rbf"))
    return _fit(model, X, NUMBER)


@_makes
def support_vectors_on_sparse() -> Any:
    return _fit(SVC(probability=False), sparse.csr_matrix(X), NAMES)


def _neighbours(algorithm: str, metric: Any, params: Any = None) -> Maker:
    def make() -> Any:
        data = X[:, :2] if metric == "haversine" else np.abs(X) > 1 if metric in _BOOLEAN else X
        model = KNeighborsClassifier(3, algorithm=algorithm, metric=metric, metric_params=params)
        return _fit(model, data, CLASS)

    return make


_BOOLEAN = ("dice", "jaccard", "rogerstanimoto", "russellrao", "sokalsneath", "hamming")
_PARAMS: dict[str, Any] = {
    "minkowski": {"p": 3},
    "mahalanobis": {"VI": np.eye(5)},
    "seuclidean": {"V": np.ones(5)},
}
for _metric in (
    *("euclidean", "manhattan", "chebyshev", "minkowski"),
    *_BOOLEAN,
    *("braycurtis", "canberra", "haversine", "mahalanobis", "seuclidean"),
):
    COMPOSITES[f"ball_tree_of_{_metric}"] = _neighbours("ball_tree", _metric, _PARAMS.get(_metric))
for _metric in ("euclidean", "manhattan", "chebyshev", "minkowski"):
    COMPOSITES[f"kd_tree_of_{_metric}"] = _neighbours("kd_tree", _metric, _PARAMS.get(_metric))
COMPOSITES["ball_tree_of_function"] = _neighbours("ball_tree", distance.cosine)
COMPOSITES["brute_neighbours_of_cosine"] = _neighbours("brute", "cosine")


def _neighbours_of_flags(metric: Any) -> Maker:
    return lambda: _fit(KNeighborsClassifier(3, metric=metric), np.abs(X) > 1, CLASS)


_each(
    "neighbours_by_function",
    {
        name: _neighbours_of_flags(getattr(distance, name))
        for name in ("dice", "jaccard", "rogerstanimoto", "yule")
    },
)


@_makes
def neighbours_by_covariances() -> Any:
    model = KNeighborsClassifier(3, metric="mahalanobis", metric_params={"V": np.cov(X.T)})
    return _fit(model, X, CLASS)


@_makes
def neighbours_weighted() -> Any:
    return _fit(KNeighborsRegressor(4, weights="distance", p=1), X, TWO)


@_makes
def neighbours_of_single_precision() -> Any:
    return _fit(KNeighborsClassifier(3, algorithm="brute"), X.astype(np.float32), NAMES)


@_makes
def outliers_by_neighbours() -> Any:
    return _fit(LocalOutlierFactor(5, novelty=True), X)


@_makes
def density() -> Any:
    return _fit(KernelDensity(kernel="epanechnikov", metric="manhattan"), X)


@_makes
def bare_trees() -> Any:
    return {"kd": KDTree(X, leaf_size=10), "ball": BallTree(X, metric="manhattan")}, None


@_makes
def outlier_detectors() -> Any:
    return [
        IsolationForest(n_estimators=5, random_state=0).fit(X),
        EllipticEnvelope(random_state=0).fit(X),
        NearestNeighbors(radius=1.0).fit(X),
    ], None


@_makes
def agglomeration_by_function() -> Any:
    return _fit(FeatureAgglomeration(2, pooling_func=np.median), X)


@_makes
def clusters_with_memory_off() -> Any:
    model = Pipeline([("a", PCA(2)), ("b", AgglomerativeClustering(2))], memory=None)
    return _fit(model)


@_makes
def components() -> Any:
    return _fit(make_union(FastICA(2, fun="cube"), NMF(2, max_iter=50, init="nndsvda")), POSITIVE)


@_makes
def perceptron_of_layers() -> Any:
    return _fit(MLPClassifier((8, 4), max_iter=10, early_stopping=True), X, NAMES)


@_makes
def perceptron_by_sgd() -> Any:
    return _fit(MLPClassifier((4,), solver="sgd", max_iter=5), X, CLASS)


@_makes
def perceptron_by_lbfgs() -> Any:
    return _fit(MLPClassifier((4,), solver="lbfgs", max_iter=5), X, FLAGS)


def _sgd(loss: str) -> Maker:
    def make() -> Any:
        cls = SGDRegressor if loss in _SGD_REGRESSION else SGDClassifier
        return _fit(
            cls(loss=loss, max_iter=5, tol=None), X, NUMBER if cls is SGDRegressor else CLASS
        )

    return make


_SGD_REGRESSION = ("squared_epsilon_insensitive", "epsilon_insensitive", "squared_error", "huber")
for _loss in (
    *_SGD_REGRESSION,
    "hinge",
    "log_loss",
    "modified_huber",
    "squared_hinge",
    "perceptron",
):
    COMPOSITES[f"stochastic_gradient_{_loss}"] = _sgd(_loss)


@_makes
def projection_to_sparse() -> Any:
    return _fit(make_pipeline(SparseRandomProjection(2), Ridge()), X, NUMBER)


@_makes
def linear_models_by_cross_validation() -> Any:
    return [
        ElasticNetCV(cv=model_selection.KFold(2, shuffle=True, random_state=0)).fit(X, NUMBER),
        LogisticRegressionCV(
            Cs=2, cv=2, scoring="accuracy", use_legacy_attributes=False, l1_ratios=(0,)
        ).fit(X, CLASS),
        RidgeCV([0.1, 1.0], scoring="r2", cv=3).fit(X, NUMBER),
    ], None


@_makes
def weights_by_class() -> Any:
    model = RandomForestClassifier(3, class_weight={"low": 1.0, "middle": 2.0, "high": 1.5})
    return _fit(model, X, NAMES)


# -- parameters: scorers, splitters, random states, routing ----------------------------------------


@_makes
def scorers() -> Any:
    return {
        "named": metrics.get_scorer("roc_auc"),
        "made": make_scorer(metrics.mean_pinball_loss, alpha=0.9, greater_is_better=False),
        "every": {name: metrics.get_scorer(name) for name in metrics.get_scorer_names()},
        "scipy": make_scorer(stats.spearmanr),
    }, None


@_makes
def scorers_of_several_outputs() -> Any:
    return {
        "weighted": make_scorer(metrics.mean_squared_error, multioutput=[0.3, 0.7]),
        "weighted_by_an_array": make_scorer(metrics.r2_score, multioutput=np.array([0.3, 0.7])),
        "not_divided": make_scorer(
            metrics.log_loss, normalize=False, response_method="predict_proba"
        ),
        "deviance": make_scorer(metrics.d2_tweedie_score, power=1),
        "margins": make_scorer(metrics.hinge_loss, response_method="decision_function"),
        "gain": make_scorer(metrics.dcg_score, k=5),
        "labels": make_scorer(metrics.label_ranking_average_precision_score),
        "labels_wrong": make_scorer(metrics.label_ranking_loss, greater_is_better=False),
        "labels_covered": make_scorer(metrics.coverage_error, greater_is_better=False),
    }, None


@_makes
def splitters() -> Any:
    return [
        model_selection.GroupKFold(3),
        model_selection.GroupShuffleSplit(3, random_state=0),
        model_selection.KFold(3, shuffle=True, random_state=0),
        model_selection.LeaveOneGroupOut(),
        model_selection.LeaveOneOut(),
        model_selection.LeavePGroupsOut(2),
        model_selection.LeavePOut(2),
        model_selection.PredefinedSplit(GROUPS),
        model_selection.RepeatedKFold(n_splits=2, random_state=0),
        model_selection.RepeatedStratifiedKFold(random_state=0),
        model_selection.ShuffleSplit(3),
        model_selection.StratifiedGroupKFold(2),
        model_selection.StratifiedKFold(2),
        model_selection.StratifiedShuffleSplit(2),
        model_selection.TimeSeriesSplit(3, gap=1),
    ], None


@_makes
def search_with_splits_given() -> Any:
    splits = list(model_selection.KFold(2).split(X))
    return _fit(GridSearchCV(Ridge(), {"alpha": np.logspace(-1, 1, 2)}, cv=splits), X, NUMBER)


@_makes
def search_by_groups() -> Any:
    model = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=model_selection.GroupKFold(2))
    return _fit(model, X, NUMBER, groups=GROUPS)


@_makes
def random_states() -> Any:
    return {
        "legacy": np.random.RandomState(3),
        "global": np.random.mtrand._rand,
        "default": np.random.default_rng(3),
        "children": np.random.SeedSequence(5).spawn(2),
        **{
            name: np.random.Generator(getattr(np.random, name)(1))
            for name in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
        },
        "python": random.Random(1),
    }, None


@_makes
def forest_with_random_state_object() -> Any:
    model = RandomForestRegressor(3, random_state=np.random.RandomState(0))
    return model.fit(X, NUMBER), X


@_makes
def routing_of_weights() -> Any:
    with sklearn.config_context(enable_metadata_routing=True):
        model = GridSearchCV(
            make_pipeline(
                StandardScaler().set_fit_request(sample_weight=True),
                LogisticRegression().set_fit_request(sample_weight=True),
            ),
            {"logisticregression__C": [0.1, 1.0]},
            cv=2,
            scoring=metrics.get_scorer("accuracy").set_score_request(sample_weight="weight"),
        )
        weights = np.ones(ROWS)
        return model.fit(X, BINARY, sample_weight=weights, weight=weights), X


# -- bundles --------------------------------------------------------------------------------------


@_makes
def bundle_with_metadata() -> Any:
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, NAMES)
    return {
        "model": model,
        "features": ["a", "b", "c", "d", "e"],
        "classes": model.classes_.tolist(),
        "trained": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        "metrics": {"auc": 0.93, "confusion": metrics.confusion_matrix(NAMES, model.predict(X))},
        "version": (1, 2, 3),
        "threshold": np.float64(0.4),
        "sample": frame().head(3),
        "missing": None,
    }, None


@_makes
def tuple_of_models() -> Any:
    return (StandardScaler().fit(X), LabelEncoder().fit(NAMES), LinearSVC().fit(X, CLASS)), None


@_makes
def bunch() -> Any:
    return Bunch(model=Ridge().fit(X, NUMBER), data=X, names=["a", "b"]), None


@_makes
def shared_parts() -> Any:
    scaler = StandardScaler().fit(X)
    return [scaler, {"again": scaler}, (scaler, scaler)], None


@_makes
def model_fitted_on_strings() -> Any:
    return _fit(DummyClassifier(strategy="stratified"), X, pd.Series(NAMES, dtype="category"))


# -------------------------------------------------------------------------------------------------


def _with_no_data(maker: Maker) -> Maker:
    return lambda: (maker(), None)


COMPOSITES.update({name: _with_no_data(maker) for name, maker in VALUES.items()})


def names() -> list[str]:
    """Names of all composites, in the order of the tables."""
    return list(COMPOSITES)


@cache
def composite(name: str) -> Legitimate:
    """One composite, made once a session."""
    # Small data do not converge, and some of what people dump is deprecated; neither matters here.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, data = COMPOSITES[name]()
    return Legitimate(name, model, data)


def composites() -> Iterator[Legitimate]:
    """Every composite."""
    return map(composite, COMPOSITES)
