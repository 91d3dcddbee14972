"""Files as joblib before 0.10 wrote them: arrays lie in files beside the pickle.

No such release runs on the Pythons of today. What is written here is compared with files that those
releases wrote, which joblib ships with its own tests.

Source: joblib 0.9 ``numpy_pickle.py``; joblib ``numpy_pickle_compat.py``.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import joblib.test
import numpy as np
from joblib.numpy_pickle_compat import NDArrayWrapper, ZNDArrayWrapper, write_zfile

__all__ = ["WRITTEN", "dump", "dumps", "zfile"]

# Files that joblib 0.8 and 0.9 wrote.
WRITTEN = Path(joblib.test.__file__).parent / "data"


def dumps(value: Any, name: str, *, compress: bool = False) -> dict[str, bytes]:
    """The files that a value is written to.

    Args:
        value: What to write.
        name: The name of the first file.
        compress: Whether to compress all of them.

    Returns:
        Their bytes by name, the pickle first.
    """
    buffer = io.BytesIO()
    pickler = _Pickler(buffer, name, compress=compress)
    pickler.dump(value)
    # The classes have moved since.
    data = buffer.getvalue().replace(b"joblib.numpy_pickle_compat\n", b"joblib.numpy_pickle\n")
    return {name: zfile(data) if compress else data, **pickler.files}


def dump(value: Any, path: Path, *, compress: bool = False) -> Path:
    """Write a value, and the files beside it.

    Args:
        value: What to write.
        path: The first file.
        compress: Whether to compress all of them.
    """
    for name, data in dumps(value, path.name, compress=compress).items():
        (path.parent / name).write_bytes(data)
    return path


def zfile(data: bytes) -> bytes:
    """Some bytes, compressed as joblib did."""
    buffer = io.BytesIO()
    write_zfile(buffer, data)
    return buffer.getvalue()


# The one that is written in Python, for what it saves can be replaced.
_PurePickler: Any = vars(pickle)["_Pickler"]


class _Pickler(_PurePickler):  # type: ignore[misc]
    def __init__(self, buffer: io.BytesIO, name: str, *, compress: bool) -> None:
        super().__init__(buffer, protocol=3)
        self.files: dict[str, bytes] = {}
        self._name = name
        self._compress = compress

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if type(obj) in (np.ndarray, np.matrix):
            obj = self._wrapper(obj)
        super().save(obj, save_persistent_id)

    def _wrapper(self, array: Any) -> object:
        name = f"{self._name}_{len(self.files) + 1:02}.npy"
        if self._compress and not array.dtype.hasobject:
            _, init_args, state = array.__reduce__()
            self.files[f"{name}.z"] = zfile(state[-1])
            return ZNDArrayWrapper(f"{name}.z", init_args, state[:-1])
        buffer = io.BytesIO()
        np.save(buffer, array)
        self.files[name] = buffer.getvalue()
        return NDArrayWrapper(name, type(array), not array.dtype.hasobject)
