"""``mlflow models serve`` serves what was signed; what was changed it does not, and says why."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.with_mlflow.conftest import ROWS, Registry, answers, free_port

ADDRESS = "safeload:models:/wine@champion"


@contextmanager
def serving(
    address: str, log: Path, *further: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scoring server that was started; it may still start, or have ended."""
    port = free_port()
    words = ["-m", address, "--host", "127.0.0.1", "--port", str(port), "--env-manager", "local"]
    command = [sys.executable, "-m", "mlflow", "models", "serve", *words, *further]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def predictions(server: str) -> list[int]:
    rows = {"dataframe_split": json.loads(ROWS.to_json(orient="split", index=False))}
    request = urllib.request.Request(
        f"{server}/invocations", json.dumps(rows).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        found: list[int] = json.load(answer)["predictions"]
        return found


def test_a_signed_model_is_served_by_several_workers(registry: Registry, tmp_path: Path) -> None:
    log = tmp_path / "serve.log"
    with serving(ADDRESS, log, "--workers", "2") as (server, process):
        while not answers(f"{server}/ping"):
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        assert predictions(server) == registry.releases[1].model.predict(ROWS).tolist()


def test_what_was_changed_is_not_served(registry: Registry, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    files = registry.releases[1].files
    about = (files / "MLmodel").read_text()
    (files / "evil_loader.py").write_text(f"open({str(canary)!r}, 'w')\n")
    where = "  python_function:\n    code: ."
    about = about.replace("loader_module: safeload.serving.mlflow", "loader_module: evil_loader")
    (files / "MLmodel").write_text(about.replace("  python_function:", where))
    log = tmp_path / "serve.log"
    with serving(ADDRESS, log) as (_, process):
        assert process.wait() != 0
    assert "models:/wine@champion: refused [file-unlisted]: The folder holds a" in log.read_text()
    assert not canary.exists()


def test_an_older_release_is_not_served_for_a_newer_one(registry: Registry, tmp_path: Path) -> None:
    old, new = registry.releases
    for path in new.files.iterdir():
        path.write_bytes((old.files / path.name).read_bytes())
    log = tmp_path / "serve.log"
    with serving(ADDRESS, log) as (_, process):
        assert process.wait() != 0
    shown = log.read_text()
    assert "refused [registry-mismatch]: The server says that this was logged as run" in shown
    assert new.run in shown
