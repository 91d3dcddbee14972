"""The judge: a scan and a policy become findings, and with none of them permission to load.

Every global must be an entry, with each of its uses; every call and construction must pass the
entry's argument rule; every state must be plain attributes. Nothing else decides, and nothing that
the file says about itself counts.

Trust: the scan is a description of a hostile file, the policy is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from safeload.errors import printable
from safeload.policy.callables.growth import Growth
from safeload.policy.callables.places import Places
from safeload.policy.code_by_value import summary
from safeload.policy.inspector import Inspector
from safeload.policy.keys import KeyInspector
from safeload.policy.notes import notes_on
from safeload.policy.opt_in import lacking, packs_off
from safeload.policy.policy import Policy
from safeload.policy.rules.attributes import is_resource_module
from safeload.policy.rules.counts import Widths
from safeload.policy.rules.refitting import fits_while_predicting
from safeload.policy.unlisted import misused, unlisted
from safeload.rule_ids import CODE
from safeload.scan.bounds.allowance import allowing, check_claims, check_time, claim
from safeload.scan.bounds.budget import NO_MEMORY, OverLimitError, WorkBudget
from safeload.scan.contents import joined
from safeload.scan.program import (
    ArraySpan,
    Global,
    GlobalUse,
    ObjectToken,
    Program,
    Scan,
    Use,
)
from safeload.soundness import check_named
from safeload.soundness.methods import shadowing
from safeload.soundness.states import Unread
from safeload.verdict import (
    FileReport,
    Finding,
    GlobalReport,
    MemberReport,
    Severity,
    Skipped,
    Weight,
    verdict_of,
)

__all__ = ["Judgement", "judge"]

# Findings kept for one file.
_MAX_FINDINGS = 1_000
# Objects between two looks at the clock.
_OBJECTS_PER_CLOCK = 256


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the policy says of a scan.

    Attributes:
        findings: Everything found, attacks first, then that the file is code if it is, then in the
            file's order; empty if all is allowed.
        globals: Every global with its uses, and whether they are allowed.
        members: One report for each stream.
        skipped: Files of an archive that are not models, each with the reason.
    """

    findings: tuple[Finding, ...]
    globals: tuple[GlobalReport, ...]
    members: tuple[MemberReport, ...]
    skipped: tuple[Skipped, ...] = ()

    def report(self, path: str, sha256: str, size: int, form: str) -> FileReport:
        """The report on the file these findings are about."""
        return FileReport(
            path, sha256, size, form, verdict_of(self.findings),
            self.members, self.globals, self.findings, self.skipped,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Together:
    """What is judged of a stream with all streams of its file in view.

    Attributes:
        places: Where callables stand.
        growth: How much longer they make what they are given.
        widths: Columns of sparse rows that something writes out.
    """

    places: Places
    growth: Growth
    widths: Widths


@dataclass(slots=True)
class _Known:
    """What is known of a global: all its uses, where it is first named, whether all are allowed."""

    uses: set[Use]
    offset: int
    member: str
    allowed: bool = True


def judge(scan: Scan, policy: Policy, *, notes: bool = False) -> Judgement:
    """Judge a scan by a policy, and all that is in it, one after the other.

    Args:
        scan: A file as scanned.
        policy: The allow-list.
        notes: Whether to add what a person may want to look at, which decides nothing.

    Returns:
        The judgement. The verdict is ACCEPT exactly if it has no finding but notes.
    """
    whole = _Sum(_judge(scan, policy, notes=notes))
    for member in scan.members:
        if member.scan is None:
            whole.skipped.append(Skipped(member.path, member.reason))
        else:
            whole.add(member.path, judge(member.scan, policy, notes=notes), member.scan.format)
    return whole.judgement()


class _Sum:
    """What is said of a container and of its members, added up."""

    def __init__(self, first: Judgement) -> None:
        self.skipped: list[Skipped] = []
        self._findings = [*first.findings]
        self._globals = [*first.globals]
        self._members = [*first.members]

    def add(self, path: str, judgement: Judgement, form: str) -> None:
        """Add what is said of a member.

        Args:
            path: Its path in the container.
            judgement: What is said of it.
            form: Its format.
        """
        self._findings += [
            replace(finding, member=joined(path, finding.member)) for finding in judgement.findings
        ]
        self._globals += [
            replace(item, member=joined(path, item.member)) for item in judgement.globals
        ]
        self._members += [
            replace(member, path=joined(path, member.path)) for member in judgement.members
        ] or [MemberReport(path, form, verdict_of(judgement.findings), 0, 0)]
        self.skipped += [replace(one, path=joined(path, one.path)) for one in judgement.skipped]

    def judgement(self) -> Judgement:
        """The whole, with as many findings as are kept for one file."""
        return Judgement(
            _most_important(self._findings),
            tuple(self._globals),
            tuple(self._members),
            tuple(self.skipped),
        )


def _most_important(findings: list[Finding]) -> tuple[Finding, ...]:
    """As many findings as are kept, attacks first; if those are not all, then other refusals."""
    if len(findings) > _MAX_FINDINGS:
        findings = sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)
    if any(finding.weight is Weight.ATTACK for finding in findings):
        findings = sorted(findings, key=lambda finding: finding.weight is not Weight.ATTACK)
    return tuple(findings[:_MAX_FINDINGS])


def _judge(scan: Scan, policy: Policy, *, notes: bool) -> Judgement:
    """Judge what a scan has itself."""
    findings = list(scan.findings)
    members = []
    policy = policy.for_format(scan.format)
    # What else is wrong with a file is found as if these packs were on.
    off = lacking(scan.programs, policy)
    policy = policy.with_packs(off.values())
    uses: dict[tuple[str, str], _Known] = {}
    size = len(scan.data)
    refitting = fits_while_predicting(scan.programs)
    resources = any(
        is_resource_module(use.module) for program in scan.programs for use in program.globals
    )
    together = _Together(
        Places(scan.programs, policy),
        Growth(scan.programs, policy, scan.limits),
        Widths(scan.programs),
    )
    budget = (scan.budget or WorkBudget(scan.limits, size)).renewed(scan.limits, size)
    for program in scan.programs:
        with allowing(scan.limits, budget):
            inspect = Inspector(policy, refitting=refitting, resources=resources)
            of_member = [
                *program.findings,
                *_judge_program(program, policy, uses, inspect, together),
            ]
        of_member += packs_off(program, off)
        findings += of_member
        form = "pickle" if program.elsewhere is None else "npy"
        if program is scan.programs[0]:
            form = scan.format
        members.append(
            MemberReport(
                program.member, form, verdict_of(of_member), program.opcodes, len(program.arrays)
            )
        )
    if notes:
        findings += notes_on(scan, policy)
    code = next((finding for finding in findings if finding.rule == CODE), None)
    if code is not None:
        # All the rest comes down to it.
        findings.insert(0, summary(scan.programs, code))
    globals_ = tuple(
        GlobalReport(
            printable(f"{module}.{name}"),
            tuple(sorted(known.uses)),
            known.offset,
            known.allowed and (module, name) not in off,
            known.member,
        )
        for (module, name), known in uses.items()
    )
    return Judgement(_most_important(findings), globals_, tuple(members))


def _judge_program(
    program: Program,
    policy: Policy,
    uses: dict[tuple[str, str], _Known],
    inspect: Inspector,
    together: _Together,
) -> list[Finding]:
    findings = []
    for use in program.globals:
        finding = _judge_global(use, policy, program.member)
        key = (use.module, use.name)
        known = uses.setdefault(key, _Known(set(), use.offset, program.member))
        known.uses |= use.uses
        known.allowed = known.allowed and finding is None
        if finding is not None:
            findings.append(finding)
    try:
        for number, built in enumerate(program.built):
            if not number % _OBJECTS_PER_CLOCK:
                check_time()
            if len(findings) >= _MAX_FINDINGS:
                # More would change nothing; each of them refuses.
                break
            for rule, reason in inspect(built):
                findings.append(_finding(rule, built, reason, program))
        misplaced = []
        if not findings:
            # What a name is allowed for comes first: it says more than where it stands.
            misplaced = [
                _finding(rule, built, reason, program)
                for rule, built, reason in together.places.misplaced(program)
            ]
        findings += _judge_whole(program, policy, together)
        if not findings and not program.findings:
            # A check of native state may rely on what was judged before.
            findings += _judge_native(program, inspect.native)
        findings += misplaced
        check_claims()
    except OverLimitError as problem:
        findings.append(Finding("SL002", str(problem), program.member))
    except MemoryError:
        findings.append(Finding("SL002", NO_MEMORY, program.member))
    except Exception as error:  # noqa: BLE001
        # As in scan(): unforeseen by a rule is unread, not accepted.
        message = f"A rule failed: {type(error).__name__}. Please report it."
        findings.append(Finding("SL008", message, program.member))
    return findings


def _judge_whole(program: Program, policy: Policy, together: _Together) -> Iterator[Finding]:
    """What is judged of a stream beside its names and objects, each by itself.

    Arrays without bytes, keys, and what its parts make long or wide together.
    """
    for array in program.arrays:
        if isinstance(array, ArraySpan) and not array.nbytes and array.shape:
            claim(max(array.shape))
    if not all(map(KeyInspector(policy).has_keys, program.hashing)):
        message = "A dict key or set member is an object, and not a plain value."
        yield Finding("SL111", message, program.member)
    together.widths.claim(program)
    unbounded = together.growth.problem(program)
    if unbounded is not None:
        yield Finding("SL110", unbounded, program.member)


def _judge_native(program: Program, native: dict[str, list[ObjectToken]]) -> list[Finding]:
    problems: list[tuple[ObjectToken, str]] = []
    for check, builts in native.items():
        # A check relies on the methods of a class, so there is none without them.
        problems += [*shadowing(check, builts)] or check_named(check)(builts)
    return [_finding("SL401", built, reason, program) for built, reason in problems]


def _finding(rule: str, built: ObjectToken, reason: str, program: Program) -> Finding:
    message = f"{_name(built)}: {reason}."
    if isinstance(reason, Unread):
        return Finding("SL010", message, program.member, built.offset)
    return Finding(rule, message, program.member, built.offset)


def _judge_global(use: GlobalUse, policy: Policy, member: str) -> Finding | None:
    entry = policy.get(use.module, use.name)
    if entry is None:
        return unlisted(use, member)
    excess = use.uses - entry.uses
    if not excess:
        return None
    if excess == {Use.BUILD}:
        message = f"{printable(use.path)} returns an object that is given a state."
        return Finding("SL104", message, member, use.offset)
    return misused(use, entry.uses, member)


def _name(built: ObjectToken) -> str:
    target = built.callable
    return printable(target.path) if isinstance(target, Global) else "What is called was computed"
