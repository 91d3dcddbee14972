"""Where pyarrow is installed, pandas keeps texts in its arrays: frames, indexes and categories."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest

import safeload

pytest.importorskip("pyarrow", reason="make ecosystem installs pyarrow")

FRAME = pd.DataFrame({"text": ["x", "y", None], "number": [1, 2, 3]})
VALUES: dict[str, Any] = {
    "frame": FRAME,
    "columns": FRAME.columns,
    "strings": pd.Series(["a", None], dtype="string[pyarrow]"),
    "none of them": pd.Series([], dtype="string[pyarrow]"),
    "a slice": FRAME["text"][1:],
    "categories": FRAME["text"].astype("category"),
    "levels": pd.MultiIndex.from_product([["a", "b"], [1]]),
    "numbers": pd.Series([1, None], dtype="int64[pyarrow]"),
    "flags": pd.Series([True, None], dtype="bool[pyarrow]"),
    "times": pd.Series(pd.to_datetime(["2026-01-01"])).astype("timestamp[ns, UTC][pyarrow]"),
}


@pytest.mark.parametrize("name", VALUES)
def test_columns_are_accepted_and_load_to_the_same(name: str, tmp_path: Path) -> None:
    value, path = VALUES[name], tmp_path / "value"
    joblib.dump(value, path)
    forms = [path.read_bytes(), *(pickle.dumps(value, protocol) for protocol in (2, 4, 5))]
    for data in forms:
        path.write_bytes(data)
        assert safeload.audit(path).files[0].findings == ()
        loaded = safeload.load_unsigned(path)
        assert type(loaded) is type(value)
        assert loaded.equals(value)
