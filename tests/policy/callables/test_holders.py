"""The tables say of every class in the packs what it calls, and what may stand there."""

from __future__ import annotations

from sklearn.utils import all_estimators

from safeload.policy.callables.holders import holder, is_estimator, kinds_of_attribute
from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Policy

ENTRIES = Policy.default(packs=opt_in_packs()).entries

# What scikit-learn documents as callable, with a kind that somebody keeps there.
DOCUMENTED = """
    sklearn.cluster._agglomerative FeatureAgglomeration pooling_func reduction
    sklearn.cluster._agglomerative AgglomerativeClustering metric kernel
    sklearn.cluster._dbscan DBSCAN metric distance
    sklearn.cluster._hdbscan.hdbscan HDBSCAN metric distance
    sklearn.cluster._optics OPTICS metric distance
    sklearn.cluster._spectral SpectralClustering affinity kernel
    sklearn.compose._column_transformer ColumnTransformer transformers columns
    sklearn.compose._target TransformedTargetRegressor func elementwise
    sklearn.compose._target TransformedTargetRegressor inverse_func elementwise
    sklearn.decomposition._fastica FastICA fun contrast
    sklearn.decomposition._kernel_pca KernelPCA kernel kernel
    sklearn.ensemble._forest RandomForestClassifier oob_score score
    sklearn.ensemble._forest ExtraTreesRegressor oob_score score
    sklearn.feature_extraction.text CountVectorizer analyzer tokens
    sklearn.feature_extraction.text HashingVectorizer tokenizer tokens
    sklearn.feature_extraction.text TfidfVectorizer preprocessor text
    sklearn.feature_extraction.text TfidfVectorizer strip_accents text
    sklearn.feature_selection._from_model SelectFromModel importance_getter importance
    sklearn.feature_selection._from_model SelectFromModel max_features reduction
    sklearn.feature_selection._rfe RFECV scoring scorer
    sklearn.feature_selection._sequential SequentialFeatureSelector scoring scorer
    sklearn.feature_selection._univariate_selection SelectKBest score_func feature_score
    sklearn.gaussian_process._gpr GaussianProcessRegressor kernel_ gp_kernel
    sklearn.gaussian_process.kernels Sum k1 gp_kernel
    sklearn.impute._base SimpleImputer strategy reduction
    sklearn.impute._knn KNNImputer metric distance
    sklearn.impute._knn KNNImputer weights weights
    sklearn.kernel_approximation Nystroem kernel kernel
    sklearn.kernel_ridge KernelRidge kernel distance
    sklearn.linear_model._logistic LogisticRegressionCV scoring scorer
    sklearn.linear_model._ridge RidgeCV scoring scorer
    sklearn.manifold._t_sne TSNE metric distance
    sklearn.metrics._scorer _Scorer _score_func score
    sklearn.model_selection._search GridSearchCV scorer_ scorer
    sklearn.model_selection._search GridSearchCV scoring scorer
    sklearn.model_selection._split RepeatedKFold cv splitter
    sklearn.neighbors._classification KNeighborsClassifier metric distance
    sklearn.neighbors._classification KNeighborsClassifier weights weights
    sklearn.neighbors._lof LocalOutlierFactor effective_metric_ distance
    sklearn.preprocessing._function_transformer FunctionTransformer func array
    sklearn.preprocessing._function_transformer FunctionTransformer func elementwise
    sklearn.preprocessing._function_transformer FunctionTransformer func select
    sklearn.semi_supervised._label_propagation LabelSpreading kernel kernel
    sklearn.svm._classes SVC kernel kernel
    scipy.interpolate._interpolate interp1d _call own
    scipy.stats._kde gaussian_kde covariance_factor own
"""


def test_what_is_documented_as_callable_is_admitted() -> None:
    rows = [line.split() for line in DOCUMENTED.strip().splitlines()]
    assert [row for row in rows if row[3] not in holder(row[0], row[1])[row[2]].kinds] == []


def test_estimators_are_known_and_nothing_else() -> None:
    for name, cls in all_estimators():
        if (cls.__module__, name) in ENTRIES:
            assert is_estimator(cls.__module__, name), name
    for module, name in (
        ("builtins", "dict"),
        ("lightgbm.basic", "Booster"),
        ("lightgbm.engine", "CVBooster"),
        ("numpy", "ndarray"),
        ("pandas", "DataFrame"),
        ("scipy.stats._continuous_distns", "norm_gen"),
        ("sklearn.metrics._scorer", "_Scorer"),
        ("sklearn.utils._bunch", "Bunch"),
        ("xgboost.core", "Booster"),
    ):
        assert not is_estimator(module, name), name


def test_a_method_of_the_class_is_never_an_attribute() -> None:
    for attribute in ("predict", "transform", "_check_feature_names", "fit"):
        kinds = holder("sklearn.preprocessing._data", "StandardScaler").get(attribute)
        assert kinds is None or kinds.kinds == frozenset()
    assert "transform" in holder("sklearn.preprocessing._data", "StandardScaler")


def test_what_is_not_called_is_not_in_the_table() -> None:
    attributes = holder("sklearn.preprocessing._encoders", "OrdinalEncoder")
    assert not {"dtype", "categories_", "encoded_missing_value"} & set(attributes)
    assert holder("no.such.module", "Name") == {}


def test_parameters_are_looked_up_without_their_class() -> None:
    assert kinds_of_attribute("tokenizer") == {"tokens"}
    assert kinds_of_attribute("func") >= {"array", "elementwise"}
    assert kinds_of_attribute("alpha") == frozenset()
