"""Other users, made by a child process that begins as root and gives its rights up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

__all__ = ["STRANGER", "as_root", "begin", "posix", "read_as"]

# Nobody else uses this number; it has no account.
STRANGER = 64_321

posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes are a POSIX matter")
as_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can make files of other users"
)

# What the child needs is imported while it can still read the interpreter's own files.
_READ = """
import os, sys
from pathlib import Path
from safeload.errors import UsageError
from safeload.trust.trustfile import TrustFile
user, group, namespace, folder, path = sys.argv[1:]
TrustFile.parse(b"")
try:
    TrustFile.read("/nowhere/at/all")
except UsageError:
    pass
import codecs, ctypes, grp, pwd, platformdirs
codecs.lookup("ascii")
os.setgroups([])
os.setgid(int(group))
os.setuid(int(user))
if namespace:
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, so that its map is its own
    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000):
        print("no namespace")
        sys.exit()
    Path("/proc/self/uid_map").write_text(f"{namespace} {user} 1")
if folder:
    os.chdir(folder)
try:
    print("read", *[signer.name for signer in TrustFile.read(path).signers])
except UsageError as error:
    print(error.code)
"""


def read_as(
    user: int,
    path: Path | str,
    *,
    group: int | None = None,
    namespace: int | None = None,
    folder: Path | None = None,
) -> str:
    """Read a trust file as another user.

    Args:
        user: The user.
        path: The trust file.
        group: The group; of the same number unless given.
        namespace: The number of the user in a user namespace of its own.
        folder: The current folder.

    Returns:
        ``"read"`` and the names in the file, or the code of the error.
    """
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            _READ,
            str(user),
            str(user if group is None else group),
            "" if namespace is None else str(namespace),
            "" if folder is None else str(folder),
            str(path),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    if done.stdout == "no namespace\n":
        pytest.skip("this machine gives no user namespace to its users")
    return done.stdout.strip()


def begin(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Begin a program that runs until its standard input is closed, when it has said a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={},
    )
    assert process.stdout is not None
    if process.stdout.readline() != "begun\n":
        process.communicate()
        raise AssertionError("the program did not begin")
    return process
