"""Say whose signatures are accepted for which models, and whose the files are that decide it.

A trust file (docs/trust.md) lists who may sign what, from when until when. Edits keep comments and
order, replace the file at once, and wait for each other; a file that others may write to is neither
read nor edited. Without a file, the one in your configuration directory is meant.
"""

from __future__ import annotations

import argparse
from functools import partial

from safeload.cli.limits import add_limit_option
from safeload.cli.parser import add_format_option

__all__ = ["add_arguments", "run"]

_CODES = "exit codes: 0 done, 1 a model to keep is not accepted, 2 usage"
_INIT = """\
Begin a trust file in which nobody is trusted yet."""
_ADD = """\
Add a signer, or begin a trust file with it: whoever has the private key of --public, a certificate
for --identity that chains to --roots, or an --identity that sigstore vouches for, by the word of an
--issuer."""
_REVOKE = """\
Accept a key, a statement or a model file no more, whoever signed it. A stolen key is revoked: what
it signed before is not accepted either, as nobody can say when it was signed."""
_RETIRE = """\
Trust a signer with the statements about some models alone: nothing new is accepted of it, and what
is in use stays in use. The models to keep are verified first."""
_SHOW = """\
Show who may sign what, from when until when, and what is demanded of models."""
_CHECK = """\
Say of each folder and link on the way to a file, and of the file, whose it is, what its mode is and
what is wrong with it. A file that somebody besides you and root could have put there is not
believed; this says which step is in the way, and how to fix it. Then the file is read, and what it
says is shown.

exit codes: 0 all is well, 1 an owner or a mode is not, 2 a file is missing or is not what it should
be"""
_FILE_HELP = "the trust file (default: the one in your configuration directory)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``trust`` takes."""
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="trust_verb", required=True)
    _verb(verbs, "init", "begin a trust file", _INIT).add_argument(
        "file", nargs="?", metavar="FILE", help=_FILE_HELP
    )
    _add_add(verbs)
    _add_revoke(verbs)
    _add_retire(verbs)
    show = _verb(verbs, "show", "show who may sign what until when", _SHOW)
    show.add_argument("file", nargs="?", metavar="FILE", help=_FILE_HELP)
    add_format_option(show)
    _add_check(verbs)


def run(options: argparse.Namespace) -> int:
    """Run the verb that was asked for."""
    if options.trust_verb == "check":
        from safeload.cli.trust_check import check

        return check(options)
    if options.trust_verb == "show":
        from safeload.cli.trust_show import show

        return show(options)
    from safeload.cli.trust_edit import EDITS

    return EDITS[options.trust_verb](options)


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    description: str,
) -> argparse.ArgumentParser:
    return verbs.add_parser(
        name,
        help=summary,
        description=description,
        epilog=None if "exit codes" in description else _CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _add_add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    add = _verb(verbs, "add", "add a signer", _ADD)
    add.add_argument("name", metavar="NAME", help="who signs")
    add.add_argument(
        "--models",
        nargs="+",
        action="extend",
        required=True,
        metavar="GLOB",
        help="names of models that the signer may sign, with * and ?",
    )
    add.add_argument(
        "--public",
        metavar="FILE",
        help="a public key: PEM, or a line as ssh-keygen writes it",
    )
    add.add_argument("--roots", metavar="FILE", help="certificates of authorities, PEM")
    add.add_argument(
        "--identity", metavar="TEXT", help="the subject alternative name of the certificate"
    )
    add.add_argument("--issuer", metavar="URL", help="who says that it is this identity")
    add.add_argument(
        "--trusted-root", metavar="FILE", help="sigstore's pinned keys; stays where it is"
    )
    add.add_argument("--not-before", metavar="DATE", help="when trust begins")
    add.add_argument("--not-after", metavar="DATE", help="when trust ends")
    add.add_argument("--trust", metavar="FILE", help=_FILE_HELP)
    add.set_defaults(check=partial(_check_add, add))


def _check_add(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    given = {
        option
        for option in ("public", "roots", "identity", "issuer", "trusted_root")
        if getattr(options, option) is not None
    }
    forms = ({"public"}, {"roots", "identity"}, {"identity", "issuer", "trusted_root"})
    if given not in forms:
        parser.error(
            "give --public; or --roots and --identity; or --identity, --issuer and --trusted-root"
        )


def _add_revoke(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    revoke = _verb(verbs, "revoke", "accept something no more", _REVOKE)
    for option, metavar, what in (
        ("--key", "NAME", "a key of the trust file, by its name, or a key id"),
        ("--payload", "SHA256", "a signed statement: its SHA-256, or the bundle that it is in"),
        ("--file", "SHA256", "a model file: its SHA-256, or the file"),
    ):
        revoke.add_argument(
            option, nargs="+", action="extend", default=[], metavar=metavar, help=what
        )
    revoke.add_argument("--reason", metavar="TEXT", help="a comment in the trust file")
    revoke.add_argument("--trust", metavar="FILE", help=_FILE_HELP)
    revoke.set_defaults(check=partial(_check_revoke, revoke))


def _check_revoke(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if not (options.key or options.payload or options.file):
        parser.error("give --key, --payload or --file")


def _add_retire(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    retire = _verb(verbs, "retire", "accept nothing new of a signer", _RETIRE)
    retire.add_argument("name", metavar="NAME", help="the signer")
    retire.add_argument(
        "--keep",
        nargs="+",
        action="extend",
        default=[],
        metavar="MODEL",
        help="a model whose signature is still accepted; its bundle lies beside it",
    )
    retire.add_argument(
        "--payload",
        nargs="+",
        action="extend",
        default=[],
        metavar="SHA256",
        help="the same, by the SHA-256 of the statement",
    )
    retire.add_argument("--trust", metavar="FILE", help=_FILE_HELP)
    add_limit_option(retire)


def _add_check(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = _verb(verbs, "check", "explain step by step who could have written a file", _CHECK)
    check.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="a trust file (default: the one in your configuration directory)",
    )
    check.add_argument(
        "--key", action="append", default=[], metavar="FILE", help="a private key; may be repeated"
    )
    check.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="FILE",
        help="a policy file; may be repeated",
    )
