"""A drop folder with its two others, what is dropped, and what is found in them afterwards."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

import safeload
from safeload.auditing.judging import Judging
from safeload.trust.envelope import signed_bundle
from safeload.watching.drop import CLAIMED
from safeload.watching.watch import Moved, watch
from tests.builder import Pickle

__all__ = ["BAD", "GOOD", "OTHER", "Folders", "claim", "signature_of"]

GOOD = bytes(Pickle(4).unicode("good").stop())
OTHER = bytes(Pickle(4).unicode("other").stop())
BAD = bytes(Pickle(4).global_("posix", "system").unicode("touch canary").tuple1().reduce().stop())
KEY = safeload.SigningKey.generate()


def signature_of(data: bytes) -> bytes:
    """A bundle that is about some bytes."""
    return signed_bundle(b'{"sha256":"%s"}' % hashlib.sha256(data).hexdigest().encode(), KEY)


@dataclass
class Folders:
    """Three folders in one."""

    top: Path
    moved: list[Moved] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for folder in (self.drop, self.accepted, self.quarantine):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def drop(self) -> Path:
        return self.top / "drop"

    @property
    def accepted(self) -> Path:
        return self.top / "accepted"

    @property
    def quarantine(self) -> Path:
        return self.top / "quarantine"

    def put(self, name: str, data: bytes) -> Path:
        """Drop a file."""
        path = self.drop / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def once(self, judging: Judging | None = None) -> None:
        """Handle all that lies there."""
        watch(
            self.drop,
            accepted=self.accepted,
            quarantine=self.quarantine,
            judging=judging or Judging.of(None, (), None),
            moved=self.moved.append,
            note=self.notes.append,
            once=True,
        )

    def contents(self, folder: Path) -> dict[str, bytes]:
        """All regular files below a folder."""
        return {
            os.fspath(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }

    def is_done(self) -> bool:
        """Whether nothing is left in the drop folder."""
        return not self.contents(self.drop) and not any((self.drop / CLAIMED).iterdir())


def claim(folders: Folders, name: str, data: bytes) -> Path:
    """Leave a file as a killed run does, in folders that only we may enter."""
    path = folders.put(f"{CLAIMED}/{name}", data)
    for folder in path.relative_to(folders.drop / CLAIMED).parents:
        (folders.drop / CLAIMED / folder).chmod(0o700)
    return path
