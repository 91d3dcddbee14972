"""Who vouched for a model is known of the very object that was handed over, and of nothing else."""

from __future__ import annotations

import copy
import gc
import io
import pickle
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import safeload
from safeload import handed
from tests.documents import blocks_of

DOCUMENT = (Path(__file__).parent.parent / "docs" / "notebooks.md").read_text("utf-8")
KEY = safeload.SigningKey.generate()
ROWS = np.array([[0.0], [1.0], [2.0]])
PIPELINE = make_pipeline(StandardScaler(), LinearRegression()).fit(ROWS, [0.0, 1.0, 2.0])
HOSTILE = "<b onclick=x>\N{RIGHT-TO-LEFT OVERRIDE}"


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    return safeload.TrustFile.add(
        tmp_path / "trust.toml", name="alice", key=KEY.public, models=["*"]
    )


def dumped(model: Any, folder: Path, **facts: Any) -> Path:
    path = folder / "churn.joblib"
    safeload.dump(model, path, key=KEY, name="churn", version="1.2.0", **facts)
    return path


def test_a_loaded_model_says_who_signed_it(tmp_path: Path, trust: Path) -> None:
    path = dumped(
        PIPELINE, tmp_path, metrics={"r2": 0.5}, dataset=safeload.Dataset("rows", "a" * 64)
    )
    model = safeload.load(path, trust=trust)
    found = safeload.provenance(model)
    assert found is not None
    assert (found.signer, found.name, found.version) == ("alice", "churn", "1.2.0")
    assert (found.path, found.serial) == (str(path), found.manifest.require_model().serial)
    assert found.sha256 == safeload.verify(path, trust=trust).artefact.sha256
    assert repr(found) == "<Provenance: churn 1.2.0, signed by alice>"
    for text in ("churn 1.2.0", "alice", "r2", "0.5", found.sha256, str(path)):
        assert text in found._repr_html_()


def test_it_is_known_of_the_object_alone(tmp_path: Path, trust: Path) -> None:
    model = safeload.load(dumped(PIPELINE, tmp_path), trust=trust)
    data = pickle.dumps(model)
    # Nothing of it is in the object.
    assert b"alice" not in data
    assert b"churn" not in data
    others = [copy.copy(model), copy.deepcopy(model), clone(model), pickle.loads(data), model[0]]
    assert [safeload.provenance(other) for other in others] == [None] * len(others)
    assert safeload.provenance(PIPELINE) is None
    assert safeload.provenance(model) is not None


def test_it_goes_when_the_object_goes(tmp_path: Path, trust: Path) -> None:
    path = dumped(PIPELINE, tmp_path)
    gc.collect()
    before = len(handed._known)
    models = [safeload.load(path, trust=trust) for _ in range(3)]
    assert len(handed._known) == before + 3
    del models
    gc.collect()
    assert len(handed._known) == before


def test_another_object_at_the_same_place_is_not_taken_for_it(tmp_path: Path, trust: Path) -> None:
    path = dumped(PIPELINE, tmp_path)
    verified = safeload.verify(path, trust=trust)

    class Plain:
        pass

    identities = set()
    for _ in range(1_000):
        one = Plain()
        handed.remember(one, verified)
        identities.add(id(one))
        del one
        other = Plain()
        assert safeload.provenance(other) is None
        identities.add(id(other))
    # Places were used again, or the test would show nothing.
    assert len(identities) < 1_000


@pytest.mark.parametrize("value", [{"a": 1}, [1.5], (1, 2), 3], ids=repr)
def test_what_cannot_be_referred_to_weakly_has_none(
    value: Any, tmp_path: Path, trust: Path
) -> None:
    assert safeload.provenance(safeload.load(dumped(value, tmp_path), trust=trust)) is None


def test_what_the_whole_process_has_is_nobodys(tmp_path: Path, trust: Path) -> None:
    for shared in (np.log1p, LinearRegression, np.mean, len, dumped):
        handed.remember(shared, safeload.verify(dumped(PIPELINE, tmp_path), trust=trust))
        assert safeload.provenance(shared) is None


class Raises:
    """An object that raises whatever it is asked for."""

    def __getattr__(self, name: str) -> Any:
        raise ValueError(name)


def test_an_object_is_not_asked_what_it_is(tmp_path: Path, trust: Path) -> None:
    one = Raises()
    handed.remember(one, safeload.verify(dumped(PIPELINE, tmp_path), trust=trust))
    assert safeload.provenance(one) is not None


def test_what_nobody_signed_has_none(tmp_path: Path) -> None:
    path = dumped(PIPELINE, tmp_path)
    assert safeload.provenance(safeload.load_unsigned(path)) is None


def test_texts_make_no_elements(tmp_path: Path, trust: Path) -> None:
    path = dumped(
        PIPELINE, tmp_path, metrics={HOSTILE: 1.0}, dataset=safeload.Dataset(HOSTILE, "a" * 64)
    )
    model = safeload.load(path, trust=trust)
    shown = str(safeload.provenance(model)._repr_html_())  # type: ignore[union-attr]
    assert "<b" not in shown
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in shown
    assert "&lt;b onclick" in shown


def test_the_document_shows_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = blocks_of(DOCUMENT)
    programs = [block for language, block in blocks if language == "python"]
    names: dict[str, Any] = {}
    said = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(said):
        for program in programs:
            exec(program, names)
        with pytest.raises(safeload.DriftWarning):
            warnings.warn(safeload.DriftWarning("", library="", written=(), installed=""))  # noqa: B028
    assert [block for language, block in blocks if language == "text"] == [said.getvalue()]
    attributes = DOCUMENT.partition("it has attributes: ")[2].partition(", and `manifest`")[0]
    for name in attributes.split(", "):
        assert hasattr(names["safeload"].provenance(names["loaded"]), name.strip("`"))
