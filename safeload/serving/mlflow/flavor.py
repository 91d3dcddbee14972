"""A model becomes a folder of MLflow's, signed as a whole: the form of MLflow's own flavors.

What MLflow adds before it uploads a folder is written first, and signed with the rest: signature,
example, environment, code. What it adds to a folder that it downloaded, a file with the registered
name and version, is left out by its exact name; nothing of ours reads it.

Trust: whoever signs vouches for all that is in the folder.

Source: ``mlflow.sklearn.save_model`` and ``mlflow.models.Model.log``.
"""

from __future__ import annotations

import inspect
import os
import shutil
from pathlib import Path
from typing import Any, Literal, Unpack

import safeload
from safeload.arguments import as_path, wrong_value
from safeload.artefact import Artefact
from safeload.auditing.sources.extras import require
from safeload.limits import Limits
from safeload.loading.admit import admit
from safeload.loading.environment import library_versions
from safeload.policy.policy import Policy
from safeload.serving.mlflow.form import Environment, add_pyfunc, copy_code, describe, prepare
from safeload.serving.mlflow.loading import LOADER_MODULE
from safeload.serving.mlflow.mlmodel import MLMODEL
from safeload.serving.mlflow.wrapper import METHODS, Served
from safeload.signing.dumping import write_model
from safeload.signing.models import sign
from safeload.signing.statement import Facts, check_facts
from safeload.trust.secret import hidden

__all__ = ["FLAVOR_NAME", "log_model", "save_model"]

_Path = str | os.PathLike[str]
FLAVOR_NAME = "safeload"
# MLflow writes it into what it downloads for ``models:/``.
_ADDED = "registered_model_meta"
_FILES = {"joblib": "model.joblib", "skops": "model.skops"}


def save_model(
    model: Any,
    path: _Path,
    *,
    mlflow_model: Any = None,
    serialization_format: Literal["joblib", "skops"] = "joblib",
    conda_env: Any = None,
    code_paths: list[str] | None = None,
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    pyfunc_predict_fn: str = "predict",
    metadata: dict[str, Any] | None = None,
    **facts: Unpack[Facts],
) -> Path:
    """Write a model as a folder of MLflow's, and sign it.

    Args:
        model: The fitted model.
        path: The folder, which is not there yet, or empty.
        mlflow_model: MLflow's object that the flavors are added to; by default a new one.
        serialization_format: ``"joblib"`` or ``"skops"``.
        conda_env: As MLflow's flavors take it; so are the arguments up to ``metadata``.
        code_paths: Files and folders with the model's own code, which is signed with it. It is
            imported only if whoever loads the model allows it.
        signature: What the model takes and gives; read off the example unless given.
        input_example: A few rows of input.
        pip_requirements: What to install; by default the releases of the libraries that the model
            uses, as installed here.
        extra_pip_requirements: What to install beside that.
        pyfunc_predict_fn: Which method predicts: ``predict``, ``predict_proba`` and so on.
        metadata: Anything else that ``MLmodel`` is to say.
        **facts: Key, name, version and whatever else is said of the model, as
            :func:`safeload.sign` takes them.

    Returns:
        The bundle's path.

    Raises:
        SafeloadError: As :func:`safeload.sign`; or MLflow is not installed. Nothing is left then.
        MlflowException: An argument that MLflow's flavors take is none, or the folder is not empty.
        TypeError: A fact is missing, or is none that :func:`safeload.sign` takes.
    """
    facts["passphrase"] = hidden(facts.get("passphrase"))
    _check(facts, serialization_format, pyfunc_predict_fn)
    folder = as_path(path)
    environment = Environment(conda_env, pip_requirements, extra_pip_requirements)
    prepare(folder)
    try:
        code = copy_code(code_paths, folder)
        file = _FILES[serialization_format]
        write_model(model, folder / file, 0, as_skops=serialization_format == "skops")
        about = mlflow_model or require("mlflow.models", "mlflow").Model()
        describe(about, Served(model), folder, signature, input_example)
        if metadata is not None:
            about.metadata = metadata
        if hasattr(model, pyfunc_predict_fn):
            add_pyfunc(about, LOADER_MODULE, code, pyfunc_predict_fn)
        release = safeload.__version__
        about.add_flavor(FLAVOR_NAME, model=file, safeload_version=release, code=code)
        about.save(os.fspath(folder / MLMODEL))
        environment.write(folder, lambda: _requirements(folder / file, facts))
        # Imported meanwhile; MLflow removes it before it uploads.
        for cached in folder.rglob("__pycache__"):
            shutil.rmtree(cached)
        return sign(folder, model_file=file, ignore=(_ADDED,), **facts)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def log_model(
    model: Any,
    *,
    artifact_path: str = "model",
    registered_model_name: str | None = None,
    serialization_format: Literal["joblib", "skops"] = "joblib",
    conda_env: Any = None,
    code_paths: list[str] | None = None,
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    pyfunc_predict_fn: str = "predict",
    metadata: dict[str, Any] | None = None,
    further: dict[str, Any] | None = None,
    **facts: Unpack[Facts],
) -> Any:
    """Log a model to MLflow's server, signed.

    Args:
        model: The fitted model.
        artifact_path: What the run calls it (``name`` of MLflow 3's own flavors).
        registered_model_name: What to register it as; best the name that is signed, as whoever
            loads it by that name compares the two.
        serialization_format: As for :func:`save_model`.
        conda_env: As for :func:`save_model`.
        code_paths: As for :func:`save_model`.
        signature: As for :func:`save_model`.
        input_example: As for :func:`save_model`.
        pip_requirements: As for :func:`save_model`.
        extra_pip_requirements: As for :func:`save_model`.
        pyfunc_predict_fn: As for :func:`save_model`.
        metadata: As for :func:`save_model`.
        further: Arguments of ``mlflow.models.Model.log`` that stand in none of these, such as
            ``run_id`` or ``tags``, by name.
        **facts: As for :func:`save_model`.

    Returns:
        MLflow's ``ModelInfo``.

    Raises:
        SafeloadError: As :func:`save_model`.
        MlflowException: As :func:`save_model`; or the server does not take the model.
        TypeError: As :func:`save_model`.
    """
    facts["passphrase"] = hidden(facts.get("passphrase"))
    _check(facts, serialization_format, pyfunc_predict_fn)
    log = require("mlflow.models", "mlflow").Model.log
    # MLflow 3 calls "name" what was "artifact_path" before, and warns of the older word.
    takes_name = "name" in inspect.signature(log).parameters
    where = {"artifact_path": None, "name": artifact_path} if takes_name else {}
    writer = _Writer(
        model,
        {
            "serialization_format": serialization_format,
            "conda_env": conda_env,
            "code_paths": code_paths,
            "signature": signature,
            "input_example": input_example,
            "pip_requirements": pip_requirements,
            "extra_pip_requirements": extra_pip_requirements,
            "pyfunc_predict_fn": pyfunc_predict_fn,
            **facts,
        },
    )
    return log(
        **(where or {"artifact_path": artifact_path}),
        flavor=writer,
        registered_model_name=registered_model_name,
        metadata=metadata,
        # It would load the model, by a trust file that whoever signs may not have, and then add to
        # what was signed.
        validate_serving_input=False,
        **(further or {}),
    )


class _Writer:
    """What ``Model.log`` has write the folder that it uploads."""

    __name__ = LOADER_MODULE

    def __init__(self, model: Any, given: dict[str, Any]) -> None:
        self._model = model
        self._given = given

    def save_model(self, path: str, mlflow_model: Any, **_: Any) -> None:
        """Write the folder."""
        save_model(self._model, path, mlflow_model=mlflow_model, **self._given)


def _check(facts: Facts, serialization_format: object, predicts: object) -> None:
    """Find out what sign() would find out when the model is written already."""
    inspect.signature(sign).bind("", **facts)
    if strange := facts.keys() - Facts.__annotations__.keys():
        raise TypeError(f"There is no argument {min(strange)!r}")
    check_facts(facts)
    for value, parameter, known in (
        (serialization_format, "serialization_format", tuple(_FILES)),
        (predicts, "pyfunc_predict_fn", METHODS),
    ):
        if value not in known:
            raise wrong_value(parameter, " or ".join(map(repr, known)))


def _requirements(file: Path, facts: Facts) -> list[str]:
    """The releases of what the model uses, and of what loads it."""
    policy = Policy.of(facts.get("policy"), packs=facts.get("packs", ()))
    limits = facts.get("limits") or Limits()
    accepted = admit(Artefact.of(file, limits=limits), policy, limits)
    versions = library_versions(accepted.needed)
    versions.pop("python", None)
    versions[FLAVOR_NAME] = safeload.__version__
    return sorted(f"{name}=={release}" for name, release in versions.items())
