"""The environment a model was made in against the one it is loaded in.

A pack grants names of a library, not of whatever goes by its name: where the library is not
installed, nothing is imported, as Python would take a file of that name from the working directory.
scikit-learn promises nothing across minor releases: a model may load and predict otherwise.

Trust: versions come from a verified manifest, or from an unsigned file that speaks of itself.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, distributions, version

from safeload.errors import DriftWarning, LoadError, printable
from safeload.forks import IMPORTING
from safeload.policy.policy import Policy
from safeload.warned import warn

__all__ = ["check_installed", "check_versions", "drift", "library_versions", "with_origin"]

_SKLEARN = "scikit-learn"
_LIBRARIES = (_SKLEARN, "numpy", "scipy", "joblib", "skops")
# Errors that another release explains.
_BY_ANOTHER_RELEASE = ("missing-name", "load-failed")
_MOST_LISTED = 3


def library_versions(needed: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, str]:
    """The versions of python and of the libraries that models depend on, as installed here.

    Args:
        needed: Further libraries: the top-level packages that a file takes names of, each with the
            distributions that provide it.
    """
    further = sorted({name for _, names in needed for name in names}.difference(_LIBRARIES))
    found = {library: _version(library) for library in ("python", *_LIBRARIES, *further)}
    return {library: release for library, release in found.items() if release is not None}


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


def check_versions(
    written: Mapping[str, Sequence[str]],
    policy: Policy,
    needed: Iterable[tuple[str, tuple[str, ...]]],
    *,
    signed: bool,
) -> None:
    """Compare minor releases: those that wrote or signed a model with those that are to load it.

    Args:
        written: Releases by library, from the manifest or from the file itself.
        policy: Says which difference is an error, and which a warning.
        needed: Top-level packages that the file takes names of, and what provides them; other
            libraries do not matter. All are imported.
        signed: Whether ``written`` comes from a verified manifest.

    Raises:
        LoadError: A minor release differs, and the policy says ``"error"``.
        DriftWarning: One does, the policy says ``"warn"``, and the program makes errors of these.
    """
    relevant = {name for _, names in needed for name in names} | {"python"}
    if "sklearn" in sys.modules:
        # A team's estimators have it as their base, and need no name of it.
        relevant.add(_SKLEARN)
    for library in sorted(relevant.intersection(written)):
        found = drift(library, written[library], signed=signed)
        check = policy.version_check(library, signed=signed)
        if found is None or check == "ignore":
            continue
        if check == "warn":
            warn(found)
            continue
        raise LoadError(
            str(found),
            code="version-mismatch",
            hint=f'Install that release, or set versions = {{{library} = "warn"}} in a policy '
            "file.",
        )


def drift(
    library: str, releases: Sequence[str], *, signed: bool, parts: int = 2
) -> DriftWarning | None:
    """Compare what made a model with what is installed.

    Args:
        library: Name of a distribution, or ``"python"``.
        releases: Its releases that wrote or signed the model; at most one that signed it.
        signed: Whether a verified manifest says so.
        parts: How many parts of a release matter: 2 for the minor one.

    Returns:
        The difference, or None if there is none, or nothing installed to differ from.
    """
    installed = _version(library)
    if installed is None:
        return None
    other = tuple([each for each in releases if _parts(each, parts) != _parts(installed, parts)])
    if not other:
        return None
    listed = printable(" and ".join(other[:_MOST_LISTED]))
    made = "signed with" if signed else "written by"
    return DriftWarning(
        f"The model was {made} {library} {listed}; installed is {installed}.",
        library=library,
        written=other,
        installed=installed,
        signed=other[0] if signed else None,
    )


def with_origin(error: LoadError, written: Mapping[str, Sequence[str]]) -> LoadError:
    """The same error, saying which release wrote the file, where that is known and another one.

    Args:
        error: Why loading failed.
        written: Releases by library, from the file itself or from the manifest.
    """
    difference = drift(_SKLEARN, written.get(_SKLEARN, ()), signed=False, parts=3)
    if difference is None or error.code not in _BY_ANOTHER_RELEASE:
        return error
    minor = printable(".".join(_parts(written[_SKLEARN][0], 2)), limit=20)
    return LoadError(
        f"{error.message} {difference}",
        code=error.code,
        hint=f"Install that release ('pip install scikit-learn=={minor}.*' and what fits it), or "
        "fit the model anew with the one that is installed.",
    )


def _version(library: str) -> str | None:
    if library == "python":
        return platform.python_version()
    try:
        return _installed(library)
    except PackageNotFoundError:
        return None


@cache
def _installed(library: str) -> str:
    # Reading it takes as long as loading a small model. What is missing raises, and is asked again.
    with IMPORTING:
        return version(library)


def _parts(release: str, count: int) -> tuple[str, ...]:
    return tuple(re.split(r"[.+-]", release)[:count])
