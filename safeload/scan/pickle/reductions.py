"""REDUCE: a call, and the few calls that only stand for something simpler.

Old protocols have no opcodes for bytes, new objects or attributes of classes, so writers spell
them as calls. Those are recorded as the calls they are, and what they return is the token of what
they make; everything that follows is then judged alike in every protocol.

Trust: nothing is called; a call that has not exactly the writer's form stays an ordinary call.
Source: CPython ``copyreg.py`` and ``save_bytes``, ``save_global`` of ``pickle.py``.
"""

from __future__ import annotations

from safeload.scan.pickle.machine import Machine
from safeload.scan.pickle.python2 import scalar_arguments
from safeload.scan.pickle.reduction_aliases import RECONSTRUCT, RESPELLED, respelled
from safeload.scan.program import Blob, Global, Mapping, ObjectToken, Token, Use

__all__ = ["reduce"]


def reduce(m: Machine, target: Token, args: Token) -> Token:
    """What calling ``target`` with ``args`` leaves on the stack.

    Args:
        m: The machine; the call is recorded in its program.
        target: The callable's token.
        args: Token of the arguments, a tuple in anything a writer emits.

    Returns:
        The token of the result.
    """
    if type(target) is ObjectToken:
        caller = _method_caller(m, target, args)
        if caller is not None:
            return caller
    m.use_up(target, Use.CALL)
    given = scalar_arguments(target, args) if type(target) is Global else args
    call = m.build(target, Use.CALL, given)
    m.shape.nest(call, m.taken.take_whole(args))
    if type(target) is not Global or type(args) is not tuple or _is_ordinary(target):
        return call
    key = (target.module, target.name)
    if key in _HASHING:
        m.shape.hash_keys(call, args)
    if target.module == "copyreg" and args and isinstance(args[0], Global):
        return _instance(m, target.name, args[0], args) or call
    if key == _CALLING and len(args) == 4 and isinstance(args[0], Global):
        # It calls what it is given with the arguments it is given.
        m.use_up(args[0], Use.CALL, holder=args)
        m.build(args[0], Use.CALL, args[2])
        return call
    if key == ("functools", "partial"):
        m.search_within(args)
        return call
    if _makes_instance_of_first(*key) and args and isinstance(args[0], Global):
        m.use_up(args[0], Use.CONSTRUCT, holder=args)
        return call
    if key == ("numpy.ma.core", "_mareconstruct"):
        for part in args[:2]:
            m.use_up(part, Use.CONSTRUCT, holder=args)
        return call
    if key == ("builtins", "getattr") and len(args) == 2 and type(args[1]) is str:
        return _attribute(m, call, args[0], args[1])
    return _bytes(m, key, args) or respelled(m, key, args) or call


def _instance(m: Machine, name: str, cls: Global, args: tuple[Token, ...]) -> ObjectToken | None:
    """An instance, as the functions of ``copyreg`` make it."""
    if name == "_reconstructor" and len(args) == 3:
        m.use_up(cls, Use.CONSTRUCT, holder=args)
        # The fields of a named tuple are what it is made from in later protocols.
        made = m.build(cls, Use.CONSTRUCT, args[2] if type(args[2]) is tuple else ())
        if isinstance(args[2], list | Mapping):
            # An instance of a subclass of dict or list begins with these items.
            made.items = tuple(args[2].pairs if isinstance(args[2], Mapping) else args[2])
            cls.uses.add(Use.FILL)
        return made
    if name == "__newobj__":
        m.use_up(cls, Use.CONSTRUCT, holder=args)
        return m.build(cls, Use.CONSTRUCT, args[1:])
    if name == "__newobj_ex__" and len(args) == 3:
        m.use_up(cls, Use.CONSTRUCT, holder=args)
        return m.build(cls, Use.CONSTRUCT, args[1], args[2])
    return None


# Calls that hash what they are given, item by item.
_HASHING = frozenset(
    [
        ("builtins", "frozenset"),
        ("builtins", "set"),
        ("cloudpickle.cloudpickle", "_make_dict_keys"),
        ("collections", "Counter"),
        ("collections", "OrderedDict"),
    ]
)


def _method_caller(m: Machine, target: ObjectToken, args: Token) -> ObjectToken | None:
    """``partial(methodcaller, name, key=value)(...)``: ``methodcaller(name, ..., key=value)``.

    ``operator.methodcaller`` writes itself so where some arguments have keys.
    """
    if not target.is_of("functools", "partial"):
        return None
    if len(target.states) != 1 or type(target.args) is not tuple or type(args) is not tuple:
        return None
    state = target.states[0]
    if type(state) is not tuple or len(state) != 4 or len(target.args) != 1:
        return None
    function, names, keywords, _ = state
    if not isinstance(function, Global) or (function.module, function.name) != _CALLER:
        return None
    if function is not target.args[0] or type(names) is not tuple or len(names) != 1:
        return None
    for holder in (target.args, state):
        m.use_up(function, Use.CALL, holder=holder)
    call = m.build(function, Use.CALL, names + args, keywords)
    for part in (args, names, keywords):
        m.shape.nest(call, m.taken.take_whole(part))
    return call


_CALLER = ("operator", "methodcaller")
_CALLING = ("torch._tensor", "_rebuild_from_type_v2")


def _is_ordinary(target: Global) -> bool:
    """Whether a call of a global stands for nothing else."""
    return target.module not in _SPECIAL and not _makes_instance_of_first(
        target.module, target.name
    )


# Where everything is that is looked for below, so that other calls need not be compared with it.
_SPECIAL = frozenset(
    ["_codecs", "builtins", "copyreg", "functools", "numpy.ma.core", _CALLING[0], *RESPELLED]
) | {module for module, _ in _HASHING}


def _makes_instance_of_first(module: str, name: str) -> bool:
    return name.startswith("__pyx_unpickle_") or (module, name) in RECONSTRUCT


def _attribute(m: Machine, call: ObjectToken, owner: Token, name: str) -> Token:
    """``getattr``: of a class it is a dotted global; of an instance, a method of its class."""
    if isinstance(owner, Global):
        attribute = m.attribute(owner, name)
        attribute.pushed += 1
        # The class does not stay behind: its attribute does, and is judged by its own name.
        m.use_up(owner, None, holder=call.args)
        return attribute
    if (
        isinstance(owner, ObjectToken)
        and owner.use is Use.CONSTRUCT
        and isinstance(owner.callable, Global)
    ):
        m.attribute(owner.callable, name).uses.add(Use.REFERENCE)
    return call


def _bytes(m: Machine, key: tuple[str, str], args: tuple[Token, ...]) -> Blob | None:
    """Bytes, as protocols 0 to 4 spell them."""
    if key == ("_codecs", "encode") and len(args) == 2 and args[1] == "latin1":
        return _encoded(m, "bytes", args[0]) if type(args[0]) is str else None
    if key == ("builtins", "bytes") and args == ():
        return Blob("bytes", m.position, 0, b"", m.data)
    if key == ("builtins", "bytearray"):
        if args == ():
            return Blob("bytearray", m.position, 0, b"", m.data)
        if len(args) == 1 and isinstance(args[0], Blob):
            source = args[0]
            return Blob("bytearray", source.offset, source.size, source.head, source.source)
        if len(args) == 2 and type(args[0]) is str and args[1] == "latin-1":
            return _encoded(m, "bytearray", args[0])
    return None


def _encoded(m: Machine, kind: str, text: str) -> Blob:
    return Blob(kind, m.position, len(text), text[:256].encode("latin-1", "replace"), text)
