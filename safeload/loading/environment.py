"""The environment a model was made in against the one it is loaded in.

A pack grants names of a library, not of whatever goes by its name: where the library is not
installed, nothing is imported, as Python would take a file of that name from the working directory.
scikit-learn promises nothing across minor releases: a model may load and predict otherwise.

Trust: versions come from a verified manifest.
"""

from __future__ import annotations

import platform
import re
import sys
import warnings
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, distributions, version

from safeload.errors import LoadError, printable
from safeload.policy.policy import Policy

__all__ = ["check_installed", "check_versions", "library_versions"]

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


def check_installed(needed: Iterable[tuple[str, tuple[str, ...]]]) -> None:
    """Require the libraries whose names the packs grant to a file, before any is imported.

    Args:
        needed: Top-level packages, each with the distributions that provide it, any one of them.

    Raises:
        LoadError: A package is neither imported already nor part of an installed distribution.
    """
    for package, names in sorted(needed):
        if package not in sys.modules and not any(map(_is_installed, names)):
            raise LoadError(
                f"The model needs {names[0]}, which is not installed.",
                code="library-missing",
                hint=f"Install it ('pip install {names[0]}') and try again.",
            )


def _is_installed(name: str) -> bool:
    # An empty entry is the working directory, which may hold what came with the model.
    found = distributions(name=name, path=[entry for entry in sys.path if entry])
    return next(iter(found), None) is not None


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
