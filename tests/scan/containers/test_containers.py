"""What is in a container is read as each of its readers would read it, and judged."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Mapping

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from safeload.verdict import FileReport, Verdict
from tests.containers import EVIL, GOOD, PACKERS, TEXT, tarred, zipped


def report(data: bytes, limits: Limits | None = None) -> FileReport:
    """What an audit says of a file."""
    scanned = scan(data, limits)
    return judge(scanned, Policy.of(None)).report("x", "0" * 64, len(data), scanned.format)


def rules(found: FileReport) -> set[str]:
    return {finding.rule for finding in found.findings}


def savez(*, compressed: bool = False, **arrays: object) -> bytes:
    out = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize("packer", PACKERS)
def test_an_legitimate_model_in_a_container_is_accepted(packer: str) -> None:
    found = report(PACKERS[packer](GOOD))

    assert (found.verdict, rules(found)) == (Verdict.ACCEPT, set())


@pytest.mark.parametrize("packer", PACKERS)
def test_a_hostile_one_is_refused_and_its_name_shown(packer: str) -> None:
    found = report(PACKERS[packer](EVIL))

    assert found.verdict is Verdict.REFUSE
    items = [item for item in found.globals if item.name == "posix.system"]
    assert not any(item.allowed for item in items)
    places = [finding.member for finding in found.findings if finding.rule == "SL101"]
    assert places == [item.member for item in items] != []


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_by_name_are_one_program(compressed: bool) -> None:
    data = savez(compressed=compressed, a=np.arange(4.0), b=np.array(["x", {}], object))

    found = report(data)

    assert (found.format, found.verdict) == ("npz", Verdict.ACCEPT)
    assert [member.path for member in found.members] == ["", "b.npy"]


def test_what_is_no_model_is_listed_with_its_reason() -> None:
    found = report(zipped([("readme.txt", TEXT), ("a/model.pkl", GOOD), ("b/", b"")]))

    assert [one.path for one in found.skipped] == ["readme.txt"]
    assert [member.path for member in found.members] == ["a/model.pkl"]


@pytest.mark.parametrize("data", [zipped([("a.txt", TEXT)]), tarred([("a.txt", TEXT)]), zipped([])])
def test_a_container_without_a_model_is_not_read(data: bytes) -> None:
    found = report(data)

    assert (found.verdict, rules(found)) == (Verdict.INCOMPLETE, {"SL001"})


def test_paths_name_every_container_on_the_way() -> None:
    inner = zipped([("b/c.pkl", EVIL)])

    found = report(zipped([("a.zip", inner)]))

    assert {finding.member for finding in found.findings} == {"a.zip!/b/c.pkl"}


# -- what readers of zips disagree about ----------------------------------------------------------


def changed(data: bytes, mark: bytes, offset: int, value: bytes, *, last: bool = False) -> bytes:
    """Other bytes at an offset from the first (or last) record of a kind."""
    start = (data.rindex(mark) if last else data.index(mark)) + offset
    return data[:start] + value + data[start + len(value) :]


LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
STORED = zipped([("model.pkl", EVIL)], zipfile.ZIP_STORED)
DISAGREEING: Mapping[str, bytes] = {
    "a wrong checksum": changed(STORED, CENTRAL, 16, b"abcd"),
    "an encryption flag in the directory": changed(STORED, CENTRAL, 8, b"\x01\x00"),
    "an encryption flag in both": changed(
        changed(STORED, CENTRAL, 8, b"\x01\x00"), LOCAL, 6, b"\x01\x00"
    ),
    "another method in the header": changed(STORED, LOCAL, 8, b"\x08\x00"),
    "another length in the header": changed(STORED, LOCAL, 18, struct.pack("<L", 5)),
    "no directory": STORED[: STORED.index(CENTRAL)],
    "a directory elsewhere": changed(STORED, END, 16, struct.pack("<L", 3)),
    "a file that no directory lists": (
        STORED[: STORED.index(CENTRAL)] + zipped([("a.txt", TEXT)], zipfile.ZIP_STORED)
    ),
    "a path that leads out": zipped([("../../model.pkl", EVIL)]),
    "an absolute path": zipped([("/etc/model.pkl", EVIL)]),
    "a path with a drive": zipped([("C:\\model.pkl", EVIL)]),
    "two files of one name, the first": zipped([("m.pkl", EVIL), ("m.pkl", GOOD)]),
    "two files of one name, the second": zipped([("m.pkl", GOOD), ("m.pkl", EVIL)]),
    "a directory in the comment of another": (
        lambda outer, inner: outer[:-2] + struct.pack("<H", len(inner)) + inner
    )(zipped([("a.txt", TEXT)]), STORED),
    "an archive behind a pickle": GOOD + STORED,
    "an archive in front of an archive": STORED + zipped([("a.pkl", GOOD)]),
    "a pickle in front of an archive": EVIL + zipped([("a.pkl", GOOD)]),
}


@pytest.mark.parametrize("case", DISAGREEING)
def test_what_any_reader_finds_is_read(case: str) -> None:
    found = report(DISAGREEING[case])

    assert found.verdict is Verdict.REFUSE
    assert "posix.system" in {item.name for item in found.globals}


SKOPS = skops.io.dumps(LogisticRegression())
LEGITIMATE: Mapping[str, tuple[bytes, str]] = {
    "a pickle that holds an archive": (pickle.dumps(zipped([("a.pkl", GOOD)])), "pickle"),
    "a pickle that holds a skops file": (pickle.dumps(SKOPS), "pickle"),
    "a skops file behind a prefix": (b"#!/bin/sh\n" + SKOPS, "skops"),
    "a schema of somebody else's": (
        zipped([("schema.json", b'{"type": "object"}'), ("model.pkl", GOOD)]),
        "zip",
    ),
}


@pytest.mark.parametrize("case", LEGITIMATE)
def test_an_legitimate_file_that_is_more_than_one_thing_is_accepted(case: str) -> None:
    data, form = LEGITIMATE[case]

    found = report(data)

    assert (found.format, found.verdict, found.findings) == (form, Verdict.ACCEPT, ())


def test_a_skops_file_within_an_archive_of_pickles_is_read_as_both() -> None:
    schema = json.dumps(
        {
            "__class__": "system", "__module__": "posix", "__loader__": "TypeNode",
            "protocol": 2, "_skops_version": "0.16.0",
        }
    )  # fmt: skip

    found = report(b"prefix" + zipped([("schema.json", schema.encode()), ("a.pkl", GOOD)]))

    assert found.verdict is Verdict.REFUSE
    assert "posix.system" in {item.name for item in found.globals}


def test_what_is_encrypted_is_not_read() -> None:
    data = changed(zipped([("model.pkl", GOOD)]), CENTRAL, 8, b"\x01\x00")
    data = changed(data, LOCAL, 6, b"\x01\x00")
    # Random bytes are no stream of the compression that they are said to be.
    start = data.index(b"model.pkl") + 9
    data = data[:start] + bytes(range(7, 27)) + data[start + 20 :]

    found = report(data)

    assert (found.verdict, rules(found)) == (Verdict.INCOMPLETE, {"SL011"})


def test_an_legitimate_archive_that_was_written_as_a_stream_is_accepted() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: object) -> int:
            raise io.UnsupportedOperation

        def tell(self) -> int:
            raise io.UnsupportedOperation

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.pkl", GOOD)
        archive.writestr("b.pkl", GOOD)

    found = report(pipe.getvalue())

    assert (found.verdict, rules(found)) == (Verdict.ACCEPT, set())


def test_names_in_any_language_are_names() -> None:
    found = report(zipped([("modèle/модель.pkl", GOOD)]))

    assert found.verdict is Verdict.ACCEPT
    assert found.members[0].path.isascii()


# -- what costs too much --------------------------------------------------------------------------


def nest(times: int) -> bytes:
    data = GOOD
    for _ in range(times):
        data = zipped([("a.zip", data)])
    return data


BOMBS: Mapping[str, tuple[bytes, Limits]] = {
    "containers within each other": (nest(7), Limits()),
    "a bomb": (zipped([("a.pkl", bytes(1 << 22))]), Limits(ratio=10, ratio_floor=1 << 16)),
    "a bomb in two layers": (
        zipped([("a.zip", zipped([("a.pkl", bytes(1 << 20))])) for _ in range(3)]),
        Limits(ratio=30, ratio_floor=1 << 16),
    ),
    "many files": (zipped([(f"{n}.pkl", GOOD) for n in range(20)]), Limits(members=10)),
    "many files in a tar": (tarred([(f"{n}.pkl", GOOD) for n in range(20)]), Limits(members=10)),
    "many pickles": (GOOD * 20, Limits(members=10)),
}


@pytest.mark.parametrize("case", BOMBS)
def test_what_costs_too_much_is_not_read(case: str) -> None:
    data, limits = BOMBS[case]

    found = report(data, limits)

    assert found.verdict is Verdict.INCOMPLETE
    assert "SL002" in rules(found)


def test_files_that_lie_upon_each_other_are_refused() -> None:
    one = zipped([("a.pkl", GOOD)], zipfile.ZIP_STORED)
    start, end = one.index(CENTRAL), one.index(END)
    entry = one[start:end]
    many = entry * 5
    data = one[:start] + many + struct.pack("<4s4H2LH", END, 0, 0, 5, 5, len(many), start, 0)

    found = report(data)

    # The same entry five times is one; another name for the same bytes is not.
    assert found.verdict is Verdict.ACCEPT
    renamed = entry.replace(b"a.pkl", b"b.pkl")
    data = (
        one[:start]
        + entry
        + renamed
        + struct.pack("<4s4H2LH", END, 0, 0, 2, 2, 2 * len(entry), start, 0)
    )
    assert report(data).verdict is Verdict.REFUSE


@pytest.mark.parametrize("cut", range(1, 60, 7))
@pytest.mark.parametrize("packer", ["zip, deflated", "tar, pax", "an array of objects"])
def test_what_was_cut_short_is_never_accepted(packer: str, cut: int) -> None:
    data = PACKERS[packer](GOOD)
    # Zeros at the end of a tar are no part of what it holds.
    data = data.rstrip(b"\0") if packer == "tar, pax" else data

    assert report(data[:-cut]).verdict is not Verdict.ACCEPT
