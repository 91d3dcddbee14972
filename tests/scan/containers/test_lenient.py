"""Whatever a decompressor hands on before it fails is among what is looked through."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

import joblib
import lz4.frame
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeload.scan.containers import lenient
from safeload.scan.containers.lenient import UndecidedError, unpackings
from tests.fuzz.mutation import bent
from tests.scan import zstd

PACK: dict[str, Callable[[bytes], bytes]] = {
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "lz4": lz4.frame.compress,
    "zstd": zstd.compress,
}


class _Zlib:
    """One stream of zlib, read in blocks as joblib does, which takes further ones for nothing."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._inner = zlib.decompressobj()

    def read(self, size: int) -> bytes:
        """What the next block holds; bytes of any number, none at the end."""
        piece = b""
        while not piece and not self._inner.eof and (block := self._file.read(size)):
            piece = self._inner.decompress(block)
        return piece


OPEN: dict[str, Callable[[IO[bytes]], Any]] = {
    "zlib": lambda file: _Zlib(file),
    "gzip": lambda file: gzip.GzipFile(fileobj=file),
    "bz2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
    "lzma": lzma.LZMAFile,
    "lz4": lz4.frame.LZ4FrameFile,
    "zstd": zstd.ZstdFile,
}
CONTENT = [
    b"",
    b"x",
    b"N200cposix\nsystem\n." * 3,
    bytes(range(256)) * 40,
    random.Random(1).randbytes(9_000),
]


def outputs(data: bytes) -> list[bytes]:
    found = []
    for pieces in unpackings(data):
        out = b""
        try:
            for piece in pieces:
                out += piece
        except UndecidedError:
            continue
        found.append(out)
    return found


def read(file: Any) -> Iterator[bytes]:
    """What a reader hands on, in its own buffers, until it fails."""
    try:
        while piece := file.read(8192):
            yield piece
    except Exception:  # noqa: BLE001  # whatever damage leads to
        return


@st.composite
def streams(draw: st.DrawFn) -> tuple[str, bytes]:
    codec = draw(st.sampled_from(list(PACK)))
    parts = draw(st.lists(st.sampled_from(CONTENT), min_size=1, max_size=3))
    data = b"".join(PACK[codec](part) for part in parts)
    if draw(st.booleans()):
        data = bent(data, [data], draw(st.randoms(use_true_random=False)))
    return codec, data + draw(st.sampled_from([b"", b"\0" * 5, b"more"]))


@pytest.mark.guarantee("G21")
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(streams())
def test_what_a_reader_hands_on_is_looked_through(packed: tuple[str, bytes]) -> None:
    codec, data = packed
    expected = b"".join(read(OPEN[codec](io.BytesIO(data))))

    assert not expected or any(out.startswith(expected) for out in outputs(data))


@given(st.binary(max_size=200))
def test_any_bytes_are_taken(data: bytes) -> None:
    outputs(data)


@pytest.mark.parametrize("codec", ["zlib", "gzip", "bz2", "lzma", "xz", "lz4"])
def test_what_joblib_compresses_is_looked_through(codec: str) -> None:
    stream = io.BytesIO()
    joblib.dump(CONTENT[3], stream, compress=(codec, 3))

    assert any(CONTENT[3] in out for out in outputs(stream.getvalue()))


@pytest.mark.parametrize("codec", PACK)
def test_it_is_said_whether_the_bytes_came_to_an_end(codec: str) -> None:
    data = PACK[codec](CONTENT[4])

    for part, cut_off in ((data, True), (data[:2_000], True), (data + b"\xff" * 40, False)):
        (pieces,) = unpackings(part)
        for _ in pieces:
            pass
        assert pieces.cut_off is cut_off


def test_a_library_that_is_missing_leaves_it_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise ImportError(name="lz4")

    monkeypatch.setattr(lenient, "lz4_decompressor", missing)

    with pytest.raises(UndecidedError):
        next(iter(next(unpackings(PACK["lz4"](b"x")))))


@pytest.mark.parametrize(
    "data",
    [
        # A dictionary of a gigabyte, which no preset makes.
        b"\x5d\x00\x00\x00\x40" + b"\xff" * 8 + lzma.compress(b"x", lzma.FORMAT_ALONE)[13:],
        # A window of two gigabytes.
        b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + b"\x01\x00\x00",
    ],
)
def test_what_is_not_unpacked_here_is_undecided(data: bytes) -> None:
    with pytest.raises(UndecidedError):
        list(next(unpackings(data)))
