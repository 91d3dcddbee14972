"""Releases of a small model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

import safeload
from safeload.ledger.database import Ledger
from safeload.ledger.record import Record

__all__ = ["ROWS", "Releases"]

ROWS = np.arange(6.0).reshape(3, 2)


@dataclass(frozen=True)
class Releases:
    """A folder with releases of one model.

    Attributes:
        folder: Where they lie.
        key: What signed them.
    """

    folder: Path
    key: safeload.SigningKey

    @classmethod
    def made(cls, folder: Path, *serials: int) -> Releases:
        """Sign releases of some serials, and trust whoever did."""
        releases = cls(folder, safeload.SigningKey.generate())
        for serial in serials:
            releases.sign(serial)
        safeload.TrustFile.add(
            folder / "trust.toml", name="alice", key=releases.key.public, models=["churn"]
        )
        return releases

    @property
    def trust(self) -> Path:
        """The trust file."""
        return self.folder / "trust.toml"

    @property
    def ledger(self) -> Path:
        """Where the ledger lies, if there is one."""
        return self.folder / "ledger.sqlite"

    def path(self, serial: int) -> Path:
        """Where a release lies."""
        return self.folder / f"churn-{serial}.joblib"

    def sign(self, serial: int, *, name: str = "churn", **more: Any) -> Path:
        """Sign a release."""
        model = StandardScaler().fit(ROWS * (serial + 1))
        given = {"key": self.key, "name": name, "version": f"1.{serial}", "probe": ROWS, **more}
        safeload.dump(model, self.path(serial), serial=serial, **given)
        return self.path(serial)

    def load(self, serial: int, **more: Any) -> Any:
        """Load a release as its user would."""
        given = {"trust": self.trust, "ledger": self.ledger, **more}
        return safeload.load(self.path(serial), **given)

    def records(self) -> list[Record]:
        """What the ledger says."""
        return list(Ledger(self.ledger).records())
