"""A refusal as programs know it that unpickle: it is an error of pickle's, too.

``pickle.UnpicklingError`` is what Python has for data that are damaged and for violations of
security; whoever reads a cache catches it and makes the cache anew.

Trust: not applicable; the error was made by whoever refused.
Source: ``pickle.UnpicklingError`` in the Python documentation.
"""

from __future__ import annotations

import pickle

from safeload.errors import RefusedError

__all__ = ["GuardedError"]


class GuardedError(RefusedError, pickle.UnpicklingError):
    """What a guarded process was asked to load is refused."""

    @classmethod
    def of(cls, error: RefusedError) -> GuardedError:
        """The same refusal, for programs that catch pickle's errors."""
        made = cls(error.message, code=error.code, report=error.report, hint=error.hint)
        vars(made).update(vars(error))
        return made
