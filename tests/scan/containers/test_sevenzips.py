"""The files in 7z archives are read, within the limits, or it is said why not."""

from __future__ import annotations

import gzip
import io
import struct
import sys
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import py7zr
import pytest

from safeload.limits import Limits
from safeload.scan.discovery import reason_to_skip
from safeload.verdict import Verdict
from tests.containers import EVIL, GOOD, TEXT, tarred, zipped
from tests.scan.containers.test_containers import report, rules

FILTERS: Mapping[str, list[dict[str, int]] | None] = {
    "as by default": None,
    "LZMA": [{"id": py7zr.FILTER_LZMA}],
    "LZMA2 and delta": [{"id": py7zr.FILTER_DELTA}, {"id": py7zr.FILTER_LZMA2}],
    "LZMA2 and x86": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2}],
    "LZMA and x86": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA}],
    "bzip2": [{"id": py7zr.FILTER_BZIP2}],
    "PPMd": [{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 16}],
    "deflate": [{"id": py7zr.FILTER_DEFLATE}],
    "stored": [{"id": py7zr.FILTER_COPY}],
}


def packed(*files: tuple[str, bytes], **options: Any) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", **options) as archive:
        for name, content in files:
            archive.writestr(content, name)
    return out.getvalue()


def solid(data: bytes, filters: list[dict[str, int]] | None = None) -> bytes:
    return packed(("readme.txt", TEXT), ("a/b.pkl", data), ("c.pkl", GOOD), filters=filters)


@pytest.mark.parametrize("filters", FILTERS)
def test_models_in_an_archive_are_judged(filters: str) -> None:
    good, evil = (report(solid(data, FILTERS[filters])) for data in (GOOD, EVIL))

    assert (good.format, good.verdict, good.findings) == ("7z", Verdict.ACCEPT, ())
    assert [one.path for one in good.skipped] == ["readme.txt"]
    assert [(one.rule, one.member) for one in evil.findings] == [("SL101", "a/b.pkl")]


def test_archives_lie_within_each_other() -> None:
    for data in (
        zipped([("a.7z", packed(("b.pkl", EVIL)))]),
        packed(("a.tar", tarred([("b.pkl", EVIL)]))),
        packed(("a.7z", packed(("b.pkl", EVIL)))),
    ):
        assert report(data).verdict is Verdict.REFUSE


def test_an_archive_is_passed_over_only_if_there_is_no_model_in_it() -> None:
    assert reason_to_skip("a", packed(("b.txt", TEXT)))
    assert reason_to_skip("a", packed(("b", EVIL))) is None
    assert reason_to_skip("a", packed(("b", EVIL), password="x")) is None


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(("a.pkl", GOOD))
    for name in [name for name in sys.modules if name.partition(".")[0] == "py7zr"]:
        monkeypatch.setitem(sys.modules, name, None)

    found = report(data)

    assert (found.verdict, rules(found)) == (Verdict.INCOMPLETE, {"SL003"})
    assert "safeload[archives]" in found.findings[0].message
    assert reason_to_skip("a", data) is None


@pytest.mark.parametrize("header", [False, True])
def test_what_is_encrypted_is_not_read(header: bool) -> None:
    found = report(packed(("a.pkl", GOOD), password="x", header_encryption=header))

    assert (found.verdict, rules(found)) == (Verdict.INCOMPLETE, {"SL011"})


COSTLY: Mapping[str, tuple[bytes, Limits]] = {
    "a dictionary of a gigabyte": (
        solid(GOOD, [{"id": py7zr.FILTER_LZMA2, "dict_size": 1 << 30}]),
        Limits(),
    ),
    "a model of half a gigabyte": (
        solid(GOOD, [{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 29}]),
        Limits(),
    ),
    "a dictionary for the header": (solid(GOOD), Limits(dictionary=1 << 12)),
    "a bomb": (packed(("a.pkl", bytes(1 << 22))), Limits(ratio=10, ratio_floor=1 << 16)),
    "a bomb of deflate": (
        packed(("a.pkl", bytes(1 << 22)), filters=FILTERS["deflate"]),
        Limits(ratio=10, ratio_floor=1 << 16),
    ),
    "many files": (packed(*[(f"{n}.pkl", GOOD) for n in range(20)]), Limits(members=10)),
}


@pytest.mark.parametrize("case", COSTLY)
def test_what_costs_too_much_is_not_read(case: str) -> None:
    data, limits = COSTLY[case]

    found = report(data, limits)

    assert (found.verdict, rules(found)) == (Verdict.INCOMPLETE, {"SL002"})


def test_a_method_that_unpacks_without_a_bound_is_not_read() -> None:
    found = report(solid(GOOD, [{"id": py7zr.FILTER_ZSTD}]))

    assert (found.verdict, rules(found)) == (Verdict.INCOMPLETE, {"SL003"})


STORED = packed(("model.pkl", EVIL), filters=FILTERS["stored"])
BROKEN: Mapping[str, bytes] = {
    "a wrong checksum": STORED.replace(EVIL, EVIL.replace(b"id", b"ls")),
    "two files of one name": packed(("m.pkl", EVIL), ("m.pkl", GOOD)),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_odd_is_read_all_the_same(case: str) -> None:
    found = report(BROKEN[case])

    assert found.verdict is Verdict.REFUSE
    assert "posix.system" in {item.name for item in found.globals}
    assert rules(found) & {"SL302", "SL902"}


def test_a_name_that_leads_out_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # The writer takes no such name.
    monkeypatch.setattr("py7zr.py7zr.check_archive_path", lambda _: True)

    found = report(packed(("../../model.pkl", GOOD)))

    assert (found.verdict, rules(found)) == (Verdict.REFUSE, {"SL302"})


def test_what_was_cut_short_or_changed_is_never_accepted_as_something_else() -> None:
    data = solid(EVIL)

    for cut in range(1, len(data) - 6, 29):
        assert report(data[:-cut]).verdict is not Verdict.ACCEPT
    for place in range(6, len(data), 7):
        changed = data[:place] + bytes([data[place] ^ 0x11]) + data[place + 1 :]
        assert report(changed).verdict is not Verdict.ACCEPT


def test_an_empty_archive_holds_no_model() -> None:
    found = report(packed())

    assert (found.verdict, rules(found)) == (Verdict.INCOMPLETE, {"SL001"})


STUBS = {
    "a program for Windows": b"MZ" + bytes(9_000),
    "a program for Linux": b"\x7fELF" + bytes(17 << 20),
    "a script": b"#!/bin/sh\nexit\n",
    "a picture": b"\xff\xd8\xff\xe0" + bytes(1_000),
    "a signature without a header": b"MZ7z\xbc\xaf\x27\x1c" + bytes(60),
    "an archive without a model": b"MZ" + packed(("a.txt", TEXT)),
    "a pickle": GOOD,
    "a zip": zipped([("a.pkl", GOOD)]),
    "a tar": tarred([("a.pkl", GOOD)]),
}


@pytest.mark.parametrize("stub", STUBS)
def test_an_archive_behind_something_else_is_read(stub: str) -> None:
    data = STUBS[stub] + packed(("a/b.pkl", EVIL))

    found = report(data)

    assert found.verdict is Verdict.REFUSE
    assert "SL101" in rules(found)
    assert "a/b.pkl" in {one.member.rpartition("!/")[2] for one in found.findings}
    assert reason_to_skip("setup.exe", data) is None
    assert report(zipped([("setup.exe", data)])).verdict is Verdict.REFUSE
    assert report(gzip.compress(data)).verdict is Verdict.REFUSE


def test_an_legitimate_one_is_accepted() -> None:
    found = report(STUBS["a program for Windows"] + packed(("a/b.pkl", GOOD)))

    assert (found.format, found.verdict) == ("7z", Verdict.ACCEPT)


def test_one_that_is_stored_in_another_archive_is_read_once() -> None:
    inner = packed(("b.pkl", GOOD))

    for data in (zipped([("a.7z", inner)], zipfile.ZIP_STORED), tarred([("a.7z", inner)])):
        assert [member.path for member in report(data).members] == ["a.7z!/b.pkl"]


def test_programs_without_an_archive_are_passed_over() -> None:
    assert reason_to_skip("setup.exe", STUBS["a program for Windows"])
    assert reason_to_skip("setup.exe", gzip.compress(STUBS["a program for Windows"]))


def test_no_file_has_archives_without_end() -> None:
    data = b"MZ" + 101 * packed(("a.txt", TEXT))

    found = report(data)

    assert (found.verdict, rules(found)) == (Verdict.INCOMPLETE, {"SL002"})


def test_what_is_only_another_reading_ends_at_its_limits_too() -> None:
    data = GOOD + packed(("a", GOOD), ("b", GOOD), ("c", GOOD))

    found = report(data, Limits(members=2))

    assert rules(found) == {"SL202", "SL002"}


def as_link(content: bytes) -> bytes:
    """An archive with a link in it, which points to whatever the content is."""
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", filters=FILTERS["stored"]) as archive:
        archive.set_encoded_header_mode(False)
        archive.writestr(content, "b")
    data = bytearray(out.getvalue())
    attributes = data.index(b"\x15\x06\x01\x00") + 4
    data[attributes : attributes + 4] = struct.pack("<I", 0o120777 << 16 | 0x8000)
    offset, size = struct.unpack_from("<QQ", data, 12)
    data[28:32] = struct.pack("<I", zlib.crc32(data[32 + offset : 32 + offset + size]))
    data[8:12] = struct.pack("<I", zlib.crc32(data[12:32]))
    return bytes(data)


def test_a_link_is_read_unless_it_is_a_path() -> None:
    found = report(as_link(EVIL))

    assert [(one.rule, one.member) for one in found.findings] == [("SL101", "b")]
    assert reason_to_skip("a", as_link(EVIL)) is None
    assert reason_to_skip("a", as_link("é/a.txt".encode()))
