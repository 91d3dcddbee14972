"""Kill a watch at each system call that changes files, look at what is left, and watch once more.

A program of its own, as :mod:`tests.writing.killing` is. It prints what it found as JSON.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

from tests.watching.folders import BAD, GOOD, OTHER, Folders, signature_of
from tests.writing.scenarios import MEMORY
from tests.writing.tracing import kill_at, reason_not_to_trace

DROPPED = {
    "below/good.pkl": GOOD,
    "below/good.pkl.sig": signature_of(GOOD),
    "other.pkl": OTHER,
    "bad.pkl": BAD,
}
ACCEPTED = {name: data for name, data in DROPPED.items() if data != BAD}
REPORTS = {"bad.pkl.report.json", "bad.pkl.report.txt"}


def prepared(top: Path) -> Folders:
    folders = Folders(top)
    for name, data in DROPPED.items():
        folders.put(name, data)
    return folders


def check(folders: Folders) -> None:
    """Nothing is lost, nothing is half there, and nothing is where it was not audited."""
    # What others see; a draft is a hidden folder.
    accepted, quarantine = (
        {name: data for name, data in folders.contents(folder).items() if ".safeload-" not in name}
        for folder in (folders.accepted, folders.quarantine)
    )
    assert accepted.items() <= ACCEPTED.items(), accepted
    there = [*folders.contents(folders.drop).values(), *accepted.values(), *quarantine.values()]
    assert set(DROPPED.values()) <= set(there)
    if "bad.pkl" in quarantine:
        assert quarantine.keys() >= REPORTS
    if "below/good.pkl" in accepted:
        assert "below/good.pkl.sig" in accepted


def check_end(folders: Folders) -> None:
    assert folders.is_done()
    assert folders.contents(folders.accepted) == ACCEPTED
    assert folders.contents(folders.quarantine).keys() == {"bad.pkl", *REPORTS}
    assert folders.contents(folders.quarantine)["bad.pkl"] == BAD


def one(number: int) -> tuple[bool, str]:
    """Kill at a stop; whether there was one, and what was wrong then."""
    top = Path(tempfile.mkdtemp(prefix="killed-", dir=MEMORY))
    stop = None
    try:
        folders = prepared(top)
        if number < 0:
            # The first run of all is there to import and to fill caches.
            folders.once()
            check_end(folders)
            return True, ""
        stop = kill_at(folders.once, number)
        check(folders)
        folders.once()
        check_end(folders)
    except Exception:  # noqa: BLE001  # is reported, and the next stop tried
        return stop is not None, f"{stop}: {traceback.format_exc(limit=-4)}"
    finally:
        shutil.rmtree(top, ignore_errors=True)
    return stop is not None, ""


def main(step: int) -> dict[str, object]:
    """Kill at every so manyth stop, until a run comes to its end."""
    reason = reason_not_to_trace()
    if reason:
        return {"skipped": reason}
    one(-1)
    stops, wrong, goes_on = 0, [], True
    while goes_on:
        goes_on, error = one(stops)
        wrong += [error] if error else []
        stops += step
    return {"stops": stops, "wrong": wrong}


if __name__ == "__main__":
    sys.stdout.write(f"\n{json.dumps(main(int(sys.argv[1])))}\n")
