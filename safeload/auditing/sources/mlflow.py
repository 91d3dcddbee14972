"""Files of a model that an MLflow server keeps: which are they, and how is each of them read?

``models:/NAME/VERSION``, ``models:/NAME@ALIAS`` and ``runs:/ID/PATH`` are asked of the server that
MLflow's own configuration names (``MLFLOW_TRACKING_URI``, ``MLFLOW_REGISTRY_URI``). It says where
the files are: behind itself, or in an object store. They are listed and read; no flavor loads
anything, and nothing is put on a disk.

Trust: the server is the one that the caller's own configuration names; who logged a model, and
under which names, is not. A server may not point to this machine's own disk.
Source: MLflow's artifact repositories (``list_artifacts``) and REST API (``/mlflow-artifacts``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

from safeload.artefact import Artefact
from safeload.auditing.sources.addresses import MODEL_SCHEMES, STORES, WEB
from safeload.auditing.sources.extras import require
from safeload.auditing.sources.failures import asking, failure
from safeload.auditing.sources.remote import below
from safeload.auditing.sources.web import paced
from safeload.auditing.walk import Candidate, walk
from safeload.errors import ArtefactError
from safeload.limits import Limits

__all__ = ["LoggedFile", "of_model"]

_PIECE = 1 << 20
# Names that stand for names.
_STEPS = 4
# Where a server keeps files behind itself; what follows is the folder.
_PROXIED = "/mlflow-artifacts/artifacts"


@dataclass(frozen=True, slots=True)
class LoggedFile:
    """A file that an MLflow server gives out itself.

    Attributes:
        root: The address that its path is below, with whatever secrets it holds.
        path: Its path.
        size: Its bytes, by the listing.
    """

    root: str = field(repr=False)
    path: str
    size: int

    def read(self, limits: Limits) -> Artefact:
        """Read it, once.

        Args:
            limits: ``bytes_in`` applies.

        Raises:
            ArtefactError: The server does not give it, or it is too large.
            UsageError: MLflow is not installed.
        """
        if self.size > limits.bytes_in:
            raise _error(f"The file is larger than {limits.bytes_in} bytes.", code="too-large")
        rest = require("mlflow.utils.rest_utils", "mlflow")
        with asking():
            answer = rest.http_request(
                _credentials(self.root),
                f"/{quote(self.path)}",
                "GET",
                stream=True,
                extra_headers={"Accept-Encoding": "identity"},
            )
            with answer:
                if answer.status_code != 200:
                    raise failure(answer.status_code)
                if answer.headers.get("Content-Encoding", "identity") != "identity":
                    raise _error("The server compressed the file on its way.")
                return Artefact.take(paced(answer.raw, _PIECE), name=self.path, limits=limits)


def of_model(address: str, limits: Limits) -> Iterator[Candidate]:
    """List the files of a model or of a run.

    Args:
        address: As in the module docstring.
        limits: ``members`` applies to what is listed.

    Yields:
        The files, called by the address and their path below it; what could not be listed as one
        that cannot be read.

    Raises:
        UsageError: MLflow is not installed.
    """
    require("mlflow", "mlflow")
    title = address.rstrip("/")
    try:
        with asking():
            found = _found(address)
            scheme = urlsplit(found).scheme.lower()
            if scheme == "mlflow-artifacts" or (scheme in WEB and _PROXIED in found):
                candidates = _proxied(_repository(found), limits)
            elif scheme in STORES:
                candidates = _relative(below(found, limits), len(found.rstrip("/")) + 1)
            elif scheme in ("", "file") and _is_local():
                top = Path(url2pathname(urlsplit(found).path))
                candidates = _relative(walk([top]), len(str(top)) + 1)
            else:
                raise _error("The server keeps it in a place that safeload does not read.")
        for candidate in candidates:
            yield replace(candidate, title=f"{title}/{candidate.title}".rstrip("/"))
    except ArtefactError as error:
        yield Candidate(Path(title), named=True, title=title, obstacle=error.message)


def _found(address: str) -> str:
    """Where the server says that the files are."""
    models = require("mlflow.store.artifact.models_artifact_repo", "mlflow")
    runs = require("mlflow.store.artifact.runs_artifact_repo", "mlflow")
    resolve = {
        "models": models.ModelsArtifactRepository.get_underlying_uri,
        "runs": runs.RunsArtifactRepository.get_underlying_uri,
    }
    for _ in range(_STEPS):
        scheme = address.partition(":")[0].lower()
        if scheme not in MODEL_SCHEMES:
            return address
        address = str(resolve[scheme](address))
    raise _error("The server leads from name to name.")


def _proxied(repository: Any, limits: Limits) -> Iterator[Candidate]:
    """All files below an artifact repository, which the server gives out itself."""
    root = str(repository.artifact_uri)
    folders: list[str | None] = [None]
    left = limits.members
    while folders:
        folder = folders.pop()
        with asking():
            entries = sorted(repository.list_artifacts(folder), key=lambda entry: str(entry.path))
        if not entries and folder is None:
            # A single file, or nothing; reading will tell.
            parent, _, name = root.rpartition("/")
            yield Candidate(Path(name), named=True, remote=LoggedFile(parent, name, 0))
        deeper = []
        for entry in entries:
            path = str(entry.path)
            left -= 1
            if left < 0:
                raise _error(f"More than {limits.members} names are listed here (limit members).")
            if folder is not None and not path.startswith(f"{folder}/"):
                raise _error("The server lists a name outside of its folder.")
            if entry.is_dir:
                deeper.append(path)
            else:
                size = entry.file_size if isinstance(entry.file_size, int) else 0
                remote = LoggedFile(root, path, size)
                yield Candidate(Path(path), named=False, title=path, remote=remote)
        folders += reversed(deeper)


def _relative(candidates: Iterator[Candidate], length: int) -> Iterator[Candidate]:
    """Files, called by what follows the folder that they are below."""
    for candidate in candidates:
        yield replace(candidate, title=candidate.label[length:])


def _repository(uri: str) -> Any:
    registry = require("mlflow.store.artifact.artifact_repository_registry", "mlflow")
    return registry.get_artifact_repository(uri)


def _credentials(root: str) -> Any:
    return require("mlflow.utils.credentials", "mlflow").get_default_host_creds(root)


def _is_local() -> bool:
    """Whether the caller's own configuration names a folder or a database of this machine."""
    mlflow = require("mlflow", "mlflow")
    return all(
        urlsplit(uri).scheme in ("", "file", "sqlite")
        for uri in (mlflow.get_tracking_uri(), mlflow.get_registry_uri())
    )


def _error(message: str, *, code: str = "unreadable") -> ArtefactError:
    return ArtefactError(message, code=code, hint="Fetch the files by other means, and audit them.")
