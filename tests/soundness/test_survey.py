"""The survey in docs/soundness.md is complete: each compiled type on the lists has a row."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import warnings
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Policy
from safeload.soundness import CHECKS
from tests.samples import ROOT, samples

DOCUMENT = ROOT.parent / "docs" / "soundness.md"
ENTRIES = Policy.default(packs=opt_in_packs()).for_format("torch").entries
# A class that is made while Python runs; the others are tables in the memory of a library.
_HEAP_TYPE = 1 << 9


class Row(NamedTuple):
    """A row of the survey: patterns of names, the state, the check or the reason, samples."""

    types: list[str]
    state: str
    checked: str
    shown: list[str]


def rows() -> list[Row]:
    found = []
    for line in DOCUMENT.read_text("utf-8").splitlines():
        if line.startswith("| `"):
            types, state, checked, shown = (cell.strip() for cell in line[1:-1].split("|"))
            found.append(Row(_quoted(types), state, checked, _quoted(shown)))
    return found


def _quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


ROWS = rows()


def rows_of(path: str) -> list[Row]:
    return [row for row in ROWS if any(fnmatchcase(path, pattern) for pattern in row.types)]


def compiled() -> list[str]:
    """Every class on the lists that is implemented in compiled code."""
    found = []
    for module, name in ENTRIES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                value: Any = importlib.import_module(module)
                for part in name.split("."):
                    value = getattr(value, part)
            except (ImportError, AttributeError):
                continue
        if inspect.isclass(value) and _is_compiled(value):
            found.append(f"{module}.{name}")
    return found


def _is_compiled(cls: type) -> bool:
    file = getattr(sys.modules.get(cls.__module__), "__file__", None) or ""
    return not (file.endswith(".py") and cls.__flags__ & _HEAP_TYPE)


def test_every_compiled_type_on_the_lists_has_a_row() -> None:
    found = compiled()
    assert len(found) > 100
    assert [path for path in found if not rows_of(path)] == []


def has_row(module: str, name: str, check: str) -> bool:
    return any(row.checked.startswith(f"`{check}`") for row in rows_of(f"{module}.{name}"))


def test_every_name_with_a_check_has_a_row_that_says_which() -> None:
    checked = {(*key, entry.native) for key, entry in ENTRIES.items() if entry.native is not None}
    # Where another release keeps a class is no row of its own.
    known = {(name, check) for module, name, check in checked if has_row(module, name, check)}
    assert len(known) > 50
    assert {(name, check) for _, name, check in checked} - known == set()


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_has_a_row_with_a_sample_that_shows_the_harm(check: str) -> None:
    shown = [name for row in ROWS if row.checked.startswith(f"`{check}`") for name in row.shown]
    assert shown


def test_every_sample_of_native_state_is_in_a_row() -> None:
    shown = {name for row in ROWS for name in row.shown}
    assert {sample.name for sample in samples() if sample.rule == "SL401"} <= shown
    assert {name for name in shown if not any(ROOT.glob(f"*/{name}/case.toml"))} == set()


def test_every_row_is_about_something_on_the_lists() -> None:
    paths = [f"{module}.{name}" for module, name in ENTRIES]
    patterns = [pattern for row in ROWS for pattern in row.types]
    unused = [
        pattern for pattern in patterns if not any(fnmatchcase(path, pattern) for path in paths)
    ]
    assert unused == []


def test_no_row_is_open() -> None:
    assert [row.types for row in ROWS if "open" in (row.state, row.checked)] == []


def test_the_document_names_what_exists() -> None:
    named = re.findall(r"`(safeload/[^`]*)`", DOCUMENT.read_text("utf-8"))
    assert all((Path(ROOT.parent) / path).exists() for path in named)
