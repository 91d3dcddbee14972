"""What does a function do with what it is given? Its statements and expressions, one by one.

The order of statements does not matter: a name may be whatever is assigned to it anywhere in the
function, and what is called under a condition is called. Functions within a function share its
names.

Trust: the sources are those of the installed libraries.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable
from functools import cached_property
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from flows import ITEM, Argument, Known, Summary, Value, spread

if TYPE_CHECKING:
    from called_attributes import Analyser

__all__ = ["Body", "plain_function"]

# They give back what they are given, or something that holds it.
_PASSING = frozenset(
    "asarray array atleast_1d cast chain clone copy deepcopy delayed frozenset iter list nditer "
    "partial reversed set sorted tuple vars".split()
)
_ZIPPING = frozenset(["product", "zip"])
_MAPPING = frozenset(["Bunch", "OrderedDict", "dict"])
# They call the first that they are given.
_CALLING_FIRST = frozenset(["LowLevelCallable", "filter", "frompyfunc", "iter", "map", "reduce"])
_WITH_KEY = frozenset(["max", "min", "sort", "sorted"])
# Methods that call what they are given.
_CALLING = frozenset(
    "agg aggregate apply apply_along_axis apply_over_axes applymap fromfunction groupby map pipe "
    "piecewise starmap sub submit transform vectorize".split()
)
# Methods of containers, by what of it they give.
_WHOLE = frozenset(["copy", "ravel", "tolist", "union"])
_ONE = frozenset(["get", "pop", "setdefault"])
_GROWING = frozenset(["add", "append", "insert"])
_JOINING = frozenset(["extend", "update"])
# How often a body is gone through until nothing new is found.
_ROUNDS = 4
# How many decorators a function may have.
_WRAPPED = 10
# Tables of functions in modules are short.
_TABLE = 200


def plain_function(value: Any) -> FunctionType | None:
    """The function behind a descriptor or decorator, or None."""
    for _ in range(_WRAPPED):
        if isinstance(value, FunctionType) and "__wrapped__" not in vars(value):
            return value
        if isinstance(value, type):
            return None
        names = ("__wrapped__", "__func__", "fget", "func", "fn")
        inner = (inspect.getattr_static(value, name, None) for name in names)
        name = next((name for name, one in zip(names, inner, strict=True) if one is not None), None)
        if name is None:
            return None
        value = getattr(value, name)
    return None


class Body:
    """One function, as a method of a class or on its own.

    Args:
        analyser: Knows the other functions.
        function: The function.
        node: Its node in the tree of its module.
        cls: The class of the object that it is called on, or None.
        owner: The class that defines it, or None.
    """

    def __init__(
        self,
        analyser: Analyser,
        function: FunctionType,
        node: ast.FunctionDef | ast.AsyncFunctionDef,
        cls: type | None,
        owner: type | None,
    ) -> None:
        self._analyser, self._function, self._node = analyser, function, node
        self._cls, self._owner = cls, owner
        code = function.__code__
        parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        self._first = parameters[0] if cls is not None and parameters else None
        self._self = Value({(self._first, ())}) if self._first else Value()
        self._names = {name: Value({(name, ())}) for name in parameters}
        for kind, argument in (("*", node.args.vararg), ("**", node.args.kwarg)):
            if argument is not None:
                self._names[argument.arg] = Value({(kind, ())})
        self._local: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        # The functions within this one that are being gone through, outermost first.
        self._within: list[str] = []
        self._news = False
        self._found = Summary()

    def run(self) -> Summary:
        """Go through the body."""
        for _ in range(_ROUNDS):
            self._news = False
            self._statements(self._node.body)
            if not self._news:
                break
        return self._found

    # -- statements --------------------------------------------------------------------------------

    def _statements(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self._statement(node)

    def _statement(self, node: ast.AST) -> None:
        if isinstance(node, ast.expr):
            self._value(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._function_within(node)
        elif isinstance(node, ast.Return):
            if node.value is not None:
                self._give_back(self._value(node.value))
        elif isinstance(node, ast.Assign):
            value = self._value(node.value)
            for target in node.targets:
                self._assign(target, value, node.value)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            if node.value is not None:
                self._assign(node.target, self._value(node.value), node.value)
        else:
            if isinstance(node, ast.For | ast.AsyncFor):
                self._assign(node.target, self._value(node.iter).step(ITEM))
            elif isinstance(node, ast.withitem) and node.optional_vars is not None:
                self._assign(node.optional_vars, self._value(node.context_expr))
            self._statements(ast.iter_child_nodes(node))

    def _function_within(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._local[node.name] = node
        for parameter in _parameters(node.args):
            self._names.setdefault(parameter, Value())
        defaults = [*node.args.defaults, *node.args.kw_defaults, *node.decorator_list]
        self._statements(default for default in defaults if default is not None)
        self._within.append(node.name)
        self._statements(node.body)
        self._within.pop()

    def _give_back(self, value: Value) -> None:
        if self._within:
            self._name_is(_result_of(self._within[-1]), value)
        else:
            self._news |= self._found.returns.join(value)

    def _name_is(self, name: str, value: Value) -> None:
        self._news |= name not in self._names
        self._news |= self._names.setdefault(name, Value()).join(value)

    def _assign(self, target: ast.AST, value: Value, source: ast.AST | None = None) -> None:
        if isinstance(target, ast.Name):
            self._name_is(target.id, value)
        elif isinstance(target, ast.Starred):
            self._assign(target.value, value)
        elif isinstance(target, ast.Tuple | ast.List):
            spelt_out = isinstance(source, ast.Tuple | ast.List)
            if spelt_out and len(source.elts) == len(target.elts):
                for one, part in zip(target.elts, source.elts, strict=True):
                    self._assign(one, self._value(part), part)
            else:
                for place, one in enumerate(target.elts):
                    key = f"[{place}]"
                    self._assign(one, value.step(key if key in value.parts else ITEM))
        elif isinstance(target, ast.Attribute):
            if self._is_self(self._value(target.value)):
                self._store(target.attr, value)
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            self._name_is(target.value.id, Value(parts={_key(target.slice): value}))

    def _is_self(self, value: Value) -> bool:
        return self._first is not None and (self._first, ()) in value.origins

    def _store(self, name: str, value: Value) -> None:
        self._news |= self._found.stores.setdefault(name, Value()).join(value)

    # -- expressions -------------------------------------------------------------------------------

    def _value(self, node: ast.AST) -> Value:
        handler = self._handlers.get(type(node))
        if handler is not None:
            return handler(node)
        values = [
            self._value(child)
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.expr)
        ]
        return Value.of(*values) if isinstance(node, ast.BinOp | ast.BoolOp) else Value()

    @cached_property
    def _handlers(self) -> dict[type, Callable[[Any], Value]]:
        return {
            ast.Name: lambda node: self._named(node.id),
            ast.Attribute: lambda node: self._attribute(self._value(node.value), node.attr),
            ast.Call: self._call,
            ast.Subscript: self._subscript,
            ast.Starred: lambda node: self._value(node.value),
            ast.IfExp: self._either,
            ast.NamedExpr: self._named_expression,
            ast.Dict: self._dict,
            ast.Tuple: self._sequence,
            ast.List: self._sequence,
            ast.Set: self._sequence,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._comprehension,
            ast.Lambda: self._lambda,
            ast.Yield: self._yield,
            ast.YieldFrom: self._yield,
            ast.Await: lambda node: self._value(node.value),
        }

    def _named(self, name: str) -> Value:
        if name in self._names:
            return self._names[name]
        if name in self._local:
            return Value(functions={Known("local", name=name)})
        for place in (self._of_closure, self._function.__globals__):
            if name in place:
                return _constant(place[name])
        return Value()

    @cached_property
    def _of_closure(self) -> dict[str, Any]:
        try:
            return dict(inspect.getclosurevars(self._function).nonlocals)
        except (TypeError, ValueError):
            return {}

    def _attribute(self, base: Value, name: str) -> Value:
        found = base.step("." + name)
        if self._is_self(base) and self._cls is not None:
            owner = _owner(self._cls.__mro__, name)
            value = None if owner is None else vars(owner)[name]
            if isinstance(value, property | cached_property):
                function = plain_function(value)
                if function is not None:
                    found.join(self._run(function, [Argument(None, self._self)], self._cls, owner))
            elif callable(value) or hasattr(value, "__get__"):
                found.functions.add(Known("method", owner, name))
        for known in base.functions:
            if known.kind == "super" and self._cls is not None:
                mro = self._cls.__mro__
                owner = _owner(mro[mro.index(known.thing) + 1 :], name)
                if owner is not None:
                    found.functions.add(Known("method", owner, name))
            elif known.kind == "global" and isinstance(known.thing, ModuleType | type):
                found.join(_constant(getattr(known.thing, name, None)))
        return found

    def _subscript(self, node: ast.Subscript) -> Value:
        base = self._value(node.value)
        self._value(node.slice)
        key = _key(node.slice)
        return base.step(key if key in base.parts else ITEM)

    def _either(self, node: ast.IfExp) -> Value:
        self._value(node.test)
        return Value.of(self._value(node.body), self._value(node.orelse))

    def _named_expression(self, node: ast.NamedExpr) -> Value:
        value = self._value(node.value)
        self._assign(node.target, value, node.value)
        return value

    def _dict(self, node: ast.Dict) -> Value:
        found = Value()
        for key, item in zip(node.keys, node.values, strict=True):
            value = self._value(item)
            if key is None:
                found.join(value)
            else:
                self._value(key)
                found.join(Value(parts={_key(key): value}))
        return found

    def _sequence(self, node: ast.Tuple | ast.List | ast.Set) -> Value:
        found = Value()
        for place, item in enumerate(node.elts):
            value = self._value(item)
            found.join(
                value if isinstance(item, ast.Starred) else Value(parts={f"[{place}]": value})
            )
        return found

    def _comprehension(self, node: Any) -> Value:
        for generator in node.generators:
            self._assign(generator.target, self._value(generator.iter).step(ITEM))
            self._statements(generator.ifs)
        if isinstance(node, ast.DictComp):
            self._value(node.key)
            return Value.items(self._value(node.value))
        return Value.items(self._value(node.elt))

    def _lambda(self, node: ast.Lambda) -> Value:
        for parameter in _parameters(node.args):
            self._names.setdefault(parameter, Value())
        self._value(node.body)
        return Value()

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> Value:
        if node.value is not None:
            value = self._value(node.value)
            self._give_back(Value.items(value) if isinstance(node, ast.Yield) else value)
        return Value()

    # -- calls -------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> Value:
        arguments = [
            Argument("*" if isinstance(one, ast.Starred) else None, self._value(one))
            for one in node.args
        ]
        arguments += [Argument(one.arg or "**", self._value(one.value)) for one in node.keywords]
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
        if isinstance(node.func, ast.Name) and self._owner is not None and name == "super":
            return Value(functions={Known("super", self._owner)})
        if isinstance(node.func, ast.Name) and name in ("getattr", "setattr") and node.args[1:]:
            return self._by_name(node, arguments)
        target = self._value(node.func)
        for origin in target.origins:
            self._mark(origin)
        found = Value()
        if isinstance(node.func, ast.Attribute):
            found.join(self._of_container(node, name, arguments))
        found.join(self._passed_on(name, arguments))
        self._callers(node, name, arguments)
        if name != "delayed":
            found.join(self._functions(target, arguments))
        return found

    def _mark(self, origin: tuple[str, tuple[str, ...]]) -> None:
        if origin not in self._found.called:
            self._found.called.add(origin)
            self._news = True

    def _by_name(self, node: ast.Call, arguments: list[Argument]) -> Value:
        """``getattr`` and ``setattr``."""
        base, key = arguments[0].value, node.args[1]
        constant = isinstance(key, ast.Constant) and isinstance(key.value, str)
        is_get = getattr(node.func, "id", "") == "getattr"
        if not is_get:
            if constant and self._is_self(base) and arguments[2:]:
                self._store(key.value, arguments[2].value)
            return Value()
        found = self._attribute(base, key.value) if constant else base.step(".*")
        return Value.of(found, *(argument.value for argument in arguments[2:]))

    def _of_container(self, node: ast.Call, name: str, arguments: list[Argument]) -> Value:
        """What methods of dicts, lists and arrays give and take."""
        base = self._value(node.func.value)
        if name in _GROWING | _JOINING and isinstance(node.func.value, ast.Name):
            for argument in arguments:
                joined = name in _JOINING and argument.key is None
                value = argument.value if joined else Value.items(argument.value)
                self._name_is(node.func.value.id, value)
        if name in _WHOLE:
            return base
        if name == "values":
            return Value.items(base.step(ITEM))
        if name == "items":
            return Value.items(Value(parts={"[1]": base.step(ITEM)}))
        if name in _ONE and arguments:
            key = _key(node.args[0]) if node.args else ITEM
            item = base.step(key if key in base.parts else ITEM)
            return Value.of(item, *(argument.value for argument in arguments[1:]))
        return Value()

    def _passed_on(self, name: str, arguments: list[Argument]) -> Value:
        """What functions give that pass on what they are given."""
        found = Value()
        for argument in arguments:
            value = argument.value
            if name in _ZIPPING:
                found.join(Value.items(Value.items(value.step(ITEM))))
            elif name == "enumerate":
                found.join(Value.items(Value(parts={"[1]": value.step(ITEM)})))
            elif name == "next":
                found.join(value.step(ITEM))
            elif name in _MAPPING and argument.key not in (None, "*", "**"):
                found.join(Value(parts={f"[{argument.key}]": value}))
            elif name in _PASSING or name in _MAPPING:
                found.join(value)
        return found

    def _callers(self, node: ast.Call, name: str, arguments: list[Argument]) -> None:
        """What is called by functions that call what they are given."""
        if name in _CALLING_FIRST and arguments:
            self._called(arguments[0].value, arguments[1:])
        if name == "partial" and arguments:
            self._functions(arguments[0].value, arguments[1:])
        for argument in arguments:
            if (name in _WITH_KEY and argument.key == "key") or (
                name in _CALLING and isinstance(node.func, ast.Attribute)
            ):
                self._called(argument.value, [])

    def _called(self, target: Value, arguments: list[Argument]) -> None:
        for origin in target.origins:
            self._mark(origin)
        self._functions(target, arguments)

    def _functions(self, target: Value, arguments: list[Argument]) -> Value:
        """What known functions do with what they are given, and give back."""
        found = Value()
        for known in list(target.functions):
            if known.kind == "local":
                found.join(self._local_call(known.name, arguments))
            elif known.kind == "method":
                value = vars(known.thing)[known.name]
                function = plain_function(value)
                if function is not None:
                    bound = [] if isinstance(value, staticmethod) else [Argument(None, self._self)]
                    found.join(self._run(function, [*bound, *arguments], self._cls, known.thing))
            elif known.kind == "global" and any(argument.value for argument in arguments):
                found.join(self._global_call(known.thing, arguments))
        return found

    def _local_call(self, name: str, arguments: list[Argument]) -> Value:
        node = self._local[name].args
        positional = tuple(one.arg for one in [*node.posonlyargs, *node.args])
        for parameter, value in spread(positional, _parameters(node), arguments).items():
            self._name_is(parameter, value)
        return self._names.get(_result_of(name), Value())

    def _global_call(self, thing: Any, arguments: list[Argument]) -> Value:
        if not self._analyser.looks_into(thing, self._function.__module__):
            for value in self._analyser.called_by_name(thing, arguments):
                self._called(value, [])
            return Value()
        if isinstance(thing, type):
            self._construct(thing, arguments)
            return Value()
        function, bound = plain_function(thing), getattr(thing, "__self__", None)
        if function is None:
            return Value()
        if isinstance(bound, type):
            return self._run(function, [Argument(None, Value()), *arguments], bound, bound)
        return self._run(function, arguments, None, None)

    def _run(
        self,
        function: FunctionType,
        arguments: list[Argument],
        cls: type | None,
        owner: Any,
    ) -> Value:
        """What a function with a source does and gives back."""
        if not self._analyser.looks_into(function, self._function.__module__):
            return Value()
        summary = self._analyser.summary(function, cls, owner)
        given = self._analyser.given(function, arguments)
        for origin in summary.called_of(given):
            self._mark(origin)
        if any(self._is_self(value) for value in given.values()):
            for name, value in summary.stored(given):
                self._store(name, value)
        return summary.returned(given)

    def _construct(self, cls: type, arguments: list[Argument]) -> None:
        """What a class does with the arguments of its constructor, at once and later."""
        owner = _owner(cls.__mro__, "__init__")
        function = plain_function(vars(owner)["__init__"]) if owner is not None else None
        if function is None:
            return
        summary = self._analyser.summary(function, cls, owner)
        given = self._analyser.given(function, [Argument(None, Value()), *arguments])
        for origin in summary.called_of(given):
            self._mark(origin)
        methods = self._analyser.called_by(cls)
        for name, value in summary.stored(given):
            steps = {path[1:] for _, path in methods if path[0] == f".{name}"}
            later = Summary({("value", path) for path in steps})
            for origin in later.called_of({"value": value}):
                self._mark(origin)


def _owner(mro: Iterable[type], name: str) -> type | None:
    return next((base for base in mro if name in vars(base)), None)


def _parameters(arguments: ast.arguments) -> tuple[str, ...]:
    listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return tuple(one.arg for one in listed)


def _key(node: ast.AST) -> str:
    return f"[{node.value}]" if isinstance(node, ast.Constant) else ITEM


def _result_of(function: str) -> str:
    """The name, which no source can have, under which a local function's result is kept."""
    return f"return {function}"


def _constant(value: Any) -> Value:
    """What a global name stands for."""
    if callable(value) or isinstance(value, ModuleType):
        return Value(functions={Known("global", value)})
    if isinstance(value, dict) and len(value) < _TABLE:
        return Value.items(*(_constant(item) for item in value.values() if callable(item)))
    return Value()
