"""SECURITY.md says what is so: its ids, paths, names, rules and tables are those of the code."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safeload import gate
from safeload.rule_ids import CODE, PACK_IS_OFF, RULE_IDS

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "SECURITY.md").read_text("utf-8")
TOOL: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "security_tables.py"))

PROMISED = re.findall(r"^- \*\*(G\d+)\*\* An", TEXT, re.MULTILINE)
MARKS = sorted({(guarantee, f"{path}::{test}") for guarantee, path, test in TOOL["marked_tests"]()})
NAMED = sorted(
    set(re.findall(r"`((?:safeload|tests|tools|docs|malicious_samples)/[^`\s]*)`", TEXT))
)
RULE = re.compile(r"SL\d{3}")


def test_guarantees_are_numbered_from_one_without_a_gap() -> None:
    assert [f"G{number}" for number in range(1, len(PROMISED) + 1)] == PROMISED


@pytest.mark.parametrize("guarantee", PROMISED)
def test_a_guarantee_has_a_test_that_would_see_it_broken(guarantee: str) -> None:
    assert guarantee in {marked for marked, _ in MARKS}


@pytest.mark.parametrize("guarantee", PROMISED)
def test_a_guarantee_names_the_code_that_holds_it(guarantee: str) -> None:
    line = next(line for line in TEXT.splitlines() if line.startswith(f"- **{guarantee}**"))
    assert re.search(r"`safeload/[^`]+\.py(::[^`]+)?`", line)


@pytest.mark.parametrize(("guarantee", "test"), MARKS)
def test_a_mark_names_a_guarantee_that_is_given(guarantee: str, test: str) -> None:
    assert guarantee in PROMISED, test


@pytest.mark.parametrize("named", NAMED)
def test_what_is_named_exists(named: str) -> None:
    path, _, name = named.partition("::")
    assert (ROOT / path).exists()
    if name:
        assert name in set(definitions(ast.parse((ROOT / path).read_text("utf-8"))))


def definitions(node: ast.AST, prefix: str = "") -> Iterator[str]:
    """Classes, functions and methods of a module, each by its qualified name."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            yield prefix + child.name
            yield from definitions(child, f"{prefix}{child.name}.")


def test_the_rules_are_those_of_the_code() -> None:
    used = {
        node.value
        for path in (ROOT / "safeload").rglob("*.py")
        if path.name != "rule_ids.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and RULE.fullmatch(node.value)
    }
    assert [*RULE_IDS] == sorted(used | {CODE, PACK_IS_OFF})


def test_the_steps_are_those_of_the_gate() -> None:
    steps = re.findall(r"^(\d+)\. ", gate.__doc__ or "", re.MULTILINE)
    rows = re.findall(r"^\| (\d+) \| ", TEXT, re.MULTILINE)
    assert rows == steps == [str(number) for number in range(1, 10)]


def test_the_tables_are_fresh() -> None:
    # 'make docs' makes them anew, after a sample, a limit or a marked test has changed.
    assert TOOL["regenerated"](TEXT) == TEXT, "run 'make docs'"
    pages = TOOL["RULE_PAGES"].read_text("utf-8")
    assert TOOL["regenerated"](pages, TOOL["PAGES"]) == pages, "run 'make docs'"


def test_the_table_of_what_fails_of_others_is_fresh() -> None:
    text = TOOL["PEERS"].read_text("utf-8")
    assert TOOL["regenerated"](text, TOOL["PEER_TABLES"]) == text, "run 'make docs'"


def test_the_tables_of_isolation_are_fresh() -> None:
    text = TOOL["ISOLATION"].read_text("utf-8")
    assert TOOL["regenerated"](text, TOOL["ISOLATION_TABLES"]) == text, "run 'make docs'"


@pytest.mark.parametrize("table", ["attacks", "limits", "tests"])
def test_a_table_without_its_markers_is_an_error(table: str) -> None:
    with pytest.raises(ValueError, match=table):
        TOOL["regenerated"](TEXT.replace(f"<!-- {table}: end -->", ""))


@pytest.mark.parametrize(("stale", "code"), [(False, 0), (True, 1)])
def test_the_check_says_whether_a_table_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stale: bool, code: int
) -> None:
    document = tmp_path / "SECURITY.md"
    fresh: str = TOOL["regenerated"](TEXT)
    written = (
        fresh.replace("<!-- limits: begin -->\n", "<!-- limits: begin -->\nold\n")
        if stale
        else fresh
    )
    document.write_text(written, "utf-8")
    monkeypatch.setitem(TOOL["main"].__globals__, "DOCUMENT", document)
    monkeypatch.setattr(sys, "argv", ["security_tables.py", "--check"])
    assert TOOL["main"]() == code
    assert document.read_text("utf-8") == written
