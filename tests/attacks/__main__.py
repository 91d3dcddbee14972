"""The searches at length: what is accepted is called, chained, changed and used.

Usage: ``python -m tests.attacks [--cases N] [--seed N]`` calls every callable of the packs with odd
arguments, then runs ``N`` random chains and ``N`` changed models from the seed on, in as many
processes as there are cores. It prints what was found, and exits with 1 if anything was.

Trust: this runs what it finds, in child processes with limits.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.attacks.callables import kept, search
from tests.attacks.test_callables import KNOWN
from tests.attacks.workers import run_seeds

_BATCH = 500
_SETS = 300


def _called() -> Iterator[str]:
    """What the callables do with odd arguments."""
    calls, findings = search(list(kept()), sets=_SETS)
    sys.stdout.write(f"callables: {calls} calls\n")
    for finding in findings:
        if finding.name not in KNOWN:
            yield f"{finding}"


def _cases(module: str, seed: int, count: int) -> Iterator[str]:
    """What the cases of a search lead to."""
    firsts = range(seed, seed + count, _BATCH)

    def batch(first: int) -> dict[str, Any]:
        return run_seeds(module, first, min(_BATCH, seed + count - first))

    accepted = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for told in pool.map(batch, firsts):
            accepted += told["accepted"]
            yield from (": ".join(map(str, finding)) for finding in told["findings"])
    sys.stdout.write(f"{module}: {accepted} of {count} cases accepted\n")


def main() -> int:
    """Run the searches."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=int, default=20_000, help="cases of chains and of models")
    parser.add_argument("--seed", type=int, default=None, help="the first seed; random by default")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(2**31) if options.seed is None else options.seed
    sys.stdout.write(f"from seed {seed} on\n")
    found = 0
    for findings in (
        _called(),
        _cases("tests.attacks.chains", seed, options.cases),
        _cases("tests.attacks.mutants", seed, options.cases),
    ):
        for line in findings:
            found += 1
            sys.stdout.write(f"FOUND {line}\n")
            sys.stdout.flush()
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
