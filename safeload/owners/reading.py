"""A path becomes the bytes of a file that nobody but us and root could have written, or an error.

Trust: the path is the caller's own; everything that it leads through is judged, see
:mod:`safeload.owners.judge`. The bytes come from the very file that was judged. On Windows, whose
owners and access lists are another matter, nothing is judged.

Source: OpenSSH, ``auth_secure_path``.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import closing
from pathlib import Path

from safeload.errors import UsageError
from safeload.owners.judge import Fault, Judge
from safeload.owners.walk import Kind, walk

__all__ = ["read_open", "read_own", "require_own"]

_CHUNK = 1 << 16
# Windows has access lists instead, and none of the calls that would look at them.
_HAS_OWNERS = sys.platform != "win32"


def read_own(
    path: str | os.PathLike[str],
    *,
    noun: str,
    code: str,
    limit: int,
    secret: bool = False,
    own_group: bool = False,
) -> tuple[bytes, os.stat_result]:
    """Read a file that decides what is believed or what may run.

    Args:
        path: The file; links are followed.
        noun: What to call it, such as ``"trust file"``.
        code: Code of the error about an owner or mode.
        limit: Size at most, bytes.
        secret: Whether nobody else may even read it.
        own_group: Whether a group without other members may write to it.

    Returns:
        The bytes, and the status of the open file.

    Raises:
        OSError: The file cannot be read, is not a regular file (``EINVAL``) or is larger than the
            limit (``EFBIG``).
        UsageError: Another user could have written it, or, if it is secret, may read it.
    """
    if not _HAS_OWNERS:
        return _read_anyhow(Path(path), limit)
    judge = Judge(secret=secret, own_group=own_group)
    # Closing it closes whatever is open when a step is refused.
    with closing(walk(os.fspath(path))) as steps:
        for step in steps:
            _require_none(judge.fault_of(step), noun, code, path)
            if step.kind is Kind.FILE:
                data = read_open(step.descriptor, limit)
                _require_none(judge.fault_of_content(step, len(data)), noun, code, path)
                return data, step.status
    raise OSError(errno.EINVAL, "Not a regular file")


def require_own(path: str | os.PathLike[str], *, noun: str, code: str) -> None:
    """Require a file that nobody else could have written, for a library that opens it by its path.

    Such a library may open others beside it, so nobody else may write to its folder either, not
    even one where they could only add files.

    Args:
        path: The file; links are followed.
        noun: What to call it, such as ``"cache"``.
        code: Code of the error about an owner or mode.

    Raises:
        OSError: There is no such file, or it is not a regular one.
        UsageError: Another user could have written it.
    """
    if not _HAS_OWNERS:
        return
    judge = Judge(own_group=True)
    with closing(walk(os.fspath(path))) as steps:
        for step in steps:
            _require_none(judge.fault_of(step), noun, code, path)
            if step.kind is Kind.FILE:
                _require_none(judge.fault_of_folder(step), noun, code, path)


def read_open(descriptor: int, limit: int) -> bytes:
    """Read an open file of bounded size from its beginning.

    Args:
        descriptor: The file, of any kind.
        limit: Size at most, bytes.

    Returns:
        Its bytes.

    Raises:
        OSError: It cannot be read, is not a regular file (``EINVAL``) or is larger than the limit
            (``EFBIG``).
    """
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "Not a regular file")
    data = bytearray()
    # Whatever size the file says it has, no more is asked for than tells that it is too large.
    while status.st_size <= limit and (
        chunk := os.read(descriptor, min(limit - len(data) + 1, _CHUNK))
    ):
        data += chunk
        if len(data) > limit:
            break
    if max(status.st_size, len(data)) > limit:
        raise OSError(errno.EFBIG, f"Larger than {limit} bytes")
    return bytes(data)


def _require_none(fault: Fault | None, noun: str, code: str, path: str | os.PathLike[str]) -> None:
    if fault is not None:
        raise UsageError(
            f"The {noun} is not safe to use: {fault.what}.",
            code=code,
            hint=fault.hint,
            path=path,
        )


def _read_anyhow(path: Path, limit: int) -> tuple[bytes, os.stat_result]:
    try:
        file = path.open("rb")
    except ValueError as error:  # a NUL in the path
        raise OSError(errno.EINVAL, "Not a path") from error
    with file:
        return read_open(file.fileno(), limit), os.fstat(file.fileno())
