"""Opt-in packs against files: which of them does a file need, and what is said of one that is off?

The names of a pack that is off are neither allowed nor refused: nobody has decided. A file that has
some is judged as if the pack were on, so that whatever else is wrong with it is found; with nothing
else wrong, the verdict is INCOMPLETE.

Trust: the names of a file are hostile; they are looked up exactly as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from safeload.errors import printable
from safeload.policy.packs import opt_in_packs, shipped_packs
from safeload.policy.policy import Policy
from safeload.rule_ids import PACK_IS_OFF
from safeload.scan.program import Program
from safeload.verdict import Finding

__all__ = ["lacking", "packs_of", "packs_off"]


_Key = tuple[str, str]


def lacking(programs: Iterable[Program], policy: Policy) -> dict[_Key, str]:
    """The names of a file that a pack lists which is off.

    Args:
        programs: All streams of the file.
        policy: The allow-list.

    Returns:
        The pack by (module, qualified name).
    """
    found: dict[_Key, str] = {}
    for program in programs:
        for use in program.globals:
            entry = policy.get(use.module, use.name)
            if entry is not None and use.uses <= entry.uses:
                continue
            pack = _pack_of(use.module, use.name)
            if pack is not None and pack not in policy.packs:
                found[use.module, use.name] = pack
    return found


def packs_off(program: Program, off: Mapping[_Key, str]) -> Iterator[Finding]:
    """What is said of the packs that a stream lacks.

    Args:
        program: The stream.
        off: What :func:`lacking` says of the file.

    Yields:
        One finding for each pack, where its first name stands.
    """
    names: dict[str, dict[str, int]] = {}
    for use in program.globals:
        pack = off.get((use.module, use.name))
        if pack is not None:
            names.setdefault(pack, {}).setdefault(use.path, use.offset)
    for pack, offsets in sorted(names.items()):
        path, offset = next(iter(offsets.items()))
        others = len(offsets) - 1
        rest = f" and {others} other name{'' if others == 1 else 's'} need" if others else " needs"
        message = (
            f"{printable(path)}{rest} the allow-list {pack}, which is off by default because "
            f'{shipped_packs()[pack].why}; --pack {pack}, or packs = ["{pack}"] in a policy '
            "file, switches it on."
        )
        yield Finding(PACK_IS_OFF, message, program.member, offset)


def packs_of(names: Iterable[_Key]) -> frozenset[str]:
    """The opt-in packs that list any of some names.

    Args:
        names: Names as (module, qualified name).
    """
    packs = {_pack_of(module, name) for module, name in names}
    return frozenset(pack for pack in packs if pack is not None)


def _pack_of(module: str, name: str) -> str | None:
    """The opt-in pack that lists a name, or None."""
    pack = _homes().get(module.partition(".")[0])
    return None if pack is None or Policy.of_pack(pack).get(module, name) is None else pack


@lru_cache(maxsize=1)
def _homes() -> Mapping[str, str]:
    """The opt-in pack of each top-level package."""
    packs = shipped_packs()
    return {package: name for name in opt_in_packs() for package in packs[name].packages}
