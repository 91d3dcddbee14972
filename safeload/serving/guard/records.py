"""A load becomes a line of JSON: what was loaded, what the verdict is, and who asked for it.

One object for each load, on a line of its own, in UTF-8::

    {"time": "2027-01-31T12:00:00.123456+00:00", "pid": 4711, "mode": "report",
     "loader": "joblib.load", "source": "churn.joblib", "size": 51234, "sha256": "...",
     "verdict": "refuse", "error": {"code": "refused", "message": "..."},
     "findings": [{"rule": "SL101", "message": "..."}], "names": ["builtins.eval"],
     "stack": ["/srv/app/serve.py:12 main", "/srv/app/models.py:40 churn"]}

``names`` are those that the policy does not allow. ``size`` and ``sha256`` are null where a load
was accepted and enforced, for nobody needed them.

Trust: what comes from a file is escaped. The stack is this program's own.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from safeload.errors import RefusedError, SafeloadError, UsageError, plain, printable
from safeload.verdict import FileReport, Verdict

__all__ = ["Log", "record", "stack_of"]

# Frames, the innermost of more.
_FRAMES = 32
_HERE = str(Path(__file__).parent)
_LOGGER = logging.getLogger("safeload.guard")


class Log:
    """Where records go.

    Args:
        where: A path that lines are appended to; a function; or None for the logger, which is told
            of what was refused.

    Raises:
        UsageError: The file cannot be written to.
    """

    def __init__(self, where: str | Callable[[Mapping[str, Any]], object] | None) -> None:
        self._where = where
        if isinstance(where, str):
            try:
                os.close(_open(where))
            except OSError as error:
                raise UsageError(
                    f"{plain(where)} cannot be written to: {error.strerror}.",
                    code="guard-log",
                    hint="Say where the guard may write its lines (log=, --report FILE).",
                    path=where,
                ) from error

    def write(self, record: Mapping[str, Any]) -> None:
        """Write a record down. That it cannot be written never changes what becomes of a load."""
        try:
            if callable(self._where):
                self._where(record)
            elif self._where is None:
                _tell(record)
            else:
                _append(self._where, record)
        except Exception as error:  # noqa: BLE001  # whatever a program's own function raises
            _LOGGER.warning("A load was not written down: %s", type(error).__name__)


def record(
    mode: str,
    loader: str,
    source: str,
    outcome: FileReport | SafeloadError | None,
    frame: FrameType | None,
) -> dict[str, Any]:
    """The record of a load.

    Args:
        mode: ``"enforce"`` or ``"report"``.
        loader: The function that was called, such as ``"joblib.load"``.
        source: The path, or what stands for it.
        outcome: What an audit says of it; or why it was not loaded; or None if it was accepted.
        frame: Who called the loader.

    Returns:
        What becomes a line of JSON.
    """
    report = outcome.report if isinstance(outcome, RefusedError) else outcome
    error = outcome if isinstance(outcome, SafeloadError) else None
    of_file = report if isinstance(report, FileReport) else None
    verdict = of_file.verdict if of_file is not None else _verdict_of(error)
    return {
        "time": datetime.now(UTC).isoformat(),
        "pid": os.getpid(),
        "mode": mode,
        "loader": loader,
        "source": plain(source),
        "size": of_file.size if of_file is not None and of_file.sha256 else None,
        "sha256": (of_file.sha256 or None) if of_file is not None else None,
        "verdict": str(verdict),
        "error": None if error is None else {"code": error.code, "message": error.message},
        "findings": _findings(of_file),
        "names": sorted({each.name for each in of_file.globals if not each.allowed})
        if of_file is not None
        else [],
        "stack": stack_of(frame),
    }


def _verdict_of(error: SafeloadError | None) -> Verdict:
    if error is None:
        return Verdict.ACCEPT
    return Verdict.REFUSE if error.exit_code == 1 else Verdict.INCOMPLETE


def _findings(report: FileReport | None) -> list[dict[str, str]]:
    found: Iterable[Any] = () if report is None else report.findings
    return [{"rule": each.rule, "message": printable(each.message, limit=300)} for each in found]


def stack_of(frame: FrameType | None) -> list[str]:
    """Who called whom, the outermost first, without what is the guard's own."""
    lines: list[str] = []
    while frame is not None and len(lines) < _FRAMES:
        code = frame.f_code
        if not code.co_filename.startswith(_HERE):
            lines.append(plain(f"{code.co_filename}:{frame.f_lineno} {code.co_qualname}"))
        frame = frame.f_back
    return lines[::-1]


def _tell(record: Mapping[str, Any]) -> None:
    if record["verdict"] != "accept":
        why = record["error"] or next(iter(record["findings"]), {"message": "not accepted"})
        verb = "would be refused" if record["mode"] == "report" else "was refused"
        _LOGGER.warning("%s of %s %s: %s", record["loader"], record["source"], verb, why["message"])


def _open(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _append(path: str, record: Mapping[str, Any]) -> None:
    # One call: lines of other threads and processes come before or after it, not into it.
    line = json.dumps(record).encode() + b"\n"
    descriptor = _open(path)
    try:
        written = os.write(descriptor, line)
        if written < len(line):
            # The disk is full: a half line would spoil the next one.
            os.write(descriptor, b"\n")
    finally:
        os.close(descriptor)
