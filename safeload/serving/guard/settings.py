"""What was the guard told when it was installed? Plain values, which go along to child processes.

Trust: the program's own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from safeload.arguments import as_path, as_texts, require_callable, wrong_value
from safeload.limits import Limits
from safeload.policy.policy import Policy
from safeload.trust.trustfile import TrustFile

__all__ = ["Mode", "Settings"]

_Path = str | os.PathLike[str]
_Log = Callable[[Mapping[str, Any]], object]
_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


class Mode(StrEnum):
    """What becomes of a load that the policy does not accept: it fails, or it is written down."""

    ENFORCE = "enforce"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What :func:`safeload.serving.guard.install` was given.

    Attributes:
        mode: What becomes of a load that is not accepted.
        policy: A policy; or the path of a policy file, absolute; or None.
        packs: Names of packs that are off by default.
        trust: A trust file, or its absolute path, or None.
        log: An absolute path, or a function, or None.
        limits: Bounds on the work of each load.
        exempt: Functions that may unpickle unguarded, as ``"module:qualified.name"``.
    """

    mode: Mode
    policy: str | Policy | None
    packs: tuple[str, ...]
    trust: str | TrustFile | None
    log: str | _Log | None
    limits: Limits
    exempt: tuple[str, ...]

    @classmethod
    def of(
        cls,
        *,
        mode: str,
        policy: _Path | Policy | None,
        packs: Iterable[str],
        trust: _Path | TrustFile | None,
        log: _Path | _Log | None,
        limits: Limits | None,
        exempt: Iterable[str],
    ) -> Settings:
        """The settings, of arguments as a caller gives them.

        Raises:
            UsageError: One of them is none that its parameter takes.
        """
        if mode not in list(Mode):
            raise wrong_value("mode", takes="'enforce' or 'report'")
        functions = as_texts(exempt, "exempt")
        if not all(map(_FUNCTION.fullmatch, functions)):
            raise wrong_value("exempt", takes="functions such as 'package.module:Class.method'")
        return cls(
            mode=Mode(mode),
            policy=policy if isinstance(policy, Policy) else _absolute(policy, "policy"),
            packs=as_texts(packs, "packs"),
            trust=trust if isinstance(trust, TrustFile) else _absolute(trust, "trust"),
            log=_log(log),
            limits=Limits.of(limits),
            exempt=functions,
        )

    def read(self) -> tuple[Policy, TrustFile | None]:
        """The policy and the trust file that are meant.

        Raises:
            UsageError: One of them cannot be used.
        """
        policy = Policy.of(self.policy, packs=self.packs)
        if self.trust is None or isinstance(self.trust, TrustFile):
            return policy, self.trust
        return policy, TrustFile.read(self.trust)


def _absolute(path: _Path | None, parameter: str) -> str | None:
    # A program may change its folder, and its children begin in another.
    return None if path is None else os.path.abspath(as_path(path, parameter))  # noqa: PTH100


def _log(log: _Path | _Log | None) -> str | _Log | None:
    if log is None or isinstance(log, str | os.PathLike):
        return _absolute(log, "log")
    require_callable(log, "log", takes="None, a path or a function")
    return log
