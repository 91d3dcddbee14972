"""Workers that a file ends, for tests of what becomes of the others."""

from __future__ import annotations

import os
import signal

from safeload.auditing import jobs

__all__ = ["work"]

_WORK = jobs._work


def work(batch: list[jobs.Task], order: jobs._Order) -> list[jobs._Sent]:
    """Do a batch, unless a file in it is called after what it does."""
    if any(task.candidate.path.name == "killer.pkl" for task in batch):
        os.kill(os.getpid(), signal.SIGKILL)
    return _WORK(batch, order)
