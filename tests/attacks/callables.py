"""Does a callable that a model may keep do nothing but compute, whatever it is given?

Each is called with hundreds of sets of odd arguments (``oddities.py``) in a child process under
limits. It may raise what it likes, and what it gives is plain data. Anything else is a finding:

- the process ends by a signal, or works for more than five seconds on a small input,
- it takes a gibibyte for a small input,
- it opens a file, a socket or a process, imports what is no library's, or evaluates text of ours,
- a global of a module, an environment variable or a setting of numpy is another one afterwards,
- it gives something else than plain data: an iterator, a view, a callable, a type, a module, a
  file; and, where steps are composed, a tuple: of a tuple of parts, classes make native state.

Usage: ``python -m tests.attacks.callables [--sets 300] [--seed 0] [--only NAME ...]`` writes one
JSON line for each finding to stderr and the counts to stdout, and exits with 1 if there is any.

Trust: this does run what it finds; payloads do no more than create the canary.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safeload.policy.callables.kinds import Signature
from safeload.policy.policy import Policy

__all__ = ["Finding", "kept", "search"]

ROOT = Path(__file__).resolve().parent.parent.parent
SETS = 300
# Never called with data: what only the class itself calls, while it is fitted.
UNREACHED = frozenset(["kmeans_step", "splitter"])


@dataclass(frozen=True)
class Finding:
    """Harm that a callable did.

    Attributes:
        name: Its module and qualified name.
        given: What it was called with, in short.
        harm: What happened.
    """

    name: str
    given: str
    harm: str


def kept() -> dict[str, Signature]:
    """The callables of the default packs, each under one of its names, as ``module:name``."""
    from tests.attacks.calling import resolved

    found: dict[int, str] = {}
    signatures = {}
    for (module, name), entry in sorted(Policy.default().entries.items()):
        if entry.signature is None or entry.signature.kinds & UNREACHED:
            continue
        value = resolved(module, name)
        if value is None or id(value) in found:
            continue
        found[id(value)] = name
        signatures[f"{module}:{name}"] = entry.signature
    return signatures


def search(
    names: Sequence[str], *, sets: int, seed: int = 0, workers: int = 2, callables: str = ""
) -> tuple[int, list[Finding]]:
    """Call each of some callables with odd arguments.

    Args:
        names: As ``module:name``, out of :func:`kept`.
        sets: Sets of arguments for each.
        seed: What the choice of arguments follows from.
        workers: Processes at a time.
        callables: A module with a table ``CALLABLES`` to take instead of the packs, for a test of
            the search itself.

    Returns:
        How many calls were made, and what was found, in the order of the names.
    """
    with ThreadPoolExecutor(workers) as pool, tempfile.TemporaryDirectory() as folder:
        shards = [
            pool.submit(_shard, names[n::workers], Path(folder) / str(n), sets, seed, callables)
            for n in range(workers)
        ]
        done = [shard.result() for shard in shards]
    order = {name: place for place, name in enumerate(names)}
    findings = [finding for _, found in done for finding in found]
    return sum(calls for calls, _ in done), sorted(findings, key=lambda f: order[f.name])


def _shard(
    names: Sequence[str], folder: Path, sets: int, seed: int, callables: str
) -> tuple[int, list[Finding]]:
    """The same for what one process after the other calls: each time one dies, the next goes on."""
    folder.mkdir()
    calls, findings = 0, []
    pending = list(names)
    while pending:
        for line in _worker(pending, folder, sets, seed, callables):
            kind, name, *rest = line
            if kind == "begin":
                current, given = name, "nothing"
            elif kind == "given":
                given = name
            elif kind == "found":
                findings.append(Finding(name, *rest))
                _log(findings[-1])
            elif kind == "end":
                calls += rest[0]
                pending = pending[pending.index(name) + 1 :]
                current = ""
            elif kind == "died":
                # What it had begun did that.
                findings.append(Finding(current, given, name))
                _log(findings[-1])
                pending = pending[pending.index(current) + 1 :]
    return calls, findings


def _worker(
    names: Sequence[str], folder: Path, sets: int, seed: int, callables: str
) -> Iterator[list[Any]]:
    """What a process says that calls some callables, line by line, and how it died if it did."""
    command = [
        sys.executable,
        "-m",
        "tests.attacks.calling",
        str(folder),
        str(sets),
        str(seed),
        callables,
    ]
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
    }  # fmt: skip
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(list(names)))
        process.stdin.close()
        yield from map(json.loads, process.stdout)
        code = process.wait()
    if code:
        last = folder / "call"
        if last.exists():
            yield ["given", last.read_text("utf-8", "replace").rstrip("\0")]
        yield ["died", f"ended by signal {-code}" if code < 0 else f"ended with {code}"]


def _log(finding: Finding) -> None:
    """Say what was found as soon as it is."""
    sys.stderr.write(json.dumps([finding.name, finding.given, finding.harm]) + "\n")


def main() -> int:
    """Search the default packs.

    Returns:
        1 if there is a finding.
    """
    parser = argparse.ArgumentParser(description="Call every kept callable with odd arguments.")
    parser.add_argument("--sets", type=int, default=SETS, help="sets of arguments for each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=(), help="parts of names")
    options = parser.parse_args()
    names = [
        name for name in kept() if not options.only or any(part in name for part in options.only)
    ]
    random.Random(options.seed).shuffle(names)
    calls, findings = search(names, sets=options.sets, seed=options.seed)
    sys.stdout.write(f"{len(names)} callables, {calls} calls, {len(findings)} findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
