"""The symbolic pickle machine: what one stream of opcodes works on.

It runs every opcode of protocols 0 to 5 on tokens, never on objects, and imports nothing. It is
total: whatever the bytes, it stops within them, and what it could not follow is a finding. Where
the C and the Python unpickler of CPython disagree, it takes neither side and refuses.

This module holds its state; :mod:`safeload.scan.pickle.interpreter` drives it and
:mod:`safeload.scan.pickle.opcodes` has one function for each opcode.

Trust: the bytes are hostile; the Program describes them and permits nothing.
Source: CPython ``Lib/pickle.py`` and ``Modules/_pickle.c``; joblib ``numpy_pickle.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from safeload.limits import Limits
from safeload.scan.arrays.form import WRAPPERS, ArrayForm
from safeload.scan.arrays.old_wrappers import ArrayFiles, is_old_wrapper
from safeload.scan.bounds.budget import OverLimitError, WorkBudget
from safeload.scan.pickle.consumption import Consumption
from safeload.scan.pickle.malformed import MalformedError
from safeload.scan.pickle.python2 import array_state
from safeload.scan.pickle.renaming import MOVED, renamed
from safeload.scan.pickle.shape import Shape
from safeload.scan.pickle.unfinished import Unfinished
from safeload.scan.program import (
    Buffer,
    Collection,
    Global,
    GlobalUse,
    Mapping,
    ObjectToken,
    Program,
    Token,
    Use,
)
from safeload.scan.runs import Run
from safeload.scan.storage import Persistent
from safeload.verdict import Finding, Severity

__all__ = ["CONSTANTS", "SPENT", "UNSET", "WATCHED", "Handler", "Machine"]


class _Unset:
    """Stands in the memo where a PUT left a gap."""


class _Spent:
    """Stands in the memo where an array's wrapper and its state would be."""


UNSET = _Unset()
SPENT = _Spent()

# Tokens whose every return from the memo is counted or judged.
WATCHED = frozenset([Global, ObjectToken, Collection, Mapping, Run, list, tuple, _Spent, _Unset])
_FROMBUFFER = {(f"numpy.{core}.numeric", "_frombuffer") for core in ("_core", "core")}
# NONE, NEWTRUE, NEWFALSE, EMPTY_TUPLE.
CONSTANTS: dict[int, Token] = {0x4E: None, 0x88: True, 0x89: False, 0x29: ()}

# How many opcodes that push what is there cost as much as another: eight bytes of memory each.
_LIGHT = 8
# Opcodes up to so many bytes are copied; a view of them would take up more.
_COPIED = 256


class Machine:
    """The state of one stream being interpreted.

    Attributes:
        data: The member's bytes.
        size: Their number.
        position: Offset after the current opcode's code, bytes; each opcode function moves it past
            the opcode's argument.
        stack: Tokens.
        marks: Heights of the stack at each MARK; nothing below the last may be popped.
        memo: Tokens by memo index.
        protocol: As PROTO says, else 0.
        globals: Every global so far, by module and name as they will be imported.
        program: What becomes the result.
        stopped: Whether STOP was reached.
        persistent: What persistent identifiers stand for; None where none may stand.
        companions: Gives the arrays that lie in files beside; None where nobody can.
        frame_end: Where the current frame ends, bytes, or None outside of frames.
    """

    def __init__(
        self,
        data: Buffer,
        *,
        limits: Limits,
        budget: WorkBudget,
        member: str,
        start: int,
        nested: bool,
    ) -> None:
        self.data = data
        self.size = len(data)
        self.limits = limits
        self.start = start
        self.position = start
        self.nested = nested
        self.followed = nested
        self.persistent: Persistent | None = None
        self.companions: ArrayFiles | None = None
        self.stack: list[Token] = []
        self.marks: list[int] = []
        self.memo: list[Token] = []
        self.protocol = 0
        self.globals: dict[tuple[str, str], Global] = {}
        self._aliases: set[tuple[str, str]] = set()
        self.program = Program(member, data)
        self.stopped = False
        self.frame_end: int | None = None
        # How many memo indices a PUT left unset, and the array wrappers that wait for their array.
        self.gaps = 0
        self.wrapper: Global | None = None
        self.wrappers = 0
        self.old_wrappers: tuple[Global, ...] = ()
        # What makes an array of bytes.
        self.frombuffer: Global | None = None
        self.budget = budget
        self.taken = Consumption(budget, limits)
        self.shape = Shape(limits, budget, self.taken)
        # Forms of arrays by the opcodes of their wrapper around the shape, and the opcodes whose
        # form will be known at an offset to come.
        self.forms: dict[tuple[bytes, bytes], ArrayForm] = {}
        self.awaited: tuple[int, tuple[bytes, bytes]] | None = None
        # Dtypes and orders of arrays, by the opcodes that recall them.
        self.recalled: dict[tuple[bytes, bytes], tuple[ObjectToken, str]] = {}
        # What stretches of constants push, how many bytes that takes, and how much is light of it.
        self.stretches: dict[bytes, tuple[list[Token], int, int]] = {}
        # Opcodes that pushed what was there already: a constant, or text that the memo holds.
        self.light = 0
        # Canonical code so far, and where the run of bytes begins that is not in it yet.
        self._segments: list[bytes | slice] = []
        self._segment_start = start
        # Containers whose global was used up where it stands, by identity; kept alive so that no
        # other object takes that identity.
        self._spent: dict[int, tuple[Token, list[Global]]] = {}
        # Those that were taken from the memo, where a second reference to them remains.
        self._shared: set[int] = set()
        self._unfinished = Unfinished()

    def leave_frame(self) -> None:
        """Go on behind the end of a frame; behind the last byte there is nothing to go on with."""
        if self.frame_end is None:
            raise MalformedError("SL201", "The stream ends before its STOP.", self.position)
        if self.position != self.frame_end:
            self.note("SL208", "An opcode reaches across the end of its frame.", self.position)
        self.frame_end = None

    def enter_frame(self, length: int) -> None:
        """Begin a frame of ``length`` bytes at the current position; the code has no frames."""
        if self.frame_end is not None and self.position - 9 < self.frame_end:
            self.note("SL208", "A frame begins within another.", self.position - 9)
        if length > self.size - self.position:
            self.beyond(self.position - 8)
        self.cut(self.position - 9, self.position)
        self.frame_end = self.position + length

    def cut(self, stop: int, resume: int, instead: bytes = b"") -> None:
        """Leave the bytes from ``stop`` to ``resume`` out of the canonical code.

        Args:
            stop: Where the code so far ends, bytes.
            resume: Where it goes on.
            instead: Opcodes that take their place.
        """
        start = self._segment_start
        if stop - start > _COPIED:
            self._segments.append(slice(start, stop))
        elif stop > start:
            self._segments.append(bytes(self.data[start:stop]))
        if instead:
            self._segments.append(instead)
        self._segment_start = resume

    # -- the stack and the memo --------------------------------------------------------------

    def fence(self) -> int:
        """Height of the stack below which nothing may be popped."""
        return self.marks[-1] if self.marks else 0

    def need(self, count: int) -> None:
        """Require ``count`` tokens above the last MARK."""
        if len(self.stack) - count < self.fence():
            self.underflow(self.position)

    def pop(self) -> Token:
        """Take the top token."""
        self.need(1)
        return self.stack.pop()

    def pop_to_mark(self) -> list[Token]:
        """Take everything above the last MARK, and the MARK."""
        if not self.marks:
            raise MalformedError("SL204", "There is no MARK to go back to.", self.position)
        height = self.marks.pop()
        items = self.stack[height:]
        del self.stack[height:]
        return items

    def put(self, index: int) -> None:
        """Store the top token in the memo."""
        self.need(1)
        memo, token = self.memo, self.stack[-1]
        if 0 <= index < len(memo):
            if memo[index] is UNSET:
                self.gaps -= 1
            memo[index] = token
            # What was read through the memo may mean something else from here on.
            self.forms.clear()
            self.recalled.clear()
            self.stretches.clear()
            self.awaited = None
            return
        gap = index - len(memo)
        if index < 0 or self.gaps + gap > self.limits.memo_gaps + len(memo):
            raise MalformedError("SL205", "A memo index that no pickler uses.", self.position)
        self.gaps += gap
        memo.extend([UNSET] * gap)
        memo.append(token)

    def get(self, index: int) -> None:
        """Push what the memo holds."""
        if not 0 <= index < len(self.memo):
            self.unset(self.position)
        token = self.memo[index]
        self.stack.append(self.lookup(index, self.position) if type(token) in WATCHED else token)

    def lookup(self, index: int, position: int) -> Token:
        """Take a watched token from the memo.

        A global is counted; a key of a run is decoded; an array wrapper is not referred to again
        by any writer.
        """
        token = self.memo[index]
        kind = type(token)
        if kind is Global:
            token.pushed += 1
        elif kind is Run:
            for place, (key, _) in enumerate(token.pairs(), token.first):
                if self.memo[place] is token:
                    self.memo[place] = key
            return self.memo[index]
        elif token is UNSET:
            self.unset(position)
        elif token is SPENT or (kind is ObjectToken and self.is_wrapper(token.callable)):
            self.note("SL215", "An array wrapper is used a second time.", position)
        else:
            self.shape.recurring.setdefault(id(token), token)
            if kind is tuple or kind is Mapping:
                self._share(token)
            elif kind is ObjectToken and not token.states and token.use is Use.CALL:
                problem = self._unfinished.lookup(token)
                if problem is not None:
                    self.note("SL217", problem, position)
        return token

    def _share(self, token: Token) -> None:
        """It serves for more than to make one object; what else for, nobody follows."""
        if id(token) in self._spent:
            for target in self._spent[id(token)][1]:
                target.uses.add(Use.REFERENCE)
        else:
            self._shared.add(id(token))

    # -- globals and objects -----------------------------------------------------------------

    def global_(self, module: str, name: str, offset: int) -> Global:
        """The token of a global, as Python 3 will import it.

        Args:
            module: Module as written.
            name: Qualified name as written.
            offset: Where the opcode stands that names it.
        """
        raw = (module, name)
        if len(module) > self.limits.name or len(name) > self.limits.name:
            raise OverLimitError("A name is too long.", "name")
        if self.protocol < 3:
            module, name = renamed(module, name)
        module = MOVED.get(module, module)
        token = self.globals.get((module, name))
        if token is None:
            token = self._name(Global(module, name, raw, offset))
            if is_old_wrapper(module, name):
                self.old_wrappers = (*self.old_wrappers, token)
        elif token.raw != raw:
            if token.raw is None:
                token.raw = raw
            elif raw not in self._aliases:
                # Two spellings of one name: both have to be resolvable under their own.
                self._aliases.add(raw)
                self.program.aliases.append((raw, token.module, token.name))
        token.pushed += 1
        return token

    def attribute(self, owner: Global, name: str) -> Global:
        """The token of an attribute that ``getattr`` reaches through a global."""
        return self.named_by_call(owner.module, f"{owner.name}.{name}")

    def named_by_call(self, module: str, name: str) -> Global:
        """The token of what a call stands for, although no opcode for globals names it."""
        if len(module) > self.limits.name or len(name) > self.limits.name:
            raise OverLimitError("A name is too long.", "name")
        token = self.globals.get((module, name))
        return token or self._name(Global(module, name, None, self.position - 1))

    def _name(self, token: Global) -> Global:
        key = token.module, token.name
        self.budget.names.add(key)
        if len(self.budget.names) > self.limits.globals:
            raise OverLimitError("It names too many classes and functions.", "globals")
        self.globals[key] = token
        if key in WRAPPERS:
            if self.wrapper is not None:
                # Each joblib would read the arrays of its own wrapper only.
                raise MalformedError("SL210", "It has array wrappers of two kinds.", token.offset)
            self.wrapper = token
        elif key in _FROMBUFFER:
            self.frombuffer = token
        return token

    def use_up(self, target: Token, use: Use | None, holder: Token = None) -> None:
        """Record that a global on the stack, or in a container, served to make an object.

        Args:
            target: What served; anything but a global is ignored.
            use: How; None where what it served to make is judged by a name of its own.
            holder: The container it stands in; counted once, however often it is read.
        """
        if not isinstance(target, Global):
            return
        if use is not None:
            target.uses.add(use)
        if holder is None:
            target.consumed += 1
            return
        _, spent = self._spent.setdefault(id(holder), (holder, []))
        if target not in spent:
            spent.append(target)
            target.consumed += id(holder) not in self._shared

    def build(self, target: Token, use: Use, args: Token, kwargs: Token = None) -> ObjectToken:
        """A new object made from ``target``."""
        built = ObjectToken(target, use, args, self.position - 1)
        if kwargs is not None:
            built.kwargs = kwargs
        if use is Use.CONSTRUCT and self.is_wrapper(target):
            # What joblib's wrapper may be given is checked where its array is read.
            self.wrappers += 1
        else:
            self.program.built.append(built)
        return built

    def is_wrapper(self, target: Token) -> bool:
        """Whether this is the class of an array's wrapper, of any release of joblib."""
        return type(target) is Global and (target is self.wrapper or target in self.old_wrappers)

    def give_state(self, target: ObjectToken, state: Token) -> None:
        """BUILD of what a call returned."""
        if target.taken:
            # What another call has made of it, nobody can tell from what it is in the end.
            self.note("SL217", "An object is used before it has its state.", self.position)
        self.shape.nest(target, self.taken.take_whole(state))
        given = array_state(target, state)
        if given is not state:
            target.states = (*target.states[:-1], given)
        if type(target.callable) is Global:
            target.callable.uses.add(Use.BUILD)
            if target.is_of("functools", "partial"):
                self.search_within(state)

    def search_within(self, holder: Token) -> None:
        """Note that a function of ``re`` begins what a partial is given; a rule looks at that."""
        function = holder[0] if type(holder) is tuple and holder else None
        if isinstance(function, Global) and function.module == "re":
            self.use_up(function, Use.CALL, holder=holder)

    # -- findings ----------------------------------------------------------------------------

    def note(self, rule: str, message: str, offset: int) -> None:
        """Add a finding."""
        findings = self.program.findings
        finding = Finding(rule, message, self.program.member, offset)
        if len(findings) < self.limits.findings:
            findings.append(finding)
        elif finding.severity is Severity.ERROR and findings[-1].severity is not Severity.ERROR:
            findings[-1] = finding

    def pause(self, opcodes: int) -> None:
        """Look at what grows with every opcode, and at the clock.

        Args:
            opcodes: How many were interpreted so far.

        Raises:
            OverLimitError: It is more than the limits allow.
        """
        self.program.opcodes = opcodes
        # What only pushes a value that is there already costs little beside the others.
        if opcodes - self.light + self.light // _LIGHT > self.budget.opcodes:
            raise OverLimitError("The stream has too many opcodes.", self.budget.opcodes_by)
        if len(self.stack) > self.limits.stack or len(self.marks) > self.limits.stack:
            raise OverLimitError("The stream has too much on its stack at once.", "stack")
        self.budget.check_time()

    def beyond(self, position: int) -> NoReturn:
        """A length leads beyond the end."""
        raise MalformedError("SL212", "A length leads beyond the end of the file.", position)

    def underflow(self, position: int) -> NoReturn:
        """An opcode finds too little on the stack, or the memo in no state to number."""
        raise MalformedError("SL204", "An opcode finds no operand on the stack.", position)

    def unset(self, position: int) -> NoReturn:
        """A memo index was never set."""
        raise MalformedError("SL205", "A memo index is read that was never set.", position)

    def finish(self) -> Program:
        """Complete the program with code, globals and what only the end can tell."""
        program = self.program
        program.size = self.position - self.start
        program.hashing = list(self.shape.hashing.values())
        if self.stopped:
            self.cut(self.position, self.position)
            program.segments = self._segments
            if self.taken.changed:
                self.note("SL217", "A container is changed after it was used.", self.position)
            if self._unfinished.changed:
                self.note("SL217", "An array is used before it has its state.", self.position)
            if self.wrappers:
                self.note("SL215", "An array wrapper is not followed by its array.", self.position)
            if not self.followed and self.position != self.size:
                self.note("SL202", "Bytes follow the end of the stream.", self.position)
        for token in self.globals.values():
            if token.pushed > token.consumed:
                token.uses.add(Use.REFERENCE)
            program.globals.append(
                GlobalUse(token.module, token.name, token.raw, frozenset(token.uses), token.offset)
            )
        return program


Handler = Callable[[Machine], None]
