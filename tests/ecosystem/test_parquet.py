"""Rows of a probe from a .parquet file, whose columns have types of their own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from safeload.cli.probe_file import read_probe
from safeload.errors import UsageError


def test_columns_keep_their_types(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["2026-01-31"]),
            "plan": pd.Categorical(["a"]),
            "visits": pd.array([None], dtype="Int64"),
        }
    )
    frame.to_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(read_probe(tmp_path / "a.parquet"), frame)


def test_what_is_no_parquet_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(UsageError):
        read_probe(tmp_path / "a.parquet", option="probe-from")
