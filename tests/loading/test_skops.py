"""skops files load with the accepted names and no others, and to the same model."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import skops.io
from sklearn.linear_model import LogisticRegression
from skops.io import dumps
from skops.io.exceptions import UnsupportedTypeException

from safeload.errors import LoadError
from safeload.limits import Limits
from safeload.loading.skops import load_skops
from safeload.scan.containers.skops import read_skops, trusted_names
from safeload.scan.containers.skops_walk import LITERAL_TYPES
from safeload.scan.program import Scan
from tests.honest import estimators as honest
from tests.scan.schemas import archive, json_, ndarray, object_, type_

LIMITS = Limits()

# skops itself refuses to write these.
NOT_WRITTEN = {"Birch"}


def scanned(data: bytes) -> Scan:
    scan = read_skops(data, LIMITS)
    assert [*scan.findings, *scan.programs[0].findings] == []
    return scan


def load(data: bytes) -> Any:
    scan = scanned(data)
    return load_skops(scan.data, trusted_names(scan.programs[0]))


def assert_same(one: Any, other: Any) -> None:
    """Whether results are equal; the last bits may differ, as arrays come back contiguous."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), list(other.values())
    if isinstance(one, list | tuple):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_same(*pair)
        return
    if scipy.sparse.issparse(one):
        one, other = one.toarray(), other.toarray()
    if isinstance(one, np.ndarray) and one.dtype.kind == "f":
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9)
    else:
        np.testing.assert_array_equal(one, other)


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every name that skops resolves from now on."""
    names: set[str] = set()
    original = skops.io._utils._import_obj

    def record(module: str, name: str, package: str | None = None) -> Any:
        names.add(f"{module}.{name}")
        return original(module, name, package)

    for module in ("_utils", "_general", "old._general_v0"):
        monkeypatch.setattr(f"skops.io.{module}._import_obj", record)
    return names


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
@pytest.mark.filterwarnings("ignore:Class PassiveAggressive:FutureWarning")
@pytest.mark.parametrize("name", honest.names())
def test_an_estimator_loads_to_the_same_results_and_resolves_no_name_but_the_scanned(
    name: str, resolved: set[str]
) -> None:
    model, data = honest.estimator(name).model, honest.estimator(name).data
    if name in NOT_WRITTEN:
        with pytest.raises(UnsupportedTypeException):
            dumps(model)
        return
    scan = scanned(dumps(model))
    loaded = load_skops(scan.data, trusted_names(scan.programs[0]))
    listed = {use.path for use in scan.programs[0].globals}
    assert resolved <= listed | {f"builtins.{literal}" for literal in LITERAL_TYPES}
    assert_same(honest.outputs(loaded, data), honest.outputs(model, data))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_compressed_file_loads(method: int, kind: Callable[[bytes], Any]) -> None:
    data = kind(dumps([1, np.arange(5.0)], compression=method))
    scan = read_skops(data, LIMITS)
    loaded: Any = load_skops(scan.data, [])
    assert loaded[0] == 1
    assert loaded[1].tolist() == [0, 1, 2, 3, 4]


def test_a_name_that_was_not_accepted_does_not_load() -> None:
    model = {"a": object_("zipfile", "ZipFile")["__class__"]}
    assert load(dumps(model)) == model
    data = archive(object_("zipfile", "ZipFile"))
    with pytest.raises(LoadError) as caught:
        load_skops(data, [])
    assert caught.value.code == "skops-disagrees"


def test_what_skops_cannot_load_is_a_load_error() -> None:
    with pytest.raises(LoadError) as caught:
        load_skops(archive(type_("builtins", "no_such_type")), ["builtins.no_such_type"])
    assert caught.value.code == "load-failed"


def test_a_missing_member_is_a_load_error() -> None:
    with pytest.raises(LoadError) as caught:
        load_skops(archive(ndarray("1.npy")), [])
    assert caught.value.code == "load-failed"


@pytest.mark.parametrize("data", [b"", b"x" * 100, archive(json_(1))[:-1]])
def test_what_is_no_archive_is_a_load_error(data: bytes) -> None:
    with pytest.raises(LoadError) as caught:
        load_skops(data, [])
    assert caught.value.code == "load-failed"


def test_the_names_to_trust_are_those_that_skops_asks_for() -> None:
    random_state = np.random.RandomState(0)
    model = LogisticRegression(random_state=random_state).fit(np.eye(4), [0, 1, 0, 1])
    data = dumps([model, np.random.default_rng(0), np.ma.MaskedArray([1]), np.dtype("f8")])
    asked = set(skops.io.get_untrusted_types(data=data))
    assert asked <= set(trusted_names(scanned(data).programs[0]))


def test_the_file_is_read_from_memory_and_left_open_nowhere() -> None:
    buffer = bytearray(dumps([1, 2]))
    assert load_skops(buffer, []) == [1, 2]
    # A bytearray with a view of it still open cannot be resized.
    buffer.clear()
    assert io.BytesIO(buffer).read() == b""
