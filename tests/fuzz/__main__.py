"""Fuzz safeload: ``python -m tests.fuzz [TARGET …]``; see docs/fuzzing.md.

Each target is fuzzed in a worker process. A worker that dies of a signal, or is silent for too
long, leaves behind the input that it was at; that input is a finding, and another worker goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import pkgutil
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import targets
from tests.fuzz.slate import Slate
from tests.fuzz.worker import load

_ROOT = Path(__file__).parents[2]
_FOREVER = 1 << 62
# Seconds between two looks at a worker, and for one input at most.
_LOOK = 0.5
_SECONDS_WITHOUT_PROGRESS = 300


@dataclass(frozen=True, slots=True)
class _Order:
    """What a worker is told: how to fuzz, for how many seconds and executions, and where."""

    engine: str
    seconds: float
    runs: int
    seed: int
    corpus: Path


def _fuzz(name: str, order: _Order) -> tuple[int, int]:
    """Fuzz one target; how many inputs were checked, and how many findings are kept."""
    folder = order.corpus / name
    folder.mkdir(parents=True, exist_ok=True)
    slate = Slate(folder / "slate", fresh=True)
    end, seed = time.monotonic() + order.seconds, order.seed
    while True:
        left = end - time.monotonic()
        runs = order.runs - slate.executions
        if left <= 0 or runs <= 0:
            break
        options = {
            "engine": order.engine,
            "seconds": left,
            "runs": runs,
            "seed": seed,
            "before": slate.executions,
        }
        flags = [f"--{option}={value}" for option, value in options.items()]
        command = [sys.executable, "-m", "tests.fuzz.worker", name, str(folder), *flags]
        status = _watch(command, slate)
        if status == 0:
            break
        data = slate.data
        path = folder / "found" / f"crash-{hashlib.sha256(data).hexdigest()[:16]}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        print(f"FOUND {path}: the worker ended with {status}", flush=True)
        seed += 1
    found = [path for path in (folder / "found").glob("*") if path.suffix != ".txt"]
    return slate.executions, len(found)


def _watch(command: list[str], slate: Slate) -> int:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    worker = subprocess.Popen(command, cwd=_ROOT, env=environment)
    seen, since = -1, time.monotonic()
    try:
        while (status := worker.poll()) is None:
            time.sleep(_LOOK)
            if slate.executions != seen:
                seen, since = slate.executions, time.monotonic()
            elif time.monotonic() - since > _SECONDS_WITHOUT_PROGRESS:
                worker.kill()
        return status
    finally:
        worker.kill()
        worker.wait()


def main() -> int:
    """Fuzz as told; 1 if there are findings."""
    every = sorted(module.name for module in pkgutil.iter_modules(targets.__path__))
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", choices=[*every, []], help="all unless given")
    parser.add_argument("--engine", choices=["atheris", "random"], help="atheris if installed")
    parser.add_argument("--seconds", type=float, default=60, help="for each target")
    parser.add_argument("--runs", type=int, default=_FOREVER, help="for each target, at most")
    parser.add_argument("--seed", type=int, help="of the random choices; another one each time")
    parser.add_argument("--corpus", type=Path, default=_ROOT / ".fuzz", help="where to keep inputs")
    parser.add_argument("--reproduce", type=Path, help="check this one input, in this process")
    given = parser.parse_args()
    names = given.target or every
    if given.reproduce is not None:
        load(names[0]).check(given.reproduce.read_bytes())
        print("nothing found")
        return 0
    engine = given.engine or ("atheris" if importlib.util.find_spec("atheris") else "random")
    seed = secrets.randbits(30) if given.seed is None else given.seed
    order = _Order(engine, given.seconds, given.runs, seed, given.corpus.resolve())
    failures = 0
    for name in names:
        start = time.monotonic()
        executions, found = _fuzz(name, order)
        failures += found
        row = {
            "target": name,
            "engine": engine,
            "seed": seed,
            "executions": executions,
            "seconds": round(time.monotonic() - start),
            "findings": found,
        }
        print(json.dumps(row), flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
