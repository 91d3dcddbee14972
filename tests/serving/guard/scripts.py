"""Programs under a guard, each in a process of its own, since a guard is never taken off again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "outcome_of", "run"]

ROOT = Path(__file__).parent.parent.parent.parent


def run(*arguments: str, folder: Path, code: int = 0) -> str:
    """Run Python in a folder, and give what it prints.

    Args:
        *arguments: What follows ``python``.
        folder: Where it runs.
        code: The exit code that it has to end with.
    """
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == code, ended.stderr
    return ended.stdout if code == 0 else ended.stdout + ended.stderr


def outcome_of(module: str, *arguments: str, folder: Path) -> Any:
    """What a module of the tests prints as JSON when it is run as a program."""
    return json.loads(run("-m", module, *arguments, folder=folder))
