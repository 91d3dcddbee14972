"""A local cluster of Dask goes on under the guard, and its workers are guarded, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.serving.guard.scripts import run

pytest.importorskip("distributed", reason="'make sources' installs it")

PROGRAM = """\
import json, os, pickle, sys
import joblib
import numpy as np
from distributed import Client, LocalCluster

class Payload:
    def __init__(self, value):
        self.value = value

class Evil:
    def __reduce__(self):
        return os.mkdir, (os.path.abspath("canary"),)

def work(payload):
    return Payload(np.sum(payload.value))

def attacked(path):
    try:
        joblib.load(path)
    except Exception as error:
        return getattr(error, "code", repr(error))
    return "loaded"

if __name__ == "__main__":
    joblib.dump(Evil(), "evil.joblib")
    evil = os.path.abspath("evil.joblib")
    options = dict(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1")
    with LocalCluster(processes=True, **options) as cluster, Client(cluster) as client:
        payloads = [Payload(np.arange(3)), Payload(np.ones(300_000))]
        sums = [float(each.value) for each in client.gather(client.map(work, payloads))]
        captured = client.submit(lambda: Payload(3.0)).result().value
        attacks = client.gather(client.map(attacked, [evil, evil], pure=False))
        with joblib.parallel_backend("dask", client=client):
            squares = joblib.Parallel()(joblib.delayed(abs)(-each) for each in range(3))
    json.dump([sums, captured, attacks, squares], sys.stdout)
"""


def test_a_local_cluster_goes_on(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    said = run(
        *("-W", "ignore", "-m", "safeload.serving.guard", "--", "program.py"), folder=tmp_path
    )
    assert json.loads(said) == [[3.0, 300_000.0], 3.0, ["refused", "refused"], [0, 1, 2]]
    assert not (tmp_path / "canary").exists()
