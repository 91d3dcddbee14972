"""What another flavor of MLflow wrote is loaded by the policy of whoever loads it.

Such a model may say itself which types are to be trusted, how it was written, and which code it
brings. None of that is believed: the file is told by its bytes, and every name in it is judged.

Trust: the folder is hostile, ``MLmodel`` first of all; nobody vouches for anything in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from safeload.artefact import Artefact, Hashing
from safeload.errors import ArtefactError
from safeload.gate import load_unsigned
from safeload.limits import Isolation, Limits
from safeload.parameters import check_arguments
from safeload.policy.policy import Policy
from safeload.serving.mlflow.fetching import Origin, fetched
from safeload.serving.mlflow.mlmodel import MLMODEL, MlModel
from safeload.trust.folders import open_below
from safeload.writing.folder import Folder

__all__ = ["load_flavor"]

_Path = str | os.PathLike[str]


def load_flavor(
    model_uri: _Path,
    *,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    isolated: bool | Isolation = False,
    mmap_mode: str | None = None,
    limits: Limits | None = None,
) -> Any:
    """Load a model that ``mlflow.sklearn`` or ``mlflow.lightgbm`` wrote, which nobody signed.

    Pickle, cloudpickle and skops are read. Code that the model brings is not imported.

    Args:
        model_uri: The path of a folder, or an address that MLflow takes.
        policy: A policy, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        isolated: Whether to load into a process of its own; or the bounds on that process.
        mmap_mode: ``"r"`` or ``"c"`` to view arrays instead of copying them.
        limits: Bounds on the work.

    Returns:
        The model, as :func:`safeload.load_unsigned` returns it.

    Raises:
        SafeloadError: As :func:`safeload.load_unsigned`; or MLflow does not give the files, or
            they are not a model with such a flavor (ArtefactError).
    """
    check_arguments(
        policy=policy, packs=packs, isolated=isolated, mmap_mode=mmap_mode, limits=limits
    )
    with fetched(model_uri) as origin:
        artefact = _model_in(origin, mmap_mode, limits or Limits())
    return load_unsigned(
        artefact, policy=policy, packs=packs, isolated=isolated, mmap_mode=mmap_mode, limits=limits
    )


def _model_in(origin: Origin, mmap_mode: str | None, limits: Limits) -> Artefact:
    try:
        with Folder.opened(origin.folder) as folder:
            about = MlModel.parse(_read(folder, MLMODEL, origin, None, limits).data)
            return _read(folder, about.model_file(), origin, mmap_mode, limits)
    except OSError as error:
        raise ArtefactError(
            f"The folder cannot be read: {error.strerror}.",
            code="unreadable",
            hint="Check that it exists, and that you may read it.",
        ) from error


def _read(
    folder: Folder, name: str, origin: Origin, mmap_mode: str | None, limits: Limits
) -> Artefact:
    """Read a file of the folder, through no link."""
    with open_below(folder, name) as descriptor:
        return Artefact.read_open(
            descriptor,
            os.fstat(descriptor),
            path=origin.folder / name,
            limits=limits,
            mmap_mode=mmap_mode,
            hashing=Hashing.NONE,
        )
