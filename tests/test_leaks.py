"""A process that loads all day keeps nothing: no descriptor, no thread, no memory.

Each measurement runs in a process of its own, which counts after each of several rounds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts what /proc tells")

_COUNT = """
import gc, json, os, sys, threading
from pathlib import Path
import joblib, numpy as np, safeload
from sklearn.ensemble import RandomForestClassifier
from safeload.trust.keys import KeyType, SigningKey
from safeload.trust.trustfile import TrustFile

def counted():
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
        "callbacks": len(gc.callbacks),
        "children": len(children),
        "megabytes": pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
    }

folder, times = Path(sys.argv[1]), int(sys.argv[2])
rows = np.random.default_rng(0).normal(size=(50, 4))
model = RandomForestClassifier(3, random_state=0).fit(rows, rows[:, 0] > 0)
key = SigningKey.generate(KeyType.ED25519)
TrustFile.add(folder / "trust.toml", name="me", key=key.public, models=["m"])
safeload.dump(model, folder / "a.joblib", key=key, name="m", version="1", probe=rows[:3])
joblib.dump(model, folder / "b.joblib")
"""
_LOADS = """
def once():
    safeload.load(folder / "a.joblib", trust=folder / "trust.toml", probe=True)
    safeload.load_unsigned(folder / "b.joblib")
    try:
        safeload.load(folder / "b.joblib", trust=folder / "trust.toml")
    except safeload.TrustError:
        pass
counts = []
for _ in range(4):
    for _ in range(times // 4):
        once()
    counts.append(counted())
print(json.dumps(counts))
"""
_ISOLATED = """
def some():
    models = [safeload.load_unsigned(folder / "b.joblib", isolated=True) for _ in range(times)]
    for each in models:
        assert (each.predict(rows) == model.predict(rows)).all()
    models.pop().close()
    with models.pop():
        pass
    del models, each
counts = []
for _ in range(3):
    some()
    counts.append(counted())
print(json.dumps(counts))
"""


def counts(code: str, folder: Path, times: int) -> list[dict[str, Any]]:
    """What a process has after each time that it does the same."""
    command = [sys.executable, "-c", _COUNT + code, str(folder), str(times)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def kept(counts: list[dict[str, Any]]) -> set[str]:
    """What there is more of after each time; an allocator may keep a megabyte, or more once."""
    slack = {"megabytes": 1.0}
    return {
        name
        for name in counts[0]
        if all(
            after[name] > before[name] + slack.get(name, 0) for before, after in pairwise(counts)
        )
    }


@pytest.mark.parametrize("times", [200, pytest.param(2_000, marks=pytest.mark.slow)])
def test_loads_leave_nothing_behind(tmp_path: Path, times: int) -> None:
    assert kept(counts(_LOADS, tmp_path, times)) == set()


@pytest.mark.parametrize("times", [3, pytest.param(12, marks=pytest.mark.slow)])
def test_isolated_models_leave_nothing_behind(tmp_path: Path, times: int) -> None:
    assert kept(counts(_ISOLATED, tmp_path, times)) == set()
