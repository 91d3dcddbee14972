"""``python -m safeload``: the command line without the script."""

from __future__ import annotations

from safeload.cli.main import entry_point

if __name__ == "__main__":
    entry_point()
