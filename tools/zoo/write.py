"""Fit and write the zoo in the environment this runs in: ``python tools/zoo/write.py FOLDER``.

Each object is written with joblib and with pickle, and what it answers lies beside it. The folder's
``index.json`` says which releases wrote it, what each file is, and what was left out, and why.

Runs inside of the environments that ``tools/write_releases.py`` builds, so it needs nothing of
safeload: Python 3.7 and later, scikit-learn 0.21 and later. For what is older there is
``old_python.py``.
"""

from __future__ import annotations

import argparse
import json
import pickle
import platform
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import later
import numpy as np
import pandas as pd
import scipy
import sklearn

later.supply()

import composites  # noqa: E402
import estimators  # noqa: E402
import values  # noqa: E402
from answers import answers  # noqa: E402
from data import data  # noqa: E402

if TYPE_CHECKING:
    # Not to be subscripted in Python 3.8.
    from collections.abc import Callable

_CODECS = ("zlib", "gzip", "bz2", "lzma", "xz")
# Objects written with every codec; codecs do not see what they compress.
_FOR_CODECS = ("RandomForestClassifier", "titanic", "array_large", "arrays_of_objects")


def _joblib(compress: Any) -> Callable[[Any, Path], Any]:
    return lambda thing, path: joblib.dump(thing, path, compress=compress)


def _pickle(protocol: int) -> Callable[[Any, Path], Any]:
    return lambda thing, path: path.write_bytes(pickle.dumps(thing, protocol))


_FORMS = {
    "joblib": _joblib(0),
    **{f"joblib-{codec}": _joblib((codec, 3)) for codec in _CODECS},
    **{
        f"pickle-{protocol}": _pickle(protocol)
        for protocol in (0, 2, 4, 5)
        if protocol <= pickle.HIGHEST_PROTOCOL
    },
}


def _forms(name: str) -> list[str]:
    rare = [f"joblib-{codec}" for codec in _CODECS[1:]]
    return [form for form in _FORMS if form not in rare or name in _FOR_CODECS]


def main() -> int:
    """Write everything that this release can make.

    Returns:
        0; an object that cannot be made or written is said in the index.
    """
    parser = argparse.ArgumentParser(description="Fit and write the zoo.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", action="append", help="an object's name; all unless given")
    options = parser.parse_args()
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    files, skipped = [], {}
    makers = [*estimators.makers(), *composites.makers(), *values.makers()]
    if len(dict(makers)) < len(makers):
        raise ValueError("two objects have one name")
    for name, make in makers:
        if options.only and name not in options.only:
            continue
        np.random.seed(0)
        try:
            thing, kind = make()
        except Exception as error:  # noqa: BLE001  # every release lacks something else
            skipped[name] = f"{type(error).__name__}: {error}"[:200]
            continue
        for form in _forms(name):
            path = folder / f"{name}.{form}"
            try:
                _FORMS[form](thing, path)
            except Exception as error:  # noqa: BLE001  # as above
                skipped[path.name] = f"{type(error).__name__}: {error}"[:200]
                continue
            files.append({"file": path.name, "object": name, "form": form, "data": kind})
        # Asked only now, because an answer may change what is asked.
        if kind is not None:
            np.savez(str(folder / f"{name}.npz"), **answers(thing, data[kind]))
    versions = {
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "joblib": joblib.__version__,
        "pandas": pd.__version__,
    }
    index = {"versions": versions, "files": files, "skipped": skipped}
    (folder / "index.json").write_text(json.dumps(index, indent=1, sort_keys=True))
    wrote = " ".join(f"{library} {version}" for library, version in versions.items())
    objects = len({file["object"] for file in files})
    left_out = ", ".join(sorted(skipped)) or "none"
    sys.stdout.write(f"{wrote}: {len(files)} files of {objects} objects; left out: {left_out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
