"""What the packs allow to be called costs little, whatever plain values its rule lets pass."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from safeload.policy.policy import Policy
from safeload.scan.program import Use
from tests.policy import call_costs

SECONDS, MEMORY = 1.0, 100 << 20


def test_every_name_that_may_be_called_has_a_rule() -> None:
    called = {key: e for key, e in Policy.default().entries.items() if Use.CALL in e.uses}
    assert len(called) > 100
    assert [key for key, entry in called.items() if entry.rule is None] == []


@pytest.mark.filterwarnings("ignore")
def test_no_call_takes_a_second_or_a_hundred_megabytes() -> None:
    child = subprocess.run(
        [sys.executable, "-m", call_costs.__name__],
        capture_output=True,
        check=False,
        text=True,
        timeout=1_800,
    )
    assert child.returncode == 0, child.stderr[-2_000:]
    costs = [json.loads(line) for line in child.stdout.splitlines()]
    assert {cost["name"] for cost in costs} == {".".join(key) for key in call_costs.names()}
    assert sum(cost["accepted"] > 0 for cost in costs) > len(costs) * 3 // 4
    assert [c for c in costs if c["seconds"] > SECONDS or c["memory"] > MEMORY] == []
