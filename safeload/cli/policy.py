"""Propose, show and check policy files: which names a model file may use, and what for.

A team's own classes are added to the packs by a policy file, which every verb takes as --policy.
'learn' proposes one from legitimate models, 'check' looks one through, 'show' says what is allowed,
'packs' which lists ship with safeload and which of them are on.

Trust: models are not run. Names from them are shown as printable ASCII, those of policy files with
everything escaped that a terminal obeys.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from safeload.cli.destination import Destination, add_output_option, candidates_beside
from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import note, plain, show_error
from safeload.cli.policy_options import add_policy_options
from safeload.cli.progress import shown
from safeload.errors import UsageError

if TYPE_CHECKING:
    from safeload.auditing.walk import Candidate
    from safeload.policy.team.learn import Proposal
    from safeload.policy.team.review import Remark

__all__ = ["add_arguments", "run"]

_LEARN = """\
Propose the entries that a team's models need beyond the packs, as a policy file for a person to
read. Nothing is imported or run.

RUN THIS ONLY ON MODELS THAT YOU TRUST, and read every line of what comes out: a file asks for
whatever its author liked, and an entry that you add may then run in every process that loads a
model under the policy. Known gadgets, code and names from __main__ are never proposed; calls and
names that deserve a second look are written as comments. No list knows all that is dangerous.

exit codes: 0 every model is accepted with what is proposed, 1 some model is not, 2 usage, 3 some
file was not read, or there was no model"""
_SHOW = """\
Show what the packs, and a policy file if one is given, allow: for names, for a library, or in all.
Each use is shown with its argument rule, its reason and the pack or file that allows it.

exit codes: 0 all names are on the list, 1 a name is not, 2 usage"""
_PACKS = """\
List the packs that ship with safeload. Those that are off by default name libraries whose state is
not checked in full: a file that needs one is not decided. --pack, or packs = ["NAME"] in a policy
file, switches one on; a signed model uses those that its signer used.

exit codes: 0 always, 2 usage"""
_CHECK = """\
Look through a team's policy files: form, unknown uses and rules, reasons that nobody gave, entries
that are in the packs already, names that are dangerous, calls without a rule; and functions of
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
    learn.add_argument("--force", action="store_true", help="replace FILE if it exists")

    show = verb("show", "say what is allowed, what for, why, and by which list", _SHOW)
    show.add_argument("names", nargs="*", metavar="NAME", help="as in sklearn.pipeline.Pipeline")
    show.add_argument("--library", metavar="L", help="a library, as in scikit-learn, or a FILE")
    add_policy_options(show)
    _add_format(show)

    packs = verb("packs", "say which packs there are, which are on, and why", _PACKS)
    add_policy_options(packs)
    _add_format(packs)

    check = verb("check", "look through a team's policy files", _CHECK)
    check.add_argument("files", nargs="+", metavar="FILE", help="policy files")
    check.add_argument(
        "--import",
        action="store_true",
        dest="importing",
        help="import the modules named, which runs their code, to see what the names stand for",
    )


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        choices=["console", "json"],
        default="console",
        help="for people, or for programs (default: console)",
    )


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
    text = as_toml(proposal)
    if destination is None:
        print(text, end="")
    else:
        destination.write(text.encode("ascii"))
    return _learnt(proposal)


def _with_bar(found: list[Candidate]) -> Iterator[Candidate]:
    with shown("Learning", total=len(found)) as advance:
        for candidate in found:
            yield candidate
            advance(1)


def _learnt(proposal: Proposal) -> int:
    """Say on stderr what became of each model, and make an exit code of it."""
    from safeload.policy.team.learn import Outcome

    for lesson in proposal.lessons:
        note(f"{lesson.path}: {lesson.outcome.value}")
    if not proposal.lessons:
        note("No model was found.")
        return 3
    if proposal.entries or proposal.held or proposal.packs:
        note("Read every line of the proposal before you use it.")
    outcomes = {lesson.outcome for lesson in proposal.lessons}
    if outcomes & {Outcome.HELD, Outcome.REFUSED, Outcome.WITHHELD}:
        return 1
    return 3 if Outcome.UNREAD in outcomes else 0


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
    from safeload.report.entries import as_json, chosen_of, lines_of

    text = None if options.policy is None else policy_text(options.policy)
    catalogue = Catalogue(text, str(options.policy), packs=options.packs)
    if options.library is not None and not catalogue.of_library(options.library):
        raise UsageError(
            "There is no such library.",
            code="library-unknown",
            hint=f"There are: {', '.join(catalogue.libraries())}; --pack switches on others.",
        )
    chosen = chosen_of(catalogue, options.names, options.library)
    if options.format == "json":
        print(as_json(chosen))
    else:
        for line in lines_of(catalogue, chosen, in_full=bool(options.names)):
            print(plain(line))
    return 1 if chosen.unknown else 0


# -- packs -----------------------------------------------------------------------------------------


def _packs(options: argparse.Namespace) -> int:
    from safeload.policy.policy import Policy
    from safeload.report.packs import as_json, lines_of

    policy = Policy.of(options.policy, packs=options.packs)
    if options.format == "json":
        print(as_json(policy))
    else:
        for line in lines_of(policy):
            print(plain(line))
    return 0


# -- check -----------------------------------------------------------------------------------------


def _check(options: argparse.Namespace) -> int:
    codes = {_check_file(name, importing=options.importing) for name in options.files}
    if not options.importing:
        note("Not checked, as nothing was imported: whether the names exist (--import).")
    return next((code for code in (2, 1, 3) if code in codes), 0)


def _check_file(path: str, *, importing: bool) -> int:
    from safeload.policy.policy import policy_text
    from safeload.policy.team.review import own_entries, review

    try:
        text = policy_text(path)
        remarks = list(review(text, path, importing=importing))
    except UsageError as error:
        # The other files are looked through all the same.
        show_error(error)
        return error.exit_code
    entries = own_entries(text, path)
    if importing:
        from safeload.policy.team.existence import examine

        with shown("Importing", total=len(entries)) as advance:
            for (module, name), entry in sorted(entries.items()):
                remarks += examine(module, name, entry)
                advance(1)
    print(plain(f"{path}: {_count(len(entries), 'name')}, {_count(len(remarks), 'issue')}"))
    for remark in remarks:
        print(plain(_line(remark)))
    codes = {_FINDINGS[remark.severity.value] for remark in remarks}
    return next((code for code in (1, 3) if code in codes), 0)


def _line(remark: Remark) -> str:
    return f"  {remark.severity.value}: {remark.subject} {remark.message}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
