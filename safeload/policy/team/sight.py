"""What does the seal not see of what a policy file allows?

The seal refuses the events that Python audits. Many functions act without one: a policy that allows
them has no second lock. Which those are was measured, for the functions of Python's own; the table
is in ``seal_sight.toml``, which ``tools/measure_seal.py`` writes. What else of Python's own the
seal was not seen to stop is named as well, but for modules that only compute. Of all other
functions, those of libraries and those that a team has written, nothing is said.

Trust: the table is ours, and names are the team's. A function that leads to a blind one is known by
what its own code names, not by what that calls in turn.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache

from safeload.policy.team.gadgets import COMPUTING, STANDARD
from safeload.shipped import shipped
from safeload.verdict import Severity

__all__ = ["blind_spots", "table"]

# By section: how grave it is, and what is said of the function.
_SAID = {
    "acts": (Severity.ERROR, "the seal does not see what {name} does: {does}"),
    "leads": (Severity.WARNING, "the seal may not see what {name} does, which names {does}"),
    "asks": (Severity.WARNING, "the seal does not see {name}, which {does}"),
}
_UNSEEN = Severity.WARNING, "the seal was not seen to stop what {name} does"
# Modules that have the names of another one as their own. Beside these, what is written in C for a
# module is in one of its name with an underscore, and modules import others under such names.
_ALIASES = {
    "os": "posix",
    "thread": "_thread",
    "threading": "_thread",
    "nt": "posix",
    "builtin": "builtins",
}


@cache
def table() -> Mapping[str, Mapping[str, str]]:
    """What was measured: by section, what each function does, by its module and name."""
    text = shipped("safeload.policy.team", "seal_sight.toml").read_text("utf-8")
    return tomllib.loads(text)


def blind_spots(module: str, name: str) -> Iterator[tuple[Severity, str]]:
    """What the seal does not see of a name.

    Args:
        module: Module, as a policy file spells it.
        name: Qualified name. It may lead through a module to a function of another one.

    Yields:
        How grave it is, and what follows the name in a sentence; nothing for what is not Python's.
    """
    parts = [*module.split("."), *name.split(".")]
    for start, first in enumerate(parts):
        if _is_pythons(first):
            found = _said(parts[start:])
            if found is not None:
                yield found
                return
    severity, message = _UNSEEN
    if _is_pythons(parts[0]) and parts[0] not in COMPUTING and not _is_stopped(parts):
        yield severity, message.format(name=".".join(parts))


def _is_pythons(top: str) -> bool:
    return top in STANDARD or top.strip("_") in sys.stdlib_module_names


def _said(parts: list[str]) -> tuple[Severity, str] | None:
    """What there is to say of a name of Python's, or of the function whose attribute it is."""
    for spelled in _spellings(parts):
        for stop in range(len(spelled), 1, -1):
            known = ".".join(spelled[:stop])
            for section, (severity, message) in _SAID.items():
                does = table()[section].get(known)
                if does is not None:
                    shown = ".".join(parts[:stop])
                    return severity, message.format(name=shown, does=does)
    return None


def _is_stopped(parts: list[str]) -> bool:
    """Whether it is refused before it does anything; of a type, to make one is."""
    return any(".".join(spelled) in table()["stopped"] for spelled in _spellings(parts))


def _spellings(parts: list[str]) -> Iterator[list[str]]:
    """A name as it is spelled, and as the modules may spell it that it comes from."""
    top = parts[0].strip("_")
    for module in dict.fromkeys([parts[0], top, _ALIASES.get(top, top), f"_{top}"]):
        yield [module, *parts[1:]]
