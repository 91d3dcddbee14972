"""The builder writes what CPython and joblib write, and what they write can be read back."""

from __future__ import annotations

import io
import pickle
import pickletools
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builder import Name, Pickle, Value

PROTOCOLS = range(6)

VALUES: list[Any] = [
    None, True, False, 0, 1, 255, 256, 65_535, 65_536, -1, -128, -129, 2**31, -(2**31), 2**63,
    -(2**63), 2**64, 2**2040, 0.0, 1.5, -0.1, "", "a", "é\n\\\r\x00", "x" * 300, "\ud800", b"",
    b"a\xff", b"x" * 300, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1], [1, 2], {}, {"a": 1},
    {"a": 1, "b": (2, [3])}, [["a", "b"], ["a", "b"]],
]  # fmt: skip

# Opcodes by the value they push, for all that ``save`` does not use.
OPCODES: list[tuple[Pickle, Any]] = [
    (Pickle(0).int_("-7"), -7),
    (Pickle(0).int_("01"), True),
    (Pickle(0).long_(-(2**70)), -(2**70)),
    (Pickle().long1(0), 0),
    (Pickle().long1(-256), -256),
    (Pickle().long4(2**80), 2**80),
    (Pickle(0).float_(2.5), 2.5),
    (Pickle(0).string("'a'"), "a"),
    (Pickle(1).binstring(b"a"), "a"),
    (Pickle(1).short_binstring(b"a"), "a"),
    (Pickle().binunicode8("é"), "é"),
    (Pickle().binbytes8(b"a"), b"a"),
    (Pickle(5).bytearray8(b"a"), bytearray(b"a")),
    (Pickle().mark().binint1(1).binint1(2).list_(), [1, 2]),
    (Pickle().mark().binint1(1).binint1(2).dict_(), {1: 2}),
    (Pickle().empty_set().mark().binint1(1).additems(), {1}),
    (Pickle().mark().binint1(1).frozenset_(), frozenset({1})),
    (Pickle().binint1(1).binint1(2).pop(), 1),
    (Pickle().binint1(1).mark().binint1(2).pop_mark(), 1),
    (Pickle().binint1(1).dup().tuple2(), (1, 1)),
    (Pickle().binint1(1).put(7).pop().get(7), 1),
    (Pickle().binint1(1).binput(7).pop().binget(7), 1),
    (Pickle().binint1(1).long_binput(7).pop().long_binget(7), 1),
    (Pickle().binint1(1).memoize().pop().binget(0), 1),
    (Pickle().global_("builtins", "len"), len),
    (Pickle().unicode("builtins").unicode("str.lower").stack_global(), str.lower),
    (Pickle().global_("builtins", "len").unicode("abc").tuple1().reduce(), 3),
    (Pickle().global_("builtins", "list").empty_tuple().newobj(), []),
    (Pickle().global_("builtins", "list").empty_tuple().empty_dict().newobj_ex(), []),
    (Pickle().mark().binint1(1).inst("builtins", "complex"), 1 + 0j),
    (Pickle().mark().global_("builtins", "complex").binint1(1).obj(), 1 + 0j),
    (Pickle().frame(2).binint1(1), 1),
    (Pickle(4, framed=True).save([1, 2]), [1, 2]),
    (Pickle(5).save({1}, bytearray(b"a"), frozenset({2})).tuple3(), ({1}, bytearray(b"a"), {2})),
    (Pickle(2).save(b"a", bytearray(b"a")).tuple2(), (b"a", bytearray(b"a"))),
    (Pickle(0).save(Name("__builtin__", "len")), len),
    (Pickle(4).call(Name("builtins", "len"), "ab"), 2),
]

ARRAYS = [
    np.arange(3.0),
    np.arange(6, dtype="<i4").reshape(2, 3),
    np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3)),
    np.array(7, dtype="|u1"),
    np.array([True, False]),
    np.array(["ab", "c"]),
    np.array([b"ab", b"c"]),
    np.zeros(0),
]


def loads(data: bytes, **given: Any) -> list[Any]:
    """What the C and the Python unpickler make of a pickle."""
    return [pickle.loads(data, **given), pickle._loads(data, **given)]  # type: ignore[attr-defined]


def add_array(builder: Pickle, array: np.ndarray[Any, Any], **given: Value) -> Pickle:
    """Write a legitimate array."""
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    kind = array.dtype.str
    size = array.dtype.itemsize
    if array.dtype.kind in "SU":
        # numpy writes the byte size of a flexible type into the state as well.
        alignment = 4 if array.dtype.kind == "U" else 1

        def sized(p: Pickle) -> Pickle:
            return p.dtype(kind[1:], order=kind[0], itemsize=size, alignment=alignment)

        dtype: Value = sized
    else:
        dtype = kind
    data = array.tobytes(order)  # type: ignore[arg-type]
    return builder.array(data, dtype=dtype, shape=array.shape, order=order, **given)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_values_are_written_as_the_pickler_writes_them(protocol: int) -> None:
    for value in VALUES:
        built = Pickle(protocol, framed=True).save(value).finish()
        assert loads(built) == [value, value]
        assert built == pickle.dumps(value, protocol)


@pytest.mark.parametrize(("builder", "value"), OPCODES)
def test_every_opcode_does_what_its_name_says(builder: Pickle, value: Any) -> None:
    assert loads(bytes(builder) + b".") == [value, value]


def test_every_opcode_of_the_protocols_has_a_method() -> None:
    methods = {name.rstrip("_") for name in vars(Pickle)}
    assert {opcode.name.lower() for opcode in pickletools.opcodes} <= methods


def test_opcodes_for_the_unpicklers_hooks_reach_them() -> None:
    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid: Any) -> Any:
            return ("pid", pid)

    def load(builder: Pickle) -> Any:
        return Unpickler(io.BytesIO(builder.finish())).load()

    assert load(Pickle(0).persid("7")) == ("pid", "7")
    assert load(Pickle().binint1(7).binpersid()) == ("pid", 7)
    buffers = Pickle(5).next_buffer().readonly_buffer().finish()
    assert pickle.loads(buffers, buffers=[bytearray(b"a")]) == b"a"
    for builder in (Pickle().ext1(1), Pickle().ext2(1), Pickle().ext4(1)):
        with pytest.raises(ValueError, match="unregistered extension code 1"):
            pickle.loads(builder.finish())


@given(st.integers())
def test_any_integer_survives(value: int) -> None:
    assert loads(Pickle(4).save(value).finish()) == [value, value]
    assert Pickle(2).save(value).finish() == pickle.dumps(value, 2)


@given(st.text())
def test_any_text_survives(value: str) -> None:
    for protocol in PROTOCOLS:
        assert loads(Pickle(protocol).save(value).finish()) == [value, value]


def test_lengths_can_be_forged() -> None:
    for builder in (
        Pickle().binunicode("a", length=2**32 - 1),
        Pickle().binbytes8(b"a", length=2**63),
        Pickle().long4(b"", length=-1),
    ):
        with pytest.raises((pickle.UnpicklingError, OverflowError, EOFError)):
            pickle.loads(builder.finish())


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: array.dtype.str)
def test_joblib_reads_the_arrays(array: np.ndarray[Any, Any], protocol: int) -> None:
    builder = add_array(Pickle(protocol).mark(), array)
    loaded = joblib.load(io.BytesIO(add_array(builder, array).tuple_().finish()))
    for result in loaded:
        np.testing.assert_array_equal(result, array)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: array.dtype.str)
def test_arrays_are_written_as_joblib_writes_them(
    array: np.ndarray[Any, Any], protocol: int
) -> None:
    expected = io.BytesIO()
    joblib.dump(array, expected, protocol=protocol)
    assert add_array(Pickle(protocol, framed=True), array).finish() == expected.getvalue()


def test_several_arrays_share_a_memo_as_in_joblib() -> None:
    expected = io.BytesIO()
    joblib.dump((np.arange(3.0), np.arange(4.0)), expected)
    builder = Pickle(framed=True)
    builder.save((lambda p: add_array(p, np.arange(3.0)), lambda p: add_array(p, np.arange(4.0))))
    assert builder.finish() == expected.getvalue()


def test_object_arrays_are_nested_pickles_as_in_joblib() -> None:
    array = np.array(["a", None], dtype=object)
    expected = io.BytesIO()
    joblib.dump(array, expected)
    nested = Pickle.nested_objects("a", None)
    built = Pickle(framed=True).object_array(nested, shape=(2,)).finish()
    assert built == expected.getvalue()
    assert joblib.load(io.BytesIO(built)).tolist() == ["a", None]


def test_arrays_of_joblib_before_1_2_have_no_padding() -> None:
    built = add_array(Pickle(), np.arange(3.0), alignment=None).finish()
    np.testing.assert_array_equal(joblib.load(io.BytesIO(built)), np.arange(3.0))


def test_padding_can_be_forged() -> None:
    built = add_array(Pickle(), np.arange(3.0), padding_length=2, padding=b"ab").finish()
    assert b"\x02ab" + np.arange(1.0).tobytes() in built
    np.testing.assert_array_equal(joblib.load(io.BytesIO(built)), np.arange(3.0))
