"""Days and times pass as Python writes them; those that there are not are refused."""

from __future__ import annotations

import datetime as dt
import pickle
from pathlib import Path

import pytest

import safeload

ZONE = dt.timezone(dt.timedelta(hours=2))
WRITTEN = [
    dt.date.min,
    dt.date.max,
    dt.time.min,
    dt.time.max,
    dt.time(1, 2, fold=1),
    dt.time(1, 2, tzinfo=ZONE),
    dt.datetime.min,  # noqa: DTZ901  # the first there is
    dt.datetime.max,  # noqa: DTZ901  # the last there is
    dt.datetime(2020, 12, 31, 23, 59, fold=1, tzinfo=ZONE),
]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("moment", WRITTEN, ids=str)
def test_what_python_writes_is_loaded(moment: object, protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(pickle.dumps(moment, protocol))
    assert safeload.load_unsigned(path) == moment


FORGED = {
    "no year": (dt.date, b"\x00\x00\x01\x01"),
    "a year of five digits": (dt.date, b"\x27\x10\x01\x01"),
    "no day": (dt.date, b"\x07\xe4\x01\x00"),
    "a day too late": (dt.date, b"\x07\xe4\x01\x20"),
    "a month too late": (dt.date, b"\x07\xe4\x0d\x01"),
    "a time without a year": (dt.datetime, b"\x00\x00\x01\x01" + b"\x00" * 6),
    "an hour too late": (dt.time, b"\x18\x00\x00\x00\x00\x00"),
    "a minute too late": (dt.time, b"\x00\x3c\x00\x00\x00\x00"),
    "a second too late": (dt.time, b"\x00\x00\x3c\x00\x00\x00"),
    "a million microseconds": (dt.time, b"\x00\x00\x00\x0f\x42\x40"),
    "too few bytes": (dt.time, b"\x00\x00\x00"),
}


class Call:
    """Pickled as a call."""

    def __init__(self, function: type, data: object) -> None:
        self._made = (function, (data,))

    def __reduce__(self) -> tuple[type, tuple[object]]:
        return self._made


@pytest.mark.parametrize("protocol", [0, 4])
@pytest.mark.parametrize("name", FORGED)
def test_what_there_is_not_is_refused(name: str, protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(pickle.dumps(Call(*FORGED[name]), protocol))
    findings = safeload.audit(path).files[0].findings
    assert {finding.rule for finding in findings} == {"SL401"}


def test_text_that_stands_for_bytes_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(pickle.dumps(Call(dt.date, "\x00\x00\x01\x01"), 2))
    findings = safeload.audit(path).files[0].findings
    assert {finding.rule for finding in findings} == {"SL401"}
