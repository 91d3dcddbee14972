"""A model in ONNX answers as the estimator did that it was converted from.

Trust: the file is a third party's, and is run by native code (onnxruntime). It runs in a process
that is confined.
Source: ``onnxruntime.InferenceSession``; the outputs that skl2onnx gives its models.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from safeload.errors import LoadError
from safeload.unruly import UNRULY, described

__all__ = ["Session"]


class Session:
    """A session of onnxruntime, with the methods of an estimator.

    Args:
        data: The file.

    Raises:
        LoadError: onnxruntime does not take it (``cannot-convert``).
    """

    def __init__(self, data: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # One after the other, so that a sum has the same order each time.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                data, options, providers=["CPUExecutionProvider"]
            )
        except UNRULY as error:
            raise LoadError(
                f"onnxruntime does not load what was written: {described(error)}",
                code="cannot-convert",
                hint="Convert to another format; joblib takes every model that safeload loads.",
            ) from error
        # Lists and dicts are no results that an estimator has.
        outputs = self._session.get_outputs()
        self._outputs = [each.name for each in outputs if each.type.startswith("tensor")]
        # What it has is told by attributes, as of an estimator.
        for method, output in zip(self._methods(), self._outputs, strict=False):
            setattr(self, method, partial(self._run, output))

    def _methods(self) -> list[str]:
        """Which methods its outputs stand for, in their order.

        ``predict_proba`` stands for whatever a classifier gives beside its labels, and ``predict``
        for what a transformer makes of rows.
        """
        return ["predict", "predict_proba"][: len(self._outputs)]

    def _run(self, output: str, rows: Any) -> Any:
        return self._session.run([output], self._inputs(rows))[0]

    def _inputs(self, rows: Any) -> dict[str, Any]:
        from safeload.isolation.written import as_input

        inputs = self._session.get_inputs()
        rows = as_input(rows, single=not any("double" in each.type for each in inputs))
        if not hasattr(rows, "columns"):
            return {inputs[0].name: rows}
        return {
            each.name: rows[name].to_numpy().reshape(-1, 1)
            for each, name in zip(inputs, rows.columns, strict=True)
        }
