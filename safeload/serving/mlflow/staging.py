"""A model that MLflow keeps becomes a folder of this user's own, with what was signed and no more.

Whoever works on that folder, MLflow's own loaders too, finds the bytes that were verified, whatever
happens to the files that they came from.

Trust: the files are hostile until they are verified; whom to believe is the caller's word, or that
of the environment, and never what lies in the folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from safeload.arguments import require_type
from safeload.errors import SafeloadError, TrustError, UsageError
from safeload.gate import verify
from safeload.ledger.recording import Entry
from safeload.limits import Limits
from safeload.parameters import check_arguments
from safeload.policy.policy import Policy
from safeload.serving.mlflow.fetching import fetched
from safeload.serving.mlflow.mlmodel import MLMODEL, MlModel
from safeload.trust.files import read_small
from safeload.trust.trustfile import TrustFile

__all__ = ["CODE_VARIABLE", "TRUST_VARIABLE", "Terms", "stage"]

_Path = str | os.PathLike[str]
# What the environment may say where nobody can give an argument.
TRUST_VARIABLE = "SAFELOAD_MLFLOW_TRUST"
CODE_VARIABLE = "SAFELOAD_MLFLOW_CODE"
# A bundle and those of further signers, which lie in the folder and do not cover themselves.
_BUNDLE = re.compile(r"model(\.[A-Za-z0-9_-]{1,64})?\.sig", re.ASCII)
_MOST_BUNDLES = 65


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms somebody loads a model; :func:`safeload.load` describes each.

    Attributes:
        code: Whether code that was signed with the model may be imported.
    """

    trust: _Path | TrustFile | None = None
    name: str | None = None
    version: str | None = None
    min_version: str | None = None
    policy: _Path | Policy | None = None
    packs: Iterable[str] = ()
    probe: bool = False
    ledger: _Path | None = None
    allow_rollback: str | None = None
    mmap_mode: str | None = None
    limits: Limits | None = None
    code: bool = False

    def __post_init__(self) -> None:
        given = {name: getattr(self, name) for name in self.__dataclass_fields__}
        require_type(given.pop("code"), "code", bool, takes="True or False")
        check_arguments(**given)

    @classmethod
    def of_environment(cls) -> Terms:
        """The terms of whoever started this process, where MLflow asks and nobody else."""
        said = os.environ.get(CODE_VARIABLE, "")
        if said not in ("", "0", "1"):
            raise UsageError(
                f"The variable {CODE_VARIABLE} is neither 0 nor 1.",
                code="environment",
                hint="Set it to 1 if code that was signed with a model may be imported.",
            )
        return cls(trust=os.environ.get(TRUST_VARIABLE) or None, code=said == "1")


def stage(address: _Path, terms: Terms, place: Path) -> tuple[Path, MlModel]:
    """Verify a model and write what was signed into a folder.

    Args:
        address: As :func:`safeload.serving.mlflow.fetching.fetched` takes it.
        terms: Whom to believe, and how far.
        place: A folder of this user's own.

    Returns:
        A new folder in it, with the files that were signed and the bundles; and its ``MLmodel``.

    Raises:
        SafeloadError: As :func:`safeload.load`; the ledger has a record of it. The signed model is
            not the one that the registry speaks of (``registry-mismatch``), or has code of its own
            that may not be imported (``code-not-allowed``).
    """
    entry = Entry(
        "load", address, terms.trust, terms.name, ledger=terms.ledger, reason=terms.allow_rollback
    )
    try:
        with fetched(address) as origin:
            name = terms.name or origin.name
            verified = verify(
                origin.folder,
                trust=terms.trust,
                name=name,
                version=terms.version,
                min_version=terms.min_version,
                limits=terms.limits,
            )
            entry.require_current(verified)
            about = MlModel.parse(verified.open(MLMODEL).data)
            origin.require_same(about)
            if about.code is not None and not terms.code:
                raise TrustError(
                    "The model brings code of its own, which was signed and not read.",
                    code="code-not-allowed",
                    hint="Install that code and sign without code_paths; or allow it, with "
                    f"code=True or {CODE_VARIABLE}=1.",
                )
            folder = verified.stage(place / "model")
            _copy_bundles(origin.folder, folder, (terms.limits or Limits()).bundle_bytes)
    except SafeloadError as error:
        entry.refuse(error)
        raise
    return folder, about


def _copy_bundles(origin: Path, folder: Path, most: int) -> None:
    """Put the bundles where whoever loads from the folder verifies it again."""
    names = sorted(name for name in os.listdir(origin) if _BUNDLE.fullmatch(name))  # noqa: PTH208
    for name in names[:_MOST_BUNDLES]:
        try:
            data, _ = read_small(origin / name, limit=most)
        except OSError:
            # One that is not a file is none; the one that counts was read a moment ago.
            continue
        (folder / name).write_bytes(data)
