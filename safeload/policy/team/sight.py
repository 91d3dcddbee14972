"""What does the seal not see of what a policy file allows?

The seal refuses the events that Python audits. Many functions act without one: a policy that allows
them has no second lock. Which those are was measured, for the functions of Python's own; the table
is in ``seal_sight.toml``, which ``tools/measure_seal.py`` writes. Of all other functions, those of
libraries and those that a team has written, it says nothing.

Trust: the table is ours, and names are the team's. A function that leads to a blind one is known by
what its own code names, not by what that calls in turn.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from safeload.verdict import Severity

__all__ = ["blind_spots", "table"]

# By section: how grave it is, and what is said of the function.
_SAID = {
    "acts": (Severity.ERROR, "the seal does not see what {name} does: {does}"),
    "leads": (Severity.WARNING, "the seal may not see what {name} does, which names {does}"),
    "asks": (Severity.WARNING, "the seal does not see {name}, which {does}"),
}
# Modules that have the names of another one as their own.
_ALIASES = {
    "os": "posix",
    "io": "_io",
    "signal": "_signal",
    "socket": "_socket",
    "thread": "_thread",
    "threading": "_thread",
    "locale": "_locale",
    "tracemalloc": "_tracemalloc",
    "warnings": "_warnings",
    "nt": "posix",
    "__builtin__": "builtins",
}


@cache
def table() -> Mapping[str, Mapping[str, str]]:
    """What was measured: by section, what each function does, by its module and name."""
    text = (resources.files("safeload.policy.team") / "seal_sight.toml").read_text("utf-8")
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
        if first in sys.stdlib_module_names or first in _ALIASES:
            found = _said(parts[start:])
            if found is not None:
                yield found
                return


def _said(parts: list[str]) -> tuple[Severity, str] | None:
    """What there is to say of a name of Python's, or of the function whose attribute it is."""
    for spelled in (parts, [_ALIASES.get(parts[0], parts[0]), *parts[1:]]):
        for stop in range(len(spelled), 1, -1):
            known = ".".join(spelled[:stop])
            for section, (severity, message) in _SAID.items():
                does = table()[section].get(known)
                if does is not None:
                    shown = ".".join(parts[:stop])
                    return severity, message.format(name=shown, does=does)
    return None
