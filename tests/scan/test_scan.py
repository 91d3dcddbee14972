"""The format of a file is told by its content, and what is in none is not read."""

from __future__ import annotations

import gzip
import io
import pickle
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import Any

import joblib
import lz4.frame
import numpy as np
import pytest
import skops.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

import safeload
from safeload.scan.discovery import reason_to_skip
from safeload.scan.program import Scan
from safeload.scan.scan import scan
from safeload.verdict import Verdict, verdict_of
from tests.builder import Name, Pickle
from tests.containers import EVIL
from tests.legitimate.sameness import difference
from tests.old_joblib import zfile
from tests.scan import originals
from tests.scan.streams import mutations

COMPRESSORS = ["zlib", "gzip", "bz2", "lzma", "xz", "lz4"]
VALUE = {"array": np.arange(3.0), "text": "a"}


def dumped(value: Any, compress: Any = 0, protocol: int = 4) -> bytes:
    stream = io.BytesIO()
    joblib.dump(value, stream, compress=compress, protocol=protocol)
    return stream.getvalue()


def saved(array: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("data.pkl", pickle.dumps(VALUE["text"]))
    return stream.getvalue()


def rules(found: Scan) -> set[str]:
    return {
        finding.rule
        for findings in (found.findings, *(program.findings for program in found.programs))
        for finding in findings
    }


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_every_protocol_are_recognised(protocol: int) -> None:
    found = scan(pickle.dumps(VALUE["text"], protocol))

    assert (found.format, rules(found)) == ("pickle", set())


@pytest.mark.parametrize("protocol", range(6))
def test_joblib_is_recognised_by_its_arrays(protocol: int) -> None:
    found = scan(dumped(VALUE, protocol=protocol))

    assert (found.format, rules(found)) == ("joblib", set())


LONG = 4 << 20


@pytest.mark.parametrize(
    "text",
    [
        b"X" + LONG.to_bytes(4, "little") + b"a" * LONG,
        b"\x8d" + LONG.to_bytes(8, "little") + b"a" * LONG,
        b"T" + LONG.to_bytes(4, "little") + b"a" * LONG,
        b"V" + b"a" * LONG + b"\n",
    ],
    ids=["BINUNICODE", "BINUNICODE8", "BINSTRING", "UNICODE"],
)
def test_a_long_text_takes_no_more_memory_than_its_bytes_and_itself(text: bytes) -> None:
    packed = bytearray(lz4.frame.compress(b"\x80\x04" + text + b"."))
    scan(bytearray(lz4.frame.compress(b"\x80\x04N.")))

    tracemalloc.start()
    found = scan(packed)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found.programs[0].root == "a" * LONG
    assert peak < 2.5 * LONG


@pytest.mark.parametrize("codec", COMPRESSORS)
def test_compressed_files_are_recognised_by_their_codec(codec: str) -> None:
    found = scan(dumped(VALUE, (codec, 3)))

    assert (found.format, rules(found)) == (f"joblib+{codec}", set())
    (span,) = found.programs[0].arrays
    assert isinstance(span, tuple)
    assert found.data[span.offset : span.offset + span.nbytes] == VALUE["array"].tobytes()  # type: ignore[attr-defined]


def test_skops_is_recognised() -> None:
    found = scan(skops.io.dumps(LogisticRegression()))

    assert (found.format, rules(found)) == ("skops", set())


UNREAD: dict[str, tuple[bytes, str]] = {
    "an empty file": (b"", "SL001"),
    "text": (b"Hello, this is a text.\n" * 10, "SL001"),
    "a PNG": (b"\x89PNG\r\n\x1a\n" + bytes(100), "SL001"),
    "a gzip of text": (gzip.compress(b"Hello, this is a text.\n"), "SL001"),
    "no zlib behind its first byte": (b"x = 1\n", "SL001"),
}


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("case", UNREAD)
def test_what_is_in_no_format_is_not_read_and_says_why(case: str) -> None:
    data, rule = UNREAD[case]

    found = scan(data)

    assert found.format == "unknown"
    assert rule in rules(found)
    assert verdict_of(found.findings) is Verdict.INCOMPLETE


def test_what_decompresses_to_no_end_is_reported_with_what_was_found() -> None:
    packed = zlib.compress(Pickle(4).call(Name("posix", "system"), "id").finish())

    found = scan(packed + b"more")

    assert "SL301" in rules(found)
    assert [use.path for use in found.programs[0].globals] == ["posix.system"]


def test_a_damaged_pickle_is_one_all_the_same_if_it_names_a_global() -> None:
    found = scan(b"cposix\nsystem\n")

    assert found.format == "pickle"
    assert [use.path for use in found.programs[0].globals] == ["posix.system"]


# The opcode B, and a length that begins with Z.
BEGINS_LIKE_BZ2 = b"BZ\0\0\0" + bytes(0x5A) + b"0cposix\nsystem\n(S'true'\ntR."


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (BEGINS_LIKE_BZ2, "pickle"),
        (gzip.compress(BEGINS_LIKE_BZ2, mtime=0), "joblib+gzip"),
        (zlib.compress(b"](S'true'\ncposix\nsystem\nR."), "joblib+zlib"),
    ],
)
def test_a_pickle_may_begin_like_a_compressed_stream(data: bytes, form: str) -> None:
    found = scan(data)

    assert found.format == form
    assert [use.path for program in found.programs for use in program.globals] == ["posix.system"]


def test_a_text_that_begins_like_bzip2_is_in_no_format() -> None:
    found = scan(b"BZ is not the name of a codec.\n" * 10)

    assert (found.format, rules(found)) == ("unknown", {"SL001"})


@pytest.mark.parametrize(
    "data",
    [
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        b"../.git/annex/objects/Xx/1Z/SHA256E-s9--0.joblib/SHA256E-s9--0.joblib\n",
        b"\n<!DOCTYPE html>\n<html><head><title>404</title>",
        b"<!-- a page -->\n<HTML lang='en'>",
        b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>",
        b'{"error": "Repository not found"}',
        b"Entry not found",
    ],
)
def test_what_stands_in_a_model_s_place_is_told_from_other_text(data: bytes) -> None:
    (finding,) = scan(data).findings
    (other,) = scan(b"Hello, " + data).findings

    assert (finding.rule, other.rule) == ("SL001", "SL001")
    assert finding.message != other.message


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (pickle.dumps("x"), True),
        (dumped(VALUE, 3), True),
        (saved(np.zeros(1)), True),
        (zipped(), True),
        (zfile(pickle.dumps("x")), True),
        (zfile(EVIL), True),
        (zfile(b"\xff" * 100), False),
        (UNREAD["text"][0], False),
        (UNREAD["a PNG"][0], False),
        (b"", False),
    ],
)
def test_a_file_in_a_folder_is_a_model_by_its_content(data: bytes, *, expected: bool) -> None:
    assert (reason_to_skip("file", data) is None) is expected


@pytest.mark.guarantee("G15")
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(
        st.binary(max_size=200),
        mutations(
            [
                skops.io.dumps(LogisticRegression()),
                *(dumped(VALUE, (codec, 3)) for codec in COMPRESSORS),
                *(data for data in originals.joblibs() if len(data) < 3_000),
            ]
        ),
    )
)
def test_any_bytes_give_a_scan(data: bytes) -> None:
    found = scan(data)

    assert found.programs or found.findings or list(found.members)
    assert verdict_of(found.findings) is not Verdict.ACCEPT or found.format != "unknown"


# -- the same object as joblib's -----------------------------------------------------------------

keys = st.one_of(st.text(max_size=8), st.integers(-(2**70), 2**70), st.booleans(), st.none())
arrays = st.one_of(
    st.lists(st.floats(width=64), max_size=5).map(lambda items: np.array(items, dtype="<f8")),
    st.lists(st.integers(0, 99), min_size=6, max_size=6).map(
        lambda items: np.asfortranarray(np.array(items, dtype=">i4").reshape(2, 3))
    ),
    st.lists(st.text(max_size=3), min_size=1, max_size=4).map(np.array),
    st.lists(st.one_of(st.text(max_size=3), st.none()), min_size=1, max_size=4).map(
        lambda items: np.array(items, dtype=object)
    ),
    st.sampled_from([np.float64(1.5), np.bool_(True), np.zeros((0, 3)), np.array(7)]),
)
leaves = st.one_of(keys, st.floats(), st.binary(max_size=8), arrays)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
        st.sets(keys, max_size=4),
        st.frozensets(keys, max_size=4),
        inner.map(lambda item: [item, item]),
        st.binary(max_size=8).map(bytearray),
    ),
    max_leaves=12,
)


# joblib's own reader of LZ4 leaves its file open, which Python 3.13 minds.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    value=values,
    protocol=st.integers(0, 5),
    codec=st.sampled_from([0, *((c, 3) for c in COMPRESSORS)]),
)
def test_an_legitimate_joblib_file_loads_to_what_joblib_loads(
    tmp_path: Path, value: Any, protocol: int, codec: Any
) -> None:
    path = tmp_path / "value.joblib"
    joblib.dump(value, path, compress=codec, protocol=protocol)

    loaded = safeload.load_unsigned(path)

    assert difference(loaded, joblib.load(path)) is None


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=values, protocol=st.integers(0, 5))
def test_an_legitimate_pickle_loads_to_what_pickle_loads(
    tmp_path: Path, value: Any, protocol: int
) -> None:
    path = tmp_path / "value.pkl"
    path.write_bytes(pickle.dumps(value, protocol))

    loaded = safeload.load_unsigned(path)

    assert difference(loaded, pickle.loads(path.read_bytes())) is None


def test_what_was_shared_is_shared_and_what_holds_itself_does(tmp_path: Path) -> None:
    shared: list[Any] = ["x"]
    shared.append(shared)
    path = tmp_path / "value.joblib"
    joblib.dump({"a": shared, "b": shared}, path)

    loaded = safeload.load_unsigned(path)

    assert loaded["a"] is loaded["b"]
    assert loaded["a"][1] is loaded["a"]
