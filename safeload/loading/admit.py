"""Admission: bytes and a policy become accepted programs; accepted programs become the object.

Trust: an :class:`Accepted` exists only for bytes that were read in full and hold nothing that the
policy does not allow. The loaders take nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from safeload.artefact import Artefact
from safeload.beside import Beside
from safeload.errors import LoadError, RefusedError, SafeloadError
from safeload.forks import IMPORTING
from safeload.limits import Limits
from safeload.loading.accepted import Accepted, Rules, lookup, store
from safeload.loading.environment import check_installed, check_versions, with_origin
from safeload.loading.names import resolve
from safeload.loading.seal import prepare
from safeload.policy.judge import Judgement, judge
from safeload.policy.policy import Policy
from safeload.rule_ids import PACK_IS_OFF
from safeload.scan.companions import OLD_JOBLIB
from safeload.scan.containers.torch import FORMATS
from safeload.scan.origin import written_with
from safeload.scan.program import Scan
from safeload.scan.scan import scan
from safeload.unruly import UNRULY, described
from safeload.verdict import FileReport, Severity, Verdict, verdict_of
from safeload.warned import warn

__all__ = ["Accepted", "admit", "deserialise", "examine"]

# Formats of which a file is one object, beside what joblib compresses; and in which arrays lie as
# they are.
_LOADABLE = frozenset(["pickle", "joblib", OLD_JOBLIB, "skops", "npy", "npz"])
_PACKED = ("joblib+", f"{OLD_JOBLIB}+")
_MAPPED = frozenset(["joblib", OLD_JOBLIB, "npy"])


def admit(
    artefact: Artefact,
    policy: Policy,
    limits: Limits,
    *,
    use_cache: bool = False,
    beside: Beside | None = None,
) -> Accepted:
    """Scan a file and judge it.

    Args:
        artefact: The file.
        policy: What is allowed.
        limits: Bounds on the work.
        use_cache: Whether somebody vouches for the file, who may load it again: it is not judged
            twice by the same rules.
        beside: The files beside it, where they may be a part of it; nobody vouches for those.

    Returns:
        The accepted file.

    Raises:
        RefusedError: The verdict is REFUSE or INCOMPLETE; the error carries the report.
        LoadError: It is a checkpoint of torch, which is audited only (``audited-only``).
    """
    rules = Rules.of(policy, limits) if use_cache else None
    if rules is not None and (before := lookup(artefact, rules)) is not None:
        return before
    scanned, _ = examine(artefact, policy, limits, beside=beside)
    written = {"scikit-learn": written_with(scanned.programs)}
    for program in scanned.programs:
        program.forget()
    needed = _needed(scanned, policy)
    accepted = Accepted(tuple(scanned.programs), scanned.data, scanned.format, needed, written)
    if rules is not None:
        store(artefact, rules, accepted)
    return accepted


def examine(
    artefact: Artefact, policy: Policy, limits: Limits, *, beside: Beside | None = None
) -> tuple[Scan, Judgement]:
    """Scan a file and judge it, for who reads its programs and does not run them.

    Args:
        artefact: The file.
        policy: What is allowed.
        limits: Bounds on the work.
        beside: The files beside it, where they may be a part of it.

    Returns:
        The accepted file as scanned, tokens included, and what the policy says of it.

    Raises:
        RefusedError: The verdict is REFUSE or INCOMPLETE; the error carries the report.
        LoadError: It is a checkpoint of torch, which is audited only (``audited-only``), or no file
            of one model.
    """
    scanned = scan(artefact.data, limits, beside)
    judgement = judge(scanned, policy)
    if verdict_of(judgement.findings) is not Verdict.ACCEPT:
        path = str(artefact.path)
        raise _refusal(judgement.report(path, artefact.sha256, artefact.size, scanned.format))
    if not (scanned.single and _is_loadable(scanned.format)):
        raise _not_one(scanned.format)
    return scanned, judgement


def deserialise(
    accepted: Accepted,
    policy: Policy,
    *,
    signed: Mapping[str, str] | None = None,
    mmap_mode: str | None = None,
) -> Any:
    """Make the object that an accepted file describes.

    Args:
        accepted: The file.
        policy: What a release of a library other than the one that wrote the file leads to.
        signed: Versions by library, from the manifest of a signed file.
        mmap_mode: None, ``"r"`` or ``"c"``; only for uncompressed joblib files.

    Returns:
        The object.

    Raises:
        LoadError: A library or name is missing, an allowed callable failed, the file asked for more
            than memory (``seal-broken``), or the policy does not accept the difference between
            releases.
    """
    tested = {library: (release,) for library, release in (signed or {}).items()}
    said = {library: releases for library, releases in accepted.written.items() if releases}
    check_installed(accepted.needed)
    # Before the names: what they stand for must be under the seal's eyes.
    prepare()
    try:
        names = resolve(accepted.programs)
        # Before anything is unpickled: what another release wrote may be more than it can read.
        check_versions(
            said if signed is None else tested, policy, accepted.needed, signed=signed is not None
        )
        return _unpickle(accepted, names, mmap_mode)
    except LoadError as error:
        raise with_origin(error, {**tested, **said}) from error.__cause__


def _unpickle(
    accepted: Accepted, names: Mapping[tuple[str, str], Any], mmap_mode: str | None
) -> Any:
    with IMPORTING:
        from safeload.loading.guard import unpickle
        from safeload.loading.skops import load_skops
        from safeload.scan.containers.skops.read import trusted_names

    programs, data = accepted.programs, accepted.data
    try:
        if accepted.format == "skops":
            return load_skops(data, trusted_names(programs[0]))
        if mmap_mode is not None and accepted.format not in _MAPPED:
            warn(f"mmap_mode has no effect on a {accepted.format} file.")
            mmap_mode = None
        return unpickle(programs[0], data, names, mmap_mode=mmap_mode)
    except SafeloadError:
        raise
    except UNRULY as error:
        raise LoadError(
            f"Loading failed: {described(error)}",
            code="load-failed",
            hint="Compare the installed library versions with those the model was written with.",
        ) from error


def _is_loadable(form: str) -> bool:
    # joblib compresses once.
    return form in _LOADABLE or (form.startswith(_PACKED) and form.count("+") == 1)


def _not_one(form: str) -> LoadError:
    if form.partition("+")[0] in FORMATS:
        return LoadError(
            "It is a checkpoint of torch, which safeload audits and does not load.",
            code="audited-only",
            hint="Load it with torch.load(path, weights_only=True).",
        )
    if form in _LOADABLE:
        return LoadError(
            "The file holds several things, one behind the other.",
            code="not-one-model",
            hint="Dump each into a file of its own, or all of them as one list.",
        )
    return LoadError(
        f"The file is not a model but a container of files ({form}).",
        code="not-one-model",
        hint="Unpack it and load the model in it; safeload audit reads all files in it.",
    )


def _needed(scanned: Scan, policy: Policy) -> frozenset[tuple[str, tuple[str, ...]]]:
    needed = set()
    for program in scanned.programs:
        for use in program.globals:
            entry = policy.get(use.module, use.name)
            if entry is not None and entry.distributions:
                needed.add((use.module.partition(".")[0], entry.distributions))
    return frozenset(needed)


def _refusal(report: FileReport) -> RefusedError:
    weights = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    first = min(report.findings, key=lambda finding: weights[finding.severity])
    more = len(report.findings) - 1
    rest = f" ({more} more)" if more else ""
    if report.verdict is Verdict.REFUSE:
        return RefusedError(
            f"Refused: {first.message}{rest}",
            code="refused",
            report=report,
            hint="Run 'safeload audit' on the file for everything that was found.",
        )
    if first.rule == PACK_IS_OFF:
        return RefusedError(
            f"Not decided: {first.message}{rest}",
            code="incomplete",
            report=report,
            hint="Switch an allow-list on for files of people you trust, or have the model signed: "
            "what a signer used, a signed load uses.",
        )
    if first.rule == "SL004":
        return RefusedError(
            f"Not read: {first.message}{rest}",
            code="companion-files",
            report=report,
            hint="joblib before 0.10 wrote such files. load_unsigned without isolated= reads those "
            "beside the file; dump what it returns, and sign that one file.",
        )
    hint = "What was not read cannot be judged; nothing was loaded."
    if first.rule == "SL002":
        hint += " If you expect such a model, raise the limit (limits=, --limit NAME=VALUE)."
    return RefusedError(
        f"Not read: {first.message}{rest}", code="incomplete", report=report, hint=hint
    )
