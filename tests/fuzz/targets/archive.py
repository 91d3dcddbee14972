"""Zip archives: what is accepted holds for Python's own reader just what we say it holds."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Sequence

from safeload.limits import Limits
from safeload.scan.containers.archive import ArchiveError, read_archive
from safeload.scan.containers.unpack import Budget, extract
from tests.fuzz.mutation import bent
from tests.fuzz.target import Target, Violation

__all__ = ["TARGET"]

_LIMITS = Limits(bytes_out=1 << 22, ratio_floor=1 << 20)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def _examples() -> list[bytes]:
    examples = []
    for method in _METHODS:
        for members in ({}, {"a": b""}, {"schema.json": b"{}" * 9, "b/c": bytes(300), "d": b"d"}):
            for wide in (False, True):
                buffer = io.BytesIO()
                with zipfile.ZipFile(buffer, "w", method) as archive:
                    for name, content in members.items():
                        with archive.open(zipfile.ZipInfo(name), "w", force_zip64=wide) as file:
                            file.write(content)
                examples.append(buffer.getvalue())
    return examples


def _vary(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    if rng.random() < 0.05:
        return data + rng.choice(others)
    return bent(data, others, rng)


def _check(data: bytes) -> None:
    view = memoryview(data)
    budget = Budget(_LIMITS, len(data))
    try:
        members = read_archive(view, _LIMITS)
        contents = {name: extract(view, member, budget) for name, member in members.items()}
    except ArchiveError as problem:
        if problem.offset is not None and not 0 <= problem.offset <= len(data):
            raise Violation(f"the problem lies at {problem.offset}") from problem
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            found = {name: archive.read(name) for name in names}
    except Exception as error:
        raise Violation("zipfile refuses what was accepted") from error
    if sorted(names) != sorted(members):
        raise Violation(f"zipfile lists {names}")
    if any(found[name] != content for name, content in contents.items()):
        raise Violation("zipfile reads other bytes")


TARGET = Target(
    name="archive",
    about="accepted archives hold the same for zipfile",
    examples=_examples,
    check=_check,
    vary=_vary,
    dictionary=(b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"),
)
