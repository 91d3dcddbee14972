"""Dtypes that numpy pickles are described as they are; every other form is refused."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from safeload.limits import Limits
from safeload.scan.arrays.dtypes import DType, DTypeError, describe
from safeload.scan.pickle.interpreter import interpret
from tests.builder import Name, Pickle

LEGITIMATE = [
    *"?bBhHiIqQefdgFDG",
    *("S0", "S3", "U0", "U5", "V4", "O", ">f8", ">i4", ">U2"),
    *("M8", "m8", "M8[ns]", "m8[us]", "M8[25s]", ">M8[D]", "m8[Y]"),
    [("left", "<i4"), ("right", ">f8")],
    [("left", "<i4"), ("right", "<f8", (2, 3))],
    [("outer", [("inner", "u1"), ("text", "U4")]), ("object", "O")],
    [("a", "O"), ("b", "O")],
    [("many", "O", (2, 3)), ("one", "<i4")],
    [("many", [("object", "O"), ("number", "<f8")], (2,))],
    {"names": ["a", "b"], "formats": ["<i4", "<f8"], "offsets": [4, 16], "itemsize": 32},
    {"names": ["a", "b"], "formats": ["<i4", "<i2"], "offsets": [0, 0], "itemsize": 4},
    [],
]


def token_of(data: bytes) -> Any:
    """The token of the dtype in a tuple of one in a pickle."""
    program = interpret(data, limits=Limits())
    assert not program.findings
    made = [built for built in program.built if built.is_of("numpy", "dtype")]
    return made[0] if made else None


def described(dtype: np.dtype[Any], protocol: int = 4) -> DType:
    data = pickle.dumps(dtype, protocol)
    return describe(token_of(data))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("legitimate", LEGITIMATE, ids=str)
def test_what_numpy_pickles_is_described_as_it_is(legitimate: Any, protocol: int) -> None:
    dtype = np.dtype(legitimate)

    found = described(dtype, protocol)

    assert np.dtype(found.spec) == dtype
    assert (found.itemsize, found.hasobject) == (dtype.itemsize, dtype.hasobject)


def test_an_aligned_record_is_described_as_aligned() -> None:
    dtype = np.dtype([("a", "u1"), ("b", "<f8")], align=True)

    found = np.dtype(described(dtype).spec)

    assert found == dtype
    assert found.isalignedstruct


# What numpy before 2 writes for records with and without text and objects, aligned: one byte
# with a sign.
SIGNED_FLAGS = {"f8": -112, "U2": -104, "O": -101}


class Flagged:
    """An aligned record that pickles with other flags."""

    def __init__(self, code: str, flags: int) -> None:
        legitimate = np.dtype([("a", "u1"), ("b", code)], align=True)
        reduced: Any = legitimate.__reduce__()
        make, args, state = reduced
        self.form = make, args, (*state[:-1], flags)

    def __reduce__(self) -> Any:
        return self.form


@pytest.mark.parametrize("code", SIGNED_FLAGS)
def test_an_aligned_record_of_numpy_1_is_described_as_numpy_2_reads_it(code: str) -> None:
    data = pickle.dumps(Flagged(code, SIGNED_FLAGS[code]))
    old = pickle.loads(data)

    found = describe(token_of(data))

    assert np.dtype(found.spec) == old
    assert np.dtype(found.spec).isalignedstruct == old.isalignedstruct
    assert found.hasobject == old.hasobject == (code == "O")


@pytest.mark.parametrize(
    ("code", "flags"), [("f8", -101), ("f8", -1), ("f8", -129), ("O", -128), ("O", -112)]
)
def test_signed_flags_that_lie_are_refused(code: str, flags: int) -> None:
    with pytest.raises(DTypeError):
        describe(token_of(pickle.dumps(Flagged(code, flags))))


simple = st.one_of(
    hnp.scalar_dtypes(), hnp.byte_string_dtypes(), hnp.unicode_string_dtypes(), hnp.array_dtypes()
)


@settings(max_examples=200, deadline=None)
@given(simple, st.integers(0, 5))
def test_any_dtype_that_numpy_pickles_is_described_as_it_is(
    dtype: np.dtype[Any], protocol: int
) -> None:
    found = described(dtype, protocol)

    assert np.dtype(found.spec) == dtype
    assert found.itemsize == dtype.itemsize


FLOAT = Name("numpy", "dtype")


def _float(pickle: Pickle) -> None:
    pickle.dtype("f8")


def _object(pickle: Pickle) -> None:
    pickle.dtype("O8", order="|")


def _record(**given: Any) -> Any:
    state = {
        "order": "|",
        "names": ("a", "b"),
        "fields": {"a": (_float, 0), "b": (_float, 8)},
        "itemsize": 16,
        "alignment": 1,
        "flags": 0,
        **given,
    }
    return lambda pickle: pickle.dtype("V16", **state)


def _stateless(*args: Any) -> Any:
    return lambda pickle: pickle.call(FLOAT, *args)


def _stated(*state: Any) -> Any:
    return lambda pickle: pickle.call(FLOAT, "f8", False, True).save(state).build()


def _twice(pickle: Pickle) -> None:
    pickle.call(FLOAT, "f8", False, True)
    for _ in range(2):
        pickle.save((3, "<", None, None, None, -1, -1, 0)).build()


def _nested(pickle: Pickle) -> None:
    pickle.call(FLOAT, "V8", False, True).memo("self")
    pickle.save((3, "|", (lambda p: p.recall("self"), (1,)), None, None, 8, 1, 0)).build()


PLAIN = (3, "<", None, None, None, -1, -1, 0)
HOSTILE: dict[str, Any] = {
    "a call of another name": lambda p: p.call(Name("numpy", "float64"), "f8"),
    "an instance by NEWOBJ": lambda p: p.save(FLOAT, ("f8", False, True)).newobj(),
    "no type code": _stateless(),
    "a type code that is not a string": _stateless(b"f8"),
    "an unknown type code": _stateless("f3"),
    "a comma-separated type code": _stateless("f8,f8"),
    "an alias for a type code": _stateless("float64"),
    "a flag that is none": _stateless("f8", 2, True),
    "too many arguments": _stateless("f8", False, True, None),
    "a size of ten billion": _stateless("S9999999999"),
    "a state that is yet to come": _stateless("f8", False, True),
    "a state on what is no copy": lambda p: (
        p.call(FLOAT, "f8", False, False).save((3, "<", None, None, None, -1, -1, 0)).build()
    ),
    "a state of too few": _stated(3, "<", None),
    "a state that is not a tuple": lambda p: p.call(FLOAT, "f8").save([3]).build(),
    "an unknown version": _stated(5, "<", None, None, None, -1, -1, 0),
    "an unknown byte order": _stated(3, "x", None, None, None, -1, -1, 0),
    "a size that is not a number": _stated(3, "<", None, None, None, "8", -1, 0),
    "a size that is True": _stated(3, "<", None, None, None, True, -1, 0),
    "a size that is another": _stated(3, "<", None, None, None, 16, -1, 0),
    "flags of an object": _stated(3, "<", None, None, None, -1, -1, 63),
    "metadata without version 4": _stated(3, "<", None, None, None, -1, -1, 0, {}),
    "version 4 without metadata": _stated(4, "<", None, None, None, -1, -1, 0),
    "a moment without its unit": lambda p: p.call(FLOAT, "M8", False, True).save(PLAIN).build(),
    "a duration without its unit": lambda p: p.call(FLOAT, "m8", False, True).save(PLAIN).build(),
    "a state twice": _twice,
    "objects without their flags": lambda p: p.dtype("O8", order="|", flags=0),
    "text of another size": lambda p: p.dtype("U2", itemsize=4, alignment=4, flags=8),
    "text without its flag": lambda p: p.dtype("U2", itemsize=8, alignment=4, flags=0),
    "a record without fields": _record(fields=None),
    "a record without names": _record(names=None),
    "a record with a name too many": _record(names=("a", "b", "c")),
    "a record with a name twice": _record(names=("a", "a")),
    "a record with a field too few": _record(fields={"a": (_float, 0)}),
    "a record with a name that is not a string": _record(names=("a", b"b")),
    "a field beyond the end": _record(fields={"a": (_float, 0), "b": (_float, 9)}),
    "a field before the start": _record(fields={"a": (_float, -1), "b": (_float, 8)}),
    "a field at no offset": _record(fields={"a": (_float, "0"), "b": (_float, 8)}),
    "a title that is not a string": _record(fields={"a": (_float, 0, {}), "b": (_float, 8)}),
    "a field without a dtype": _record(fields={"a": ("f8", 0), "b": (_float, 8)}),
    "a record of another size": _record(itemsize=24),
    "a record of a negative size": _record(itemsize=-16),
    "a record of odd alignment": _record(alignment=3),
    "a record that hides its objects": _record(fields={"a": (_object, 0), "b": (_float, 8)}),
    "a record that claims objects": _record(flags=0x1B),
    "objects of a record that overlap": _record(
        fields={"a": (_object, 0), "b": (_float, 4)}, flags=0x1B
    ),
    "a subarray of another size": lambda p: p.dtype(
        "V8", order="|", subarray=(_float, (2,)), itemsize=8, alignment=8, flags=0
    ),
    "a subarray of a negative length": lambda p: p.dtype(
        "V8", order="|", subarray=(_float, (-1,)), itemsize=8, alignment=8, flags=0
    ),
    "a subarray of objects": lambda p: p.dtype(
        "V8", order="|", subarray=(_object, (1,)), itemsize=8, alignment=8, flags=0
    ),
    "a subarray with fields": lambda p: p.dtype(
        "V8", order="|", subarray=(_float, (1,)), names=("a",), fields={}, itemsize=8, flags=0
    ),
    "a dtype within itself": _nested,
    "a unit that is none": lambda p: p.dtype("M8", metadata=({}, (b"parsec", 1, 1, 1))),
}


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("case", HOSTILE)
def test_a_dtype_that_numpy_does_not_pickle_is_refused(case: str) -> None:
    stream = Pickle(4)
    HOSTILE[case](stream)
    program = interpret(stream.finish(), limits=Limits())
    # The outermost is made first, and then given its state.
    token = program.built[0]

    with pytest.raises(DTypeError):
        describe(token)


@pytest.mark.parametrize("token", [None, "f8", 8, (), [], b"f8"])
def test_what_is_no_object_is_no_dtype(token: object) -> None:
    with pytest.raises(DTypeError):
        describe(token)
