"""What a dict, a set or an object like them hashes: values only, by the allow-list.

:mod:`safeload.soundness.keys` knows the values of Python, numpy and pandas. Named tuples and the
members of enumerations are known by the rule of their entry.

Trust: the tokens are hostile, the policy is ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from safeload.policy.policy import Policy
from safeload.scan.bounds.collisions import keys_of
from safeload.scan.program import Global, ObjectToken, Token, Use
from safeload.soundness.keys import is_key, value_parts

__all__ = ["KeyInspector"]

# Rules of what is made from a number or a text, and hashed as that is.
_RULES_OF_VALUES = frozenset(["integers", "one_integer", "plain_arguments", "scalars"])
_OF_NAMED_TUPLES = "namedtuple"


class KeyInspector:
    """Judges the keys of one stream.

    Args:
        policy: The allow-list.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        # Tuples and frozensets all of whose items may be keys, by identity.
        self._seen: set[int] = set()

    def has_keys(self, holder: Token) -> bool:
        """Whether what it hashes are values whose hash no state decides.

        Args:
            holder: A dict, a set, or an object that was made from one or filled like one.
        """
        return all(
            is_key(key, self._parts, self._seen) for keys, _ in keys_of(holder) for key in keys
        )

    def _parts(self, built: ObjectToken) -> Sequence[Token] | None:
        """What the hash of an object is made from, or None if it is no value."""
        target = built.callable
        if not isinstance(target, Global):
            return None
        entry = self._policy.get(target.module, target.name)
        rule = entry.rule if entry is not None and not built.states and not built.items else None
        if built.use is Use.CALL and rule in _RULES_OF_VALUES:
            # Such as a member of an enumeration of a team's.
            return ()
        if built.use is Use.CONSTRUCT and rule == _OF_NAMED_TUPLES and built.kwargs is None:
            return tuple(built.args)
        return value_parts(built)
