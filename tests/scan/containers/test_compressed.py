"""Compressed streams are decompressed whole, within the limits, or reported."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable

import joblib
import lz4.frame
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.limits import Limits
from safeload.scan.containers.compressed import codec_of, decompress
from safeload.scan.scan import scan
from safeload.verdict import Finding
from tests.builder import Name, Pickle
from tests.containers import tarred
from tests.scan import zstd

CODECS: dict[str, Callable[[bytes], bytes]] = {
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "lz4": lz4.frame.compress,
    "zstd": zstd.compress,
}
DATA = bytes(range(256)) * 20
SEVERAL: dict[str, Callable[[bytes], bytes]] = {
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
}

codecs = pytest.mark.parametrize("codec", CODECS)


def rules(findings: list[Finding]) -> list[str]:
    return [finding.rule for finding in findings]


@codecs
@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=2_000), times=st.integers(1, 200))
def test_what_was_compressed_comes_out(codec: str, data: bytes, times: int) -> None:
    packed = CODECS[codec](data * times)

    assert codec_of(packed[:16]) == codec
    out, findings = decompress(packed, codec, Limits())
    assert bytes(out) == data * times
    assert findings == []


@pytest.mark.parametrize("codec", ["zlib", "gzip", "bz2", "lzma", "xz", "lz4"])
@pytest.mark.parametrize("level", [1, 3, 9])
def test_what_joblib_compresses_is_recognised(codec: str, level: int) -> None:
    stream = io.BytesIO()
    joblib.dump(DATA, stream, compress=(codec, level))

    found = codec_of(stream.getvalue()[:16])

    assert found == codec
    assert decompress(stream.getvalue(), codec, Limits())[1] == []


@pytest.mark.parametrize("head", [b"", b"\x80\x04", b"PK\x03\x04", b"(dp0", b"\x00" * 16])
def test_other_beginnings_are_no_codec(head: bytes) -> None:
    assert codec_of(head) is None


@codecs
def test_a_stream_cut_short_is_refused_or_not_read(codec: str) -> None:
    packed = CODECS[codec](DATA)

    for length in range(len(packed)):
        _, findings = decompress(packed[:length], codec, Limits())
        assert rules(findings) in (["SL301"], ["SL001"])


@codecs
def test_bytes_after_the_end_are_refused(codec: str) -> None:
    second = CODECS["gzip" if codec in SEVERAL else codec](b"second")
    for more in (b"\x00", b"x" * 100_000, second):
        _, findings = decompress(CODECS[codec](DATA) + more, codec, Limits())
        assert rules(findings) == ["SL301"]


@codecs
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_stream_gives_findings_or_other_bytes_and_no_exception(
    codec: str, data: st.DataObject
) -> None:
    packed = bytearray(CODECS[codec](DATA))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))

    out, findings = decompress(bytes(packed), codec, Limits())

    # Most codecs carry a checksum; the oldest does not, and some headers have spare bits.
    if codec in ("zlib", "gzip", "bz2", "xz") and not findings:
        assert out == DATA


@codecs
def test_beginnings_without_a_stream_behind_them_are_not_read(codec: str) -> None:
    head = CODECS[codec](DATA)[:2]

    out, findings = decompress(head, codec, Limits())

    assert not out
    assert rules(findings) == ["SL001"]


@codecs
def test_more_bytes_than_the_limit_are_not_read(codec: str) -> None:
    out, findings = decompress(CODECS[codec](bytes(1_000)), codec, Limits(bytes_out=999))

    assert rules(findings) == ["SL002"]
    assert len(out) <= 999 + (1 << 20)


@pytest.mark.guarantee("G15")
@codecs
def test_a_bomb_costs_no_more_than_the_limits(codec: str) -> None:
    floor = 1 << 20
    bomb = CODECS[codec](bytes(64 << 20))
    out, findings = decompress(bomb, codec, Limits(ratio=10, ratio_floor=floor))

    assert rules(findings) == ["SL002"]
    # Beyond the floor or the ratio there is one more piece at most.
    assert len(out) <= max(floor, 10 * len(bomb)) + (2 << 20)


@codecs
def test_no_ratio_is_judged_below_the_floor(codec: str) -> None:
    limits = Limits(ratio=1, ratio_floor=1 << 20)

    assert decompress(CODECS[codec](bytes(1 << 19)), codec, limits)[1] == []


def test_a_dictionary_of_gigabytes_is_not_allocated() -> None:
    # LZMA properties, a dictionary of 4 GiB, unknown size.
    packed = b"\x5d\x00\x00" + b"\xff" * 2 + b"\xff" * 8 + b"\x00" * 64
    header = b"\x5d" + (2**32 - 1).to_bytes(4, "little") + b"\xff" * 8 + b"\x00" * 64

    for stream in (packed, header):
        _, findings = decompress(stream, "lzma", Limits())
        assert findings


@pytest.mark.guarantee("G14")
def test_a_codec_that_is_not_installed_leaves_the_file_unread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = CODECS["lz4"](DATA)
    monkeypatch.setitem(sys.modules, "lz4.frame", None)

    _, findings = decompress(packed, "lz4", Limits())

    assert rules(findings) == ["SL003"]


# -- several streams -----------------------------------------------------------------------------


@pytest.mark.parametrize("codec", SEVERAL)
@pytest.mark.parametrize("length", [1, 7, 50_000])
def test_streams_behind_each_other_are_read_as_one(codec: str, length: int) -> None:
    content = bytes(range(256)) * 700
    starts = range(0, min(50 * length, len(content)), length)
    parts = [content[start : start + length] for start in starts]
    packed = b"".join(map(SEVERAL[codec], parts))

    out, findings = decompress(packed, codec, Limits())

    assert not findings
    assert out == b"".join(parts)
    opener = {"bz2": bz2.BZ2File, "xz": lzma.LZMAFile, "zstd": zstd.ZstdFile}[codec]
    assert opener(io.BytesIO(packed)).read() == out


@pytest.mark.parametrize("codec", SEVERAL)
def test_a_call_in_the_second_stream_is_seen(codec: str) -> None:
    data = Pickle(0).call(Name("posix", "system"), "id").finish()
    packed = SEVERAL[codec](data[:3]) + SEVERAL[codec](data[3:])

    scanned = scan(packed)

    assert scanned.format == f"joblib+{codec}"
    assert [use.path for use in scanned.programs[0].globals] == ["posix.system"]


@pytest.mark.parametrize("codec", SEVERAL)
@pytest.mark.parametrize(
    "behind", [b"\0" * 4, b".", b"BZh9", lzma.compress(b"N.", lzma.FORMAT_ALONE), bytes(4096)]
)
def test_what_follows_and_is_no_stream_of_the_codec_is_refused(codec: str, behind: bytes) -> None:
    packed = SEVERAL[codec](b"N.") + behind

    _, findings = decompress(packed, codec, Limits())

    assert [finding.rule for finding in findings] == ["SL301"]


@pytest.mark.parametrize("codec", SEVERAL)
def test_streams_of_nothing_are_not_read_without_end(codec: str) -> None:
    packed = SEVERAL[codec](b"") * 20_000

    _, findings = decompress(packed, codec, Limits())

    assert [finding.rule for finding in findings] == ["SL002"]


def test_frames_of_zstd_that_hold_nothing_are_passed_over() -> None:
    data = Pickle(2).call(Name("posix", "system"), "id").finish()
    packed = zstd.SKIPPABLE + zstd.compress(data) + zstd.SKIPPABLE

    scanned = scan(packed)

    assert (scanned.format, scanned.findings) == ("joblib+zstd", [])
    assert [use.path for use in scanned.programs[0].globals] == ["posix.system"]


def test_a_frame_that_asks_for_too_much_memory_is_not_read() -> None:
    # A window of two gigabytes, by its exponent.
    asking = b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + b"\x01\x00\x00"
    whole = zstd.compress(DATA)

    for packed, limits in ((asking, Limits()), (whole, Limits(dictionary=1_000))):
        out, findings = decompress(packed, "zstd", limits)

        assert not out
        assert rules(findings) == ["SL002"]
        assert "dictionary" in findings[0].message


def test_without_the_library_of_zstd_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("compression.zstd", "compression", "backports.zstd", "backports"):
        monkeypatch.setitem(sys.modules, name, None)

    _, findings = decompress(zstd.compress(DATA), "zstd", Limits())

    assert rules(findings) == ["SL003"]
    assert "safeload[archives]" in findings[0].message


def test_a_tar_that_is_compressed_by_zstd_is_read() -> None:
    data = Pickle(2).call(Name("posix", "system"), "id").finish()

    scanned = scan(zstd.compress(tarred([("model.pkl", data)])))

    (member,) = scanned.members
    assert (scanned.format, member.path) == ("tar+zstd", "model.pkl")
    assert member.scan is not None
    assert [use.path for use in member.scan.programs[0].globals] == ["posix.system"]
