"""Behind all loaders: CPython says which name an unpickler asks for, before it has it.

The event ``pickle.find_class`` is raised by the unpicklers of ``pickle`` in C and in Python, and so
by every unpickler that builds on them and asks them for names. An audit hook cannot be removed.

Trust: who called the unpickler is told by the frames of this process.
Source: PEP 578; CPython ``Modules/_pickle.c`` (``find_class``), ``Lib/pickle.py``.
"""

from __future__ import annotations

import sys
from typing import Any

from safeload.errors import LoadError
from safeload.serving.guard.guard import Guard

__all__ = ["listen"]

_EVENT, _TRIAL = "pickle.find_class", "safeload.guard"


def listen(guard: Guard) -> None:
    """Have a guard told of every name that an unpickler asks for, for the life of the process.

    Args:
        guard: The guard.

    Raises:
        LoadError: Another hook keeps this one out (``no-guard``).
    """
    heard = False

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal heard
        if event == _EVENT:
            guard.meet(sys._getframe(1), str(args[0]), str(args[1]))  # noqa: SLF001
        elif event == _TRIAL:
            heard = True

    try:
        sys.addaudithook(hook)
        sys.audit(_TRIAL)
    except Exception as error:
        raise _not_heard() from error
    # Another hook may keep this one out, and Python says nothing about it.
    if not heard:
        raise _not_heard()


def _not_heard() -> LoadError:
    return LoadError(
        "This process cannot be guarded: an audit hook keeps others out.",
        code="no-guard",
        hint="Install the guard before that hook, or have the hook let others in.",
    )
