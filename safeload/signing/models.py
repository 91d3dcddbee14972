"""Sign a model that is there already: a file, bytes, or a folder.

Trust: what is signed is scanned first, and read once; the statement is about these very bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Unpack, cast, overload

from safeload.arguments import as_path, as_texts, is_folder
from safeload.artefact import Artefact, Progress, Source, name_of
from safeload.errors import UsageError, about
from safeload.limits import Limits
from safeload.policy.policy import Policy
from safeload.signing.folders import sign_folder
from safeload.signing.statement import Facts, bundler, check_facts, statement_about
from safeload.signing.writing import BUNDLE_MODE, alone_in, changed, unwritable
from safeload.trust.bundle import bundle_path
from safeload.trust.identities.keyless_signer import KeylessSigner
from safeload.trust.keys import Passphrase, Signer
from safeload.trust.pairs import settle_pair
from safeload.trust.secret import hidden
from safeload.trust.training import Dataset, Revision
from safeload.writing.files import NewFile, put
from safeload.writing.folder import Folder

__all__ = ["sign"]

_Path = str | os.PathLike[str]


@overload
def sign(
    source: _Path,
    *,
    bundle: _Path | None = None,
    model_file: str | None = None,
    ignore: Iterable[str] = (),
    **facts: Unpack[Facts],
) -> Path: ...


@overload
def sign(source: Source, *, bundle: _Path, **facts: Unpack[Facts]) -> Path: ...


@overload
def sign(source: bytes | bytearray | memoryview | BinaryIO, **facts: Unpack[Facts]) -> bytes: ...


def sign(
    source: Source,
    *,
    key: _Path | Signer | KeylessSigner,
    name: str,
    version: str,
    bundle: _Path | None = None,
    model_file: str | None = None,
    ignore: Iterable[str] = (),
    dataset: _Path | Dataset | None = None,
    rows: int | None = None,
    metrics: Mapping[str, float] | None = None,
    revision: str | Revision | None = None,
    extra: Mapping[str, Any] | None = None,
    probe: Any = None,
    probe_from: Any = None,
    serial: int | None = None,
    trained: datetime | None = None,
    not_after: datetime | None = None,
    passphrase: Passphrase | None = None,
    certificate_chain: _Path | None = None,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    limits: Limits | None = None,
    progress: Progress | None = None,
    whole: bool = False,
    replace: bool = False,
) -> Path | bytes:
    """Scan a model and sign what it is and what it may do.

    A folder is signed as a whole: every file in it is scanned, and nothing that is put there later
    is opened when it is loaded. One of its files is the model.

    Args:
        source: The model: a path, bytes, or a binary file, which is read to its end; or the path of
            a folder.
        key: The signing key: a file, text such as ``"agent:me@here"`` that names a key elsewhere
            (:mod:`safeload.trust.signers`), a signer, or whoever signs with a token.
        name: Which model this is; what trust files grant and callers ask for.
        version: Its version, in any scheme.
        bundle: Where to write the bundle; by default ``model.joblib.sig`` beside ``model.joblib``,
            and ``model.sig`` in a folder.
        model_file: Of a folder, the name of the file in it that is the model, with ``/`` between
            parts; by default the only one that can be loaded.
        ignore: Of a folder, names of files and folders in it that are not covered, and patterns
            with ``*`` and ``?`` of such names at any depth. They stand in the statement.
        dataset: The file it was trained on, whose SHA-256 is signed; or the name and SHA-256 of
            what is not at hand.
        rows: On how many rows it was trained.
        metrics: Results by name.
        revision: The code that trained it: a commit, or what :func:`safeload.find_revision` found.
        extra: Anything else that is plain JSON, by name: 64 KiB, and eight levels deep at most.
        probe: A few input rows, whose predictions are recorded: an array, a sparse matrix, a data
            frame, a list of texts or a list of records (dicts). Whoever has the bundle can read
            them; ``probe_from`` records none of anybody's.
        probe_from: Data of such a form, which are not recorded: rows are drawn from their ranges
        and
            levels, so that nobody's own are.
        serial: A number that grows with every release; the seconds since 1970 by default.
        trained: When it was trained, with a time zone.
        not_after: When the signature expires, with a time zone; never by default.
        passphrase: Of the key file, or the PIN of the token; or a function that asks for it.
        certificate_chain: A file with the key's certificate and those of the authorities above it,
            in PEM, for whoever trusts an authority and not the key itself.
        policy: A policy, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        limits: Bounds on the work.
        progress: Told how many bytes each step of reading took.
        whole: Whether to hash files of 64 MiB and more as a whole, too, and not in shards, which
            ``model_signing verify`` on the command line does not look at (its Python does).
        replace: Whether a bundle may be replaced that another signer made, or that is none. One's
            own is replaced without being asked.

    Returns:
        The bundle's path. The bundle itself, of a model that is at no path, unless ``bundle`` says
        where to write it.

    Raises:
        ArtefactError: The file or folder cannot be taken in.
        RefusedError: Its content is not allowed, or was not read in full.
        LoadError: It does not load here, or fails to predict on the probe (``probe-failed``).
        TrustError: What holds the key returned a signature that is not the key's.
        UsageError: The key, its certificates, the policy file, dataset or a fact given cannot be
            used, an argument is none that its parameter takes, or another signer's bundle is
            where this one is to be written (``bundle-taken``).
    """
    passphrase = hidden(passphrase)
    given = locals()
    facts = cast("Facts", {fact: given[fact] for fact in Facts.__annotations__})
    check_facts(facts, source=source, bundle=bundle, model_file=model_file, ignore=ignore)
    ignored = as_texts(ignore, "ignore")
    if is_folder(source):
        with about(name_of(source)):
            return sign_folder(
                as_path(source), facts, bundle=bundle, model_file=model_file, ignored=ignored
            )
    if model_file is not None or ignored:
        raise UsageError(
            "Only a folder has a file in it that is the model, and others to ignore.",
            code="no-folder",
            hint="Leave out model_file and ignore, or sign the folder.",
            path=name_of(source),
        )
    with about(name_of(source)):
        return _sign_file(source, facts, bundle)


def _sign_file(source: Source, facts: Facts, bundle: _Path | None) -> Path | bytes:
    """Sign what is not a folder."""
    signer = bundler(facts)
    artefact = Artefact.of(source, limits=facts.get("limits"), progress=facts.get("progress"))
    if bundle is None and not artefact.version:
        return signer.bundle_of(statement_about(artefact, facts))
    beside = bundle_path(artefact.path)
    where = beside if bundle is None else as_path(bundle, "bundle")
    signer.require_place(where)
    signed = signer.bundle_of(statement_about(artefact, facts))
    try:
        with Folder.opened(where.parent) as folder, alone_in(folder, artefact.path.name) as alone:
            if artefact.version and not artefact.is_current():
                raise changed()
            # Somebody else may have signed meanwhile.
            signer.require_place(where, signed)
            put(folder, NewFile(where.name, signed, BUNDLE_MODE))
            if alone and where == beside:
                settle_pair(folder, artefact.path.name)
    except OSError as error:
        raise unwritable("bundle", error, where) from error
    return where
