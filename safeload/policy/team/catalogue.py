"""The catalogue: what a policy allows, name by name, with the reason and source of each use.

The judge asks for uses and rules only; people want to know why a name is on the list and who put it
there.

Trust: packs and the team's file are trusted, and were parsed as a policy before.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from safeload.policy.packs import shipped_packs
from safeload.policy.policy import Entry, Policy
from safeload.scan.program import Use

__all__ = ["Catalogue", "Grant", "Listed", "grants_of"]

# The order in which uses are named.
_ORDER = tuple(Use)


@dataclass(frozen=True, slots=True)
class Grant:
    """One table's permission for one name.

    Attributes:
        module: Module.
        name: Qualified name.
        uses: What for.
        rule: The argument rule of the group, or None.
        kinds: The kinds of callable that a ``[[callable]]`` says it is.
        reason: Why, in the words of the table.
        source: The pack or file.
        library: What the pack covers, or the file again.
    """

    module: str
    name: str
    uses: tuple[Use, ...]
    rule: str | None
    kinds: tuple[str, ...]
    reason: str
    source: str
    library: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A name on the list.

    Attributes:
        module: Module.
        name: Qualified name.
        entry: What all its groups together allow.
        grants: What each group allows, and why.
    """

    module: str
    name: str
    entry: Entry
    grants: tuple[Grant, ...]

    @property
    def path(self) -> str:
        """Module and name joined by a dot."""
        return f"{self.module}.{self.name}"

    @property
    def uses(self) -> tuple[Use, ...]:
        """All its uses, in the order of the documentation."""
        return tuple(use for use in _ORDER if use in self.entry.uses)


class Catalogue:
    """What the packs, and a team's file if there is one, allow.

    Args:
        text: The text of the file, or None for the packs alone.
        source: What to call it.
        packs: Names of packs that are on beside those that are by default.

    Raises:
        UsageError: The text is not a policy, or there is no such pack.
    """

    def __init__(
        self, text: bytes | None = None, source: str = "", *, packs: Iterable[str] = ()
    ) -> None:
        policy = (
            Policy.default(packs=packs) if text is None else Policy.parse(text, source, packs=packs)
        )
        sources = [
            (pack.source, pack.text)
            for pack in shipped_packs().values()
            if pack.is_core or pack.name in policy.packs
        ]
        if text is not None:
            sources.append((source, text))
        grants: dict[tuple[str, str], list[Grant]] = {}
        for name, document in sources:
            for grant in grants_of(document, name):
                grants.setdefault((grant.module, grant.name), []).append(grant)
        self._listed = {
            key: Listed(*key, policy.entries[key], tuple(of_name))
            for key, of_name in sorted(grants.items())
        }

    def __iter__(self) -> Iterator[Listed]:
        """Every name, sorted."""
        return iter(self._listed.values())

    def libraries(self) -> list[str]:
        """What the packs cover, and the team's file."""
        return sorted({grant.library for listed in self for grant in listed.grants})

    def of_library(self, library: str) -> list[Listed]:
        """The names that a library's pack, or the team's file, lists.

        Args:
            library: One of :meth:`libraries`, in any case of letters.
        """
        wanted = library.casefold()
        return [
            listed
            for listed in self
            if any(grant.library.casefold() == wanted for grant in listed.grants)
        ]

    def find(self, path: str) -> list[Listed]:
        """The entries that a path may stand for; mostly one, or none.

        Args:
            path: Module and qualified name joined by a dot, or by a colon.
        """
        if ":" in path:
            module, _, name = path.partition(":")
            return [self._listed[module, name]] if (module, name) in self._listed else []
        dots = [index for index, letter in enumerate(path) if letter == "."]
        keys = [(path[:dot], path[dot + 1 :]) for dot in dots]
        return [self._listed[key] for key in keys if key in self._listed]

    def near(self, path: str) -> list[Listed]:
        """Entries of the same last name, whatever their module, and those of a module.

        Args:
            path: A path that stands for no entry.
        """
        module = path.replace(":", ".")
        last = module.rpartition(".")[2]
        return [
            listed
            for listed in self
            if listed.name.rpartition(".")[2] == last or listed.module == module
        ]


def grants_of(text: bytes, source: str) -> Iterable[Grant]:
    """What the tables of a policy's text allow, in its order.

    Args:
        text: A text that was parsed as a policy.
        source: What to call it.

    Yields:
        One grant for each name of each table.
    """
    document = tomllib.loads(text.decode("utf-8"))
    library = document.get("library", source)
    for group in document.get("group", []):
        uses = tuple(use for use in _ORDER if use in group["uses"])
        for module, names in group["names"].items():
            for name in names:
                yield Grant(
                    module, name, uses, group.get("rule"), (), str(group.get("reason", "")),
                    source, library,
                )  # fmt: skip
    for table in document.get("callable", []):
        kind = table["kind"]
        kinds = (kind,) if isinstance(kind, str) else tuple(kind)
        for module, names in table["names"].items():
            for name in names:
                yield Grant(
                    module, name, (Use.REFERENCE,), None, kinds, str(table.get("evidence", "")),
                    source, library,
                )  # fmt: skip
