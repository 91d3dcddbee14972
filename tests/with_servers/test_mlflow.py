"""Models that an MLflow server keeps are listed and read, and nothing of them is loaded."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

import safeload
from safeload.auditing.sources import mlflow as source
from safeload.limits import Limits
from safeload.report.json import as_json
from safeload.verdict import Verdict
from tests.auditing.sources.hostile import MODEL
from tests.builder import Name, Pickle

EVIL = Pickle(4).call(Name("posix", "system"), "true").finish()
# What loading it by MLflow would run.
HOSTILE = "flavors:\n  python_function:\n    loader_module: no.such.module\n    env: evil\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    before = dict(os.environ)
    os.environ |= {
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_TRACKING_USERNAME": "me",
        "MLFLOW_TRACKING_PASSWORD": "hunter2",
        "no_proxy": "*",
    }
    options = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    stores = ["--backend-store-uri", "sqlite:///db.sqlite", "--artifacts-destination", "kept"]
    command = [sys.executable, "-m", "mlflow", "server", *options, *stores]
    process = subprocess.Popen(command, cwd=folder)
    try:
        while not healthy(address):
            assert process.poll() is None
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait()
        os.environ.clear()
        os.environ.update(before)


def healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health") as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="module")
def run(server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run with a model, registered as churn, version 1 and @champion."""
    client = MlflowClient()
    made: str = client.create_run("0").info.run_id
    model = tmp_path_factory.mktemp("model")
    (model / "deep").mkdir()
    (model / "MLmodel").write_text(HOSTILE)
    (model / "model.pkl").write_bytes(MODEL)
    (model / "deep" / "a b%.pkl").write_bytes(EVIL)
    client.log_artifacts(made, str(model), "model")
    client.create_registered_model("churn")
    root = client.get_run(made).info.artifact_uri
    client.create_model_version("churn", f"{root}/model", made)
    client.set_registered_model_alias("churn", "champion", "1")
    return made


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("address", ["models:/churn/1", "models:/churn@champion"])
def test_a_registered_model_is_audited(address: str) -> None:
    report = safeload.audit(address)
    assert {file.path: file.verdict for file in report.files} == {
        f"{address}/model.pkl": Verdict.ACCEPT,
        f"{address}/deep/a b%.pkl": Verdict.REFUSE,
    }
    assert [skipped.path for skipped in report.skipped] == [f"{address}/MLmodel"]
    assert "hunter2" not in as_json(report)


def test_what_a_run_logged_is_audited(run: str) -> None:
    assert len(safeload.audit(f"runs:/{run}/model").files) == 2
    (single,) = safeload.audit(f"runs:/{run}/model/model.pkl").files
    assert (single.path, single.verdict) == (f"runs:/{run}/model/model.pkl", Verdict.ACCEPT)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    "address", ["models:/none/1", "models:/churn", "models:/churn/99", "runs:/none/model", "runs:/"]
)
def test_what_is_not_there_is_incomplete(address: str) -> None:
    report = safeload.audit(address)
    assert (len(report.files), report.exit_code) == (1, 3)


@pytest.mark.usefixtures("run")
def test_listings_and_sizes_are_bounded() -> None:
    few = safeload.audit("models:/churn/1", limits=Limits(members=1))
    assert few.verdict is not Verdict.ACCEPT
    small = safeload.audit("models:/churn/1", limits=Limits(bytes_in=5))
    assert {file.sha256 for file in small.files} == {""}


def test_a_server_does_not_point_to_this_machines_own_disk(
    run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.pkl").write_bytes(MODEL)
    for where in (str(tmp_path), tmp_path.as_uri(), "hdfs://host/x", "models:/a/1"):
        monkeypatch.setattr(source, "_found", lambda address, where=where: where)
        report = safeload.audit(f"runs:/{run}/model")
        assert (len(report.files), report.exit_code) == (1, 3)
