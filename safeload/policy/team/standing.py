"""Where does a name stand that a policy does not know, and what would have to be its kind there?

Trust: tokens are hostile; what is said of them is a proposal, which a person reads.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from safeload.policy.callables.combinators import is_combinator
from safeload.policy.callables.kinds import KINDS
from safeload.policy.callables.places import Place, Places
from safeload.policy.policy import Policy
from safeload.scan.program import Global, Mapping, ObjectToken, Program, Token

__all__ = ["kinds_of_names"]

_Key = tuple[str, str]
# What a method is taken for that is bound to an object and stands nowhere: a method of a model.
_METHOD = frozenset(["array"])


def kinds_of_names(
    programs: Sequence[Program], policy: Policy, names: Collection[_Key]
) -> dict[_Key, str]:
    """The kind that each name would need, as far as something calls it.

    Args:
        programs: All streams of a file.
        policy: What is known already.
        names: Modules and qualified names that are not.

    Returns:
        Kinds by name; a name that nothing calls is not there.
    """
    standing = _Standing(programs, policy, names)
    for program in programs:
        for _ in standing.misplaced(program):
            pass
    return {
        key: next(kind for kind in _PREFERRED if kind in kinds)
        for key, kinds in standing.kinds.items()
        if kinds
    }


# Where several kinds may stand, a transformer's function is one of whole tables.
_PREFERRED = ("array", *KINDS)


class _Standing(Places):
    """Looks at where the callables of a file stand, and notes the unknown ones.

    Attributes:
        kinds: The kinds that every place allows that a name stands in.
    """

    def __init__(
        self, programs: Sequence[Program], policy: Policy, names: Collection[_Key]
    ) -> None:
        super().__init__(programs, policy)
        self.kinds: dict[_Key, frozenset[str]] = {}
        self._names = names

    def _untyped(self, built: ObjectToken) -> str | None:
        key = _built_on(built)
        if key is None or key not in self._names:
            return super()._untyped(built)
        if not built.is_of("functools", "partial"):
            self.kinds.setdefault(key, _METHOD)
        return None

    def _global(self, token: Global, place: Place) -> str | None:
        key = token.module, token.name
        if key not in self._names:
            return super()._global(token, place)
        self._note(key, place)
        return None

    def _instance(
        self, token: ObjectToken, place: Place, held_by: ObjectToken | None
    ) -> str | None:
        key = _built_on(token) if is_combinator(token) else None
        if key is None or key not in self._names:
            return super()._instance(token, place, held_by)
        self._note(key, place)
        return None

    def _note(self, key: _Key, place: Place) -> None:
        kinds = place.kinds & KINDS.keys()
        self.kinds[key] = self.kinds.get(key, kinds) & kinds


def _built_on(built: ObjectToken) -> _Key | None:
    """The name that a combinator is built on: a function, or a method of a class."""
    args = built.args if type(built.args) is tuple else ()
    target: Token = args[0] if args else None
    if built.is_of("builtins", "getattr") and len(args) == 2:
        cls = target.callable if isinstance(target, ObjectToken) else None
        return (cls.module, f"{cls.name}.{args[1]}") if isinstance(cls, Global) else None
    if not args:
        state = built.states[0] if len(built.states) == 1 else None
        target = state.get("pyfunc") if isinstance(state, Mapping) else None
    return (target.module, target.name) if isinstance(target, Global) else None
