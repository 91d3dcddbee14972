"""Does every argument of a call fit the parameter of its name?

The functions that users call have parameters of the same names, and what each of them takes stands
here once. They look at all that they were given before they read or write anything.

Trust: arguments are the caller's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from safeload.arguments import (
    BYTES,
    as_extra,
    as_metrics,
    as_moment,
    as_path,
    as_text,
    as_whole,
    require_callable,
    require_source,
    require_type,
    wrong_type,
    wrong_value,
)
from safeload.artefact import Artefact
from safeload.errors import UsageError
from safeload.limits import Isolation, Limits
from safeload.policy.policy import Policy
from safeload.trust.fields import LARGEST
from safeload.trust.identities.keyless_signer import KeylessSigner
from safeload.trust.keys import Signer, check_passphrase
from safeload.trust.training import Dataset, Revision
from safeload.trust.trustfile import TrustFile
from safeload.trust.wanted import release_number

__all__ = ["check_arguments"]

_NONE = type(None)
# Characters; a ledger keeps no more.
_LONGEST_REASON = 1_000


def check_arguments(**given: object) -> None:
    """Require that arguments are what their parameters take.

    Args:
        **given: Arguments, by the names of the parameters they were given for.

    Raises:
        UsageError: One of them is not; the error says which, and what the parameter takes.
    """
    for parameter, value in given.items():
        _CHECKS[parameter](value, parameter)


def _path_or(*types: type) -> Callable[[object, str], None]:
    """A check for a path or an object of one of some types."""

    def check(value: object, parameter: str) -> None:
        if not isinstance(value, types):
            as_path(value, parameter)

    return check


def _unless_none(read: Callable[[object, str], object]) -> Callable[[object, str], None]:
    """A check for None or what ``read`` takes."""

    def check(value: object, parameter: str) -> None:
        if value is not None:
            read(value, parameter)

    return check


def _flag(value: object, parameter: str) -> None:
    require_type(value, parameter, bool, takes="True or False")


def _isolated(value: object, parameter: str) -> None:
    require_type(value, parameter, bool, Isolation, takes="True, False or an Isolation")


def _mode(value: object, parameter: str) -> None:
    if value is not None and not (isinstance(value, str) and str.__str__(value) in ("r", "c")):
        raise UsageError(
            f"{parameter} is neither None, 'r' nor 'c'.",
            code="mmap-mode",
            hint="Modes that write would change the bytes that were verified.",
        )


def _name(value: object, parameter: str) -> None:
    # Which texts are names is said where they are used.
    require_type(value, parameter, _NONE, str, takes="text")


def _least_version(value: object, parameter: str) -> None:
    if release_number(as_text(value, parameter)) is None:
        raise wrong_value(parameter, "a version of PEP 440, such as '1.2.0'")


def _limits(value: object, parameter: str) -> None:
    require_type(value, parameter, _NONE, Limits, takes="None or Limits")


def _isolation(value: object, parameter: str) -> None:
    require_type(value, parameter, _NONE, Isolation, takes="None or an Isolation")


def _packs(value: object, parameter: str) -> None:
    # Not looked through: an iterator would be at its end for whoever asks for the packs.
    if not isinstance(value, Iterable) or isinstance(value, (bytes, bytearray)):
        raise wrong_type(value, parameter, "names of allow-lists")


def _progress(value: object, parameter: str) -> None:
    require_callable(value, parameter, takes="None or a function")


def _whole(value: object, parameter: str) -> None:
    as_whole(value, parameter, least=0, most=LARGEST)


def _revision(value: object, parameter: str) -> None:
    if not isinstance(value, Revision):
        as_text(value, parameter)


def _bundle(value: object, parameter: str) -> None:
    for each in value if isinstance(value, list | tuple) else [value]:
        if each is not None and not isinstance(each, BYTES):
            as_path(each, parameter)


def _reason(value: object, parameter: str) -> None:
    text = as_text(value, parameter)
    if not text.strip() or len(text) > _LONGEST_REASON:
        raise wrong_value(parameter, f"a reason in words, of at most {_LONGEST_REASON} characters")


def _texts(value: object, parameter: str) -> None:
    # Not looked through, as above.
    if not isinstance(value, Iterable) or isinstance(value, (bytes, bytearray)):
        raise wrong_type(value, parameter, "texts")


def _source(value: object, parameter: str) -> None:
    if not isinstance(value, Artefact):
        require_source(value, parameter)


_CHECKS: dict[str, Callable[[object, str], object]] = {
    "allow_rollback": _unless_none(_reason),
    "bundle": _bundle,
    "certificate_chain": _unless_none(as_path),
    "dataset": _path_or(_NONE, Dataset),
    "extra": as_extra,
    "ignore": _texts,
    "isolated": _isolated,
    "isolation": _isolation,
    "key": _path_or(Signer, KeylessSigner),
    "label": _unless_none(as_text),
    "ledger": _unless_none(as_path),
    "limits": _limits,
    "metrics": as_metrics,
    "min_version": _unless_none(_least_version),
    "mmap_mode": _mode,
    "model_file": _unless_none(as_text),
    "name": _name,
    "not_after": _unless_none(as_moment),
    "packs": _packs,
    "passphrase": check_passphrase,
    "path": as_path,
    "policy": _path_or(_NONE, Policy),
    "probe": _flag,
    "progress": _progress,
    "replace": _flag,
    "revision": _unless_none(_revision),
    "rows": _unless_none(_whole),
    "serial": _unless_none(_whole),
    "source": _source,
    "trained": _unless_none(as_moment),
    "trust": _path_or(_NONE, TrustFile),
    # Whoever signs has to give one; whoever loads need not.
    "version": _unless_none(as_text),
    "whole": _flag,
}
