"""What two processes tell each other besides values, in JSON: policy, errors, reports, confinement.

Trust: what is read here may come from a process that was taken over. It becomes values of the right
types, with text that is safe to show; whether it is true, nobody knows. All of it is about the
model in that process, and about nothing else.
"""

from __future__ import annotations

import re
from dataclasses import asdict, fields, replace
from enum import StrEnum
from typing import Any, TypeVar

from safeload.errors import (
    ArtefactError,
    LoadError,
    RefusedError,
    SafeloadError,
    UsageError,
    printable,
)
from safeload.isolation.channel import GarbledError
from safeload.isolation.clock import Clock
from safeload.isolation.confinement import Confinement
from safeload.policy.callables.kinds import Signature
from safeload.policy.callables.parameters import Parameter
from safeload.policy.policy import Entry, Policy
from safeload.scan.program import Use
from safeload.verdict import (
    FileReport,
    Finding,
    GlobalReport,
    MemberReport,
    Skipped,
    Verdict,
    Weight,
)

__all__ = [
    "read_confinement",
    "read_error",
    "read_lists",
    "read_policy",
    "read_text",
    "read_texts",
    "write_error",
    "write_policy",
]

_E = TypeVar("_E", bound=StrEnum)

_ERRORS = {error.__name__: error for error in (ArtefactError, LoadError, UsageError)}
_CODE = re.compile(r"[a-z]+(-[a-z0-9]+)*")
_SENTENCE = 1_000
_MANY = 100
_MEMBERS = 10_000


# -- from the caller's process, which is trusted --------------------------------------------------


def write_policy(policy: Policy) -> dict[str, Any]:
    """A policy in JSON types."""
    return {
        "digest": policy.digest,
        "versions": dict(policy.versions),
        "packs": sorted(policy.packs),
        "entries": [[*name, _entry_form(entry)] for name, entry in policy.entries.items()],
        "whole": None if policy.whole is None else write_policy(policy.whole),
    }


def read_policy(form: dict[str, Any]) -> Policy:
    """The policy of a form that :func:`write_policy` made."""
    entries = {(module, name): _entry(entry) for module, name, entry in form["entries"]}
    whole = None if form["whole"] is None else read_policy(form["whole"])
    return Policy(entries, form["digest"], form["versions"], frozenset(form["packs"]), whole)


def _entry_form(entry: Entry) -> dict[str, Any]:
    signature = entry.signature
    return {
        "uses": sorted(entry.uses),
        "rule": entry.rule,
        "source": entry.source,
        "distributions": entry.distributions,
        "native": entry.native,
        "is_type": entry.is_type,
        "resources": sorted(entry.resources),
        "signature": signature
        and {
            "kinds": sorted(signature.kinds),
            "data": signature.data,
            "evidence": signature.evidence,
            "parameters": {
                name: {**asdict(each), "one_of": sorted(each.one_of)}
                for name, each in signature.parameters.items()
            },
        },
    }


def _entry(form: dict[str, Any]) -> Entry:
    given = form["signature"]
    signature = given and Signature(
        frozenset(given["kinds"]),
        tuple(given["data"]),
        {
            name: Parameter(**{**each, "one_of": frozenset(each["one_of"])})
            for name, each in given["parameters"].items()
        },
        given["evidence"],
    )
    return Entry(
        frozenset(map(Use, form["uses"])),
        form["rule"],
        form["source"],
        tuple(form["distributions"]),
        form["native"],
        signature=signature,
        is_type=form["is_type"],
        resources=frozenset(form["resources"]),
    )


# -- from the model's process, which is not -------------------------------------------------------


def write_error(error: SafeloadError) -> dict[str, Any]:
    """An error in JSON types."""
    form = {"message": error.message, "code": error.code, "hint": error.hint}
    if isinstance(error, RefusedError):
        return {"type": "RefusedError", "report": asdict(_shortened(error.report)), **form}
    return {"type": type(error).__name__, **form}


def _shortened(report: FileReport) -> FileReport:
    """A report that is not too long to be sent: without many members that nothing is said of."""
    if max(len(report.members), len(report.skipped)) <= _MEMBERS:
        return report
    told = {finding.member for finding in report.findings}
    return replace(
        report,
        skipped=report.skipped[:_MEMBERS],
        members=tuple(
            member
            for number, member in enumerate(report.members)
            if number < _MEMBERS or member.path in told
        ),
    )


def read_error(form: Any, path: str, clock: Clock) -> SafeloadError:
    """The error of a form.

    Args:
        form: What :func:`write_error` made, or anything else.
        path: Where the model was read from.
        clock: The time for it.

    Returns:
        The error; where it is none of those that loading raises, a ``LoadError``.

    Raises:
        GarbledError: It is no such form.
        LateError: The time is over.
    """
    kind = _as(str, _of(form, "type"))
    message, hint = read_text(_of(form, "message")), read_text(_of(form, "hint"))
    code = _as(str, _of(form, "code"))
    if len(code) > _MANY or not _CODE.fullmatch(code):
        raise GarbledError("an error has no code")
    if kind == "RefusedError":
        report = _report(_of(form, "report"), path, clock)
        return RefusedError(message, code=code, report=report, hint=hint)
    return _ERRORS.get(kind, LoadError)(message, code=code, hint=hint)


def read_confinement(form: Any) -> Confinement:
    """The confinement that a process says it is in, before it meets anything hostile.

    Args:
        form: Whether each part holds, by name.

    Raises:
        GarbledError: It is no such form.
    """
    return Confinement(*(_as(bool, _of(form, field.name)) for field in fields(Confinement)))


def read_text(form: Any) -> str:
    """Some text, made safe to show and cut.

    Args:
        form: Text, or anything else.

    Raises:
        GarbledError: It is not a text.
    """
    text: str = _as(str, form)
    # What our own code says is so already, and its escapes are not escaped again.
    if len(text) <= _SENTENCE and text.isascii() and text.isprintable():
        return text
    return printable(text, limit=_SENTENCE)


def read_texts(form: Any) -> list[str]:
    """A few texts, as :func:`read_text` reads each."""
    return [read_text(text) for text in _as(list, form)[:_MANY]]


def read_lists(form: Any) -> list[tuple[str, list[str]]]:
    """A few names, each with a few texts, as :func:`read_text` reads all of them."""
    pairs = [_as(list, pair) for pair in _as(list, form)[:_MANY]]
    if any(len(pair) != 2 for pair in pairs):
        raise GarbledError("a name does not have one list")
    return [(read_text(name), read_texts(texts)) for name, texts in pairs]


def _report(form: Any, path: str, clock: Clock) -> FileReport:
    verdict = _member(Verdict, _of(form, "verdict"))
    if verdict is Verdict.ACCEPT:
        raise GarbledError("it is refused and accepted")
    return FileReport(
        path=path,
        sha256=read_text(_of(form, "sha256")),
        size=_as(int, _of(form, "size")),
        format=read_text(_of(form, "format")),
        verdict=verdict,
        members=tuple(
            MemberReport(
                path=read_text(_of(member, "path")),
                format=read_text(_of(member, "format")),
                verdict=_member(Verdict, _of(member, "verdict")),
                opcodes=_as(int, _of(member, "opcodes")),
                arrays=_as(int, _of(member, "arrays")),
            )
            for member in clock.each(_as(list, _of(form, "members")))
        ),
        globals=tuple(
            GlobalReport(
                name=read_text(_of(item, "name")),
                uses=tuple(_member(Use, use) for use in clock.each(_as(list, _of(item, "uses")))),
                offset=_offset(_of(item, "offset")),
                allowed=_as(bool, _of(item, "allowed")),
                member=read_text(_of(item, "member")),
            )
            for item in clock.each(_as(list, _of(form, "globals")))
        ),
        findings=tuple(
            Finding(
                rule=read_text(_of(finding, "rule")),
                message=read_text(_of(finding, "message")),
                member=read_text(_of(finding, "member")),
                offset=_offset(_of(finding, "offset")),
                weight=_member(Weight, _of(finding, "weight")),
            )
            for finding in clock.each(_as(list, _of(form, "findings")))
        ),
        skipped=tuple(
            Skipped(path=read_text(_of(one, "path")), reason=read_text(_of(one, "reason")))
            for one in clock.each(_as(list, _of(form, "skipped")))
        ),
    )


def _of(form: Any, key: str) -> Any:
    if type(form) is not dict or key not in form:
        raise GarbledError(f"it lacks {key!r}")
    return form[key]


def _as(kind: type[Any], value: Any) -> Any:
    if type(value) is not kind:
        raise GarbledError(f"it has something else than {kind.__name__}")
    return value


def _offset(value: Any) -> int | None:
    return None if value is None else int(_as(int, value))


def _member(kind: type[_E], value: Any) -> _E:
    for member in kind:
        if member == value:
            return member
    raise GarbledError(f"it has no {kind.__name__.lower()}")
