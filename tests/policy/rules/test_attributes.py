"""Attributes that are trusted whatever class they belong to: caches, names, counts, paths."""

from __future__ import annotations

import collections
import decimal
import logging
import operator
import pathlib
import pickle
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import NMF, PCA, LatentDirichletAllocation, SparseCoder
from sklearn.ensemble import BaggingRegressor, RandomForestRegressor, StackingRegressor
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.kernel_approximation import AdditiveChi2Sampler, PolynomialCountSketch
from sklearn.linear_model import Lasso, LinearRegression
from sklearn.manifold import LocallyLinearEmbedding
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    Normalizer,
    PolynomialFeatures,
    SplineTransformer,
    StandardScaler,
)

from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan

DATA = np.eye(3)


def rules(model: Any, policy: Policy | None = None, limits: Limits | None = None) -> set[str]:
    data = bytearray(pickle.dumps(model, 4))
    found = judge(scan(data, limits=limits or Limits()), policy or Policy.default()).findings
    return {finding.rule for finding in found}


def having(model: Any, **attributes: Any) -> Any:
    model.__dict__.update(attributes)
    return model


def scaler(**attributes: Any) -> Any:
    return having(StandardScaler().fit(DATA), **attributes)


INTERFACE = ["a", "__array_interface__"]
TRUSTED: dict[str, Callable[[], Any]] = {
    "a cache of a number": lambda: having(pd.array([1], dtype="Int64"), _cache=5),
    "a cache of a list": lambda: having(pd.Int64Dtype(), _cache=[]),
    "a cache with a number for a name": lambda: scaler(_cache={1: 2}),
    "a cache of another class": lambda: scaler(_cache=collections.OrderedDict(a=1)),
    "a cache of items": lambda: scaler(_item_cache=7),
    "names of columns": lambda: scaler(feature_names_in_=np.array(INTERFACE, object)),
    "names in a list": lambda: scaler(feature_names_in_=INTERFACE),
    "numpy's own text as a name": lambda: scaler(
        feature_names_in_=np.array([np.str_(INTERFACE[1])], object)
    ),
}
KEPT: dict[str, Callable[[], Any]] = {
    "a path": lambda: scaler(with_mean=pathlib.PurePosixPath("a")),
    "a path of this system": lambda: scaler(with_mean=pathlib.Path("a")),
    "a logger": lambda: scaler(with_mean=logging.getLogger("a")),
    "a path in lists": lambda: scaler(with_mean=[[{"a": (pathlib.Path("a"),)}]]),
    "a path in an array": lambda: scaler(mean_=np.array([pathlib.Path("a")], object)),
    "a path in a dict of another class": lambda: scaler(
        with_mean=collections.OrderedDict(a=pathlib.Path("a"))
    ),
    "a path in a namespace": lambda: scaler(with_mean=types.SimpleNamespace(a=pathlib.Path("a"))),
}
LEGITIMATE: dict[str, Callable[[], Any]] = {
    "a cache that pandas writes": lambda: [
        having(pd.array([1], dtype="Int64"), _cache={"dtype": pd.Int64Dtype()})
    ],
    "paths beside a model": lambda: {"model": scaler(), "path": pathlib.PurePosixPath("a")},
    "a path in a namespace": lambda: types.SimpleNamespace(path=pathlib.Path("a"), model=scaler()),
    "names with underscores": lambda: scaler(
        feature_names_in_=np.array(["__index_level_0__"], object)
    ),
    "a million columns": lambda: scaler(n_features_in_=1_000_000),
    "many samples": lambda: scaler(n_samples_seen_=2**62),
    "products of columns": lambda: PolynomialFeatures(3).fit(np.eye(20)),
}
COUNTS: dict[str, Callable[[], Any]] = {
    "columns": lambda: scaler(n_features_in_=2**31),
    "columns of numpy's": lambda: scaler(n_features_in_=np.int64(2**31)),
    "columns in an array": lambda: scaler(n_features_in_=np.array(2**31)),
    "columns that come out": lambda: scaler(_n_features_out=2**31),
    "columns that come out of each": lambda: having(
        StackingRegressor([("a", LinearRegression())]), _n_feature_outs=[2**31]
    ),
    "rows without a column": lambda: having(PCA(1).fit(DATA), components_=np.empty((2**31, 0))),
    "steps together": lambda: [having(Normalizer(), n_features_in_=4_000_000) for _ in range(40)],
    "products of columns": lambda: having(PolynomialFeatures(9).fit(DATA), n_features_in_=90),
    "products of a high degree": lambda: having(PolynomialFeatures().fit(DATA), _max_degree=3_000),
    "columns of random products": lambda: having(
        PolynomialCountSketch().fit(DATA), n_components=2**31
    ),
    "random products of a high degree": lambda: having(
        PolynomialCountSketch(n_components=10_000).fit(DATA), degree=10_000
    ),
    "steps of sampling": lambda: having(AdditiveChi2Sampler().fit(DATA), sample_steps=2**31),
    "a flag that is a number": lambda: having(SplineTransformer().fit(DATA), include_bias=2**31),
    "columns of sparse products": lambda: having(PolynomialFeatures().fit(DATA), _n_out_full=2**31),
    "a sparse row that is written out": lambda: make_pipeline(
        HashingVectorizer(n_features=2**31 - 1),
        FunctionTransformer(csr_matrix.toarray, accept_sparse=True),
    ),
    "a sparse row that a caller writes out": lambda: make_pipeline(
        FeatureHasher(n_features=2**31 - 1),
        FunctionTransformer(operator.methodcaller("todense"), accept_sparse=True),
    ),
    "a sparse row beside others that is written out": lambda: ColumnTransformer(
        [("words", HashingVectorizer(n_features=2**31 - 1), 0)], sparse_threshold=0
    ),
    "directions": lambda: having(LocallyLinearEmbedding(n_neighbors=2), n_components=2**31),
    "samples of each tree": lambda: having(
        RandomForestRegressor(2).fit(DATA, [0, 1, 2]), _n_samples_bootstrap=2**40
    ),
    "samples of one tree": lambda: having(
        BaggingRegressor(n_estimators=1).fit(DATA, [0, 1, 2]), _max_samples=2**40
    ),
    "products of different columns": lambda: having(
        PolynomialFeatures(9, interaction_only=True).fit(DATA), n_features_in_=90
    ),
}


PROCESSES: dict[str, Callable[[], Any]] = {
    "processes": lambda: KNeighborsClassifier(n_jobs=100_000),
    "processes of numpy's": lambda: KNeighborsClassifier(n_jobs=np.int64(100_000)),
    "processes in an array": lambda: KNeighborsClassifier(n_jobs=np.array(100_000)),
    "processes as a number with a point": lambda: KNeighborsClassifier(n_jobs=1e5),
    "processes as a text": lambda: KNeighborsClassifier(n_jobs="100000"),
    "processes as something else": lambda: KNeighborsClassifier(n_jobs=decimal.Decimal(100_000)),
    "rounds for each document": lambda: LatentDirichletAllocation(max_doc_update_iter=10**9),
    "rounds of a factorisation": lambda: NMF(max_iter=10**9),
    "rounds of a code": lambda: SparseCoder(DATA, transform_max_iter=10**9),
}
FEW: dict[str, Callable[[], Any]] = {
    "all processors": lambda: KNeighborsClassifier(n_jobs=-1),
    "as many as the context says": lambda: KNeighborsClassifier(n_jobs=None),
    "a large machine": lambda: KNeighborsClassifier(n_jobs=np.int64(128)),
    "rounds of fitting": lambda: Lasso(max_iter=10**9),
    "a wide sparse row": lambda: FeatureHasher(n_features=2**24),
    "a wide sparse row beside others": lambda: ColumnTransformer(
        [("words", HashingVectorizer(n_features=2**24), 0)]
    ),
    "a row of a million words that is written out": lambda: make_pipeline(
        HashingVectorizer(), FunctionTransformer(csr_matrix.toarray, accept_sparse=True)
    ),
    "a forest of many samples": lambda: having(
        RandomForestRegressor(2).fit(DATA, [0, 1, 2]), _n_samples_bootstrap=10**8
    ),
}


@pytest.mark.parametrize("name", PROCESSES)
def test_processes_and_rounds_are_as_many_as_a_machine_could_run(name: str) -> None:
    assert rules(PROCESSES[name]()) == {"SL105"}


@pytest.mark.parametrize("name", FEW)
def test_processes_and_rounds_of_legitimate_models_are_accepted(name: str) -> None:
    assert rules(FEW[name]()) == set()


@pytest.mark.parametrize("name", TRUSTED)
def test_what_a_library_trusts_is_what_it_should_be(name: str) -> None:
    assert rules(TRUSTED[name]()) == {"SL105"}


@pytest.mark.parametrize("name", KEPT)
def test_no_model_keeps_a_path_or_a_logger(name: str) -> None:
    assert rules(KEPT[name]()) == {"SL103"}


@pytest.mark.parametrize("name", LEGITIMATE)
def test_what_legitimate_models_keep_is_accepted(name: str) -> None:
    assert rules(LEGITIMATE[name]()) == set()


@pytest.mark.parametrize("name", COUNTS)
def test_columns_that_a_page_would_name_are_bounded(name: str) -> None:
    assert rules(COUNTS[name]()) == {"SL002"}
    assert rules(COUNTS[name](), limits=Limits(columns=2**62)) == set()


def test_a_team_names_the_attribute_that_keeps_a_path() -> None:
    names = '[group.names]\n"sklearn.preprocessing._data" = ["StandardScaler"]\n'
    group = f'[[group]]\nreason = "ours"\nuses = ["construct"]\nresources = ["with_mean"]\n{names}'
    policy = Policy.parse(group.encode(), "ours.toml")
    assert rules(scaler(with_mean=pathlib.Path("a")), policy) == set()
    assert rules(scaler(with_std=pathlib.Path("a")), policy) == {"SL103"}


def test_a_key_that_cannot_be_one_fails_no_check() -> None:
    data = b"\x80\x02cuuid\nUUID\n)\x81}}K\x05sbcipaddress\nIPv4Address\ncpathlib\nPurePath\n"

    found = judge(scan(data), Policy.default()).report("a", "0" * 64, len(data), "pickle")

    assert found.verdict == "refuse"
    assert "SL008" not in {finding.rule for finding in found.findings}
