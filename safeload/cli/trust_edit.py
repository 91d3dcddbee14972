"""``safeload trust init``, ``add``, ``revoke`` and ``retire``: arguments become an edit.

Trust: arguments are the user's own. A bundle that is revoked by its path is read and not believed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from safeload.arguments import as_path
from safeload.artefact import open_regular
from safeload.cli.facts import moment_of
from safeload.cli.limits import limits_of
from safeload.cli.output import note, plain
from safeload.errors import TrustError, UsageError, printable

__all__ = ["EDITS"]

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SMALL = 1024 * 1024


def _init(options: argparse.Namespace) -> int:
    from safeload.trust.editing import begin

    print(plain(str(begin(options.file))))
    return 0


def _add(options: argparse.Namespace) -> int:
    from safeload.trust.editing import add_signer
    from safeload.trust.keys import VerifyingKey
    from safeload.trust.trustfile import TrustFile

    begins, ends = _moment(options, "not_before"), _moment(options, "not_after")
    if options.public is not None:
        key = VerifyingKey.from_text(_text_of(options.public, "public key"))
        where = TrustFile.add(
            options.trust,
            name=options.name,
            key=key,
            models=options.models,
            not_before=begins,
            not_after=ends,
        )
        by = f"with {key.key_type} {key.key_id}"
    else:
        kind, entries = "certificates", {"identity": options.identity}
        if options.roots is not None:
            entries["roots"] = _text_of(options.roots, "roots").strip() + "\n"
        else:
            kind = "identities"
            root = os.path.abspath(as_path(options.trusted_root, "trusted root"))  # noqa: PTH100
            entries |= {"issuer": options.issuer, "trusted_root": root}
        where = add_signer(
            options.trust,
            kind=kind,
            name=options.name,
            entries=entries,
            models=options.models,
            not_before=begins,
            not_after=ends,
        )
        by = f"as {options.identity}"
    note(f"{options.name} may sign {', '.join(options.models)} {by}")
    print(plain(str(where)))
    return 0


def _revoke(options: argparse.Namespace) -> int:
    from safeload.trust.editing import revoke

    where, added = revoke(
        options.trust,
        keys=options.key,
        payloads=[_payload_of(text) for text in options.payload],
        files=[_digest_of(text) for text in options.file],
        reason=options.reason,
    )
    for kind, items in (
        ("key", added.keys),
        ("statement", added.payloads),
        ("file", added.files),
    ):
        for item in sorted(items):
            note(f"revoked: {kind} {item}")
    print(plain(str(where)))
    return 0


def _retire(options: argparse.Namespace) -> int:
    from safeload.gate import verify
    from safeload.trust.editing import retire

    only, limits = list(options.payload), limits_of(options)
    for digest in only:
        if not _SHA256.fullmatch(digest):
            raise UsageError(
                "This is not a SHA-256.",
                code="digest-malformed",
                hint="Give 64 lower-case hex digits, as 'safeload verify' shows them.",
            )
    for model in options.keep:
        verified = verify(model, trust=options.trust, limits=limits)
        if options.name not in verified.signers:
            raise TrustError(
                f"{printable(str(model))!r} was signed by {' and '.join(verified.signers)}.",
                code="signer-another",
                hint="Keep models that the signer has signed; others stay in use anyway.",
            )
        only.append(verified.manifest.payload_sha256)
        note(f"kept: {model}, statement {verified.manifest.payload_sha256}")
    where, retired = retire(options.trust, name=options.name, only=only)
    kept = len(retired.only or ())
    note(f"{options.name} is retired but for {kept:,} statement{'' if kept == 1 else 's'}")
    print(plain(str(where)))
    return 0


EDITS: dict[str, Callable[[argparse.Namespace], int]] = {
    "add": _add,
    "init": _init,
    "retire": _retire,
    "revoke": _revoke,
}


def _moment(options: argparse.Namespace, name: str) -> datetime | None:
    text = getattr(options, name)
    return None if text is None else moment_of(name, text)


def _text_of(path: str, what: str) -> str:
    from safeload.trust.files import read_small

    try:
        data, _ = read_small(as_path(path, what), limit=_SMALL)
        return data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise UsageError(
            f"The {what} cannot be read: {reason}.",
            code="trust-input",
            hint=f"Check {printable(path)!r}.",
            path=path,
        ) from error


def _payload_of(text: str) -> str:
    """The digest of a statement, given as such or as the bundle that it is in."""
    from safeload.trust.bundle import read_bundle

    if _SHA256.fullmatch(text):
        return text
    return hashlib.sha256(read_bundle(as_path(text, "payload")).unverified_payload).hexdigest()


def _digest_of(text: str) -> str:
    """The digest of a file, given as such or as the file."""
    if _SHA256.fullmatch(text):
        return text
    descriptor, _ = open_regular(Path(as_path(text, "file")))
    with os.fdopen(descriptor, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
