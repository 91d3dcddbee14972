"""Kill a scenario at every system call, look at what is left, and run it once more.

A program of its own, ``python -m tests.writing.killing SCENARIO``: it has one thread when it forks,
and its children have nothing to import. It prints what it did as JSON. Unless ``--every`` is given,
calls that neither change files nor lock are passed over: the disk is the same before and after.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

from tests.writing.scenarios import MEMORY, SCENARIOS, Scenario, leftovers
from tests.writing.tracing import Stop, kill_at, reason_not_to_trace


def killed_everywhere(scenario: Scenario, *, every: bool) -> dict[str, object]:
    """Kill at each stop in turn, until a run comes to its end."""
    states: Counter[str] = Counter()
    wrong: list[str] = []
    stops = 0
    _one(scenario, -1, every=every)
    while True:
        stop, state, error = _one(scenario, stops, every=every)
        if error:
            wrong.append(f"{stop}: {error}")
        states[state] += 1
        if stop is None:
            break
        stops += 1
    return {"stops": stops, "states": states, "wrong": wrong, "end": state}


def _one(scenario: Scenario, number: int, *, every: bool) -> tuple[Stop | None, str, str]:
    folder = Path(tempfile.mkdtemp(prefix="killed-", dir=MEMORY))
    stop, state = None, "?"
    try:
        scenario.prepare(folder)
        if number < 0:
            # The first run of all is there to import and to fill caches.
            scenario.run(folder)
            return None, "new", ""
        stop = kill_at(lambda: scenario.run(folder), number, every=every)
        state = scenario.look(folder)
        scenario.again(folder, state)
        assert scenario.look(folder) == "new"
        left = leftovers(folder)
        assert left == [], left
    except Exception:  # noqa: BLE001  # is reported, and the next stop tried
        return stop, state, traceback.format_exc(limit=-4)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return stop, state, ""


if __name__ == "__main__":
    reason = reason_not_to_trace()
    outcome = (
        {"skipped": reason}
        if reason
        else killed_everywhere(SCENARIOS[sys.argv[1]], every="--every" in sys.argv)
    )
    sys.stdout.write(f"\n{json.dumps(outcome)}\n")
