"""What lies beside a model in a folder of MLflow's: its description, example and environment.

MLflow has no public functions for these; its own flavors, and those of others, call the same ones.

Trust: all of it is the signer's own.

Source: ``mlflow.sklearn.save_model``, MLflow 2.16 to 3.17.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safeload.auditing.sources.extras import require

__all__ = ["Environment", "add_pyfunc", "copy_code", "describe", "prepare"]

_CONDA, _PYTHON, _REQUIREMENTS = "conda.yaml", "python_env.yaml", "requirements.txt"
_CONSTRAINTS = "constraints.txt"


def prepare(folder: Path) -> None:
    """Make a folder, which is not there yet, or empty."""
    tools = require("mlflow.utils.model_utils", "mlflow")
    tools._validate_and_prepare_target_save_path(os.fspath(folder))


def copy_code(code_paths: list[str] | None, folder: Path) -> str | None:
    """Copy a model's own code beside it.

    Args:
        code_paths: Files and folders.
        folder: The folder of the model.

    Returns:
        The folder in it with that code, or None if there is none.
    """
    tools = require("mlflow.utils.model_utils", "mlflow")
    copied: str | None = tools._validate_and_copy_code_paths(code_paths, os.fspath(folder))
    return copied


def describe(about: Any, served: Any, folder: Path, signature: Any, input_example: Any) -> None:
    """Write an example beside the model, and say what the model takes and gives.

    Args:
        about: MLflow's ``Model``.
        served: What predicts from the example.
        folder: The folder of the model.
        signature: What it takes and gives; False for nothing, None to read it off the example.
        input_example: A few rows, or None.
    """
    utils = require("mlflow.models.utils", "mlflow")
    saved = utils._save_example(about, input_example, os.fspath(folder))
    if signature is None and saved is not None:
        signatures = require("mlflow.models.signature", "mlflow")
        signature = signatures._infer_signature_from_input_example(saved, served)
    if signature is not None and signature is not False:
        about.signature = signature


def add_pyfunc(about: Any, module: str, code: str | None, predicts: str) -> None:
    """Say which module loads the model for ``mlflow.pyfunc``.

    Args:
        about: MLflow's ``Model``.
        module: The module.
        code: The folder with the model's own code, or None.
        predicts: The method that predicts.
    """
    require("mlflow.pyfunc", "mlflow").add_to_model(
        about,
        loader_module=module,
        conda_env=_CONDA,
        python_env=_PYTHON,
        code=code,
        predict_fn=predicts,
    )


@dataclass(frozen=True, slots=True)
class Environment:
    """What a caller says of what is to be installed for a model, as MLflow's flavors take it."""

    conda_env: Any
    pip_requirements: Any
    extra_pip_requirements: Any

    def __post_init__(self) -> None:
        _tools()._validate_env_arguments(
            self.conda_env, self.pip_requirements, self.extra_pip_requirements
        )

    def write(self, folder: Path, default: Callable[[], list[str]]) -> None:
        """Write it, in each of the forms that MLflow reads.

        Args:
            folder: The folder of the model.
            default: Asked for requirements if the caller gave none.
        """
        tools = _tools()
        if self.conda_env is not None:
            conda, requirements, constraints = tools._process_conda_env(self.conda_env)
        else:
            conda, requirements, constraints = tools._process_pip_requirements(
                default() if self.pip_requirements is None else None,
                self.pip_requirements,
                self.extra_pip_requirements,
            )
        text = require("yaml", "mlflow").safe_dump(conda, default_flow_style=False)
        (folder / _CONDA).write_text(text, "utf-8")
        if constraints:
            (folder / _CONSTRAINTS).write_text("\n".join(constraints), "utf-8")
        (folder / _REQUIREMENTS).write_text("\n".join(requirements), "utf-8")
        tools._PythonEnv.current().to_yaml(os.fspath(folder / _PYTHON))


def _tools() -> Any:
    return require("mlflow.utils.environment", "mlflow")
