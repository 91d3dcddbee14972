"""A Dask cluster that does the work: which one, and does it judge as we do?

Workers open paths and addresses themselves, so they must see the same files. They answer with lines
of text, which are checked like those from the cache.

Trust: the scheduler and its workers run what they are sent, and Dask sends and takes pickles. So
whoever can reach the scheduler can run code on all of them and here, unless it asks for
certificates (``tls://``). A worker can say whatever it likes of a file.
Source: distributed's Client and as_completed. joblib's own backend for Dask waits for ever once the
workers of a task were ended too often.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import safeload
from safeload.errors import UsageError, printable
from safeload.forks import Lock

__all__ = ["Cluster", "connected"]

# Seconds until a scheduler has to answer, and until it has to have a worker.
_PATIENCE = 10
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that answers.

    Attributes:
        client: distributed's own.
        cores: How many batches its workers can do at a time.
        address: That of its scheduler.
    """

    client: Any
    cores: int
    address: str

    def work(
        self,
        work: Callable[[list[Any]], list[str]],
        batches: Iterator[list[Any]],
        *,
        jobs: int,
        ahead: int,
    ) -> Iterator[list[str]]:
        """Have batches done; the cluster tries one again whose worker was ended.

        Args:
            work: Does one.
            batches: The batches.
            jobs: How many workers there are at most; the cluster knows better.
            ahead: How many batches are out at a time.

        Yields:
            What became of a batch; nothing for one whose workers were ended again and again.

        Raises:
            UsageError: The cluster is gone, or its workers fail at what they are asked.
        """
        from distributed import as_completed
        from distributed.scheduler import KilledWorker

        alone = partial(_alone, work)
        done = as_completed(loop=self.client.loop)
        for batch in islice(batches, ahead):
            done.add(self.client.submit(alone, batch, pure=False))
        for future in done:
            if future.status == "finished":
                yield [str(line) for line in future.result()]
            elif future.status != "error":
                raise _unreachable(self.address, "is gone")
            elif not isinstance(future.exception(), KilledWorker):
                raise _different()
            future.release()
            for batch in islice(batches, 1):
                done.add(self.client.submit(alone, batch, pure=False))


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """Be connected to a scheduler.

    Args:
        address: As in ``tcp://scheduler:8786``.

    Raises:
        UsageError: distributed is not installed (``extra-missing``), nobody answers or nobody works
            there (``cluster-unreachable``), or its workers have another safeload
            (``cluster-differs``).
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError(
            "What connects to a Dask cluster is not installed: distributed.",
            code="extra-missing",
            hint="pip install 'safeload[dask]'",
        ) from error
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise _unreachable(address, "does not answer") from error
    try:
        yield Cluster(client, _cores(client, address), address)
    finally:
        client.close()


def _cores(client: Any, address: str) -> int:
    """How many files are read at a time, by workers that all judge as we do."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
        versions = client.run(_versions)
    except OSError as error:
        raise _unreachable(address, "has no workers") from error
    except Exception as error:
        raise _different() from error
    if any(version != _versions() for version in versions.values()):
        raise _different()
    return max(1, int(sum(client.ncores().values())))


def _alone(work: Callable[[list[Any]], list[str]], batch: list[Any]) -> list[str]:
    """Do a batch, and no other in the same process; called in a worker."""
    with _ONE_AT_A_TIME:
        return work(batch)


def _versions() -> str:
    """What has to be the same for a report to be the same; called in each worker."""
    from importlib.metadata import version

    libraries = [f"{name} {version(name)}" for name in ("lz4", "numpy", "joblib")]
    return " ".join([safeload.__version__, sys.version, *libraries])


def _unreachable(address: str, why: str) -> UsageError:
    return UsageError(
        f"The Dask scheduler {why}: {printable(address.rpartition('@')[2])}.",
        code="cluster-unreachable",
        hint="Check the address, as in tcp://scheduler:8786, and that workers are started.",
    )


def _different() -> UsageError:
    return UsageError(
        "The workers of the cluster do not judge as this machine does.",
        code="cluster-differs",
        hint="Install the same releases of Python, safeload and its libraries on all of them.",
    )
