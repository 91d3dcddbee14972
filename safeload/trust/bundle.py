"""A model's path becomes the path of its bundle, and that file an unverified bundle.

Trust: the file is hostile; it is read once and within a limit. The result is worth nothing until
:func:`safeload.trust.envelope.verify` returns.

Source: OpenSSF Model Signing 1.0 section 9 (a detached file ending in ``.sig``).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from safeload.arguments import BYTES, as_path, is_folder, wrong_value
from safeload.errors import TrustError, UsageError, printable
from safeload.limits import Limits
from safeload.trust.envelope import UnverifiedBundle
from safeload.trust.files import read_small

__all__ = ["bundle_path", "given_bundle", "given_bundles", "read_bundle"]


def bundle_path(path: str | os.PathLike[str]) -> Path:
    """Where the bundle of a model lies.

    Args:
        path: The model: a file, or a directory of files.

    Returns:
        ``model.joblib.sig`` beside ``model.joblib``; ``model.sig`` inside a directory.
    """
    model = Path(path)
    # Not with_suffix(): model.joblib and model.skops are two models.
    return model / "model.sig" if is_folder(model) else Path(f"{model}.sig")


def given_bundle(
    bundle: str | os.PathLike[str] | bytes | memoryview | None, limits: Limits | None = None
) -> UnverifiedBundle:
    """Parse a bundle that a caller gave.

    Args:
        bundle: A path, or the bytes of the bundle.
        limits: Bounds; ``bundle_bytes`` applies.

    Returns:
        The bundle, of the right form and vouched for by nobody.

    Raises:
        TrustError: There is none, it cannot be read, or it is malformed.
        UsageError: None was given, with a model beside which none can lie (``bundle-needed``).
    """
    if bundle is None:
        raise UsageError(
            "A model that is not a file at a path has no bundle beside it.",
            code="bundle-needed",
            hint="Give the bundle as well (bundle=), as a path or as bytes.",
        )
    if isinstance(bundle, BYTES):
        return UnverifiedBundle.read(bytes(bundle), limits=limits)
    return read_bundle(as_path(bundle, "bundle"), limits)


def given_bundles(
    bundle: str | os.PathLike[str] | bytes | Sequence[str | os.PathLike[str] | bytes] | None,
    limits: Limits | None = None,
) -> tuple[UnverifiedBundle, list[tuple[str, UnverifiedBundle | TrustError]]]:
    """Parse the bundles that a caller gave.

    Args:
        bundle: A path or the bytes of a bundle, or several of them.
        limits: Bounds; ``bundle_bytes`` applies to each.

    Returns:
        The first, and each of the others with what errors call it, or why it cannot be read.

    Raises:
        TrustError: The first cannot be read, or is malformed.
        UsageError: None was given (``bundle-needed``).
    """
    if bundle is None or isinstance(bundle, str | os.PathLike | bytes | bytearray | memoryview):
        return given_bundle(bundle, limits), []
    if not bundle:
        raise wrong_value("bundle", "a path, bytes, or a list of at least one of these")
    first, *others = bundle
    further: list[tuple[str, UnverifiedBundle | TrustError]] = []
    for number, other in enumerate(others, 2):
        try:
            further.append((f"bundle {number}", given_bundle(other, limits)))
        except TrustError as error:
            further.append((f"bundle {number}", error))
    return given_bundle(first, limits), further


def read_bundle(path: str | os.PathLike[str], limits: Limits | None = None) -> UnverifiedBundle:
    """Read and parse a bundle file.

    Args:
        path: The file, such as ``model.joblib.sig``.
        limits: Bounds; ``bundle_bytes`` applies.

    Returns:
        The bundle, of the right form and vouched for by nobody.

    Raises:
        TrustError: There is none, it cannot be read, or it is malformed.
    """
    limits = limits or Limits()
    try:
        data, _ = read_small(Path(path), limit=limits.bundle_bytes)
    except FileNotFoundError as error:
        raise TrustError(
            "There is no signature bundle.",
            code="bundle-missing",
            hint=f"Sign the model, or put its bundle at {printable(os.fspath(path))!r}.",
        ) from error
    except OSError as error:
        raise TrustError(
            f"The signature bundle cannot be read: {error.strerror}.",
            code="bundle-unreadable",
            hint=f"Check {printable(os.fspath(path))!r}.",
        ) from error
    return UnverifiedBundle.read(data, limits=limits)
