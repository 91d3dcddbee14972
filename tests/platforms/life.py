"""What safeload does where a system has less than Linux: all of it, in one child.

Run as ``python -m tests.platforms.life SYSTEM``, in a folder that is its own and with the project
on the path. Writes JSON: what could not be imported, and how each verb ended.

Trust: not applicable.
"""

from __future__ import annotations

import asyncio  # noqa: F401  # of what follows: imported while everything is there
import concurrent.futures.process  # noqa: F401
import contextlib
import importlib
import io
import json
import multiprocessing.spawn  # noqa: F401
import os
import pkgutil
import shutil
import subprocess  # noqa: F401
import sys
import tempfile  # noqa: F401
import traceback
from pathlib import Path
from typing import Any

import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: F401

from tests.platforms.absent import become

_LIBRARIES = """
aiohttp bcrypt cyclonedx.output.json fickling.fickle fsspec joblib lz4.frame markdown_it numpy
packageurl pandas platformdirs py7zr pytest rich.console rich.progress scipy.stats shtab
sigstore.models sigstore.sign sigstore.verify skops.io sklearn.ensemble sklearn.linear_model
sklearn.experimental.enable_halving_search_cv sklearn.neural_network sklearn.preprocessing sqlite3
tomlkit xml.etree.ElementTree
"""
# The isolated process is another interpreter, which loses the same.
_FOREIGN = "\u6a21\u578b-\u00e9.joblib"
_BEFORE = """
import sys
sys.path.insert(0, {root!r})
import json, numpy, sklearn.ensemble, sklearn.linear_model, joblib, skops.io, tempfile, subprocess
from tests.platforms.absent import become
become({system!r})
"""


def main() -> None:
    """Live as another system, and say how that went."""
    system = sys.argv[1]
    for library in _LIBRARIES.split():
        importlib.import_module(library)
    if system != "linux":
        become(system)
        _lose_in_children(system)
    failed = dict(_imports())
    # As safeload has it that is imported now.
    here = importlib.import_module("os")
    gone = [name for name in ("fork", "memfd_create", "readv") if not hasattr(here, name)]
    verbs = dict(_verbs())
    found = {"gone": gone, "imports": failed, "verbs": verbs, "calls": dict(_calls())}
    sys.stdout.write(json.dumps(found))


def _lose_in_children(system: str) -> None:
    from safeload.isolation import process

    root = str(Path(__file__).parents[2])
    process._PROGRAM = _BEFORE.format(root=root, system=system) + process._PROGRAM


def _imports() -> Any:
    """Modules of safeload that cannot be imported, and why."""
    import safeload

    for module in pkgutil.walk_packages(safeload.__path__, "safeload."):
        try:
            importlib.import_module(module.name)
        except Exception as error:  # noqa: BLE001  # each is told
            # What an extra brings may not be installed; what was taken away is in the list.
            if isinstance(error, ModuleNotFoundError) and error.name not in sys.modules:
                continue
            yield module.name, traceback.format_exc(limit=-2)


def _verbs() -> Any:
    """How each verb ends: its exit code, and what it says."""
    from safeload.cli.main import main as safeload
    from tests.test_packaging import MODEL, VERBS

    exec(MODEL, {})
    shutil.copy("churn.joblib", _FOREIGN)
    Path("changed.joblib").write_bytes(Path("churn.joblib").read_bytes() + b".")
    more = {
        "keygen again": "keygen team.key --no-passphrase",
        "to a device": f"export churn.joblib --cyclonedx -o {os.devnull} --trust trust.toml",
        "a foreign name": f"audit {_FOREIGN}",
        "what was changed": "load changed.joblib --bundle churn.joblib.sig --trust trust.toml",
        "jobs": "audit . --jobs 2",
    }
    verbs = {name: line for name, line in VERBS.items() if name != "demo"} | more
    for name, line in verbs.items():
        out = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", write_through=True)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                code: Any = safeload(line.split())
            except BaseException:  # noqa: BLE001  # each is told
                code = traceback.format_exc(limit=-6)
        yield name, [code, out.buffer.getvalue().decode("cp1252")[-2000:]]


def _calls() -> Any:
    """What functions give that work by other means where a system lacks something."""
    import joblib
    import numpy as np

    import safeload

    # Larger than what is read into an ordinary bytearray.
    rows = np.arange(1_000_000.0)
    joblib.dump({"rows": rows}, "rows.joblib")
    for mode in (None, "r", "c"):
        held = safeload.load_unsigned("rows.joblib", mmap_mode=mode)["rows"]
        yield f"mmap_mode {mode}", [bool((held == rows).all()), bool(held.flags.writeable)]
    key = safeload.SigningKey.read("team.key")
    model = safeload.load("churn.joblib", trust="trust.toml")
    # In the place of a pair that is there, and beside what a killed run has left.
    Path(".safeload-0123456789abcdef").mkdir(mode=0o700)
    safeload.dump(model, "churn.joblib", key=key, name="churn", version="2")
    verified = safeload.verify("churn.joblib", trust="trust.toml")
    yield "replaced", verified.manifest.require_model().version
    with Path("churn.joblib").open("rb"):
        try:
            safeload.dump(model, "churn.joblib", key=key, name="churn", version="3")
        except safeload.SafeloadError as error:
            yield "in use", error.code
        else:
            yield "in use", "replaced all the same"
    verified = safeload.verify("churn.joblib", trust="trust.toml")
    yield "afterwards", verified.manifest.require_model().version
    with safeload.load_unsigned("churn.joblib", isolated=True) as isolated:
        yield "isolated", isolated.predict(np.zeros((2, 4))).tolist()
        yield "missing", list(isolated.confinement.missing)
    yield "left", sorted(path.name for path in Path().glob(".safeload-*"))


if __name__ == "__main__":
    main()
