"""Array wrappers as joblib writes them are read; any other form, and any other padding, is not."""

from __future__ import annotations

import io
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from safeload.limits import Limits
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.program import ArraySpan, Program, Use
from safeload.scan.scan import scan
from tests.builder import ALIGNMENT, Name, Pickle, Value

DATA = bytes(range(24))


def dumped(value: Any, protocol: int = 4) -> bytes:
    stream = io.BytesIO()
    joblib.dump(value, stream, protocol=protocol)
    return stream.getvalue()


def scanned(data: bytes) -> Program:
    return interpret(data, limits=Limits())


def rules(program: Program) -> set[str]:
    return {finding.rule for finding in program.findings}


def spans(program: Program) -> list[ArraySpan]:
    return [array for array in program.arrays if isinstance(array, ArraySpan)]


# -- legitimate ------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    hnp.arrays(
        st.one_of(
            hnp.scalar_dtypes(), hnp.unicode_string_dtypes(max_len=4), hnp.byte_string_dtypes()
        ),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
    st.integers(0, 5),
    st.sampled_from("CF"),
)
def test_a_span_is_the_array_that_joblib_wrote(
    array: np.ndarray[Any, Any], protocol: int, order: Any
) -> None:
    array = np.asarray(array, order=order)
    data = dumped(array, protocol)

    program = scanned(data)

    assert not program.findings
    (span,) = spans(program)
    shape = span.shape if span.order == "C" else span.shape[::-1]
    found = np.frombuffer(
        data[span.offset : span.offset + span.nbytes], np.dtype(span.dtype)
    ) if span.nbytes else np.empty(0, np.dtype(span.dtype))  # fmt: skip
    found = found.reshape(shape) if span.nbytes else np.empty(shape, np.dtype(span.dtype))
    found = found if span.order == "C" else found.T
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_objects_are_programs_of_their_own(protocol: int) -> None:
    inner = np.array(["a", None, {"k": (1, 2)}], dtype=object)
    program = scanned(dumped({"first": np.zeros(2), "objects": inner}, protocol))

    assert not program.findings
    first, nested = program.arrays
    assert isinstance(first, ArraySpan)
    assert isinstance(nested, Program)
    assert nested.member == "[1]"
    assert not nested.findings
    assert {use.path for use in nested.globals} >= {"numpy.dtype", "numpy.ndarray"}


def test_arrays_within_arrays_of_objects_are_ordinary_objects() -> None:
    inner = np.empty(1, dtype=object)
    inner[0] = np.zeros(3)

    program = scanned(dumped(inner))

    (nested,) = program.arrays
    assert isinstance(nested, Program)
    assert nested.arrays == []
    assert not nested.findings


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("shape", [(), (0,), (24,), (2, 12), (2, 3, 4), (4, 0)])
def test_the_builders_arrays_are_legitimate(shape: tuple[int, ...], order: str) -> None:
    count = int(np.prod(shape))
    stream = Pickle(4).array(DATA[:count], dtype="|u1", shape=shape, order=order)

    program = scanned(stream.finish())

    assert not program.findings
    assert [(span.nbytes, span.shape, span.order) for span in spans(program)] == [
        (count, shape, order)
    ]


def test_joblib_before_1_2_wrote_no_padding() -> None:
    data = Pickle(4).array(DATA, alignment=None).finish()

    program = scanned(data)

    assert not program.findings
    (span,) = spans(program)
    assert data[span.offset : span.offset + span.nbytes] == DATA


@pytest.mark.parametrize("subclass", ["ndarray", "matrix", "memmap"])
def test_the_classes_that_joblib_writes_by_wrapper_are_read(subclass: str) -> None:
    assert not scanned(Pickle(4).array(DATA, subclass=Name("numpy", subclass)).finish()).findings


def test_the_wrapper_and_the_dtype_do_not_count_as_values() -> None:
    program = scanned(Pickle(4).array(DATA).array(DATA).tuple2().finish())

    uses = {use.path: use.uses for use in program.globals}
    assert uses == {
        "joblib.numpy_pickle.NumpyArrayWrapper": {Use.CONSTRUCT},
        "numpy.ndarray": {Use.CONSTRUCT},
        "numpy.dtype": uses["numpy.dtype"],
    }
    assert Use.CALL in uses["numpy.dtype"]
    assert Use.REFERENCE not in uses["numpy.dtype"]


@pytest.mark.guarantee("G10")
def test_the_code_and_the_spans_share_no_bytes() -> None:
    data = Pickle(4).array(DATA).finish()

    program = scanned(data)

    assert DATA not in program.code
    assert program.code.count(b"Q") == 1


OLD = "numpy_array_alignment_bytes"


def attributes(*, aligned: bool) -> dict[str, Value]:
    """What a wrapper of 24 bytes says, in joblib's order."""
    said: dict[str, Value] = {
        "subclass": Name("numpy", "ndarray"),
        "shape": (24,),
        "order": "C",
        "dtype": lambda p: p.dtype("u1", order="|"),
        "allow_mmap": True,
    }
    return {**said, OLD: ALIGNMENT} if aligned else said


def wrapped(state: Value, *, module: str = "joblib.numpy_pickle", aligned: bool = False) -> Pickle:
    stream = Pickle(4).object_(Name(module, "NumpyArrayWrapper"), state=state).end_frame()
    if aligned:
        stream.padding(ALIGNMENT, length=None, padding=None)
    return stream.raw(DATA).start_frame()


@settings(max_examples=50, deadline=None)
@given(st.data(), st.booleans())
def test_attributes_stand_in_any_order(data: st.DataObject, aligned: bool) -> None:
    # Before Python 3.6 a dict had none of its own.
    said = attributes(aligned=aligned)
    keys = data.draw(st.permutations(list(said)))
    written = wrapped({key: said[key] for key in keys}, aligned=aligned).finish()

    program = scanned(written)

    assert not program.findings
    (span,) = spans(program)
    assert written[span.offset : span.offset + span.nbytes] == DATA
    assert joblib.load(io.BytesIO(written)).tobytes() == DATA


@pytest.mark.parametrize("aligned", [False, True])
def test_no_attribute_of_a_wrapper_is_missing_or_set_twice(aligned: bool) -> None:
    said = attributes(aligned=aligned)
    for key in attributes(aligned=False):
        less = {name: value for name, value in said.items() if name != key}

        def twice(p: Pickle, key: str = key) -> Pickle:
            pairs = [*said.items(), (key, said[key])]
            p.empty_dict().mark()
            for pair in pairs:
                p.save(*pair)
            return p.setitems()

        assert rules(scanned(wrapped(less, aligned=aligned).finish())) == {"SL210"}, key
        assert rules(scanned(wrapped(twice, aligned=aligned).finish())) == {"SL210"}, key


def test_the_wrapper_of_the_joblib_that_scikit_learn_had_is_read() -> None:
    said = attributes(aligned=False)
    written = wrapped(said, module="sklearn.externals.joblib.numpy_pickle").finish()

    program = scanned(written)

    assert not program.findings
    (span,) = spans(program)
    assert written[span.offset : span.offset + span.nbytes] == DATA


@pytest.mark.parametrize("first", ["joblib", "sklearn.externals.joblib"])
def test_two_kinds_of_wrappers_are_a_finding(first: str) -> None:
    # Either joblib would take the bytes behind the other's wrapper for opcodes.
    other = {"joblib", "sklearn.externals.joblib"} - {first}
    said = attributes(aligned=False)
    stream = Pickle(4).mark()
    for joblib_ in (first, *other):
        stream.object_(Name(f"{joblib_}.numpy_pickle", "NumpyArrayWrapper"), state=said)
        stream.end_frame().raw(DATA).start_frame()

    assert rules(scanned(stream.tuple_().finish())) >= {"SL210"}


# -- hostile -------------------------------------------------------------------------------------


def _with(**given: Value) -> Pickle:
    return Pickle(4).array(DATA, **given)


def _twice() -> Pickle:
    wrapper = Name("joblib.numpy_pickle", "NumpyArrayWrapper")
    return Pickle(4).object_(wrapper, state={"a": 1}).save({}).build()


def _alone() -> Pickle:
    return Pickle(4).save(Name("joblib.numpy_pickle", "NumpyArrayWrapper"), ()).newobj()


HOSTILE: dict[str, tuple[Pickle, str]] = {
    "another attribute": (_with(state={"filename": "/etc/passwd"}), "SL210"),
    "no attribute at all": (_alone().save({}).build(), "SL210"),
    "a state that is not a dict": (_alone().save("state").build(), "SL210"),
    "another class": (_with(subclass=Name("os", "system")), "SL210"),
    "a class that is none": (_with(subclass="ndarray"), "SL210"),
    "an order that is none": (_with(order="K"), "SL210"),
    "an order in bytes": (_with(order=b"C"), "SL210"),
    "a flag that is none": (_with(allow_mmap=1), "SL210"),
    "an alignment of zero": (_with(alignment=0, padding_length=0, padding=b""), "SL210"),
    "an alignment of 256": (_with(alignment=256, padding_length=0, padding=b""), "SL210"),
    "an alignment that is True": (_with(state={"numpy_array_alignment_bytes": True}), "SL210"),
    "a shape that is a list": (_with(shape=[3]), "SL210"),
    "a length that is True": (_with(shape=(True,)), "SL210"),
    "a length that is a float": (_with(shape=(3.0,)), "SL210"),
    "a negative length": (_with(shape=(-3,)), "SL210"),
    "two negative lengths": (_with(shape=(-3, -1)), "SL210"),
    "a length beyond 63 bits": (_with(shape=(0, 2**63)), "SL210"),
    "more elements than bytes": (_with(shape=(4_000,)), "SL210"),
    "more dimensions than numpy allows": (_with(shape=(1,) * 65), "SL210"),
    "a dtype that is a string": (_with(dtype=lambda p: p.save("f8")), "SL210"),
    "a dtype that claims objects": (_with(dtype=lambda p: p.dtype("f8", flags=63)), "SL210"),
    "a padding of another length": (_with(padding_length=3, padding=b"\xff" * 3), "SL209"),
    "a padding that hides bytes": (_with(padding=b"." * ALIGNMENT), "SL209"),
    "a wrapper without its array": (_alone(), "SL215"),
    "an array of objects without an end": (Pickle(4).object_array(b"\x80\x05]0"), "SL210"),
    "a state twice": (_twice(), "SL210"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_wrapper_that_joblib_does_not_write_is_a_finding(case: str) -> None:
    stream, rule = HOSTILE[case]

    program = scanned(stream.finish())

    assert rule in rules(program)


def test_a_frame_must_not_reach_into_the_array() -> None:
    # The wrapper stands in a frame that goes on over the array's bytes.
    legitimate = bytes(Pickle(4).array(DATA))[2:]
    stream = Pickle(4).frame(len(legitimate) + 1).raw(legitimate).stop()

    assert rules(scanned(bytes(stream))) & {"SL208", "SL209", "SL210"}


def test_a_wrapper_is_not_referred_to_again() -> None:
    # One of the first indices of the memo holds the wrapper.
    streams = [Pickle(4).array(DATA).binget(index).tuple2() for index in range(8)]

    found = [rules(scanned(stream.finish())) for stream in streams]

    assert found.count({"SL215"}) >= 1


@pytest.mark.guarantee("G10")
def test_bytes_within_an_array_are_never_opcodes() -> None:
    evil = b"cposix\nsystem\n."
    data = Pickle(4).array(evil, dtype="|u1").finish()

    program = scanned(data)

    assert not program.findings
    assert "posix.system" not in {use.path for use in program.globals}


@pytest.mark.guarantee("G10")
def test_what_follows_an_array_is_seen() -> None:
    stream = Pickle(4).array(DATA).call(Name("posix", "system"), "id").tuple2()

    program = scanned(stream.finish())

    assert "posix.system" in {use.path for use in program.globals}


@pytest.mark.guarantee("G10")
def test_what_an_array_of_objects_holds_is_seen() -> None:
    evil = Pickle.nested_objects(lambda p: p.call(Name("posix", "system"), "id"))
    data = Pickle(4).object_array(evil).finish()

    programs = scan(data).programs

    assert [program.member for program in programs] == ["", "[0]"]
    assert "posix.system" in {use.path for use in programs[1].globals}
