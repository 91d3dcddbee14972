"""What the guard of a process costs: importing it, and unpickling a small dict under it.

Both are measured in one run: the import in fresh interpreters, beside one that imports ``json``
alone, and the guarded ``pickle.loads`` beside the one that it stands for. The shortest of several
times counts.

Usage: ``python benchmarks/guard.py [--rounds N]``
"""

from __future__ import annotations

import argparse
import pickle
import subprocess
import sys
import timeit

# Milliseconds for the import; microseconds beyond what the plain function takes.
IMPORT, LOADS = 30.0, 20.0
_CALLS = 5_000
_IMPORTING = "import time; begun = time.perf_counter(); {what}; print(time.perf_counter() - begun)"


def importing(what: str, rounds: int) -> float:
    """Seconds that an import takes in a fresh interpreter, at best."""
    command = [sys.executable, "-c", _IMPORTING.format(what=what)]
    return min(
        float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        for _ in range(rounds)
    )


def loading(rounds: int) -> tuple[float, float]:
    """Seconds that the plain and the guarded function take for a small dict, at best."""
    from safeload.serving import guard

    data = pickle.dumps({"name": "churn", "version": 3, "rate": 0.25, "columns": ["age", "plan"]})
    plain = pickle.loads
    guard.install()
    times = [
        min(timeit.repeat(lambda load=load: load(data), number=_CALLS, repeat=rounds)) / _CALLS
        for load in (plain, pickle.loads)
    ]
    return times[0], times[1]


def main() -> int:
    """Measure, print, and say whether the targets are met."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    peer = importing("import json", rounds) * 1e3
    imported = importing("from safeload.serving import guard", rounds) * 1e3
    plain, guarded = (seconds * 1e6 for seconds in loading(rounds))
    print(f"import of the guard: {imported:.1f} ms (target {IMPORT:.0f}; json: {peer:.1f} ms)")
    print(
        f"pickle.loads of a small dict: {guarded:.1f} µs guarded, {plain:.1f} µs plain "
        f"(target: {LOADS:.0f} µs more)"
    )
    return int(imported > IMPORT or guarded - plain > LOADS)


if __name__ == "__main__":
    sys.exit(main())
