"""skops files load with the accepted names and no others, and to the same model."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import re
import subprocess
import sys
import warnings
import zipfile
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from datetime import datetime
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import scipy.sparse
import skops.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer
from skops.io import dumps
from skops.io.exceptions import UnsupportedTypeException

import safeload
from safeload.errors import LoadError
from safeload.limits import Limits
from safeload.loading.skops import load_skops
from safeload.loading.skops_arrays import array_of, matrix_of
from safeload.scan.containers.skops.read import read_skops, trusted_names
from safeload.scan.containers.skops.walk import LITERAL_TYPES
from safeload.scan.program import Scan
from tests.legitimate import estimators as legitimate
from tests.scan.containers.test_archive import ARRAYS
from tests.scan.schemas import (
    archive,
    at,
    json_,
    ndarray,
    node,
    object_,
    parts,
    places,
    tuple_,
    type_,
)

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
@pytest.mark.parametrize("name", legitimate.names())
def test_an_estimator_loads_to_the_same_results_and_resolves_no_name_but_the_scanned(
    name: str, resolved: set[str]
) -> None:
    model, data = legitimate.estimator(name).model, legitimate.estimator(name).data
    if name in NOT_WRITTEN:
        with pytest.raises(UnsupportedTypeException):
            dumps(model)
        return
    scan = scanned(dumps(model))
    loaded = load_skops(scan.data, trusted_names(scan.programs[0]))
    listed = {use.path for use in scan.programs[0].globals}
    assert resolved <= listed | {f"builtins.{literal}" for literal in LITERAL_TYPES}
    assert_same(legitimate.outputs(loaded, data), legitimate.outputs(model, data))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_compressed_file_loads(method: int, kind: Callable[[bytes], Any]) -> None:
    data = kind(dumps([1, np.arange(5.0)], compression=method))
    scan = read_skops(data, LIMITS)
    loaded: Any = load_skops(scan.data, [])
    assert loaded[0] == 1
    assert loaded[1].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.guarantee("G13")
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


# -- agreement on forged files --------------------------------------------------------------------

_MODEL = {
    "a": [1, "x", slice(2), float, len, {"b": 2, 3: 4.0}, (1, None)],
    "c": np.random.RandomState(0),
    "d": np.float64(2),
    "e": np.array([[1, None]], dtype=object),
    "f": partial(int, base=2),
    "g": itemgetter(1),
    "h": LogisticRegression(),
    "i": np.ma.MaskedArray([1.0]),
    "j": np.dtype("f4"),
    "k": OrderedDict(a=1),
    "l": defaultdict(list, a=[1]),
    "m": frozenset([1]),
}
_SCHEMA, _MEMBERS = parts(dumps(_MODEL))
_PLACES = places(_SCHEMA)[1:]
_NODES = [place[:-1] for place in _PLACES if len(place) > 1 and place[-1] == "__loader__"]
_LOADERS = sorted({at(_SCHEMA, place)["__loader__"] for place in _NODES})

_CHANGES = st.one_of(
    st.tuples(st.just("copy"), st.sampled_from(_NODES), st.sampled_from(_NODES)),
    st.tuples(st.just("loader"), st.sampled_from(_NODES), st.sampled_from(_LOADERS)),
    st.tuples(st.just("id"), st.sampled_from(_NODES), st.sampled_from(_NODES)),
    st.tuples(st.just("class"), st.sampled_from(_NODES), st.sampled_from(_NODES)),
    st.tuples(st.just("content"), st.sampled_from(_NODES), st.sampled_from(_NODES)),
)


def _changed(changes: list[tuple[str, Any, Any]]) -> dict[str, Any]:
    schema: dict[str, Any] = copy.deepcopy(_SCHEMA)
    for what, place, other in changes:
        try:
            target = at(schema, place)
            source = other if what == "loader" else copy.deepcopy(at(_SCHEMA, other))
            if what == "copy":
                target.clear()
                target |= source
            elif what == "loader":
                target["__loader__"] = source
            elif what == "id":
                target["__id__"] = source["__id__"]
            elif what == "class":
                target |= {key: source[key] for key in ("__class__", "__module__")}
            else:
                target["content"] = source["content"]
        except (KeyError, IndexError, TypeError, AttributeError):
            continue
    return schema


@pytest.mark.guarantee("G13")
@settings(
    deadline=None,
    max_examples=400,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(st.lists(_CHANGES, min_size=1, max_size=3), st.sampled_from([0, 1, 2]))
def test_of_a_forged_file_without_findings_skops_resolves_no_name_but_the_scanned(
    resolved: set[str], changes: list[tuple[str, Any, Any]], protocol: int
) -> None:
    schema = {**_changed(changes), "protocol": protocol}
    scan = read_skops(archive(json.dumps(schema), _MEMBERS), LIMITS)
    # A member that lost its node hides no name.
    if not scan.programs or scan.programs[0].findings:
        return
    names = trusted_names(scan.programs[0])
    resolved.clear()
    with warnings.catch_warnings(), contextlib.suppress(LoadError):
        warnings.simplefilter("ignore")
        load_skops(scan.data, names)
    assert resolved <= {*names, "builtins.getattr"} | {f"builtins.{n}" for n in LITERAL_TYPES}


# -- what skops writes and cannot read -----------------------------------------------------------


def of(**values: Any) -> bytes:
    data: bytes = dumps(FunctionTransformer(kw_args=values))
    return data


def mapped(folder: Path) -> np.memmap[Any, Any]:
    array = np.memmap(folder / "elements", "f8", "w+", shape=(3,))
    array[:] = 1.5
    return array


@pytest.mark.parametrize("zone", [ZoneInfo("Europe/Paris"), ZoneInfo("UTC")], ids=str)
def test_time_zones_load(zone: ZoneInfo, tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    path.write_bytes(of(zone=zone, at=datetime(2026, 1, 2, tzinfo=zone)))

    loaded = safeload.load_unsigned(path)

    assert loaded.kw_args == {"zone": zone, "at": datetime(2026, 1, 2, tzinfo=zone)}


@pytest.mark.filterwarnings("ignore:The parameter 'token_pattern'")
@pytest.mark.parametrize(
    "make",
    [
        lambda folder: of(array=mapped(folder)),
        lambda _: dumps(CountVectorizer(preprocessor=str.lower).fit(["one two"])),
        lambda _: dumps(CountVectorizer(tokenizer=str.split).fit(["one two"])),
        lambda folder: of(pattern=re.compile("a+")),
    ],
    ids=["a memory map", "a method", "a method that splits", "a compiled pattern"],
)
def test_what_skops_writes_and_cannot_read_is_accepted_and_a_load_error(
    make: Callable[[Path], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "model.skops"
    path.write_bytes(make(tmp_path))

    assert safeload.audit(path).files[0].findings == ()
    with pytest.raises(LoadError):
        safeload.load_unsigned(path)


@pytest.mark.parametrize("key", ["/etc/passwd", "../../etc/passwd", "Europe/../../x", ""])
def test_a_time_zone_is_no_path(key: str, tmp_path: Path) -> None:
    made = node("ConstructorFromReduceNode", "zoneinfo", "ZoneInfo", content=tuple_(json_(key)))
    path = tmp_path / "model.skops"
    path.write_bytes(archive(made))

    assert safeload.audit(path).files[0].verdict == "refuse"


def _member(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_an_array_is_made_as_numpy_makes_it(array: Any) -> None:
    made, numpys = array_of(_member(array)), np.load(io.BytesIO(_member(array)))
    assert (made.dtype, made.shape, made.strides) == (numpys.dtype, numpys.shape, numpys.strides)
    assert made.dtype.isalignedstruct == numpys.dtype.isalignedstruct
    assert made.flags.writeable
    assert made.flags.owndata or not made.size
    np.testing.assert_array_equal(made, numpys)


@pytest.mark.parametrize("kind", ["matrix", "array"])
@pytest.mark.parametrize("layout", ["bsr", "coo", "csc", "csr", "dia"])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_sparse_matrix_is_made_as_scipy_makes_it(
    kind: str, layout: str, compressed: bool
) -> None:
    dense = np.arange(12.0).reshape(3, 4) % 3
    written = getattr(scipy.sparse, f"{layout}_{kind}")(dense)
    buffer = io.BytesIO()
    scipy.sparse.save_npz(buffer, written, compressed=compressed)
    made, scipys = (
        make(io.BytesIO(buffer.getvalue())) for make in (matrix_of, scipy.sparse.load_npz)
    )
    assert type(made) is type(scipys)
    assert (made.dtype, made.shape) == (scipys.dtype, scipys.shape)
    np.testing.assert_array_equal(made.toarray(), dense)
    assert vars(made).keys() == vars(scipys).keys()


def test_no_source_is_read_while_a_skops_file_is_scanned_and_loaded(tmp_path: Path) -> None:
    matrix = scipy.sparse.csr_matrix(np.eye(3))
    model = {"array": np.arange(6.0), "matrix": matrix, "one": np.float64(1)}
    path = tmp_path / "a.skops"
    skops.io.dump(model, path)
    code = (
        "import sys, safeload\n"
        "safeload.audit(sys.argv[1])\n"
        "safeload.load_unsigned(sys.argv[1])\n"
        "sys.addaudithook(lambda event, _: event == 'compile' and print(event))\n"
        "safeload.audit(sys.argv[1])\n"
        "assert len(safeload.load_unsigned(sys.argv[1])) == 3\n"
        "compile('1', '<string>', 'eval')"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, path],
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.split() == ["compile"]
