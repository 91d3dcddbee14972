"""Zip archives have one reading or none; arrays in them are described or refused."""

from __future__ import annotations

import ast
import io
import struct
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.limits import Limits
from safeload.scan.containers import npy
from safeload.scan.containers.archive import ArchiveError, read_archive
from safeload.scan.containers.npy import NpyError, read_npy
from safeload.scan.containers.unpack import Budget, extract, store

LIMITS = Limits()


def _zip64(count: int = 70_000) -> bytes:
    return store((str(number), b"") for number in range(count))


def test_an_archive_of_more_members_than_a_plain_one_can_have_is_read() -> None:
    assert len(read_archive(memoryview(_zip64()), LIMITS)) == 70_000


@pytest.mark.guarantee("G13")
@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (-98, b"XX"),  # the zip64 end record's mark
        (-94, b"\x99"),  # its length
        (-82, b"\x01"),  # its disk
        (-74, b"\x01"),  # members on this disk
        (-50, b"\x01"),  # where the directory starts
        (-42 + 4, b"\x01"),  # the locator's disk
        (-42 + 8, b"\x01"),  # where the zip64 end record is
        (-42 + 16, b"\x02"),  # number of disks
        (-22 + 8, b"\x05"),  # members, in the plain end record
    ],
)
def test_a_forged_zip64_record_is_refused(offset: int, value: bytes) -> None:
    data = bytearray(_zip64())
    data[offset : offset + len(value)] = value
    with pytest.raises(ArchiveError) as caught:
        read_archive(memoryview(data), LIMITS)
    assert caught.value.rule == "SL302"


def test_sizes_in_a_zip64_header_are_read_and_those_of_a_forged_one_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file, file.open("a", "w", force_zip64=True) as opened:
        opened.write(b"content")
    data = bytearray(buffer.getvalue())
    (member,) = read_archive(memoryview(data), LIMITS).values()
    assert bytes(extract(memoryview(data), member, Budget(LIMITS, len(data)))) == b"content"
    extra = 30 + 1
    for position, value in [(extra, 2), (extra + 2, 8), (extra + 4, 99), (extra + 12, 99)]:
        forged = bytearray(data)
        forged[position] = value
        with pytest.raises(ArchiveError):
            read_archive(memoryview(forged), LIMITS)


def test_a_member_that_needs_a_newer_reader_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a", b"content")
    forged = bytearray(buffer.getvalue())
    forged[forged.index(b"PK\x01\x02") + 6] = 64

    with pytest.raises(ArchiveError):
        read_archive(memoryview(forged), LIMITS)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_or_longer_stream_is_refused(method: int) -> None:
    content = bytes(range(256)) * 20
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr("a", content)
    data = buffer.getvalue()
    (member,) = read_archive(memoryview(data), LIMITS).values()
    assert extract(memoryview(data), member, Budget(LIMITS, len(data))) == content
    for offset in (member.offset + 12, member.offset + member.packed // 2):
        forged = bytearray(data)
        forged[offset] ^= 0xFF
        with pytest.raises(ArchiveError):
            extract(memoryview(forged), member, Budget(LIMITS, len(data)))
    for size in (len(content) - 1, len(content) + 1):
        other = type(member)("a", method, member.offset, member.packed, size, member.crc)
        with pytest.raises(ArchiveError):
            extract(memoryview(data), other, Budget(LIMITS, len(data)))


ARRAYS: list[Any] = [
    np.arange(5),
    np.asfortranarray(np.ones((2, 3), ">f4")),
    np.array(True),
    np.array(["abc", "d"]),
    np.array([b"abc"]),
    np.array(["2020-01-01"], "M8[D]"),
    np.zeros(2, "m8[25s]"),
    np.zeros((0, 3)),
    np.zeros(2, [("a", "<i8"), ("b", "<f8", (2, 2)), ("c", [("d", "u1")])]),
    np.zeros(2, np.dtype({"names": ["a", "b"], "formats": ["i1", "f8"], "itemsize": 24})),
    np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    np.zeros(2, "V3"),
    np.zeros(2, "c16"),
    np.zeros(2, [(("a title", "a"), "<f8"), ("b", "<i2")]),
    np.zeros(2, [("it's", "<f8"), ('"', "u1"), ("\n\\", "u1"), ("\u200b", "u1"), ("é", "u1")]),
    np.zeros(2, {"names": ["a"], "formats": ["<u2"], "offsets": [3], "itemsize": 9}),
    np.zeros(2, [("a", [(("t", "b"), "<f4", (2,))], (3,))]),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: str(array.dtype))
def test_an_array_is_described_as_numpy_would_load_it(array: Any) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    data = memoryview(buffer.getvalue())
    found = read_npy(data, LIMITS)
    loaded = np.load(io.BytesIO(data))
    assert np.dtype(found.dtype) == loaded.dtype
    assert found.nbytes == loaded.nbytes
    raw: Any = np.frombuffer(data[found.offset :], np.dtype(found.dtype))
    order: Any = found.order
    np.testing.assert_array_equal(raw.reshape(found.shape, order=order), loaded)


@pytest.mark.parametrize("kind", ["f8", "=f8", "|i4", "b1", "=U3", "m8"])
def test_a_type_without_a_byte_order_is_what_numpy_takes_it_for(kind: str) -> None:
    data = _npy(kind, (2,), bytes(2 * np.dtype(kind).itemsize))

    loaded = np.load(io.BytesIO(data))

    assert np.dtype(read_npy(data, LIMITS).dtype) == loaded.dtype


@pytest.mark.parametrize(("names", "accepted"), [(570, True), (600, False)])
def test_a_header_is_as_long_as_numpy_reads_it(names: int, *, accepted: bool) -> None:
    buffer = io.BytesIO()
    # Two bytes a character.
    np.save(buffer, np.zeros(1, [(f"é{number:03}", "u1") for number in range(names)]))
    data = buffer.getvalue()

    def reads(read: Any) -> bool:
        try:
            read()
        except ValueError:
            return False
        return True

    assert reads(lambda: np.load(io.BytesIO(data))) is accepted
    assert reads(lambda: read_npy(memoryview(data), LIMITS)) is accepted


def _npy(descr: Any, shape: Any = (), raw: bytes = b"", version: bytes = b"\x01\x00") -> memoryview:
    text = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    size = struct.pack("<H" if version[0] == 1 else "<L", len(text))
    return memoryview(b"\x93NUMPY" + version + size + text + raw)


NOT_ARRAYS: dict[str, memoryview] = {
    "an unknown version": _npy("<f8", (), bytes(8), b"\x04\x00"),
    "an unknown type": _npy("<f5", (), bytes(5)),
    "a subarray": _npy(("<f8", (2,)), (), bytes(16)),
    "an object": _npy("|O", (), bytes(8)),
    "objects in a nested record": _npy([("a", [("b", "|O")])], (), bytes(8)),
    "a text larger than numpy allows": _npy("<U999999999", (0,)),
    "a shape that is not a tuple": _npy("<f8", 1, bytes(8)),
    "a length that is True": _npy("<f8", (True,), bytes(8)),
    "more dimensions than numpy allows": _npy("<f8", (1,) * 65, bytes(8)),
    "a field without a dtype": _npy([("a",)], (), b""),
    "a field whose name is a number": _npy([(1, "<f8")], (), bytes(8)),
    "two fields of one name": _npy([("a", "<f8"), ("a", "<f8")], (), bytes(16)),
    "a field's shape that is text": _npy([("a", "<f8", "x")], (), bytes(8)),
    "a field's shape of text": _npy([("a", "<f8", ("x",))], (), bytes(8)),
    "a field of more bytes than numpy allows": _npy([("a", "<f8", 2**30)], (0,)),
    "more bytes than numpy allows": _npy([("a", "|V2000000000"), ("b", "|V999999999")], (0,)),
    "a dtype that is a number": _npy(5),
    "half a character in a name": _npy([("\ud800", "<f8")], (), bytes(8)),
    "a title that is a name, too": _npy([(("a", "a"), "<f8")], (), bytes(8)),
    "a title that is a number": _npy([((1, "a"), "<f8")], (), bytes(8)),
    "three names for a field": _npy([(("t", "a", "b"), "<f8")], (), bytes(8)),
}  # fmt: skip


@pytest.mark.parametrize("sentence", NOT_ARRAYS)
def test_an_array_that_numpy_would_not_write_is_refused(sentence: str) -> None:
    with pytest.raises(NpyError):
        read_npy(NOT_ARRAYS[sentence], LIMITS)


@pytest.mark.parametrize("space", ["\xa0", "\x1f", "\n ", "\t"])
def test_a_header_is_padded_as_numpy_pads_it(space: str) -> None:
    legitimate = bytes(_npy("<f8", (), bytes(8)))
    header = legitimate[10:-8].decode("latin-1") + space
    data = legitimate[:8] + struct.pack("<H", len(header)) + header.encode("latin-1") + bytes(8)

    with pytest.raises(NpyError):
        read_npy(memoryview(data), LIMITS)


_WORDS = ["'a'", "'<f8'", "0", "7", "12", "True", "False", "'descr'", "007", "-1", "b'a'"]
_LITERALS = st.recursive(
    st.sampled_from(_WORDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: f"({', '.join(parts)})"),
        st.lists(inner, max_size=3).map(
            lambda parts: f"({''.join(f'{each}, ' for each in parts)})"
        ),
        st.lists(inner, max_size=3).map(lambda parts: f"[{','.join(parts)}]"),
        st.lists(st.tuples(inner, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        ),
        st.lists(inner, max_size=2).map(" ".join),
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=500)
@given(_LITERALS)
def test_a_literal_is_what_python_reads_or_is_refused(written: str) -> None:
    try:
        read = npy._Literal(written).read()
    except NpyError:
        return
    assert repr(read) == repr(ast.literal_eval(written))


@pytest.mark.parametrize(
    "written",
    ["9" * 9_900, "(" * 9_000, "['a'," * 1_900, "'a' 'b'", "{'a': 1, 'a': 2}", "1_0", "0x1", "(,)"],
)
def test_a_literal_that_numpy_does_not_write_is_refused_at_once(written: str) -> None:
    with pytest.raises(NpyError):
        npy._Literal(written).read()


def test_records_nested_without_end_are_refused() -> None:
    descr: Any = "<f8"
    for _ in range(40):
        descr = [("a", descr)]
    with pytest.raises(NpyError):
        read_npy(_npy(descr, (), bytes(8)), LIMITS)


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
def test_any_header_is_described_or_refused(raw: bytes) -> None:
    data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(raw)) + raw
    with pytest.raises(NpyError):
        read_npy(memoryview(data), LIMITS)
