"""Sign a folder: every file in it is scanned and covered, and one of them is the model.

Trust: what is signed is what was read; a file that changes meanwhile is an error.
"""

from __future__ import annotations

import os
from pathlib import Path

from safeload.arguments import as_path
from safeload.artefact import Artefact, version_of
from safeload.errors import LoadError, RefusedError, UsageError, about, printable
from safeload.limits import Limits
from safeload.lineage.training import file_name
from safeload.loading.admit import admit
from safeload.policy.policy import Policy
from safeload.scan.discovery import reason_to_skip
from safeload.scan.endings import has_model_name
from safeload.signing.statement import Facts, bundler, model_of, resource_of, shard_size_for
from safeload.signing.writing import BUNDLE_MODE, changed, unwritable
from safeload.trust.bundle import bundle_path
from safeload.trust.folders import files_below, open_below
from safeload.trust.manifest import Resource, to_payload
from safeload.trust.resources import why_no_ignored
from safeload.writing.drafts import sweep
from safeload.writing.files import NewFile, put
from safeload.writing.folder import Folder
from safeload.writing.lock import locked

__all__ = ["form_of_model", "sign_folder"]

# What is left out always: it changes with every look at the history, and is there in a clone.
_IGNORED = ".git"
# Formats of plain data, which a model may have beside it.
_DATA = frozenset(["npy", "npz"])


def sign_folder(
    path: Path,
    facts: Facts,
    *,
    bundle: str | os.PathLike[str] | None,
    model_file: str | None,
    ignored: tuple[str, ...],
) -> Path:
    """Scan a folder and sign all files in it.

    Args:
        path: The folder.
        facts: What is said about the model in it.
        bundle: Where to write the bundle; by default ``model.sig`` in the folder.
        model_file: Name of the file that is the model; by default the only one that can be loaded.
        ignored: Names and patterns of what is not covered.

    Returns:
        The bundle's path.

    Raises:
        SafeloadError: As :func:`safeload.sign`.
    """
    for each in ignored:
        if wrong := why_no_ignored(each):
            raise UsageError(
                f"What is to be ignored, {printable(each)!r}, {wrong}.",
                code="argument-value",
                hint="Give names relative to the folder, with / between parts.",
            )
    signer = bundler(facts)
    where = bundle_path(path) if bundle is None else as_path(bundle, "bundle")
    signer.require_place(where)
    try:
        with Folder.opened(path) as folder:
            # Other tools would take the bundle for one of the files.
            always = (_IGNORED, bundle_path(path).name, *_within(folder, where))
            ignored = tuple(dict.fromkeys([*ignored, *always]))
            payload, before = _statement(folder, facts, model_file, ignored)
            signed = signer.bundle_of(payload)
            if len(signed) > (facts.get("limits") or Limits()).bundle_bytes:
                raise UsageError(
                    "The folder holds more files than a bundle that is read can list.",
                    code="bundle-too-large",
                    hint="Give the folder of one model, or ignore what is no part of it.",
                    path=path,
                )
            if _versions(folder, ignored) != before:
                raise changed()
        with Folder.opened(where.parent) as target, locked(target) as alone:
            if alone:
                sweep(target)
            # Somebody else may have signed meanwhile.
            signer.require_place(where, signed)
            put(target, NewFile(where.name, signed, BUNDLE_MODE))
    except OSError as error:
        raise unwritable("bundle", error, where) from error
    return where


def _within(folder: Folder, where: Path) -> tuple[str, ...]:
    """The name of a bundle that lies in the folder under a name of its own."""
    try:
        name = where.absolute().relative_to(folder.path.absolute()).as_posix()
    except ValueError:
        return ()
    return () if why_no_ignored(name) else (name,)


def _statement(
    folder: Folder, facts: Facts, model_file: str | None, ignored: tuple[str, ...]
) -> tuple[bytes, dict[str, tuple[int, ...]]]:
    """The statement about a folder, and what tells the files that it is about from others."""
    found = files_below(folder, ignored)
    largest = max((status.st_size for status in found.values()), default=0)
    shard_size = shard_size_for(largest, facts)
    policy = Policy.of(facts.get("policy"), packs=facts.get("packs", ()))
    limits = facts.get("limits") or Limits()
    resources: list[Resource] = []
    versions: dict[str, tuple[int, ...]] = {}
    models: dict[str, str] = {}
    for name in found:
        artefact = _read(folder, name, facts, limits)
        resources.append(resource_of(name, artefact, shard_size))
        versions[name] = artefact.version
        form = form_of_model(name, artefact, policy, limits)
        if form is not None:
            models[name] = form
    with about(folder.path, given=True):
        chosen = _chosen(models, model_file)
    artefact = _read(folder, chosen, facts, limits)
    if artefact.version != versions[chosen]:
        raise changed()
    files = {each.name: (each.size or 0, each.sha256) for each in resources}
    model = model_of(artefact, facts, file=chosen, files=files if shard_size else None)
    payload = to_payload(
        subject=file_name(folder.path.resolve()),
        resources=resources,
        model=model,
        shard_size=shard_size,
        ignored=ignored,
    )
    return payload, versions


def _read(folder: Folder, name: str, facts: Facts, limits: Limits) -> Artefact:
    with open_below(folder, name) as descriptor:
        return Artefact.read_open(
            descriptor,
            os.fstat(descriptor),
            path=folder.path / name,
            limits=limits,
            progress=facts.get("progress"),
        )


def _versions(folder: Folder, ignored: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    return {name: version_of(status) for name, status in files_below(folder, ignored).items()}


def form_of_model(name: str, artefact: Artefact, policy: Policy, limits: Limits) -> str | None:
    """Scan a file of a folder.

    Args:
        name: Its name in the folder.
        artefact: The file.
        policy: What is allowed.
        limits: Bounds on the work.

    Returns:
        The format of a file that can be loaded; None for any other that nothing is against.

    Raises:
        RefusedError: Its content is not allowed, or was not read in full.
    """
    base = name.rpartition("/")[2]
    if not has_model_name(base) and reason_to_skip(base, artefact.data) is not None:
        return None
    try:
        return admit(artefact, policy, limits).format
    except LoadError:
        return None
    except RefusedError as error:
        raise RefusedError(
            f"The folder holds {printable(name)!r}. {error.message}",
            code=error.code,
            report=error.report,
            hint=error.hint,
        ) from error


def _chosen(models: dict[str, str], wanted: str | None) -> str:
    """The file that is the model."""
    if wanted is not None:
        if wanted in models:
            return wanted
        raise UsageError(
            f"The folder holds no model {printable(wanted)!r} that can be loaded.",
            code="no-model",
            hint=f"It holds {_listed(models)}.",
        )
    likely = [name for name, form in models.items() if form not in _DATA] or list(models)
    if len(likely) == 1:
        return likely[0]
    raise UsageError(
        "Cannot determine which file in the folder is the model.",
        code="no-model",
        hint=f"Say which (--model-file, model_file=); it holds {_listed(likely)}.",
    )


def _listed(names: list[str] | dict[str, str]) -> str:
    shown = [repr(printable(name)) for name in list(names)[:10]]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"{', '.join(shown)}{more}" if shown else "none"
