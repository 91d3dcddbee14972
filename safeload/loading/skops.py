"""A skops archive becomes an object, with exactly the accepted names trusted.

skops is told which names to trust; it adds those that it trusts by default. That is why the scan
lists all names and the policy judges all of them before this module is reached. What the file asks
for (``get_untrusted_types``) is never read.

Trust: the archive is the one that was scanned, and the names are those that the policy allowed for
it. Content that crashes native code is not recognised yet.
Source: skops 0.16 ``io/_persist.py`` (``load``), ``io/_audit.py`` (``Node``), ``io/_numpy.py``
(``NdArrayNode``), ``io/_scipy.py`` (``SparseMatrixNode``).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import IO, Any, cast
from zipfile import ZipFile

from safeload.errors import LoadError, printable
from safeload.forks import IMPORTING
from safeload.loading.seal import sealed
from safeload.scan.program import Buffer

__all__ = ["load_skops"]


class _Snapshot(io.RawIOBase):
    """A seekable file over bytes in memory, without a copy of them."""

    def __init__(self, data: memoryview) -> None:
        super().__init__()
        self._data = data
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self._data)}[whence]
        # Before the start is an error, as in every other file; zipfile relies on it.
        if start + offset < 0:
            raise OSError("the position is before the start of the file")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        chunk = self._data[self._position : self._position + len(buffer)]
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)


def load_skops(data: Buffer | memoryview, accepted: Collection[str]) -> object:
    """Load an archive that was scanned and judged.

    Args:
        data: ``Scan.data`` of :func:`~safeload.scan.containers.skops.read.read_skops`: all members
            are stored, so that nothing grows while it is read.
        accepted: What :func:`~safeload.scan.containers.skops.read.trusted_names` gives for its
            program.

    Returns:
        The object.

    Raises:
        LoadError: skops asks for a name that the scan did not see (``skops-disagrees``), fails
            (``load-failed``), or the file breaks the seal (``seal-broken``).
    """
    try:
        with IMPORTING:
            from skops.io.exceptions import UntrustedTypesFoundException

            load = _loader()
    except ImportError as error:
        raise LoadError(
            "skops is not installed, or not completely.",
            code="library-missing",
            hint="Install skops 0.16 or newer.",
        ) from error
    libraries = {name.partition(".")[0] for name in accepted}
    with _Snapshot(memoryview(data).cast("B")) as file:
        try:
            return sealed(
                partial(load, cast("IO[bytes]", file), list(accepted)), libraries=libraries
            )
        except UntrustedTypesFoundException as error:
            raise LoadError(
                "skops asks for a name that the scan did not see.",
                code="skops-disagrees",
                hint="Please report this file as a bug in safeload; do not load it otherwise.",
            ) from error
        except LoadError:
            raise
        except Exception as error:  # whatever the constructors of the model raise
            raise LoadError(
                f"skops cannot load the file: {type(error).__name__}: {printable(str(error))}",
                code="load-failed",
                hint="Check that the library versions are those that wrote the file.",
            ) from error


def _loader() -> Callable[[IO[bytes], list[str]], object]:
    """What does as ``skops.io.load`` does, but has the arrays made by us.

    Raises:
        ImportError: skops is not installed, or in a release that is made otherwise.
    """
    from skops.io._audit import audit_tree, get_tree
    from skops.io._numpy import NdArrayNode
    from skops.io._scipy import SparseMatrixNode
    from skops.io._utils import gettype, read_schema

    from safeload.loading.skops_arrays import array_of, matrix_of

    def array(node: Any) -> Any:
        made = array_of(node.buffer.getvalue())
        if (node.module_name, node.class_name) == ("numpy", "ndarray"):
            return made
        # A number: its type, called with an array of no dimensions.
        return gettype(node.module_name, node.class_name)(made)

    def load(file: IO[bytes], trusted: list[str]) -> object:
        with ZipFile(file) as archive:
            schema, context = read_schema(archive)
            tree = get_tree(schema, context, trusted=trusted)
            audit_tree(tree, trusted=trusted)
            for node in _nodes(tree):
                # What a node calls when it is asked for its object.
                if isinstance(node, NdArrayNode) and node.type == "numpy":
                    node._construct = partial(array, node)  # noqa: SLF001
                elif isinstance(node, SparseMatrixNode):
                    node._construct = partial(matrix_of, node.content)  # noqa: SLF001
            return tree.construct()

    return load


def _nodes(tree: Any) -> Iterator[Any]:
    """Every node of a tree of skops', once."""
    seen, waiting = set(), [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
        elif hasattr(part, "children") and id(part) not in seen:
            seen.add(id(part))
            yield part
            waiting.extend(part.children.values())
