"""Hostile ``MLmodel`` files, and hostile folders of other flavors; MLflow itself is not needed."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

import safeload
from safeload.serving.mlflow import load_flavor, load_model, load_pyfunc
from safeload.serving.mlflow.mlmodel import MlModel

SKLEARN = "flavors: {sklearn: {pickled_model: model.pkl, serialization_format: pickle}}"
DATA, CLASSES = np.arange(20.0).reshape(10, 2), [0, 1] * 5
TREE = DecisionTreeClassifier().fit(DATA, CLASSES)


class Payload:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.canary}",)


def model_in(folder: Path, about: str = SKLEARN, data: bytes | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "MLmodel").write_text(about)
    (folder / "model.pkl").write_bytes(pickle.dumps(TREE) if data is None else data)
    return folder


MALFORMED = {
    "too many bytes": b"a: '" + b"x" * (1 << 20) + b"'",
    "no mapping": b"- flavors",
    "two documents": b"flavors: {}\n---\nflavors: {}",
    "no flavors": b"run_id: a",
    "flavors that are a list": b"flavors: [sklearn]",
    "a flavor that is text": b"flavors: {sklearn: model.pkl}",
    "a flavor that is text in control characters": b'flavors: {"\\e[2J": model.pkl}',
    "an entry twice": b"flavors: {sklearn: {pickled_model: a, pickled_model: b}}",
    "a tag that makes an object": b"flavors: !!python/object/apply:os.system ['true']",
    "a tag of an entry": b"flavors: {sklearn: {pickled_model: !!python/name:os.system ''}}",
    "a tag of its own": b"flavors: {sklearn: !x {pickled_model: a}}",
    "the tag of text": b"flavors: {sklearn: {pickled_model: !!str a}}",
    "lists in lists": b"a: " + b"[" * 100_000,
    "mappings in mappings": b"".join(b" " * n + b"a:\n" for n in range(500)),
    "too many entries": b"flavors:\n" + b"".join(b" a%d: {}\n" % n for n in range(100_000)),
    "a name that is a list": b"flavors: {? [a, b] : {}}",
    "what contains itself": b"flavors: &a {sklearn: *a}",
    "no such anchor": b"flavors: *a",
    "no text": b"\xff\xfe\x00",
    "an unfinished text": b"flavors: {sklearn: 'a",
    "a character that is none": b"flavors: {sklearn: {pickled_model: '\x00'}}",
    "a date": b"flavors: 2026-01-01",
    "nothing": b"",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_description_is_an_error(data: bytes) -> None:
    with pytest.raises(safeload.ArtefactError) as error:
        MlModel.parse(data)
    assert error.value.code == "mlmodel-malformed"
    assert str(error.value).isprintable()


def test_a_bomb_costs_what_it_weighs() -> None:
    levels = ["x0: &x0 [a, a, a, a, a, a, a, a, a]"]
    levels += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" for n in range(1, 40)]
    merged = ["y0: &y0 {a: b}"]
    merged += [f"y{n}: &y{n} {{<<: [{', '.join([f'*y{n - 1}'] * 9)}]}}" for n in range(1, 20)]
    number = f"z: {':'.join(['59'] * 300_000)}"
    text = "\n".join([*levels, *merged, number, SKLEARN])
    assert MlModel.parse(text.encode()).model_file() == "model.pkl"


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../model.pkl",
        "a/../../model.pkl",
        "~/model.pkl/..",
        "a\\b",
        "C:a",
        "a//b",
        ".",
    ],
)
def test_a_file_lies_in_the_folder_of_its_model(tmp_path: Path, name: str) -> None:
    folder = model_in(tmp_path / "m", f"flavors: {{sklearn: {{pickled_model: '{name}'}}}}")
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(TREE))
    with pytest.raises(safeload.ArtefactError) as error:
        load_flavor(folder)
    assert error.value.code == "file-name"


@pytest.mark.parametrize("linked", ["model.pkl", "MLmodel", "deep"])
def test_no_link_is_followed(tmp_path: Path, linked: str) -> None:
    about = "flavors: {sklearn: {pickled_model: deep/model.pkl}}" if linked == "deep" else SKLEARN
    folder = model_in(tmp_path / "m", about)
    other = model_in(tmp_path / "other", about)
    (folder / linked).unlink(missing_ok=True)
    (folder / linked).symlink_to(other if linked == "deep" else other / linked)
    with pytest.raises(safeload.ArtefactError) as error:
        load_flavor(folder)
    assert error.value.code in {"unreadable", "not-regular"}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    folder = model_in(tmp_path / "m")
    (folder / "MLmodel").unlink()
    os.mkfifo(folder / "MLmodel")
    with pytest.raises(safeload.ArtefactError):
        load_flavor(folder)


def test_how_a_file_was_written_is_told_by_its_bytes(tmp_path: Path) -> None:
    joblib.dump(TREE, tmp_path / "a.joblib")
    written = {
        "pickle": pickle.dumps(TREE),
        "skops": skops.io.dumps(TREE),
        "joblib": (tmp_path / "a.joblib").read_bytes(),
    }
    for said in ("pickle", "cloudpickle", "skops", "no-such-format"):
        for number, data in enumerate(written.values()):
            about = SKLEARN.replace("serialization_format: pickle", f"serialization_format: {said}")
            loaded = load_flavor(model_in(tmp_path / f"{said}{number}", about, data))
            assert loaded.predict(DATA).tolist() == TREE.predict(DATA).tolist()


def test_what_a_model_says_is_to_be_trusted_is_not(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    said = "skops_trusted_types: [posix.system, os.system], code: code, pickled_model: model.pkl"
    about = (
        f"flavors: {{sklearn: {{{said}}}, python_function: {{loader_module: evil, code: code}}}}"
    )
    folder = model_in(tmp_path / "m", about, pickle.dumps(Payload(canary)))
    (folder / "code").mkdir()
    (folder / "code" / "evil.py").write_text(f"open({str(canary)!r}, 'w')\n")
    for isolated in (False, True):
        with pytest.raises(safeload.RefusedError):
            load_flavor(folder, isolated=isolated)
    (folder / "model.pkl").write_bytes(skops.io.dumps(Payload(canary)))
    with pytest.raises(safeload.RefusedError):
        load_flavor(folder)
    assert not canary.exists()


def test_a_model_can_be_kept_in_a_process_of_its_own(tmp_path: Path) -> None:
    with load_flavor(model_in(tmp_path / "m"), isolated=True) as model:
        assert model.predict(DATA).tolist() == TREE.predict(DATA).tolist()


@pytest.mark.parametrize(
    ("about", "code"),
    [
        ("flavors: {python_function: {loader_module: evil, data: model.pkl}}", "no-flavor"),
        ("flavors: {sklearn: {}}", "mlmodel-malformed"),
        ("flavors: {sklearn: {pickled_model: [model.pkl]}}", "mlmodel-malformed"),
        ("flavors: {sklearn: {pickled_model: none.pkl}}", "unreadable"),
    ],
)
def test_a_model_without_a_file_is_an_error(tmp_path: Path, about: str, code: str) -> None:
    with pytest.raises(safeload.ArtefactError) as error:
        load_flavor(model_in(tmp_path / "m", about))
    assert error.value.code == code


def test_the_flavor_that_is_known_is_the_one_that_is_loaded(tmp_path: Path) -> None:
    about = "flavors: {evil: {data: x}, python_function: {data: y}, lightgbm: {data: model.pkl}}"
    folder = model_in(tmp_path / "m", about, pickle.dumps(LogisticRegression().fit(DATA, CLASSES)))
    assert type(load_flavor(folder)) is LogisticRegression


def test_who_would_load_a_model_and_its_code_are_told_exactly() -> None:
    ours = "loader_module: safeload.serving.mlflow"
    for flavor in ("loader_module: evil", f"{ours}.evil", f"{ours}, data: ..", "predict_fn: a"):
        about = MlModel.parse(f"flavors: {{python_function: {{{flavor}}}}}".encode())
        with pytest.raises(safeload.TrustError) as error:
            about.require_loader("safeload.serving.mlflow")
        assert error.value.code == "loader-module"
    for code, found in (("code", "code"), ("null", None), ("''", None), ("~", None)):
        about = MlModel.parse(f"flavors: {{python_function: {{{ours}, code: {code}}}}}".encode())
        about.require_loader("safeload.serving.mlflow")
        assert about.code == found
    for code in ("..", "/tmp", "a/../.."):
        about = MlModel.parse(f"flavors: {{python_function: {{code: {code}}}}}".encode())
        with pytest.raises(safeload.ArtefactError):
            _ = about.code
    two = MlModel.parse(b"flavors: {a: {code: a}, b: {code: b}}")
    with pytest.raises(safeload.ArtefactError):
        _ = two.code


def test_a_path_that_is_no_folder_of_mlflows_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    with pytest.raises(safeload.ArtefactError):
        load_flavor(tmp_path / "m")
    with pytest.raises(safeload.UsageError):
        load_flavor(b"m")  # type: ignore[arg-type]


def test_an_argument_of_a_wrong_type_is_named(tmp_path: Path) -> None:
    for given in ({"code": 1}, {"trust": 1}, {"packs": 1}, {"policy": b""}, {"mmap_mode": "w"}):
        for load in (load_model, load_pyfunc):
            with pytest.raises(safeload.UsageError) as error:
                load(tmp_path, **given)
            assert next(iter(given)) in str(error.value)
