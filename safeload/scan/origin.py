"""What a stream says of the release that wrote it.

Every estimator of scikit-learn carries the version it was written with in its state. Nothing else
in a pickle says which release of a library wrote it.

Trust: the file says so of itself, which proves nothing: good for a warning and for the words of an
error, never for a decision to allow something.
Source: scikit-learn ``BaseEstimator.__getstate__``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from safeload.scan.program import Global, Mapping, Program

__all__ = ["written_with"]

_KEY = "_sklearn_version"
_PACKAGE = "sklearn."
_RELEASE = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}[0-9A-Za-z.+]{0,30}", re.ASCII)


def written_with(programs: Iterable[Program]) -> tuple[str, ...]:
    """The releases of scikit-learn that wrote the estimators in a file.

    Args:
        programs: Its streams, before their tokens are dropped.

    Returns:
        The releases, each once, in the file's order; several where a model was loaded and written
        again as part of another.
    """
    found: dict[str, None] = {}
    for program in programs:
        for built in program.built:
            target = built.callable
            # Cheapest first: most objects have no state.
            if (
                built.states
                and type(target) is Global
                and target.module.startswith(_PACKAGE)
                and isinstance(built.states[0], Mapping)
                and _KEY in built.states[0].form
            ):
                release = built.states[0].get(_KEY)
                if type(release) is str and _RELEASE.fullmatch(release):
                    found[release] = None
    return tuple(found)
