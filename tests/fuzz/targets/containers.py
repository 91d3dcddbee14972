"""Containers: what any reader gets out of one is neither accepted nor passed over unseen.

Each file is unpacked as Python's own readers unpack it, again and again, and what comes out is run
by the C and the Python unpickler on stubs. Whoever gets to a call that the examples hide must not
be told that the file is accepted, nor that there is no model in it.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import py7zr

from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.discovery import reason_to_skip
from safeload.scan.scan import scan
from safeload.verdict import Verdict, verdict_of
from tests.containers import EVIL, GOOD, PACKERS, TEXT, tarred, zipped
from tests.fuzz.mutation import bent
from tests.fuzz.target import Target, Violation, foreseen
from tests.old_joblib import dumps, zfile
from tests.scan.stubs import unpickle

__all__ = ["TARGET"]

_LIMITS = Limits(bytes_out=1 << 22, ratio_floor=1 << 20, seconds=20.0)
# Bytes that are taken of each file, and containers within each other.
_MOST, _DEPTH = 1 << 16, 3
_HARM = ("posix", "system")
_Reader = Callable[[bytes], Iterator[bytes]]


def _sevenzip(*files: tuple[str, bytes], **options: Any) -> bytes:
    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w", **options) as archive:
        for name, content in files:
            archive.writestr(content, name)
    return buffer.getvalue()


def _examples() -> list[bytes]:
    copied = [{"id": py7zr.FILTER_COPY}]
    files = dumps({"a": [1.5]}, "m.pkl", compress=True)
    return [
        *[pack(data) for pack in PACKERS.values() for data in (GOOD, EVIL)],
        _sevenzip(("a.txt", TEXT), ("b.pkl", EVIL)),
        _sevenzip(("b", EVIL), filters=copied),
        b"MZ" + bytes(100) + _sevenzip(("b", EVIL), filters=copied),
        zfile(EVIL),
        zipped(list(files.items())),
        tarred([("a.7z", _sevenzip(("b", EVIL)))]),
        zipped([("a.txt", TEXT)]) + EVIL,
        zipped([("a", GOOD)]) + tarred([("b", EVIL)]),
    ]


def _vary(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    kind = rng.random()
    if kind < 0.1:
        return data + rng.choice(others)
    if kind < 0.2:
        packed: bytes = PACKERS[rng.choice(list(PACKERS))](bent(data, others, rng))
        return packed
    if kind < 0.3:
        return bytes(rng.randrange(4)) + data
    return bent(data, others, rng)


def _check(data: bytes) -> None:
    scanned = scan(data, _LIMITS)
    findings = judge(scanned, Policy.default()).findings
    # Offsets count in what was unpacked.
    foreseen(findings, max(len(data), _LIMITS.bytes_out))
    verdict = verdict_of(findings)
    skipped = reason_to_skip("data", data)
    if verdict is not Verdict.ACCEPT and skipped is None:
        return
    for how, stream in _streams(data, "", 0):
        for kind in ("c", "python"):
            if _HARM in unpickle(stream, kind).asked:
                where = f"the {kind} unpickler gets to the call{how}"
                if verdict is Verdict.ACCEPT:
                    raise Violation(f"accepted, and {where}")
                raise Violation(f"passed over, and {where}")


def _streams(data: bytes, how: str, depth: int) -> Iterator[tuple[str, bytes]]:
    """All that the readers get, with the way that each was come by."""
    yield how, data
    if depth == _DEPTH:
        return
    for name, read in _READERS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = list(read(data))
            except Exception:  # noqa: BLE001  # whatever a reader raises, it has nothing
                continue
        for content in found:
            yield from _streams(content, f"{how} by {name}", depth + 1)


def _zip(data: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            yield from _taken(partial(archive.open, entry))


def _tar(data: bytes) -> Iterator[bytes]:
    with tarfile.open(fileobj=io.BytesIO(data), ignore_zeros=True) as archive:
        for entry in archive:
            yield from _taken(partial(archive.extractfile, entry))


def _7z(data: bytes) -> Iterator[bytes]:
    factory = py7zr.io.BytesIOFactory(_MOST)
    with py7zr.SevenZipFile(io.BytesIO(data)) as archive:
        if sum(entry.uncompressed for entry in archive.list()) > _MOST:
            return
        archive.extractall(factory=factory)
    yield from [file.read() for file in factory.products.values()]


def _taken(begin: Callable[[], Any]) -> Iterator[bytes]:
    """What a reader gets of a file before it fails."""
    content = b""
    try:
        with begin() as file:
            while len(content) < _MOST and (piece := file.read(256)):
                content += piece
    except Exception:  # noqa: BLE001  # what came before is what there is
        pass
    if content:
        yield content


def _stream(new: Callable[[], Any]) -> _Reader:
    def read(data: bytes) -> Iterator[bytes]:
        yield new().decompress(data, _MOST)

    return read


_READERS: dict[str, _Reader] = {
    "zipfile": _zip,
    "tarfile": _tar,
    "py7zr": _7z,
    "gzip": lambda data: _taken(partial(gzip.open, io.BytesIO(data))),
    "bz2": lambda data: _taken(partial(bz2.open, io.BytesIO(data))),
    "lzma": lambda data: _taken(partial(lzma.open, io.BytesIO(data))),
    "zlib": _stream(zlib.decompressobj),
}


TARGET = Target(
    name="containers",
    about="no reader gets to a call in what is accepted or passed over",
    examples=_examples,
    check=_check,
    vary=_vary,
    dictionary=(
        b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"ustar\x0000",
        b"ustar  \x00", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\x00",
        b"\x93NUMPY", b"ZF0x10", b"MZ", EVIL, GOOD,
    ),
)  # fmt: skip
