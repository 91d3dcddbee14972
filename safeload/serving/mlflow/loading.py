"""A signed model that MLflow keeps is loaded, as itself or as MLflow's ``python_function``.

Trust: as :mod:`safeload.serving.mlflow.staging`. MLflow's own loader imports the module and the
code that ``MLmodel`` names, so it works on a verified folder here, and never on the one that the
model came in.

Source: ``mlflow.pyfunc.load_model``, which calls ``_load_pyfunc`` of the module that is named.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from safeload.auditing.sources.extras import require
from safeload.errors import UsageError
from safeload.gate import load
from safeload.limits import Limits
from safeload.policy.policy import Policy
from safeload.serving.mlflow.fetching import private_folder
from safeload.serving.mlflow.staging import TRUST_VARIABLE, Terms, stage
from safeload.serving.mlflow.wrapper import Served
from safeload.trust.trustfile import TrustFile

__all__ = ["LOADER_MODULE", "load_model", "load_pyfunc"]

_Path = str | os.PathLike[str]
LOADER_MODULE = "safeload.serving.mlflow"
# Of the call of load_pyfunc() that MLflow's loader is called for; it passes on none of our own.
_ASKED: ContextVar[Terms | None] = ContextVar("terms", default=None)


def load_model(
    model_uri: _Path,
    *,
    trust: _Path | TrustFile | None = None,
    name: str | None = None,
    version: str | None = None,
    min_version: str | None = None,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    probe: bool = False,
    ledger: _Path | None = None,
    allow_rollback: str | None = None,
    mmap_mode: str | None = None,
    limits: Limits | None = None,
    code: bool = False,
) -> Any:
    """Load a signed model that MLflow keeps.

    Args:
        model_uri: The path of a folder, or an address that MLflow takes, such as
            ``"models:/churn@champion"``, ``"models:/churn/3"`` or ``"runs:/ID/churn"``.
        trust: The trust file; by default the one in the user's configuration directory.
        name: The model's name as signed; by default the one that it is registered under, if the
            address has one.
        version: Its version as signed (not the number that the registry gives it), as
            :func:`safeload.load` compares it; any unless given.
        min_version: The least version, as for :func:`safeload.load`.
        policy: A policy, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        probe: Predict on the rows that were recorded at signing and compare.
        ledger: Where the load is recorded, and where it is looked up that no newer release of the
            model was loaded before; by default the trust file's, if it names one.
        allow_rollback: Why an older release may be loaded all the same; kept in the ledger.
        mmap_mode: ``"r"`` or ``"c"`` to view arrays instead of copying them.
        limits: Bounds on the work.
        code: Whether code that was signed with the model (``code_paths``) may be imported. The
            policy is asked for each of its names that the model uses; what the code does is not
            looked at.

    Returns:
        The model.

    Raises:
        SafeloadError: As :func:`safeload.load`; MLflow does not give the files (ArtefactError); or
            they are another release's than the registry says (``registry-mismatch``).
    """
    terms = _terms_in(locals())
    place = private_folder()
    keep = False
    try:
        folder, about = stage(model_uri, terms, place)
        if about.code is not None:
            # What is imported from it may be asked for much later.
            keep = True
            sys.path.insert(0, os.fspath(folder / about.code))
        return _loaded(folder, terms)
    finally:
        if not keep:
            shutil.rmtree(place, ignore_errors=True)


def load_pyfunc(
    model_uri: _Path,
    *,
    trust: _Path | TrustFile | None = None,
    name: str | None = None,
    version: str | None = None,
    min_version: str | None = None,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    probe: bool = False,
    ledger: _Path | None = None,
    allow_rollback: str | None = None,
    mmap_mode: str | None = None,
    limits: Limits | None = None,
    code: bool = False,
) -> Any:
    """Load a signed model as ``mlflow.pyfunc.load_model`` does, after it was verified.

    Args:
        model_uri: As for :func:`load_model`.
        trust: As for :func:`load_model`.
        name: As for :func:`load_model`.
        version: As for :func:`load_model`.
        min_version: As for :func:`load_model`.
        policy: As for :func:`load_model`.
        packs: As for :func:`load_model`.
        probe: As for :func:`load_model`.
        ledger: As for :func:`load_model`.
        allow_rollback: As for :func:`load_model`.
        mmap_mode: As for :func:`load_model`.
        limits: As for :func:`load_model`.
        code: As for :func:`load_model`.

    Returns:
        A ``mlflow.pyfunc.PyFuncModel``.

    Raises:
        SafeloadError: As :func:`load_model`; or the model was signed for another module to load
            it (``loader-module``).
    """
    terms = _terms_in(locals())
    pyfunc = require("mlflow.pyfunc", "mlflow")
    place = private_folder()
    keep = False
    asked = _ASKED.set(terms)
    try:
        folder, about = stage(model_uri, terms, place)
        about.require_loader(LOADER_MODULE)
        keep = about.code is not None
        return pyfunc.load_model(os.fspath(folder))
    finally:
        _ASKED.reset(asked)
        if not keep:
            shutil.rmtree(place, ignore_errors=True)


def _terms_in(arguments: dict[str, Any]) -> Terms:
    """The terms among the arguments of a call."""
    return Terms(**{name: value for name, value in arguments.items() if name != "model_uri"})


def _load_pyfunc(path: str, model_config: dict[str, Any] | None = None) -> Served:
    """Load a model for ``mlflow.pyfunc.load_model``, which calls this.

    Args:
        path: The folder of the model; hostile, if MLflow was not given a verified one.
        model_config: Nothing that anybody may say here: what the model's own ``MLmodel`` says and
            what the caller says arrive as one.

    Returns:
        What MLflow asks for predictions.

    Raises:
        SafeloadError: As :func:`safeload.load`.
    """
    if model_config:
        raise UsageError(
            "A signed model takes no model_config.",
            code="model-config",
            hint=f"Call safeload.serving.mlflow.load_pyfunc, or set {TRUST_VARIABLE}.",
        )
    return Served(_loaded(Path(path), _ASKED.get() or Terms.of_environment()))


def _loaded(folder: Path, terms: Terms) -> Any:
    return load(
        folder,
        trust=terms.trust,
        name=terms.name,
        version=terms.version,
        min_version=terms.min_version,
        policy=terms.policy,
        packs=terms.packs,
        probe=terms.probe,
        ledger=terms.ledger,
        allow_rollback=terms.allow_rollback,
        mmap_mode=terms.mmap_mode,
        limits=terms.limits,
    )
