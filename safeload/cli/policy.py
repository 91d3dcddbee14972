"""Propose, show and check policy files: which names a model file may use, and what for.

A team's own classes are added to the allow-lists by a policy file, which every verb takes as
--policy. 'learn' proposes one from legitimate models, 'check' looks one through, 'show' says what
is allowed, 'packs' which lists ship with safeload and which of them are on.

Trust: models are not run. Names from them are shown as printable ASCII, those of policy files with
everything escaped that a terminal obeys.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from safeload.cli.answer import Answer, add_answer_option, status_of
from safeload.cli.destination import Destination, add_output_option, candidates_beside
from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import note, plain
from safeload.cli.policy_options import add_policy_options
from safeload.cli.progress import shown
from safeload.errors import UsageError, printable

if TYPE_CHECKING:
    from safeload.auditing.walk import Candidate
    from safeload.policy.team.learn import Proposal
    from safeload.policy.team.review import Issue
    from safeload.report.outline import Line

__all__ = ["add_arguments", "run"]

_LEARN = """\
Propose the entries that a team's models need beyond the allow-lists, as a policy file for a person
to read. Nothing is imported or run.

RUN THIS ONLY ON MODELS THAT YOU TRUST, and read every line of what comes out: a file asks for
whatever its author liked, and an entry that you add may then run in every process that loads a
model under the policy. Known gadgets, code and names from __main__ are never proposed; calls and
names that deserve a second look are written as comments. No list knows all that is dangerous.

exit codes: 0 every model is accepted with what is proposed, 1 some model is not, 2 usage, 3 some
file was not read, or there was no model"""
_SHOW = """\
Show what the allow-lists, and a policy file if one is given, allow: for names, for a library, or in
all. Each use is shown with its argument rule, its reason and the list or file that allows it.

exit codes: 0 all names are on the list, 1 a name is not, 2 usage"""
_PACKS = """\
List the allow-lists that ship with safeload. Those that are off by default name libraries whose
state is not checked in full: a file that needs one is not decided. --pack, or packs = ["NAME"] in a
policy file, switches one on; a signed model uses those that its signer used.

exit codes: 0 always, 2 usage"""
_CHECK = """\
Look through a team's policy files: form, unknown uses and rules, reasons that nobody gave, entries
that are on them already, names that are dangerous, calls without a rule; and functions of
Python's own that act without the seal seeing it (docs/seal.md), by a table that knows no others.

Whether a name exists, is a module, or stands for something else under another name is known only to
Python: --import imports the modules that the file names, WHICH RUNS THEIR CODE, from where Python
finds modules (PYTHONPATH, not the current folder). Without it, nothing is imported.

exit codes: 0 nothing but notes, 1 something should not stand there, 2 not a policy, 3 something a
person has to decide"""
_FINDINGS = {"error": 1, "warning": 3, "note": 0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``policy`` takes."""
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="policy_verb", required=True)

    def verb(name: str, summary: str, described: str) -> argparse.ArgumentParser:
        return verbs.add_parser(
            name,
            help=summary,
            description=described,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    learn = verb("learn", "propose entries for the models of a team", _LEARN)
    learn.add_argument("models", nargs="+", metavar="MODEL", help="models, and folders of models")
    add_policy_options(learn, policy_help="a policy file that is in use already")
    add_output_option(learn, "-o", what="proposal")
    add_limit_option(learn)
    add_answer_option(learn, "policy learn")
    learn.add_argument("--force", action="store_true", help="replace FILE if it exists")

    show = verb("show", "say what is allowed, what for, why, and by which list", _SHOW)
    show.add_argument("names", nargs="*", metavar="NAME", help="as in sklearn.pipeline.Pipeline")
    show.add_argument("--library", metavar="L", help="a library, as in scikit-learn, or a FILE")
    add_policy_options(show)
    add_answer_option(show, "policy show")

    packs = verb("packs", "say which allow-lists ship with safeload, which are on, and why", _PACKS)
    add_policy_options(packs)
    add_answer_option(packs, "policy packs")

    check = verb("check", "look through a team's policy files", _CHECK)
    check.add_argument("files", nargs="+", metavar="FILE", help="policy files")
    check.add_argument(
        "--import",
        action="store_true",
        dest="importing",
        help="import the modules named, which runs their code, to see what the names stand for",
    )
    add_answer_option(check, "policy check")


def run(options: argparse.Namespace) -> int:
    """Run the verb that was asked for."""
    verbs = {"learn": _learn, "show": _show, "packs": _packs, "check": _check}
    return verbs[options.policy_verb](options)


# -- learn -----------------------------------------------------------------------------------------


def _learn(options: argparse.Namespace) -> int:
    from safeload.auditing.learning import learn
    from safeload.report.proposal import as_toml

    limits = limits_of(options)
    destination = None if options.output is None else _destination(options)
    proposal = learn(
        *options.models,
        policy=options.policy,
        packs=options.packs,
        limits=limits,
        progress=lambda candidates: _with_bar(candidates_beside(destination, candidates, limits)),
    )
    text, answer = as_toml(proposal), options.answer
    answer.tell(proposal=text, output=options.output)
    if destination is not None:
        destination.write(text.encode("ascii"))
    elif not answer.as_json:
        print(text, end="")
    return _learnt(proposal, answer)


def _with_bar(found: list[Candidate]) -> Iterator[Candidate]:
    with shown("Learning", total=len(found)) as advance:
        for candidate in found:
            yield candidate
            advance(1)


def _learnt(proposal: Proposal, answer: Answer) -> int:
    """Say what became of each model, and make an exit code of it."""
    from safeload.policy.team.learn import Outcome
    from safeload.report.json import finding_document

    refused = {Outcome.HELD, Outcome.REFUSED, Outcome.WITHHELD}
    for lesson in proposal.lessons:
        note(f"{lesson.path}: {lesson.outcome.value}")
        code = 1 if lesson.outcome in refused else 3 if lesson.outcome is Outcome.UNREAD else 0
        answer.add(
            lesson.path,
            status_of(code),
            outcome=lesson.outcome.name.lower(),
            findings=[finding_document(finding) for finding in lesson.obstacles],
        )
    if not proposal.lessons:
        note("No model was found.")
        return 3
    if proposal.entries or proposal.held or proposal.packs:
        note("Read every line of the proposal before you use it.")
    return answer.exit_code


def _destination(options: argparse.Namespace) -> Destination:
    """Say before the work, not after it, that its result has no place."""
    destination = Destination(options.output, noun="proposal", replacing=options.force)
    if options.policy is not None and destination.is_file(options.policy):
        raise UsageError(
            "The proposal holds only what is missing from the policy file it would replace.",
            code="output-is-policy",
            hint="Write it to another file, read it, and add what you want by hand.",
        )
    destination.require_none_of(options.models)
    destination.require_replaceable()
    return destination


# -- show ------------------------------------------------------------------------------------------


def _show(options: argparse.Namespace) -> int:
    from safeload.policy.policy import policy_text
    from safeload.policy.team.catalogue import Catalogue
    from safeload.report.console import print_lines
    from safeload.report.entries import as_document, chosen_of, lines_of

    text = None if options.policy is None else policy_text(options.policy)
    catalogue = Catalogue(text, str(options.policy), packs=options.packs)
    if options.library is not None and not catalogue.of_library(options.library):
        raise UsageError(
            "There is no such library.",
            code="library-unknown",
            hint=f"There are: {', '.join(catalogue.libraries())}; --pack switches on others.",
        )
    chosen = chosen_of(catalogue, options.names, options.library)
    code = 1 if chosen.unknown else 0
    answer: Answer = options.answer
    answer.add(options.policy, status_of(code, "shown"), **as_document(chosen))
    if not answer.as_json:
        print_lines(map(_indented, lines_of(catalogue, chosen, in_full=bool(options.names))))
    return code


def _indented(text: str) -> Line:
    from rich.text import Text

    from safeload.report.outline import Line

    words = text.lstrip(" ")
    return Line(Text(), Text(plain(words)), len(text) - len(words))


# -- packs -----------------------------------------------------------------------------------------


def _packs(options: argparse.Namespace) -> int:
    from safeload.policy.policy import Policy
    from safeload.report.console import print_lines
    from safeload.report.packs import as_document, lines_of

    policy = Policy.of(options.policy, packs=options.packs)
    answer: Answer = options.answer
    answer.add(options.policy, "shown", packs=as_document(policy))
    if not answer.as_json:
        print_lines(map(_indented, lines_of(policy)))
    return 0


# -- check -----------------------------------------------------------------------------------------


def _check(options: argparse.Namespace) -> int:
    answer: Answer = options.answer
    for name in options.files:
        with answer.about(name):
            _check_file(name, answer, importing=options.importing)
    if not options.importing:
        note("Not checked, as nothing was imported: whether the names exist (--import).")
    return next((code for code in (2, 1, 3) if code in answer.codes), 0)


def _check_file(path: str, answer: Answer, *, importing: bool) -> None:
    from safeload.policy.policy import policy_text
    from safeload.policy.team.review import own_entries, review
    from safeload.report.console import print_lines

    text = policy_text(path)
    issues = list(review(text, path, importing=importing))
    entries = own_entries(text, path)
    if importing:
        from safeload.policy.team.existence import examine

        with shown("Importing", total=len(entries)) as advance:
            for (module, name), entry in sorted(entries.items()):
                issues += examine(module, name, entry)
                advance(1)
    codes = {_FINDINGS[issue.severity.value] for issue in issues}
    code = next((code for code in (1, 3) if code in codes), 0)
    documents = [_document(issue) for issue in issues]
    answer.add(path, status_of(code), names=len(entries), issues=documents)
    answer.say(f"{path}: {_count(len(entries), 'name')}, {_count(len(issues), 'issue')}")
    if not answer.as_json:
        print_lines(map(_line, issues))


def _document(issue: Issue) -> dict[str, str]:
    """One issue as JSON types."""
    return {
        "severity": issue.severity.value,
        "subject": printable(issue.subject),
        "message": issue.message,
    }


def _line(issue: Issue) -> Line:
    from rich.text import Text

    from safeload.report.outline import Line

    return Line(
        Text(f"{issue.severity.value}: "), Text(plain(f"{issue.subject} {issue.message}")), 2
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
