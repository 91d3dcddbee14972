"""Arrays in numpy's own form: what is accepted is the array that numpy reads."""

from __future__ import annotations

import io
import random
import struct
import warnings
from collections.abc import Sequence

import numpy as np

from safeload.limits import Limits
from safeload.scan.containers.npy import NpyError, read_npy
from tests.fuzz.mutation import bent
from tests.fuzz.target import Target, Violation

__all__ = ["TARGET"]

_LIMITS = Limits()
_ARRAYS = (
    np.zeros(3),
    np.zeros((2, 0)),
    np.asfortranarray(np.ones((2, 3), dtype=">f4")),
    np.array("text"),
    np.array(b"bytes"),
    np.array([True, False]),
    np.array(["2026-01-01"], dtype="M8[D]"),
    np.zeros(2, dtype=[("left", "<i4"), ("right", "<f8", (2,))]),
    np.zeros(2, dtype=np.dtype([("a", "u1"), ("b", "<f8")], align=True)),
    np.zeros(1, dtype=[("é", "<f8"), ("inner", [("x", "S3")])]),
    np.zeros(2, dtype="c16"),
    np.zeros(2, dtype=[(("a title", "a"), "<f8"), ("it's\n", "u1"), ("\u200b", "<i2")]),
    np.zeros(2, dtype={"names": ["a"], "formats": ["<u2"], "offsets": [3], "itemsize": 9}),
)
_WORDS = (
    b"'descr'", b"'<f8'", b"'|O'", b"'|V8'", b"'|S0'", b"'<U4'", b"('<f8', (2,))",
    b"[('a', '<f8')]",
    b"'fortran_order'", b"True", b"False", b"'shape'", b"(3,)", b"()", b"(0, 2)", b"-1", b"[]",
    b"('', '|V4')", b"(('t', 'a'), '<f8')", b"(('', ''), '|V4')", b"('', '|V4', (2,))",
    b"'\\x00'", b"'\\u00e9'", b'"f8"', b"'=f8'", b"'|i4'", b"'b1'", b"\n", b"3L", b"'\\''",
    b"('a', '<f8', (2, 2))", b"'<M8[25s]'", b"0", b"9999999999",
)  # fmt: skip


def _examples() -> list[bytes]:
    examples = []
    for array in _ARRAYS:
        for version in ((1, 0), (2, 0), (3, 0)):
            buffer = io.BytesIO()
            try:
                np.lib.format.write_array(buffer, array, version=version, allow_pickle=False)
            except UnicodeEncodeError:
                continue
            examples.append(buffer.getvalue())
    return examples


def _vary(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """The header's text changed and its length fixed in most cases; any bytes in the others."""
    width = 2 if data[6:7] == b"\x01" else 4
    start = 8 + width
    size = int.from_bytes(data[8:start], "little")
    if rng.random() < 0.25 or start + size > len(data):
        return bent(data, others, rng)
    header, content = bytearray(data[start : start + size]), data[start + size :]
    for _ in range(rng.randint(1, 2)):
        place = rng.randrange(len(header) + 1)
        if rng.random() < 0.6:
            stop = place + rng.choice((0, 1, 5, 12))
            header[place:stop] = rng.choice(_WORDS)
        else:
            header = bytearray(bent(bytes(header), others, rng))
    if rng.random() < 0.3:
        content = content[: rng.randrange(64)] + bytes(rng.randrange(64))
    return data[:8] + struct.pack("<Q", len(header))[:width] + bytes(header) + content


def _check(data: bytes) -> None:
    try:
        found = read_npy(memoryview(data), _LIMITS)
    except NpyError:
        return
    try:
        with warnings.catch_warnings():
            # Python 2 wrote it, numpy says.
            warnings.simplefilter("ignore", UserWarning)
            array = np.load(io.BytesIO(data), allow_pickle=False)
    except Exception as error:
        raise Violation("numpy refuses what was accepted") from error
    if np.dtype(found.dtype) != array.dtype:
        raise Violation(f"numpy reads {array.dtype}")
    if found.shape != array.shape:
        raise Violation(f"numpy reads the shape {array.shape}")
    content = data[found.offset : found.offset + found.nbytes]
    if array.dtype.fields is None and array.tobytes("F" if found.order == "F" else "C") != content:
        raise Violation("numpy reads other bytes")


TARGET = Target(
    name="npy",
    about="accepted arrays are the same for numpy",
    examples=_examples,
    check=_check,
    vary=_vary,
    dictionary=_WORDS,
)
