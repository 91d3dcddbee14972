"""What Python 2 wrote: byte strings are text where they are ASCII, and bytes where they are not."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import safeload
from safeload.errors import RefusedError
from safeload.limits import Limits
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.program import Blob, ObjectToken, Program
from tests.builder import Name, Pickle, Value

RECONSTRUCT = Name("numpy.core.multiarray", "_reconstruct")
SCALAR = Name("numpy.core.multiarray", "scalar")


def scanned(stream: Pickle) -> Program:
    return interpret(stream.finish(), limits=Limits())


def text(data: bytes) -> Value:
    """A ``str`` of Python 2 as its binary protocols write it."""
    return lambda p: p.short_binstring(data) if len(data) < 256 else p.binstring(data)


def double(p: Pickle) -> Pickle:
    return p.dtype("f8")


def array(data: Value, length: int, dtype: Value = double) -> Pickle:
    empty = (Name("numpy", "ndarray"), (0,), text(b"b"))
    return Pickle(2).call(RECONSTRUCT, *empty).save((1, (length,), dtype, False, data)).build()


def loaded(stream: Pickle, folder: Path) -> object:
    path = folder / "model.pkl"
    path.write_bytes(stream.finish())
    return safeload.load_unsigned(path)


LITERALS = {
    "SHORT_BINSTRING": lambda data: Pickle(1).short_binstring(data),
    "BINSTRING": lambda data: Pickle(1).binstring(data),
    "STRING": lambda data: Pickle(0).string(repr(data)[1:]),
}


@pytest.mark.parametrize("opcode", LITERALS)
@given(data=st.binary(max_size=20))
def test_a_byte_string_is_text_if_it_is_ascii_and_else_bytes(opcode: str, data: bytes) -> None:
    program = scanned(LITERALS[opcode](data).memoize().tuple1())

    assert not program.findings
    value = pickle.loads(program.code)[0]
    assert value == (data.decode("ascii") if data.isascii() else data)
    (token,) = program.root
    assert (token.content if isinstance(token, Blob) else token) == value


@pytest.mark.parametrize("opcode", LITERALS)
def test_another_encoding_reads_the_same_bytes(opcode: str) -> None:
    data = b"caf\xe9 \x00\xff"
    stream = LITERALS[opcode](data)

    assert pickle.loads(scanned(stream).code) == data
    assert pickle.loads(stream.finish(), encoding="bytes") == data


def test_a_name_is_no_bytes() -> None:
    stream = Pickle(4).short_binstring(b"os\xe9").unicode("system").stack_global()

    assert [finding.rule for finding in scanned(stream).findings] == ["SL216"]


def test_bytes_among_the_names_of_attributes_are_refused(tmp_path: Path) -> None:
    state = {text(b"\xe9t\xe9"): 1}
    stream = Pickle(2).save(Name("sklearn.linear_model._base", "LinearRegression"), ()).newobj()
    stream.empty_dict().mark().save(*state, 1).setitems().build()

    with pytest.raises(RefusedError) as caught:
        loaded(stream, tmp_path)
    assert [finding.rule for finding in caught.value.report.findings] == ["SL105"]


@pytest.mark.parametrize(
    "elements", [np.zeros(3), np.array([1.5, -2.0]), np.frombuffer(b"ABCDEFGH" * 40, "f8")], ids=len
)
def test_elements_of_an_array_of_python_2(elements: np.ndarray, tmp_path: Path) -> None:
    stream = array(text(elements.tobytes()), len(elements))

    made = loaded(stream, tmp_path)

    assert isinstance(made, np.ndarray)
    assert made.tobytes() == elements.tobytes()
    assert made.flags.writeable


@pytest.mark.parametrize("number", [0.0, 1.5, 2.261634509803921e-09])
def test_a_scalar_of_python_2(number: float, tmp_path: Path) -> None:
    data = np.float64(number).tobytes()

    assert loaded(Pickle(2).call(SCALAR, double, text(data)), tmp_path) == number


def test_who_looks_at_elements_finds_bytes() -> None:
    program = scanned(array(text(b"ABCDEFGH"), 1))

    made = program.root
    assert isinstance(made, ObjectToken)
    elements = made.states[0][4]
    assert isinstance(elements, Blob)
    assert bytes(elements.content) == b"ABCDEFGH"


OUT_OF_FORM = {
    "text of too few characters": array(text(b"A" * 8), 2),
    "text of too many characters": array(text(b"A" * 17), 2),
    "text that is not ASCII": array("\xe9" * 8, 1),
    "text for objects": array(text(b"A" * 8), 1, lambda p: p.dtype("O8")),
    "a scalar of too few characters": Pickle(2).call(SCALAR, double, text(b"A" * 7)),
    "a scalar of text that is not ASCII": Pickle(2).call(SCALAR, double, "\xe9" * 8),
    "a scalar of an object": Pickle(2).call(SCALAR, lambda p: p.dtype("O8"), text(b"A" * 8)),
}


@pytest.mark.parametrize("case", OUT_OF_FORM)
def test_text_that_numpy_would_not_take_is_refused(case: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        loaded(OUT_OF_FORM[case], tmp_path)
    assert {finding.rule for finding in caught.value.report.findings} == {"SL103"}


@pytest.mark.parametrize("literal", ["1", "-3", "100000", "1e+20", "0.5", "-1.5e-07", "inf", "nan"])
def test_numbers_as_the_c_pickler_of_python_2_writes_them(literal: str) -> None:
    program = scanned(Pickle(0).float_(literal))

    assert not program.findings
    assert repr(program.root) == repr(float(literal)) == repr(pickle.loads(program.code))


@pytest.mark.parametrize(
    "literal", ["1.", ".5", "1_0", "0x1p3", "+1", "1e5", " 1", "1 ", "infinity"]
)
def test_numbers_that_python_would_read_and_nobody_writes(literal: str) -> None:
    findings = scanned(Pickle(0).float_(literal)).findings

    assert [finding.rule for finding in findings] == ["SL211"]
