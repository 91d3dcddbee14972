"""Is the signed model the one that the caller asks for: by its name, by its version?

Versions are compared by PEP 440 where both are versions of PEP 440, and as exact text otherwise.
A least version is compared by PEP 440 alone: texts of other schemes have no order that anybody
agreed on, so such a model is refused.

Trust: what is asked for is the caller's own. The manifest was verified; its version is any text.

Source: PEP 440, by packaging.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from safeload.errors import TrustError, printable
from safeload.forks import IMPORTING

if TYPE_CHECKING:
    from packaging.version import Version

    from safeload.trust.manifest import Manifest

__all__ = ["Wanted", "release_number"]

# Characters; no version of PEP 440 that anybody writes has nearly as many.
_LONGEST = 200


def release_number(text: str) -> Version | None:
    """Read a version of PEP 440.

    Args:
        text: Any text.

    Returns:
        The version; None if the text is none.
    """
    if len(text) > _LONGEST or not text.isascii():
        return None
    with IMPORTING:
        from packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except InvalidVersion:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which model a caller asks for.

    Attributes:
        name: Its name as signed, or None for any that the signer may sign.
        version: Its version as signed, or None for any.
        min_version: The least version, of PEP 440, or None.
    """

    name: str | None = None
    version: str | None = None
    min_version: str | None = None

    def check_version(self, manifest: Manifest) -> None:
        """Require that the model has a version that was asked for.

        Args:
            manifest: What a trusted signer says about the model.

        Raises:
            TrustError: It has another version (``wrong-version``), an older one than the least
                (``version-too-old``), or one that cannot be compared with the least
                (``version-unordered``).
        """
        signed = None if manifest.model is None else manifest.model.version
        if self.version is not None and not _is_same(signed, self.version):
            raise TrustError(
                f"The bundle is about {_shown(signed)}, not version {printable(self.version)!r}.",
                code="wrong-version",
                hint="Get the release that is asked for, or ask for the one that was signed.",
            )
        if self.min_version is not None:
            _require_least(signed, self.min_version)


def _is_same(signed: str | None, wanted: str) -> bool:
    if signed is None or signed == wanted:
        return signed is not None
    first, second = release_number(signed), release_number(wanted)
    return first is not None and first == second


def _require_least(signed: str | None, least: str) -> None:
    found, wanted = release_number(signed or ""), release_number(least)
    if found is None or wanted is None:
        raise TrustError(
            f"The bundle is about {_shown(signed)}, of which nobody can say whether it is older "
            f"than {printable(least)!r}.",
            code="version-unordered",
            hint="A least version is for versions of PEP 440, such as 1.2.0. Ask for one exact "
            "version, or set min_serial in the trust file.",
        )
    if found < wanted:
        raise TrustError(
            f"The bundle is about {_shown(signed)}, which is older than {printable(least)!r}.",
            code="version-too-old",
            hint="Get a newer release of the model.",
        )


def _shown(version: str | None) -> str:
    return "a model of no version" if version is None else f"version {printable(version)!r}"
