"""May a model in ONNX be handed on? It is one file, and takes no operators of third parties.

Trust: the bytes come from a process that a third party's model was loaded in.
Source: ONNX ``onnx.proto`` (``TensorProto.external_data``, ``OperatorSetIdProto.domain``).
"""

from __future__ import annotations

from safeload.auditing.sources.extras import require
from safeload.errors import LoadError
from safeload.limits import Limits
from safeload.scan.scan import scan
from safeload.scan.weights.onnx import lacking

__all__ = ["check_onnx", "require_onnx"]

# What is said of every file in a format that is not read in full.
_NOT_IN_FULL = "SL013"


def require_onnx() -> None:
    """Require what writes and runs ONNX.

    Raises:
        UsageError: It is not installed (``extra-missing``).
    """
    for library in ("skl2onnx", "onnxruntime"):
        require(library, "onnx", what="What converts to ONNX")


def check_onnx(data: bytes, limits: Limits) -> None:
    """Require bytes that are one model in ONNX, which takes no more than them to run.

    Args:
        data: The bytes.
        limits: Bounds on the work.

    Raises:
        LoadError: They are not (``cannot-convert``).
    """
    scanned = scan(data, limits)
    others = [finding for finding in scanned.findings if finding.rule != _NOT_IN_FULL]
    more = lacking(data, limits)
    if scanned.format != "onnx" or others or more is not None:
        why = "It is not a model in ONNX."
        if scanned.format == "onnx":
            why = others[0].message if others else f"It takes {more}."
        raise LoadError(
            f"What the process wrote is not taken: {why}",
            code="cannot-convert",
            hint="The model may have been made to do this; audit it before you use it.",
        )
