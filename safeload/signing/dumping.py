"""Write a model to a file and sign it, so that nobody ever sees one without the other.

Trust: whoever signs vouches for the model; it is scanned and loaded as any other.
"""

from __future__ import annotations

import errno
import inspect
import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from safeload.arguments import as_path
from safeload.artefact import Artefact
from safeload.errors import UsageError, about
from safeload.forks import IMPORTING
from safeload.signing.models import sign
from safeload.signing.statement import Facts, bundler, check_facts, statement_about
from safeload.signing.writing import alone_in, changed, unwritable
from safeload.trust.bundle import bundle_path
from safeload.trust.pairs import publish_pair, settle_pair
from safeload.trust.secret import hidden
from safeload.unruly import UNRULY, described
from safeload.writing.drafts import PART, check_name, draft
from safeload.writing.files import require_replaceable
from safeload.writing.folder import Folder
from safeload.writing.lock import locked

__all__ = ["dump", "write_model", "write_signed"]

_Path = str | os.PathLike[str]


def dump(model: Any, path: _Path, *, compress: Any = 0, **facts: Unpack[Facts]) -> Path:
    """Write a model to a file and sign it.

    The suffix decides on the format: ``.skops`` for skops, anything else for joblib.

    Args:
        model: The fitted model.
        path: Where to write it.
        compress: As ``joblib.dump`` takes it.
        **facts: Key, name, version and whatever else is said of the model, as :func:`sign` takes
            them.

    Returns:
        The bundle's path.

    Raises:
        SafeloadError: As :func:`sign`. The file at ``path`` is then what it was before.
        TypeError: A fact is missing, or is none that :func:`sign` takes.
    """
    target = as_path(path)
    as_skops = target.suffix == ".skops"
    return _dump(lambda part: write_model(model, part, compress, as_skops=as_skops), target, facts)


def write_signed(
    data: bytes, path: _Path, *, replacing: bool = True, **facts: Unpack[Facts]
) -> Path:
    """Write the bytes of a model to a file and sign it, as :func:`dump` does with a model.

    Args:
        data: The bytes.
        path: Where to write them.
        replacing: Whether a model and a bundle that are there may be replaced, whoever made them.
        **facts: As :func:`dump` takes them.

    Returns:
        The bundle's path.

    Raises:
        SafeloadError: As :func:`sign`. The file at ``path`` is then what it was before.
        FileExistsError: A model or a bundle is there that may not be replaced.
        TypeError: A fact is missing, or is none that :func:`sign` takes.
    """
    target = as_path(path)
    # Where nothing may be replaced, there is no bundle of anybody's.
    facts["replace"] = True
    return _dump(lambda part: _write_bytes(data, part), target, facts, replacing=replacing)


def _dump(
    write: Callable[[Path], object], target: Path, facts: Facts, *, replacing: bool = True
) -> Path:
    facts["passphrase"] = hidden(facts.get("passphrase"))
    # What sign() would find out when the model is written already.
    inspect.signature(sign).bind(target, **facts)
    if strange := facts.keys() - Facts.__annotations__.keys():
        raise TypeError(f"dump() takes no argument {min(strange)!r}")
    check_facts(facts, path=target)
    with about(target):
        _publish(write, target, facts, replacing=replacing)
    return bundle_path(target)


def _publish(
    write: Callable[[Path], object], target: Path, facts: Facts, *, replacing: bool
) -> None:
    # joblib goes by how the name ends.
    part = f"{PART}model-{target.name[-16:]}"
    try:
        with Folder.opened(target.parent) as folder, ExitStack() as at_end:
            check_name(target.name)
            require_replaceable(folder, target.name)
            with alone_in(folder, target.name):
                inner = at_end.enter_context(draft(folder))
            signer, where = bundler(facts), bundle_path(target)
            signer.require_place(where)
            drafted = inner.path_of(part)
            write(drafted)
            read = Artefact.of(drafted, limits=facts.get("limits"), progress=facts.get("progress"))
            artefact = replace(read, path=target)
            bundle = signer.bundle_of(statement_about(artefact, facts))
            inner.sync_file(part)
            # Where a path is no open folder, another draft may have taken the place of ours.
            if not artefact.is_current(inner.status(part)):
                raise changed()
            with locked(folder) as alone:
                # Whoever else writes models waits for the lock.
                if not replacing:
                    _require_none(folder, target.name)
                # Somebody else may have signed meanwhile.
                signer.require_place(where, bundle)
                publish_pair(
                    folder,
                    target.name,
                    inner,
                    part,
                    fingerprint=artefact.digests.fingerprint,
                    bundle=bundle,
                )
                if alone:
                    settle_pair(folder, target.name)
    except FileExistsError:
        raise
    except OSError as error:
        raise unwritable("model", error, target) from error


def _require_none(folder: Folder, name: str) -> None:
    for each in (name, bundle_path(folder.path / name).name):
        with suppress(FileNotFoundError):
            folder.status(each)
            raise FileExistsError(errno.EEXIST, "Something is there", each)


def _write_bytes(data: bytes, path: Path) -> None:
    with path.open("xb") as file:
        file.write(data)


def write_model(model: Any, path: Path, compress: Any, *, as_skops: bool) -> None:
    """Write a model to a file.

    Args:
        model: The fitted model.
        path: The file, which nobody reads yet.
        compress: As ``joblib.dump`` takes it.
        as_skops: Whether in the format of skops; else in that of joblib.

    Raises:
        OSError: The file cannot be written.
        UsageError: The model cannot (``model-unwritable``).
    """
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
