"""What is signed is what was scanned; what is refused is not signed; what fails changes nothing."""

from __future__ import annotations

import argparse
import hashlib
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import safeload
from safeload.errors import ArtefactError, LoadError, RefusedError, UsageError
from safeload.trust.model import Model
from tests.builder import Name, Pickle

KEY = safeload.SigningKey.generate()
DATA = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
MODEL = LogisticRegression().fit(DATA, [0, 0, 1, 1])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "churn.joblib"


def dump(model: Any, path: Path, **given: Any) -> Path:
    return safeload.dump(model, path, **{"key": KEY, "name": "churn", "version": "1", **given})


def signed(path: Path) -> Model:
    """What the bundle beside a model says of it."""
    where = path.parent / "trust.toml"
    if not where.exists():
        safeload.TrustFile.add(where, name="alice", key=KEY.public, models=["*"])
    model = safeload.verify(path, trust=where).manifest.model
    assert model is not None
    return model


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


# -- what is signed ------------------------------------------------------------------------------


def test_everything_given_comes_back(path: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "train.parquet"
    dataset.write_bytes(b"rows")
    trained = datetime(2026, 5, 1, 12, tzinfo=UTC)
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)

    dump(
        MODEL,
        path,
        version="1.2.0",
        serial=7,
        dataset=dataset,
        metrics={"roc_auc": 0.91, "rows": 4},
        trained=trained,
        not_after=expires,
        probe=DATA,
    )

    model = signed(path)
    assert (model.name, model.version, model.serial) == ("churn", "1.2.0", 7)
    assert model.training.dataset is not None
    assert model.training.dataset.name == "train.parquet"
    assert model.training.dataset.sha256 == hashlib.sha256(b"rows").hexdigest()
    assert model.training.metrics == {"roc_auc": 0.91, "rows": 4.0}
    assert model.training.date == trained
    assert model.not_after == expires
    assert model.probe is not None
    assert (model.size, model.serializer) == (path.stat().st_size, "joblib")


def test_what_nobody_has_to_give_is_read_from_the_model(path: Path) -> None:
    frame = pd.DataFrame(DATA, columns=["age", "plan"])
    pipeline = make_pipeline(
        make_column_transformer((StandardScaler(), ["age", "plan"])), LogisticRegression()
    )

    dump(pipeline.fit(frame, [0, 0, 1, 1]), path)

    model = signed(path)
    assert model.training.feature_names == ("age", "plan")
    assert model.training.n_features == 2
    assert {"python", "scikit-learn", "numpy", "scipy", "joblib"} <= set(model.versions)
    assert abs((datetime.now(UTC) - model.signed).total_seconds()) < 60
    assert abs(model.serial - model.signed.timestamp()) < 60
    assert model.training.dataset is None
    assert model.not_after is None
    assert model.probe is None


def test_the_globals_signed_are_those_that_were_scanned(path: Path) -> None:
    dump(MODEL, path)

    report = safeload.audit(path).files[0]

    assert {f"{g.module}.{g.name}": g.uses for g in signed(path).globals} == {
        item.name: tuple(item.uses) for item in report.globals
    }


def test_globals_of_arrays_of_objects_are_signed_as_well(path: Path) -> None:
    dump(np.array([MODEL, None], dtype=object), path)

    assert "LogisticRegression" in {item.name for item in signed(path).globals}


@pytest.mark.parametrize(
    ("suffix", "compress", "expected"),
    [("joblib", 0, "joblib"), ("pkl", 3, "joblib+zlib"), ("skops", 0, "skops")],
)
def test_the_suffix_decides_on_the_format(
    tmp_path: Path, suffix: str, compress: int, expected: str
) -> None:
    path = tmp_path / f"model.{suffix}"

    bundle = dump(MODEL, path, compress=compress)

    assert bundle == Path(f"{path}.sig")
    assert signed(path).serializer == expected


@pytest.mark.parametrize("key_type", list(safeload.KeyType))
def test_every_kind_of_key_signs(path: Path, tmp_path: Path, key_type: safeload.KeyType) -> None:
    key = safeload.SigningKey.generate(key_type)
    file = tmp_path / "signing.key"
    key.write(file, passphrase=b"correct horse battery")
    trust = safeload.TrustFile.add(
        tmp_path / "trust.toml", name="alice", key=key.public, models=["*"]
    )

    dump(MODEL, path, key=file, passphrase=b"correct horse battery")

    assert safeload.load(path, trust=trust).coef_.tolist() == MODEL.coef_.tolist()


def test_signing_leaves_the_model_as_it_is(path: Path) -> None:
    joblib.dump(MODEL, path)
    before = path.read_bytes()

    safeload.sign(path, key=KEY, name="churn", version="1")

    assert path.read_bytes() == before
    assert signed(path).name == "churn"


def test_signing_again_replaces_the_bundle(path: Path) -> None:
    dump(MODEL, path, version="1")

    safeload.sign(path, key=KEY, name="churn", version="2")

    assert signed(path).version == "2"


def test_a_team_signs_its_own_classes_under_its_own_policy(path: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[[group]]\nreason = "ours"\nuses = ["construct"]\n[group.names]\n'
        '"argparse" = ["Namespace"]\n'
    )
    path.write_bytes(pickle.dumps(argparse.Namespace()))

    with pytest.raises(RefusedError):
        safeload.sign(path, key=KEY, name="limits", version="1")
    safeload.sign(path, key=KEY, name="limits", version="1", policy=policy)

    assert [item.name for item in signed(path).globals] == ["Namespace"]


# -- what is not ---------------------------------------------------------------------------------


def test_what_the_policy_refuses_is_not_signed(path: Path) -> None:
    path.write_bytes(Pickle(4).call(Name("posix", "system"), "true").finish())

    with pytest.raises(RefusedError):
        safeload.sign(path, key=KEY, name="churn", version="1")

    assert not Path(f"{path}.sig").exists()


def test_what_was_not_read_is_not_signed(path: Path) -> None:
    path.write_bytes(b"no model")

    with pytest.raises(RefusedError) as caught:
        safeload.sign(path, key=KEY, name="churn", version="1")

    assert caught.value.code == "incomplete"
    assert not Path(f"{path}.sig").exists()


def test_a_missing_file_is_not_signed(path: Path) -> None:
    with pytest.raises(ArtefactError):
        safeload.sign(path, key=KEY, name="churn", version="1")


def test_a_model_of_another_release_is_signed_with_a_warning(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("sklearn.base.__version__", "0.24.2")
        joblib.dump(MODEL, path)

    with pytest.warns(UserWarning) as warned:  # noqa: PT030  # never on message text
        safeload.sign(path, key=KEY, name="churn", version="1")

    own = [str(item.message) for item in warned if item.category is safeload.DriftWarning]
    assert own == [
        f"The model was written by scikit-learn 0.24.2; installed is {sklearn.__version__}."
    ]
    assert signed(path).versions["scikit-learn"] == sklearn.__version__


def test_a_model_that_does_not_load_is_not_signed(path: Path) -> None:
    path.write_bytes(Pickle(4).call(Name("fractions", "Fraction"), 1, 0).finish())

    with pytest.raises(LoadError):
        safeload.sign(path, key=KEY, name="churn", version="1")
    assert not Path(f"{path}.sig").exists()


WRONG: dict[str, dict[str, Any]] = {
    "no name": {"name": ""},
    "no version": {"version": ""},
    "a name that is not a string": {"name": 3},
    "a negative serial": {"serial": -1},
    "a serial that is none": {"serial": "7"},
    "a dataset that is missing": {"dataset": "/nowhere/train.parquet"},
    "a metric that is not a number": {"metrics": {"auc": float("nan")}},
    "a date without a zone": {"not_after": datetime(2030, 1, 1)},  # noqa: DTZ001
    "a probe that does not fit": {"probe": object()},
    "a key that is missing": {"key": "/nowhere/signing.key"},
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_signed_is_a_usage_error_and_changes_nothing(
    path: Path, tmp_path: Path, case: str
) -> None:
    dump(MODEL, path)
    before = files(tmp_path)

    with pytest.raises(UsageError):
        dump(LogisticRegression(C=3.0).fit(DATA, [1, 1, 0, 0]), path, **WRONG[case])

    assert files(tmp_path) == before


def test_a_refused_model_leaves_the_old_one(path: Path, tmp_path: Path) -> None:
    import os

    dump(MODEL, path)
    before = files(tmp_path)

    with pytest.raises(RefusedError):
        dump(FunctionTransformer(os.getcwd), path)

    assert files(tmp_path) == before


def test_a_model_that_cannot_be_pickled_leaves_the_old_one(path: Path, tmp_path: Path) -> None:
    dump(MODEL, path)
    before = files(tmp_path)

    with pytest.raises(UsageError) as caught:
        dump(FunctionTransformer(lambda data: data), path)

    assert caught.value.code == "model-unwritable"
    assert files(tmp_path) == before


def test_a_folder_that_is_missing_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        dump(MODEL, tmp_path / "nowhere" / "churn.joblib")

    assert caught.value.code == "unwritable"


def test_nothing_but_the_model_and_its_bundle_is_left(path: Path, tmp_path: Path) -> None:
    dump(MODEL, path)

    assert set(files(tmp_path)) == {"churn.joblib", "churn.joblib.sig"}
    assert sorted(item.name for item in tmp_path.iterdir()) == ["churn.joblib", "churn.joblib.sig"]
