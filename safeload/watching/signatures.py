"""Which dropped file is a signature, and of which other one? That whose digest it names.

The two come in any order. A signature that comes first waits for its model in the drop folder; one
that comes later is kept beside the model, wherever that went.

Trust: signatures are hostile. Only their form is looked at, and which digests they name; whether to
believe one is for whoever loads the model to say.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from safeload.errors import TrustError
from safeload.hashing import Digests
from safeload.limits import Limits
from safeload.owners.reading import read_open
from safeload.trust.envelope import UnverifiedBundle
from safeload.trust.pairs import is_about
from safeload.watching.drop import Drop, Place, is_being_written
from safeload.watching.keeping import Keeping, content_of
from safeload.watching.names import BUNDLE, model_of

__all__ = ["Signature", "Signatures"]

# Of how many files it is remembered where they went.
_REMEMBERED = 4_096


class Signature(NamedTuple):
    """What has the form of a signature.

    Attributes:
        bundle: What it says.
        data: The bytes that say it.
    """

    bundle: UnverifiedBundle
    data: bytes


class Signatures:
    """The signatures in a drop folder.

    Args:
        drop: The folder.
        accepted: Where accepted files are kept.
        quarantine: Where all others are.
        limits: ``bundle_bytes`` applies.
        say: Told of a file, by its path below the drop folder, why it is not moved.
    """

    def __init__(
        self,
        drop: Drop,
        accepted: Keeping,
        quarantine: Keeping,
        limits: Limits,
        say: Callable[[tuple[str, ...], str], object],
    ) -> None:
        self._drop = drop
        self._kept = {True: accepted, False: quarantine}
        self._limits = limits
        self._say = say
        self._went: OrderedDict[tuple[str, ...], tuple[Path, bool]] = OrderedDict()

    def at(self, place: Place) -> Signature | None:
        """What lies somewhere, if it has the form of a signature and nobody writes to it.

        Args:
            place: Where it lies.
        """
        try:
            with self._drop.reading(place) as descriptor:
                if is_being_written(descriptor):
                    return None
                data = read_open(descriptor, self._limits.bundle_bytes)
            return Signature(UnverifiedBundle.read(data, limits=self._limits), data)
        except (OSError, TrustError):
            return None

    def of(self, model: Place, content: Digests) -> tuple[Place, Signature] | None:
        """The signature of a model that lies beside it; it is claimed.

        Args:
            model: Where the model was dropped.
            content: The digests of its bytes.

        Returns:
            Where the signature lies now, and what it is.
        """
        for there in _beside(model):
            found = self.at(there)
            if found is None or not is_about(found.bundle, content):
                continue
            claimed: Place | None = there
            if not there.claimed:
                with suppress(OSError):
                    claimed = self._drop.claim(there)
                # What it was a moment ago is of no consequence.
                found = None if claimed is None or not claimed.claimed else self.at(claimed)
            if claimed is not None and found is not None and is_about(found.bundle, content):
                return claimed, found
        return None

    def waits(self, place: Place) -> bool:
        """Whether a signature stays where it is, because its model is still to come.

        Args:
            place: What is named as a signature.
        """
        signature = self.at(place)
        if signature is None:
            return False
        model = model_of(place.parts)
        if any(self._drop.exists(Place(model, claimed)) for claimed in (True, False)):
            return True
        if self._where(model, signature.bundle) is None:
            self._say(place.parts, "it is a signature, and waits for its model")
            return True
        return False

    def add(self, place: Place, signature: Signature) -> tuple[Path, bool] | None:
        """Keep a claimed signature beside its model; if that is still to come, give it back.

        Args:
            place: Where it lies.
            signature: What it is.

        Returns:
            Where it is kept, and whether among accepted files; None if the model has another one,
            or is still to come.

        Raises:
            OSError: It cannot be written.
            UsageError: Another writer does not finish (``folder-busy``).
        """
        went = self._where(model_of(place.parts), signature.bundle)
        if went is None:
            with suppress(OSError):
                self._drop.give_back(place)
            return None
        kept, accepted = went
        if not self._kept[accepted].keep_beside(kept, BUNDLE, signature.data):
            return None
        self._drop.remove(place)
        return kept.with_name(kept.name + BUNDLE), accepted

    def after(self, model: Place, kept: Path, *, accepted: bool) -> list[Place]:
        """Remember where a model went.

        Args:
            model: Where it was dropped.
            kept: Where it lies now.
            accepted: Whether that is among accepted files.

        Returns:
            What may be its signatures, and came meanwhile.
        """
        self._went[model.parts] = kept, accepted
        if len(self._went) > _REMEMBERED:
            self._went.popitem(last=False)
        return [place for place in _beside(model) if self._drop.exists(place)]

    def _where(self, model: tuple[str, ...], bundle: UnverifiedBundle) -> tuple[Path, bool] | None:
        """Where the file lies that a signature is about, and whether among accepted ones."""
        usual = [
            (keeping.path.joinpath(*model), accepted) for accepted, keeping in self._kept.items()
        ]
        went = self._went.get(model)
        for path, accepted in usual if went is None else [went, *usual]:
            content = content_of(path)
            if content is not None and is_about(bundle, content):
                return path, accepted
        return None


def _beside(model: Place) -> Iterator[Place]:
    parts = (*model.parts[:-1], model.parts[-1] + BUNDLE)
    yield Place(parts, claimed=True)
    yield Place(parts)
