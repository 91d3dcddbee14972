"""The example behind FastAPI serves what was signed, and goes on when a release is refused."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import LinearRegression

import safeload
from tests.serving.servers import ROOT, Server, free_port, running, until

EXAMPLE = ROOT / "examples" / "fastapi"
KEY = safeload.SigningKey.generate()
ROWS = {"rows": [[2.0], [3.0]]}

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends SIGHUP")


def dumped(path: Path, factor: float, version: str) -> None:
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, factor])
    safeload.dump(model, path, key=KEY, name="churn", version=version, replace=True)


def reloaded(server: Server) -> None:
    """Send the signal, and wait until the server has said what came of it."""
    before = server.log
    server.process.send_signal(signal.SIGHUP)
    until(
        lambda: "serving <" in server.log[len(before) :] or "refused" in server.log[len(before) :]
    )


def predicted(server: Server) -> tuple[list[float], str]:
    status, said = server.ask("/predict", ROWS)
    assert status == 200
    return [round(each, 6) for each in said["predictions"]], said["version"]


def test_the_example_serves_what_was_signed(tmp_path: Path) -> None:
    safeload.TrustFile.add(tmp_path / "trust.toml", name="alice", key=KEY.public, models=["churn"])
    model, port = tmp_path / "churn.joblib", free_port()
    serve = ["-m", "uvicorn", "app:app", "--app-dir", str(EXAMPLE), "--port", str(port)]
    variables = {"MODEL": str(model), "NAME": "churn", "TRUST": str(tmp_path / "trust.toml")}
    with running(serve, folder=tmp_path, port=port, environment=variables) as server:
        # There is no model yet.
        until(lambda: server.ask("/model")[0])
        assert server.ask("/model") == (503, {"detail": "no model is served"})
        assert server.ask("/predict", ROWS)[0] == 503
        assert "refused (unreadable)" in server.log

        dumped(model, 10.0, "1")
        reloaded(server)
        status, about = server.ask("/model")
        assert (status, about["version"], about["signers"]) == (200, "1", ["alice"])
        assert about["sha256"] == safeload.audit(model).files[0].sha256
        assert predicted(server) == ([20.0, 30.0], "1")

        # Changed, and of somebody else: the one before goes on.
        model.write_bytes(model.read_bytes() + b"more")
        reloaded(server)
        assert "refused (digest-mismatch)" in server.log
        assert "the model before goes on" in server.log
        other = LinearRegression().fit([[0.0], [1.0]], [0.0, 99.0])
        third_party = safeload.SigningKey.generate()
        safeload.dump(other, model, key=third_party, name="churn", version="9", replace=True)
        reloaded(server)
        assert "refused (signer-unknown)" in server.log
        assert predicted(server) == ([20.0, 30.0], "1")

        dumped(model, 20.0, "2")
        reloaded(server)
        assert predicted(server) == ([40.0, 60.0], "2")

        # A client learns what is wrong with the rows, and nothing of the server.
        wrong: list[Any] = [[[1.0, 2.0]], [[1.0], [1.0, 2.0]], [], "a", [["a"]]]
        for rows in wrong:
            status, said = server.ask("/predict", {"rows": rows})
            assert status == 422
            assert str(tmp_path) not in str(said)
