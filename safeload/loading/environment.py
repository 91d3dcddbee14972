"""The environment a model was made in against the one it is loaded in.

scikit-learn promises nothing across minor releases: a model may load and predict otherwise.

Trust: versions come from a verified manifest.
"""

from __future__ import annotations

import platform
import re
import sys
import warnings
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from safeload.errors import LoadError, printable
from safeload.policy.policy import Policy

__all__ = ["check_versions", "library_versions"]

_LIBRARIES = ("scikit-learn", "numpy", "scipy", "joblib", "skops")


def library_versions() -> dict[str, str]:
    """The versions of python and of the libraries that models depend on, as installed here."""
    versions = {"python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    return versions


def check_versions(signed: Mapping[str, str], policy: Policy) -> None:
    """Require the minor release of scikit-learn that wrote a model.

    Args:
        signed: Versions by library, from the manifest.
        policy: Its ``version_check`` says whether a difference is an error or a warning.

    Raises:
        LoadError: The minor release differs and the policy says ``"error"``.
    """
    wanted = signed.get("scikit-learn")
    module = sys.modules.get("sklearn")
    if wanted is None or module is None:
        return
    installed = str(module.__version__)
    if _minor(wanted) == _minor(installed):
        return
    message = (
        f"The model was written by scikit-learn {printable(wanted)}; installed is {installed}."
    )
    if policy.version_check == "warn":
        warnings.warn(message, stacklevel=4)
        return
    raise LoadError(
        message,
        code="version-mismatch",
        hint='Install that release, or set versions = "warn" in a policy file.',
    )


def _minor(release: str) -> tuple[str, ...]:
    return tuple(re.split(r"[.+-]", release)[:2])
