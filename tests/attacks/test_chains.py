"""What accepted models do together is computing: a part of the search, which would see harm."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from tests.attacks.chains import is_plain_data
from tests.attacks.workers import Findings, run_seeds

CASES = {"tests.attacks.chains": 300, "tests.attacks.mutants": 60}


@pytest.mark.guarantee("G22")
@pytest.mark.parametrize("module", CASES)
def test_what_is_accepted_does_no_harm(module: str) -> None:
    told = run_seeds(module, 0, CASES[module])
    assert told["accepted"] > CASES[module] / 10
    assert told["findings"] == []


PLAIN: list[Any] = [
    1, "a", None, b"a", 1.5, [1, "a"], {"a": [1]}, np.arange(3), np.float64(1), np.array(["a"]),
    np.array([1, "a"], object), sp.csr_matrix(np.eye(2)), pd.DataFrame({"a": [1, "b"]}),
    pd.Series([1.0]), pd.Timestamp("2020"), pd.NA, slice(1),
]  # fmt: skip
OTHER: list[Any] = [
    iter([1]), (n for n in [1]), {"a": 1}.items(), len, int, sys, object(), [len], {"a": iter([])},
    np.array([len], object), pd.DataFrame({"a": [len]}), Path(), memoryview(b"a"), sys._getframe(),
]  # fmt: skip


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_data_are_told_from_what_acts(value: Any) -> None:
    assert is_plain_data(value)


@pytest.mark.parametrize("value", OTHER, ids=lambda value: type(value).__name__)
def test_what_acts_is_told_from_data(value: Any) -> None:
    assert not is_plain_data(value)


def run(seed: int, findings: Findings) -> bool:
    """Cases of a search that does find something: one kind of harm each."""
    path = Path("/canary")

    def endless() -> Iterator[int]:
        while True:
            yield 0

    acts: list[Any] = [
        lambda: None,
        lambda: path.open(),
        lambda: exec("1"),
        lambda: sum(endless()),
    ]
    if seed == len(acts):
        # Before it is accepted, it harms nobody but the search.
        os.abort()
    findings.accepted()
    if seed > len(acts):
        os.abort()
    findings.during(f"act {seed}", acts[seed])
    return True


def test_the_search_sees_what_it_is_for() -> None:
    told = run_seeds(__name__, 0, 6)
    assert told["accepted"] == 4
    found = {what for what, _ in told["findings"]}
    assert found == {"act 1", "act 2", "act 3", f"{__name__} 5"}
