"""Support vector machines, search trees and sparse matrices: each part of their state matters.

Legitimate models of each kind are accepted in ``test_legitimate.py``; here one thing is changed at
a time. What is forged is only written, never loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.gaussian_process.kernels import (
    RBF,
    DotProduct,
    Exponentiation,
    PairwiseKernel,
    Sum,
)
from sklearn.metrics import DistanceMetric
from sklearn.metrics.pairwise import linear_kernel, polynomial_kernel, rbf_kernel
from sklearn.neighbors import BallTree, KDTree, KernelDensity, KNeighborsTransformer
from sklearn.svm import SVC, SVR, OneClassSVM

import safeload
from malicious_samples.native_state import searching, table

DATA, CLASSES = table()
THREE = np.arange(len(DATA)) % 3


def findings(thing: Any, path: Path) -> list[str]:
    joblib.dump(thing, path / "model")
    report = safeload.audit(path / "model").files[0]
    assert {finding.rule for finding in report.findings} <= {"SL103", "SL110", "SL401"}
    return [finding.message for finding in report.findings]


def changed(model: Any, **attributes: Any) -> Any:
    vars(model).update(attributes)
    return model


def of_search(**changes: Any) -> Callable[[], Any]:
    def make() -> Any:
        model = KernelDensity(leaf_size=5).fit(DATA, sample_weight=np.ones(len(DATA)))
        vars(model)["_tree"] = model.tree_
        model.tree_ = searching(model, **changes)
        del vars(model)["_tree"]
        return model

    return make


def of_graph(**changes: Any) -> Callable[[], Any]:
    return lambda: changed(KNeighborsTransformer(algorithm="kd_tree").fit(DATA), **changes)


def of_svc(**changes: Callable[[Any], Any]) -> Callable[[], Any]:
    def make() -> Any:
        model = SVC(probability=True).fit(DATA, THREE)
        return changed(model, **{name: change(model) for name, change in changes.items()})

    return make


def of_matrix(kind: str, **changes: Any) -> Callable[[], Any]:
    return lambda: changed(getattr(sparse, kind)(np.eye(4)), **changes)


FORGED: dict[str, tuple[Callable[[], Any], str]] = {
    "svc: a count too many": (of_svc(_n_support=lambda m: m._n_support + 1), "_n_support"),
    "svc: one class": (of_svc(_n_support=lambda m: m._n_support[:1]), "_n_support"),
    "svc: no intercepts": (of_svc(_intercept_=lambda m: m._intercept_[:1]), "_intercept_"),
    "svc: half of Platt": (of_svc(_probA=lambda m: m._probA[:1]), "_probA"),
    "svc: rows missing": (of_svc(support_vectors_=lambda m: DATA[:2]), "support_vectors_"),
    "svc: a row of coefficients": (of_svc(_dual_coef_=lambda m: m._dual_coef_[:1]), "_dual_coef_"),
    "svc: another machine": (of_svc(_impl=lambda _: "epsilon_svr"), "_impl"),
    "svc: sparse it is not": (of_svc(_sparse=lambda _: True), "support_vectors_"),
    "svc: a callable and a list": (of_svc(shape_fit_=lambda _: [1], kernel=lambda _: "precomputed"),
                                   "shape_fit_"),
    "svr: three counts": (lambda: changed(SVR().fit(DATA, THREE),
                                          _n_support=np.ones(3, "i4")), "_n_support"),
    "one class: no coefficients": (lambda: changed(OneClassSVM().fit(DATA),
                                                   _dual_coef_=np.ones((1, 0))), "_dual_coef_"),
    "sparse svc: a kernel of samples": (
        lambda: changed(SVC(kernel="linear").fit(sparse.csr_matrix(DATA), THREE),
                        kernel="precomputed"), "kernel"),
    "search: a negative sample": (of_search(idx_array=np.full(60, -1)), "idx_array"),
    "search: an index too few": (of_search(idx_array=np.arange(59)), "idx_array"),
    "search: bounds of a node": (of_search(node_bounds=np.zeros((2, 1, 4))), "node_bounds"),
    "search: one bound": (of_search(node_bounds=np.zeros((1, 15, 4))), "node_bounds"),
    "search: levels": (of_search(n_levels=3), "n_levels"),
    "search: nodes": (of_search(n_nodes=31), "n_nodes"),
    "search: backwards": (of_search(idx_start=9, idx_end=3), "node_data"),
    "search: weights": (of_search(sample_weight=np.ones(3)), "sample_weight"),
    "search: no data": (of_search(data=np.empty((60, 0))), "data"),
    "search: half a globe": (of_search(dist_metric=DistanceMetric.get_metric("haversine")),
                             "dist_metric"),
    "search: weights of the metric": (
        of_search(dist_metric=DistanceMetric.get_metric("minkowski", p=3, w=np.ones(2))),
        "dist_metric"),
    "csr: rows": (of_matrix("csr_array", _shape=(9, 4)), "indptr"),
    "csr: backwards": (of_matrix("csr_array", indptr=np.array([0, 3, 2, 3, 4])), "indptr"),
    "csr: not from zero": (of_matrix("csr_array", indptr=np.array([1, 1, 2, 3, 4])), "indptr"),
    "csr: data missing": (of_matrix("csr_array", data=np.ones(3)), "indptr"),
    "csr: big-endian indices": (of_matrix("csr_array", indices=np.full(4, -1, ">i4")), "indices"),
    "neighbours: a narrow graph": (of_graph(n_samples_fit_=3), "n_samples_fit_"),
    "neighbours: another tree": (of_graph(_tree=KDTree(DATA.repeat(2, 0))), "_tree"),
    "csc: columns": (of_matrix("csc_matrix", _shape=(4, 3)), "indptr"),
    "bsr: ragged": (of_matrix("bsr_matrix", _shape=(4, 5), data=np.ones((4, 2, 2))), "data"),
    "coo: one dimension": (of_matrix("coo_array", coords=(np.arange(4),)), "coords"),
    "coo: short": (of_matrix("coo_array", coords=(np.arange(3), np.arange(4))), "coords"),
    "dia: offsets": (of_matrix("dia_array", offsets=np.array([0, 1])), "offsets"),
    "dia: far away": (of_matrix("dia_array", offsets=np.array([-(2**31)])), "offsets"),
    "lil: rows": (of_matrix("lil_array", _shape=(5, 4)), "rows"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FORGED)
def test_a_forged_state_is_refused_by_its_attribute(name: str, tmp_path: Path) -> None:
    make, attribute = FORGED[name]
    messages = findings(make(), tmp_path)
    assert any(attribute in message for message in messages)


KERNELS: dict[str, tuple[Any, Any]] = {
    "a function": (rbf_kernel, DATA),
    "on a frame": (rbf_kernel, pd.DataFrame(DATA).set_index(pd.date_range("2026", periods=60))),
    "on a sparse matrix": (linear_kernel, sparse.csc_matrix(DATA)),
    "on lists": (linear_kernel, DATA.tolist()),
    "with arguments": (partial(polynomial_kernel, degree=2), DATA),
    "of a process": (1.0 * RBF() + Exponentiation(DotProduct(), 2), DATA),
    "of a process and a metric": (PairwiseKernel(metric="laplacian") * RBF([1.0] * 4), DATA),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_of_pairs_is_sound(name: str, tmp_path: Path) -> None:
    kernel, data = KERNELS[name]
    assert findings(SVC(kernel=kernel).fit(data, CLASSES), tmp_path) == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "kernel",
    [
        np.add,
        partial(linear_kernel, DATA),
        partial(np.add),
        Sum(np.add, np.add),
        Exponentiation(partial(np.add), 2),
        PairwiseKernel(metric=Sum(np.add, np.add)),
        "linear".title,
        None,
    ],
)
def test_a_kernel_of_any_shape_is_refused(kernel: Any, tmp_path: Path) -> None:
    model = changed(SVC(kernel=linear_kernel).fit(DATA, CLASSES), kernel=kernel)
    messages = findings(model, tmp_path)
    assert any("kernel" in message or "partial" in message for message in messages)


@pytest.mark.filterwarnings("ignore")
def test_legitimate_states_of_every_form_are_sound(tmp_path: Path) -> None:
    matrix = sparse.csr_matrix(DATA)
    models: list[Any] = [
        SVC(),
        SVC().fit(DATA, CLASSES),
        SVC(kernel="precomputed").fit(DATA @ DATA.T, THREE),
        SVC(kernel=lambda a, b: a @ b.T).fit(DATA, THREE),
        SVC(probability=True).fit(matrix, THREE),
        SVR(kernel="poly").fit(matrix, DATA[:, 0]),
        OneClassSVM().fit(DATA),
        *(cls(DATA, leaf_size=size) for cls in (KDTree, BallTree) for size in (1, 2, 7, 60)),
        KDTree(np.zeros((50, 2)), leaf_size=1),
        BallTree(DATA, metric="mahalanobis", VI=np.eye(4)),
        sparse.csr_matrix((0, 5)),
        sparse.csr_array(np.arange(3)),
        sparse.bsr_array((4, 4), blocksize=(2, 2)),
        sparse.coo_array(np.ones((2, 3, 4))) if hasattr(sparse.coo_array, "coords") else None,
        sparse.lil_matrix((3, 3)),
    ]
    for model in models:
        if isinstance(model, SVC) and callable(model.kernel):
            model.kernel = linear_kernel
        assert findings(model, tmp_path) == []
