"""MLflow: models are signed when they are logged, and verified before anything of them is used.

::

    import safeload.serving.mlflow as signed

    signed.log_model(model, name="churn", version="1.2.0", key="signing.key")
    model = signed.load_model("models:/churn@champion", trust="trust.toml")
    model = signed.load_pyfunc("models:/churn@champion", trust="trust.toml")
    theirs = signed.load_flavor("models:/theirs/1")  # what mlflow.sklearn wrote; nobody signed it

Whatever takes an address of MLflow takes ``safeload:`` before it, and is given a folder that was
verified: ``mlflow models serve -m safeload:models:/churn@champion``.

Trust: the tracking server and registry are those of the caller's own configuration; what lies in
the artefact store is hostile until it is verified.
"""

from safeload.serving.mlflow.flavor import FLAVOR_NAME, log_model, save_model
from safeload.serving.mlflow.loading import (
    _load_pyfunc,  # noqa: F401  # MLflow calls it by this name
    load_model,
    load_pyfunc,
)
from safeload.serving.mlflow.unsigned import load_flavor

__all__ = ["FLAVOR_NAME", "load_flavor", "load_model", "load_pyfunc", "log_model", "save_model"]
