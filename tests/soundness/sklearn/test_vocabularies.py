"""Vocabularies, labels, encoders, clusters and kept samples: legitimate ones pass, no others."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import HDBSCAN, Birch, BisectingKMeans, MiniBatchKMeans
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import LabelBinarizer, MultiLabelBinarizer, OneHotEncoder

import safeload
from safeload.artefact import Artefact
from safeload.limits import Limits
from safeload.scan.program import Global, Mapping, ObjectToken, Use
from safeload.scan.runs import Run
from safeload.scan.scan import scan
from safeload.soundness import check_named
from tests.samples import CONTAINERS


def token_of(value: Any, tmp_path: Path) -> Any:
    path = tmp_path / "value"
    path.write_bytes(pickle.dumps(value, 4))
    return scan(Artefact.read(path, limits=Limits()).data, Limits()).programs[0].root


def reasons(check: str, **state: Any) -> list[str]:
    """What a check says of an object with these attributes, which are tokens."""
    built = ObjectToken(Global("a", "B", None, 0), Use.CONSTRUCT, (), 0)
    built.states = (Mapping([part for pair in state.items() for part in pair]),)
    return [reason for _, reason in check_named(check)([built])]


def terms(count: int) -> dict[str, int]:
    return {f"term {number}": number for number in range(count)}


LEGITIMATE: dict[str, dict[Any, Any]] = {
    "none": {},
    "few": terms(5),
    "a batch": terms(1000),
    "many": terms(70_000),
    "of any length": {"x" * length: length for length in range(300)},
    "of other letters": {f"ä{number}": number for number in range(3000)} | {"plain": 3000},
    "with surrogates": {"a\ud800": 0, "b\udfff": 1},
    "of tuples": {("a", "b"): 0, ("a",): 1, (1, b"c"): 2},
    "of numbers": {1: 0, 2.5: 1, None: 2, np.int64(7): 3},
    "to numpy's numbers": {"a": np.int64(1), "b": np.int64(0)},
    "to numbers of both": {"a": np.int32(1), "b": 0},
}


@pytest.mark.parametrize("name", LEGITIMATE)
def test_an_legitimate_vocabulary_is_sound(name: str, tmp_path: Path) -> None:
    token = token_of(LEGITIMATE[name], tmp_path)
    assert reasons("columns_of_terms", vocabulary_=token) == []


def test_a_long_vocabulary_is_read_in_stretches(tmp_path: Path) -> None:
    # So that the tests here are known to see both.
    token = token_of(LEGITIMATE["many"], tmp_path)
    assert {Run, str} <= set(map(type, token)), "a pair that two frames share stands alone"


@pytest.mark.parametrize("at", [0, 500, 69_000, 69_999])
@pytest.mark.parametrize("column", [-1, 70_000, 2**31 - 1, 2**40, 1.0, "5", None, True])
def test_one_column_that_is_none_is_found(at: int, column: Any, tmp_path: Path) -> None:
    vocabulary: dict[str, Any] = terms(70_000)
    vocabulary[f"term {at}"] = column
    assert reasons("columns_of_terms", vocabulary_=token_of(vocabulary, tmp_path))


@pytest.mark.parametrize("first", [0, 700, 1500])
def test_one_term_that_stands_twice_is_found(first: int, tmp_path: Path) -> None:
    token = token_of(terms(2000), tmp_path)
    for again in (f"term {first}", np.str_(f"term {first}")):
        twice = Mapping([*token, *token_of([again, 1], tmp_path)])
        assert reasons("columns_of_terms", vocabulary_=twice) == ["vocabulary_ has a term twice"]


def test_a_stretch_that_stands_twice_is_found(tmp_path: Path) -> None:
    token = token_of(terms(3000), tmp_path)
    runs = [item for item in token if isinstance(item, Run)]
    assert reasons("columns_of_terms", vocabulary_=Mapping([*token, runs[0]]))


def test_equal_keys_of_other_types_are_one(tmp_path: Path) -> None:
    token = Mapping(token_of([1, 0, 1.0, 1], tmp_path))
    assert reasons("columns_of_terms", vocabulary_=token)
    assert reasons("columns_of_labels", classes_=token_of([1, np.float64(1.0)], tmp_path))


def test_terms_whose_sums_are_equal_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safeload.soundness.sklearn import vocabularies

    monkeypatch.setattr(vocabularies, "_FACTORS", np.zeros(256, np.uint64))
    token = token_of(terms(3000), tmp_path)
    assert reasons("columns_of_terms", vocabulary_=token) == []


def test_a_dict_that_makes_up_terms_is_none(tmp_path: Path) -> None:
    from collections import defaultdict

    assert reasons("columns_of_terms", vocabulary_=token_of(defaultdict(int, a=0), tmp_path))


def table(rows: int = 30, columns: int = 3) -> Any:
    return np.random.default_rng(0).normal(size=(rows, columns))


def holes() -> Any:
    data = table()
    data[3] = np.nan
    data[5] = np.inf
    data[9, 0] = np.nan
    return data


FITTED: dict[str, Callable[[], Any]] = {
    "terms that are few": lambda: CountVectorizer(max_features=2).fit(["a1 b1 c1", "b1 c1"]),
    "terms given": lambda: TfidfVectorizer(vocabulary={"a1": 1, "b1": 0}).fit(["a1"]),
    "not fitted": lambda: CountVectorizer(),
    "keys": lambda: DictVectorizer().fit([{"a": "x", "b": 2}, {"a": "y"}]),
    "hashed": lambda: FeatureHasher(np.int64(8)),
    "sets": lambda: MultiLabelBinarizer().fit([{"a"}, {"b", "c"}]),
    "sets of numbers": lambda: MultiLabelBinarizer().fit([{1}, {2, 3}]),
    "sets used": lambda: _after(MultiLabelBinarizer().fit([{"a"}]), "transform", [{"a"}]),
    "labels": lambda: LabelBinarizer().fit(["b", "a", "c"]),
    "labels of objects": lambda: LabelBinarizer().fit(np.array(["b", "a"], object)),
    "truth": lambda: LabelBinarizer().fit([True, False]),
    "texts": lambda: OneHotEncoder().fit([["a", "x"], ["b", "x"]]),
    "texts in an order of their own": lambda: OneHotEncoder(categories=[["b", "a"]]).fit([["a"]]),
    "numbers and gaps": lambda: OneHotEncoder().fit([[1.0], [np.nan], [0.5]]),
    "mixed": lambda: OneHotEncoder(drop="first").fit(np.array([["a", 1], [None, 2]], object)),
    "one dropped": lambda: OneHotEncoder(drop="if_binary").fit([["a", 1], ["b", 2], ["b", 3]]),
    "rare": lambda: OneHotEncoder(min_frequency=2, drop="first", handle_unknown="warn").fit(
        [["a", "x"]] * 3 + [["b", "x"], ["c", "x"]]
    ),
    "at most two": lambda: OneHotEncoder(max_categories=2).fit([["a"], ["b"], ["c"]]),
    "centres": lambda: MiniBatchKMeans(2, n_init=1, random_state=0).fit(table()),
    "centres of halves": lambda: BisectingKMeans(4, random_state=0).fit(table()),
    "centres of small floats": lambda: BisectingKMeans(2).fit(table().astype("f4")),
    "birch": lambda: Birch().fit(table()),
    "merges": lambda: HDBSCAN(copy=True).fit(table()),
    "merges around gaps": lambda: HDBSCAN(copy=True).fit(holes()),
    "neighbours": lambda: KNeighborsClassifier(algorithm="brute").fit(
        table(), ["a", "b", "c"] * 10
    ),
    "neighbours of several labels": lambda: KNeighborsClassifier().fit(
        table(), [["a", "b"], ["b", "c"]] * 15
    ),
    "distances": lambda: NearestNeighbors(metric="precomputed").fit(np.abs(table(4, 4))),
    "outliers": lambda: LocalOutlierFactor(5, novelty=True).fit(table()),
    "weighed": lambda: NearestNeighbors(
        metric="minkowski", algorithm="brute", metric_params={"w": [1, 2, 3]}
    ).fit(table()),
}


def _after(model: Any, method: str, data: Any) -> Any:
    getattr(model, method)(data)
    return model


@pytest.mark.parametrize("name", FITTED)
@pytest.mark.filterwarnings("ignore")
def test_a_fitted_model_is_loaded(name: str, tmp_path: Path) -> None:
    for container in ("joblib", "pickle-2", "pickle-5"):
        path = tmp_path / container
        CONTAINERS[container](FITTED[name](), path)
        safeload.load_unsigned(path)


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("texts", {"_n_features_outs": [2]}),
    ("texts", {"_n_features_outs": [2.0, 1.0]}),
    ("texts", {"_drop_idx_after_grouping": np.array([5, None], object)}),
    ("texts", {"categories_": (np.array(["a"]), np.array(["x"]))}),
    ("rare", {"_infrequent_enabled": 1}),
    ("rare", {"_default_to_infrequent_mappings": [np.array([-1]), None]}),
    ("centres", {"n_features_in_": 2}),
    ("centres", {"_n_threads": 10**6}),
    ("centres", {"_counts": np.zeros(1)}),
    ("birch", {"_subcluster_norms": np.zeros(1)}),
    ("neighbours", {"_y": np.full(30, -1)}),
    ("neighbours", {"_y": np.zeros(29, int)}),
    ("neighbours", {"classes_": np.array(["a"])}),
    ("neighbours", {"metric_params": {"Y_norm_squared": [1.0]}}),
    ("outliers", {"n_features_in_": 4}),
]


@pytest.mark.parametrize(("name", "changes"), CHANGES)
@pytest.mark.filterwarnings("ignore")
def test_a_model_that_was_changed_is_refused(
    name: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    model = FITTED[name]()
    vars(model).update(changes)
    path = tmp_path / "model"
    CONTAINERS["joblib"](model, path)
    findings = safeload.audit(path).files[0].findings
    assert {finding.rule for finding in findings} == {"SL401"}
