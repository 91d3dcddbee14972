"""Regenerate tables that the code knows by itself: ``python tools/security_tables.py``.

They stand between markers and are never edited by hand. Three are in SECURITY.md: the limits, from
the docstring and defaults of ``safeload/limits.py``; the known attacks, from the ``case.toml`` of
every malicious sample; and the tests that hold each guarantee, from the marks on them. Those of
docs/isolation.md are the bounds on an isolated process and the system calls that it may make. The
argument rules are in docs/policy.md, each with the first line of its docstring; the codes of errors
in docs/errors.md, from ``safeload/error_codes``. docs/opcodes.md says where each opcode of pickle
has its meaning. (The table of entries in docs/policy.md is made by ``derive_packs.py``.)

Usage:
    security_tables.py            write the tables into their documents
    security_tables.py --check    exit 1 where one of them is out of date
"""

from __future__ import annotations

import argparse
import ast
import inspect
import pickletools
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from safeload.error_codes import ERROR_CODES
from safeload.isolation.system_calls import system_calls
from safeload.limits import Isolation, Limits
from safeload.policy.rules import RULES
from safeload.rule_ids import RULE_IDS, effect
from safeload.scan.pickle import effects
from safeload.scan.pickle.opcodes import HANDLERS

__all__ = [
    "ERRORS",
    "ERROR_TABLES",
    "ISOLATION",
    "ISOLATION_TABLES",
    "OPCODES",
    "OPCODE_TABLES",
    "PAGES",
    "PEERS",
    "PEER_TABLES",
    "ROOT",
    "RULE_PAGES",
    "RULE_TABLES",
    "marked_tests",
    "regenerated",
]

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "SECURITY.md"
POLICY = ROOT / "docs" / "policy.md"
ERRORS = ROOT / "docs" / "errors.md"
RULE_PAGES = ROOT / "docs" / "rules" / "README.md"
PEERS = ROOT / "docs" / "peers.md"
ISOLATION = ROOT / "docs" / "isolation.md"
OPCODES = ROOT / "docs" / "opcodes.md"
DIFFERENCES = ROOT / "tests" / "peers" / "differences.toml"
SAMPLES = ROOT / "malicious_samples"
TESTS = ROOT / "tests"

OWN = "own"
EFFECTS = {"none": "as it was"}
# Powers of 1,024 from the largest; a limit in bytes is shown in the largest that divides it.
UNITS = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


def attacks() -> Iterator[str]:
    """One row for each technique of the malicious samples."""
    cases: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted(SAMPLES.glob("*/*/case.toml")):
        case = tomllib.loads(path.read_text("utf-8"))
        cases[case["technique"]].append(case)
    yield "| technique | cases | live controls | rules | sources |"
    yield "|---|---:|---:|---|---|"
    for technique, found in sorted(cases.items()):
        live = sum(case["control"] for case in found)
        rules = ", ".join(sorted({case["rule"] for case in found} - {""}))
        yield row(technique, str(len(found)), str(live), rules, sources(found))
    every = [case for found in cases.values() for case in found]
    live = sum(case["control"] for case in every)
    yield row("**all**", str(len(every)), str(live), "", "")


def sources(cases: Iterable[dict[str, Any]]) -> str:
    """The published sources of some cases, and how many cases are our own."""
    named = [case["source"] for case in cases]
    own = named.count(OWN)
    published = sorted(set(named) - {OWN})
    return "; ".join([*published, *([f"own ({own})"] if own else [])])


def limits() -> Iterator[str]:
    """One row for each bound on a file."""
    yield from bounds(Limits())


def isolation() -> Iterator[str]:
    """One row for each bound on the process of an isolated model."""
    yield from bounds(Isolation())


def calls() -> Iterator[str]:
    """One row for each system call of the list: its condition, and why it is there."""
    yield "| call | x86-64 | ARM 64, RISC-V 64 | answer | why |"
    yield "|---|---:|---:|---|---|"
    for call in system_calls():
        numbers = [str(call.numbers.get(table, "")) for table in ("x86_64", "generic")]
        answer = f"allowed if `{call.when}`" if call.when else "allowed"
        yield row(f"`{call.name}`", *numbers, answer if call.allowed else "`ENOSYS`", call.why)


def bounds(defaults: Limits | Isolation) -> Iterator[str]:
    """One row for each field."""
    meanings = described(inspect.getdoc(defaults) or "")
    yield "| limit | default | what it bounds, and why it is so large |"
    yield "|---|---:|---|"
    for field in fields(defaults):
        meaning = meanings[field.name]
        yield row(f"`{field.name}`", amount(getattr(defaults, field.name), meaning), meaning)


def described(doc: str) -> dict[str, str]:
    """The attributes of a docstring in Google's style, each in one line."""
    body = doc.partition("Attributes:\n")[2]
    found = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", body, re.MULTILINE)
    return {name: " ".join(text.replace("``", "`").split()) for name, text in found}


def amount(value: int, meaning: str) -> str:
    """A bound as people read it: bytes in the largest whole unit, counts with commas."""
    if "bytes" in meaning.lower():
        for unit, size in UNITS:
            if value >= size and value % size == 0:
                return f"{value // size:,} {unit}"
    return f"{value:,}"


def guarantees() -> Iterator[str]:
    """One row for each guarantee: the tests that would see it broken."""
    marked: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for guarantee, path, test in marked_tests():
        marked[guarantee][path].append(test.removeprefix("test_").replace("_", " "))
    yield "| guarantee | tests |"
    yield "|---|---|"
    for guarantee, files in sorted(marked.items(), key=lambda item: int(item[0][1:])):
        named = (f"`{path}`: {'; '.join(tests)}" for path, tests in files.items())
        yield row(guarantee, " · ".join(named))


def rule_ids() -> Iterator[str]:
    """One row for each rule that a finding may name."""
    yield "| rule | meaning | effect |"
    yield "|---|---|---|"
    for rule, about in RULE_IDS.items():
        yield row(rule, about.title, effect(rule))


def rule_pages() -> Iterator[str]:
    """One row for each rule that a finding may name, with a link to its page."""
    yield "| rule | a finding says | the file is |"
    yield "|---|---|---|"
    for rule, about in RULE_IDS.items():
        yield row(f"[{rule}]({rule}.md)", about.title, EFFECTS.get(effect(rule), effect(rule)))


def error_codes() -> Iterator[str]:
    """One row for each code that an error may have."""
    yield "| code | class | exit | what went wrong | what to do |"
    yield "|---|---|---|---|---|"
    for code, about in ERROR_CODES.items():
        ends = " or ".join(map(str, about.exit_codes))
        yield row(f"`{code}`", f"`{about.error.__name__}`", ends, about.meaning, about.remedy)


def opcodes() -> Iterator[str]:
    """One row for each opcode of pickle: where the machine and the tolerant walk have it."""
    actions = {getattr(effects, name): name for name in effects.__all__ if name != "TABLE"}
    yield "| opcode | byte | takes → leaves | the machine | the tolerant walk |"
    yield "|---|---|---|---|---|"
    for opcode in sorted(pickletools.opcodes, key=lambda opcode: opcode.code):
        code = ord(opcode.code)
        shown = opcode.code if opcode.code.isprintable() and code < 0x80 else f"\\x{code:02x}"
        taken, left = (
            " ".join(part.name for part in parts) or "nothing"
            for parts in (opcode.stack_before, opcode.stack_after)
        )
        handler = HANDLERS[code]
        # What makes a function for several opcodes is named, not the function within.
        where = handler.__qualname__.partition(".")[0]
        yield row(
            opcode.name,
            f"`{shown}`",
            f"{taken} → {left}",
            "the loop" if handler is HANDLERS[0] else f"`{where}`",
            f"`{actions[effects.TABLE[code][2]]}`",
        )


def peers() -> Iterator[str]:
    """One row for each test of another project that fails with our loaders as it should."""
    yield "| suite | tests | why it is right that they fail |"
    yield "|---|---|---|"
    for difference in tomllib.loads(DIFFERENCES.read_text("utf-8"))["difference"]:
        tests = ", ".join(f"`{name}`" for name in difference["tests"].split("|"))
        yield row(difference["suite"], tests, difference["why"])


def rules() -> Iterator[str]:
    """One row for each argument rule: what it admits."""
    yield "| rule | admits |"
    yield "|---|---|"
    for name, rule in sorted(RULES.items()):
        first = (inspect.getdoc(rule) or "").partition("\n")[0]
        if not first:
            raise ValueError(f"the argument rule {name} has no docstring")
        yield row(f"`{name}`", first.removesuffix(".").replace("``", "`"))


def marked_tests() -> Iterator[tuple[str, str, str]]:
    """Every mark ``guarantee("Gn")`` on a test.

    Yields:
        The guarantee's id, the file's path from the root, and the test's name.
    """
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for guarantee in marks(node):
                    yield guarantee, path.relative_to(ROOT).as_posix(), node.name


def marks(test: ast.FunctionDef) -> Iterator[str]:
    """The ids in the guarantee marks of one test."""
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == (
            "pytest.mark.guarantee"
        ):
            yield from (str(ast.literal_eval(argument)) for argument in decorator.args)


def row(*cells: str) -> str:
    """A row of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


Tables = Mapping[str, Callable[[], Iterator[str]]]
TABLES: Tables = {
    "attacks": attacks,
    "limits": limits,
    "rule-ids": rule_ids,
    "tests": guarantees,
}
RULE_TABLES: Tables = {"rules": rules}
ISOLATION_TABLES: Tables = {"isolation": isolation, "system-calls": calls}
PAGES: Tables = {"rule-pages": rule_pages}
ERROR_TABLES: Tables = {"errors": error_codes}
OPCODE_TABLES: Tables = {"opcodes": opcodes}
PEER_TABLES: Tables = {"peers": peers}


def regenerated(text: str, tables: Tables = TABLES) -> str:
    """A document with its tables made anew.

    Args:
        text: The document.
        tables: What makes the rows of each table, by the name in its markers.

    Returns:
        The same with what stands between the markers replaced.

    Raises:
        ValueError: A marker is missing.
    """
    for name, rows in tables.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the markers of the table {name} are missing")
        text = "\n".join([f"{before}{begin}", *rows(), f"{end}{after}"])
    return text


def main() -> int:
    """Run the script.

    Returns:
        0, or 1 with ``--check`` where a table is out of date.
    """
    parser = argparse.ArgumentParser(description="Regenerate the tables that the code knows.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if out of date")
    options = parser.parse_args()
    stale = False
    documents = {
        DOCUMENT: TABLES,
        POLICY: RULE_TABLES,
        RULE_PAGES: PAGES,
        PEERS: PEER_TABLES,
        ISOLATION: ISOLATION_TABLES,
        ERRORS: ERROR_TABLES,
        OPCODES: OPCODE_TABLES,
    }
    for document, tables in documents.items():
        text = document.read_text("utf-8")
        new = regenerated(text, tables)
        if new == text:
            continue
        stale = True
        sys.stderr.write(f"{document.name}\n")
        if not options.check:
            document.write_text(new, "utf-8")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
