"""Packs: which allow-lists ship with safeload, which of them are on, and why.

A pack is the TOML file beside this module that is named for its library. Most are *core*: on in
every policy, because whatever they name is checked in full. An *opt-in* pack says so at its top,
with the reason::

    opt_in = true
    why = "compiled code parses the bytes of its models, and nothing reads them first"
    packages = ["catboost"]     # the top-level packages that its names lie in

It is on where somebody asks for it, and its names are not parsed before. A pack for files of some
formats alone names these::

    formats = ["torch", "torch-legacy"]

It is on for such a file, and for no other.

Trust: the packs are part of safeload; the names by which they are asked for are the caller's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from safeload.arguments import as_texts
from safeload.errors import UsageError, printable
from safeload.shipped import shipped

__all__ = [
    "HEAD_KEYS",
    "Pack",
    "opt_in_packs",
    "packs_for_format",
    "shipped_packs",
    "wanted_packs",
]

# What only a pack says of itself.
HEAD_KEYS = frozenset(["opt_in", "why", "packages", "formats"])
_SUFFIX = ".toml"


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack, of which the head is read and the rest is not.

    Attributes:
        name: What it is asked for by: the file's name without its suffix.
        source: The file's name.
        text: TOML, of the form that :mod:`safeload.policy.policy` says.
        opt_in: Whether it is on only where somebody asks for it.
        why: Why it is on, or why it is not: the end of a sentence, without its full stop.
        distributions: What provides its library, any one of them; none for Python itself.
        packages: The top-level packages of an opt-in pack.
        formats: Formats of the files that it is for; none for one that is for all.
    """

    name: str
    source: str
    text: bytes = field(repr=False)
    opt_in: bool
    why: str
    distributions: tuple[str, ...]
    packages: tuple[str, ...]
    formats: frozenset[str]

    @property
    def is_core(self) -> bool:
        """Whether it is on in every policy, for every file."""
        return not self.opt_in and not self.formats


@lru_cache(maxsize=1)
def shipped_packs() -> Mapping[str, Pack]:
    """Every pack that ships with safeload, by name, sorted."""
    files = [file for file in shipped(__name__).iterdir() if file.name.endswith(_SUFFIX)]
    packs = [_pack(file.name, file.read_bytes()) for file in files]
    return {pack.name: pack for pack in sorted(packs, key=lambda pack: pack.name)}


def _pack(source: str, text: bytes) -> Pack:
    # Parsing the names of all packs takes longer than loading a small model.
    head = tomllib.loads(text.partition(b"\n[")[0].decode("utf-8"))
    return Pack(
        name=source.removesuffix(_SUFFIX),
        source=source,
        text=text,
        opt_in=head.get("opt_in", False),
        why=head.get("why", ""),
        distributions=tuple(head.get("distributions", ())),
        packages=tuple(head.get("packages", ())),
        formats=frozenset(head.get("formats", ())),
    )


def opt_in_packs() -> frozenset[str]:
    """The names of all packs that are off unless somebody asks for them."""
    return frozenset(name for name, pack in shipped_packs().items() if pack.opt_in)


@lru_cache(maxsize=16)
def packs_for_format(form: str) -> frozenset[str]:
    """The names of the packs that are on for files of one format.

    Args:
        form: The format of a :class:`~safeload.scan.program.Scan`; a codec is no part of it.
    """
    plain = form.partition("+")[0]
    return frozenset(name for name, pack in shipped_packs().items() if plain in pack.formats)


def wanted_packs(names: Iterable[str]) -> frozenset[str]:
    """The opt-in packs among those that a caller names.

    Args:
        names: Names of packs; that of a core pack adds nothing. A single text is one name.

    Returns:
        Those that are off unless somebody asks for them.

    Raises:
        UsageError: There is no pack of that name (``pack-unknown``), or they are not names.
    """
    wanted = frozenset(as_texts(names, "packs"))
    known = shipped_packs()
    if unknown := sorted(wanted - known.keys()):
        raise UsageError(
            f"There is no built-in allow-list {printable(repr(unknown[0]))}.",
            code="pack-unknown",
            hint=f"On by default: {_listed(known.keys() - opt_in_packs())}. Off by default: "
            f"{_listed(opt_in_packs())}.",
        )
    return wanted & opt_in_packs()


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
