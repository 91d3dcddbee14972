"""What may a model call later? ``[[callable]]`` tables, from reviewed lists into packs.

``tools/callables/*.toml`` say by hand, for each function or method that a model may keep and call,
which kind it has, which parameters receive data, which a file may set, and why it is on the list.
The names are the public ones; the names under which the releases pickle them are found by
introspection, as for everything else. Universal functions are found by introspection altogether.

Trust: the installed libraries are ours; what is found here is reviewed as a diff of the packs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from introspection import names_text, resolve

__all__ = ["Kept", "kept_of", "merged_kept", "read_kept", "text_of_kept"]


@dataclass
class Kept:
    """Callables of one signature.

    Attributes:
        kinds: Keys of ``KINDS`` in ``safeload/policy/callables/kinds.py``.
        data: Parameters that receive data, in order.
        evidence: Why they are on the list.
        parameters: What a file may set: by name, a table of type and bounds.
        names: Qualified names by module.
    """

    kinds: tuple[str, ...]
    data: tuple[str, ...]
    evidence: str
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)

    def add(self, module: str, name: str) -> None:
        """Allow one more name."""
        self.names.setdefault(module, set()).add(name)

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two of them the same."""
        parameters = tuple(map(_parameter, self.parameters.items()))
        return self.kinds, self.evidence, self.data, parameters

    def copy(self, names: dict[str, set[str]]) -> Kept:
        """The same signature for other names."""
        return Kept(self.kinds, self.data, self.evidence, self.parameters, names)


def kept_of(text: str) -> Iterator[Kept]:
    """The callables of a list, a recorded release or a pack."""
    for table in tomllib.loads(text).get("callable", []):
        kind = table["kind"]
        yield Kept(
            (kind,) if isinstance(kind, str) else tuple(kind),
            tuple(table["data"]),
            table["evidence"],
            table.get("parameters", {}),
            {module: set(names) for module, names in table["names"].items()},
        )


def read_kept(path: Path, *, must_exist: bool) -> list[Kept]:
    """The callables of a reviewed list.

    Args:
        path: The list; one that is not there has none.
        must_exist: Whether its names have to exist in the installed releases, but for tables
            marked ``elsewhere``, which name what other releases have.

    Raises:
        LookupError: A name does not exist.
    """
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    for table in tomllib.loads(text)["callable"] if must_exist else []:
        for module, names in table["names"].items() if not table.get("elsewhere") else ():
            for name in names:
                resolve(module, name)
    return list(kept_of(text))


def merged_kept(kept: Iterable[Kept]) -> list[Kept]:
    """Callables of the same signature made one, in a fixed order."""
    by_key: dict[tuple[Any, ...], Kept] = {}
    for each in kept:
        into = by_key.setdefault(each.key, each.copy({}))
        for module, names in each.names.items():
            into.names.setdefault(module, set()).update(names)
    return sorted((each for each in by_key.values() if each.names), key=lambda each: each.key)


def text_of_kept(kept: Iterable[Kept]) -> str:
    """Callables as TOML."""
    lines: list[str] = []
    for each in kept:
        kinds = ", ".join(f'"{kind}"' for kind in each.kinds)
        lines += ["", "[[callable]]", f"kind = {kinds if len(each.kinds) == 1 else f'[{kinds}]'}"]
        data = ", ".join(f'"{name}"' for name in each.data)
        lines += [f"data = [{data}]", f'evidence = "{each.evidence}"']
        if each.parameters:
            lines.append("[callable.parameters]")
            lines += map(_parameter, each.parameters.items())
        lines.append("[callable.names]")
        lines += names_text(each.names)
    return "\n".join(lines) + "\n" if lines else ""


def _parameter(item: tuple[str, Mapping[str, Any]]) -> str:
    name, table = item
    fields = ", ".join(f"{key} = {_value(value)}" for key, value in table.items())
    return f"{name} = {{ {fields} }}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return f"[{', '.join(map(_value, value))}]" if isinstance(value, list) else repr(value)
