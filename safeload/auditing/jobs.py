"""Who reads which file, in how many processes, and what if one of them does not come back?

Few files are read where we are. For more, joblib starts workers, or a cluster has some; they get
files in batches, large ones first. If a worker is killed, all batches that were out may have been
its; their files are read again one at a time, and one that ends a worker when it is alone is
INCOMPLETE. Answers come as they are had; whoever wants an order makes it.

Trust: a worker sends a line of text, which is checked like one from the cache.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Protocol

from safeload.auditing.cluster import Cluster
from safeload.auditing.judging import Judging
from safeload.auditing.one import Answer, Known, answer, unread
from safeload.auditing.rows import as_row, from_row
from safeload.auditing.walk import Candidate
from safeload.auditing.workers import apart, bounded, deaf, share
from safeload.verdict import Finding
from safeload.warned import silenced

__all__ = ["Task", "answers", "cores"]

# What a file takes, roughly: seconds for its existence and for each byte.
_PER_FILE, _PER_BYTE = 0.002, 5e-8
# Seconds that it takes until workers work, and that a batch is worth.
_START, _BATCH = 1.5, 0.25
_ENDED = "The process that reads it is ended each time: by the system, or for want of memory."


@dataclass(frozen=True, slots=True)
class Task:
    """A file to be read.

    Attributes:
        number: Which of all files it is.
        candidate: The file.
        size: Its bytes, as far as is known beforehand.
    """

    number: int
    candidate: Candidate
    size: int

    @property
    def seconds(self) -> float:
        """What it may take; good enough to share work out."""
        return _PER_FILE + self.size * _PER_BYTE


@dataclass(frozen=True, slots=True)
class _Order:
    """What a worker is told beside its files.

    Attributes:
        judging: How to judge them.
        cache: A cache to look digests up in, or None.
        memory: Bytes that the work may take; 0 for no bound.
    """

    judging: Judging
    cache: Path | None
    memory: int


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def answers(
    tasks: Sequence[Task],
    judging: Judging,
    *,
    jobs: int,
    known: Known | None,
    cache: Path | None = None,
    cluster: Cluster | None = None,
) -> Iterator[tuple[int, Answer]]:
    """Read and judge files.

    Args:
        tasks: The files.
        judging: How to judge them.
        jobs: Processes at most.
        known: Says in this process what was found before; None without a cache.
        cache: The file that workers of this machine look such lines up in.
        cluster: Workers of other machines, which are taken however little there is to do.

    Yields:
        The number of a file and what was found of it, in whatever order.
    """
    if cluster is None and not _pays(tasks, jobs):
        for task in tasks:
            yield task.number, answer(task.candidate, judging, known)
        return
    if cluster is not None:
        elsewhere = [_anywhere(task) for task in tasks]
        yield from _shared_out(elsewhere, _Order(judging, None, 0), cluster, cluster.cores)
        return
    order = _Order(judging, cache, share(jobs))
    with apart():
        if _have_workers(order, jobs):
            yield from _shared_out(tasks, order, _Loky(), jobs)
            return
    # Workers that cannot be started at all are no reason to read nothing.
    yield from answers(tasks, judging, jobs=1, known=known)


def _have_workers(order: _Order, jobs: int) -> bool:
    """Whether workers can be started, which they are on the way."""
    try:
        done = _Loky().work(partial(_work, order=order), iter([[]]), jobs=jobs, ahead=1)
        return not list(chain.from_iterable(done))
    except (BrokenExecutor, OSError, ValueError):
        return False


def _shared_out(
    tasks: Sequence[Task], order: _Order, crew: Crew, jobs: int
) -> Iterator[tuple[int, Answer]]:
    """Have workers read files, whatever becomes of a worker."""
    left = yield from _round(_batches(tasks, jobs), order, crew, jobs, ahead=2 * jobs)
    # One after the other, and with all the memory there is. One job would be done in this process.
    order = replace(order, memory=0)
    left = yield from _round([[task] for task in left], order, crew, 2, ahead=1)
    for task in left:
        if (yield from _round([[task]], order, crew, 2, ahead=1)):
            yield task.number, unread(task.candidate, Finding("SL012", _ENDED))


def _round(
    batches: list[list[Task]], order: _Order, crew: Crew, jobs: int, *, ahead: int
) -> Generator[tuple[int, Answer], None, list[Task]]:
    """Have all batches done by workers, whatever becomes of these.

    Args:
        batches: Files, of which the last are given out first.
        order: What workers are told.
        crew: The workers.
        jobs: How many there are.
        ahead: How many batches are out at a time.

    Returns:
        Files that had too little memory, or that were out when a worker was ended.
    """
    left: list[Task] = []
    while batches:
        out: dict[int, Task] = {}

        def hand_out(out: dict[int, Task] = out) -> Iterator[list[Task]]:
            while batches:
                batch = batches.pop()
                out.update((task.number, task) for task in batch)
                yield batch

        with suppress(BrokenExecutor):
            work = partial(_work, order=order)
            for line in chain.from_iterable(crew.work(work, hand_out(), jobs=jobs, ahead=ahead)):
                try:
                    task, found = _received(line, out)
                except (ValueError, RecursionError):
                    # No answer is none: the file stays among those that are out.
                    continue
                if found.starved and order.memory:
                    left.append(task)
                else:
                    yield task.number, found
        left += out.values()
    return left


def _pays(tasks: Sequence[Task], jobs: int) -> bool:
    """Whether workers would be done before this process alone is."""
    jobs = min(jobs, len(tasks))
    seconds = sum(task.seconds for task in tasks)
    return jobs > 1 and seconds * (1 - 1 / jobs) > _START


def _batches(tasks: Sequence[Task], jobs: int) -> list[list[Task]]:
    """Files in batches, of which the last are given out first: those that take longest."""
    worth = min(_BATCH, sum(task.seconds for task in tasks) / (16 * jobs))
    batches: list[list[Task]] = []
    room = 0.0
    for task in sorted(tasks, key=lambda task: task.seconds):
        if room < task.seconds or not batches:
            batches.append([])
            room = worth
        batches[-1].append(task)
        room -= task.seconds
    return batches


def _anywhere(task: Task) -> Task:
    """A file as another machine finds it: by its absolute path, and called as here."""
    candidate = task.candidate
    path = Path(os.path.abspath(candidate.path))  # noqa: PTH100  # without following links
    return replace(task, candidate=replace(candidate, path=path, title=candidate.label))


class Crew(Protocol):
    """Workers, wherever they are."""

    def work(
        self,
        work: Callable[[list[Task]], list[str]],
        batches: Iterator[list[Task]],
        *,
        jobs: int,
        ahead: int,
    ) -> Iterator[list[str]]:
        """Have batches done.

        Args:
            work: Does one.
            batches: The batches.
            jobs: How many workers there are at most.
            ahead: How many batches are out at a time.

        Yields:
            What became of a batch; nothing for one whose worker was ended.

        Raises:
            BrokenExecutor: All that are out may have been those of a worker that was ended.
        """


class _Loky:
    """Workers of this machine, which are joblib's."""

    def work(
        self,
        work: Callable[[list[Task]], list[str]],
        batches: Iterator[list[Task]],
        *,
        jobs: int,
        ahead: int,
    ) -> Iterator[list[str]]:
        from joblib import Parallel, delayed

        parallel = Parallel(
            jobs,
            backend="loky",
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch=ahead,
        )
        with deaf():
            done = parallel(delayed(work)(batch) for batch in batches)
        try:
            yield from done
        finally:
            # Whoever reads no further has no use for what the workers still do, and knows of it.
            with silenced(UserWarning):
                done.close()


# -- in a worker -----------------------------------------------------------------------------------


def _work(batch: list[Task], order: _Order) -> list[str]:
    """Read and judge a batch."""
    from safeload.auditing.cache import Cache

    known = None
    if order.cache is not None and order.judging.key is not None:
        known = Cache(order.cache, order.judging.key, writing=False).known
    with bounded(order.memory):
        return [_sent(task, answer(task.candidate, order.judging, known)) for task in batch]


def _sent(task: Task, made: Answer) -> str:
    """An answer on its way from a worker: a line of text, which is checked."""
    row = as_row(made.found)
    parts = [task.number, row, made.sha256, made.identity, made.lasting, made.starved]
    return json.dumps(parts)


def _received(line: str, out: dict[int, Task]) -> tuple[Task, Answer]:
    """What a worker says of a file that was out.

    Raises:
        ValueError: It is no such line.
    """
    parts = json.loads(line)
    types = [type(part) for part in parts] if type(parts) is list else []
    if types != [int, str, str, str, bool, bool] or parts[0] not in out:
        raise ValueError("no answer to what was asked")
    found = from_row(parts[1], out[parts[0]].candidate.label)
    return out.pop(parts[0]), Answer(found, *parts[2:])
