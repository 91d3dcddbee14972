"""The guard is the second reader of the list: what a scan missed does not get past it.

Programs are built by hand here, as no scan would give them.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

import safeload
from safeload.artefact import Artefact
from safeload.errors import LoadError
from safeload.loading.arrays import Wrapper
from safeload.loading.guard import unpickle
from safeload.loading.names import resolve
from safeload.scan.program import ArraySpan, GlobalUse, Program, Use
from safeload.scan.scan import scan
from tests.builder import Name, Pickle

BIG = 1 << 18


def program(code: bytes, *arrays: ArraySpan | Program, **names: Any) -> Program:
    return Program("", segments=[code], arrays=list(arrays), **names)


def use_of(module: str, name: str, raw: tuple[str, str] | None = None) -> GlobalUse:
    return GlobalUse(module, name, raw or (module, name), frozenset([Use.CALL]), 0)


def code_of(error: pytest.ExceptionInfo[LoadError]) -> str:
    return error.value.code


# -- names ---------------------------------------------------------------------------------------

EVIL = Name("os", "mkdir")

FORMS = {
    "GLOBAL": Pickle(4).global_("os", "mkdir").stop(),
    "STACK_GLOBAL": Pickle(4).unicode("os").unicode("mkdir").stack_global().stop(),
    "INST": Pickle(1).mark().unicode("x").inst("os", "mkdir").stop(),
    "REDUCE": Pickle(4).call(EVIL, "x").stop(),
    "a dotted name": Pickle(4).global_("os", "path.join").stop(),
    "a Python 2 name": Pickle(2).global_("__builtin__", "eval").stop(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_name_that_was_not_granted_is_refused(form: str) -> None:
    with pytest.raises(LoadError) as caught:
        unpickle(program(bytes(FORMS[form])), b"", {})

    assert code_of(caught) == "not-granted"


def test_a_name_that_was_granted_is_not_looked_up_again() -> None:
    stand_in = object()

    found = unpickle(program(bytes(FORMS["GLOBAL"])), b"", {("os", "mkdir"): stand_in})

    assert found is stand_in


def test_a_name_is_granted_exactly() -> None:
    granted = {("os", "path"): object(), ("os", "mkdir.x"): object(), ("Os", "mkdir"): object()}

    with pytest.raises(LoadError):
        unpickle(program(bytes(FORMS["GLOBAL"])), b"", granted)


def test_a_name_in_a_nested_program_is_refused_as_well() -> None:
    inner = program(bytes(FORMS["REDUCE"]))

    with pytest.raises(LoadError) as caught:
        unpickle(program(b"\x80\x04NQ.", inner), b"", {})

    assert code_of(caught) == "not-granted"


def test_an_extension_code_is_no_way_round() -> None:
    import copyreg

    copyreg.add_extension("os", "mkdir", 0xF0)
    try:
        with pytest.raises(LoadError) as caught:
            unpickle(program(bytes(Pickle(4).ext1(0xF0).stop())), b"", {})
    finally:
        copyreg.remove_extension("os", "mkdir", 0xF0)

    assert code_of(caught) == "not-granted"


def test_names_are_resolved_under_the_spelling_of_the_file() -> None:
    described = Program(
        "",
        globals=[use_of("builtins", "len", ("__builtin__", "len"))],
        aliases=[(("builtins", "len"), "builtins", "len")],
    )

    assert resolve([described]) == {("__builtin__", "len"): len, ("builtins", "len"): len}


@pytest.mark.parametrize(
    ("module", "name", "code"),
    [
        ("no_such_library", "Thing", "library-missing"),
        ("json", "no_such_name", "missing-name"),
        ("json", "decoder", "missing-name"),
        ("json.no_such_module", "Thing", "missing-name"),
        ("json", "JSONDecoder.no_such_method", "missing-name"),
    ],
)
def test_a_name_that_is_not_there_is_a_load_error(module: str, name: str, code: str) -> None:
    with pytest.raises(LoadError) as caught:
        resolve([Program("", globals=[use_of(module, name)])])

    assert code_of(caught) == code


def test_joblibs_wrapper_is_never_joblibs_own() -> None:
    name = ("joblib.numpy_pickle", "NumpyArrayWrapper")

    assert resolve([Program("", globals=[use_of(*name)])])[name] is Wrapper


def test_an_attribute_that_only_getattr_reaches_needs_no_import() -> None:
    attribute = GlobalUse("no_such_library", "Thing.method", None, frozenset([Use.REFERENCE]), 0)

    assert resolve([Program("", globals=[attribute])]) == {}


SLOW = """
import time
time.sleep(0.3)
class Thing: ...
"""


def test_a_name_that_another_thread_is_importing_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_import.py").write_text(SLOW)
    monkeypatch.syspath_prepend(tmp_path)
    wanted = [Program("", globals=[use_of("slow_to_import", "Thing")])]

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(resolve, [wanted] * 4))

    assert {names["slow_to_import", "Thing"].__name__ for names in found} == {"Thing"}


# -- arrays --------------------------------------------------------------------------------------


class ObjectToken(Wrapper):
    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype


def make(span: ArraySpan, dtype: Any, data: bytes, mmap_mode: str | None = None) -> Any:
    """The array of a span whose wrapper was built with a dtype."""
    code = b"\x80\x04cwrapper\nObjectToken\n)RQ."
    names = {("wrapper", "ObjectToken"): lambda: ObjectToken(dtype)}
    return unpickle(program(code, span), data, names, mmap_mode=mmap_mode)


FLOATS = np.arange(6.0)
SPAN = ArraySpan(0, 48, "<f8", (6,), "C")


def test_a_span_becomes_an_array() -> None:
    found = make(SPAN, np.dtype("<f8"), FLOATS.tobytes())

    assert found.tolist() == FLOATS.tolist()
    assert found.flags.writeable


@pytest.mark.parametrize(
    "dtype", ["<i8", "<f4", "V8", "O", ">f8", [("a", "<f8")], None, "<f8", float]
)
def test_another_type_than_the_scan_read_is_refused(dtype: Any) -> None:
    # A string or a class is not a dtype, even where numpy would take it for one.
    given = np.dtype(dtype) if dtype not in (None, "<f8", float) else dtype

    with pytest.raises(LoadError) as caught:
        make(SPAN, given, FLOATS.tobytes())

    assert code_of(caught) == "array-mismatch"


def test_objects_are_never_made_from_bytes() -> None:
    span = ArraySpan(0, 48, "O", (6,), "C")

    with pytest.raises(LoadError) as caught:
        make(span, np.dtype("O"), FLOATS.tobytes())

    assert code_of(caught) == "array-mismatch"


def test_an_array_has_a_type_that_the_code_cannot_change_any_more() -> None:
    dtype = np.dtype("V8", copy=True)

    found = make(ArraySpan(0, 48, "|V8", (6,), "C"), dtype, FLOATS.tobytes())

    assert found.dtype == dtype
    assert found.dtype is not dtype


def test_what_is_no_wrapper_gets_no_array() -> None:
    with pytest.raises(LoadError) as caught:
        unpickle(program(b"\x80\x04NQ.", SPAN), FLOATS.tobytes(), {})

    assert code_of(caught) == "array-mismatch"


def test_more_arrays_than_the_scan_saw_are_refused() -> None:
    code = b"\x80\x04cwrapper\nObjectToken\n)R\x94Qh\x00Q\x86."
    names = {("wrapper", "ObjectToken"): lambda: ObjectToken(np.dtype("<f8"))}

    with pytest.raises(LoadError) as caught:
        unpickle(program(code, SPAN), FLOATS.tobytes(), names)

    assert code_of(caught) == "not-granted"


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("kind", ["<i4", ">i4", "<f8", ">f8", "|u1", "<U3", ">U3", "|S3", "<M8[s]"])
def test_elements_keep_their_values_and_their_order(tmp_path: Path, kind: str, order: Any) -> None:
    array = np.asarray(np.arange(24).reshape(2, 3, 4).astype(kind), order=order)
    path = tmp_path / "array.joblib"
    joblib.dump(array, path)

    loaded, reference = safeload.load_unsigned(path), joblib.load(path)

    assert loaded.tolist() == array.tolist()
    assert (loaded.dtype, loaded.strides) == (reference.dtype, reference.strides)
    assert loaded.dtype.isnative


@pytest.mark.parametrize("mode", ["r", "c"])
def test_a_mapped_array_keeps_its_byte_order_as_with_joblib(tmp_path: Path, mode: str) -> None:
    foreign = ">f8" if sys.byteorder == "little" else "<f8"
    path = tmp_path / "array.joblib"
    joblib.dump(np.arange(6.0).astype(foreign), path)

    loaded, reference = safeload.load_unsigned(path, mmap_mode=mode), joblib.load(path, mode)

    assert loaded.dtype == reference.dtype == np.dtype(foreign)
    assert loaded.tolist() == reference.tolist()


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (), (1,)])
def test_empty_and_scalar_arrays_keep_their_shape(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = tmp_path / "array.joblib"
    joblib.dump(np.zeros(shape), path)

    assert safeload.load_unsigned(path).shape == shape


def test_a_large_array_is_a_view_and_a_small_one_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "arrays.joblib"
    joblib.dump([np.zeros(BIG, "u1"), np.zeros(3)], path)

    large, small = safeload.load_unsigned(path)

    assert not large.flags.owndata
    assert small.flags.owndata
    assert large.flags.writeable
    assert small.flags.writeable


def test_a_large_array_in_a_file_of_other_things_does_not_keep_it_in_memory(
    tmp_path: Path,
) -> None:
    path = tmp_path / "arrays.joblib"
    joblib.dump([np.zeros(BIG, "u1"), "x" * 3 * BIG], path)

    large, _ = safeload.load_unsigned(path)

    assert large.flags.owndata


def test_a_view_changes_neither_the_file_nor_another_load(tmp_path: Path) -> None:
    path = tmp_path / "array.joblib"
    joblib.dump(np.zeros(BIG, "u1"), path)
    before = path.read_bytes()

    first = safeload.load_unsigned(path)
    first[:] = 7

    assert path.read_bytes() == before
    assert not safeload.load_unsigned(path).any()


def test_arrays_for_reading_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "array.joblib"
    joblib.dump([np.zeros(BIG, "u1"), np.zeros(3)], path)

    for array in safeload.load_unsigned(path, mmap_mode="r"):
        assert not array.flags.writeable
        with pytest.raises(ValueError):  # noqa: PT011  # what numpy raises has no code
            array.flags.writeable = True


def test_arrays_for_copying_can_be_written_and_stay_private(tmp_path: Path) -> None:
    path = tmp_path / "array.joblib"
    joblib.dump(np.zeros(BIG, "u1"), path)
    before = path.read_bytes()

    array = safeload.load_unsigned(path, mmap_mode="c")
    array[:] = 7

    assert array.all()
    assert path.read_bytes() == before


def test_an_array_that_lies_askew_is_aligned_by_copying() -> None:
    # joblib before 1.2 wrote no padding.
    data = Pickle(4).short_binunicode("x").array(bytes(BIG), dtype="<f8", alignment=None)
    whole = data.tuple2().finish()
    found = scan(whole)
    names = resolve(found.programs)

    _, array = unpickle(found.programs[0], bytearray(whole), names)

    assert array.flags.aligned
    assert array.shape == (BIG // 8,)


def test_every_span_lies_within_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "array.joblib"
    joblib.dump([np.zeros(size) for size in range(20)], path)

    artefact = Artefact.read(path)

    for span in scan(artefact.data).programs[0].arrays:
        assert isinstance(span, ArraySpan)
        assert 0 <= span.offset <= span.offset + span.nbytes <= artefact.size
