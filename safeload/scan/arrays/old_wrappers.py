"""Arrays of joblib before 0.10: a wrapper names a second file, which no scan follows.

Trust: the names are hostile; a wrapper is reported as not read, and never resolved.
Source: joblib ``numpy_pickle_compat.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from safeload.scan.program import Global, Mapping, ObjectToken, Token

__all__ = ["is_old_wrapper", "types_named"]

_NAMES = ("NDArrayWrapper", "ZNDArrayWrapper")
_MODULES = tuple(
    f"{joblib}.{module}"
    for joblib in ("joblib", "sklearn.externals.joblib")
    for module in ("numpy_pickle", "numpy_pickle_compat")
)


def is_old_wrapper(module: str, name: str) -> bool:
    """Whether a global is the class of such a wrapper."""
    return name in _NAMES and module in _MODULES


def types_named(built: Iterable[ObjectToken]) -> Iterator[tuple[Token, Mapping]]:
    """The types of array that wrappers name without keeping them, each with its wrapper's state."""
    for wrapper in built:
        target = wrapper.callable
        if isinstance(target, Global) and is_old_wrapper(target.module, target.name):
            for state in wrapper.states:
                if isinstance(state, Mapping):
                    args = state.get("init_args")
                    given = args if type(args) is tuple else (state.get("subclass"),)
                    yield from ((part, state) for part in given[:1])
