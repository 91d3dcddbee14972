"""Load one release after the other, as one of several processes at once.

A program of its own: ``python -m tests.ledger.many FOLDER HOW LOADS SEED``. Releases are chosen at
random, so that old ones come after new ones. ``HOW`` is ``load``, for signed models in the folder,
or ``record``, for what such loads do with the ledger. For each one that is over, a line goes to
stdout: ``accepted``, or the code of the error.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

from safeload.errors import SafeloadError
from safeload.ledger.database import Ledger
from tests.ledger.told import accepted, refused

SERIALS = range(5, 7)


def loading(folder: Path) -> Callable[[int], object]:
    """What loads a release."""
    import safeload

    trust = safeload.TrustFile.read(folder / "trust.toml")
    return lambda serial: safeload.load(
        folder / f"churn-{serial}.joblib", trust=trust, ledger=folder / "ledger.sqlite"
    )


def recording(folder: Path) -> Callable[[int], object]:
    """What records that a release was loaded."""
    ledger = Ledger(folder / "ledger.sqlite")

    def record(serial: int) -> None:
        try:
            ledger.require_current("churn", serial, reason=None)
            ledger.add(accepted(serial))
        except SafeloadError as error:
            ledger.add(refused(serial, code=error.code))
            raise

    return record


def main(folder: Path, how: str, loads: int, seed: int) -> None:
    """Load, and say so."""
    act = {"load": loading, "record": recording}[how](folder)
    # Of many old ones and few new ones, so that there are both for long.
    for serial in random.Random(seed).choices(SERIALS, (loads, 1), k=loads):
        outcome = "accepted"
        try:
            act(serial)
        except SafeloadError as error:
            outcome = error.code
        sys.stdout.write(f"{outcome}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
