"""A runtime of MLServer that loads what a trusted signer signed, and nothing else.

In ``model-settings.json``::

    {"name": "churn",
     "implementation": "safeload.serving.mlserver.SafeSKLearnModel",
     "parameters": {"uri": "/models/churn", "version": "1.2.0"}}

``uri`` is a signed file or folder. The name, and the version if there is one, have to be those that
were signed. Whom to trust is said by whoever runs the server, in the environment:
``SAFELOAD_TRUST`` (a trust file; by default the one in the user's configuration directory),
``SAFELOAD_POLICY`` (a policy file) and ``SAFELOAD_LEDGER``.

Trust: the model is hostile until it was verified. ``model-settings.json`` is not: MLServer imports
whatever it names, from the folder that it lies in, before anything here runs. So it must not come
with the model, and a file that somebody else could have written is refused here, late as that is.
Source: ``mlserver_sklearn.SKLearnModel``; the V2 inference protocol.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from mlserver import MLModel
from mlserver.codecs import NumpyCodec, NumpyRequestCodec, PandasCodec
from mlserver.errors import InferenceError, MLServerError
from mlserver.logging import logger
from mlserver.types import InferenceRequest, InferenceResponse, RequestOutput, ResponseOutput
from mlserver.utils import to_absolute_path

from safeload.errors import SafeloadError, UsageError, plain, printable
from safeload.gate import load
from safeload.handed import Provenance, provenance
from safeload.owners.reading import require_own

__all__ = ["SafeSKLearnModel"]

_METHODS = ("predict", "predict_proba", "decision_function", "transform")
# As mlserver_sklearn has it: which output to give where a request names none.
_CHOSEN = "predict_fn"


class SafeSKLearnModel(MLModel):  # type: ignore[misc]  # MLServer has no types
    """Serves a signed scikit-learn model."""

    _model: Any = None

    async def load(self) -> bool:
        """Verify, judge and load the model; what served before goes on if it is refused.

        Raises:
            MLServerError: It is not loaded; the log says why.
        """
        try:
            # Reading and judging take a while, and other models answer meanwhile.
            model, signed = await asyncio.to_thread(self._loaded)
        except SafeloadError as error:
            logger.error(
                "Model %s is refused (%s): %s", printable(self.name), error.code, error.message
            )
            raise MLServerError(f"The model is refused ({error.code}).") from None
        self._model = model
        logger.info(
            "Model %s %s, signed by %s, is loaded.",
            printable(signed.name),
            printable(signed.version),
            printable(", ".join(signed.signers)),
        )
        return True

    def _loaded(self) -> tuple[Any, Provenance]:
        settings = self.settings
        if settings._source is not None:  # noqa: SLF001  # it has no other name
            _require_own(settings._source)  # noqa: SLF001
        parameters = settings.parameters
        if parameters is None or not parameters.uri:
            raise _unusable("names no model (parameters.uri)")
        model = load(
            to_absolute_path(settings, parameters.uri),
            trust=os.environ.get("SAFELOAD_TRUST"),
            policy=os.environ.get("SAFELOAD_POLICY"),
            ledger=os.environ.get("SAFELOAD_LEDGER"),
            name=settings.name,
            version=self.version,
        )
        signed = provenance(model)
        if signed is None:
            raise _unusable("names something that is not an estimator")
        return model, signed

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answer a request of the V2 protocol.

        Raises:
            InferenceError: It asks for an output that the model has not, or the model fails.
        """
        wanted = self._wanted(payload)
        rows = self.decode_request(payload, default_codec=NumpyRequestCodec)
        outputs: list[ResponseOutput] = []
        for output in wanted:
            try:
                result = getattr(self._model, output.name)(rows)
            except Exception as error:  # noqa: BLE001  # whatever a model's own code raises
                logger.exception("Model %s failed on a request.", printable(self.name))
                raise InferenceError(f"{output.name} failed: {_why(error)}") from None
            if PandasCodec.can_encode(result):
                if len(wanted) > 1:
                    raise InferenceError(f"{output.name} gives columns; ask for it alone.")
                outputs = PandasCodec.encode_outputs(result)
            else:
                outputs.append(self.encode(result, output, default_codec=NumpyCodec))
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)

    def _wanted(self, payload: InferenceRequest) -> list[RequestOutput]:
        has = [method for method in _METHODS if hasattr(self._model, method)]
        wanted = payload.outputs
        if not wanted:
            extra: Mapping[str, Any] = getattr(self.settings.parameters, "extra", None) or {}
            wanted = [RequestOutput(name=str(extra.get(_CHOSEN, "predict")))]
        for output in wanted:
            if output.name not in has:
                raise InferenceError(
                    f"The model has no output {printable(output.name)}; it has {', '.join(has)}."
                )
        return list(wanted)


def _require_own(path: str) -> None:
    try:
        require_own(path, noun="model-settings.json", code="settings-writable")
    except OSError as error:
        raise _unusable(f"cannot be read: {error.strerror}") from error


def _why(error: Exception) -> str:
    """What a client is told: what is wrong with the input, and nothing of the server."""
    known = isinstance(error, ValueError | TypeError)
    return printable(str(error), limit=200) if known else "see the server's log"


def _unusable(why: str) -> UsageError:
    return UsageError(
        f"The model's settings cannot be used: model-settings.json {plain(why)}.",
        code="settings-unusable",
        hint="Name a signed file or folder in parameters.uri.",
    )
