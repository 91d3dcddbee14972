"""Which files belong to a trust file, and what is in them? Public keys, roots, trusted roots.

Trust: each is judged as the trust file is: one that somebody else could have put there is refused.
They are read anew each time.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from safeload.errors import printable
from safeload.owners.reading import read_own
from safeload.trust.tables.certificates import PEM_BEGIN
from safeload.trust.tables.faults import Unfit, as_error
from safeload.trust.tables.toml import decoded, toml_of
from safeload.trust.tables.toml_lines import Place
from safeload.trust.tables.values import path

__all__ = ["read_named"]

# Where a file is named whose content belongs to the trust file.
_ENTRIES = (("keys", "public_file"), ("certificates", "roots"), ("identities", "trusted_root"))
# A trusted root of sigstore takes some 10,000 bytes, a bundle of all public roots 250,000.
_BYTES = 1024 * 1024


def read_named(
    data: bytes, source: str | None, folder: Path | None
) -> tuple[tuple[str, bytes], ...]:
    """Read the files that a trust file names and whose content belongs to it.

    Args:
        data: The trust file, TOML in UTF-8. Where it is malformed, nothing is read;
            :func:`safeload.trust.tables.text.parse_trust` says what is wrong.
        source: What errors call it; None where it has no name.
        folder: Where relative paths begin; None where nobody can say.

    Returns:
        What is in each file, by the text that names it.

    Raises:
        UsageError: One cannot be read (``trustfile-names-unreadable``), or somebody else could
            have put it there (``trustfile-writable``).
    """
    try:
        return tuple([(name, _read(name, place, folder)) for name, place in _named(data)])
    except Unfit as unfit:
        raise as_error(unfit, decoded(data), source) from unfit


@lru_cache(maxsize=32)
def _named(data: bytes) -> tuple[tuple[str, Place], ...]:
    """The paths as the file writes them, each with the first place that names it."""
    try:
        found = toml_of(decoded(data))
    except Unfit:
        return ()
    named: dict[str, Place] = {}
    for kind, entry in _ENTRIES:
        signers = found.get(kind)
        for name, signer in signers.items() if isinstance(signers, dict) else ():
            value = signer.get(entry) if isinstance(signer, dict) else None
            if isinstance(value, str) and not value.lstrip().startswith(PEM_BEGIN):
                named.setdefault(value, (kind, name, entry))
    return tuple(named.items())


def _read(name: str, place: Place, folder: Path | None) -> bytes:
    shown = printable(name)
    where = path(name, f"the file {shown!r}", place, folder)
    try:
        data, _ = read_own(
            where,
            noun=f"file {shown!r} of the trust file",
            code="trustfile-writable",
            limit=_BYTES,
        )
    except OSError as error:
        raise Unfit(
            f"the file {shown!r} cannot be read: {error.strerror}",
            *place,
            code="trustfile-names-unreadable",
            hint="A relative path begins in the folder of the trust file.",
        ) from error
    return data
