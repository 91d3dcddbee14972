"""Repositories of git, made as their users make them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.builder import Name, Pickle

LEGITIMATE = bytes(Pickle(4).save({"a": 1}).finish())
OTHER = bytes(Pickle(4).save({"b": 2}).finish())
EVIL = bytes(Pickle(4).call(Name("posix", "system"), "touch canary").finish())
POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)

_WHO = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgSign=false")


def git(folder: Path, *words: str) -> str:
    """Run git as a user would, without the configuration of whoever runs the tests."""
    done = subprocess.run(
        ["git", *_WHO, "-c", "protocol.file.allow=always", *words],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        },
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write files, and the folders that they are in."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def commit(folder: Path, files: dict[str, bytes], *options: str) -> str:
    """Write files and commit all there is; the commit's name."""
    write(folder, files)
    git(folder, "add", "--all", *options)
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "as it is")
    return git(folder, "rev-parse", "HEAD")


def repository(folder: Path, files: dict[str, bytes], *options: str) -> Path:
    """A repository whose branch ``main`` has these files, and whose HEAD is the branch ``work``."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main", *options)
    commit(folder, files)
    git(folder, "checkout", "--quiet", "-b", "work")
    return folder
