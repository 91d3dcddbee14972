"""Models are logged, registered, called by version and alias, and loaded as they were signed."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import safeload
import safeload.serving.mlflow as signed
from safeload.cli.main import main
from tests.with_mlflow.conftest import CLASSES, ROWS, Registry

NEWEST = ["models:/wine/2", "models:/wine@champion", "models:/wine/latest"]


@pytest.mark.parametrize("address", NEWEST)
def test_a_release_is_loaded_by_each_of_its_names(registry: Registry, address: str) -> None:
    expected = registry.releases[1].model.predict(ROWS).tolist()
    assert signed.load_model(address, trust=registry.trust).predict(ROWS).tolist() == expected
    served = signed.load_pyfunc(address, trust=registry.trust)
    assert served.predict(ROWS).tolist() == expected
    assert mlflow.pyfunc.load_model(f"safeload:{address}").predict(ROWS).tolist() == expected


def test_what_a_run_logged_is_loaded(registry: Registry) -> None:
    release = registry.releases[0]
    model = signed.load_model(f"runs:/{release.run}/model", trust=registry.trust)
    assert model.predict(ROWS).tolist() == release.model.predict(ROWS).tolist()
    assert mlflow.pyfunc.load_model(f"safeload:runs:/{release.run}/model").metadata.run_id


def test_mlflow_has_all_that_its_own_flavors_say(registry: Registry) -> None:
    about = signed.load_pyfunc("models:/wine/1", trust=registry.trust).metadata
    assert about.signature.inputs.input_names() == list(ROWS.columns)
    assert about.metadata == {"team": "cellar"}
    assert about.load_input_example(str(registry.releases[0].files)).equals(ROWS[:2])
    requirements = (registry.releases[0].files / "requirements.txt").read_text()
    assert f"safeload=={safeload.__version__}" in requirements
    assert "scikit-learn==" in requirements
    assert f"mlflow=={mlflow.__version__}" in requirements


def test_all_files_but_one_that_mlflow_adds_are_covered(registry: Registry, tmp_path: Path) -> None:
    place = tmp_path / "downloaded"
    place.mkdir()
    mlflow.artifacts.download_artifacts("models:/wine/2", dst_path=str(place))
    there = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    verified = safeload.verify(place, trust=registry.trust)
    assert there - set(verified.files) == {"model.sig", "registered_model_meta"}
    assert {"MLmodel", "conda.yaml", "requirements.txt", "model.joblib"} <= set(verified.files)
    assert main(["verify", str(place), "--trust", str(registry.trust)]) == 0


def test_a_folder_is_loaded_without_a_server(registry: Registry, tmp_path: Path) -> None:
    signed.save_model(
        registry.releases[0].model, tmp_path / "m", name="wine", version="3", key=registry.key
    )
    for path in (tmp_path / "m", str(tmp_path / "m"), (tmp_path / "m").as_uri()):
        model = signed.load_model(path, trust=registry.trust)
        assert model.predict(ROWS).tolist() == registry.releases[0].model.predict(ROWS).tolist()
    assert mlflow.pyfunc.load_model(f"safeload:{tmp_path / 'm'}").predict(ROWS) is not None


def test_the_method_that_predicts_is_the_signers(registry: Registry, tmp_path: Path) -> None:
    model = LogisticRegression(max_iter=5_000).fit(ROWS, CLASSES)
    for form in ("joblib", "skops"):
        signed.save_model(
            model,
            tmp_path / form,
            name="wine",
            version="3",
            key=registry.key,
            pyfunc_predict_fn="predict_proba",
            serialization_format=form,
        )
        served = signed.load_pyfunc(tmp_path / form, trust=registry.trust)
        assert served.predict(ROWS).tolist() == model.predict_proba(ROWS).tolist()
        assert type(served.get_raw_model()) is LogisticRegression


def test_a_copy_under_another_name_is_asked_for_by_the_name_that_was_signed(
    registry: Registry,
) -> None:
    client = MlflowClient()
    client.copy_model_version("models:/wine/2", "wine-in-production")
    with pytest.raises(safeload.TrustError) as refusal:
        signed.load_model("models:/wine-in-production/1", trust=registry.trust)
    assert refusal.value.code == "wrong-model"
    signed.load_model("models:/wine-in-production/1", trust=registry.trust, name="wine")


def test_a_ledger_has_every_load_and_refuses_what_is_older(
    registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trust = tmp_path / "trust.toml"
    trust.write_text(f'ledger = "ledger.sqlite"\n{registry.trust.read_text()}')
    signed.load_model("models:/wine/2", trust=trust)
    signed.load_pyfunc("models:/wine/2", trust=trust)
    for load in (signed.load_model, signed.load_pyfunc):
        with pytest.raises(safeload.TrustError) as refusal:
            load("models:/wine/1", trust=trust)
        assert refusal.value.code == "rollback"
    signed.load_model("models:/wine/1", trust=trust, allow_rollback="2.0 predicts nonsense")
    (registry.releases[1].files / "conda.yaml").write_text("pip: [evil]\n")
    with pytest.raises(safeload.TrustError):
        signed.load_model("models:/wine/2", trust=trust)
    assert main(["ledger", "show", "--trust", str(trust), "--format", "csv"]) == 0
    records = csv.DictReader(io.StringIO(capsys.readouterr().out))
    found = [(record["file"], record["verdict"], record["code"]) for record in records]
    assert [code for _, verdict, code in found if verdict != "accepted"] == [
        "rollback",
        "rollback",
        "digest-mismatch",
    ]
    assert {file for file, verdict, _ in found if verdict != "accepted"} == {
        "models:/wine/1",
        "models:/wine/2",
    }
    assert len(found) == 6


def test_several_signers_are_counted_wherever_a_model_is_loaded(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = safeload.SigningKey.generate()
    bob.write(tmp_path / "bob.key", passphrase=None)
    trust = tmp_path / "trust.toml"
    trust.write_bytes(registry.trust.read_bytes())
    safeload.TrustFile.add(trust, name="bob", key=bob.public, models=["wine"])
    monkeypatch.setenv("SAFELOAD_MLFLOW_TRUST", str(trust))
    files = registry.releases[1].files
    sign = ["sign", str(files), "--key", str(tmp_path / "bob.key"), "--add", "--trust", str(trust)]
    assert main(sign) == 0
    with trust.open("a") as file:
        file.write("\n[models.wine]\nthreshold = 2\n")
    signed.load_model("models:/wine/2", trust=trust)
    assert mlflow.pyfunc.load_model("safeload:models:/wine/2").predict(ROWS) is not None
    with pytest.raises(safeload.TrustError) as refusal:
        signed.load_model("models:/wine/1", trust=trust)
    assert refusal.value.code == "threshold-not-met"


OWN = """
from sklearn.base import BaseEstimator, TransformerMixin

class Halved(TransformerMixin, BaseEstimator):
    def fit(self, rows, classes=None):
        return self
    def transform(self, rows):
        return rows / 2
"""
POLICY = """
[[group]]
reason = "our transformers"
uses = ["construct"]
[group.names]
"acme.halved" = ["Halved"]
"""
IN_A_PROCESS = """
import json, sys
import mlflow
import safeload.serving.mlflow as signed
from tests.with_mlflow.conftest import ROWS

predicted = {load}.predict(ROWS).tolist()
print(json.dumps([sys.modules["acme.halved"].__file__, predicted]))
"""


def test_code_that_was_signed_is_imported_if_whoever_loads_says_so(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    (own / "acme").mkdir(parents=True)
    (own / "acme" / "__init__.py").write_text("")
    (own / "acme" / "halved.py").write_text(OWN)
    (tmp_path / "policy.toml").write_text(POLICY)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(own)
        halved = import_module("acme.halved").Halved()
        model = make_pipeline(halved, LogisticRegression(max_iter=5_000)).fit(ROWS, CLASSES)
        expected = model.predict(ROWS).tolist()
        with mlflow.start_run() as run:
            signed.log_model(
                model,
                name="wine",
                version="3",
                key=registry.key,
                policy=tmp_path / "policy.toml",
                code_paths=[str(own / "acme")],
            )
    address = f"runs:/{run.info.run_id}/model"
    policy = tmp_path / "policy.toml"
    for name in [name for name in sys.modules if name.startswith("acme")]:
        del sys.modules[name]
    for load in (signed.load_model, signed.load_pyfunc):
        with pytest.raises(safeload.TrustError) as refusal:
            load(address, trust=registry.trust, policy=policy)
        assert refusal.value.code == "code-not-allowed"
        assert "acme" not in sys.modules
    # What signing imported in this process would be found again.
    trust = tmp_path / "trust.toml"
    trust.write_text(f'{registry.trust.read_text()}\n[models.wine]\npolicy = "policy.toml"\n')
    monkeypatch.setenv("SAFELOAD_MLFLOW_TRUST", str(trust))
    monkeypatch.setenv("SAFELOAD_MLFLOW_CODE", "1")
    # It is set below, and is to be as it was afterwards.
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "")
    for call in (
        f"signed.load_model({address!r}, trust={str(trust)!r}, code=True)",
        f"signed.load_pyfunc({address!r}, trust={str(trust)!r}, code=True)",
        f"mlflow.pyfunc.load_model('safeload:{address}')",
    ):
        shown = subprocess.run(
            [sys.executable, "-c", IN_A_PROCESS.format(load=call)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        source, predicted = json.loads(shown)
        assert "/safeload-" in source
        assert not Path(source).is_relative_to(own)
        assert predicted == expected
    # Of one copy, as the workers of a server have it; no process adds byte code to it.
    copy = mlflow.artifacts.download_artifacts(f"safeload:{address}")
    for _ in range(2):
        script = IN_A_PROCESS.format(load=f"mlflow.pyfunc.load_model({copy!r})")
        subprocess.run([sys.executable, "-c", script], stdout=subprocess.DEVNULL, check=True)
    # What the policy does not name stays refused.
    with pytest.raises(safeload.RefusedError):
        signed.load_model(address, code=True, trust=registry.trust)
