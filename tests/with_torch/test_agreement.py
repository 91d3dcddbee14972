"""What is read of an archive is what torch's own reader reads, whatever is done to its frame."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator

import pytest

from safeload.limits import Limits
from safeload.scan.containers.archive import ArchiveError
from safeload.scan.containers.nesting import Nesting
from safeload.scan.containers.torch.recognise import is_checkpoint
from safeload.scan.containers.torch.records import read_records
from tests.checkpoints import Record, checkpoint, pickled, tensor

torch = pytest.importorskip("torch", reason="'make torch' installs it")

VALUE = {"weight": tensor()}
PACKED = Record("archive/data.pkl", pickled(VALUE), deflated=True)
ORIGINALS = [checkpoint(VALUE), checkpoint(VALUE, replaced={"data.pkl": PACKED})]
# The headers of a zip archive, and how many bytes of each are changed: names and extra fields too.
HEADERS = {
    b"PK\x01\x02": 86, b"PK\x03\x04": 110, b"PK\x05\x06": 22, b"PK\x06\x06": 56,
    b"PK\x06\x07": 20, b"PK\x07\x08": 16,
}  # fmt: skip
CASES = 4_000


def _frame(data: bytes) -> list[int]:
    """Where the bytes are that say what is in an archive."""
    places: list[int] = []
    for signature, length in HEADERS.items():
        start = data.find(signature)
        while start >= 0:
            places += range(start, min(start + length, len(data)))
            start = data.find(signature, start + 1)
    return places


def _mutants() -> Iterator[bytes]:
    chance = random.Random(0)  # no secret
    frames = [(data, _frame(data)) for data in ORIGINALS]
    for _ in range(CASES):
        original, places = chance.choice(frames)
        data = bytearray(original)
        for _ in range(chance.choice([1, 1, 2, 3])):
            place = min(chance.choice(places), len(data) - 1)
            kind = chance.randrange(5)
            if kind == 0:
                data[place] ^= 1 << chance.randrange(8)
            elif kind == 1:
                data[place] = chance.choice([0, 1, 8, 9, 0x20, 0x2F, 0x41, 0xFF])
            elif kind == 2:
                start, length = chance.choice(places), chance.choice([1, 2, 4, 8])
                data[place : place + length] = data[start : start + length]
            elif kind == 3:
                data[place:place] = bytes(chance.choice([1, 2, 4, 16]))
            else:
                del data[place : place + chance.choice([1, 2, 4])]
        yield bytes(data)


def _ours(data: bytes) -> dict[str, bytes] | None:
    try:
        records = read_records(memoryview(data), Nesting.of(Limits(), len(data)))
        return {record.name: bytes(records.read(record)) for _, record in records}
    except ArchiveError:
        return None


def _torchs(data: bytes) -> dict[str, bytes] | None:
    try:
        reader = torch._C.PyTorchFileReader(io.BytesIO(data))
        return {name: bytes(reader.get_record(name)) for name in reader.get_all_records()}
    except (RuntimeError, UnicodeDecodeError):
        # No name of torch's is other text than UTF-8.
        return None


def _finds_a_pickle(data: bytes) -> bool:
    try:
        torch._C.PyTorchFileReader(io.BytesIO(data)).get_record("data.pkl")
    except RuntimeError:
        return False
    return True


def test_no_other_bytes_are_read_than_torch_reads() -> None:
    read = 0
    for data in _mutants():
        ours, torchs = _ours(data), _torchs(data)
        if ours is not None and torchs is not None:
            read += 1
            assert ours == torchs

    # Times, CRCs, versions: what both ignore.
    assert read > CASES // 20


def test_no_archive_that_torch_unpickles_is_taken_for_another() -> None:
    for data in _mutants():
        if data.startswith(b"PK\x03\x04") and _finds_a_pickle(data):
            assert is_checkpoint(data)
