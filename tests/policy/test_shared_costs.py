"""Every rule and check pays for what it walks, however many objects share it.

An attacker writes one large part, and has many small objects recall it: what walks it for each of
them takes a time that grows with the square of the file. So each part of legitimate objects gives
way to a large one that many share, and the steps are counted; no clock is looked at.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.policy import shared_costs

# Processes, and of how many cases one is tried where there is not time for all.
SHARES, SEVERAL = 4, 14


def _costs(*arguments: str) -> list[dict[str, Any]]:
    child = subprocess.run(
        [sys.executable, "-m", shared_costs.__name__, *arguments],
        capture_output=True,
        check=False,
        text=True,
        timeout=3_600,
    )
    assert child.returncode == 0, child.stderr[-2_000:]
    return [json.loads(line) for line in child.stdout.splitlines()]


@pytest.mark.guarantee("G15")
@pytest.mark.parametrize("every", [SEVERAL, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("share", range(SHARES))
def test_twice_as_many_holders_of_twice_as_much_cost_no_more_than_twice(
    share: int, every: int
) -> None:
    costs = _costs(str(share), str(SHARES), str(every))
    assert [cost["name"] for cost in costs] == shared_costs.names()[share::SHARES]
    # Whose rule is new has no case before there is a legitimate object for it among the streams.
    assert [cost["name"] for cost in costs if cost["cases"] == 0] == []
    assert [cost for cost in costs if cost["costly"]] == []


def test_what_is_walked_without_pay_is_seen() -> None:
    costs = _costs("0", "1", str(SEVERAL), "pandas_", "unpaid")
    costly = {cost["name"] for cost in costs if cost["costly"]}
    # In a loop of Python, and in one of C.
    assert {"rule pandas_index", "rule pandas_offset", "check pandas_series"} <= costly
