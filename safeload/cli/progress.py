"""A progress bar on stderr, shown once work has taken a second, and only on a terminal.

Trust: the bar shows our own words and numbers, nothing from a file.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from safeload.cli.output import is_terminal
from safeload.forks import Lock

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["shown"]

# Seconds of work that need no bar.
_SHOWN_AFTER_SECONDS = 1.0
_DRAWING = Lock()


@contextmanager
def shown(what: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show how far some work has come.

    Args:
        what: The work, as in "Auditing".
        total: How many steps it has, or None where nobody knows.

    Yields:
        A function that is told how many steps were just done.
    """
    if not is_terminal(sys.stderr):
        yield lambda steps: None
        return
    bar = _Bar(what, total)
    # A timer, because a single step may take longer than everything else.
    timer = threading.Timer(_SHOWN_AFTER_SECONDS, bar.show)
    timer.daemon = True
    timer.start()
    try:
        yield bar.advance
    finally:
        timer.cancel()
        bar.close()


class _Bar:
    """A bar that may be shown by a timer's thread and is closed by the one that works."""

    def __init__(self, what: str, total: int | None) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._closed = False
        self._progress: Progress | None = None

    def show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = [SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()]
        if self._total is not None:
            columns.insert(2, BarColumn())
        with _DRAWING:
            if self._closed:
                return
            self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
            self._progress.add_task(self._what, total=self._total, completed=self._done)
            self._progress.start()

    def advance(self, steps: int) -> None:
        self._done += steps
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], completed=self._done)

    def close(self) -> None:
        with _DRAWING:
            self._closed = True
            if self._progress is not None:
                self._progress.stop()
