"""Where pyarrow is installed, pandas keeps texts in its arrays: frames, indexes and categories."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

import safeload
from safeload.policy.rules.pandas import column_names
from safeload.scan.program import ObjectToken
from safeload.scan.scan import scan

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


def names_in(frame: pd.DataFrame) -> frozenset[str] | None:
    program = scan(pickle.dumps(frame, 4)).programs[0]
    frames = [built for built in program.built if built.is_of("pandas", "DataFrame")]
    assert isinstance(frames[0], ObjectToken)
    return column_names(frames[0])


def test_the_names_of_columns_are_those_that_arrow_reads() -> None:
    frame = pd.DataFrame(np.zeros((1, 3)), columns=["a", "bee", "ü"])
    assert names_in(frame) == frozenset({"a", "bee", "ü"})
    # A slice keeps the buffers of the whole, and says where it begins.
    assert names_in(frame.iloc[:, 1:]) == frozenset({"bee", "ü"})
    assert names_in(frame.iloc[:, :1]) == frozenset({"a"})


def test_columns_with_a_missing_name_have_no_names() -> None:
    assert names_in(pd.DataFrame(np.zeros((1, 2)), columns=["a", None])) is None


FORMULAS: dict[str, tuple[str, bool]] = {
    "of columns": ("y ~ a", True),
    "of what is not a column": ("y ~ b", False),
    "that calls": ("y ~ a + a.cumsum()", False),
}


@pytest.mark.parametrize("case", FORMULAS)
def test_a_formula_beside_a_frame_names_its_columns_and_nothing_else(case: str) -> None:
    formulas = pytest.importorskip("statsmodels.formula.api")
    formula, is_accepted = FORMULAS[case]
    frame = pd.DataFrame({"y": np.arange(9.0), "a": np.arange(9.0) ** 2})
    made: Callable[..., Any] = formulas.ols
    # The names in reach while it is made are no columns.
    b = frame["a"]
    data = pickle.dumps(made(formula, frame).fit(), 4)
    assert len(b) == len(frame)
    assert (not findings_of(data)) == is_accepted


def findings_of(data: bytes) -> list[str]:
    from safeload.policy.judge import judge
    from safeload.policy.policy import Policy

    policy = Policy.default(packs=["statsmodels"])
    return [finding.rule for finding in judge(scan(data), policy).findings]
