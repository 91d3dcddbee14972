"""The search for harm among the allowed names finds nothing but what is known to be harmless."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SHARDS = 12

# What the sweeps find, by its beginning, and why it is no harm.
KNOWN = {
    "builtins.bytearray": "an encoding is sought among Python's own",
    "sklearn.cluster._kmeans._kmeans_single": "asks the loader which libraries have threads",
    "zoneinfo.ZoneInfo": "a key of the time zone database; paths are refused by zoneinfo",
}
# Attributes that name something, and why it is no harm.
NAMING = {
    "SelectFromModel.importance_getter": "an attribute that is read and never called",
}
# Attributes that say how many processes to work in; joblib starts them, and talks to them by pipes.
PROCESSES = (".n_jobs = ", ".backend = ")


def found(sweep: str, shard: int, shards: int, folder: Path) -> list[tuple[str, str]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.attacks.search", sweep, str(shard), str(shards), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1_800,
        check=True,
    )
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith('["')]
    assert done.stdout == ""
    return [(how, harm) for how, harm in lines if not any(known in how for known in PROCESSES)]


@pytest.mark.slow
def test_no_allowed_callable_does_harm_with_any_value(tmp_path: Path) -> None:
    harm = found("calls", 0, 1, tmp_path)
    assert [each for each in harm if not each[0].startswith(tuple(KNOWN))] == []


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_attribute_of_an_estimator_does_harm_with_any_value(shard: int, tmp_path: Path) -> None:
    assert found("models", shard, SHARDS, tmp_path) == []


@pytest.mark.slow
def test_no_text_of_an_accepted_estimator_names_what_it_asks_for(tmp_path: Path) -> None:
    harm = found("names", 0, 1, tmp_path)
    assert [each for each in harm if not each[0].startswith(tuple(NAMING))] == []


def test_the_search_sees_what_it_is_for(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, subprocess\n"
        "from tests.attacks.search import _Watch\n"
        f"canary = pathlib.Path({str(tmp_path / 'canary')!r})\n"
        "watch = _Watch(canary)\n"
        "print(watch.during(lambda: canary.write_text('')))\n"
        "print(watch.during(lambda: os.system('true')))\n"
        "print(watch.during(lambda: exec(f'open({str(canary)!r}, \"w\").close()')))\n"
        "print(watch.during(lambda: getattr(1, 'canary_name')))\n"
        "print(watch.during(lambda: len('canary')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    written, ran, executed, named, nothing = done.stdout.splitlines()
    assert "canary" in written
    assert "os.system" in ran
    assert "'canary'" in executed
    assert named == "['AttributeError of the name']"
    assert nothing == "[]"
