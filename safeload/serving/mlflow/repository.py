"""``safeload:`` before an address of MLflow: what is downloaded was verified.

MLflow asks for the files of a model in one way, whatever it is about to do with them: load them,
serve them, build an image. It finds this class by the entry point of this package. For
``safeload:models:/churn/3`` it is given a folder that was made here, with what was signed; where
that is refused, it is given nothing.

Trust: the address is the caller's own. Whom to believe is in the trust file of whoever runs this,
or the one that the environment names (``SAFELOAD_MLFLOW_TRUST``).

Source: ``mlflow.store.artifact.artifact_repo.ArtifactRepository``, and how
``mlflow.tracking.artifact_utils`` takes an address apart.
"""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import Any

from mlflow.store.artifact.artifact_repo import ArtifactRepository

from safeload.errors import SafeloadError, UsageError
from safeload.serving.mlflow.fetching import private_folder
from safeload.serving.mlflow.loading import LOADER_MODULE
from safeload.serving.mlflow.mlmodel import MLMODEL
from safeload.serving.mlflow.staging import Terms, stage

__all__ = ["VerifiedRepository"]

_SCHEME = "safeload:"
_log = logging.getLogger(__name__)


class VerifiedRepository(ArtifactRepository):  # type: ignore[misc]
    """Artefacts of MLflow's own repositories, each model verified before it is handed on."""

    def download_artifacts(
        self, artifact_path: str, dst_path: str | None = None, **_further: Any
    ) -> str:
        """Verify a model, and make a folder of what was signed.

        Args:
            artifact_path: The last part of the address: that of the model, or of its ``MLmodel``.
            dst_path: A folder to make it in; by default a new one of this user's own.

        Returns:
            The folder; or the path of ``MLmodel`` in it.

        Raises:
            SafeloadError: It is refused.
        """
        address = self.artifact_uri.removeprefix(_SCHEME)
        is_file = artifact_path == MLMODEL
        if artifact_path and not is_file:
            address = f"{address.rstrip('/')}/{artifact_path}" if address else artifact_path
        terms = Terms.of_environment()
        place = private_folder(None if dst_path is None else Path(dst_path))
        try:
            folder, about = stage(address, terms, place)
            about.require_loader(LOADER_MODULE)
        except SafeloadError as error:
            shutil.rmtree(place, ignore_errors=True)
            _log.error("%s: refused [%s]: %s %s", address, error.code, error, error.hint)
            raise
        if about.code is not None:
            # Each process that serves it verifies the folder, and nobody may add to it meanwhile.
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        return os.fspath(folder / MLMODEL if is_file else folder)

    def list_artifacts(self, path: str | None = None) -> list[Any]:
        """Nothing is listed: a model is had as a whole."""
        raise _whole()

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Nothing is written through this address."""
        raise _whole()

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Nothing is written through this address."""
        raise _whole()

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        raise _whole()


def _whole() -> UsageError:
    return UsageError(
        "An address that begins with safeload: is that of a whole model, to be read.",
        code="whole-model",
        hint="Leave out safeload: for anything else.",
    )
