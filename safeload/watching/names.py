"""What does the name of a dropped file say, and under which names may it be kept?

Trust: names are hostile. They come from a listing, so none has a separator or leads upwards.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["BUNDLE", "is_bundle", "is_unfinished", "model_of", "names_for", "shown"]

BUNDLE = ".sig"
# What browsers, copying programs and editors call a file that they are still writing.
_PARTIAL = (
    ".crdownload",
    ".download",
    ".filepart",
    ".opdownload",
    ".part",
    ".partial",
    ".swp",
    ".temp",
    ".tmp",
    "~",
)
_DIGITS = 12
# The longest ending that a file keeps whose own name is not to be had.
_ENDING = 16


def is_unfinished(name: str) -> bool:
    """Whether a file or folder is not meant for anybody yet, by its name: hidden or partial."""
    return name.startswith(".") or name.lower().endswith(_PARTIAL)


def is_bundle(name: str) -> bool:
    """Whether a file is named as the signature of another one."""
    return name.endswith(BUNDLE) and name != BUNDLE


def model_of(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The model that a signature is named after."""
    return (*parts[:-1], parts[-1].removesuffix(BUNDLE))


def names_for(name: str, sha256: str) -> Iterator[str]:
    """The names that a file may be kept under, the best first.

    The same bytes have the same names, so that what was begun once is recognised.

    Args:
        name: Its name in the drop folder.
        sha256: The digest of its bytes, 64 lower-case hex digits.
    """
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    yield name
    yield f"{stem}-{sha256[:_DIGITS]}{dot}{ending}"
    yield sha256 + (dot + ending if len(ending) <= _ENDING else "")


def shown(parts: tuple[str, ...]) -> str:
    """A path below the drop folder as reports call it; what prints it escapes it."""
    return "/".join(parts)
