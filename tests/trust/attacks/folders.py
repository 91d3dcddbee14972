"""Folders in which something is not as it was signed."""

from __future__ import annotations

import os
from pathlib import Path

from safeload.errors import ArtefactError
from tests.trust.attacks.scene import FILES, FolderAttack, covering, digest_of
from tests.trust.statements import setting

__all__ = ["FOLDERS"]

MODEL = "model/model.joblib"
SIGNED = sorted((name, digest_of(content)) for name, content in FILES.items())


def swap(folder: Path) -> None:
    """Two signed files under each other's names."""
    first, second = folder / MODEL, folder / "MLmodel"
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)


def hide(where: Path) -> None:
    where.mkdir()
    (where / "evil.pkl").write_bytes(b"a")


def to_link(folder: Path, target: str) -> None:
    (folder / MODEL).unlink()
    (folder / MODEL).symlink_to(target)


def outside(folder: Path) -> None:
    """A link to a file with the very bytes that were signed."""
    (folder / MODEL).rename(folder.parent / "model.joblib")
    (folder / MODEL).symlink_to("../../model.joblib")


def folder_link(folder: Path) -> None:
    """A link to a folder with the very files that were signed."""
    (folder / "model").rename(folder.parent / "model")
    (folder / "model").symlink_to("../model")


def pointer(folder: Path) -> None:
    (folder / MODEL).write_bytes(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 20\n"
    )


FOLDERS = {
    "a file is added": FolderAttack(
        code="file-unlisted", change=lambda f: (f / "model" / "evil.py").write_bytes(b"")
    ),
    "a folder named as bundles are has a file in it": FolderAttack(
        code="file-unlisted", change=lambda f: hide(f / "model.evil.sig")
    ),
    "a folder named as drafts are has a file in it": FolderAttack(
        code="file-unlisted", change=lambda f: hide(f / ".safeload-0123456789abcdef")
    ),
    "a file is named much as those of safeload": FolderAttack(
        code="file-unlisted", change=lambda f: (f / ".safeload-evil.pkl").write_bytes(b"a")
    ),
    "a folder is named much as those of safeload": FolderAttack(
        code="file-unlisted", change=lambda f: hide(f / ".safeload-evil")
    ),
    "a folder named as drafts are is a link": FolderAttack(
        code="not-regular",
        error=ArtefactError,
        change=lambda f: (f / ".safeload-0123456789abcdef").symlink_to("model"),
    ),
    "a hidden file is added": FolderAttack(
        code="file-unlisted", change=lambda f: (f / ".env").write_bytes(b"a")
    ),
    "a file is missing": FolderAttack(code="file-missing", change=lambda f: (f / MODEL).unlink()),
    "a file is renamed": FolderAttack(
        code="file-missing", change=lambda f: (f / MODEL).rename(f / "model" / "other.joblib")
    ),
    "two files are swapped": FolderAttack(code="digest-mismatch", change=swap),
    "a file is changed": FolderAttack(
        code="digest-mismatch", change=lambda f: (f / MODEL).write_bytes(b"another")
    ),
    "a byte is added": FolderAttack(
        code="digest-mismatch", change=lambda f: (f / MODEL).write_bytes(FILES[MODEL] + b"\0")
    ),
    "an LFS pointer in the place of the model": FolderAttack(code="placeholder", change=pointer),
    "a link in the place of a file": FolderAttack(
        code="not-regular", change=lambda f: to_link(f, "/etc/passwd"), error=ArtefactError
    ),
    "a link to the same bytes elsewhere": FolderAttack(
        code="not-regular", change=outside, error=ArtefactError
    ),
    "a link in the place of a folder": FolderAttack(
        code="not-regular", change=folder_link, error=ArtefactError
    ),
    "a link that leads nowhere": FolderAttack(
        code="not-regular", change=lambda f: to_link(f, "none"), error=ArtefactError
    ),
    "a pipe": FolderAttack(
        code="not-regular", change=lambda f: os.mkfifo(f / "pipe"), error=ArtefactError
    ),
    "a name that is one with another in another case": FolderAttack(
        code="file-name", change=lambda f: (f / "mlmodel").write_bytes(b""), error=ArtefactError
    ),
    "the wrong digest of all files": FolderAttack(
        code="manifest-malformed", statement=setting("subject", 0, "digest", "sha256", to="a" * 64)
    ),
    "the statement leaves out a file": FolderAttack(
        code="file-unlisted", statement=covering(*SIGNED[:2])
    ),
    "the statement has a file more": FolderAttack(
        code="file-missing", statement=covering(*SIGNED, ("z", "a" * 64))
    ),
    "the bundle of a single file": FolderAttack(
        code="bundle-of-file", statement=covering((".", SIGNED[1][1]))
    ),
    "a file that is ignored by a path upwards": FolderAttack(
        code="file-unlisted",
        change=lambda f: (f / "evil.py").write_bytes(b""),
        statement=setting("predicate", "serialization", "ignore_paths", to=["../signed/evil.py"]),
    ),
}
