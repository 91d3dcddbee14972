"""What is recognised as a whole has the effect that reading it opcode by opcode has."""

from __future__ import annotations

import io
import pickle
import struct
from types import SimpleNamespace
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeload.limits import Limits
from safeload.scan.bounds.budget import WorkBudget
from safeload.scan.pickle import interpreter
from safeload.scan.pickle.text_arrays import read_texts
from safeload.scan.program import Program, Use
from safeload.scan.runs import (
    ARGUMENTS,
    WRAPPER,
    Run,
    begins_with_pairs,
    count_pairs,
    shape_of,
)
from tests.builder import Name, Pickle
from tests.scan import originals
from tests.scan.opcode_by_opcode import interpret_one_by_one
from tests.scan.pictures import picture
from tests.scan.streams import mutations

properties = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))

VOCABULARY = {f"term {number}": number * 331 - 90_000 for number in range(2_500)}


def vocabularies() -> list[bytes]:
    """Pickles with runs in every place where they may stand."""
    short = {f"t{number}": number for number in range(20)}
    odd = {"x" * 255: 1, "é" * 20: 2, "": 3, **short}
    again = ["t3", short, "t19", "t3"]
    values = [VOCABULARY, short, odd, again, {"outer": short, "inner": {"a": short, **short}}]
    return [pickle.dumps(value, protocol) for value in values for protocol in (4, 5)]


def arrays() -> list[bytes]:
    """joblib files with wrappers that repeat, in shapes and types that differ."""
    shapes = [(), (0,), (3,), (2, 2), (1, 1, 1), (300,), (1, 1, 1, 1), (70_000,), (5,)]
    plain = [np.zeros(shape, dtype="u1") for shape in shapes]
    mixed = [np.zeros(2, dtype=kind) for kind in ("f8", "i4", "f8", "i4", ">f8", "f8", "O", "f8")]
    shared = np.arange(4.0)
    orders = [np.asfortranarray(np.ones((2, 3))), np.ones((2, 3)), np.ones((2, 3)).T.copy()]
    matrices = [np.ones((2, 2)) for _ in range(3)]
    values: list[Any] = [plain, mixed, [shared, shared, shared], orders, matrices]
    files = []
    for value in values:
        for protocol in (4, 5):
            stream = io.BytesIO()
            joblib.dump(value, stream, protocol=protocol)
            files.append(stream.getvalue())
    return files


def pickled_arrays() -> list[bytes]:
    """Pickles of protocol 5 with arrays that repeat, in shapes, types and orders that differ."""
    shapes = [(), (0,), (3,), (2, 2), (1, 1, 1), (300,), (1, 1, 1, 1), (70_000,), (5,)]
    many = [np.zeros(shape, dtype="u1") for shape in shapes]
    mixed = [np.zeros(2, dtype=kind) for kind in ("f8", "i4", "f8", "i4", ">f8", "f8", "O", "f8")]
    orders = [
        np.asfortranarray(np.ones((2, 3))),
        np.ones((2, 3)),
        np.ones((2, 3, 4)).transpose(1, 0, 2),
    ]
    shared = np.arange(4.0)
    frozen = [np.arange(3.0) for _ in range(3)]
    for array in frozen:
        array.flags.writeable = False
    records = [np.zeros(2, dtype=[("a", "f8"), ("b", "i4")]) for _ in range(3)]
    strings = [f"text {number}" for number in range(300)]
    late = [strings, *(np.zeros(number) for number in range(4))]
    values: list[Any] = [many, mixed, orders, [shared, shared, *orders], frozen, records, late]
    return [pickle.dumps(value, 5) for value in values]


def attributes() -> list[bytes]:
    """Pickles of objects whose attributes are the same constants, or nearly."""
    shared = {"nested": [1, 2]}
    states = [
        {"depth": 3, "rate": 0.1, "name": "gini", "flag": True, "none": None, "of": shared},
        {"depth": 3, "rate": 0.1, "name": "gini", "flag": True, "none": None, "of": shared},
        {"depth": 3, "rate": 0.2, "name": "gini", "flag": False, "none": None, "of": [shared]},
        {"depth": 300, "rate": 0.1, "name": "gini", "flag": True, "none": None, "of": "gini"},
    ]
    values: list[Any] = [states * 5, [list(state.items()) for state in states * 3]]
    values.append([SimpleNamespace(**state, kind=SimpleNamespace) for state in states * 3])
    return [pickle.dumps(value, protocol) for value in values for protocol in (2, 4, 5)]


def text_arrays() -> list[bytes]:
    """joblib files with arrays of texts, and with others that are nearly such arrays."""
    few = [["age", "income"], ["x"], [["a", "b", "c"], ["d", "e", "f"]], [[["a", "b"]]], ["", "a"]]
    odd = [["a"] * 3, ["ä", "b"], ["a", None], [1, 2], [], ["x" * 255, "y"], ["x" * 256, "y"]]
    many = [[f"t{number}" for number in range(count)] for count in (1000, 1001)]
    files = []
    for value in (*few, *odd, *many):
        for protocol in (3, 4, 5):
            stream = io.BytesIO()
            joblib.dump([np.array(value, object), "end"], stream, protocol=protocol)
            files.append(stream.getvalue())
    return files


FILES = [
    *vocabularies(),
    *arrays(),
    *text_arrays(),
    *pickled_arrays(),
    *attributes(),
    *originals.joblibs(),
]
SMALL = [data for data in FILES if len(data) < 5_000]


def fast(data: bytes) -> Program:
    return interpreter.interpret(data, limits=Limits())


def slow(data: bytes) -> Program:
    return interpret_one_by_one(data, Limits())


@pytest.mark.parametrize("data", FILES)
def test_genuine_files_give_the_same_program(data: bytes) -> None:
    assert picture(fast(data)) == picture(slow(data))


@properties
@given(mutations(SMALL))
def test_damaged_files_give_the_same_program(data: bytes) -> None:
    quick, thorough = fast(data), slow(data)

    assert is_clean(quick) == is_clean(thorough)
    if is_clean(quick):
        assert picture(quick) == picture(thorough)


def is_clean(program: Program) -> bool:
    nested = [array for array in program.arrays if isinstance(array, Program)]
    return not program.findings and all(map(is_clean, nested))


def test_a_vocabulary_is_read_as_runs() -> None:
    data = pickle.dumps(VOCABULARY, 4)

    count, stop = count_pairs(data, data.index(b"}\x94(") + 3, len(data))

    assert count == 1_000
    assert data[stop : stop + 1] == b"u"


def test_two_pairs_tell_a_vocabulary_from_attributes() -> None:
    start = len(b"\x80\x04\x95") + 8 + len(b"}\x94(")
    terms = pickle.dumps({"x" * 255: 2**20, "": 1, **VOCABULARY}, 4)
    attributes = [{"depth": 3, "name": "x"}, {"depth": 3, "é" * 200: 2.5}, {"depth": "3", "b": 1}]

    assert begins_with_pairs(terms, start)
    for state in attributes:
        data = pickle.dumps(state, 4)
        # Wherever a file may end.
        assert not any(begins_with_pairs(data[:end], start) for end in range(len(data) + 1))


def vocabulary(count: int) -> bytes:
    """An object whose state is a vocabulary, and its terms once more."""
    terms = {f"t{number}": number for number in range(count)}
    stream = Pickle(4).save(Name("some.module", "Maker"), ()).newobj()
    return stream.save(terms, tuple(terms)).tuple2().build().finish()


def in_frames(data: bytes, *ends: int) -> bytes:
    """A stream without frames in frames that end at these offsets, and at its end."""
    frames, start = [data[:2]], 2
    for end in (*ends, len(data)):
        frames += [b"\x95", struct.pack("<Q", end - start), data[start:end]]
        start = end
    return b"".join(frames)


def runs_of(program: Program) -> list[int]:
    """How many pairs the runs of such an object have."""
    return [item.count for item in program.built[0].states[0][0] if type(item) is Run]


@pytest.mark.parametrize("ending", [b"", b"e", b"."])
def test_pairs_that_do_not_end_in_setitems_are_no_run(ending: bytes) -> None:
    data = vocabulary(20)
    data = data[: data.index(b"u", data.index(b"t19"))] + ending

    assert not is_clean(fast(data))
    assert fast(data).findings == slow(data).findings


def test_a_run_does_not_reach_across_its_frame() -> None:
    data = vocabulary(20)
    setitems = data.index(b"u", data.index(b"t19"))

    assert count_pairs(data, data.index(b"t0") - 2, setitems) == (20, setitems)
    assert runs_of(fast(in_frames(data))) == [20]
    assert runs_of(fast(in_frames(data, setitems))) == [20]
    assert runs_of(fast(in_frames(data, setitems + 1))) == [20]
    assert not is_clean(fast(in_frames(data, setitems - 1)))


@pytest.mark.parametrize("term", [3, 16, 20, 39])
@pytest.mark.parametrize("where", ["key", "text", "memo", "value", "number"])
def test_a_frame_may_end_among_the_pairs_of_a_run(term: int, where: str) -> None:
    data, name = vocabulary(40), f"t{term}".encode()
    end = 2 + len(name)
    behind = {"key": 0, "text": 2, "memo": end, "value": end + 1, "number": end + 2}[where]
    data = in_frames(data, data.index(b"\x8c" + bytes([len(name)]) + name) + behind)

    program = fast(data)

    assert is_clean(program) == is_clean(slow(data)) == (where in ("key", "memo", "value"))
    if is_clean(program):
        assert picture(program) == picture(slow(data))
        assert program.opcodes == slow(data).opcodes
        assert (sum(runs_of(program)) >= 39) == (where != "memo" and term >= 16)


@pytest.mark.parametrize("wrong", [-2, -1, 1, 2**40])
def test_the_frame_behind_must_hold_what_is_read_of_it(wrong: int) -> None:
    data = vocabulary(40)
    first, second = data.index(b"\x8c\x03t20"), data.index(b"u", data.index(b"t39"))
    framed = bytearray(in_frames(data, first, second))
    length = struct.Struct("<Q")
    length.pack_into(framed, first + 10, length.unpack_from(framed, first + 10)[0] + wrong)

    quick, thorough = fast(bytes(framed)), slow(bytes(framed))

    # Two bytes sooner the last number begins, and may stand outside of any frame.
    assert is_clean(quick) == is_clean(thorough) == (wrong == -2)
    assert wrong != -2 or picture(quick) == picture(thorough)


@pytest.mark.parametrize("pickler", [pickle._Pickler, pickle.Pickler], ids=["Python", "C"])
def test_whole_vocabularies_are_read_as_runs(pickler: Any) -> None:
    # Should pickle end its frames elsewhere, loading stays right and becomes slow.
    terms = {f"term {number}": number for number in range(20_000)}
    stream = io.BytesIO()
    pickler(stream, 4).dump(terms)

    found = fast(stream.getvalue()).root

    assert sum(item.count for item in found if type(item) is Run) >= 19_990
    assert dict(zip(found.keys, found.values, strict=True)) == terms


@properties
@given(
    st.dictionaries(
        st.text(st.characters(max_codepoint=127), max_size=60),
        st.integers(-(2**31), 2**31 - 1),
        min_size=16,
        max_size=60,
    )
)
def test_the_pairs_of_a_run_are_those_that_were_pickled(pairs: dict[str, int]) -> None:
    data = pickle.dumps(pairs, 4)
    start = data.index(b"}\x94(") + 3

    count, stop = count_pairs(data, start, len(data))

    assert count == len(pairs)
    assert dict(Run(data, start, stop, 1, count).pairs()) == pairs


def test_a_key_of_a_run_is_found_in_the_memo() -> None:
    keys = [f"t{number}" for number in range(20)]
    maker = Name("some.module", "Maker")
    stream = Pickle(4).save(maker, ()).newobj()
    stream.save(dict.fromkeys(keys, 1), tuple(keys)).tuple2().build()

    data = stream.finish()

    program = fast(data)

    assert program.built[0].states[0][1] == tuple(keys)
    assert picture(program) == picture(slow(data))


def test_a_name_from_a_run_is_the_name_of_a_global() -> None:
    stream = Pickle(4).save({f"t{number}": 1 for number in range(20)} | {"posix": 1, "system": 2})
    stream.recall("posix").recall("system").stack_global().tuple2()

    program = fast(stream.finish())

    assert [use.path for use in program.globals] == ["posix.system"]


def test_a_run_with_a_key_that_is_not_utf_8_is_no_clean_program() -> None:
    stream = Pickle(4).empty_dict().memoize().mark()
    for number in range(20):
        stream.short_binunicode(b"\xff" if number == 3 else b"a").memoize().binint1(1)
    data = stream.setitems().binget(4).tuple2().finish()

    assert {finding.rule for finding in fast(data).findings} == {"SL211"}


def test_what_the_memo_holds_for_a_wrapper_may_change_in_between() -> None:
    # The opcodes of the second wrapper are those of the first, and so is what they refer to; those
    # of the third refer to what was overwritten.
    stream = Pickle(4).mark().array(b"\x00" * 8).array(b"\x00" * 16)
    clean = fast(bytes(stream) + b"t.")
    for index in range(12):
        stream.unicode("forged").binput(index).pop()
    data = stream.array(b"\x01" * 24).tuple_().finish()

    assert is_clean(clean)
    assert not is_clean(fast(data))
    assert picture(fast(data)) == picture(slow(data))


def test_what_the_memo_holds_for_an_attribute_may_change_in_between() -> None:
    # Four states of the same opcodes; before the last, other texts are put in the place of these.
    keys = ("one", "two")
    stream = Pickle(4).mark()
    for key in keys:
        stream.unicode(key).memoize().pop()
    for number in range(4):
        if number == 3:
            for index in range(len(keys)):
                stream.unicode("forged").binput(index).pop()
        stream.empty_dict().mark().binget(0).none().binget(1).none().setitems()
    data = stream.tuple_().finish()

    program = fast(data)

    assert is_clean(program)
    assert [state.keys for state in program.root] == [[*keys], [*keys], [*keys], ["forged"] * 2]
    assert picture(program) == picture(slow(data))


def test_a_global_among_constants_is_counted_each_time() -> None:
    stream = Pickle(4).mark().unicode("key").memoize().save(Name("some.module", "Maker")).memoize()
    for _ in range(3):
        stream.binget(0).none().none().binget(1).binget(0).none()
    data = stream.tuple_().finish()

    assert picture(fast(data)) == picture(slow(data))
    assert [use.uses for use in fast(data).globals] == [{Use.REFERENCE}]


# What the second of two arrays recalls: bytes, dtype, shape, order; memo indices as below.
FORGED_CALLS: dict[str, bytes] = {
    "as numpy writes it": b"\x96\x08\0\0\0\0\0\0\0" + bytes(8) + b"\x94h\x01K\x01\x85\x94h\x02t",
    "bytes that cannot be written": b"C\x08" + bytes(8) + b"\x94h\x01K\x01\x85\x94h\x02t",
    "a dtype without its state": b"C\x08" + bytes(8) + b"\x94h\x03K\x01\x85\x94h\x02t",
    "an instance for a dtype": b"C\x08" + bytes(8) + b"\x94h\x04K\x01\x85\x94h\x02t",
    "a text for a dtype": b"C\x08" + bytes(8) + b"\x94h\x02K\x01\x85\x94h\x02t",
    "a dtype for an order": b"C\x08" + bytes(8) + b"\x94h\x01K\x01\x85\x94h\x01t",
    "a long text for an order": b"C\x08" + bytes(8) + b"\x94h\x01K\x01\x85\x94h\x05t",
    "a list for an order": b"C\x08" + bytes(8) + b"\x94h\x01K\x01\x85\x94h\x06t",
    "a dtype that is not there": b"C\x08" + bytes(8) + b"\x94h\xffK\x01\x85\x94h\x02t",
    "an order that is not there": b"C\x08" + bytes(8) + b"\x94h\x01K\x01\x85\x94h\xfft",
    "more bytes than there are": b"\x96\xff\xff\xff\xff\xff\xff\xff\x7f\x94h\x01)h\x02t",
    "a length without a sign": b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff\x94h\x01)h\x02t",
    "no dimension": b"C\x08" + bytes(8) + b"\x94h\x01)h\x02t",
    "a shape below zero": b"C\x08" + bytes(8) + b"\x94h\x01J\xff\xff\xff\xff\x85\x94h\x02t",
    "four bytes of index": b"C\x08" + bytes(8) + b"\x94j\x01\0\0\0K\x01\x85\x94j\x02\0\0\0t",
}


@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("call", FORGED_CALLS.values(), ids=FORGED_CALLS)
def test_a_call_that_looks_like_an_array_means_what_its_opcodes_mean(
    call: bytes, *, framed: bool
) -> None:
    stream = Pickle(5, framed=framed).mark()
    stream.global_("numpy._core.numeric", "_frombuffer").memoize()
    for has_state in (True, False):
        stream.global_("numpy", "dtype").unicode("f8").newfalse().newtrue().tuple3().reduce()
        stream.memoize()
        if has_state:
            stream.mark().binint1(3).unicode("<").none().none().none()
            stream.binint(-1).binint(-1).binint1(0).tuple_().build().unicode("C").memoize()
    stream.global_("some.module", "Maker").empty_tuple().newobj().memoize()
    stream.unicode("x" * 100).memoize().empty_list().memoize()
    stream.binget(0).mark().raw(call).memoize().reduce().memoize()
    data = stream.tuple_().finish()

    assert is_clean(fast(data)) == is_clean(slow(data))
    if is_clean(fast(data)):
        assert picture(fast(data)) == picture(slow(data))


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ((), b")"),
        ((0,), b"K\x00\x85\x94"),
        ((300,), b"M\x2c\x01\x85\x94"),
        ((70_000, 2), b"J\x70\x11\x01\x00K\x02\x86\x94"),
        ((-1,), b"J\xff\xff\xff\xff\x85\x94"),
        ((1, 2, 3), b"K\x01K\x02K\x03\x87\x94"),
    ],
)
def test_a_shape_is_read_from_its_opcodes(shape: tuple[int, ...], code: bytes) -> None:
    assert shape_of(code) == shape


def test_numpys_arrays_of_bytes_are_recognised() -> None:
    # Should numpy write them otherwise, loading stays right and becomes slow.
    data = pickle.dumps([np.zeros(2), np.zeros(3), np.zeros((2, 2))], 5)

    assert len(ARGUMENTS.findall(data)) == 2


@pytest.mark.parametrize("texts", [["age", "income"], ["age"], [["a", "b"]]])
def test_arrays_of_texts_are_recognised(texts: list[Any]) -> None:
    # Should numpy write them otherwise, loading stays right and becomes slow.
    stream = io.BytesIO()
    joblib.dump(np.array(texts, object), stream)
    data = stream.getvalue()
    (nested,) = slow(data).arrays
    start = data.index(b"\x80", 2)

    program = read_texts(data, Limits(), WorkBudget(Limits(), len(data)), "", start)

    assert isinstance(nested, Program)
    assert program is not None
    assert program.opcodes == nested.opcodes
    assert [(made.depth, made.nested, made.taken) for made in program.built] == [
        (made.depth, made.nested, made.taken) for made in nested.built
    ]


@pytest.mark.parametrize("limits", [Limits(globals=2), Limits(nesting=1), Limits(opcodes=60)])
def test_an_array_of_texts_beyond_a_limit_is_read_opcode_by_opcode(limits: Limits) -> None:
    data = text_arrays()[0]

    program = interpreter.interpret(data, limits=limits)

    assert "SL002" in {finding.rule for finding in program.findings}


def test_joblibs_wrappers_are_recognised() -> None:
    # Should joblib write them otherwise, loading stays right and becomes slow.
    stream = io.BytesIO()
    joblib.dump([np.zeros(2), np.zeros(3), np.zeros((2, 2))], stream)

    assert len(WRAPPER.findall(stream.getvalue())) == 2
