"""The walk over a skops schema: nodes become the tokens that the pickle machine makes.

skops turns each node of ``schema.json`` into an object, children first, and hands the same object
out again when an ``__id__`` recurs. The walk visits nodes in the order in which skops does, because
that order decides which of two nodes with one id becomes the object; the later one is walked as
well, although skops never builds it, and must be of the same kind.

Trust: the schema is hostile; nothing it names is imported. A node that the walk does not
understand in full is a finding, never a guess.
Source: skops ``io/_audit.py`` (``get_tree``, ``Node``, ``CachedNode``) and ``io/_utils.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from safeload.errors import printable
from safeload.limits import Limits
from safeload.scan.bounds.budget import OverLimitError, WorkBudget
from safeload.scan.containers.archive import Member
from safeload.scan.containers.unpack import Budget
from safeload.scan.pickle.consumption import Consumption
from safeload.scan.pickle.shape import Shape
from safeload.scan.program import (
    Array,
    ArraySpan,
    Buffer,
    Global,
    GlobalUse,
    ObjectToken,
    Program,
    Token,
    Use,
)
from safeload.verdict import Finding

__all__ = [
    "LITERAL_TYPES",
    "Loader",
    "OddNodeError",
    "Walk",
    "is_builtin",
    "names",
    "part",
    "require",
    "text",
]

# Types that skops resolves by name where a pickle has an opcode of its own. As node or key type
# they make plain values, so they are no globals of the file.
LITERAL_TYPES = frozenset(
    ["bool", "bytearray", "bytes", "dict", "float", "int", "list", "set", "str", "tuple"]
)

_OPEN: Any = object()
# Nodes between two looks at the clock.
_NODES_PER_CLOCK = 256
# Bytes that are searched for the places of names: so many, and the schema so many times.
_SEARCHED = 1 << 26
_SEARCHES = 4


class OddNodeError(Exception):
    """A node is none that skops would write; the text says why."""


class Walk:
    """The state of one schema being walked.

    Attributes:
        source: The archive; all its members are stored.
        data: A view of it.
        members: Its members by name.
        protocol: Of the file, 0 to 2.
        program: What becomes the result.
        read: Names of the members that nodes refer to.
        naming_keys: Whether the nodes being walked name the types of a dict's keys.
        shape: How the objects hang together.
    """

    def __init__(
        self,
        source: Buffer,
        members: Mapping[str, Member],
        *,
        protocol: int,
        limits: Limits,
        budget: Budget,
        work: WorkBudget,
        loaders: Mapping[str, Loader],
    ) -> None:
        self.source = source
        self.data = memoryview(source)
        self.members = members
        self.protocol = protocol
        self.limits = limits
        self.budget = budget
        self.program = Program("schema.json")
        self.read: set[str] = set()
        self.naming_keys = False
        self._work = work
        self._taken = Consumption(work, limits)
        self.shape = Shape(limits, work, self._taken)
        self._loaders = loaders
        self._schema = members["schema.json"]
        # Bytes of the schema that may still be searched for the places of names.
        self._searches = _SEARCHED + _SEARCHES * self._schema.size
        # What members hold, by name, or why they hold nothing.
        self._readings: dict[str, Any] = {}
        self._globals: dict[tuple[str, str], Global] = {}
        # By id: the kind of the node (loader, module, class) and its token.
        self._memo: dict[int, tuple[tuple[str, str, str], Token]] = {}
        self._depth = 0
        self._unbuilt = 0

    # -- nodes -------------------------------------------------------------------------------

    def node(self, state: Any) -> Token:
        """Walk one node and everything below it.

        Args:
            state: The node as parsed from JSON.

        Returns:
            Its token; None, with a finding, for a node that is odd.

        Raises:
            OverLimitError: There are too many nodes, or they are nested too deeply.
        """
        self.program.opcodes += 1
        if not self.program.opcodes % _NODES_PER_CLOCK:
            self._work.check_time()
        if self.program.opcodes > self.limits.opcodes:
            raise OverLimitError("The schema has too many nodes.", "opcodes")
        if self._depth >= self.limits.depth:
            raise OverLimitError("The nodes of the schema are nested too deeply.", "depth")
        self._depth += 1
        try:
            return self._visit(state)
        except OddNodeError as problem:
            loader = state.get("__loader__") if isinstance(state, dict) else None
            kind = printable(loader, limit=40) if isinstance(loader, str) else "Node"
            self.note("SL304", f"{kind}: {problem}.")
            return None
        finally:
            self._depth -= 1

    def _visit(self, state: Any) -> Token:
        if type(state) is not dict:
            raise OddNodeError("it is not an object")
        loader = text(state, "__loader__")
        read = self._loaders.get(loader)
        if read is None:
            raise OddNodeError("safeload does not know this kind of node")
        kind = (loader, *names(state))
        number = state.get("__id__", 0)
        if type(number) is not int or number < 0:
            raise OddNodeError("its id is not a number")
        if number not in self._memo:
            if number == 0 or self._unbuilt:
                return read(self, state)
            self._memo[number] = (kind, _OPEN)
            token = read(self, state)
            self._memo[number] = (kind, token)
            return token
        known, token = self._memo[number]
        if token is _OPEN:
            raise OddNodeError("it is within the object that it refers to")
        if known != kind:
            raise OddNodeError("an earlier node of another kind has its id")
        if not isinstance(token, Global):
            self.shape.recurring[id(token)] = token
        self._unbuilt += 1
        try:
            read(self, state)
        finally:
            self._unbuilt -= 1
        return token

    def nodes(self, states: Any) -> list[Token]:
        """Walk a list of nodes."""
        if type(states) is not list:
            raise OddNodeError("its content is not a list")
        return [self.node(state) for state in states]

    # -- globals and objects -----------------------------------------------------------------

    def global_(self, module: str, name: str, use: Use) -> Global:
        """The token of a name that skops will import, used in one more way."""
        token = self._globals.get((module, name)) or self._name(module, name, name)
        token.uses.add(use)
        return token

    def attribute(self, owner: Global, name: str) -> None:
        """Record that an attribute is reached through a global."""
        path = f"{owner.name}.{name}"
        token = self._globals.get((owner.module, path)) or self._name(owner.module, path, name)
        token.uses.add(Use.REFERENCE)

    def _name(self, module: str, path: str, name: str) -> Global:
        if max(len(module), len(path)) > self.limits.name:
            raise OverLimitError("A name is too long.", "name")
        self._work.names.add((module, path))
        if len(self._work.names) > self.limits.globals:
            raise OverLimitError("It names too many classes and functions.", "globals")
        raw = (module, path) if path == name else None
        token = self._globals[module, path] = Global(module, path, raw, self._position(name))
        return token

    def _position(self, name: str) -> int:
        # Parsed JSON has no offsets; where the name first stands in quotes is close enough.
        if self._searches <= 0:
            return 0
        start, stop = self._schema.offset, self._schema.offset + self._schema.size
        found: int = self.source.find(f'"{name}"'.encode("utf-8", "replace"), start, stop)
        self._searches -= (stop if found < 0 else found) - start
        return max(0, found - start)

    def built(
        self,
        target: Global,
        use: Use,
        args: tuple[Token, ...] = (),
        *,
        kwargs: Token = None,
        state: Token = None,
    ) -> ObjectToken:
        """A new object made from ``target``."""
        target.uses.add(use)
        built = ObjectToken(target, use, args, target.offset)
        built.kwargs = kwargs
        if state is not None:
            built.states = (state,)
        if use is Use.CALL:
            depth = self._taken.take_whole(args)
            if state is not None:
                target.uses.add(Use.BUILD)
                depth = max(depth, self._taken.take_whole(state))
            self.shape.nest(built, depth)
        self.program.built.append(built)
        return built

    # -- members -----------------------------------------------------------------------------

    def content(self, name: str) -> memoryview:
        """The bytes of a member."""
        member = self.members[name]
        return self.data[member.offset : member.offset + member.size]

    def take(self, state: dict[str, Any]) -> tuple[int, memoryview]:
        """The member that a node's ``file`` names: its first byte and its bytes.

        Each member is taken once, as skops writes one for each object; otherwise a small file
        could have a large member read time and again.
        """
        name = text(state, "file")
        if name not in self.members or name == "schema.json":
            raise OddNodeError("it names a member that does not exist")
        if name in self.read and not self._unbuilt:
            raise OddNodeError("another node has already read its member")
        self.read.add(name)
        return self.members[name].offset, self.content(name)

    def once(self, state: dict[str, Any], read: Callable[[], Any]) -> Any:
        """What the member of a node holds, which is found out once however many nodes name it."""
        name = state["file"]
        if name not in self._readings:
            try:
                self._readings[name] = read()
            except OddNodeError as problem:
                self._readings[name] = problem
        reading = self._readings[name]
        if isinstance(reading, OddNodeError):
            raise reading
        return reading

    def array(self, span: ArraySpan) -> Array:
        """The token of an array whose bytes lie in the archive."""
        self.program.arrays.append(span)
        return Array(span, self.data)

    # -- the end -----------------------------------------------------------------------------

    def note(self, rule: str, message: str) -> None:
        """Add a finding."""
        if len(self.program.findings) < self.limits.findings:
            self.program.findings.append(Finding(rule, message, "schema.json"))

    def finish(self) -> Program:
        """Complete the program with its globals, and with what hashes keys."""
        self.program.hashing = list(self.shape.hashing.values())
        for token in self._globals.values():
            uses = frozenset(token.uses)
            self.program.globals.append(
                GlobalUse(token.module, token.name, token.raw, uses, token.offset)
            )
        return self.program


Loader = Callable[[Walk, dict[str, Any]], Token]


def text(state: dict[str, Any], key: str) -> str:
    """A string that a node must have."""
    value = state.get(key)
    if type(value) is not str or not value:
        raise OddNodeError(f"its {key} is not a string")
    return value


def part(state: Any, key: str) -> Any:
    """Whatever a node must have under a key."""
    if type(state) is not dict or key not in state:
        raise OddNodeError(f"it lacks its {key}")
    return state[key]


def names(state: dict[str, Any]) -> tuple[str, str]:
    """Module and class of a node, as skops passes them to ``import_module`` and ``getattr``."""
    module, name = state.get("__module__"), state.get("__class__")
    if type(module) is not str or type(name) is not str or not module or not name:
        module, name = text(state, "__module__"), text(state, "__class__")
    if "." in name:
        raise OddNodeError("its class has a dot, so that no attribute can have that name")
    return module, name


def require(state: dict[str, Any], module: str, name: str) -> None:
    """Refuse a node of another class than its kind always has."""
    if names(state) != (module, name):
        raise OddNodeError(f"it claims a different class from {module}.{name}")


def is_builtin(state: dict[str, Any], name: str) -> bool:
    """Whether a node is exactly of this built-in type."""
    return names(state) == ("builtins", name)
