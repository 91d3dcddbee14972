"""What one reader of an archive finds and the next does not is not accepted."""

from __future__ import annotations

import gzip
import io
import lzma
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping

import numpy as np
import pytest
import skops.io

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.discovery import reason_to_skip
from safeload.scan.scan import scan
from safeload.verdict import FileReport, Verdict
from tests.containers import EVIL, GOOD, TEXT, tarred, zipped

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
DESCRIPTOR, END64, LOCATOR = b"PK\x07\x08", b"PK\x06\x06", b"PK\x06\x07"
STREAMED, UNKNOWN = 8, 95
TAR_END = bytes(1024)
AS_TEXT = b"cposix\nsystem\n(S'id'\ntR."


def report(data: bytes) -> FileReport:
    scanned = scan(data)
    return judge(scanned, Policy.of(None)).report("x", "0" * 64, len(data), scanned.format)


def savez(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def in_tar(name: str, content: bytes, kind: bytes = tarfile.REGTYPE, size: int = -1) -> bytes:
    """An entry of a tar, which may say another length than it has."""
    entry = tarfile.TarInfo(name)
    entry.type = kind
    entry.size = len(content) if size < 0 else size
    return entry.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)


def in_pax(name: str, content: bytes, said: Mapping[str, str], size: int = -1) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = len(content) if size < 0 else size
    entry.pax_headers = dict(said)
    return entry.tobuf(tarfile.PAX_FORMAT) + content + bytes(-len(content) % 512)


def header(
    name: bytes, content: bytes, *, method: int = 0, flags: int = 0, size: int | None = None
) -> bytes:
    """A file's header; a streamed one does not say what comes behind it."""
    said = len(content) if size is None else size
    numbers = (0, 0, 0) if flags else (zlib.crc32(content), said, said)
    fields = struct.pack("<4s5H3L2H", LOCAL, 20, flags, method, 0, 33, *numbers, len(name), 0)
    return fields + name


def listed(name: bytes, content: bytes, place: int, *, method: int = 0, flags: int = 0) -> bytes:
    size = len(content)
    numbers = (20, 20, flags, method, 0, 33, zlib.crc32(content), size, size, len(name))
    return struct.pack("<4s6H3L5H2L", CENTRAL, *numbers, 0, 0, 0, 0, 0, place) + name


def end(count: int, size: int, place: int, *, here: int | None = None) -> bytes:
    here = count if here is None else here
    return struct.pack("<4s4H2LH", END, 0, 0, here, count, size, place, 0)


def descriptor(content: bytes, packed: bytes) -> bytes:
    return DESCRIPTOR + struct.pack("<3L", zlib.crc32(content), len(packed), len(content))


GOOD_FILE = header(b"good.pkl", GOOD) + GOOD
GOOD_LISTED = listed(b"good.pkl", GOOD, 0)
HIDDEN = header(b"evil.pkl", EVIL) + EVIL


def with_tail(tail: bytes) -> bytes:
    """Files that no directory lists behind one that does."""
    body = GOOD_FILE + tail
    return body + GOOD_LISTED + end(1, len(GOOD_LISTED), len(body))


def with_second(file: bytes, entry: bytes, *, here: int | None = None) -> bytes:
    body, directory = GOOD_FILE + file, GOOD_LISTED + entry
    return body + directory + end(2, len(directory), len(body), here=here)


def stored_as_a_stream() -> bytes:
    content = TEXT + descriptor(TEXT, TEXT) + HIDDEN
    file = header(b"a.txt", TEXT, flags=STREAMED) + content + descriptor(content, content)
    return with_second(file, listed(b"a.txt", content, len(GOOD_FILE), flags=STREAMED))


def folder_with_content() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(EVIL) + packer.flush()
    file = header(b"a/", b"", method=8, flags=STREAMED) + packed + descriptor(EVIL, packed)
    return with_second(file, listed(b"a/", b"", len(GOOD_FILE), method=8, flags=STREAMED))


def directory_in_a_file() -> bytes:
    place = len(GOOD_FILE) + len(header(b"a.txt", b"")) + len(TEXT)
    entry = listed(b"evil.pkl", EVIL, place)
    text = TEXT + HIDDEN + entry + end(1, len(entry), place + len(HIDDEN)) + END + bytes(18)
    file = header(b"a.txt", text) + text
    return with_second(file, listed(b"a.txt", text, len(GOOD_FILE)), here=1)


def end64(count: int, size: int, place: int) -> bytes:
    return struct.pack("<4sQ2H2L4Q", END64, 44, 45, 45, 0, 0, count, count, size, place)


def two_wide_ends() -> bytes:
    text = TEXT + HIDDEN
    start = len(GOOD_FILE) + len(header(b"a.txt", b"")) + len(TEXT)
    data = GOOD_FILE + header(b"a.txt", text) + text
    entry, directory = listed(b"evil.pkl", EVIL, start), GOOD_LISTED
    directory += listed(b"a.txt", text, len(GOOD_FILE))
    first = len(data)
    data += entry + end64(1, len(entry), first)
    second = len(data)
    data += directory + end64(2, len(directory), second)
    data += struct.pack("<4sLQL", LOCATOR, 0, first + len(entry), 1)
    return data + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


DISAGREEING: Mapping[str, bytes] = {
    "a tar's entry of a kind that nobody knows": (
        in_tar("good.pkl", GOOD) + in_tar("evil.pkl", EVIL, b"Z") + TAR_END
    ),
    "a tar's link with content": (
        in_tar("good.pkl", GOOD)
        + in_tar("link", b"", tarfile.LNKTYPE, 512)
        + in_tar(AS_TEXT.decode(), b"", tarfile.DIRTYPE)
        + TAR_END
    ),
    "a tar behind one that has ended, and behind rubbish": (
        in_tar("good.pkl", GOOD) + TAR_END + b"x" * 512 + in_tar("evil.pkl", EVIL) + TAR_END
    ),
    "a tar whose first file has no name, in a zip": zipped(
        [("good.pkl", GOOD), ("a.tar", in_tar("", EVIL) + TAR_END)]
    ),
    "a tar that begins like a zip and ends as one": (
        in_tar("PKevil.pkl", EVIL) + TAR_END + zipped([("good.pkl", GOOD)])
    ),
    "a tar's file with another length in its extended header": (
        in_tar("good.pkl", GOOD)
        + in_pax("a.txt", b"", {"size": "0"}, 1024)
        + in_tar(AS_TEXT.decode(), b"", tarfile.DIRTYPE)
        + TAR_END
    ),
    "a tar's file with holes in front": (
        in_tar("good.pkl", GOOD)
        + in_pax(
            "evil.pkl",
            EVIL,
            {"GNU.sparse.map": f"512,{len(EVIL)}", "GNU.sparse.size": str(512 + len(EVIL))},
        )
        + TAR_END
    ),
    "a tar of an unknown kind in a zip": zipped(
        [("good.pkl", GOOD), ("a.bin", in_tar("a", EVIL, b"Z") + TAR_END)]
    ),
    "an archive in front of arrays": (
        zipped([("m.pkl", EVIL)], zipfile.ZIP_STORED) + savez(a=np.arange(3.0))
    ),
    "an archive in front of a skops file": zipped([("m.pkl", EVIL)]) + skops.io.dumps([1.5]),
    "a file that is packed in a way we cannot read": with_tail(
        header(b"evil.pkl", EVIL, method=UNKNOWN) + EVIL
    ),
    "a file that is said to be longer than the archive": with_tail(
        header(b"evil.pkl", EVIL, size=1 << 20) + EVIL
    ),
    "a file without a name": with_tail(header(b"", EVIL) + EVIL),
    "a file within a text that was written as a stream": stored_as_a_stream(),
    "a folder with content": folder_with_content(),
    "a directory within a text": directory_in_a_file(),
    "a damaged tar in front of an archive": (
        b"x" * 512 + in_tar("evil.pkl", EVIL) + TAR_END + zipped([("good.pkl", GOOD)])
    ),
    "two wide end records": two_wide_ends(),
}


@pytest.mark.parametrize("case", DISAGREEING)
def test_what_only_some_readers_find_is_never_accepted(case: str) -> None:
    assert report(DISAGREEING[case]).verdict is Verdict.REFUSE


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress, lzma.compress])
def test_what_comes_out_before_the_damage_is_not_passed_over(
    pack: Callable[[bytes], bytes],
) -> None:
    data = pack(EVIL + random.Random(7).randbytes(9000))[:5000] + zipped([("good.pkl", GOOD)])

    assert report(data).verdict is not Verdict.ACCEPT


ARRAYS = savez(a=np.arange(3.0))
LEGITIMATE: Mapping[str, bytes] = {
    "a tar of archives": tarred([(f"{n}.npz", ARRAYS) for n in range(3)]),
    "a zip of archives": zipped([(f"{n}.npz", ARRAYS) for n in range(40)], zipfile.ZIP_STORED),
    "documents beside a model": zipped(
        [("a.docx", zipped([("a.xml", TEXT)])), ("m.pkl", GOOD)], zipfile.ZIP_STORED
    ),
}


@pytest.mark.parametrize("case", LEGITIMATE)
def test_archives_within_an_archive_are_their_own(case: str) -> None:
    found = report(LEGITIMATE[case])

    assert (found.verdict, found.findings) == (Verdict.ACCEPT, ())


def test_arrays_whose_names_numpy_confuses_are_not_one_object() -> None:
    data = savez(**{"a": np.arange(3.0), "a.npy": np.arange(2.0)})

    assert scan(data).format == "zip"
    assert report(data).verdict is Verdict.ACCEPT


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_behind_a_damaged_header_is_read(form: int) -> None:
    # GNU tar goes on to the next header, and so does tarfile where it is told to ignore zeros.
    data = bytearray(tarred([("a.txt", TEXT), ("b.pkl", EVIL)], form))
    data[148:156] = b"00000000"

    found = report(bytes(data))

    assert found.verdict is Verdict.REFUSE
    assert {"SL101", "SL302"} <= {finding.rule for finding in found.findings}
    assert reason_to_skip("data", bytes(data)) is None
