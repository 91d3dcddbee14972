"""A model comes into another format if it predicts the same there; else nothing is written."""

from __future__ import annotations

import io
import pickle
import re
import shlex
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import Birch
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import safeload
from safeload.cli.main import main
from safeload.converting import convert
from safeload.converting.comparing import Tolerance, compare
from tests.builder import Name, Pickle
from tests.documents import blocks_of, pattern

DOCUMENT = (Path(__file__).parents[2] / "docs" / "convert.md").read_text("utf-8")
X, Y = load_iris(return_X_y=True)
KEY = safeload.SigningKey.generate()
FOREST = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)).fit(X, Y)
EVIL = Pickle(4).call(Name("posix", "mkdir"), "canary").finish()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a model as many people have it."""
    monkeypatch.chdir(tmp_path)
    joblib.dump(FOREST, "model.pkl")
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_signed_model_is_converted_and_signed(folder: Path, capsys: Any) -> None:
    key = folder / "team.key"
    assert main(["keygen", str(key), "--no-passphrase", "--add-to-trust", "trust.toml"]) == 0
    safeload.sign("model.pkl", key=key, name="iris", version="1", probe=X[:9])
    capsys.readouterr()
    options = ["--trust", "trust.toml", "--key", str(key), "--name", "iris", "--version", "1"]
    assert main(["convert", "model.pkl", "model.skops", *options]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "model.skops: sklearn.pipeline.Pipeline as skops",
        "predict: equal",
        "predict_proba: equal",
        "model.skops.sig",
    ]
    # What was written is what it was converted from, and carries the probe on.
    loaded = safeload.load("model.skops", trust="trust.toml", name="iris", probe=True)
    assert loaded.predict_proba(X).tolist() == FOREST.predict_proba(X).tolist()


def test_a_pickle_becomes_joblib_of_the_newest_protocol(folder: Path) -> None:
    frame = pd.DataFrame({"age": [1.0, 2.0, 3.0], "plan": ["a", "b", "a"]})
    columns = ColumnTransformer(
        [("n", StandardScaler(), ["age"]), ("c", OneHotEncoder(), ["plan"])]
    )
    model = make_pipeline(columns, LogisticRegression()).fit(frame, [0, 1, 0])
    Path("old.pkl").write_bytes(pickle.dumps(model, 2))
    done = convert("old.pkl", "new.joblib", rows=frame, compress=3)
    assert done.compared == {"predict": 0.0, "predict_proba": 0.0, "decision_function": 0.0}
    assert safeload.audit("new.joblib").files[0].format == "joblib+zlib"
    found = joblib.load("new.joblib").predict_proba(frame)
    assert found.tolist() == model.predict_proba(frame).tolist()


def test_what_the_policy_refuses_is_not_converted(folder: Path) -> None:
    Path("evil.pkl").write_bytes(EVIL)
    with pytest.raises(safeload.RefusedError):
        convert("evil.pkl", "out.joblib", compared=False)
    assert names(folder) == {"model.pkl", "evil.pkl"}


def test_the_document_shows_what_happens(folder: Path) -> None:
    models = {"churn.pkl": FOREST, "clusters.pkl": Birch().fit(X)}
    for name, model in models.items():
        joblib.dump(model, name)
    np.save("rows.npy", X)
    blocks = [block for language, block in blocks_of(DOCUMENT) if language == "console"]
    assert len(blocks) == 2
    for block in blocks:
        command, _, expected = block.removeprefix("$ ").partition("\n")
        said, code = said_by(command.partition(" || ")[0])
        if " || " in command:
            said += f"exit code {code}\n"
        assert re.fullmatch(pattern(expected), said, re.DOTALL), said
    # What failed has left nothing behind.
    assert names(folder) == {"model.pkl", "rows.npy", "churn.skops", *models}


def said_by(command: str) -> tuple[str, int]:
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = main(shlex.split(command)[1:])
    return said.getvalue(), code


# -- a process that says what it likes -------------------------------------------------------------

OTHER = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=1)).fit(X, 2 - Y)
LIES: dict[str, tuple[Callable[[], bytes], str]] = {
    "code": (lambda: EVIL, "refused"),
    "another model": (lambda: pickle.dumps(OTHER), "predictions-differ"),
    "nothing": (lambda: b"", "incomplete"),
    "half a file": (lambda: pickle.dumps(FOREST)[:-9], "refused"),
    "a model with something behind it": (lambda: pickle.dumps(FOREST) + EVIL, "refused"),
    "two models": (lambda: pickle.dumps(FOREST) * 2, "not-one-model"),
}


@pytest.mark.parametrize(("lie", "code"), LIES.values(), ids=LIES)
def test_what_the_process_writes_is_judged_as_any_file(
    lie: Callable[[], bytes], code: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "safeload.converting.conversion.load_isolated", lambda *args, **more: _Standing(args, more)
    )
    monkeypatch.setattr(_Standing, "lie", staticmethod(lie), raising=False)
    with pytest.raises(safeload.SafeloadError) as caught:
        convert("model.pkl", "out.joblib", rows=X)
    assert caught.value.code == code
    assert names(folder) == {"model.pkl"}


class _Standing:
    """In the place of an isolated model; saves the time that its process takes to start."""

    lie: Callable[[], bytes]
    methods = ("predict", "predict_proba")
    type = "sklearn.pipeline.Pipeline"

    def __init__(self, args: Any, more: Any) -> None:
        artefact, policy, limits, _ = args
        self._model = safeload.load_unsigned(artefact, policy=policy, limits=limits)
        self.predict, self.predict_proba = self._model.predict, self._model.predict_proba

    def written(self, *_: Any, **__: Any) -> bytes:
        return self.lie()

    def __enter__(self) -> _Standing:
        return self

    def __exit__(self, *_: object) -> None:
        pass


# -- mistakes --------------------------------------------------------------------------------------

MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no rows": ({"rows": None}, "convert-rows"),
    "a format that is none": ({"target": "out.pmml"}, "convert-format"),
    "no ending": ({"target": "out"}, "convert-format"),
    "the model itself": ({"target": "link.joblib"}, "output-is-input"),
    "a file that is there": ({"target": "there.joblib"}, "output-exists"),
    "a link that leads nowhere": ({"target": "nowhere.joblib"}, "output-exists"),
    "a folder": ({"target": "folder.joblib", "replacing": True}, "output-unwritable"),
    "a tolerance that says nothing": ({"tolerance": 0.5}, "argument-value"),
    "a tolerance that is not a number": ({"tolerance": float("nan")}, "argument-value"),
    "compressing too hard": ({"compress": 10}, "argument-value"),
    "nothing to convert": ({"source": "none.pkl"}, "unreadable"),
    "an unsigned model": ({"trust": safeload.TrustFile.parse(b"")}, "bundle-missing"),
    "an unknown pack": ({"packs": ["none"]}, "pack-unknown"),
}


@pytest.mark.parametrize(("given", "code"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_of_before_anything_is_loaded(
    given: dict[str, Any], code: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("link.joblib").symlink_to("model.pkl")
    Path("nowhere.joblib").symlink_to("none")
    Path("there.joblib").write_text("kept")
    Path("folder.joblib").mkdir()
    before = names(folder)

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr("safeload.converting.conversion.load_isolated", never)
    arguments = {"source": "model.pkl", "target": "out.joblib", "rows": X} | given
    with pytest.raises(safeload.SafeloadError) as caught:
        convert(**arguments)
    assert caught.value.code == code
    assert names(folder) == before
    assert Path("there.joblib").read_text() == "kept"


def test_what_does_not_fit_on_the_disk_leaves_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(
        "safeload.converting.conversion.load_isolated", lambda *a, **m: _Standing(a, m)
    )
    monkeypatch.setattr(_Standing, "lie", lambda _: pickle.dumps(FOREST), raising=False)
    monkeypatch.setattr("os.write", full)
    with pytest.raises(safeload.UsageError) as caught:
        convert("model.pkl", "out.joblib", rows=X)
    monkeypatch.undo()
    assert caught.value.code == "output-unwritable"
    assert names(folder) == {"model.pkl"}


# -- comparing -------------------------------------------------------------------------------------


class Says:
    """A model whose results are given."""

    def __init__(self, **results: Any) -> None:
        self.methods = tuple(results)
        for name, result in results.items():
            setattr(self, name, lambda _, result=result: result)


NEAR = Tolerance.of("joblib", 1e-6)
SAME: dict[str, tuple[Any, Any]] = {
    "numbers that are near": (np.array([1.0, np.nan]), np.array([1.0 + 1e-9, np.nan])),
    "a column": (np.array([1.0, 2.0]), np.array([[1.0], [2.0]], dtype="f4")),
    "labels": (np.array(["a", "b"], dtype=object), np.array(["a", "b"])),
}
DIFFERENT: dict[str, tuple[Any, Any]] = {
    "numbers that are far": (np.array([1.0]), np.array([1.1])),
    "a number and none": (np.array([1.0]), np.array([np.nan])),
    "other labels": (np.array(["a", "b"]), np.array(["a", "c"])),
    "numbers for labels": (np.array([0, 1]), np.array(["0", "1"])),
    "fewer": (np.array([1.0, 2.0]), np.array([1.0])),
    "rows for columns": (np.array([[1.0, 2.0]]), np.array([[1.0], [2.0]])),
    "text for numbers": (np.array([1.0]), np.array(["x"])),
}


def compared(expected: Any, found: Any) -> dict[str, float]:
    one: Any = Says(predict=expected)
    other: Any = Says(predict=found)
    return compare(one, other, None, NEAR)


@pytest.mark.parametrize(("expected", "found"), SAME.values(), ids=SAME)
def test_what_is_the_same_is_near(expected: Any, found: Any) -> None:
    assert 0 <= compared(expected, found)["predict"] < 1e-6


@pytest.mark.parametrize(("expected", "found"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_is_not_the_same_is_told_of(expected: Any, found: Any) -> None:
    with pytest.raises(safeload.LoadError) as caught:
        compared(expected, found)
    assert caught.value.code == "predictions-differ"


def test_to_have_nothing_to_compare_is_an_error() -> None:
    nothing: Any = Says()
    with pytest.raises(safeload.LoadError) as caught:
        compare(nothing, nothing, None, NEAR)
    assert caught.value.code == "nothing-compared"
