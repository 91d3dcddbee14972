"""An address of MLflow becomes a folder, and what the registry says about the model in it.

An alias is looked up once; what is downloaded is the version that it stood for then.

Trust: the tracking server and the registry are those that the caller's own configuration names.
The files are whatever lies in the artefact store: hostile. A registry that was asked for a version
says which run logged it; that is compared with what the signer signed, so that the files of an
older release do not pass for those of a newer one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from safeload.arguments import as_path, as_text
from safeload.auditing.sources.addresses import MODEL_SCHEMES
from safeload.auditing.sources.extras import require
from safeload.auditing.sources.failures import asking
from safeload.errors import ArtefactError, TrustError, UsageError, printable
from safeload.serving.mlflow.mlmodel import MLMODEL, MlModel

__all__ = ["Origin", "fetched", "private_folder"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model was found, and what is known of it from elsewhere than its own files.

    Attributes:
        address: What to ask MLflow for.
        folder: Where its files are now; hostile.
        name: The name that it is registered under, or None.
        run_id: The run that logged it, or None.
        model_id: What the server calls it, or None.
    """

    address: str
    folder: Path = Path()
    name: str | None = None
    run_id: str | None = None
    model_id: str | None = None

    def require_same(self, about: MlModel) -> None:
        """Require that the signer signed what the registry speaks of.

        Args:
            about: What the signer signed.

        Raises:
            TrustError: It is another one (``registry-mismatch``).
        """
        for what, expected, signed in (
            ("run", self.run_id, about.run_id),
            ("model", self.model_id, about.model_id),
        ):
            if expected is not None and expected != signed:
                found = "none" if signed is None else repr(printable(signed))
                raise TrustError(
                    f"The server says that this was logged as {what} {printable(expected)!r}; "
                    f"the files that were signed name {found}.",
                    code="registry-mismatch",
                    hint="Another release's files may lie in its place; ask whoever runs the "
                    "artefact store.",
                )


def private_folder(within: Path | None = None) -> Path:
    """Make a folder that only this user can come to."""
    return Path(tempfile.mkdtemp(prefix="safeload-", dir=within))


@contextmanager
def fetched(address: str | os.PathLike[str]) -> Iterator[Origin]:
    """Have the files of a model where they can be read.

    Args:
        address: The path of a folder, or any address that MLflow takes (``models:/NAME/VERSION``,
            ``models:/NAME@ALIAS``, ``runs:/ID/PATH``, ``s3://...``).

    Yields:
        Where they are; what was downloaded is removed afterwards.

    Raises:
        ArtefactError: MLflow does not give them.
        UsageError: MLflow is not installed, or the address names a server (``other-server``).
    """
    if isinstance(address, os.PathLike):
        address = os.fspath(as_path(address, "model_uri"))
    text = as_text(address, "model_uri")
    scheme = urlsplit(text).scheme.lower()
    if scheme not in MODEL_SCHEMES and Path(text).is_dir():
        yield Origin(text, Path(text))
        return
    with tempfile.TemporaryDirectory(prefix="safeload-", ignore_cleanup_errors=True) as place:
        with asking():
            origin = _looked_up(text, scheme)
            artifacts = require("mlflow.artifacts", "mlflow")
            found = artifacts.download_artifacts(artifact_uri=origin.address, dst_path=place)
        if not (Path(found) / MLMODEL).is_file():
            raise ArtefactError(
                f"There is no model of MLflow's at {printable(text)!r}.",
                code="no-mlmodel",
                hint="Give the folder that has MLmodel in it.",
            )
        yield replace(origin, folder=Path(found))


def _looked_up(address: str, scheme: str) -> Origin:
    if scheme not in MODEL_SCHEMES:
        return Origin(address)
    if urlsplit(address).netloc:
        raise UsageError(
            "An address of MLflow's names another server than the configuration does.",
            code="other-server",
            hint="Name the server in MLFLOW_TRACKING_URI or MLFLOW_REGISTRY_URI, and write the "
            "address with one slash.",
        )
    if scheme == "runs":
        runs = require("mlflow.store.artifact.runs_artifact_repo", "mlflow")
        return Origin(address, run_id=str(runs.RunsArtifactRepository.parse_runs_uri(address)[0]))
    names = require("mlflow.store.artifact.utils.models", "mlflow")
    client = require("mlflow", "mlflow").MlflowClient()
    registered = names.get_model_name_and_version(client, address)
    if len(registered) == 1:
        return Origin(address, model_id=str(registered[0]))
    name, version = str(registered[0]), str(registered[1])
    entry = client.get_model_version(name, version)
    return Origin(
        f"models:/{name}/{version}",
        name=name,
        run_id=_known(entry, "run_id"),
        model_id=_known(entry, "model_id"),
    )


def _known(entry: Any, what: str) -> str | None:
    value = getattr(entry, what, None)
    return str(value) if value else None
