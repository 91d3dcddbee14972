"""MLServer serves what was signed, refuses what was changed, and keeps the release that served."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import LogisticRegression

import safeload
from tests.serving.servers import Server, free_port, running, until

pytest.importorskip("mlserver", reason="'make platforms' installs it")

KEY = safeload.SigningKey.generate()
X = [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]]
READY, INFER = "/v2/models/churn/ready", "/v2/models/churn/infer"
LOAD = "/v2/repository/models/churn/load"


def request(rows: list[list[float]], *outputs: str) -> dict[str, Any]:
    shape = [len(rows), len(rows[0]) if rows else 0]
    data = [number for row in rows for number in row]
    tensor = {"name": "rows", "shape": shape, "datatype": "FP64", "data": data}
    return {"inputs": [tensor], "outputs": [{"name": name} for name in outputs]}


def release(folder: Path, version: str, *, turned: bool = False) -> Path:
    labels = [0, 0, 1, 1]
    model = LogisticRegression().fit(X, [1 - each for each in labels] if turned else labels)
    path = folder / "churn.joblib"
    safeload.dump(model, path, key=KEY, name="churn", version=version)
    return path


def settings(folder: Path, **changes: Any) -> None:
    about = {
        "name": "churn",
        "implementation": "safeload.serving.mlserver.SafeSKLearnModel",
        "parameters": {"uri": "churn.joblib", **changes},
    }
    (folder / "model-settings.json").write_text(json.dumps(about))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with a signed model in it."""
    safeload.TrustFile.add(tmp_path / "trust.toml", name="alice", key=KEY.public, models=["churn"])
    release(tmp_path, "1.0")
    settings(tmp_path)
    return tmp_path


def serving(folder: Path) -> Any:
    ports = [free_port() for _ in range(3)]
    names = ("http_port", "grpc_port", "metrics_port")
    about = {"parallel_workers": 0, "host": "127.0.0.1", "use_structured_logging": False}
    (folder / "settings.json").write_text(json.dumps(about | dict(zip(names, ports, strict=True))))
    variables = {"SAFELOAD_TRUST": str(folder / "trust.toml"), "NO_COLOR": "1"}
    start = ["-c", "from mlserver.cli.main import main; main()", "start", str(folder)]
    return running(start, folder=folder, port=ports[0], environment=variables)


def is_ready(server: Server) -> bool:
    return server.ask(READY)[0] == 200


def data_of(answer: tuple[int, Any]) -> list[Any]:
    status, said = answer
    assert status == 200, said
    found: list[Any] = said["outputs"][0]["data"]
    return found


def test_a_signed_model_is_served_and_the_one_before_goes_on(folder: Path) -> None:
    with serving(folder) as server:
        until(lambda: is_ready(server))
        assert "signed by alice, is loaded" in server.log
        assert data_of(server.ask(INFER, request(X))) == [0, 0, 1, 1]
        assert len(data_of(server.ask(INFER, request(X, "predict_proba")))) == 8
        assert len(data_of(server.ask(INFER, request(X, "decision_function")))) == 4

        for body in (
            request(X, "__class__"),
            request(X, "fit"),
            request(X, "transform"),
            request([[1.0]]),
        ):
            status, said = server.ask(INFER, body)
            assert 400 <= status < 600
            assert str(folder) not in str(said)

        # A release that was changed is refused, and the one before goes on.
        path = folder / "churn.joblib"
        path.write_bytes(path.read_bytes() + b"more")
        status, said = server.ask(LOAD, {})
        assert status >= 400
        assert str(folder) not in str(said)
        assert "Model churn is refused (digest-mismatch)" in server.log
        assert data_of(server.ask(INFER, request(X))) == [0, 0, 1, 1]

        release(folder, "2.0", turned=True)
        assert server.ask(LOAD, {})[0] == 200
        assert data_of(server.ask(INFER, request(X))) == [1, 1, 0, 0]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another version": ({"version": "3.0"}, "wrong-version"),
    "a model that is not signed": ({"uri": "unsigned.joblib"}, "bundle-missing"),
    "a model that is not there": ({"uri": "../none.joblib"}, "unreadable"),
}


@pytest.mark.parametrize(("changes", "code"), REFUSED.values(), ids=REFUSED)
def test_what_was_not_signed_is_not_served(
    changes: dict[str, Any], code: str, folder: Path
) -> None:
    (folder / "unsigned.joblib").write_bytes((folder / "churn.joblib").read_bytes())
    settings(folder, **changes)
    with serving(folder) as server:
        until(lambda: f"Model churn is refused ({code})" in server.log)
        assert server.ask(READY)[0] != 200


def test_settings_that_others_may_write_are_refused(folder: Path) -> None:
    (folder / "model-settings.json").chmod(0o666)
    with serving(folder) as server:
        until(lambda: "Model churn is refused (settings-writable)" in server.log)
