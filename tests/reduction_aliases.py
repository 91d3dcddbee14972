"""Writes today's objects under the names that other releases gave to their classes and functions.

Trust: not applicable; these pickles are made here.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from types import FunctionType
from typing import Any, ClassVar

import joblib.numpy_pickle

__all__ = ["Names", "joblib_bytes", "pickle_bytes"]

# Module and qualified name today, and elsewhere.
Names = Mapping[tuple[str, str], tuple[str, str]]


class _Renaming:
    """Mixed into a pickler written in Python: globals go by other names."""

    names: Names
    proto: int
    used: set[tuple[str, str]]

    def save_global(self: Any, value: Any, name: str | None = None) -> None:
        today = name or getattr(value, "__qualname__", value.__name__)
        key = pickle.whichmodule(value, today), today  # type: ignore[attr-defined]
        if key not in self.names:
            super().save_global(value, name)  # type: ignore[misc]
            return
        self.used.add(key)
        module, other = self.names[key]
        if self.proto >= 4:
            self.save(module)
            self.save(other)
            self.write(pickle.STACK_GLOBAL)
        else:
            self.write(pickle.GLOBAL + f"{module}\n{other}\n".encode())
        self.memoize(value)


class _Pickler(_Renaming, pickle._Pickler):
    dispatch: ClassVar[dict[type, Any]] = {
        **pickle._Pickler.dispatch,
        FunctionType: _Renaming.save_global,
    }


class _JoblibPickler(_Renaming, joblib.numpy_pickle.NumpyPickler):  # type: ignore[misc]
    dispatch: ClassVar[dict[type, Any]] = {
        **joblib.numpy_pickle.NumpyPickler.dispatch,
        FunctionType: _Renaming.save_global,
    }


def _written(pickler: Any, file: io.BytesIO, value: Any, names: Names) -> bytes:
    pickler.names, pickler.used = names, set()
    pickler.dump(value)
    unused = set(names) - pickler.used
    if unused:
        raise ValueError(f"nothing of the object is called {sorted(unused)}")
    return file.getvalue()


def pickle_bytes(value: Any, names: Names, protocol: int) -> bytes:
    """Pickle an object under other names.

    Args:
        value: The object.
        names: Names elsewhere by those of today; each has to occur.
        protocol: 0 to 5.
    """
    file = io.BytesIO()
    return _written(_Pickler(file, protocol), file, value, names)


def joblib_bytes(value: Any, names: Names) -> bytes:
    """What ``joblib.dump`` writes, under other names; see :func:`pickle_bytes`."""
    file = io.BytesIO()
    return _written(_JoblibPickler(file), file, value, names)
