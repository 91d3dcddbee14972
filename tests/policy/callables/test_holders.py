"""The tables say of every class in the packs what it calls, and what may stand there."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from sklearn.utils import all_estimators

from safeload.policy.callables.holders import called_as, holder, is_estimator, kinds_of_attribute
from safeload.policy.callables.kinds import KINDS
from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Policy
from tests.samples import ROOT

# Old names of modules warn when they are asked for theirs.
pytestmark = pytest.mark.filterwarnings("ignore")

TOOLS = ROOT.parent / "tools"
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


def tool() -> dict[str, Any]:
    """``tools/derive_holders.py``, which has modules beside it."""
    sys.path.insert(0, str(TOOLS))
    try:
        return runpy.run_path(str(TOOLS / "derive_holders.py"))
    finally:
        sys.path.remove(str(TOOLS))


TOOL = tool()


def installed() -> Iterator[tuple[str, str, type]]:
    yield from TOOL["classes"]()


def test_what_is_documented_as_callable_is_admitted() -> None:
    rows = [line.split() for line in DOCUMENTED.strip().splitlines()]
    assert [row for row in rows if row[3] not in holder(row[0], row[1])[row[2]].kinds] == []


def test_every_parameter_that_takes_a_callable_is_in_the_table() -> None:
    missing = []
    for module, name, cls in installed():
        constraints = getattr(cls, "_parameter_constraints", None)
        for parameter, accepted in (constraints or {}).items():
            if isinstance(accepted, list) and any(
                option is callable or "allable" in repr(option) for option in accepted
            ):
                kinds = holder(module, name).get(parameter)
                if kinds is None or not kinds.kinds:
                    missing.append((name, parameter))
    assert missing == []


def test_the_tables_name_entries_of_the_packs() -> None:
    named = set(TOOL["reviewed"]()) | set(TOOL["reviewed_instances"]())
    assert named - set(ENTRIES) == set()


def test_the_tables_name_kinds() -> None:
    kinds = {
        kind for cls in TOOL["reviewed"]() for row in holder(*cls).values() for kind in row.kinds
    }
    kinds |= {called_as(*cls) or "" for cls in TOOL["reviewed_instances"]()} - {""}
    assert kinds - set(KINDS) == {"type"}


def test_a_class_has_the_same_row_under_each_of_its_names() -> None:
    names: dict[type, list[tuple[str, str]]] = {}
    for module, name, cls in installed():
        names.setdefault(cls, []).append((module, name))
    for of_class in names.values():
        assert all(holder(*cls) == holder(*of_class[0]) for cls in of_class), of_class
        assert len({called_as(*cls) for cls in of_class}) == 1, of_class
        assert len({is_estimator(*cls) for cls in of_class}) == 1, of_class


def test_nothing_that_an_installed_class_calls_is_missing() -> None:
    assert TOOL["extended"]() == TOOL["PATH"].read_text("utf-8")


def test_what_can_be_called_is_known() -> None:
    for module, name, cls in installed():
        can_be_called = any("__call__" in vars(base) for base in cls.__mro__[:-1])
        assert (called_as(module, name) is not None) == can_be_called, (module, name)


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


@pytest.mark.parametrize(
    ("older", "newer", "name"),
    [
        ("sklearn.ensemble.forest", "sklearn.ensemble._forest", "RandomForestRegressor"),
        ("sklearn.linear_model.logistic", "sklearn.linear_model._logistic", "LogisticRegression"),
        ("sklearn.neighbors.dist_metrics", "sklearn.metrics._dist_metrics", "PyFuncDistance"),
        ("sklearn.svm.classes", "sklearn.svm._classes", "SVC"),
    ],
)
def test_a_class_is_known_by_the_module_of_an_older_release(
    older: str, newer: str, name: str
) -> None:
    assert (older, name) in ENTRIES
    assert holder(older, name) == holder(newer, name)
    assert is_estimator(older, name) == is_estimator(newer, name)
    assert called_as(older, name) == called_as(newer, name)


def test_what_newer_releases_do_not_have_is_known() -> None:
    assert is_estimator("sklearn.preprocessing.imputation", "Imputer")
    assert is_estimator("sklearn.ensemble.gradient_boosting", "ZeroEstimator")
    assert called_as("sklearn.ensemble.gradient_boosting", "BinomialDeviance") == "loss"
    assert called_as("sklearn.metrics.scorer", "_ProbaScorer") == "scorer"
