"""A proposal as a policy file: entries in TOML, and in comments what is not proposed and why.

What could be taken in by hand is TOML behind a bare ``#``; words for people follow ``# ``.

Trust: paths and names are hostile. Only names of ASCII letters, digits, underscores and dots become
TOML; everything else is escaped, cut, and stands in comments.
"""

from __future__ import annotations

import json
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from safeload import __version__
from safeload.errors import printable
from safeload.policy.callables.kinds import KINDS
from safeload.policy.packs import shipped_packs
from safeload.policy.team.learn import Lesson, Need, Outcome, Proposal, Refusal
from safeload.policy.team.review import UNFILLED
from safeload.report.leading import leading
from safeload.scan.program import Use

__all__ = ["as_toml"]

# What a person has to ask about each use, and the beginning of the reason to fill in.
_QUESTIONS = {
    Use.CONSTRUCT: "created without calling __init__, and given attributes. If it has its own "
    "__setstate__, which no file shows, that is called instead, with a state that the file chose",
    Use.CALL: "called while the file loads, with arguments that the file chose: an enumeration, a "
    "function, or a class with a __reduce__ of its own",
    Use.BUILD: "what the call returns is given a state that the file chose",
    Use.FILL: "given items while the file loads, by its append, extend, add or __setitem__",
    Use.REFERENCE: "kept as a value, as a type that nothing calls",
}
_CALLED = (
    "kept, and called at every prediction with what the model is given. The kind is read off from "
    "where it is kept; check that it takes and gives nothing else. A parameter that a file may set "
    "has to be added by hand, with its type and bounds"
)
_ADVICE = {
    "SL103": "an argument rule of the built-in allow-lists stays as it is",
    "SL105": "let its __getstate__ return a plain dict of attributes, and dump the model again",
}
# What is said of names, the list of names says already.
_NAMES = frozenset(["SL101", "SL102", "SL109"])
_SENTENCES_SHOWN = 50
_WIDTH = 100
_PATHS = 3
_PATH = 80


def as_toml(proposal: Proposal) -> str:
    """The proposal as the text of a policy file.

    Args:
        proposal: What models need.

    Returns:
        ASCII text; a policy that allows what is proposed, and nothing of what is commented out.
    """
    lines = [*_head(proposal), *_packs(proposal.packs), *_groups(proposal.entries, mark="")]
    if proposal.held:
        lines += [
            "",
            "# ---- Not proposed, but possible. Read the code of each name; to take it in, delete",
            "# the '#' that stands directly before a line of its group.",
            *_groups(proposal.held, mark="#"),
        ]
    if proposal.refusals:
        lines += ["", "# ---- Not proposed:", *_cut(_refusals(proposal.refusals))]
    obstacles = _cut(_obstacles(proposal.lessons))
    if obstacles:
        lines += ["", "# ---- What no entry changes:", *obstacles]
    return "\n".join(lines) + "\n"


def _head(proposal: Proposal) -> Iterator[str]:
    yield f"# Proposed by 'safeload policy learn' {__version__}. A PERSON HAS TO READ THIS."
    yield "# Each name below may run in every process that loads a model under this file. Read its"
    yield "# code, write into 'reason' why it is there, delete what you do not know, and then run"
    yield "# 'safeload policy check --import' on this file."
    yield "# Only models that you trust may be learnt from: a third party's file asks for what the"
    yield "# third party likes. Nothing was imported; all of this is said from the files alone."
    yield "#"
    counts: dict[Outcome, int] = defaultdict(int)
    for lesson in proposal.lessons:
        counts[lesson.outcome] += 1
    for outcome, count in counts.items():
        yield f"# {count} of {len(proposal.lessons)} models: {outcome.value}"


def _packs(packs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The packs to switch on, each with the reason why it is off by default."""
    if not packs:
        return
    yield ""
    for name, models in packs.items():
        why = shipped_packs()[name].why
        yield from _wrapped(f"{name}, in {_paths(models)}: off by default because {why}.")
    yield "# To switch them on, delete the '#' that stands directly before the line below."
    yield f"#packs = {json.dumps(list(packs))}"


def _groups(needs: Iterable[Need], *, mark: str) -> Iterator[str]:
    """Groups of names of the same uses and rule, each name with the models that need it."""
    groups: dict[tuple[tuple[Use, ...], str, tuple[str, ...]], list[Need]] = defaultdict(list)
    for need in needs:
        uses = tuple(use for use in _QUESTIONS if use in need.uses)
        groups[uses, need.rule or "", need.kinds].append(need)
    for (uses, rule, kinds), members in sorted(groups.items()):
        yield ""
        yield from _questions(uses, kinds)
        for need in members:
            if need.doubt:
                yield from _wrapped(f"{need.module}.{need.name} {need.doubt}.")
        table = "callable" if kinds else "group"
        unfilled = f'"{UNFILLED}: what these are, and who has read them"'
        yield f"{mark}[[{table}]]"
        if kinds:
            yield f"{mark}evidence = {unfilled}"
            yield f"{mark}kind = {json.dumps(list(kinds) if len(kinds) > 1 else kinds[0])}"
        else:
            yield f"{mark}reason = {unfilled}"
            yield f"{mark}uses = {json.dumps([str(use) for use in uses])}"
        if rule:
            yield f"{mark}rule = {json.dumps(rule)}"
        yield f"{mark}[{table}.names]"
        yield from _names(members, mark)


def _questions(uses: Iterable[Use], kinds: Iterable[str]) -> Iterator[str]:
    """What a person has to ask about each use, or about each kind of callable."""
    for kind in kinds:
        yield from _wrapped(f"callable, {kind} ({KINDS[kind]}): {_CALLED}.")
    for use in () if kinds else uses:
        yield from _wrapped(f"{use}: {_QUESTIONS[use]}.")


def _names(members: Iterable[Need], mark: str) -> Iterator[str]:
    """Names by module, each with the models that need it."""
    modules: dict[str, list[Need]] = defaultdict(list)
    for need in members:
        modules[need.module].append(need)
    for module, of_module in sorted(modules.items()):
        yield f"{mark}{json.dumps(module)} = ["
        # Behind the bare '#' nothing is indented, so that it is told from words.
        indent = mark or "    "
        for need in of_module:
            remarks = "; ".join([f"in {_paths(need.models)}", *need.remarks])
            yield f"{indent}{json.dumps(need.name)},  # {remarks}"
        yield f"{mark}]"


def _refusals(refusals: Iterable[Refusal]) -> Iterator[str]:
    """Each name once for each reason, with all its uses and the models it is in."""
    names: dict[tuple[str, str, str], list[Refusal]] = defaultdict(list)
    for refusal in refusals:
        names[refusal.module, refusal.name, refusal.reason].append(refusal)
    for (module, name, reason), of_name in names.items():
        uses = ", ".join(sorted({use for refusal in of_name for use in refusal.uses}))
        models = _paths([refusal.model for refusal in of_name])
        yield f"{printable(f'{module}.{name}')} ({uses}; in {models}) {reason}."


def _obstacles(lessons: Iterable[Lesson]) -> Iterator[str]:
    for lesson in lessons:
        for finding in leading(lesson.obstacles):
            if finding.rule not in _NAMES:
                advice = f" ({_ADVICE[finding.rule]})" if finding.rule in _ADVICE else ""
                message = printable(finding.message, limit=300)
                yield f"{_path(lesson.path)}: {finding.rule}: {message}{advice}"


def _cut(sentences: Iterable[str]) -> list[str]:
    """Comments, of which there are not so many that nobody reads them."""
    every = list(sentences)
    more = len(every) - _SENTENCES_SHOWN
    lines = [line for sentence in every[:_SENTENCES_SHOWN] for line in _wrapped(sentence)]
    return [*lines, f"# ... and {more} more"] if more > 0 else lines


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(
        sentence, _WIDTH, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False
    )


def _paths(paths: Sequence[str]) -> str:
    more = len(paths) - _PATHS
    shown = ", ".join(map(_path, paths[:_PATHS]))
    return f"{shown} and {more} more" if more > 0 else shown


def _path(path: str) -> str:
    return printable(path, limit=_PATH)
