"""Names as Python 3 will import them, where a stream has an older spelling.

Trust: the names are hostile; a name that is not in a table stays as it is.
Source: CPython ``Lib/_compat_pickle.py``, ``find_class`` of ``Lib/pickle.py``.
"""

from __future__ import annotations

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

__all__ = ["MOVED", "renamed"]

# Where a release of Python kept what every other has elsewhere.
MOVED = {"pathlib._local": "pathlib"}


def renamed(module: str, name: str) -> tuple[str, str]:
    """Python 2 names as ``pickle`` renames them below protocol 3."""
    if (module, name) in NAME_MAPPING:
        new: tuple[str, str] = NAME_MAPPING[module, name]
        return new
    return IMPORT_MAPPING.get(module, module), name
