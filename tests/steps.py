"""How many steps a piece of safeload takes, counted and never timed.

:func:`install` has every module of safeload counted that is imported after it: its source is
rewritten so that each call, each turn of a loop and each item that compiled code walks adds to
:data:`COUNT`. A loop within C, such as ``set(items)``, ``items[1:]``, ``key in items`` or
``array.max()``, adds as many steps as there are items in what it is given; what C walks lazily,
such as ``all(map(f, items))``, adds one for each item that it takes. Sixteen bytes or characters
are one step.

Compiled code whose cost does not depend on the size of what it is given stands in a table here; for
all other, every size counts, so that what is unknown is said to cost too much and not too little.

Trust: not applicable; the source that is rewritten is safeload's own.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.abc
import importlib.machinery
import itertools
import operator
import re
import struct
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType, MethodType, ModuleType
from typing import Any

__all__ = ["COUNT", "install"]

_PACKAGE = "safeload"
# Bytes, and bits of a number, that are one step.
_BYTES, _BITS = 16, 1024


class _Count:
    """What was counted.

    Attributes:
        steps: Steps so far.
        watched: The identity of a value, which somebody asks about.
        seen: Whether that value was given to a call, compared, or walked.
    """

    def __init__(self) -> None:
        self.steps = 0
        self.watched = 0
        self.seen = False

    def see(self, *values: Any) -> None:
        """Note that code looks at values."""
        if self.watched and self.watched in map(id, values):
            self.seen = True


COUNT = _Count()

_SIZED: tuple[type, ...] = (
    list,
    tuple,
    dict,
    set,
    frozenset,
    deque,
    type({}.items()),
    type({}.keys()),
    range,
)
_TEXTS = (str, bytes, bytearray)
# Whose result is an iterator: it counts while somebody goes on with it.
_LAZY: frozenset[Any] = frozenset(
    [map, filter, zip, enumerate, reversed, itertools.chain, itertools.chain.from_iterable,
     itertools.islice, itertools.pairwise, itertools.product, itertools.repeat]
)  # fmt: skip
# Functions and classes that cost the same whatever the size of what they are given.
_FLAT: frozenset[Any] = frozenset(
    [bool, callable, delattr, divmod, getattr, hasattr, id, isinstance, issubclass, iter, len,
     memoryview, next, object, range, setattr, slice, super, type, zip]
)  # fmt: skip
# Methods, by name, that look at no more than their arguments, or than the hash of the first.
_OF_ARGUMENTS = frozenset(
    "__init__ add append difference_update discard endswith extend from_buffer get isdisjoint "
    "issuperset pop popleft read setdefault startswith unpack_from update".split()
)
# Of these, those that take a key, a prefix or an item, however large it is.
_OF_NOTHING = frozenset(
    "append bit_length cast copy_context endswith fileno items keys popleft reset reshape set "
    "startswith toreadonly transpose unpack_from values view ravel newbyteorder".split()
)


def _size(value: Any) -> int:
    """Steps that it takes to walk a value, one level deep."""
    if isinstance(value, _SIZED):
        sized: Any = value
        return len(sized)
    if isinstance(value, _TEXTS):
        return len(value) // _BYTES
    if isinstance(value, int):
        return value.bit_length() // _BITS
    nbytes = getattr(value, "nbytes", 0) if not isinstance(value, type) else 0
    return nbytes // _BYTES if isinstance(nbytes, int) else 0


def _lazily(iterator: Iterator[Any]) -> Iterator[Any]:
    for item in iterator:
        COUNT.steps += 1
        yield item


def _is_counted(function: Any) -> bool:
    """Whether what a callable does is counted where it is written."""
    if isinstance(function, MethodType):
        function = function.__func__
    if isinstance(function, FunctionType):
        return function.__module__.partition(".")[0] == _PACKAGE
    if isinstance(function, type):
        own = function.__module__.partition(".")[0] == _PACKAGE
        return own and not issubclass(function, _SIZED)
    return hasattr(function, "cache_info") or (
        type(function).__module__.partition(".")[0] == _PACKAGE
    )


def _call(function: Any, /, *args: Any, **keywords: Any) -> Any:
    COUNT.steps += 1
    if COUNT.watched:
        COUNT.see(*args, *keywords.values(), getattr(function, "__self__", None))
    if _is_counted(function) or function in _FLAT:
        return function(*args, **keywords)
    if function in _LAZY:
        return _lazily(iter(function(*args, **keywords)))
    COUNT.steps += _weight(function, args) + sum(map(_size, keywords.values()))
    return function(*args, **keywords)


def _weight(function: Any, args: tuple[Any, ...]) -> int:
    """Steps of a call of compiled code, or of another library's."""
    name = getattr(function, "__name__", "")
    holder = getattr(function, "__self__", None)
    if isinstance(holder, ModuleType) or holder is None:
        if function is struct.unpack_from:
            return 0
        return sum(map(_size, args))
    if isinstance(holder, re.Pattern):
        return _of_pattern(holder, name, args)
    if name in _OF_NOTHING:
        return 0
    if name in ("add", "get", "pop", "setdefault", "discard"):
        return _size(args[0]) if args and isinstance(args[0], tuple) else 0
    own = 0 if name in _OF_ARGUMENTS else _size(holder)
    return own + sum(map(_size, args))


def _of_pattern(pattern: re.Pattern[Any], name: str, args: Sequence[Any]) -> int:
    """A pattern from a place on looks no further than its longest match reaches."""
    length = len(args[-1] if name == "sub" else args[0])
    if name in ("fullmatch", "match"):
        longest = _parser.parse(pattern.pattern, pattern.flags).getwidth()[1]
        length = min(length, int(longest))
    return length // _BYTES


_parser: Any = importlib.import_module("re._parser")


def _turn() -> bool:
    COUNT.steps += 1
    return True


def _walk(value: Any) -> Any:
    COUNT.see(value)
    return value


def _spread(value: Any) -> Any:
    COUNT.see(value)
    COUNT.steps += _size(value)
    return value


def _item(value: Any, index: Any) -> Any:
    COUNT.see(value, index)
    found = value[index]
    if isinstance(index, slice):
        if isinstance(found, (list, tuple, *_TEXTS)):
            COUNT.steps += _size(found)
    elif not isinstance(index, int | str):
        COUNT.steps += _size(index)
    return found


def _compare(compared: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    COUNT.see(left, right)
    if compared is _within or compared is _without:
        if not isinstance(right, dict | set | frozenset | range):
            COUNT.steps += _size(right)
        elif isinstance(left, tuple):
            COUNT.steps += _size(left)
    elif isinstance(left, type(right)) or hasattr(left, "nbytes") or hasattr(right, "nbytes"):
        sizes = sorted((_size(left), _size(right)))
        # Unequal lengths are told apart at once; an array is compared with each number.
        COUNT.steps += sizes[0] if sizes[0] == sizes[1] else 0
        COUNT.steps += sizes[1] if hasattr(left, "nbytes") or hasattr(right, "nbytes") else 0
    return compared(left, right)


def _within(item: Any, container: Any) -> bool:
    return item in container


def _without(item: Any, container: Any) -> bool:
    return item not in container


def _operate(operated: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    COUNT.see(left, right)
    COUNT.steps += _size(left) + _size(right)
    return operated(left, right)


_COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.In: _within, ast.NotIn: _without,
}  # fmt: skip
_OPERATED: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Mod: operator.mod,
    ast.Pow: operator.pow, ast.FloorDiv: operator.floordiv, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.LShift: operator.lshift,
    ast.RShift: operator.rshift, ast.Div: operator.truediv, ast.MatMult: operator.matmul,
}  # fmt: skip


def _named(prefix: str, kind: type[ast.AST]) -> str:
    return f"_steps_{prefix}_{kind.__name__}"


_NAMES: dict[str, Any] = {
    "_steps_call": _call,
    "_steps_item": _item,
    "_steps_spread": _spread,
    "_steps_turn": _turn,
    "_steps_walk": _walk,
    "_steps_compare": _compare,
    "_steps_operate": _operate,
    **{_named("of", kind): function for kind, function in _COMPARED.items()},
    **{_named("of", kind): function for kind, function in _OPERATED.items()},
}


def _to(name: str, *args: ast.expr, keywords: Sequence[ast.keyword] = ()) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), [*args], [*keywords])


class _Rewriter(ast.NodeTransformer):
    """Puts the functions above in the place of what they count. Annotations stay as they are."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = [self.visit(part) for part in node.body]
        node.decorator_list = [self.visit(part) for part in node.decorator_list]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.value = self.visit(node.value) if node.value is not None else None
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        node.value = _to("_steps_spread", self.visit(node.value))
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = _to("_steps_walk", node.iter)
        node.body.insert(0, ast.Expr(_to("_steps_turn")))
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, ast.Expr(_to("_steps_turn")))
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = _to("_steps_walk", node.iter)
        node.ifs.insert(0, _to("_steps_turn"))
        return node

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            node.value = _to("_steps_spread", node.value)
        return node

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.AST:
        self.generic_visit(node)
        node.value = _to("_steps_spread", node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return node
        self.generic_visit(node)
        return _to("_steps_call", node.func, *node.args, keywords=node.keywords)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        index = node.slice
        if isinstance(index, ast.Slice):
            bounds = [part or ast.Constant(None) for part in (index.lower, index.upper, index.step)]
            index = ast.Call(ast.Name("slice", ast.Load()), bounds, [])
        elif isinstance(index, ast.Tuple) and any(
            isinstance(part, ast.Slice) for part in index.elts
        ):
            return node
        return _to("_steps_item", node.value, index)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) > 1 or type(node.ops[0]) not in _COMPARED:
            return node
        function = ast.Name(_named("of", type(node.ops[0])), ast.Load())
        return _to("_steps_compare", function, node.left, node.comparators[0])

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        function = ast.Name(_named("of", type(node.op)), ast.Load())
        return _to("_steps_operate", function, node.left, node.right)


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles the rewritten source; what was compiled before is not used."""

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        tree = _Rewriter().visit(ast.parse(self.get_data(path), path))
        return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of safeload before anybody else does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] != _PACKAGE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


def install() -> None:
    """Count what is imported of safeload from here on.

    Raises:
        RuntimeError: Some of it is there already.
    """
    if any(name.partition(".")[0] == _PACKAGE for name in sys.modules):
        raise RuntimeError("safeload is imported already")
    vars(builtins).update(_NAMES)
    sys.meta_path.insert(0, _Finder())
