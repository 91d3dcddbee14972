"""Edits of a trust file: a signer is added or retired, something is revoked; the rest stays.

Comments, order and blanks stay as they are. Each edit knows what the file has to say afterwards;
where the text is of a form that cannot be edited to say it, nothing changes, and an error says so.

Trust: the file is the caller's own, and refused where others may write to it. Two edits at once
wait for each other (:mod:`safeload.trust.rewriting`).

Source: TOML 1.0, by tomlkit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeload.arguments import as_path
from safeload.errors import UsageError, printable
from safeload.trust.rewriting import rewrite
from safeload.trust.tables.entries import digests_text, signer_text
from safeload.trust.tables.grants import Grant
from safeload.trust.tables.revoked import REVOKED, Revoked
from safeload.trust.tables.toml_lines import line_of
from safeload.trust.trustfile import TrustFile

if TYPE_CHECKING:
    from tomlkit.items import Array

__all__ = ["add_signer", "begin", "retire", "revoke"]

_Path = str | os.PathLike[str]
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_REASON_CHARACTERS = 200
_BEGINNING = """\
# Whose signatures are accepted for which models, until when. Whoever can write to this file decides
# whom safeload believes, so keep it where only you and root may write.
# 'safeload trust add' adds signers, 'safeload trust show' lists them.
"""


def begin(path: _Path | None = None) -> Path:
    """Begin a trust file in which nobody is trusted yet.

    Args:
        path: Where nothing is yet; None for the user's configuration directory.

    Returns:
        Where the file is.

    Raises:
        UsageError: There is a file already (``trustfile-exists``), or it cannot be written.
    """

    def change(data: bytes | None) -> bytes:
        if data is not None:
            raise UsageError(
                "There is a trust file already.",
                code="trustfile-exists",
                hint="Add signers to it with 'safeload trust add'.",
            )
        return _BEGINNING.encode()

    where = _where(path)
    rewrite(where, change)
    return where


def add_signer(
    path: _Path | None,
    *,
    kind: str,
    name: str,
    entries: dict[str, str],
    models: Iterable[str],
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> Path:
    """Append a holder of certificates or an identity, or begin a trust file with it.

    For keys there is :meth:`safeload.trust.trustfile.TrustFile.add`.

    Args:
        path: The file; None for the user's configuration directory.
        kind: ``"certificates"`` or ``"identities"``.
        name: Who it is; not in the file yet.
        entries: What it is verified with.
        models: Patterns of the model names that it may sign, at least one.
        not_before: When trust in it begins, with a time zone, or None.
        not_after: When trust in it ends, with a time zone, or None.

    Returns:
        Where the file is.

    Raises:
        UsageError: The name is in the file already (``trustfile-has-name``), the entry is none
            that a trust file can have, or the file cannot be read, used or written.
    """
    where = _where(path)
    text = signer_text(kind, name, entries, models, not_before=not_before, not_after=not_after)
    rewrite(where, lambda data: TrustFile.with_entry(data, name, text, where.parent))
    return where


def revoke(
    path: _Path | None,
    *,
    keys: Iterable[str] = (),
    payloads: Iterable[str] = (),
    files: Iterable[str] = (),
    reason: str | None = None,
) -> tuple[Path, Revoked]:
    """Revoke keys, statements and model files.

    Args:
        path: The file; None for the user's configuration directory.
        keys: Names of keys in the file, or key ids.
        payloads: SHA-256 of statements, 64 lower-case hex digits.
        files: SHA-256 of model files, 64 lower-case hex digits.
        reason: A comment that is written behind each, of one line.

    Returns:
        Where the file is, and what was not revoked before.

    Raises:
        UsageError: A key is not in the file and no key id (``trustfile-has-no``), something is no
            digest, or the file cannot be read, used or written.
    """
    if reason is not None and not (reason.isprintable() and len(reason) <= _REASON_CHARACTERS):
        raise UsageError(
            "The reason does not fit into a line.",
            code="argument-value",
            hint=f"Give up to {_REASON_CHARACTERS} characters that can be shown.",
        )
    where = _where(path)
    names, digests = list(keys), {"payloads": frozenset(payloads), "files": frozenset(files)}
    for digest in (*digests["payloads"], *digests["files"]):
        if not _SHA256.fullmatch(digest):
            raise UsageError(
                "This is not a SHA-256.",
                code="digest-malformed",
                hint="Give 64 lower-case hex digits, as 'safeload verify' shows them.",
            )
    added = Revoked()

    def change(data: bytes | None) -> bytes:
        nonlocal added
        text, before = _parsed(data, where)
        wanted = {"keys": frozenset(_key_id(before, name) for name in names), **digests}
        new = {kind: wanted[kind] - getattr(before.revoked, kind) for kind in REVOKED}
        added = Revoked(**new)
        after = replace(
            before,
            revoked=Revoked(**{kind: getattr(before.revoked, kind) | new[kind] for kind in new}),
        )
        for kind, items in new.items():
            if items:
                text = _listed(text, ("revoked", kind), items, reason)
        return _checked(text, after, where)

    rewrite(where, change)
    return where, added


def retire(path: _Path | None, *, name: str, only: Iterable[str] = ()) -> tuple[Path, Grant]:
    """Trust a signer with some statements alone, beside those that were named so before.

    Args:
        path: The file; None for the user's configuration directory.
        name: The signer.
        only: SHA-256 of the statements that it is still trusted with.

    Returns:
        Where the file is, and the signer as it is now.

    Raises:
        UsageError: The signer is not in the file (``trustfile-has-no``), or the file cannot be
            read, used or written.
    """
    where, kept = _where(path), frozenset(only)
    retired = Grant(name=name, models=())

    def change(data: bytes | None) -> bytes:
        nonlocal retired
        text, before = _parsed(data, where)
        kind, signer = _signer(before, name)
        old = signer.only or frozenset()
        retired = replace(signer, only=old | kept)
        field = "signers" if kind == "keys" else kind
        signers: Any = tuple([retired if s is signer else s for s in getattr(before, field)])
        after = replace(before, **{field: signers})
        if signer.only is None or kept - old:
            text = _listed(text, (kind, name, "only"), kept - old, None)
        return _checked(text, after, where)

    rewrite(where, change)
    return where, retired


def _where(path: _Path | None) -> Path:
    return TrustFile.default_path() if path is None else as_path(path, "trust")


def _parsed(data: bytes | None, where: Path) -> tuple[str, TrustFile]:
    if data is None:
        raise UsageError(
            "There is no trust file.",
            code="trustfile-missing",
            hint=f"Begin {printable(os.fspath(where))!r} with 'safeload trust init'.",
        )
    return data.decode("utf-8", "replace"), TrustFile.parse(
        data, source=os.fspath(where), folder=where.parent
    )


def _key_id(trust: TrustFile, name: str) -> str:
    for signer in trust.signers:
        if signer.name == name:
            return signer.key.key_id
    if _SHA256.fullmatch(name):
        return name
    raise _no("key", name)


def _signer(trust: TrustFile, name: str) -> tuple[str, Grant]:
    for kind, signers in (
        ("keys", trust.signers),
        ("certificates", trust.certificates),
        ("identities", trust.identities),
    ):
        for signer in signers:
            if signer.name == name:
                return kind, signer
    raise _no("signer", name)


def _no(what: str, name: str) -> UsageError:
    return UsageError(
        f"There is no {what} {printable(name, limit=64)!r} in the trust file.",
        code="trustfile-has-no",
        hint="'safeload trust show' lists who is in it.",
    )


def _checked(text: str, after: TrustFile, where: Path) -> bytes:
    """The text, if it says what it has to say."""
    data = text.encode("utf-8")
    try:
        if TrustFile.parse(data, folder=where.parent) == after:
            return data
    except UsageError:
        pass
    raise _unfit()


def _unfit() -> UsageError:
    return UsageError(
        "The trust file is of a form that cannot be edited in this way.",
        code="trustfile-edit",
        hint="Make the change by hand; nothing was changed.",
    )


# -- the text --------------------------------------------------------------------------------------


def _listed(text: str, place: tuple[str, ...], items: Iterable[str], reason: str | None) -> str:
    """The text with items more in the list at a place; the list is made if there is none."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document: Any = tomlkit.parse(text)
    except TOMLKitError as error:
        raise _unfit() from error
    *tables, entry = place
    table = document
    for key in tables:
        table = None if table is None else table.get(key)
    if table is not None and entry in table:
        _extend(table[entry], sorted(items), reason)
        return document.as_string()  # type: ignore[no-any-return]
    written = digests_text(entry, items, reason)
    if table is None:
        gap = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}[{'.'.join(tables)}]\n{written}"
    return _below_header(text, tuple(tables), written)


def _below_header(text: str, table: tuple[str, ...], written: str) -> str:
    """Insert entries below the header of a table: what stands there already is not moved apart."""
    number = line_of(text, table)
    lines = text.split("\n")
    if number is not None and lines[number - 1].lstrip().startswith("["):
        lines[number:number] = written.rstrip("\n").split("\n")
    return "\n".join(lines)


def _extend(array: Array, items: Iterable[str], reason: str | None) -> None:
    for item in items:
        array.add_line(item, comment=reason)
    # A comment would swallow the bracket at its end.
    if not array.as_string()[:-1].rstrip(" \t").endswith("\n"):
        array.add_line(indent="")
