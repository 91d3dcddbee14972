"""Arrow arrays: buffers that do not hold what length and offsets say are refused.

The streams are assembled, so that no pyarrow is needed; ``tests/ecosystem`` has genuine ones.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

import safeload
from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle

ARRAY, BUFFER, ALIAS = (
    Name("pyarrow.lib", name) for name in ("_restore_array", "py_buffer", "type_for_alias")
)


def buffer(data: bytes | None) -> Any:
    return None if data is None else make_call(BUFFER, data)


def numbers(form: str, *values: int) -> bytes:
    return struct.pack(f"<{len(values)}{form}", *values)


def messages(path: Path, kind: Any, *parts: Any) -> list[str]:
    length, nulls, offset, buffers, *rest = parts
    held = [buffer(data) for data in buffers]
    token = (kind, length, nulls, offset, held, *(rest or ([], None)))
    (path / "array").write_bytes(Pickle(4).call(ARRAY, token).finish())
    report = safeload.audit(path / "array").files[0]
    assert {finding.rule for finding in report.findings} <= {"SL401"}
    return [finding.message for finding in report.findings]


OFFSETS = numbers("q", 0, 1, 1, 4)
SOUND: dict[str, tuple[Any, ...]] = {
    "large_string": (3, 1, 0, [b"\x05", OFFSETS, b"abcd"]),
    "string": (2, 0, 0, [None, numbers("i", 0, 1, 2), b"ab"]),
    "binary": (0, 0, 0, [None, None, None]),
    "int64": (2, -1, 0, [None, numbers("q", 1, 2)]),
    "bool": (8, 0, 1, [None, b"\xff\x01"]),
    "timestamp[ns]": (1, 0, 1, [b"\x03", numbers("q", 1, 2)]),
}
FORGED: dict[str, tuple[str, tuple[Any, ...], str]] = {
    "beyond the text": ("large_string", (3, 0, 0, [None, OFFSETS, b"abc"]), "offsets"),
    "backwards": ("string", (2, 0, 0, [None, numbers("i", 0, 2, 1), b"ab"]), "offsets"),
    "below zero": ("string", (1, 0, 0, [None, numbers("i", -9, 1), b"ab"]), "offsets"),
    "an offset too few": ("string", (3, 0, 0, [None, numbers("i", 0, 1, 2), b"ab"]), "offsets"),
    "an element too few": ("int64", (3, 0, 0, [None, numbers("q", 1, 2)]), "too few elements"),
    "an element too few from the second": ("int64", (2, 0, 1, [None, numbers("q", 1, 2)]),
                                           "too few elements"),
    "a bit too few": ("bool", (9, 0, 0, [None, b"\xff"]), "too few elements"),
    "nulls unsaid": ("int8", (9, 0, 0, [b"\xff", bytes(9)]), "null"),
    "nulls without a map": ("int8", (9, 3, 0, [None, bytes(9)]), "null_count"),
    "more nulls than elements": ("int8", (1, 9, 0, [b"\xff", bytes(9)]), "null_count"),
    "a negative length": ("int8", (-1, 0, 0, [None, b""]), "length"),
    "a huge offset": ("int8", (1, 0, 2**62, [None, b"1"]), "offset"),
    "a buffer missing": ("string", (1, 0, 0, [None, numbers("i", 0, 1)]), "buffers"),
    "children": ("int8", (0, 0, 0, [None, b""], [1], None), "children"),
    "a dictionary": ("int8", (0, 0, 0, [None, b""], [], 1), "children"),
    "another type": ("month_day_nano_interval", (1, 0, 0, [None, b"1"]), "type"),
}  # fmt: skip


@pytest.mark.parametrize("alias", SOUND)
def test_a_sound_array_is_accepted(alias: str, tmp_path: Path) -> None:
    assert messages(tmp_path, make_call(ALIAS, alias), *SOUND[alias]) == []


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_array_is_refused(case: str, tmp_path: Path) -> None:
    alias, parts, reason = FORGED[case]
    (message,) = messages(tmp_path, make_call(ALIAS, alias), *parts)
    assert reason in message


def test_a_time_zone_is_no_other_type(tmp_path: Path) -> None:
    zoned = make_call(Name("pyarrow.lib", "timestamp"), "ns", "Europe/Paris")
    assert messages(tmp_path, zoned, *SOUND["timestamp[ns]"]) == []
    assert messages(tmp_path, zoned, 2, 0, 0, [None, bytes(8)]) != []
