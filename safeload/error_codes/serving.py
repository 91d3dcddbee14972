"""Codes of what models are converted to, and of where they are served.

Trust: not applicable; nothing from a file comes here.
"""

from __future__ import annotations

from safeload.error_codes.code import of
from safeload.errors import ArtefactError, LoadError, TrustError, UsageError

__all__ = ["CODES"]

CODES = {
    **of(
        ArtefactError,
        {
            "mlmodel-malformed": (
                "A file MLmodel is not of the form that it has to have.",
                "Log the model again.",
            ),
            "no-flavor": (
                "A model of MLflow's has no flavor that can be loaded.",
                "Log it with safeload.serving.mlflow, mlflow.sklearn or what the hint lists.",
            ),
            "no-mlmodel": (
                "There is no model of MLflow's at that address.",
                "Give the folder that has MLmodel in it.",
            ),
        },
    ),
    **of(
        LoadError,
        {
            "cannot-convert": (
                "The format that a model was to be converted to cannot hold it.",
                "Convert to another format; joblib takes every model that safeload loads.",
            ),
            "nothing-compared": (
                "A converted model has no method whose results could be compared.",
                "Compare it by hand, or convert without comparing (--no-probe).",
            ),
            "result-unlike": (
                "What a model was converted to is of another format than its name says.",
                "Audit the model: it may have been made to do this.",
            ),
            "predictions-differ": (
                "A converted model predicts otherwise than the model; nothing was written.",
                "Allow for the difference where it is harmless (--tolerance).",
            ),
        },
    ),
    **of(
        TrustError,
        {
            "code-not-allowed": (
                "A model of MLflow's brings code of its own, which was signed and not read.",
                "Install that code and sign without code_paths, or allow it (code=True).",
            ),
            "loader-module": (
                "A model was signed, but not for MLflow to load it through safeload.",
                "Write it with safeload.serving.mlflow, or use load_model.",
            ),
            "registry-mismatch": (
                "The registry names another model or version than the files that were signed.",
                "Ask whoever runs the artefact store.",
            ),
        },
    ),
    **of(
        UsageError,
        {
            "other-server": (
                "An address of MLflow's names another server than the configuration does.",
                "Name the server in MLFLOW_TRACKING_URI or MLFLOW_REGISTRY_URI.",
            ),
            "settings-unusable": (
                "The file model-settings.json names nothing that could be served.",
                "Name a signed file or folder in parameters.uri.",
            ),
            "settings-writable": (
                "Another user could have written model-settings.json, which decides what runs.",
                "Put it where only you and root may write.",
            ),
            "convert-format": (
                "The name of the target says no format that models are converted to.",
                "Give it one of the endings that the hint lists.",
            ),
            "convert-rows": (
                "There are no rows to compare a converted model on, or to convert it with.",
                "Give a few rows of what the model predicts on (--probe FILE, rows=).",
            ),
            "convert-unsigned": (
                "A file in ONNX is not signed by itself.",
                "Sign the folder that it is in, with the model that it was made from.",
            ),
            "environment": (
                "A variable of the environment has a value that it cannot have.",
                "Set it as the hint says.",
            ),
            "model-config": (
                "A signed model takes no model_config.",
                "Leave it out, and use safeload.serving.mlflow.load_pyfunc.",
            ),
            "whole-model": (
                "An address that begins with safeload: is that of a whole model, to be read.",
                "Leave out safeload: for anything else.",
            ),
        },
    ),
}
