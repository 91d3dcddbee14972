"""A tracking server on this machine, with two signed releases; nothing without MLflow."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier

import safeload

collect_ignore_glob = [] if find_spec("flask") and find_spec("mlflow") else ["test_*.py"]

ROWS, CLASSES = load_wine(return_X_y=True, as_frame=True)


@dataclass(frozen=True)
class Release:
    """A release that was registered: its run, and where the server keeps its files."""

    model: Any
    run: str
    files: Path


@dataclass(frozen=True)
class Registry:
    """What the server has: ``wine`` in two releases, the second one called ``champion``."""

    place: Path
    releases: tuple[Release, Release]

    @property
    def key(self) -> Path:
        return self.place / "signing.key"

    @property
    def trust(self) -> Path:
        return self.place / "trust.toml"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """MLflow and what it imports warn of much that is not ours."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings("default"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A tracking server; the folder in which it keeps everything."""
    folder = tmp_path_factory.mktemp("mlflow")
    address = f"http://127.0.0.1:{free_port()}"
    before = dict(os.environ)
    os.environ |= {
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "no_proxy": "*",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    where = ["--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--workers", "1"]
    stores = ["--backend-store-uri", "sqlite:///db.sqlite", "--artifacts-destination", "kept"]
    command = [sys.executable, "-m", "mlflow", "server", *where, *stores]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            while not answers(f"{address}/health"):
                assert process.poll() is None, (folder / "server.log").read_text()
                time.sleep(0.2)
            yield folder
        finally:
            process.terminate()
            process.wait()
            os.environ.clear()
            os.environ.update(before)


@pytest.fixture(scope="session")
def logged(server: Path, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    import mlflow

    import safeload.serving.mlflow as signed

    place = tmp_path_factory.mktemp("place")
    key = safeload.SigningKey.generate()
    key.write(place / "signing.key", passphrase=None)
    safeload.TrustFile.add(place / "trust.toml", name="alice", key=key.public, models=["wine"])
    releases = []
    for serial in (1, 2):
        model = RandomForestClassifier(n_estimators=3 + serial, random_state=serial)
        model.fit(ROWS, CLASSES)
        with mlflow.start_run() as run:
            signed.log_model(
                model,
                name="wine",
                version=f"{serial}.0",
                serial=serial,
                key=place / "signing.key",
                registered_model_name="wine",
                input_example=ROWS[:2],
                metadata={"team": "cellar"},
            )
        (files,) = (
            bundle.parent
            for bundle in server.rglob("model.sig")
            if f"run_id: {run.info.run_id}" in (bundle.parent / "MLmodel").read_text()
        )
        releases.append(Release(model, run.info.run_id, files))
    mlflow.MlflowClient().set_registered_model_alias("wine", "champion", "2")
    first, second = releases
    return Registry(place, (first, second))


@pytest.fixture
def registry(
    logged: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Registry]:
    """The releases as they were logged, whatever a test does to their files."""
    monkeypatch.setenv("SAFELOAD_MLFLOW_TRUST", str(logged.trust))
    monkeypatch.chdir(tmp_path)
    # Where MLflow leaves what it downloads, and we what it is given.
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    for number, release in enumerate(logged.releases):
        shutil.copytree(release.files, tmp_path / "before" / str(number))
    yield logged
    for number, release in enumerate(logged.releases):
        shutil.rmtree(release.files)
        shutil.copytree(tmp_path / "before" / str(number), release.files)
