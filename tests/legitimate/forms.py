"""The formats that people dump models in, and how each is loaded without a guard.

Trust: not applicable; what is loaded here was made here.
"""

from __future__ import annotations

import importlib.util
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import skops.io

__all__ = ["FORMS", "plainly_loaded"]

Dump = Callable[[Any, Path], object]


def _pickle(protocol: int) -> Dump:
    return lambda model, path: path.write_bytes(pickle.dumps(model, protocol))


def _joblib(compress: Any) -> Dump:
    return lambda model, path: joblib.dump(model, path, compress=compress)


FORMS: dict[str, Dump] = {
    "joblib": _joblib(0),
    **{
        f"joblib-{codec}": _joblib((codec, 3))
        for codec in ("zlib", "gzip", "bz2", "lzma", "xz", "lz4")
    },
    **{f"pickle-{protocol}": _pickle(protocol) for protocol in range(6)},
    "cloudpickle": lambda model, path: path.write_bytes(cloudpickle.dumps(model)),
    "skops": lambda model, path: skops.io.dump(model, path),
}
if importlib.util.find_spec("dill") is not None:
    import dill

    # To import dill is to change what joblib writes in the whole process.
    dill.extend(use_dill=False)

    def _joblib_beside_dill(model: Any, path: Path) -> None:
        dill.extend(use_dill=True)
        try:
            joblib.dump(model, path)
        finally:
            dill.extend(use_dill=False)

    FORMS["dill"] = lambda model, path: path.write_bytes(dill.dumps(model))
    FORMS["dill-joblib"] = _joblib_beside_dill


def plainly_loaded(form: str, path: Path) -> Any:
    """What the format's own loader makes of a file."""
    if "joblib" in form:
        return joblib.load(path)
    if form == "skops":
        return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    return pickle.loads(path.read_bytes())
