"""The table of docs/mlflow.md is what is measured; what others log is loaded from a server, too."""

from __future__ import annotations

import inspect

import mlflow
import pytest
from lightgbm import LGBMClassifier

import safeload
import safeload.serving.mlflow as signed
from tests.with_mlflow.conftest import CLASSES, ROWS, Registry
from tests.with_mlflow.ordinary import DOCUMENT, MODELS, between, measured, table


def test_ordinary_models_are_loaded_whoever_wrote_them(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    text = DOCUMENT.read_text("utf-8")
    if f"`mlflow.sklearn` {mlflow.__version__}," in text:
        assert between().findall(text) == [table()]
        return
    for name in MODELS:
        outcome = measured(name, tmp_path_factory.mktemp("model"))
        assert (outcome.missing, outcome.ours) == ((), True), name


def test_what_other_flavors_log_is_loaded_from_the_server(registry: Registry) -> None:
    forest = registry.releases[0].model
    with mlflow.start_run() as run:
        mlflow.sklearn.log_model(
            forest, "theirs", serialization_format="pickle", registered_model_name="theirs"
        )
        boosted = LGBMClassifier(n_estimators=3, verbose=-1).fit(ROWS, CLASSES)
        # Older releases write one format, and take no argument for it.
        takes = inspect.signature(mlflow.lightgbm.log_model).parameters
        form = {"serialization_format": "cloudpickle"}
        more = form if form.keys() <= takes.keys() else {}
        mlflow.lightgbm.log_model(boosted, "boosted", **more)
    assert signed.load_flavor("models:/theirs/1").predict(ROWS).tolist() == (
        forest.predict(ROWS).tolist()
    )
    loaded = signed.load_flavor(f"runs:/{run.info.run_id}/boosted")
    assert loaded.predict(ROWS).tolist() == boosted.predict(ROWS).tolist()
    with pytest.raises(safeload.TrustError) as refusal:
        signed.load_model("models:/theirs/1", trust=registry.trust)
    assert refusal.value.code == "bundle-missing"


def test_what_is_not_there_is_an_error(registry: Registry) -> None:
    for address in ("models:/none/1", "models:/wine/99", "models:/wine@none", "runs:/none/model"):
        with pytest.raises(safeload.ArtefactError):
            signed.load_flavor(address)
        with pytest.raises(safeload.ArtefactError):
            signed.load_model(address, trust=registry.trust)
    for address in ("models://profile@databricks/wine/1", "runs://profile@databricks/1/model"):
        with pytest.raises(safeload.UsageError) as error:
            signed.load_model(address, trust=registry.trust)
        assert error.value.code == "other-server"
