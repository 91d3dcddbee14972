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
    from rich.progress import Progress, ProgressColumn

__all__ = ["shown"]

# Seconds of work that need no bar.
_SHOWN_AFTER_SECONDS = 1.0
_DRAWING = Lock()


@contextmanager
def shown(
    what: str, *, total: int | None = None, counted: bool = False
) -> Iterator[Callable[[int], None]]:
    """Show how far some work has come.

    Args:
        what: The work, as in "Auditing".
        total: How many steps it has, or None where nobody knows.
        counted: Whether to say how many are done, how fast, and how long the others may take.

    Yields:
        A function that is told how many steps were just done.
    """
    if not is_terminal(sys.stderr):
        yield lambda steps: None
        return
    bar = _Bar(what, total, counted=counted)
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

    def __init__(self, what: str, total: int | None, *, counted: bool) -> None:
        self._what = what
        self._total = total
        self._counted = counted
        self._done = 0
        self._closed = False
        self._progress: Progress | None = None

    def show(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        columns = _columns(known=self._total is not None, counted=self._counted)
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


def _columns(*, known: bool, counted: bool) -> list[ProgressColumn]:
    """What a bar shows: how far it is, how fast, and how long it takes still."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Steps in a second."""

        def render(self, task: Task) -> Text:
            return Text("" if task.speed is None else f"{task.speed:,.0f}/s")

    columns: list[ProgressColumn] = [SpinnerColumn(), TextColumn("{task.description}")]
    if known:
        columns.append(BarColumn())
    if known and counted:
        columns += [MofNCompleteColumn(), Rate(), TimeRemainingColumn()]
    return [*columns, TimeElapsedColumn()]
