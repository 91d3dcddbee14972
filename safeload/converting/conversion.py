"""A model file becomes a file of another format, which predicts the same, or nothing.

1. Read the file once; where there is a trust file, verify it, by the name that the result is signed
   by, and see that no newer release was loaded here.
2. Load it in an isolated process, which scans and judges it first, and predict on some rows.
3. Have that process write the other format. What comes back is as hostile as the model was.
4. Scan and judge it here as any file; it has to be of the format that was asked for. Load it in a
   second isolated process, and compare the methods, and what both predict on the same rows. A model
   in ONNX is looked through here and run there.
5. Write the bytes that were compared, in one step, with a signature if one is asked for.

Trust: the file, and all that its process says, is hostile to the end. Rows that were not compared
are not known to be predicted alike.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safeload.arguments import as_number, as_path, as_whole
from safeload.artefact import Artefact, Hashing, Source, name_of
from safeload.converting.comparing import Tolerance, compare, differing
from safeload.converting.onnx import check_onnx, require_onnx
from safeload.demands import demanded, narrowed
from safeload.errors import LoadError, RefusedError, UsageError, about
from safeload.gate import verify
from safeload.isolation.confinement import Confinement
from safeload.isolation.model import IsolatedModel, load_isolated, open_session
from safeload.ledger.recording import recorded
from safeload.limits import Isolation, Limits
from safeload.loading.admit import admit
from safeload.loading.probe_data import decode_rows
from safeload.policy.policy import Policy
from safeload.signing.dumping import write_signed
from safeload.trust.bundle import bundle_path
from safeload.trust.trustfile import TrustFile
from safeload.writing.files import replace_file, write_new
from safeload.writing.refused import output_exists, output_unwritable

__all__ = ["Converted", "convert"]

_Path = str | os.PathLike[str]
_FORMS = {".joblib": "joblib", ".skops": "skops", ".onnx": "onnx"}
# As what a file of a format is read. What joblib writes without arrays of its own is a pickle.
_READ_AS = {"joblib": frozenset(["joblib", "pickle"]), "skops": frozenset(["skops"])}
_NEW_FILE = 0o666
_NOUN = "converted model"
# How many times larger than its source a result may be.
_GROWTH = 16
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
        confinement: What held the model's process on this machine, and what did not.
    """

    path: Path
    form: str
    type: str
    compared: Mapping[str, float]
    bundle: Path | None
    confinement: Confinement


@dataclass(frozen=True, slots=True)
class _Given:
    """A model to convert.

    Attributes:
        artefact: Its bytes.
        policy: What it is judged by.
        demanded: What the result is judged by: all that may be asked for of such a model.
        versions: The releases that it was signed with.
        probe: The probe that it was signed with.
    """

    artefact: Artefact
    policy: Policy
    demanded: Policy
    versions: Mapping[str, str] | None = None
    probe: Mapping[str, Any] | None = None


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
    name: str | None = None,
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
        name: The name that the source was signed by. By default the one that the result is signed
            by, so that no model becomes another by being converted; without a signature, any that
            its signer may sign.
        policy: A policy, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        replacing: Whether a file at ``target`` may be replaced.
        limits: Bounds on the work.
        isolation: Bounds on the processes; by default, a large model may come back from them, too.
        facts: With ``key``, ``name`` and ``version`` among them, the result is signed; as
            :func:`safeload.sign` takes them.

    Returns:
        What was written.

    Raises:
        ArtefactError: The file cannot be taken in.
        TrustError: No trusted signature covers it, or a newer release was loaded before
            (``rollback``).
        RefusedError: Its content is not allowed, or was not read in full; or that of the result.
        LoadError: The format cannot hold the model (``cannot-convert``), the results differ
            (``predictions-differ``), the result is of another format (``result-unlike``), or a
            process failed.
        UsageError: There are no rows to compare (``convert-rows``), the target cannot be written,
            or an argument is none that its parameter takes.
    """
    path = as_path(target, "target")
    form = _form_of(path)
    bounds = Limits.of(limits)
    near = Tolerance.of(form, None if tolerance is None else as_number(tolerance, "tolerance"))
    compress = as_whole(compress, "compress", least=0, most=_HARDEST)
    _check_target(path, source, form, replacing=replacing, signed=facts is not None)
    if name is None and facts is not None:
        name = facts.get("name")
    allowed = Policy.of(policy, packs=packs)
    with about(name_of(source)), ExitStack() as at_end:
        # 1
        if trust is not None or bundle is not None:
            vouched = _verified(source, bundle, trust, name, allowed, policy, bounds)
            given = at_end.enter_context(vouched)
        else:
            artefact = Artefact.of(source, limits=bounds, hashing=Hashing.NONE)
            given = _Given(artefact, allowed, allowed)
        rows = _rows(rows, given.probe, compared=compared, form=form)
        process = isolation or _roomy(given.artefact)
        # 2
        model = at_end.enter_context(
            load_isolated(given.artefact, given.policy, bounds, process, signed=given.versions)
        )
        # ONNX has not every operator in double precision.
        for single in (False, True):
            try:
                # 3
                sample = rows if form == "onnx" else None
                data = bytes(model.written(form, compress=compress, sample=sample, single=single))
                # 4
                with _again(data, path, form, given.demanded, bounds, process) as again:
                    if form != "onnx" and again.methods != model.methods:
                        raise differing("methods are others than the model's")
                    found = compare(model, again, rows, near) if compared else {}
                break
            except LoadError:
                if single or form != "onnx":
                    raise
    # 5
    written = None
    if facts is not None:
        written = _write_signed(
            data, path, rows, given.demanded, limits, facts, replacing=replacing
        )
    else:
        _write(data, path, replacing=replacing)
    return Converted(path, form, model.type, found, written, model.confinement)


@contextmanager
def _verified(
    source: Source,
    bundle: _Path | bytes | None,
    trust: _Path | TrustFile | None,
    name: str | None,
    allowed: Policy,
    policy: _Path | Policy | None,
    limits: Limits,
) -> Iterator[_Given]:
    """A model that a trusted signer vouches for; how it ends is recorded as that of a dry run."""
    with recorded("dry-run", source, trust, name, ledger=None, reason=None) as entry:
        verified = verify(source, bundle=bundle, trust=trust, name=name, limits=limits)
        entry.require_current(verified)
        about = verified.manifest.require_model()
        wanted = demanded(verified, allowed, given=policy)
        # The names that are listed are those of one format, and the result has another's.
        yield _Given(
            verified.open_model(), narrowed(wanted, about), wanted, about.versions, about.probe
        )


def _roomy(artefact: Artefact) -> Isolation:
    """Bounds for a model whose file may be compressed, and which comes back whole."""
    usual = Isolation()
    return replace(usual, reply=max(usual.reply, _GROWTH * artefact.size))


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
        raise output_unwritable(_NOUN, "a folder is there", path)
    for place in [path, bundle_path(path)] if signed else [path]:
        if os.path.lexists(place) and not replacing:
            raise output_exists(place)


def _rows(rows: Any, probe: Mapping[str, Any] | None, *, compared: bool, form: str) -> Any:
    """The rows that were given, or those that the model was signed with."""
    if rows is None and probe is not None:
        rows = decode_rows(probe["rows"])
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


def _again(
    data: bytes, path: Path, form: str, policy: Policy, limits: Limits, isolation: Isolation
) -> IsolatedModel:
    """The result in another process."""
    if form == "onnx":
        check_onnx(data, limits)
        return open_session(data, str(path), isolation)
    artefact = replace(Artefact.of(data, limits=limits, hashing=Hashing.NONE), path=path)
    try:
        accepted = admit(artefact, policy, limits)
    except RefusedError as error:
        # There is no file of that name that could be audited.
        error.hint = "The model was accepted, and what it becomes is not; nothing was written. "
        error.hint += "Choose another format, or allow what is missing in a policy file."
        raise
    # A file that says it is no program must not be one.
    if accepted.format.partition("+")[0] not in _READ_AS[form]:
        raise LoadError(
            f"What the process wrote is no {form} file.",
            code="result-unlike",
            hint="Nothing was written. The model may have been made to do this; audit it.",
        )
    return load_isolated(artefact, policy, limits, isolation)


def _write_signed(
    data: bytes,
    path: Path,
    rows: Any,
    policy: Policy,
    limits: Limits | None,
    facts: Mapping[str, Any],
    *,
    replacing: bool,
) -> Path:
    """Write the result with its bundle: the facts, with the rows as its probe."""
    probe = {} if "probe_from" in facts else {"probe": rows}
    said: dict[str, Any] = {**probe, "policy": policy, "limits": limits, **facts}
    try:
        return write_signed(data, path, replacing=replacing, **said)
    except FileExistsError as error:
        raise output_exists(path) from error


def _write(data: bytes, path: Path, *, replacing: bool) -> None:
    try:
        if replacing:
            replace_file(path, data, mode=_NEW_FILE)
        else:
            write_new(path, data, mode=_NEW_FILE)
    except FileExistsError as error:
        raise output_exists(path) from error
    except OSError as error:
        raise output_unwritable(_NOUN, error.strerror or "unknown reason", path) from error
