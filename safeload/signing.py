"""Signing: a model becomes a model with a bundle beside it.

What the policy refuses is not signed. The manifest lists what the scan found, so that the file is
later granted exactly that and no more; library versions, feature names and the probe's
predictions are read from the model itself.

Trust: whoever signs vouches for the file; it is loaded under the guard, as everywhere.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safeload.arguments import as_path
from safeload.artefact import Artefact, Progress
from safeload.errors import ArtefactError, UsageError
from safeload.forks import IMPORTING
from safeload.limits import Limits
from safeload.loading.admit import Accepted, admit, deserialise
from safeload.loading.environment import library_versions
from safeload.parameters import check_arguments
from safeload.policy.opt_in import packs_of
from safeload.policy.policy import Policy
from safeload.provenance.training import file_name, training_of
from safeload.trust.bundle import bundle_path
from safeload.trust.envelope import seal
from safeload.trust.keys import Passphrase, SigningKey
from safeload.trust.manifest import Resource, to_payload
from safeload.trust.model import Model, SignedGlobal
from safeload.trust.names import require_name
from safeload.trust.pairs import finish_pairs, publish_pair, settle_pair
from safeload.trust.training import Dataset, Revision
from safeload.unruly import UNRULY, described
from safeload.writing.drafts import PART, check_name, draft, sweep
from safeload.writing.files import NewFile, put, require_replaceable
from safeload.writing.folder import Folder
from safeload.writing.lock import locked

__all__ = ["changed", "dump", "sign", "unwritable"]

_Path = str | os.PathLike[str]
_MODE = 0o666


def sign(
    path: _Path,
    *,
    key: _Path | SigningKey,
    name: str,
    version: str,
    dataset: _Path | Dataset | None = None,
    rows: int | None = None,
    metrics: Mapping[str, float] | None = None,
    revision: str | Revision | None = None,
    extra: Mapping[str, Any] | None = None,
    probe: Any = None,
    serial: int | None = None,
    trained: datetime | None = None,
    not_after: datetime | None = None,
    passphrase: Passphrase | None = None,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Path:
    """Scan a model and sign what it is and what it may do.

    Args:
        path: The model file.
        key: The signing key, or the file it is in.
        name: Which model this is; what trust files grant and callers ask for.
        version: Its version, in any scheme.
        dataset: The file it was trained on, whose SHA-256 is signed; or the name and SHA-256 of
            what is not at hand.
        rows: On how many rows it was trained.
        metrics: Results by name.
        revision: The code that trained it: a commit, or what :func:`safeload.find_revision` found.
        extra: Anything else that is plain JSON, by name: 64 KiB, and eight levels deep at most.
        probe: A few input rows, whose predictions are sealed: an array, a data frame or a list of
            strings.
        serial: A number that grows with every release; the seconds since 1970 by default.
        trained: When it was trained, with a time zone.
        not_after: When the signature expires, with a time zone; never by default.
        passphrase: Of the key file, or a function that asks for it.
        policy: A policy, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        limits: Bounds on the work.
        progress: Told how many bytes each step of reading took.

    Returns:
        The bundle's path: ``model.joblib.sig`` beside ``model.joblib``.

    Raises:
        ArtefactError: The file cannot be taken in.
        RefusedError: Its content is not allowed, or was not read in full.
        LoadError: It does not load here.
        UsageError: The key, policy file, dataset or a fact given cannot be used, or an argument is
            none that its parameter takes.
    """
    _check(**locals())
    artefact, bundle = _sealed(
        path,
        key=key,
        name=name,
        version=version,
        dataset=dataset,
        rows=rows,
        metrics=metrics,
        revision=revision,
        extra=extra,
        probe=probe,
        serial=serial,
        trained=trained,
        not_after=not_after,
        passphrase=passphrase,
        policy=policy,
        packs=packs,
        limits=limits,
        progress=progress,
    )
    where = bundle_path(artefact.path)
    try:
        with Folder.opened(where.parent) as folder, _alone(folder, artefact.path.name) as alone:
            if not artefact.is_current():
                raise changed()
            put(folder, NewFile(where.name, bundle, _MODE))
            if alone:
                settle_pair(folder, artefact.path.name)
    except OSError as error:
        raise unwritable("bundle", error) from error
    return where


def dump(
    model: Any,
    path: _Path,
    *,
    key: _Path | SigningKey,
    name: str,
    version: str,
    compress: Any = 0,
    **facts: Any,
) -> Path:
    """Write a model to a file and sign it.

    The suffix decides on the format: ``.skops`` for skops, anything else for joblib.

    Args:
        model: The fitted model.
        path: Where to write it.
        key: The signing key, or the file it is in.
        name: Which model this is.
        version: Its version.
        compress: As ``joblib.dump`` takes it.
        **facts: Everything else that :func:`sign` takes.

    Returns:
        The bundle's path.

    Raises:
        SafeloadError: As :func:`sign`. The file at ``path`` is then what it was before.
        TypeError: A fact is given that :func:`sign` does not take.
    """
    # What sign() would find out when the model is written already.
    inspect.signature(sign).bind(path, key=key, name=name, version=version, **facts)
    _check(path=path, key=key, name=name, version=version, **facts)
    target = as_path(path)
    # joblib goes by how the name ends.
    part = f"{PART}model-{target.name[-16:]}"
    try:
        with Folder.opened(target.parent) as folder, ExitStack() as at_end:
            check_name(target.name)
            require_replaceable(folder, target.name)
            with _alone(folder, target.name):
                inner = at_end.enter_context(draft(folder))
            drafted = inner.path_of(part)
            _write(model, drafted, compress, as_skops=target.suffix == ".skops")
            artefact, bundle = _sealed(
                drafted, shown_as=target, key=key, name=name, version=version, **facts
            )
            inner.sync_file(part)
            # Where a path is no open folder, another draft may have taken the place of ours.
            if not artefact.is_current(inner.status(part)):
                raise changed()
            with locked(folder) as alone:
                publish_pair(
                    folder, target.name, inner, part, sha256=artefact.sha256, bundle=bundle
                )
                if alone:
                    settle_pair(folder, target.name)
    except OSError as error:
        raise unwritable("model", error) from error
    return bundle_path(target)


def _check(*, probe: Any = None, **given: Any) -> None:
    """Require that arguments are what their parameters take; rows are judged by who predicts."""
    check_arguments(**given)
    require_name(given["name"], code="manifest-unsuitable")


def _sealed(
    path: _Path,
    *,
    key: _Path | SigningKey,
    name: str,
    version: str,
    dataset: _Path | Dataset | None = None,
    rows: int | None = None,
    metrics: Mapping[str, float] | None = None,
    revision: str | Revision | None = None,
    extra: Mapping[str, Any] | None = None,
    probe: Any = None,
    serial: int | None = None,
    trained: datetime | None = None,
    not_after: datetime | None = None,
    passphrase: Passphrase | None = None,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    limits: Limits | None = None,
    progress: Progress | None = None,
    shown_as: Path | None = None,
) -> tuple[Artefact, bytes]:
    """The model as :func:`sign` reads it, and the bundle about it."""
    signing_key = (
        key if isinstance(key, SigningKey) else SigningKey.read(key, passphrase=passphrase)
    )
    bounds = limits or Limits()
    if not_after is not None and not_after <= datetime.now(UTC):
        raise UsageError(
            "The signature would have expired before it is made.",
            code="not-after-past",
            hint="Give --not-after (not_after=) a time that is still to come, or leave it out.",
        )
    artefact = Artefact.read(path, limits=bounds, progress=progress)
    if shown_as is not None:
        artefact = replace(artefact, path=shown_as)
    allowed = Policy.of(policy, packs=packs)
    accepted = admit(artefact, allowed, bounds)
    loaded = deserialise(accepted, allowed)
    used = _globals(accepted)
    needed = packs_of((item.module, item.name) for item in used)
    now = datetime.now(UTC).replace(microsecond=0)
    model = Model(
        name=name,
        version=version,
        serial=int(now.timestamp()) if serial is None else serial,
        serializer=accepted.report.format,
        size=artefact.size,
        versions=library_versions(accepted.needed),
        training=training_of(
            loaded,
            dataset=dataset,
            rows=rows,
            metrics=metrics,
            date=trained,
            revision=revision,
            extra=extra,
        ),
        globals=used,
        packs=tuple(sorted(needed & allowed.packs)),
        probe=_probe(loaded, probe),
        signed=now,
        not_after=not_after,
    )
    # The only file of a statement is called "." by model_signing, so that its name may change.
    subject, resource = file_name(artefact.path), Resource(".", artefact.sha256)
    payload = to_payload(subject=subject, resources=[resource], model=model)
    return artefact, seal(payload, signing_key)


@contextmanager
def _alone(folder: Folder, name: str) -> Iterator[bool]:
    """Keep other writers out of a folder and clear up what killed runs left there.

    Args:
        folder: The folder.
        name: The model that is about to be written or signed.

    Yields:
        Whether other processes are kept out, too.
    """
    with locked(folder) as alone:
        if alone:
            sweep(folder)
            finish_pairs(folder, but=name)
        yield alone


def _write(model: Any, path: Path, compress: Any, *, as_skops: bool) -> None:
    try:
        if as_skops:
            with IMPORTING:
                import skops.io

            skops.io.dump(model, path)
        else:
            with IMPORTING:
                import joblib

            joblib.dump(model, path, compress=compress)
    except OSError:
        raise
    except UNRULY as error:
        raise UsageError(
            f"The model cannot be written: {described(error)}",
            code="model-unwritable",
            hint="Lambdas and local classes exist only where they are defined; move them to a "
            "module that can be imported.",
        ) from error


def _globals(accepted: Accepted) -> tuple[SignedGlobal, ...]:
    uses: dict[tuple[str, str], set[str]] = {}
    for program in accepted.programs:
        for item in program.globals:
            uses.setdefault((item.module, item.name), set()).update(item.uses)
    return tuple(
        SignedGlobal(module, name, tuple(sorted(map(str, of_name))))
        for (module, name), of_name in sorted(uses.items())
    )


def _probe(loaded: Any, rows: Any) -> dict[str, Any] | None:
    if rows is None:
        return None
    with IMPORTING:
        from safeload.loading.probe import seal_probe

    return seal_probe(loaded, rows)


def changed() -> ArtefactError:
    """The error about a file that is not the one any more that was read."""
    return ArtefactError(
        "The file was replaced or changed while it was signed.",
        code="changed",
        hint="Wait until nothing writes to it any more, then try again.",
    )


def unwritable(what: str, error: OSError) -> UsageError:
    """The error about a model or bundle that cannot be written."""
    return UsageError(
        f"The {what} cannot be written: {error.strerror}.",
        code="unwritable",
        hint="Check the folder's permissions and the space left; nothing was changed.",
    )
