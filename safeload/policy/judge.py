"""The judge: a scan and a policy become findings, and with none of them permission to load.

Every global must be an entry, with each of its uses; every call and construction must pass the
entry's argument rule; every state must be plain attributes. Nothing else decides, and nothing that
the file says about itself counts.

Trust: the scan is a description of a hostile file, the policy is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from safeload.errors import printable
from safeload.policy.callables.growth import Growth
from safeload.policy.callables.models import ModelPlaces
from safeload.policy.callables.places import Places
from safeload.policy.code_by_value import CODE, is_code, summary
from safeload.policy.keys import KeyInspector
from safeload.policy.opt_in import lacking, packs_off
from safeload.policy.policy import Entry, Policy
from safeload.policy.rules import RULES, Rule
from safeload.policy.rules.attributes import (
    LONGEST_NAME,
    is_resource_module,
    looked_at,
    resource_problem,
    value_problems,
)
from safeload.policy.rules.attributes import Places as ValuePlaces
from safeload.policy.rules.classes import FILLED_BY_CALL, OWN_STATES
from safeload.policy.rules.counts import Widths
from safeload.policy.rules.refitting import fits_while_predicting, keeps_pickles
from safeload.scan.bounds.allowance import allowing, check_claims, check_time, claim
from safeload.scan.bounds.budget import OverLimitError, WorkBudget
from safeload.scan.bounds.given import pay_for_parts
from safeload.scan.program import (
    ArraySpan,
    Global,
    GlobalUse,
    Mapping,
    ObjectToken,
    Program,
    Scan,
    Token,
    Use,
)
from safeload.scan.texts import text_of
from safeload.soundness import check_named
from safeload.soundness.methods import shadowing
from safeload.soundness.states import Unread
from safeload.verdict import (
    FileReport,
    Finding,
    GlobalReport,
    MemberReport,
    Severity,
    verdict_of,
)

__all__ = ["Judgement", "judge"]

# What a module is called while Python runs it as a program.
_SCRIPTS = frozenset(["__main__", "__mp_main__"])
_STRINGS = frozenset([str])
# What looks into the parts of objects that have no rule.
_WITHOUT_RULE = "without a rule"
# Findings kept for one file.
_MAX_FINDINGS = 1_000
# Objects between two looks at the clock.
_OBJECTS_PER_CLOCK = 256
# What notebooks ask an object for, and what scikit-learn and sktime put into their pages as it is.
_SHOWN = (
    "_doc_link_", "_get_doc_link", "_get_fitted_attr_html", "_get_params_html", "_html_repr",
    "_ipython_", "_repr_", "_sk_visual_block_",
)  # fmt: skip
# Texts that scipy and numpy set on instances: distributions and vectorised functions.
_LABELS = frozenset(["__doc__", "__name__"])


# What is constructed and takes a tuple for its state.
_TUPLES = frozenset(
    [
        ("numpy.ma", "MaskedArray"),
        ("numpy.ma.core", "MaskedArray"),
        ("pandas.core.internals.managers", "BlockManager"),
        ("pandas.core.internals.managers", "SingleBlockManager"),
        ("scipy.interpolate._bsplines", "BSpline"),
        ("sklearn.neighbors._ball_tree", "BallTree"),
        ("sklearn.neighbors._ball_tree", "BallTree32"),
        ("sklearn.neighbors._ball_tree", "BallTree64"),
        ("sklearn.neighbors._kd_tree", "KDTree"),
        ("sklearn.neighbors._kd_tree", "KDTree32"),
        ("sklearn.neighbors._kd_tree", "KDTree64"),
    ]
)
# Nothing that begins with one of these can be read as names and values.
_NUMBERS = frozenset([int, float, bool, type(None)])
_DICTS = frozenset([Mapping, type(None)])
_KEYWORDS = frozenset([ObjectToken, Mapping])


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the policy says of a scan.

    Attributes:
        findings: Everything found, in the file's order, but code pickled by value before all
            else; empty if all is allowed.
        globals: Every global with its uses, and whether they are allowed.
        members: One report for each stream.
    """

    findings: tuple[Finding, ...]
    globals: tuple[GlobalReport, ...]
    members: tuple[MemberReport, ...]

    def report(self, path: str, sha256: str, size: int, form: str) -> FileReport:
        """The report on the file these findings are about."""
        return FileReport(
            path, sha256, size, form, verdict_of(self.findings),
            self.members, self.globals, self.findings,
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


def judge(scan: Scan, policy: Policy) -> Judgement:
    """Judge a scan by a policy.

    Args:
        scan: A file as scanned.
        policy: The allow-list.

    Returns:
        The judgement. The verdict is ACCEPT exactly if it has no finding but notes.
    """
    findings = list(scan.findings)
    members = []
    # What else is wrong with a file is found as if these packs were on.
    off = lacking(scan.programs, policy)
    policy = policy.with_packs(off.values())
    uses: dict[tuple[str, str], tuple[set[Use], int, bool]] = {}
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
            inspect = _Inspector(policy, refitting=refitting, resources=resources)
            of_member = [
                *program.findings,
                *_judge_program(program, policy, uses, inspect, together),
            ]
        of_member += packs_off(program, off)
        findings += of_member
        form = scan.format if program is scan.programs[0] else "pickle"
        members.append(
            MemberReport(
                program.member, form, verdict_of(of_member), program.opcodes, len(program.arrays)
            )
        )
    code = next((finding for finding in findings if finding.rule == CODE), None)
    if code is not None:
        # All the rest comes down to it.
        findings.insert(0, summary(scan.programs, code))
    if len(findings) > _MAX_FINDINGS:
        # Refusals first: they decide.
        findings = sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)
    globals_ = tuple(
        GlobalReport(
            printable(f"{module}.{name}"),
            tuple(sorted(of_name)),
            offset,
            allowed and (module, name) not in off,
        )
        for (module, name), (of_name, offset, allowed) in uses.items()
    )
    return Judgement(tuple(findings[:_MAX_FINDINGS]), globals_, tuple(members))


def _judge_program(
    program: Program,
    policy: Policy,
    uses: dict[tuple[str, str], tuple[set[Use], int, bool]],
    inspect: _Inspector,
    together: _Together,
) -> list[Finding]:
    findings = []
    for use in program.globals:
        finding = _judge_global(use, policy, program.member)
        key = (use.module, use.name)
        known = uses.get(key, (set(), use.offset, True))
        uses[key] = (known[0] | use.uses, known[1], known[2] and finding is None)
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
        message = "A key of a dict, or a member of a set, is an object that is no plain value."
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
        rule, why = _unknown(use)
        return Finding(rule, f"{printable(use.path)} {why}.", member, use.offset)
    excess = use.uses - entry.uses
    if not excess:
        return None
    if excess == {Use.BUILD}:
        message = f"{printable(use.path)} returns an object that is given a state."
        return Finding("SL104", message, member, use.offset)
    allowed = ", ".join(sorted(entry.uses))
    message = (
        f"{printable(use.path)} is used in a way that is not allowed: "
        f"{', '.join(sorted(excess))} (allowed: {allowed})."
    )
    return Finding("SL102", message, member, use.offset)


def _unknown(use: GlobalUse) -> tuple[str, str]:
    """The rule for a name that is no entry, and the words that help most."""
    if is_code(use.module, use.name):
        return CODE, "rebuilds a function or class from code within the file; it is code"
    if use.module in _SCRIPTS:
        return "SL109", (
            "was defined in a script or notebook, where no other program finds it; "
            "move it to a module that can be imported and dump the model again"
        )
    return "SL101", f"is not on the allow-list (used: {', '.join(sorted(use.uses))})"


def _name(built: ObjectToken) -> str:
    target = built.callable
    return printable(target.path) if isinstance(target, Global) else "A computed callable"


class _Inspector:
    """Judges objects one by one and remembers what it knows of their classes and keys.

    Args:
        policy: The allow-list.
        refitting: Whether the file has what fits while it predicts.
        resources: Whether it has a path or a logger.

    Attributes:
        native: Objects whose native state is to be checked, by the name of the check.
    """

    def __init__(self, policy: Policy, *, refitting: bool, resources: bool) -> None:
        self.native: dict[str, list[ObjectToken]] = {}
        self._policy = policy
        self._refitting = refitting
        self._resources = resources
        self._models = ModelPlaces(policy)
        self._entries: dict[Global, tuple[Entry | None, Rule]] = {}
        # Keys of states that are plain attributes, and where among them those are whose values
        # are looked at.
        self._plain: dict[tuple[str, ...], ValuePlaces] = {}

    def __call__(self, built: ObjectToken) -> list[tuple[str, str]]:
        target = built.callable
        if not isinstance(target, Global):
            return [("SL107", "what is called was itself made by the stream")]
        known = self._entries.get(target)
        if known is None:
            known = self._entries[target] = self._look_up(target)
        entry, rule = known
        if entry is None:
            # Already refused by name; whatever it is given does not matter any more.
            return []
        if entry.native is not None:
            self.native.setdefault(entry.native, []).append(built)
        problems = []
        reason = rule(built)
        if reason is not None:
            problems.append(("SL103", reason))
        if built.items and target.module != "collections":
            # Some dictionaries answer for attributes with their items.
            reasons = map(_dunder, map(text_of, built.items))
            problems += [("SL105", reason) for reason in reasons if reason]
        if built.states:
            # Most states have the keys of one before, and many have none whose value matters.
            places = self._known(built.states[0]) if len(built.states) == 1 else None
            if places is None:
                problems += [("SL105", reason) for reason in self._states(built, entry)]
            if places != []:
                problems += value_problems(built, target, self._known)
            problems += [("SL103", reason) for reason in self._held(built, entry) if reason]
        return problems

    def _held(self, built: ObjectToken, entry: Entry) -> list[str | None]:
        """What more is asked of a state, whatever the class."""
        reasons = [self._models.misplaced(built)]
        if self._resources:
            reasons.append(resource_problem(built, entry.resources))
        if self._refitting:
            reasons.append(keeps_pickles(built))
        return reasons

    def _look_up(self, target: Global) -> tuple[Entry | None, Rule]:
        entry = self._policy.get(target.module, target.name)
        return entry, RULES[entry.rule] if entry is not None and entry.rule else _without_rule

    def _states(self, built: ObjectToken, entry: Entry) -> Iterator[str]:
        if len(built.states) > 1:
            yield "it is given a state twice"
        for state in built.states:
            if type(state) is not Mapping and entry.rule in OWN_STATES:
                # The rule has judged it.
                continue
            reason = self._state(built, state)
            if reason is not None:
                yield reason

    def _state(self, built: ObjectToken, state: Token) -> str | None:
        """Why a state may not be given, or None.

        A dict becomes attributes, and so do the two dicts of a pair (the second through
        ``setattr``). Any other form goes to ``__setstate__``, which may make attributes of a list
        of pairs or call the methods of an object in the place of a dict: only code that was
        written for what it is given gets that.
        """
        if type(state) is Mapping:
            return self._keys(state)
        if type(state) is tuple and (
            _takes_tuple(built)
            or (len(state) == 2 and _DICTS.issuperset(map(type, state)))
            or type(next(iter(state), None)) in _NUMBERS
        ):
            if ObjectToken in map(type, state) and any(map(self._is_dict, state)):
                return "its state has a dictionary of another class in the place of a dict"
            # The fields of a dtype are no attributes, whatever their names are.
            dicts = () if built.is_of("numpy", "dtype") else state
            reasons = (self._keys(part) for part in dicts if type(part) is Mapping)
            return next(filter(None, reasons), None)
        return "its state is no dict"

    def _is_dict(self, part: Token) -> bool:
        """Whether an object may be of a class of dicts, whose items Python takes for attributes."""
        target = part.callable if type(part) is ObjectToken else None
        if type(target) is not Global:
            return False
        entry = self._policy.get(target.module, target.name)
        return entry is not None and (Use.FILL in entry.uses or entry.rule in FILLED_BY_CALL)

    def _known(self, state: Token) -> ValuePlaces | None:
        """Where a state of plain attributes has values to look at; None for any other."""
        try:
            return self._plain.get(state.form) if type(state) is Mapping else None
        except TypeError:
            # No dict has a list for a key, but the file may say so.
            return None

    def _keys(self, state: Mapping) -> str | None:
        keys = state.form
        if not _STRINGS.issuperset(map(type, keys)):
            return "an attribute's name is no string"
        if keys in self._plain:
            return None
        if max(map(len, keys), default=0) > LONGEST_NAME:
            return "an attribute's name is longer than any library has"
        if len(set(keys)) < len(keys):
            # Which of the two counts, and when, nobody has to find out: no writer does this.
            return "an attribute is set twice"
        for place in [place for place, key in enumerate(keys) if key.startswith("_")]:
            key, value = keys[place], state.pairs[2 * place + 1]
            if key in _LABELS and (value is None or type(value) is str):
                continue
            reason = _dunder(key)
            if reason is not None:
                return reason
        if _LABELS.isdisjoint(keys):
            self._plain[keys] = looked_at(keys)
        return None


def _dunder(key: Token) -> str | None:
    """Why an attribute of this name may not be set, or None.

    Names with double underscores are Python's own; the others are run by notebooks to show an
    object.
    """
    if type(key) is not str or not key.startswith("_"):
        return None
    if (key.startswith("__") and key.endswith("__")) or key.startswith(_SHOWN):
        return f"it sets {printable(key)}"
    return None


def _takes_tuple(built: ObjectToken) -> bool:
    """Whether the state of an object may be a tuple of anything: its class looks into it."""
    target = built.callable
    return built.use is Use.CALL or (target.module, target.name) in _TUPLES


def _without_rule(built: ObjectToken) -> str | None:
    """What is asked of an object whose entry has no rule."""
    pay_for_parts(built, _WITHOUT_RULE)
    if built.use is Use.CONSTRUCT and (built.args != () or not _is_empty(built.kwargs)):
        return "it is constructed with arguments"
    return None


def _is_empty(kwargs: Token) -> bool:
    return kwargs is None or (isinstance(kwargs, Mapping) and not kwargs)
