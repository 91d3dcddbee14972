"""What ``load`` makes of numpy's files is what ``numpy.load`` makes of them, or nothing."""

from __future__ import annotations

import io
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import safeload
from safeload.errors import LoadError, RefusedError, SafeloadError, UsageError
from safeload.limits import Limits
from tests.containers import EVIL, zipped
from tests.trust.statements import ALICE

ARRAYS: dict[str, Any] = {
    "floats": np.arange(5.0),
    "of the other byte order": np.arange(5, dtype=">i4"),
    "records of both byte orders": np.zeros(2, [("a", ">i4"), ("b", "<f8", (2,))]),
    "Fortran's order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "Fortran's order of the other byte order": np.asfortranarray(np.ones((2, 3), ">f4")),
    "no dimension": np.array(3.5),
    "no dimension and objects": np.array({"a": 1}, object),
    "no elements": np.zeros((0, 3)),
    "no elements in three dimensions": np.zeros((4, 0, 2), "<U3"),
    "texts": np.array(["a", "bcd"]),
    "bytes": np.array([b"a", b"bcd"]),
    "raw bytes": np.zeros(3, "V5"),
    "days": np.array(["2026-01-01", "NaT"], "M8[D]"),
    "steps of time": np.array([1, 2], "m8[25s]"),
    "complex": np.array([1 + 2j]),
    "truth": np.array([[True], [False]]),
    "halves": np.arange(3, dtype="f2"),
    "records with titles": np.ones(2, [(("a title", "a"), "<f8"), ("é", "u1")]),
    "aligned records": np.ones(2, np.dtype([("a", "u1"), ("b", "<f8")], align=True)),
    "records of records": np.ones(2, [("a", [("b", "<f4", (2,))], (3,))]),
    "objects": np.array([1, "abc", None, [2.0]], object),
    "objects in two dimensions": np.array([[1, "a"], [None, b"b"]], object),
    "records with objects": np.array([(1, "a")], [("n", "<i8"), ("o", "O")]),
    "large": np.arange(40_000.0).reshape(200, 200),
}


def saved(array: Any, version: tuple[int, int] | None = None) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asanyarray(array), version=version, allow_pickle=True)
    return buffer.getvalue()


def npy(descr: Any, shape: Any, raw: bytes = b"", *, order: str = "False") -> bytes:
    """An array with a header of any text."""
    text = f"{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + raw


def placed(folder: Path, data: bytes, name: str = "a.npy") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def same(one: Any, other: Any) -> bool:
    """Whether two arrays are of one type, shape, order and content."""
    return (
        type(one) is type(other)
        and (one.dtype, one.shape) == (other.dtype, other.shape)
        and one.dtype.fields == other.dtype.fields
        and one.flags.f_contiguous == other.flags.f_contiguous
        and repr(one.tolist()) == repr(other.tolist())
    )


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_an_array_is_as_numpy_loads_it(tmp_path: Path, kind: str, version: tuple[int, int]) -> None:
    data = saved(ARRAYS[kind], version)
    loaded = safeload.load_unsigned(placed(tmp_path, data))

    assert same(loaded, np.load(io.BytesIO(data), allow_pickle=True))
    assert loaded.flags.writeable


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_by_name_are_as_numpy_loads_them(tmp_path: Path, *, compressed: bool) -> None:
    names = ["a", "two words", "é", "日本", "a:b", "a/b", "quo'te", "\n", "😀", "x.npy.y"]
    arrays = dict(zip(names, ARRAYS.values(), strict=False))
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)

    loaded = safeload.load_unsigned(placed(tmp_path, buffer.getvalue(), "a.npz"))
    expected = np.load(io.BytesIO(buffer.getvalue()), allow_pickle=True)

    assert list(loaded) == expected.files == names
    assert all(same(loaded[name], expected[name]) for name in names)


def test_signed_arrays_are_the_same(tmp_path: Path) -> None:
    path = placed(tmp_path, saved(ARRAYS["of the other byte order"]))
    safeload.sign(path, key=ALICE, name="churn", version="1")

    file = safeload.TrustFile.add(
        tmp_path / "trust.toml", name="all", key=ALICE.public, models=["*"]
    )
    trust = safeload.TrustFile.read(file)

    loaded = safeload.load(path, trust=trust)

    assert same(loaded, np.load(path))
    path.write_bytes(saved(np.arange(5)))
    with pytest.raises(SafeloadError):
        safeload.load(path, trust=trust)


@pytest.mark.parametrize("kind", [kind for kind in ARRAYS if not ARRAYS[kind].dtype.hasobject])
@pytest.mark.parametrize("mmap_mode", ["r", "c"])
def test_mapped_arrays_are_the_same_and_never_the_file(
    tmp_path: Path, kind: str, mmap_mode: str
) -> None:
    path = placed(tmp_path, saved(ARRAYS[kind]))
    before = path.read_bytes()

    loaded = safeload.load_unsigned(path, mmap_mode=mmap_mode)

    assert same(loaded, np.load(path))
    if loaded.nbytes:
        assert loaded.flags.writeable is (mmap_mode == "c")
    if mmap_mode == "c" and loaded.nbytes:
        loaded[...] = np.zeros((), loaded.dtype)
    # What is written to the file is not what was mapped.
    path.write_bytes(bytes(len(before)))
    if mmap_mode == "r":
        assert same(loaded, np.load(io.BytesIO(before)))


def test_a_mapped_array_that_is_read_only_stays_so(tmp_path: Path) -> None:
    loaded = safeload.load_unsigned(placed(tmp_path, saved(ARRAYS["large"])), mmap_mode="r")

    with pytest.raises(ValueError, match="WRITEABLE"):
        loaded.flags.writeable = True


@pytest.mark.parametrize("mmap_mode", ["r+", "w+", "", "readonly"])
def test_no_mode_writes_to_the_file(tmp_path: Path, mmap_mode: str) -> None:
    path = placed(tmp_path, saved(np.arange(3)))

    with pytest.raises(UsageError):
        safeload.load_unsigned(path, mmap_mode=mmap_mode)


def test_arrays_by_name_cannot_be_mapped_and_that_is_said(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, a=np.arange(3))

    with pytest.warns(UserWarning, match="mmap_mode"):
        loaded = safeload.load_unsigned(placed(tmp_path, buffer.getvalue()), mmap_mode="r")

    assert loaded["a"].tolist() == [0, 1, 2]


def test_an_array_in_a_process_of_its_own_has_no_methods_to_call(tmp_path: Path) -> None:
    path = placed(tmp_path, saved(np.arange(3)))

    with safeload.load_unsigned(path, isolated=True) as held:
        assert (held.type, held.methods) == ("numpy.ndarray", ())


# Files that numpy.load may take, and safeload does not.
REFUSED: dict[str, bytes] = {
    "objects that call": npy("|O", "(1,)", EVIL),
    "records of objects that call": npy([("a", "|O")], "(1,)", EVIL),
    "objects without their pickle": npy("|O", "(1,)"),
    "objects, and bytes behind": npy("|O", "()", pickle.dumps(np.array(None, object))) + b"x",
    "a second array behind": saved(np.arange(3)) * 2,
    "bytes behind": saved(np.arange(3)) + b"\0",
    "a pickle behind": saved(np.arange(3)) + EVIL,
    "too few bytes": saved(np.arange(3))[:-1],
    "a pickle for an array": EVIL,
    "a shape of 2**62": npy("<f8", f"({2**62},)", bytes(8)),
    "a shape that overflows": npy("<f8", f"({2**32}, {2**32})", bytes(8)),
    "a shape that overflows to nothing": npy("<f8", f"({2**61}, 8)"),
    "a shape below zero": npy("<f8", "(-1,)", bytes(8)),
    "a shape that is not a tuple": npy("<f8", "3", bytes(24)),
    "a shape of True": npy("<f8", "(True,)", bytes(8)),
    "elements of no size": npy("|S0", f"({2**40},)"),
    "elements of no size, raw": npy("|V0", f"({2**40},)"),
    "records of nothing": npy([], f"({2**40},)"),
    "a subarray": npy(("<f8", (2,)), "(1,)", bytes(16)),
    "a subarray of objects": npy(("|O", (2,)), "(1,)", EVIL),
    "types between commas": npy("i4,O", "(1,)", bytes(12)),
    "a type by its name": npy("object", "(1,)", EVIL),
    "a class for a type": npy("numpy.object_", "(1,)", EVIL),
    "an order that is not a bool": npy("<f8", "(1,)", bytes(8), order="1"),
    "a call in the header": npy("<f8", "__import__('os')", bytes(8)),
    "a version to come": b"\x93NUMPY\x04\x00" + saved(np.arange(3))[8:],
    "no version": b"\x93NUMPY\x00\x00" + saved(np.arange(3))[8:],
    "a header without an end": b"\x93NUMPY\x02\x00\xff\xff\xff\xff{",
    "a dtype of a gigabyte": npy("|V2147483648", "(0,)"),
    "a name twice": zipped([("a.npy", saved(1.0)), ("a.npy", saved(2.0))]),
    "a name with the ending, and without": zipped(
        [("a.npy", saved(1.0)), ("a.npy.npy", saved(2.0))]
    ),
    "a pickle by name": zipped([("a.npy", saved(1.0)), ("b.npy", EVIL)]),
    "a pickle under another name": zipped([("a.npy", saved(1.0)), ("b.pkl", EVIL)]),
    "objects that call, by name": zipped([("a.npy", npy("|O", "(1,)", EVIL))]),
    "bytes behind one of several": zipped([("a.npy", saved(1.0) + b"\0"), ("b.npy", saved(1.0))]),
    "something before the archive": b"#!\n" + zipped([("a.npy", saved(1.0))]),
    "something behind the archive": zipped([("a.npy", saved(1.0))]) + b"x",
    "a path that leads out": zipped([("../a.npy", saved(1.0))]),
}
_NAMED = zipped([("a.npy", saved(np.arange(4.0)))], zipfile.ZIP_STORED)
_PACKED = zipped([("a.npy", saved(np.arange(4.0)))])


def _changed(data: bytes, place: int, value: bytes) -> bytes:
    return data[:place] + value + data[place + len(value) :]


for _name, _archive in (("stored", _NAMED), ("deflated", _PACKED)):
    _directory = _archive.index(b"PK\x01\x02")
    REFUSED |= {
        f"encrypted by the directory, {_name}": _changed(_archive, _directory + 8, b"\x01"),
        f"encrypted by the header, {_name}": _changed(_archive, 6, b"\x01"),
        f"encrypted by both, {_name}": _changed(
            _changed(_archive, _directory + 8, b"\x01"), 6, b"\x01"
        ),
        f"another checksum, {_name}": _changed(_archive, _directory + 16, b"\0\0\0\0"),
        f"another size, {_name}": _changed(_archive, _directory + 24, b"\x01\0\0\0"),
        f"another way of packing, {_name}": _changed(
            _archive, _directory + 10, b"\x08\0" if _archive is _NAMED else b"\0\0"
        ),
        f"another name in the header, {_name}": _changed(_archive, 30, b"b"),
    }


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_exactly_arrays_is_not_loaded(tmp_path: Path, case: str) -> None:
    path = placed(tmp_path, REFUSED[case], "a.npz" if b"PK" in REFUSED[case] else "a.npy")

    tracemalloc.start()
    with pytest.raises((RefusedError, LoadError)):
        safeload.load_unsigned(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 50 << 20


def test_a_bomb_of_arrays_ends_at_the_limit(tmp_path: Path) -> None:
    data = zipped([("a.npy", saved(np.zeros(1 << 17)))])
    path = placed(tmp_path, data, "a.npz")

    assert safeload.load_unsigned(path)["a"].nbytes == 1 << 20
    with pytest.raises(RefusedError) as caught:
        safeload.load_unsigned(path, limits=Limits(bytes_out=1 << 19))
    assert caught.value.report.findings[0].rule == "SL002"


def test_arrays_are_no_views_of_each_other(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, a=np.zeros(20_000), b=np.zeros(20_000))

    loaded = safeload.load_unsigned(placed(tmp_path, buffer.getvalue(), "a.npz"))
    loaded["a"][:] = 1.0

    assert loaded["b"].sum() == 0.0
    again = safeload.load_unsigned(tmp_path / "a.npz")
    assert again["a"].sum() == 0.0
