"""A model file becomes a file of another format, which predicts the same, or nothing.

1. Read the file once; where there is a trust file, verify it.
2. Load it in an isolated process, which scans and judges it first, and predict on some rows.
3. Have that process write the other format. What comes back is as hostile as the model was.
4. Load that in a second isolated process, which scans and judges it as any file; a model in ONNX is
   looked through here and run there. Predict on the same rows, and compare.
5. Write the bytes that were compared, in one step, with a signature if one is asked for.

Trust: the file, and all that its process says, is hostile to the end. Rows that were not compared
are not known to be predicted alike.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safeload.arguments import as_number, as_path, as_whole
from safeload.artefact import Artefact, Hashing, Source, name_of
from safeload.converting.comparing import Tolerance, compare
from safeload.converting.onnx import check_onnx, require_onnx
from safeload.demands import demanded, narrowed
from safeload.errors import LoadError, UsageError, about, plain
from safeload.gate import verify
from safeload.isolation.model import IsolatedModel, load_isolated, open_session
from safeload.limits import Isolation, Limits
from safeload.loading.probe_data import decode_rows
from safeload.policy.policy import Policy
from safeload.signing.dumping import write_signed
from safeload.trust.trustfile import TrustFile
from safeload.verified import Verified
from safeload.writing.files import replace_file, write_new

__all__ = ["Converted", "convert"]

_Path = str | os.PathLike[str]
_FORMS = {".joblib": "joblib", ".skops": "skops", ".onnx": "onnx"}
_NEW_FILE = 0o666
# joblib's levels of compression.
_HARDEST = 9


@dataclass(frozen=True, slots=True)
class Converted:
    """A model that was converted.

    Attributes:
        path: The file that was written.
        form: ``"joblib"``, ``"skops"`` or ``"onnx"``.
        type: The model's class, as its process said.
        compared: The methods whose results were compared, with the largest absolute difference
            between two numbers; 0.0 where all are equal.
        bundle: The signature bundle that was written, or None.
    """

    path: Path
    form: str
    type: str
    compared: Mapping[str, float]
    bundle: Path | None


def convert(
    source: Source,
    target: _Path,
    *,
    rows: Any = None,
    compared: bool = True,
    tolerance: float | None = None,
    compress: int = 0,
    trust: _Path | TrustFile | None = None,
    bundle: _Path | bytes | None = None,
    policy: _Path | Policy | None = None,
    packs: Iterable[str] = (),
    replacing: bool = False,
    limits: Limits | None = None,
    isolation: Isolation | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Converted:
    """Convert a model to another format.

    Args:
        source: The model: a path, bytes, or a binary file, which is read to its end.
        target: Where to write it; the suffix says the format: ``.joblib``, ``.skops``, ``.onnx``.
        rows: Rows that both predict on: an array of shape (n_rows, n_columns), a data frame, or a
            list of texts; by default, those that the model was signed with.
        compared: Whether the results have to be compared.
        tolerance: Relative difference between two numbers at most; by default, 1e-9 for skops and
            joblib, and 1e-3 for ONNX, most of which is in single precision. Labels have to be
            equal.
        compress: How hard joblib is to compress, 0 to 9.
        trust: A trust file; with one, the source has to be signed.
        bundle: The signature bundle of the source; by default it lies beside it.
        policy: A policy, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        replacing: Whether a file at ``target`` may be replaced.
        limits: Bounds on the work.
        isolation: Bounds on the processes.
        facts: With ``key``, ``name`` and ``version`` among them, the result is signed; as
            :func:`safeload.sign` takes them.

    Returns:
        What was written.

    Raises:
        ArtefactError: The file cannot be taken in.
        TrustError: No trusted signature covers it.
        RefusedError: Its content is not allowed, or was not read in full; or that of the result.
        LoadError: The format cannot hold the model (``cannot-convert``), the results differ
            (``predictions-differ``), or a process failed.
        UsageError: There are no rows to compare (``convert-rows``), the target cannot be written,
            or an argument is none that its parameter takes.
    """
    path = as_path(target, "target")
    form = _form_of(path)
    bounds = Limits.of(limits)
    process = isolation or Isolation()
    near = Tolerance.of(form, None if tolerance is None else as_number(tolerance, "tolerance"))
    compress = as_whole(compress, "compress", least=0, most=_HARDEST)
    _check_target(path, source, form, replacing=replacing, signed=facts is not None)
    with about(name_of(source)), ExitStack() as at_end:
        # 1
        verified = None
        if trust is not None or bundle is not None:
            verified = verify(source, bundle=bundle, trust=trust, limits=bounds)
        rows = _rows(rows, verified, compared=compared, form=form)
        # 2
        model = at_end.enter_context(_loaded(source, verified, policy, packs, bounds, process))
        # ONNX has not every operator in double precision.
        for single in (False, True):
            try:
                # 3
                sample = rows if form == "onnx" else None
                data = bytes(model.written(form, compress=compress, sample=sample, single=single))
                # 4
                with _again(data, path, form, policy, packs, bounds, process) as again:
                    found = compare(model, again, rows, near) if compared else {}
                break
            except LoadError:
                if single or form != "onnx":
                    raise
    # 5
    written = None
    if facts is not None:
        written = write_signed(data, path, **_said(facts, rows, policy, packs, limits))
    else:
        _write(data, path, replacing=replacing)
    return Converted(path, form, model.type, found, written)


def _form_of(path: Path) -> str:
    form = _FORMS.get(path.suffix)
    if form is None:
        raise UsageError(
            "The name of the target says no format that models are converted to.",
            code="convert-format",
            hint=f"Give it one of the endings {', '.join(_FORMS)}.",
        )
    if form == "onnx":
        require_onnx()
    return form


def _check_target(path: Path, source: Source, form: str, *, replacing: bool, signed: bool) -> None:
    """Say before the work, not after it, that its result has no place."""
    if signed and form == "onnx":
        raise UsageError(
            "safeload signs models that it loads, and a file in ONNX is none.",
            code="convert-unsigned",
            hint="Sign the folder that it is in, with the model that it was made from.",
        )
    read = source if isinstance(source, str | os.PathLike) else None
    if read is not None and os.path.realpath(path) == os.path.realpath(read):
        raise UsageError(
            "The model would be written over itself.",
            code="output-is-input",
            hint="Give the result another name.",
        )
    if path.is_dir():
        raise _unwritable("a folder is there")
    if os.path.lexists(path) and not replacing:
        raise _exists(path)


def _rows(rows: Any, verified: Verified | None, *, compared: bool, form: str) -> Any:
    """The rows that were given, or those that the model was signed with."""
    about = None if verified is None else verified.manifest.model
    if rows is None and about is not None and about.probe is not None:
        rows = decode_rows(about.probe["rows"])
    if rows is None and (compared or form == "onnx"):
        needed = (
            "to compare the predictions on" if compared else "to tell ONNX what the model takes"
        )
        raise UsageError(
            f"There are no rows {needed}.",
            code="convert-rows",
            hint="Give a few rows of what the model predicts on (--probe FILE, rows=); joblib and "
            "skops can go without a comparison (--no-probe, compared=False).",
        )
    return rows


def _loaded(
    source: Source,
    verified: Verified | None,
    policy: _Path | Policy | None,
    packs: Iterable[str],
    limits: Limits,
    isolation: Isolation,
) -> IsolatedModel:
    """The model in a process of its own."""
    allowed = Policy.of(policy, packs=packs)
    if verified is None:
        artefact = Artefact.of(source, limits=limits, hashing=Hashing.NONE)
        return load_isolated(artefact, allowed, limits, isolation)
    about = verified.manifest.require_model()
    allowed = narrowed(demanded(verified, allowed, given=policy), about)
    signed = about.versions
    return load_isolated(verified.open_model(), allowed, limits, isolation, signed=signed)


def _again(
    data: bytes,
    path: Path,
    form: str,
    policy: _Path | Policy | None,
    packs: Iterable[str],
    limits: Limits,
    isolation: Isolation,
) -> IsolatedModel:
    """The result in another process."""
    if form == "onnx":
        check_onnx(data, limits)
        return open_session(data, str(path), isolation)
    artefact = replace(Artefact.of(data, limits=limits, hashing=Hashing.NONE), path=path)
    return load_isolated(artefact, Policy.of(policy, packs=packs), limits, isolation)


def _said(
    facts: Mapping[str, Any],
    rows: Any,
    policy: _Path | Policy | None,
    packs: Iterable[str],
    limits: Limits | None,
) -> dict[str, Any]:
    """What is signed of the result: the facts, with the rows as its probe."""
    probe = {} if "probe_from" in facts else {"probe": rows}
    return {**probe, "policy": policy, "packs": tuple(packs), "limits": limits, **facts}


def _write(data: bytes, path: Path, *, replacing: bool) -> None:
    try:
        if replacing:
            replace_file(path, data, mode=_NEW_FILE)
        else:
            write_new(path, data, mode=_NEW_FILE)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise _unwritable(error.strerror or "unknown reason") from error


def _exists(path: Path) -> UsageError:
    return UsageError(
        f"{plain(path.name)} exists.",
        code="output-exists",
        hint="Choose another name, or replace it (--force, replacing=True).",
    )


def _unwritable(why: str) -> UsageError:
    return UsageError(
        f"The converted model cannot be written there: {why}.",
        code="output-unwritable",
        hint="Name a file in a folder that exists and that you may write to; nothing was changed.",
    )
