"""Learning: what a set of a team's models needs beyond a policy, as entries for a person to read.

Nothing is imported: all is said from the scans. A name that nobody should add is never proposed, a
call or a doubtful name only as a line to uncomment, and a model that would be refused with all its
names allowed (for its state, its arguments, its stream) contributes nothing.

Trust: models are what the team trusts, by mistake perhaps a third party's. A proposal allows
nothing until a person puts it into a policy file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from safeload.policy.callables.kinds import Signature
from safeload.policy.code_by_value import is_code
from safeload.policy.judge import judge
from safeload.policy.opt_in import lacking
from safeload.policy.policy import Entry, Policy
from safeload.policy.rules import RULES
from safeload.policy.rules.classes import LIST_STATES
from safeload.policy.team.gadgets import doubt, gadget
from safeload.policy.team.standing import kinds_of_names
from safeload.scan.program import Global, Mapping, ObjectToken, Scan, Use
from safeload.verdict import Finding, Severity

__all__ = ["Learner", "Lesson", "Need", "Outcome", "Proposal", "Refusal"]

# What calls other code than __setstate__ and the methods of containers while a file loads.
_CALLS = frozenset([Use.CALL, Use.BUILD])
# Rules to try from the narrowest on. None stands for an entry without a rule, which lets a class be
# made without arguments and a call have any.
_FOR_CLASSES = (None, "no_arguments", "plain_arguments", "dataclass", "namedtuple")
_FOR_CALLS = (
    "no_arguments", "plain_arguments", "subclass_of_container", "dataclass", "namedtuple", None,
)  # fmt: skip

# Rules that are right for one kind of class, which no file shows to be of it.
_DOUBTS = {
    "dataclass": "has a list for its state: right for a frozen dataclass with slots, and for no "
    "class with a __setstate__ of its own",
}
# Why a name that may be harmless is not taken from a model.
_BESIDE = "is not taken from a model that is refused for other reasons"

_Key = tuple[str, str]


class Outcome(StrEnum):
    """What becomes of a model under a proposal."""

    ACCEPTED = "already accepted"
    PROPOSED = "accepted with what is proposed"
    HELD = "refused unless the entries that are commented out are added"
    WITHHELD = "refused, and no entry is proposed that would allow it"
    REFUSED = "refused, and no policy entry can allow it"
    UNREAD = "not read in full"


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learnt of one model.

    Attributes:
        path: The model.
        outcome: What becomes of it.
        obstacles: What no entry changes.
    """

    path: str
    outcome: Outcome
    obstacles: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """An entry that models need.

    Attributes:
        module: Module, as it will be imported.
        name: Qualified name.
        uses: What for, beyond what the policy has.
        rule: The narrowest argument rule that what was seen passes, or None for none.
        models: Paths of the models.
        remarks: What the scans show of it beyond its uses.
        doubt: Why it is not proposed as it is, or an empty string.
        kinds: The kinds of callable that it is, where models keep it to call it.
    """

    module: str
    name: str
    uses: frozenset[Use]
    rule: str | None
    models: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    doubt: str = ""
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A name that a model uses and that is not proposed.

    Attributes:
        module: Module.
        name: Qualified name, both as the file has them.
        uses: What for.
        model: Path of the model.
        reason: What follows the name in a sentence.
    """

    module: str
    name: str
    uses: frozenset[Use]
    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a set of models needs.

    Attributes:
        entries: What is proposed.
        held: What a person has to take in by hand: calls, and names that deserve a second look.
        refusals: What is not proposed, and why.
        lessons: One for each model.
        packs: What a person has to switch on: paths of the models that need it, by pack.
    """

    entries: tuple[Need, ...]
    held: tuple[Need, ...]
    refusals: tuple[Refusal, ...]
    lessons: tuple[Lesson, ...]
    packs: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class _Seen:
    """What is known of one name that the policy does not allow as it is used."""

    uses: set[Use]
    # The rules that all objects made with it pass.
    rules: set[str | None]
    models: list[str] = field(default_factory=list)
    remarks: set[str] = field(default_factory=set)
    # What it is called as, where it is kept.
    kinds: set[str] = field(default_factory=set)

    @property
    def fitting(self) -> list[str | None]:
        """The rules that admit what was seen, the narrowest first."""
        order = _FOR_CALLS if Use.CALL in self.uses else _FOR_CLASSES
        return [rule for rule in order if rule in self.rules]

    @property
    def rule(self) -> str | None:
        """The narrowest of them, or None if there is none."""
        return next(iter(self.fitting), None)


class Learner:
    """Takes in models one by one.

    Args:
        policy: What is allowed already.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._seen: dict[_Key, _Seen] = {}
        self._refusals: list[Refusal] = []
        self._lessons: list[Lesson] = []
        self._packs: dict[str, list[str]] = {}

    def unread(self, path: str, finding: Finding) -> None:
        """Note a file that could not be taken in.

        Args:
            path: The file.
            finding: Why.
        """
        self._lessons.append(Lesson(path, Outcome.UNREAD, (finding,)))

    def add(self, path: str, scan: Scan) -> None:
        """Take in a model.

        Args:
            path: What to call it.
            scan: What it would do.
        """
        if not _obstacles(judge(scan, self._policy).findings):
            self._lessons.append(Lesson(path, Outcome.ACCEPTED))
            return
        known = self._policy.for_format(scan.format)
        policy = known.with_packs(lacking(scan.programs, known).values())
        needs = _needs(scan, policy)
        reasons = {key: _why_not(*key, policy) for key in needs}
        trial = _with(policy, {key: seen for key, seen in needs.items() if not reasons[key]})
        obstacles = _obstacles(judge(scan, trial).findings)
        if not obstacles:
            for pack in policy.packs - known.packs:
                self._packs.setdefault(pack, []).append(path)
        for (module, name), seen in needs.items():
            reason = reasons[module, name]
            if not obstacles:
                self._take(path, (module, name), seen)
            elif not is_code(module, name):
                # What is refused anyway is no reason to allow anything.
                self._refusals.append(
                    Refusal(module, name, frozenset(seen.uses), path, reason or _BESIDE)
                )
        self._lessons.append(Lesson(path, _outcome(scan, policy, needs, obstacles), obstacles))

    def proposal(self) -> Proposal:
        """What all models so far need."""
        entries: list[Need] = []
        held: list[Need] = []
        refusals = list(self._refusals)
        # To switch on what is not checked in full is for a person to decide.
        worse = {path: Outcome.HELD for paths in self._packs.values() for path in paths}
        for (module, name), seen in sorted(self._seen.items()):
            uses = frozenset(seen.uses)
            if not seen.fitting:
                reason = "is given arguments of kinds that no one rule admits"
                for path in seen.models:
                    refusals.append(Refusal(module, name, uses, path, reason))
                    worse[path] = Outcome.REFUSED
                continue
            reason = doubt(module, name) or _DOUBTS.get(seen.rule or "", "")
            need = Need(
                module, name, uses, seen.rule, tuple(seen.models), tuple(sorted(seen.remarks)),
                reason, tuple(sorted(seen.kinds)),
            )  # fmt: skip
            later = uses if reason else uses & _CALLS
            entries += _parted(replace(need, uses=uses - later))
            held += _parted(replace(need, uses=later))
            if later:
                for path in seen.models:
                    worse.setdefault(path, Outcome.HELD)
        lessons = (
            replace(lesson, outcome=worse.get(lesson.path, lesson.outcome))
            if lesson.outcome is Outcome.PROPOSED
            else lesson
            for lesson in self._lessons
        )
        proposed = {(need.module, need.name) for need in entries}
        return Proposal(
            tuple(entries),
            tuple(held),
            tuple(item for item in refusals if (item.module, item.name) not in proposed),
            tuple(lessons),
            {pack: tuple(paths) for pack, paths in sorted(self._packs.items())},
        )

    def _take(self, path: str, key: _Key, seen: _Seen) -> None:
        known = self._seen.setdefault(key, _Seen(set(), set(seen.rules)))
        known.uses |= seen.uses
        known.rules &= seen.rules
        known.models.append(path)
        known.remarks |= seen.remarks
        known.kinds |= seen.kinds


def _parted(need: Need) -> Iterator[Need]:
    """A need as entries: to be kept and called is an entry of its own form."""
    kept = need.uses & {Use.REFERENCE} if need.kinds else frozenset()
    if need.uses - kept:
        yield replace(need, uses=need.uses - kept, kinds=())
    if kept:
        yield replace(need, uses=kept, rule=None)


def _outcome(
    scan: Scan, policy: Policy, needs: dict[_Key, _Seen], obstacles: tuple[Finding, ...]
) -> Outcome:
    """What becomes of a model that meets some obstacles with all that may be proposed."""
    if not obstacles:
        return Outcome.PROPOSED
    if all(finding.severity is not Severity.ERROR for finding in obstacles):
        return Outcome.UNREAD
    # No list can say what code does that is part of the file.
    names = {key: seen for key, seen in needs.items() if not is_code(*key)}
    every = _obstacles(judge(scan, _with(policy, names)).findings)
    return Outcome.REFUSED if every else Outcome.WITHHELD


def _needs(scan: Scan, policy: Policy) -> dict[_Key, _Seen]:
    """What a scan uses beyond a policy."""
    needs: dict[_Key, _Seen] = {}
    for program in scan.programs:
        for use in program.globals:
            entry = policy.get(use.module, use.name)
            missing = use.uses - (entry.uses if entry is not None else frozenset())
            if entry is None or missing:
                # An entry keeps the rule that it has.
                rules: set[str | None] = set(_FOR_CALLS)
                if entry is not None and entry.rule:
                    rules = {None}
                seen = needs.setdefault((use.module, use.name), _Seen(set(), rules))
                seen.uses |= missing
    for program in scan.programs:
        for built in program.built:
            target = built.callable
            if not isinstance(target, Global):
                continue
            key = (target.module, target.name)
            if key in needs:
                needs[key].remarks |= set(_remarks(built))
                entry = policy.get(*key)
                if entry is None or not entry.rule:
                    needs[key].rules = {r for r in needs[key].rules if _passes(built, r)}
    kept = {key for key, seen in needs.items() if Use.REFERENCE in seen.uses}
    for key, kind in kinds_of_names(scan.programs, policy, kept).items():
        needs[key].kinds.add(kind)
    return needs


def _why_not(module: str, name: str, policy: Policy) -> str:
    entry = Policy.default(packs=policy.packs).get(module, name)
    if entry is not None:
        return (
            f"is on the built-in allow-lists for these uses only: {', '.join(sorted(entry.uses))}"
        )
    return gadget(module, name) or ""


def _with(policy: Policy, needs: dict[_Key, _Seen]) -> Policy:
    entries = dict(policy.entries)
    for key, seen in needs.items():
        known = entries.get(key, Entry(frozenset(), None, "proposal"))
        signature = Signature(frozenset(seen.kinds)) if seen.kinds else known.signature
        is_type = known.is_type or (Use.REFERENCE in seen.uses and not seen.kinds)
        entries[key] = replace(
            known,
            uses=known.uses | seen.uses,
            rule=known.rule or seen.rule,
            signature=signature,
            is_type=is_type,
        )
    return replace(policy, entries=entries)


def _passes(built: ObjectToken, rule: str | None) -> bool:
    """Whether the judge would let an object pass under a rule."""
    if rule not in LIST_STATES and any(type(state) is list for state in built.states):
        return False
    if rule is not None:
        return RULES[rule](built) is None
    return built.use is Use.CALL or (built.args == () and not built.kwargs)


def _remarks(built: ObjectToken) -> Iterable[str]:
    if built.use is Use.CONSTRUCT and (built.args != () or built.kwargs):
        yield "made with arguments: a named tuple, or a __getnewargs__ of its own"
    if any(type(state) is not Mapping for state in built.states):
        yield "given a state that is not a dict: __slots__, or a __getstate__ of its own"


def _obstacles(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(
        finding for finding in findings if finding.severity is Severity.ERROR or finding.is_unread
    )
