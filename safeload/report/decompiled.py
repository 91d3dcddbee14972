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
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeload.errors import printable
from safeload.forks import Lock
from safeload.scan.program import Program
from safeload.verdict import Finding
from safeload.warned import silenced

if TYPE_CHECKING:
    from fickling.fickle import Pickled

__all__ = ["Decompiled", "decompile"]

# fickling takes up to two kilobytes of memory for each.
_OPCODES = 500_000
# Shared parts of an expression are written out wherever they occur, which has no bound.
_NODES = 100_000
_LINE = 500
_DEPTH = 40
_NAMES = frozenset({"arg", "attr", "id", "module", "name"})
_RULE = "SL901"
# What is silenced meanwhile is so for the whole process, and Python's syntax trees fail at times
# when several threads make them.
_DECOMPILING = Lock()


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
        # It makes syntax trees in a way that newer releases of Python warn of.
        with _DECOMPILING, silenced(), _silence():
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


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what fickling writes to stderr from whoever reads our own errors there."""
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        yield


def _lines(statements: list[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        line = ast.unparse(_Excerpt().of(statement))
        # What repr leaves is printable, but may be a look-alike.
        yield printable(line, limit=_LINE)


class _Excerpt:
    """Copies as much of a statement as a line can show, every name escaped.

    Parts may be shared, so that written out in full they would have no end; what is beyond the
    bounds becomes ``...``.
    """

    def __init__(self) -> None:
        self._left = _LINE

    def of(self, node: Any, depth: int = 0) -> Any:
        """Copy a node; ``...`` stands for what is too deep or too much."""
        self._left -= 1
        if isinstance(node, ast.expr) and (self._left < 0 or depth > _DEPTH):
            return ast.Constant(...)
        if isinstance(node, ast.Dict):
            pairs = self._all(list(zip(node.keys, node.values, strict=True)), depth)
            return ast.Dict([key for key, _ in pairs], [value for _, value in pairs])
        copy = type(node)()
        for name, value in ast.iter_fields(node):
            setattr(copy, name, self._field(name, value, depth))
        return ast.copy_location(copy, node)

    def _field(self, name: str, value: Any, depth: int) -> Any:
        if isinstance(value, list | tuple):
            return self._all(value, depth)
        if isinstance(value, ast.AST):
            return self.of(value, depth + 1)
        return _name(value) if name in _NAMES and isinstance(value, str) else value

    def _all(self, parts: Sequence[Any], depth: int) -> list[Any]:
        copies: list[Any] = []
        for part in parts:
            pair = isinstance(part, tuple)
            if self._left < 0:
                copies.append((ast.Constant(...), ast.Constant(...)) if pair else ast.Constant(...))
                break
            copies.append(
                tuple(self.of(one, depth + 1) for one in part) if pair else self.of(part, depth + 1)
            )
        return copies


def _name(name: str) -> str:
    if name.isascii() and all(part.isidentifier() for part in name.split(".")):
        return name
    return f"<{printable(name)}>"


def _is_long(tree: ast.AST) -> bool:
    """Whether writing a tree out, with its shared parts wherever they occur, takes too long."""
    left, waiting = _NODES, [tree]
    while waiting and left:
        left -= 1
        for _, value in ast.iter_fields(waiting.pop()):
            # fickling keeps elements in tuples, which ast.walk() would not see.
            parts = value if isinstance(value, list | tuple) else [value]
            waiting.extend(part for part in parts if isinstance(part, ast.AST))
    return bool(waiting)


def _doubts(
    pickled: Pickled, tree: ast.Module, allowed: frozenset[str], member: str
) -> Iterator[Finding]:
    from fickling.analysis import (
        Analyzer,
        BadCalls,
        ScannerDeactivation,
        UnsafeImports,
        UnsafeImportsML,
    )

    if _is_long(tree):
        message = "fickling's analyses were left out: the program is too long for them."
        yield Finding(_RULE, message, member)
        return
    analyses = [BadCalls(), ScannerDeactivation(), UnsafeImports(), UnsafeImportsML()]
    reviewed = {f"from {m} import {n}" for m, _, n in (path.rpartition(".") for path in allowed)}
    for result in Analyzer(analyses).analyze(pickled).results:
        if result.message is not None and str(result.trigger) not in reviewed:
            yield Finding(_RULE, f"fickling: {printable(result.message)}", member)
    if pickled.has_resource_exhaustion or pickled.has_interpretation_error:
        message = "fickling's analyses say nothing: it has bounds of its own, and reached one."
        yield Finding(_RULE, message, member)
