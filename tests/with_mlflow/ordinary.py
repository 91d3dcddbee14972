"""Twenty ordinary models: which does MLflow's own flavor write and load, and which do we?

``python -m tests.with_mlflow.ordinary`` writes the table of docs/mlflow.md anew.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from lightgbm import LGBMClassifier
from mlflow.exceptions import MlflowException
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import safeload
import safeload.serving.mlflow as signed

DOCUMENT = Path(__file__).parents[2] / "docs" / "mlflow.md"
_ROWS = np.random.default_rng(0).normal(size=(60, 4))
_CLASSES = (_ROWS.sum(axis=1) > 0).astype(int)
_TEXTS = [f"good wine {n % 7}" if n % 2 else f"bad cork {n % 5}" for n in range(60)]
# What is to be installed is found out by a process each, which has no part in the outcome.
_QUICK: dict[str, Any] = {"pip_requirements": ["scikit-learn"]}
_LOGISTIC = LogisticRegression()
MODELS: dict[str, Any] = {
    "logistic regression": _LOGISTIC,
    "ridge regression": Ridge(),
    "naive Bayes": GaussianNB(),
    "support vector machine": SVC(),
    "nearest neighbours": KNeighborsClassifier(),
    "decision tree": DecisionTreeClassifier(),
    "random forest": RandomForestClassifier(5),
    "gradient boosting": GradientBoostingClassifier(n_estimators=5),
    "histogram gradient boosting": HistGradientBoostingClassifier(max_iter=5),
    "LightGBM's classifier": LGBMClassifier(n_estimators=5, verbose=-1),
    "isolation forest": IsolationForest(n_estimators=5),
    "k-means": KMeans(2, n_init=1),
    "neural network": MLPClassifier((5,), max_iter=2),
    "scaler, logistic regression": make_pipeline(StandardScaler(), _LOGISTIC),
    "columns scaled and one-hot, logistic regression": make_pipeline(
        ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", OneHotEncoder(), [4])]), _LOGISTIC
    ),
    "logarithm (`numpy.log1p`), ridge regression": make_pipeline(
        FunctionTransformer(np.abs), FunctionTransformer(np.log1p), Ridge()
    ),
    "TF-IDF, logistic regression": make_pipeline(TfidfVectorizer(), _LOGISTIC),
    "grid search over a tree": GridSearchCV(DecisionTreeClassifier(), {"max_depth": [2, 3]}, cv=2),
    "vote of three": VotingClassifier(
        [("a", _LOGISTIC), ("b", GaussianNB()), ("c", DecisionTreeClassifier())]
    ),
    "stack of a forest and neighbours": StackingClassifier(
        [("a", RandomForestClassifier(5)), ("b", KNeighborsClassifier())], cv=2
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What became of one model.

    Attributes:
        by_default: Whether ``mlflow.sklearn`` writes it, and predicts the same with what it loads;
            otherwise how many types it does not trust.
        theirs: Of what ``mlflow.sklearn`` wrote in each format, that with which ``load_flavor``
            predicts the same. Formats are left out that this release of MLflow does not have.
        missing: The other formats, each with the error's code.
        ours: Whether ``load_model`` predicts the same with what our flavor wrote.
    """

    by_default: bool
    untrusted: int
    theirs: tuple[str, ...]
    missing: tuple[str, ...]
    ours: bool


def data_for(name: str) -> Any:
    if "TF-IDF" in name:
        return _TEXTS
    if "one-hot" in name:
        return np.column_stack([_ROWS, np.arange(60) % 3])
    return _ROWS


def measured(name: str, place: Path) -> Outcome:
    """Write one model in each way and load it again."""
    rows = data_for(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MODELS[name].fit(rows, _CLASSES)
        expected = model.predict(rows).tolist()
        by_default, untrusted = True, 0
        try:
            mlflow.sklearn.save_model(model, str(place / "default"), **_QUICK)
            loaded = mlflow.sklearn.load_model(str(place / "default"))
            by_default = loaded.predict(rows).tolist() == expected
        except MlflowException as error:
            by_default, untrusted = False, len(_untrusted(error))
        theirs: list[str] = []
        missing: list[str] = []
        for form in mlflow.sklearn.SUPPORTED_SERIALIZATION_FORMATS:
            _write(model, str(place / form), form)
            try:
                same = signed.load_flavor(place / form).predict(rows).tolist() == expected
                (theirs if same else missing).append(form)
            except safeload.SafeloadError as error:
                missing.append(f"{form} ({error.code})")
        key = safeload.SigningKey.generate()
        signed.save_model(model, place / "ours", name="model", version="1", key=key)
        safeload.TrustFile.add(place / "trust.toml", name="me", key=key.public, models=["model"])
        loaded = signed.load_model(place / "ours", trust=place / "trust.toml")
        same = loaded.predict(rows).tolist() == expected
    return Outcome(by_default, untrusted, tuple(theirs), tuple(missing), same)


def _untrusted(error: MlflowException) -> set[str]:
    """The types that skops does not trust, from MLflow's sentence about them."""
    return set(re.findall(r"'([A-Za-z_][\w.]*\.[\w.]+)'", str(error).partition("Root error")[2]))


def _write(model: Any, path: str, form: str) -> None:
    more: dict[str, Any] = {}
    for _ in range(3):
        try:
            mlflow.sklearn.save_model(model, path, serialization_format=form, **_QUICK, **more)
        except MlflowException as error:
            shutil.rmtree(path)
            more = {"skops_trusted_types": sorted(_untrusted(error))}
        else:
            return
    raise AssertionError(path)


def table() -> str:
    """The table, measured now."""
    columns = (
        "model",
        f"`mlflow.sklearn` {mlflow.__version__}, by default",
        "`load_flavor` of what it writes",
        "signed, `load_model`",
    )
    lines = [f"| {' | '.join(columns)} |", "|---|---|---|---|"]
    counts = [0, 0, 0]
    for name in MODELS:
        with tempfile.TemporaryDirectory() as place:
            found = measured(name, Path(place))
        counts[0] += found.by_default
        counts[1] += not found.missing
        counts[2] += found.ours
        types = "type" if found.untrusted == 1 else "types"
        default = "yes" if found.by_default else f"no: {found.untrusted} {types} not trusted"
        theirs = ", ".join(sorted(found.theirs)) + (
            f"; not: {', '.join(found.missing)}" if found.missing else ""
        )
        lines.append(f"| {name} | {default} | {theirs} | {'yes' if found.ours else 'no'} |")
    total = len(MODELS)
    lines.append(f"| of {total} | {counts[0]} | {counts[1]} | {counts[2]} |")
    return "\n".join(lines) + "\n"


def between() -> re.Pattern[str]:
    """Where the table stands."""
    return re.compile(r"(?<=<!-- ordinary: begin -->\n).*?(?=<!-- ordinary: end -->)", re.DOTALL)


if __name__ == "__main__":
    text = DOCUMENT.read_text("utf-8")
    DOCUMENT.write_text(between().sub(table().replace("\\", r"\\"), text), "utf-8")
