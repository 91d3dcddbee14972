"""The process that fuzzes one target: inputs from an engine, each checked within limits.

What fails is kept in the corpus directory and does not end the work, so that one finding does not
hide the next. ``tests.fuzz.__main__`` starts this module and outlives its crashes.

Trust: inputs are hostile; memory is limited here, time by whoever watches.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import hashlib
import random
import re
import resource
import sys
import time
import traceback
import warnings
from collections import deque
from pathlib import Path
from typing import Any

from tests.fuzz.slate import Slate
from tests.fuzz.target import Target, Violation

__all__ = ["Harness", "load"]

# Bytes that the process may map beyond what it has mapped at the start.
_MEMORY = 2 << 30
# What one small input may cost: seconds of processor time, bytes of memory.
_SECONDS = 2.0
_GROWTH = 200 << 20
# How many inputs are kept of one finding.
_KEPT = 3
# At random: how often the grammar is asked for another example, and how often each is varied.
_GROWN = 0.1
_EACH = 8


def load(name: str) -> Target:
    """Import a target by its name."""
    import importlib

    target: Target = importlib.import_module(f"tests.fuzz.targets.{name}").TARGET
    return target


class Harness:
    """Checks inputs one after the other, counts them, and keeps those that fail.

    Args:
        target: What is fuzzed.
        folder: Where failing inputs are kept.
        slate: Where the input at hand is written down.
        executions: How many inputs there were before, in workers that died.
    """

    def __init__(self, target: Target, folder: Path, slate: Slate, executions: int) -> None:
        self.executions = executions
        self._check = target.check
        self._folder = folder
        self._slate = slate
        self._peak = _peak()
        self._kept: dict[str, int] = {}

    def __call__(self, data: bytes) -> None:
        """Check one input."""
        self.executions += 1
        self._slate.note(self.executions, data)
        start = time.perf_counter()
        try:
            self._check(data)
            if time.perf_counter() - start > _SECONDS:
                # It may have waited for other processes; what it takes for itself is another thing.
                start = time.thread_time()
                self._check(data)
                _within_time(time.thread_time() - start)
            self._within_memory()
        except Exception as problem:  # noqa: BLE001  # whatever hostile bytes lead to
            self._keep(data, problem)

    def _within_memory(self) -> None:
        peak = _peak()
        grown, self._peak = peak - self._peak, peak
        if grown > _GROWTH:
            raise Violation(f"an input takes {grown >> 20} MiB")

    def _keep(self, data: bytes, problem: Exception) -> None:
        frames = traceback.extract_tb(problem.__traceback__)
        places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
        kind = re.sub(r"\d+", "#", f"{type(problem).__name__} {problem}")[:100] + places[-1]
        count = self._kept[kind] = self._kept.get(kind, 0) + 1
        if count > _KEPT:
            return
        path = self._folder / hashlib.sha256(data).hexdigest()[:16]
        path.write_bytes(data)
        path.with_suffix(".txt").write_text("".join(traceback.format_exception(problem)), "utf-8")
        sys.stdout.write(f"FOUND {path}: {type(problem).__name__}: {str(problem)[:200]!a}\n")
        sys.stdout.flush()


def _within_time(seconds: float) -> None:
    if seconds > _SECONDS:
        raise Violation(f"an input takes {seconds:.0f} seconds")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    most = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _at_random(target: Target, harness: Harness, seed: int, seconds: float, runs: int) -> None:
    """Examples and what the grammar writes, varied over and over; no coverage is measured."""
    rng = random.Random(seed)
    examples: list[bytes] = target.examples()
    grown: deque[bytes] = deque(maxlen=len(examples))
    pool = examples
    end, last = time.monotonic() + seconds, harness.executions + runs
    while time.monotonic() < end and harness.executions < last:
        # Small inputs say as much as large ones, in less time.
        data = min(rng.choices(pool, k=2), key=len)
        if target.grow is not None and rng.random() < _GROWN:
            data = target.grow(rng)
            harness(data)
            grown.append(data)
            pool = [*examples, *grown]
        for _ in range(_EACH):
            harness(target.vary(data, pool, rng))
        # A chain of changes leads further than each of them alone.
        data = target.vary(data, pool, rng)
        for _ in range(rng.randrange(4)):
            data = target.vary(data, pool, rng)
            harness(data)


def _by_coverage(
    target: Target, harness: Harness, corpus: Path, seed: int, seconds: float, runs: int
) -> None:
    """What atheris makes of the examples, guided by which branches each input reaches."""
    import atheris

    pool = target.examples()
    for data in pool:
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)

    def mutate(data: bytes, most: int, number: int) -> bytes:
        rng = random.Random(number)
        if rng.random() < 0.5:
            varied: bytes = atheris.Mutate(data, len(data))
            return varied
        if target.grow is not None and rng.random() < 0.02:
            return target.grow(rng)[:most]
        return target.vary(data, pool, rng)[:most]

    words = corpus.parent / "dictionary"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.dictionary), "ascii")
    options = [
        sys.argv[0],
        f"-seed={seed % (1 << 31) or 1}",
        f"-max_total_time={int(seconds)}",
        f"-runs={runs if runs < 1 << 31 else -1}",
        "-max_len=16384",
        "-timeout=300",
        "-rss_limit_mb=0",
        "-print_final_stats=1",
        "-verbosity=0",
        f"-artifact_prefix={corpus.parent}/",
        *([f"-dict={words}"] if target.dictionary else []),
        str(corpus),
    ]
    atheris.Setup(options, harness, custom_mutator=mutate)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def main(arguments: list[str] | None = None) -> None:
    """Fuzz as told on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engine", choices=["atheris", "random"], required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--before", type=int, default=0)
    given = parser.parse_args(arguments)
    context: Any = contextlib.nullcontext()
    if given.engine == "atheris":
        import atheris

        context = atheris.instrument_imports(include=["safeload"])
    with context:
        target = load(given.target)
    found, corpus = given.folder / "found", given.folder / "corpus"
    found.mkdir(parents=True, exist_ok=True)
    corpus.mkdir(exist_ok=True)
    harness = Harness(target, found, Slate(given.folder / "slate"), given.before)
    for data in target.examples():
        harness(data)
    _limit_memory()
    # Whatever lives now lives to the end; going through it time and again costs more than it frees.
    gc.collect()
    gc.freeze()
    warnings.simplefilter("error")
    if given.engine == "atheris":
        _by_coverage(target, harness, corpus, given.seed, given.seconds, given.runs)
    else:
        _at_random(target, harness, given.seed, given.seconds, given.runs)


if __name__ == "__main__":
    main()
