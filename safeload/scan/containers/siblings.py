"""The files beside a file of an archive, for joblib before 0.10, which puts arrays into such.

Trust: names and bytes are hostile. Of two files of one name, neither is given; nor is one with
which something is wrong.
Source: joblib 0.9 ``numpy_pickle.py`` (``NumpyPickler.save``).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from safeload.errors import ArtefactError
from safeload.scan.containers.nesting import Members, Siblings
from safeload.scan.program import Buffer

__all__ = ["ArrayMembers"]

# What joblib called them: the model's name, a number, and how the array is written.
_NAME = re.compile(r".+_[0-9]{2,}\.npy(?:\.z)?", re.DOTALL)


class ArrayMembers:
    """The members of an archive that may be arrays of others, unpacked once if any is asked for.

    Args:
        unpack: Goes through the archive.
    """

    def __init__(self, unpack: Callable[[], Members]) -> None:
        self._unpack = unpack
        self._found: dict[str, Buffer | None] | None = None

    def beside(self, path: str) -> Siblings:
        """Those in the folder of a member.

        Args:
            path: The member's path, as it is written.
        """
        return _Folder(self, path.rpartition("/")[0])

    def read(self, path: str) -> Buffer:
        """The bytes of a member.

        Args:
            path: Its path, as it is written.

        Raises:
            ArtefactError: There is not exactly one, or something is wrong with it.
        """
        if self._found is None:
            self._found = {}
            for one in self._unpack():
                if _NAME.fullmatch(one.path):
                    is_good = one.path not in self._found and not one.findings
                    self._found[one.path] = one.data if is_good else None
        data = self._found.get(path)
        if data is None:
            raise ArtefactError(
                "The archive has no such file, or several.",
                code="unreadable",
                hint="Unpack the archive and audit the files.",
            )
        return data


class _Folder:
    def __init__(self, members: ArrayMembers, folder: str) -> None:
        self._members = members
        self._start = f"{folder}/" if folder else ""

    def read(self, name: str) -> Buffer:
        """As :meth:`safeload.scan.containers.nesting.Siblings.read`."""
        return self._members.read(self._start + name)
