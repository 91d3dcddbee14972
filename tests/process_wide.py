"""What a source changes in the whole process, as far as its syntax says.

That is whatever assigns to an attribute of another module or to what such an attribute holds, and
calls of functions whose effect is the process's: hooks, handlers, filters, the environment.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

__all__ = ["changes"]

# Functions of Python that change the process as a whole, or that put something in the place of its
# streams; by the name they are called by once imports are followed.
_GLOBAL = frozenset(
    """
    _thread.stack_size threading.stack_size threading.setprofile threading.settrace
    atexit.register codecs.register codecs.register_error contextlib.chdir
    contextlib.redirect_stderr contextlib.redirect_stdout copyreg.add_extension copyreg.pickle
    faulthandler.disable faulthandler.enable faulthandler.register
    gc.disable gc.enable gc.freeze gc.set_debug gc.set_threshold gc.unfreeze
    locale.setlocale logging.basicConfig logging.captureWarnings logging.disable
    mimetypes.add_type multiprocessing.set_start_method
    os.chdir os.fchdir os.nice os.putenv os.register_at_fork os.setpgid os.setpgrp os.setsid
    os.umask os.unsetenv os.dup2 random.seed resource.setrlimit resource.prlimit
    signal.alarm signal.pthread_sigmask signal.set_wakeup_fd signal.setitimer signal.siginterrupt
    signal.signal socket.setdefaulttimeout
    sys.addaudithook sys.set_asyncgen_hooks sys.set_int_max_str_digits sys.setprofile
    sys.setrecursionlimit sys.setswitchinterval sys.settrace
    tracemalloc.start tracemalloc.stop
    warnings.catch_warnings warnings.filterwarnings warnings.resetwarnings warnings.simplefilter
    """.split()
)
_MUTATORS = frozenset(
    "append appendleft add clear discard extend insert pop popitem remove setdefault sort update"
    " reverse __setitem__ __delitem__".split()
)


def changes(source: str) -> set[str]:
    """Everything that a module changes in its process.

    Args:
        source: The module's source.

    Returns:
        Dotted names: ``"sys.path"``, ``"signal.signal"``; ``"vars(...)"`` and ``"setattr(...)"``
        where a module is changed that only the running program knows.
    """
    tree = ast.parse(source)
    return set(_Changes(tree).found())


class _Changes:
    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        # What a name that was imported stands for.
        self._names: dict[str, str] = {}
        # Names for the dict of a module, and for what an attribute of one holds.
        self._dicts: dict[str, str] = {}
        self._held: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    self._names[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    self._names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                    if not str(node.module).startswith("safeload"):
                        held = f"{node.module}.{alias.name}"
                        self._held[alias.asname or alias.name] = held
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                self._note([t.id for t in node.targets if isinstance(t, ast.Name)], node.value)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self._note([node.target.id], node.value)

    def _note(self, names: list[str], value: ast.expr | None) -> None:
        if value is None:
            return
        of = self._dict(value)
        held = self._dotted(value) if isinstance(value, ast.Attribute) else None
        if of is not None:
            self._dicts.update(dict.fromkeys(names, of))
        elif held is not None:
            self._held.update(dict.fromkeys(names, held))

    def found(self) -> Iterator[str]:
        """What is changed."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    yield from self._target(target)
            elif isinstance(node, ast.AugAssign | ast.AnnAssign):
                yield from self._target(node.target)
            elif isinstance(node, ast.Delete):
                for target in node.targets:
                    yield from self._target(target)
            elif isinstance(node, ast.With):
                for item in node.items:
                    if item.optional_vars is not None:
                        yield from self._target(item.optional_vars)
            elif isinstance(node, ast.Call):
                yield from self._call(node)

    def _target(self, target: ast.expr) -> Iterator[str]:
        """What an assignment to something changes of another module."""
        if isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                yield from self._target(part)
        elif isinstance(target, ast.Attribute):
            if (name := self._dotted(target)) is not None:
                yield name
        elif isinstance(target, ast.Subscript):
            yield from self._content(target.value)

    def _call(self, call: ast.Call) -> Iterator[str]:
        function = call.func
        name = self._dotted(function)
        if name in _GLOBAL:
            yield name
        elif isinstance(function, ast.Name) and function.id in ("setattr", "delattr"):
            first = ast.unparse(call.args[0])
            if first != "self":
                yield f"{function.id}({self._names.get(first, '...')})"
        elif isinstance(function, ast.Attribute) and function.attr in _MUTATORS:
            yield from self._content(function.value)

    def _content(self, container: ast.expr) -> Iterator[str]:
        """What a change of what is in a container changes of another module."""
        if (holder := self._dict(container)) is not None:
            yield f"vars({holder})"
        elif isinstance(container, ast.Attribute):
            if (name := self._dotted(container)) is not None:
                yield name
        elif isinstance(container, ast.Name):
            if container.id in self._dicts:
                yield f"vars({self._dicts[container.id]})"
            elif container.id in self._held:
                yield self._held[container.id]

    def _dotted(self, node: ast.expr) -> str | None:
        """The full name of something that is reached from an import, or None."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self._names:
            return None
        name = ".".join([self._names[node.id], *reversed(parts)])
        return None if name.startswith("safeload.") else name

    def _dict(self, node: ast.expr) -> str | None:
        """Whose dict this is, if it is that of an object: ``vars(x)`` or ``x.__dict__``."""
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "vars" and node.args:
            holder = node.args[0]
        elif isinstance(node, ast.Attribute) and node.attr == "__dict__":
            holder = node.value
        else:
            return None
        return self._dotted(holder) or ("self" if ast.unparse(holder) == "self" else "...")
