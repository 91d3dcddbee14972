"""A program becomes readable Python, through fickling; nothing is run or imported.

fickling reads the canonical code, not the file: joblib's arrays between the opcodes, frames and
everything else that readers of pickles stumble over are gone by then. Each array is a call of
``UNPICKLER.persistent_load``. fickling's own analyses are a second opinion: they may add a doubt to
what the policy says, and never take one away.

Trust: every name and value comes from the file. Names that are no identifiers are escaped before
they become code, values by ``repr``, and each statement stays on one line, so that nothing in the
file can pass for a line of ours.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from safeload.errors import printable
from safeload.scan.program import Program
from safeload.verdict import Finding, Severity

__all__ = ["Decompiled", "decompile"]

_OPCODES = 2_000_000
# Shared parts of an expression are written out wherever they occur, which has no bound.
_NODES = 50_000
_LINE = 500
_RULE = "SL901"


@dataclass(frozen=True, slots=True)
class Decompiled:
    """A program as Python.

    Attributes:
        lines: One statement each, printable ASCII.
        left_out: How many statements were not turned into lines.
        doubts: What fickling's analyses say, warnings that leave the verdict as it is.
        problem: Why there are no lines, or an empty string.
    """

    lines: tuple[str, ...] = ()
    left_out: int = 0
    doubts: tuple[Finding, ...] = ()
    problem: str = ""


def decompile(program: Program, *, allowed: frozenset[str], lines: int) -> Decompiled:
    """Write a program as Python.

    Args:
        program: With code.
        allowed: Globals (``"module.name"``) that the policy allows; a doubt about nothing but
            their names is left out.
        lines: Statements to write, at most.

    Returns:
        The Python, or the reason why fickling could not make it out.
    """
    from fickling.exception import ResourceExhaustionError
    from fickling.fickle import Interpreter, InterpreterLimits, Pickled

    if program.opcodes > _OPCODES:
        return Decompiled(problem=f"It has {program.opcodes} opcodes, too many to read.")
    # The canonical code names what it needs once, so its memo is read far more than written.
    limits = InterpreterLimits(max_opcodes=_OPCODES, max_memo_size=_OPCODES, max_get_ratio=_OPCODES)
    try:
        pickled = Pickled.load(program.code)
        tree = Interpreter(pickled, limits=limits).to_ast()
        shown = tuple(_lines(tree.body[:lines]))
        doubts = tuple(_doubts(pickled, tree, allowed, program.member))
    except RecursionError:
        return Decompiled(problem="It is nested too deeply for fickling.")
    except ResourceExhaustionError as error:
        return Decompiled(problem=f"It is beyond fickling's limits: {printable(str(error))}.")
    except Exception as error:  # noqa: BLE001  # any failure of it is one answer
        # fickling was made for whole files of its own kind, and fails in many ways on others.
        reason = f"{type(error).__name__}: {printable(str(error))}"
        return Decompiled(problem=f"fickling cannot read it ({reason}).")
    return Decompiled(shown, max(0, len(tree.body) - lines), doubts)


def _lines(statements: list[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        if _is_long(statement):
            yield "...  # an expression too long to show"
            continue
        _escape_names(statement)
        line = ast.unparse(statement)
        more = len(line) - _LINE
        # What repr leaves is printable, but may be a look-alike.
        yield printable(line, limit=_LINE) + (f"  # {more} more characters" if more > 0 else "")


def _is_long(node: ast.AST) -> bool:
    return any(count >= _NODES for count, _ in enumerate(ast.walk(node)))


def _escape_names(statement: ast.stmt) -> None:
    """Make every name one that cannot be taken for anything else."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            node.id = _name(node.id)
        elif isinstance(node, ast.Attribute):
            node.attr = _name(node.attr)
        elif isinstance(node, ast.alias):
            node.name = _name(node.name)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            node.module = _name(node.module)
        elif isinstance(node, ast.keyword) and node.arg is not None:
            node.arg = _name(node.arg)


def _name(name: str) -> str:
    if name.isascii() and all(part.isidentifier() for part in name.split(".")):
        return name
    return f"<{printable(name)}>"


def _doubts(
    pickled: object, tree: ast.Module, allowed: frozenset[str], member: str
) -> Iterator[Finding]:
    from fickling.analysis import (
        Analyzer,
        BadCalls,
        ScannerDeactivation,
        UnsafeImports,
        UnsafeImportsML,
    )

    if _is_long(tree):
        return
    analyses = [BadCalls(), ScannerDeactivation(), UnsafeImports(), UnsafeImportsML()]
    reviewed = {f"from {m} import {n}" for m, _, n in (path.rpartition(".") for path in allowed)}
    for result in Analyzer(analyses).analyze(pickled).results:
        if result.message is not None and str(result.trigger) not in reviewed:
            yield Finding(_RULE, Severity.WARNING, f"fickling: {printable(result.message)}", member)
