"""Models come into ONNX if they predict the same there, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import safeload
from safeload.cli.main import main
from safeload.converting import convert
from safeload.converting.onnx import check_onnx
from safeload.isolation.model import open_session
from safeload.limits import Isolation, Limits
from tests.with_onnx.table import BEGIN, DOCUMENT, END, measured

onnx = pytest.importorskip("onnx", reason="'make onnx' installs it")
onnxruntime = pytest.importorskip("onnxruntime", reason="'make onnx' installs it")
TensorProto, helper = onnx.TensorProto, onnx.helper

X, Y = load_iris(return_X_y=True)
TEXTS = ["good day", "bad day", "good night", "bad night"] * 5
FRAME = pd.DataFrame({"age": [1.0, 2.0, 3.0] * 9, "plan": ["a", "b", "c"] * 9})
COLUMNS = ColumnTransformer([("n", StandardScaler(), ["age"]), ("c", OneHotEncoder(), ["plan"])])
MODELS: dict[str, tuple[Any, Any]] = {
    "forest": (RandomForestClassifier(9, random_state=0).fit(X, Y), X),
    "texts": (
        make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, [1, 0] * 10),
        TEXTS,
    ),
    "frame": (make_pipeline(COLUMNS, LogisticRegression()).fit(FRAME, [1, 0, 1] * 9), FRAME),
    "numbers": (LinearRegression().fit(X, X[:, 0] * 2), X),
    "a step": (StandardScaler().fit(X), X),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_converted_and_compared(name: str, tmp_path: Path) -> None:
    model, rows = MODELS[name]
    joblib.dump(model, tmp_path / "model.pkl")
    done = convert(tmp_path / "model.pkl", tmp_path / "model.onnx", rows=rows)
    assert done.form == "onnx"
    assert set(done.compared) & {"predict", "transform"}
    assert max(done.compared.values()) < 1e-5
    # It is a model for anybody's runtime.
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    assert session.get_inputs()
    onnx.checker.check_model(onnx.load(tmp_path / "model.onnx"))


def test_a_result_is_not_signed_by_itself(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    joblib.dump(MODELS["numbers"][0], "model.pkl")
    np.save("rows.npy", X)
    main(["keygen", "team.key", "--no-passphrase"])
    given = ["--probe", "rows.npy", "--key", "team.key", "--name", "a", "--version", "1"]
    assert main(["convert", "model.pkl", "model.onnx", *given]) == 2
    assert not Path("model.onnx").exists()


def test_a_model_that_predicts_otherwise_is_not_written(tmp_path: Path) -> None:
    from tests.legitimate import estimators

    legitimate = estimators.estimator("QuadraticDiscriminantAnalysis")
    joblib.dump(legitimate.model, tmp_path / "model.pkl")
    with pytest.raises(safeload.LoadError) as caught:
        convert(tmp_path / "model.pkl", tmp_path / "model.onnx", rows=legitimate.data)
    assert caught.value.code == "predictions-differ"
    assert [path.name for path in tmp_path.iterdir()] == ["model.pkl"]


# -- what a process might send in its place --------------------------------------------------------


def graph(*, elsewhere: str | None = None, domain: str = "", operator: str = "Identity") -> bytes:
    """A model that gives back what it is given, plus a tensor that may lie elsewhere."""
    value = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    if elsewhere is not None:
        value = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1])
        value.data_location = TensorProto.EXTERNAL
        value.external_data.add(key="location", value=elsewhere)
    numbers = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 4]) for name in ("x", "y")
    ]
    made = helper.make_graph(
        [helper.make_node(operator, ["x"], ["y"], domain=domain)],
        "g",
        numbers[:1],
        numbers[1:],
        initializer=[value],
    )
    imports = [helper.make_opsetid("", 18), *([helper.make_opsetid(domain, 1)] if domain else [])]
    data: bytes = helper.make_model(made, opset_imports=imports).SerializeToString()
    return data


NOT_TAKEN = {
    "weights in the folder": graph(elsewhere="weights.bin"),
    "weights elsewhere": graph(elsewhere="/etc/passwd"),
    "weights above": graph(elsewhere="../../secret"),
    "a pickle": b"\x80\x04N.",
    "nothing": b"",
    "half a model": graph()[:-9],
    "a model and something behind it": graph() + b"\xff" * 9,
}


@pytest.mark.parametrize("data", NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_what_is_no_whole_model_is_not_taken(data: bytes) -> None:
    with pytest.raises(safeload.LoadError) as caught:
        check_onnx(data, Limits())
    assert caught.value.code == "cannot-convert"


def test_an_operator_that_nobody_knows_does_not_run() -> None:
    with pytest.raises(safeload.LoadError) as caught:
        open_session(graph(domain="evil", operator="Run"), "a.onnx", Isolation())
    assert caught.value.code == "cannot-convert"


def test_a_whole_model_is_taken() -> None:
    check_onnx(graph(), Limits())
    with open_session(graph(), "a.onnx", Isolation()) as model:
        assert model.predict(np.ones((2, 4))).tolist() == [[1.0] * 4] * 2


def test_the_table_says_what_is_measured() -> None:
    table = DOCUMENT.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    said = {
        line.split("`")[1]: "converted" for line in table.splitlines() if line.startswith("| `")
    }
    for word, begin in (("differs", "Converted, but"), ("no", "Not converted")):
        (line,) = [line for line in table.splitlines() if line.startswith(begin)]
        said |= dict.fromkeys(line.split("`")[1::2], word)
    found = {
        name: outcome if outcome in ("no", "differs") else "converted"
        for name, outcome in measured().items()
    }
    assert found == said
