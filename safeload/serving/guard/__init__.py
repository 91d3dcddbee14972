"""The guard of a process: what loads models in it is put behind the policy.

::

    from safeload.serving import guard

    guard.install()                                       # before anything loads a model
    guard.install(mode="report", log="loads.jsonl")       # says what it would refuse

    python -m safeload.serving.guard --report loads.jsonl -- serve.py

``pickle.load``, ``pickle.loads``, ``pickle.Unpickler``, ``joblib.load``, ``skops.io.load``,
``skops.io.loads`` and ``torch.load`` are replaced, wherever they were imported to; what calls
those by their module (``numpy.load``, ``pandas.read_pickle``, ``shelve``) or took its own from
there (``cloudpickle``) is guarded with them. Behind them stands the event that CPython raises
whenever an unpickler asks for a name: in *enforce*, an unpickler that is not one of those gets
none.

Trust: a program that runs in this process can do what it likes, and could take the guard away. The
guard is there so that a file never becomes such a program. What it cannot see is in docs/guard.md.
Source: PEP 578; ``pickle.find_class`` in the audit events table of the Python documentation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.policy.policy import Policy
    from safeload.trust.trustfile import TrustFile

__all__ = ["install"]

_Path = str | os.PathLike[str]


def install(
    mode: str = "enforce",
    *,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    trust: _Path | TrustFile | None = None,
    log: _Path | Callable[[Mapping[str, Any]], object] | None = None,
    limits: Limits | None = None,
    exempt: Iterable[str] = (),
) -> None:
    """Guard this process from now on, and those that ``multiprocessing`` and joblib start from it.

    Python removes no audit hook: the guard stays for the life of the process. To install it again
    with the same settings does nothing; the log stays what it was.

    Args:
        mode: ``"enforce"`` refuses what the policy does not accept; ``"report"`` loads all as
            before, and writes down what would be refused.
        policy: A policy, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        trust: A trust file. With one, a model in a file is loaded only if it is signed, the bundle
            lying beside it; what does not come from a file is judged by the policy.
        log: A file that a line of JSON is appended to for each load, or a function that is called
            with what would be written, but not in processes that are started anew. By default,
            refusals go to the logger ``"safeload.guard"`` as warnings.
        limits: Bounds on the work of each load.
        exempt: Functions that may unpickle unguarded, as ``"package.module:Class.method"``, beside
            those by which processes of one program talk to each other. Whoever can choose the bytes
            that such a function reads can run code.

    Raises:
        UsageError: The policy or trust file cannot be used, an argument is none that its parameter
            takes, or the guard is there with other settings (``guard-installed``).
        LoadError: Another audit hook keeps the guard's out (``no-guard``).
    """
    from safeload.serving.guard.installing import install_with
    from safeload.serving.guard.settings import Settings

    install_with(
        Settings.of(
            mode=mode,
            policy=policy,
            packs=packs,
            trust=trust,
            log=log,
            limits=limits,
            exempt=exempt,
        )
    )
