"""Without the servers there is nothing to collect."""

from __future__ import annotations

from importlib.util import find_spec

# What each module needs beyond the tests' own requirements; `make sources` installs all of it.
NEEDED = {
    "test_dask.py": "distributed",
    "test_hf.py": "huggingface_hub",
    "test_mlflow.py": "mlflow.server",
    "test_s3.py": "moto",
}


def _is_there(name: str) -> bool:
    top = name.partition(".")[0]
    return find_spec(top) is not None and find_spec(name) is not None


collect_ignore = [module for module, name in NEEDED.items() if not _is_there(name)]
