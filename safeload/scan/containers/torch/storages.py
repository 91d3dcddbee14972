"""A persistent identifier becomes the storage that it names.

``torch.save`` writes ``("storage", torch.FloatStorage, "0", "cpu", 12)`` for a storage of twelve
numbers: the class says how long a number is, the key where the bytes lie. ``torch.load`` believes
the number of elements of the first identifier with a key and does not look at those of the others,
so that all of them have to say the same.

Trust: identifiers are hostile. A storage that is given out has a key and as many bytes as fit a
signed number of 64 bits; whether it has them in the file, who makes the container's reader says.
Source: PyTorch ``torch/serialization.py`` (``persistent_load``, ``persistent_id``).
"""

from __future__ import annotations

from collections.abc import Callable

from safeload.errors import printable
from safeload.scan.containers.torch.types import ITEMSIZES, STORAGES, UNTYPED
from safeload.scan.pickle.malformed import MalformedError
from safeload.scan.program import Global, Token
from safeload.scan.storage import Storage

__all__ = ["Storages"]

_MOST = 2**63
# What an identifier may say of a storage behind its number of elements, by the form of the file.
_FIELDS = {False: 5, True: 6}


class Storages:
    """The storages of one stream, by their keys.

    Args:
        legacy: Whether the file has the form that torch had before 1.6: identifiers say in addition
            whether a storage is part of another, and may name a class with its source.
        found: Told of each storage once, before anybody sees it; it raises MalformedError, with
            the offset it is given, for one that is not in the file.

    Attributes:
        by_key: The storages so far.
    """

    def __init__(
        self, *, legacy: bool = False, found: Callable[[Storage, int], None] | None = None
    ) -> None:
        self._legacy = legacy
        self._found = found
        self.by_key: dict[str, Storage] = {}
        self._locations: dict[str, str] = {}

    def __call__(self, identifier: Token, offset: int) -> Token:
        """What an identifier stands for.

        Args:
            identifier: Its token.
            offset: Where the opcode stands, bytes.

        Raises:
            MalformedError: It stands for nothing that torch would write.
        """
        if type(identifier) is not tuple or not identifier:
            raise _unknown(offset)
        if self._legacy and identifier[0] == "module":
            return _module(identifier, offset)
        if len(identifier) != _FIELDS[self._legacy] or identifier[0] != "storage":
            raise _unknown(offset)
        _, cls, key, location, count, *view = identifier
        name = (cls.module, cls.name) if type(cls) is Global else ("", "")
        if name not in STORAGES or type(key) is not str or type(location) is not str:
            raise _unknown(offset)
        if view not in ([], [None]):
            message = "A storage is part of another one, as torch before 0.4 wrote it."
            raise MalformedError("SL001", message, offset)
        dtype = STORAGES[name]
        itemsize = 1 if dtype == UNTYPED else ITEMSIZES[dtype]
        if type(count) is not int or not 0 <= count * itemsize < _MOST:
            raise MalformedError("SL306", "A storage has an impossible size.", offset)
        return self._storage(Storage(key, dtype, itemsize, count), location, offset)

    def _storage(self, storage: Storage, location: str, offset: int) -> Storage:
        known = self.by_key.get(storage.key)
        if known is None:
            if self._found is not None:
                self._found(storage, offset)
            self.by_key[storage.key] = storage
            self._locations[storage.key] = location
            return storage
        said = storage.dtype, storage.count, location
        if said != (known.dtype, known.count, self._locations[storage.key]):
            message = f"The storage {printable(storage.key)} is said to be two different ones."
            raise MalformedError("SL306", message, offset)
        return known


def _module(identifier: tuple[Token, ...], offset: int) -> Global:
    """The class of a part of a whole model, which was saved with its source."""
    cls = identifier[1] if len(identifier) == 4 else None
    if type(cls) is not Global:
        raise _unknown(offset)
    # It remains in the identifier, too.
    cls.pushed += 1
    return cls


def _unknown(offset: int) -> MalformedError:
    message = "A persistent identifier that torch does not write."
    return MalformedError("SL207", message, offset)
