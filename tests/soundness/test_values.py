"""Tokens become the numbers, arrays and attributes that the real loaders make of the same bytes."""

from __future__ import annotations

import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.artefact import Artefact
from safeload.limits import Limits
from safeload.scan.program import (
    Array,
    ArraySpan,
    Blob,
    Collection,
    Global,
    Mapping,
    ObjectToken,
    Program,
    Token,
    Use,
)
from safeload.scan.scan import scan
from safeload.soundness.states import MISSING, UnsoundError, attributes, each
from safeload.soundness.values import array, integer, is_array, number, objects, raw
from tests.builder import Name, Pickle
from tests.samples import CONTAINERS

NODES = np.dtype({"names": ["a", "b"], "formats": ["<i8", "u1"], "itemsize": 16})
ARRAYS = {
    "numbers": np.arange(6.0),
    "a matrix": np.arange(6).reshape(2, 3),
    "a matrix by columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "axes in another order": np.arange(24).reshape(2, 3, 4).transpose(1, 2, 0),
    "every other row": np.arange(12).reshape(4, 3)[::2],
    "bytes the other way round": np.arange(5, dtype=">i4"),
    "records": np.array([(1, 2), (3, 4)], NODES),
    "booleans": np.array([True, False]),
    "dates": np.array(["2020-01-01", "2021-02-03"], "M8[D]"),
    "texts": np.array(["a", "bcd"]),
    "no numbers": np.empty(0),
    "no columns": np.empty((3, 0), ">f4"),
    "no dimensions": np.array(7),
    "complex numbers": np.array([1j, 2 + 1j], "c8"),
}
SCALARS = {
    "an int": 5,
    "a large int": 2**40,
    "int8": np.int8(-3),
    "uint64": np.uint64(2**63),
    "int64": np.int64(-7),
    "intc": np.intc(9),
    "float64": np.float64(0.5),
    "float32": np.float32(2.0),
    "longdouble": np.longdouble(1.5),
}
# Protocol 4 holds what 2 and 3 do; skops has a form of its own.
FORMS = [*CONTAINERS, "pickle-1", "pickle-3"]


class Holder:
    """An object whose attributes become tokens."""

    def __init__(self, **parts: Any) -> None:
        self.__dict__.update(parts)


def root_of(data: bytes, tmp_path: Path) -> Token:
    """The token of what a file holds."""
    path = tmp_path / "file"
    path.write_bytes(data)
    result = scan(Artefact.read(path, limits=Limits()).data, Limits())
    assert [f for program in result.programs for f in program.findings] == []
    return result.programs[0].root


def token_of(value: Any, form: str, tmp_path: Path) -> Token:
    """The token of a value in a list, so that skops writes it as well."""
    path = tmp_path / "written"
    if form in CONTAINERS:
        CONTAINERS[form]([value], path)
    else:
        path.write_bytes(pickle.dumps([value], int(form[-1])))
    return root_of(path.read_bytes(), tmp_path)[0]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_is_the_one_that_was_written(name: str, form: str, tmp_path: Path) -> None:
    written = ARRAYS[name]
    token = token_of(written, form, tmp_path)
    assert is_array(token)
    read = array(token, "x")
    assert read.dtype == written.dtype
    assert read.shape == written.shape
    assert read.tobytes() == written.tobytes()


@pytest.mark.parametrize("form", ["joblib", "pickle-4", "skops"])
def test_an_array_is_a_view_of_the_file(form: str, tmp_path: Path) -> None:
    read = array(token_of(np.arange(100.0), form, tmp_path), "x")
    assert not read.flags.owndata
    assert read.base is not None


@pytest.mark.parametrize(
    ("name", "order"),
    [("a matrix", b"C"), ("a matrix by columns", b"F"), ("axes in another order", b"K")],
)
def test_protocol_5_writes_each_order_as_a_buffer(name: str, order: bytes) -> None:
    # So that the tests above are known to see each of them.
    data = pickle.dumps(ARRAYS[name], 5)
    assert b"_frombuffer" in data
    assert b"\x8c\x01" + order in data


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", SCALARS)
def test_a_number_is_the_one_that_was_written(name: str, form: str, tmp_path: Path) -> None:
    value = SCALARS[name]
    token = token_of(value, form, tmp_path)
    assert number(token, "x") == float(np.asarray(value))
    if isinstance(value, int | np.integer):
        assert integer(token, "x") == int(value)
    else:
        with pytest.raises(UnsoundError):
            integer(token, "x")


@pytest.mark.parametrize("form", FORMS)
def test_what_is_true_is_no_number_of_things(form: str, tmp_path: Path) -> None:
    for value in (True, np.bool_(True)):
        with pytest.raises(UnsoundError):
            integer(token_of(value, form, tmp_path), "x")


@pytest.mark.parametrize("form", [form for form in FORMS if form != "skops"])
def test_objects_are_tokens_in_the_shape_of_their_array(form: str, tmp_path: Path) -> None:
    written = np.empty((2, 3), object)
    written[:] = [[1, "a", [1, 2]], [None, {"k": 1}, (1, 2)]]
    read = objects(token_of(np.asfortranarray(written), form, tmp_path), "x")
    assert read.shape == (2, 3)
    assert read[0, :2].tolist() == [1, "a"]
    assert read[0, 2] == [1, 2]
    assert isinstance(read[1, 1], Mapping)


def test_objects_of_skops_are_nested_lists(tmp_path: Path) -> None:
    written = np.empty((2, 1), object)
    written[:, 0] = ["a", None]
    read = objects(token_of(written, "skops", tmp_path), "x")
    assert read.tolist() == [["a"], [None]]


def test_objects_that_are_lists_of_one_length_stay_lists(tmp_path: Path) -> None:
    written = np.empty(2, object)
    written[:] = [[1, 2], [3, 4]]
    read = objects(token_of(written, "joblib", tmp_path), "x")
    assert read.shape == (2,)
    assert read[1] == [3, 4]


def test_an_array_of_numbers_is_none_of_objects_and_the_other_way_round(tmp_path: Path) -> None:
    for form in ("joblib", "pickle-2", "pickle-5", "skops"):
        with pytest.raises(UnsoundError):
            objects(token_of(np.arange(3), form, tmp_path), "x")
        with pytest.raises(UnsoundError):
            array(token_of(np.array(["a", None], object), form, tmp_path), "x")


@pytest.mark.parametrize("form", ["joblib", "pickle-0", "pickle-5"])
def test_attributes_are_those_of_the_object(form: str, tmp_path: Path) -> None:
    found = attributes(token_of(Holder(a=1, b="two"), form, tmp_path))
    assert found == {"a": 1, "b": "two"}


def slots(*parts: Any) -> bytes:
    return Pickle(4).object_(Name("a", "B"), state=parts).finish()


def test_attributes_come_from_both_dicts_of_a_pair(tmp_path: Path) -> None:
    assert attributes(root_of(slots({"a": 1}, {"b": 2}), tmp_path)) == {"a": 1, "b": 2}
    assert attributes(root_of(slots(None, {"b": 2}), tmp_path)) == {"b": 2}


def twice(built: ObjectToken) -> None:
    built.states = (Mapping(["a", 1, "b", 2, "a", 3]),)


def in_both_dicts(built: ObjectToken) -> None:
    built.states = ((Mapping(["a", 1]), Mapping(["a", 1])),)


def in_two_states(built: ObjectToken) -> None:
    built.states = (Mapping(["a", 1]), Mapping(["a", 1]))


def no_names(built: ObjectToken) -> None:
    built.states = (Mapping([["unhashable"], 1]),)


def no_dict(built: ObjectToken) -> None:
    built.states = ([("a", 1)],)


@pytest.mark.parametrize("forge", [twice, in_both_dicts, in_two_states, no_names, no_dict])
def test_attributes_of_which_two_could_count_are_refused(forge: Any) -> None:
    built = ObjectToken(Global("a", "B", None, 0), Use.CONSTRUCT, (), 0)
    assert attributes(built) == {}
    forge(built)
    with pytest.raises(UnsoundError):
        attributes(built)


def test_a_scalar_made_by_another_type_is_none(tmp_path: Path) -> None:
    # numpy.int8 makes 44 of 300.
    def forged(type_: str) -> Token:
        array_of_one = np.array(300)
        pickled = Pickle(4).call(Name("numpy", type_), lambda p: p.raw(inner(array_of_one)))
        return root_of(pickled.finish(), tmp_path)

    assert integer(forged("int64"), "x") == 300
    for type_ in ("int8", "float64", "dtype", "sum", "nothing"):
        with pytest.raises(UnsoundError):
            number(forged(type_), "x")


def inner(value: Any) -> bytes:
    """The opcodes of a value, for use within another pickle that has no memo yet."""
    data = pickle.dumps(value, 2)
    return data[2:-1]


@pytest.mark.parametrize(
    "subtype", [("numpy.ma", "MaskedArray"), ("numpy", "matrix"), ("numpy", "recarray")]
)
def test_an_array_of_another_class_is_none(subtype: tuple[str, str], tmp_path: Path) -> None:
    data = pickle.dumps(np.arange(3), 2).replace(
        b"cnumpy\nndarray\n", f"c{subtype[0]}\n{subtype[1]}\n".encode()
    )
    with pytest.raises(UnsoundError):
        array(root_of(data, tmp_path), "x")


def test_raw_bytes_are_those_of_the_array(tmp_path: Path) -> None:
    written = np.arange(6, dtype=">i4").reshape(2, 3)
    for form in ("joblib", "pickle-4", "pickle-5", "skops"):
        found = raw(token_of(written, form, tmp_path), "x")
        assert bytes(found.content) == written.tobytes()
        assert found[1:] == (written.dtype, (2, 3), "C", None)


def test_each_gives_every_object_that_is_not_sound_with_the_reason() -> None:
    @each
    def check(built: ObjectToken) -> None:
        """Even offsets only."""
        if built.offset % 2:
            raise UnsoundError("offset is odd")

    builts = [ObjectToken(None, Use.CALL, (), offset) for offset in range(4)]
    assert [(built.offset, reason) for built, reason in check(builts)] == [
        (1, "offset is odd"),
        (3, "offset is odd"),
    ]
    assert check.__doc__ == "Even offsets only."


# -- whatever tokens there are ---------------------------------------------------------------------

GLOBALS = st.sampled_from(
    [
        Global(module, name, None, 0)
        for module, name in [
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "scalar"),
            ("numpy._core.numeric", "_frombuffer"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("numpy", "int8"),
            ("a", "B"),
        ]
    ]
)
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5),
    st.integers(),
    st.floats(),
    st.sampled_from(["C", "F", "K", "f8", "O8", "<", "|", "a", "é"]),
)
SPECS = st.sampled_from(
    ["<f8", "|O", "|V0", "<U0", "M8[ns]", "no type", 7, None, ("<f8", (2,)), ("record", "<f8"),
     {"names": ["a"], "formats": ["<i8"], "offsets": [0], "itemsize": 4}, {"names": 3}]
)  # fmt: skip


def _blob(data: bytes) -> Blob:
    return Blob("bytes", 0, len(data), data[:256], data)


def _built(target: Any, args: Any, states: Any) -> ObjectToken:
    built = ObjectToken(target, Use.CALL, args, 0)
    built.states = states
    return built


def _dtype(code: str, flags: int) -> ObjectToken:
    target = Global("numpy", "dtype", None, 0)
    state = (3, "<", None, None, None, -1, -1, flags)
    return _built(target, (code, False, True), (state,))


def _array(data: bytes, dtype: Any, shape: Any) -> ObjectToken:
    reconstruct = Global("numpy._core.multiarray", "_reconstruct", None, 0)
    args = (Global("numpy", "ndarray", None, 0), (0,), _blob(b"b"))
    return _built(reconstruct, args, ((1, shape, dtype, False, _blob(data)),))


def _span(parts: Any) -> Array:
    return Array(ArraySpan(*parts), b"0123456789abcdef" * 4)


def _nested(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(children, max_size=5)
    tuples = lists.map(tuple)
    return st.one_of(
        lists,
        tuples,
        # Keys and values in turn: the machine refuses an odd number of them.
        lists.map(lambda items: Mapping(items[: len(items) // 2 * 2])),
        lists.map(lambda items: Collection("set", items)),
        lists.map(lambda items: Array(Program("", root=items), b"")),
        st.builds(_built, st.one_of(GLOBALS, children), st.one_of(tuples, children), tuples),
        st.builds(
            _array,
            st.binary(max_size=32),
            st.one_of(st.builds(_dtype, st.sampled_from(["f8", "i4", "O8"]), st.just(0)), children),
            st.one_of(tuples, st.integers(-1, 9)),
        ),
    )


TOKENS = st.recursive(
    st.one_of(
        PLAIN,
        GLOBALS,
        st.binary(max_size=40).map(_blob),
        st.tuples(
            st.integers(0, 70),
            st.integers(0, 70),
            SPECS,
            st.lists(st.integers(-1, 9) | st.just(2**62), max_size=3).map(tuple),
            st.sampled_from(["C", "F"]),
        ).map(_span),
    ),
    _nested,
    max_leaves=12,
)


@given(TOKENS)
def test_any_token_is_a_value_or_unsound(token: Token) -> None:
    for read in (array, integer, number, objects, raw):
        with suppress(UnsoundError):
            read(token, "x")
    if isinstance(token, ObjectToken):
        with suppress(UnsoundError):
            attributes(token)


def test_what_is_missing_is_no_value() -> None:
    for read in (array, integer, number, objects, raw):
        with pytest.raises(UnsoundError):
            read(MISSING, "x")
    assert repr(MISSING) == "MISSING"
