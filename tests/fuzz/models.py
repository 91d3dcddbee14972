"""Genuine model files, made anew at each start: small, of many kinds, in every container."""

from __future__ import annotations

import io
import pickle
import random
import warnings
from functools import cache
from typing import Any

import joblib
import numpy as np
import skops.io
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Policy
from tests.legitimate.values import VALUES
from tests.scan import originals
from tests.scan.grammar import Names

__all__ = ["archives", "fitted_streams", "packed", "policy_names", "streams"]

_CODECS = ("zlib", "gzip", "bz2", "lzma", "xz", "lz4")


@cache
def _fitted() -> list[Any]:
    rng = np.random.RandomState(0)
    table, labels = rng.uniform(size=(12, 2)), np.arange(12) % 2
    words = ["one two", "two three", "three"]
    columns = ColumnTransformer([("scale", StandardScaler(), [0]), ("hot", OneHotEncoder(), [1])])
    log = FunctionTransformer(np.log1p)
    models: list[Any] = [
        DecisionTreeClassifier(max_depth=2),
        RandomForestClassifier(n_estimators=2, max_depth=2),
        IsolationForest(n_estimators=2, max_samples=4),
        HistGradientBoostingClassifier(max_iter=1, max_leaf_nodes=3, min_samples_leaf=1),
        KNeighborsClassifier(1, algorithm="kd_tree"),
        SVC(),
        SGDClassifier(),
        KMeans(2, n_init=1),
        make_pipeline(log, LogisticRegression()),
        make_pipeline(columns, LogisticRegression()),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for model in models:
            model.fit(table, labels)
        search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2).fit(table, labels)
        process = GaussianProcessRegressor().fit(table[:3], labels[:3])
    return [*models, search, process, CountVectorizer().fit(words)]


@cache
def fitted_streams() -> list[bytes]:
    """Fitted models as joblib and pickle write them."""
    files = [pickle.dumps(value, 4) for value in _fitted()]
    for value in _fitted():
        stream = io.BytesIO()
        joblib.dump(value, stream)
        files.append(stream.getvalue())
    return files


@cache
def streams() -> list[bytes]:
    """Pickles and uncompressed joblib files."""
    files = [*originals.pickles(), *originals.joblibs()]
    for value in [*_fitted(), *(make() for make in VALUES.values())]:
        for protocol in (2, 4):
            files.append(pickle.dumps(value, protocol))
            stream = io.BytesIO()
            joblib.dump(value, stream, protocol=protocol)
            files.append(stream.getvalue())
    return files


@cache
def packed() -> list[bytes]:
    """joblib files, compressed."""
    files = []
    for value in [*originals.values()[:3], *_fitted()[:2]]:
        for codec in _CODECS:
            stream = io.BytesIO()
            joblib.dump(value, stream, compress=(codec, 3))
            files.append(stream.getvalue())
    return files


@cache
def archives() -> list[bytes]:
    """skops files."""
    more = [np.random.default_rng(1), {"set": {1}, "slice": slice(2), "bytes": b"x"}]
    values = [*originals.values(), *_fitted(), *more]
    return [skops.io.dumps(value) for value in values]


@cache
def policy_names() -> Names:
    """Names of the allow-list, those with a rule for their arguments four times as often."""
    names: list[tuple[str, str]] = []
    for name, entry in Policy.default(packs=opt_in_packs()).entries.items():
        names += [name] * (4 if entry.rule else 1)
    random.Random(1).shuffle(names)
    return names
